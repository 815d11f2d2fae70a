//! Many small texts in one string, which JavaScript cuts up: far cheaper than a string each.

use super::js::{Answer, Env, Value};

/// Longer texts are not packed: a piece keeps the whole string alive, and copying them costs more
/// than the call that it saves.
const LONGEST: usize = 1024;

/// A string in the making.
#[derive(Default)]
pub(super) struct Packer {
    text: Vec<u8>,
    wide: bool,
}

impl Packer {
    /// Adds a text and gives its length as JavaScript counts; nothing when it cannot be packed.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Option<i32> {
        if bytes.len() > LONGEST {
            return None;
        }
        let len = if bytes.is_ascii() {
            bytes.len()
        } else {
            self.wide = true;
            std::str::from_utf8(bytes).ok()?.chars().map(char::len_utf16).sum()
        };
        self.text.extend_from_slice(bytes);
        i32::try_from(len).ok()
    }

    /// The string.
    pub(super) fn finish(&self, env: Env) -> Answer<Value> {
        if self.wide { env.utf8(&self.text) } else { env.latin1(&self.text) }
    }
}
