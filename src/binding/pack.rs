//! Many short texts in one string, which JavaScript cuts up: far cheaper than a string each.

use std::sync::Arc;

use super::js::{Answer, Env, Value};
use crate::index::Record;

/// Longer texts are not packed: a piece keeps the whole string alive, and copying them costs more
/// than the call that it saves.
const LONGEST: usize = 1024;
/// What stands in place of the length of a value that is not in the string.
const APART: i32 = -2;

/// A string in the making, and the values that go beside it.
#[derive(Default)]
pub(super) struct Packer {
    text: Vec<u8>,
    apart: Vec<Apart>,
}

/// How a value becomes one of JavaScript.
type Show = fn(Env, &Record<'_>) -> Answer<Value>;

enum Apart {
    Made(Value),
    /// A long value, made when the index is no longer locked.
    Long(Arc<[u8]>, Show),
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
        self.apart.push(Apart::Made(make()?));
        Ok(APART)
    }

    /// [`push`](Self::push) for the value of a record.
    pub(super) fn push_value(&mut self, env: Env, record: &Record<'_>, show: Show) -> Answer<i32> {
        let Some(blob) = record.blob() else {
            return self.push(record.value(), || show(env, record));
        };
        self.apart.push(Apart::Long(Arc::clone(blob), show));
        Ok(APART)
    }

    /// The string; in front of an array with the values that went apart when there are any.
    pub(super) fn finish(self, env: Env) -> Answer<Value> {
        let text = env.latin1(&self.text)?;
        if self.apart.is_empty() {
            return Ok(text);
        }
        let apart = self.apart.into_iter().map(|apart| match apart {
            Apart::Made(value) => Ok(value),
            Apart::Long(blob, show) => show(env, &Record::held(b"", &blob, 0, 0)),
        });
        let values = std::iter::once(Ok(text)).chain(apart).collect::<Answer<Vec<_>>>()?;
        env.array(&values)
    }
}
