//! The memory of JavaScript's buffers. It can be detached, shrunk or shared whenever JavaScript runs, so
//! each call asks for the address again and is done with it before it asks Node for anything else.
//! Nothing here is kept, and nothing is seen as a Rust slice.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use napi::sys;

use super::fault::Fault;
use super::js::{Answer, Env, Value, check};
use crate::Error;

/// What answers are written as.
pub(super) trait Number: Copy {}

impl Number for u8 {}
impl Number for i32 {}
impl Number for f64 {}

/// Copies `items` to the beginning of an `ArrayBuffer`.
pub(super) fn write<T: Number>(env: Env, buffer: Value, items: &[T]) -> Answer<()> {
    let (mut data, mut len) = (ptr::null_mut::<c_void>(), 0);
    // SAFETY: the out parameters outlive the call.
    check(unsafe {
        sys::napi_get_arraybuffer_info(env.raw(), buffer, &raw mut data, &raw mut len)
    })?;
    let needed = size_of_val(items);
    if len < needed || data.is_null() {
        let reason = "the buffer for an answer is too small or detached";
        return Err(Fault::Store(Error::Internal { reason }));
    }
    // SAFETY: Node has just said that `len` bytes lie at `data`, and no JavaScript ran since. It says
    // so of nothing that threads share, so only this one can reach them. `items` is memory of Rust.
    unsafe { ptr::copy_nonoverlapping(items.as_ptr().cast::<u8>(), data.cast::<u8>(), needed) };
    Ok(())
}

/// The bytes of a `Uint8Array`, to be copied out before anything else is asked of Node.
pub(super) struct Bytes<'call> {
    data: *const u8,
    len: usize,
    shared: bool,
    call: PhantomData<&'call ()>,
}

/// What an argument turned out to be that should be a `Uint8Array` with its memory.
pub(super) enum Argument<'call> {
    Bytes(Bytes<'call>),
    OtherArray,
    Detached,
    NoArray,
}

impl<'call> Bytes<'call> {
    pub(super) fn of(env: Env, value: Value) -> Answer<Argument<'call>> {
        let mut is_array = false;
        // SAFETY: the out parameter outlives the call.
        check(unsafe { sys::napi_is_typedarray(env.raw(), value, &raw mut is_array) })?;
        if !is_array {
            return Ok(Argument::NoArray);
        }
        let Found { kind, buffer, .. } = find(env, value)?;
        if kind != sys::TypedarrayType::uint8_array {
            return Ok(Argument::OtherArray);
        }
        let (mut unshared, mut detached) = (false, false);
        // SAFETY: the out parameters outlive the calls.
        unsafe {
            check(sys::napi_is_arraybuffer(env.raw(), buffer, &raw mut unshared))?;
            check(sys::napi_is_detached_arraybuffer(env.raw(), buffer, &raw mut detached))?;
        }
        if detached {
            return Ok(Argument::Detached);
        }
        // Last of all, so that no call of Node lies between this and the copy.
        let Found { len, data, .. } = find(env, value)?;
        let len = if data.is_null() { 0 } else { len };
        Ok(Argument::Bytes(Self { data, len, shared: !unshared, call: PhantomData }))
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Appends a copy of them.
    ///
    /// SAFETY: no call of Node-API may lie between [`of`](Self::of) and this.
    pub(super) unsafe fn append_to(&self, to: &mut Vec<u8>) {
        if self.len == 0 {
            return;
        }
        to.reserve(self.len);
        let room = to.spare_capacity_mut().as_mut_ptr().cast::<u8>();
        // SAFETY: Node said that `len` bytes lie at `data`, nothing could take them away since, and
        // `room` is memory of Rust with as much room. Only this thread can reach what is not shared;
        // what is shared stays where it is for as long as the array, and is read by atomic loads.
        unsafe {
            if self.shared {
                load(self.data.cast_mut(), room, self.len);
            } else {
                ptr::copy_nonoverlapping(self.data, room, self.len);
            }
            to.set_len(to.len() + self.len);
        }
    }

    /// A copy of them. SAFETY: as for [`append_to`](Self::append_to).
    pub(super) unsafe fn to_vec(&self) -> Vec<u8> {
        let mut copy = Vec::new();
        // SAFETY: passed on to the caller.
        unsafe { self.append_to(&mut copy) };
        copy
    }
}

/// A typed array as Node describes it at this moment.
struct Found {
    kind: sys::napi_typedarray_type,
    /// None when the memory is detached or the array lies outside of it.
    len: usize,
    data: *const u8,
    buffer: Value,
}

fn find(env: Env, array: Value) -> Answer<Found> {
    let (mut kind, mut len) = (0, 0);
    let (mut data, mut buffer) = (ptr::null_mut::<c_void>(), ptr::null_mut());
    // SAFETY: the out parameters outlive the call; the offset is not asked for.
    check(unsafe {
        sys::napi_get_typedarray_info(
            env.raw(),
            array,
            &raw mut kind,
            &raw mut len,
            &raw mut data,
            &raw mut buffer,
            ptr::null_mut(),
        )
    })?;
    Ok(Found { kind, len, data: data.cast_const().cast(), buffer })
}

const WORD: usize = size_of::<u64>();

/// Copies by atomic loads: other threads may write to the memory at `from`.
///
/// SAFETY: `len` bytes must lie at both addresses, those at `to` in memory of Rust.
#[allow(clippy::cast_ptr_alignment, reason = "words are read where `head` ends")]
unsafe fn load(from: *mut u8, to: *mut u8, len: usize) {
    let head = from.align_offset(WORD).min(len);
    let words = (len - head) / WORD;
    // SAFETY: all offsets are below `len`, and the words are aligned at `from`.
    unsafe {
        for at in (0..head).chain(head + words * WORD..len) {
            *to.add(at) = AtomicU8::from_ptr(from.add(at)).load(Ordering::Relaxed);
        }
        for at in (head..).step_by(WORD).take(words) {
            let word = AtomicU64::from_ptr(from.add(at).cast::<u64>()).load(Ordering::Relaxed);
            to.add(at).cast::<u64>().write_unaligned(word);
        }
    }
}
