//! Many short texts in one string, which JavaScript cuts up: far cheaper than a string each.

use super::js::{Answer, Env, Value};

/// Longer texts are not packed: a piece keeps the whole string alive, and copying them costs more
/// than the call that it saves.
const LONGEST: usize = 1024;
/// What stands in place of the length of a value that is not in the string.
const APART: i32 = -2;

/// A string in the making, and the values that go beside it.
#[derive(Default)]
pub(super) struct Packer {
    text: Vec<u8>,
    apart: Vec<Value>,
}

impl Packer {
    /// Adds a value and gives its length. A value that is long or not ASCII goes apart, as `make` makes
    /// it: with one such value in it, all of the string would take twice the memory.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        make: impl FnOnce() -> Answer<Value>,
    ) -> Answer<i32> {
        if bytes.len() <= LONGEST && bytes.is_ascii() {
            self.text.extend_from_slice(bytes);
            return Ok(i32::try_from(bytes.len()).unwrap_or(APART));
        }
        self.apart.push(make()?);
        Ok(APART)
    }

    /// The string; in front of an array with the values that went apart when there are any.
    pub(super) fn finish(self, env: Env) -> Answer<Value> {
        let text = env.latin1(&self.text)?;
        if self.apart.is_empty() {
            return Ok(text);
        }
        let mut values = self.apart;
        values.insert(0, text);
        env.array(&values)
    }
}
