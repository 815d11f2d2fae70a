//! Values of JavaScript, made and read through Node-API. The only place that checks its statuses.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::time::Duration;

use encoding_rs::mem::utf16_valid_up_to;
use napi::sys;

use super::fault::Fault;

/// The result of talking to JavaScript.
pub(super) type Answer<T> = Result<T, Fault>;
/// A value of JavaScript, valid until the current callback returns.
pub(super) type Value = sys::napi_value;

/// A function as Node-API calls it.
pub(super) type Callback =
    unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// The environment of the running callback. Never kept beyond it.
#[derive(Clone, Copy)]
pub(super) struct Env(sys::napi_env);

/// The length that a call gave of a string; nothing when the value was none.
fn if_string(status: sys::napi_status, len: usize) -> Answer<Option<usize>> {
    if status == sys::Status::napi_string_expected {
        return Ok(None);
    }
    check(status)?;
    Ok(Some(len))
}

/// A failed call leaves a JavaScript exception pending, or the environment is going down.
pub(super) fn check(status: sys::napi_status) -> Answer<()> {
    if status == sys::Status::napi_ok { Ok(()) } else { Err(Fault::Pending) }
}

/// Runs a call that makes a value.
///
/// SAFETY of every use: the environment is that of the running callback, pointers and lengths come
/// from live slices, and the result is read only after an ok status.
fn make(call: impl FnOnce(*mut Value) -> sys::napi_status) -> Answer<Value> {
    let mut value = ptr::null_mut();
    check(call(&raw mut value))?;
    Ok(value)
}

impl Env {
    pub(super) fn new(raw: sys::napi_env) -> Self {
        Self(raw)
    }

    pub(super) fn raw(self) -> sys::napi_env {
        self.0
    }

    pub(super) fn undefined(self) -> Answer<Value> {
        // SAFETY: see `make`.
        make(|out| unsafe { sys::napi_get_undefined(self.0, out) })
    }

    pub(super) fn boolean(self, value: bool) -> Answer<Value> {
        // SAFETY: see `make`.
        make(|out| unsafe { sys::napi_get_boolean(self.0, value, out) })
    }

    pub(super) fn number(self, value: f64) -> Answer<Value> {
        // SAFETY: see `make`.
        make(|out| unsafe { sys::napi_create_double(self.0, value, out) })
    }

    /// A count, a sequence or a time; exact up to 2^53.
    #[allow(clippy::cast_precision_loss, reason = "JavaScript has no wider number")]
    pub(super) fn count(self, value: u64) -> Answer<Value> {
        self.number(value as f64)
    }

    pub(super) fn milliseconds(self, duration: Duration) -> Answer<Value> {
        self.number(duration.as_secs_f64() * 1000.0)
    }

    /// ASCII as a one-byte string, anything else as what its UTF-8 says, broken bytes replaced.
    pub(super) fn string(self, bytes: &[u8]) -> Answer<Value> {
        if bytes.is_ascii() { self.latin1(bytes) } else { self.utf8(bytes) }
    }

    /// A string with a character for each byte.
    pub(super) fn latin1(self, bytes: &[u8]) -> Answer<Value> {
        let (text, len) = (bytes.as_ptr().cast::<c_char>(), bytes.len().cast_signed());
        // SAFETY: see `make`.
        make(|out| unsafe { sys::napi_create_string_latin1(self.0, text, len, out) })
    }

    /// A string of the characters that the bytes encode.
    pub(super) fn utf8(self, bytes: &[u8]) -> Answer<Value> {
        let (text, len) = (bytes.as_ptr().cast::<c_char>(), bytes.len().cast_signed());
        // SAFETY: see `make`.
        make(|out| unsafe { sys::napi_create_string_utf8(self.0, text, len, out) })
    }

    /// A `Buffer` with a copy of `bytes`.
    pub(super) fn buffer(self, bytes: &[u8]) -> Answer<Value> {
        let data = bytes.as_ptr().cast::<c_void>();
        // SAFETY: see `make`; the place of the copy is not asked for.
        make(|out| unsafe {
            sys::napi_create_buffer_copy(self.0, bytes.len(), data, ptr::null_mut(), out)
        })
    }

    pub(super) fn object(self) -> Answer<Value> {
        // SAFETY: see `make`.
        make(|out| unsafe { sys::napi_create_object(self.0, out) })
    }

    /// An array of these values.
    pub(super) fn array(self, items: &[Value]) -> Answer<Value> {
        // SAFETY: see `make`.
        let array =
            make(|out| unsafe { sys::napi_create_array_with_length(self.0, items.len(), out) })?;
        for (at, item) in (0..).zip(items) {
            // SAFETY: both values are alive in this callback.
            check(unsafe { sys::napi_set_element(self.0, array, at, *item) })?;
        }
        Ok(array)
    }

    /// Sets a property. `name` ends with a NUL byte.
    pub(super) fn set(self, object: Value, name: &str, value: Value) -> Answer<()> {
        debug_assert!(name.ends_with('\0'));
        // SAFETY: `name` is NUL-terminated, the values are alive in this callback.
        check(unsafe { sys::napi_set_named_property(self.0, object, name.as_ptr().cast(), value) })
    }

    /// Reads a property. `name` ends with a NUL byte. A getter may run.
    pub(super) fn property(self, object: Value, name: &str) -> Answer<Value> {
        debug_assert!(name.ends_with('\0'));
        // SAFETY: see `make`; `name` is NUL-terminated.
        make(|out| unsafe {
            sys::napi_get_named_property(self.0, object, name.as_ptr().cast(), out)
        })
    }

    pub(super) fn element(self, array: Value, at: u32) -> Answer<Value> {
        // SAFETY: see `make`.
        make(|out| unsafe { sys::napi_get_element(self.0, array, at, out) })
    }

    pub(super) fn array_len(self, array: Value) -> Answer<u32> {
        let mut len = 0;
        // SAFETY: `len` outlives the call.
        check(unsafe { sys::napi_get_array_length(self.0, array, &raw mut len) })?;
        Ok(len)
    }

    pub(super) fn type_of(self, value: Value) -> Answer<sys::napi_valuetype> {
        let mut kind = 0;
        // SAFETY: `kind` outlives the call.
        check(unsafe { sys::napi_typeof(self.0, value, &raw mut kind) })?;
        Ok(kind)
    }

    pub(super) fn is_undefined(self, value: Value) -> Answer<bool> {
        Ok(self.type_of(value)? == sys::ValueType::napi_undefined)
    }

    pub(super) fn as_f64(self, value: Value) -> Answer<f64> {
        let mut number = 0.0;
        // SAFETY: `number` outlives the call.
        check(unsafe { sys::napi_get_value_double(self.0, value, &raw mut number) })?;
        Ok(number)
    }

    /// A whole number, 0 or more, which the JavaScript layer has checked.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked in JavaScript"
    )]
    pub(super) fn as_count(self, value: Value) -> Answer<u64> {
        Ok(self.as_f64(value)? as u64)
    }

    pub(super) fn as_bool(self, value: Value) -> Answer<bool> {
        let mut truth = false;
        // SAFETY: `truth` outlives the call.
        check(unsafe { sys::napi_get_value_bool(self.0, value, &raw mut truth) })?;
        Ok(truth)
    }

    /// Bytes that a string takes as UTF-8; nothing when the value is not a string.
    pub(super) fn utf8_len(self, value: Value) -> Answer<Option<usize>> {
        let mut len = 0;
        // SAFETY: without a buffer the call only measures.
        let status = unsafe {
            sys::napi_get_value_string_utf8(self.0, value, ptr::null_mut(), 0, &raw mut len)
        };
        if_string(status, len)
    }

    /// Writes as much of a string as fits into `room` with a NUL byte after it, and says how many
    /// bytes that are; nothing when the value is not a string. A lone surrogate becomes U+FFFD.
    pub(super) fn write_utf8(self, value: Value, room: &mut [u8]) -> Answer<Option<usize>> {
        let mut len = 0;
        // SAFETY: the call writes at most `room.len()` bytes into `room`.
        let status = unsafe {
            let to = room.as_mut_ptr().cast::<c_char>();
            sys::napi_get_value_string_utf8(self.0, value, to, room.len(), &raw mut len)
        };
        if_string(status, len)
    }

    /// UTF-16 units of a string; nothing when the value is not a string. Unlike its bytes they need not be counted.
    pub(super) fn utf16_len(self, value: Value) -> Answer<Option<usize>> {
        let mut len = 0;
        // SAFETY: without a buffer the call only measures.
        let status = unsafe {
            sys::napi_get_value_string_utf16(self.0, value, ptr::null_mut(), 0, &raw mut len)
        };
        if_string(status, len)
    }

    /// Appends the UTF-8 of a string of so many UTF-16 units, in one pass. A lone surrogate becomes U+FFFD.
    pub(super) fn append_utf8(self, value: Value, units: usize, to: &mut Vec<u8>) -> Answer<()> {
        // No unit takes more than three bytes. What is not needed is never touched.
        let most = 3 * units + 1;
        to.reserve(most);
        let room = to.spare_capacity_mut();
        let mut len = 0;
        // SAFETY: the call writes at most `most` bytes, which `reserve` made room for, and says how many
        // of them are the text.
        unsafe {
            let start = room.as_mut_ptr().cast::<c_char>();
            check(sys::napi_get_value_string_utf8(self.0, value, start, most, &raw mut len))?;
            to.set_len(to.len() + len.min(most));
        }
        Ok(())
    }

    /// A string of these UTF-16 units.
    pub(super) fn utf16(self, units: &[u16]) -> Answer<Value> {
        let len = units.len().cast_signed();
        // SAFETY: see `make`.
        make(|out| unsafe { sys::napi_create_string_utf16(self.0, units.as_ptr(), len, out) })
    }

    /// Any string as text; for paths and names, not for keys.
    pub(super) fn text(self, value: Value) -> Answer<String> {
        let len = self.utf8_len(value)?.ok_or(Fault::Pending)?;
        let mut room = vec![0; len + 1];
        let len = self.write_utf8(value, &mut room)?.ok_or(Fault::Pending)?;
        room.truncate(len);
        Ok(String::from_utf8_lossy(&room).into_owned())
    }

    /// Whether a string is not well-formed UTF-16. Only asked when its UTF-8 holds a U+FFFD, which is
    /// what a lone surrogate turns into.
    pub(super) fn has_lone_surrogate(self, value: Value) -> Answer<bool> {
        let mut len = 0;
        // SAFETY: without a buffer the call only measures; with one it writes at most `len + 1` units.
        let units = unsafe {
            let none = ptr::null_mut();
            check(sys::napi_get_value_string_utf16(self.0, value, none, 0, &raw mut len))?;
            let mut units = vec![0u16; len + 1];
            let to = units.as_mut_ptr();
            check(sys::napi_get_value_string_utf16(self.0, value, to, len + 1, &raw mut len))?;
            units.truncate(len);
            units
        };
        Ok(utf16_valid_up_to(&units) < units.len())
    }

    /// Calls a function. What it throws stays pending.
    pub(super) fn call(self, function: Value, args: &[Value]) -> Answer<Value> {
        let this = self.undefined()?;
        // SAFETY: see `make`; the arguments are alive in this scope.
        make(|out| unsafe {
            sys::napi_call_function(self.0, this, function, args.len(), args.as_ptr(), out)
        })
    }

    /// A function that calls `callback` with `data`. `name` ends with a NUL byte.
    pub(super) fn function(
        self,
        name: &str,
        callback: Callback,
        data: *mut c_void,
    ) -> Answer<Value> {
        debug_assert!(name.ends_with('\0'));
        let len = name.len().cast_signed() - 1;
        // SAFETY: see `make`; who passes `data` keeps it alive for as long as the function.
        make(|out| unsafe {
            let name = name.as_ptr().cast();
            sys::napi_create_function(self.0, name, len, Some(callback), data, out)
        })
    }
}
