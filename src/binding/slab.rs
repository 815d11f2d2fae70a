//! Memory of JavaScript that short values are copied into, one behind the other. A buffer of its own
//! for each would cost several times the copy.

use std::cell::{Cell, RefCell};
use std::ptr;

use napi::sys;

use super::call::{Call, enter};
use super::handle::Handle;
use super::js::{Answer, Env, Value, check};

/// Longer values get a buffer of their own.
pub(super) const LONGEST: usize = 4096;

/// The part of a slab that was not given out yet.
#[derive(Default)]
pub(super) struct Slab {
    memory: RefCell<Option<Memory>>,
    used: Cell<usize>,
}

/// A `Uint8Array` and the reference that keeps it.
struct Memory {
    env: sys::napi_env,
    array: sys::napi_ref,
    data: *mut u8,
    len: usize,
}

impl Slab {
    /// Copies `bytes` behind those given out before and says where they are; nothing when there is
    /// no room.
    pub(super) fn take(&self, bytes: &[u8]) -> Option<u32> {
        let memory = self.memory.borrow();
        let memory = memory.as_ref()?;
        let start = self.used.get();
        if bytes.len() > memory.len - start {
            return None;
        }
        // SAFETY: `new` was told that `len` bytes lie at `data`, and the reference keeps them. The
        // JavaScript layer hands out only what lies before `used`, so nobody looks at these bytes,
        // and it never lets the memory be detached while it is the current slab.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), memory.data.add(start), bytes.len()) };
        self.used.set(start + bytes.len());
        u32::try_from(start).ok()
    }

    fn replace(&self, memory: Memory) {
        *self.memory.borrow_mut() = Some(memory);
        self.used.set(0);
    }
}

impl Memory {
    fn new(env: Env, array: Value) -> Answer<Self> {
        // SAFETY: bytes are the elements of a Uint8Array; only the address is kept.
        let bytes = unsafe { env.scratch::<u8>(array, sys::TypedarrayType::uint8_array)? };
        let mut reference = ptr::null_mut();
        // SAFETY: `array` is an argument of the running call.
        check(unsafe { sys::napi_create_reference(env.raw(), array, 1, &raw mut reference) })?;
        let (data, len) = (bytes.as_mut_ptr(), bytes.len());
        Ok(Self { env: env.raw(), array: reference, data, len })
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: dropped on the thread of the environment, while it exists.
        unsafe { sys::napi_delete_reference(self.env, self.array) };
    }
}

/// `setSlab(memory)`: a fresh `Uint8Array` for [`get_bytes`](super::read::get_bytes)
pub(super) extern "C" fn set_slab(env: sys::napi_env, info: sys::napi_callback_info) -> Value {
    enter(env, info, |call: &Call<1>| {
        Handle::of(call).slab.replace(Memory::new(call.env, call.args[0])?);
        call.env.undefined()
    })
}
