//! What can be seen of an open store: its entries, and its history.

use super::announce::Waiting;
use super::feed::Watcher;
use super::history::Operations;
use super::notices::Listener;
use super::store::StoreEngine;
use crate::control::Control;
use crate::error::Result;
use crate::index::{Index, Range, Record};
use crate::snapshot::Snapshot;
use crate::state::{Limit, Seen};
use crate::types::{Entry, Key};

impl StoreEngine {
    /// The entry of a key; nothing when it has expired.
    pub fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.view_record(key.as_bytes(), |record| record.map(Entry::of))
    }

    /// The entries of these keys as they are at one moment.
    pub fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>> {
        let keys: Vec<_> = keys.iter().map(Key::as_bytes).collect();
        let entries =
            |seen: Seen<'_>| keys.iter().map(|key| seen.get(key).map(Entry::of)).collect();
        self.view_keys(&keys, entries)
    }

    /// Whether the key has an entry. False for a store that is not open.
    pub fn contains(&self, key: &Key) -> bool {
        self.view_record(key.as_bytes(), |record| record.is_some()).unwrap_or(false)
    }

    /// All entries in the order of their keys.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        self.scan(&Range::all())
    }

    /// The entries of a range, in its order.
    pub fn scan(&self, range: &Range) -> Result<Vec<Entry>> {
        self.view_range(range, Limit::NONE, |seen| seen.scan(range).map(Entry::of).collect())
    }

    /// How many entries there are, those among them that have expired and were not removed yet; 0 for a store that is not
    /// open. After a crash that is known when the log was
    /// replayed, and waited for.
    pub fn size(&self) -> usize {
        self.core.size().map_or(0, |entries| usize::try_from(entries).unwrap_or(usize::MAX))
    }

    /// [`size`](Self::size), or why it cannot be told.
    #[allow(dead_code, reason = "for the binding")]
    pub(crate) fn counted(&self) -> Result<u64> {
        self.core.size()
    }

    /// The state as it is now, unaffected by later writes: what has expired by now is not in it, what expires later stays.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.core.snapshot()
    }

    /// The operations after the sequence `since`, in their order, read from the log as the iteration goes
    /// on. It ends with the last one that is durable; with `follow` it waits for more until the store is
    /// closed. Nothing that it has not read yet is compacted away while it lives.
    pub fn operations(&self, since: u64, follow: bool) -> Result<Operations> {
        Operations::since(&self.core, since, follow)
    }

    /// The last sequence that readers of the history may have: what is after it is not durable or not visible yet.
    pub fn readable_sequence(&self) -> u64 {
        self.core.announcements.announced()
    }

    /// Calls `wake` once when the history can be read beyond `sequence` or the store is closed, unless what this
    /// gives is dropped before. Whoever commits calls it, with the log locked: `wake` must be short, and must not use
    /// the store.
    pub fn when_more(&self, sequence: u64, wake: impl FnOnce() + Send + 'static) -> Waiting {
        self.core.announcements.wake_after(sequence, Box::new(wake))
    }

    /// Watches the entries of a range: every change that becomes visible after this call, in order, each once. Removals of
    /// missing keys change nothing. While more than 1 MiB of changes waits to be read, only the last change of each key is
    /// kept, see [`Change::overflow`](super::Change::overflow).
    ///
    /// `ring` is called when there is something to read again, and at the end. Whoever commits calls it, with the log locked:
    /// it must be short, and must not use the store. The watch ends when the store is closed, and with an error when the store
    /// is recovered or found damaged.
    ///
    /// ```
    /// use softadastra_store::{Key, StoreConfig, StoreEngine, Value, index::Range};
    ///
    /// # fn main() -> softadastra_store::Result<()> {
    /// let store = StoreEngine::open(StoreConfig::memory_only())?;
    /// let watcher = store.watch(Range::prefix(b"user:"), || ())?;
    /// store.put(&Key::new("user:1")?, &Value::from_string("Ada"))?;
    /// let changes = watcher.take(10, 1 << 20)?.expect("the store is open");
    /// assert_eq!((changes[0].version, &*changes[0].value), (1, &b"Ada"[..]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch(&self, range: Range, ring: impl Fn() + Send + Sync + 'static) -> Result<Watcher> {
        self.core.watch(range, Box::new(ring))
    }

    /// Listens to what happens to the log from now on: compactions, automatic ones as well, and a stop of writing. `ring` is
    /// called when there is something to take, as for [`watch`](Self::watch).
    pub fn listen(&self, ring: impl Fn() + Send + Sync + 'static) -> Listener {
        self.core.notices.listen(ring)
    }

    /// The sequence of the last operation; 0 before the first.
    pub fn last_sequence(&self) -> u64 {
        self.core.last_sequence()
    }

    /// Waits until all entries are in memory: a store whose log has an index file is open before its log was replayed.
    /// An error is that of the replay, or [`Error::Aborted`](crate::Error::Aborted).
    pub fn ready(&self, control: &Control) -> Result<()> {
        self.core.warm(control)
    }

    /// Has what is needed to read these keys in memory, as far as a memory limit leaves room. Without a limit, and once
    /// the store is [`ready`](Self::ready), there is nothing to do.
    pub fn load_keys(&self, keys: &[String], control: &Control) -> Result<()> {
        self.core.load_keys(keys, control)
    }

    /// [`load_keys`](Self::load_keys) for the first `count` entries of a range, in its order.
    pub fn load_range(&self, range: Range, count: usize, control: &Control) -> Result<()> {
        self.core.load_range(range, count, control)
    }

    /// Reads the index of an open store, when all entries are in it, expired ones too until they are removed. Writers wait while `look` runs, so it must be
    /// short.
    pub fn view<R>(&self, look: impl FnOnce(&Index) -> R) -> Result<R> {
        self.core.view(|state| look(&state.index))
    }

    /// Reads the record of a key. Writers wait while `look` runs.
    pub(crate) fn view_record<R>(
        &self,
        key: &[u8],
        look: impl FnOnce(Option<Record<'_>>) -> R,
    ) -> Result<R> {
        self.core.view_record(key, look)
    }

    /// Reads an index that has the entries of these keys. Writers wait while `look` runs.
    pub(crate) fn view_keys<R>(
        &self,
        keys: &[&[u8]],
        look: impl FnOnce(Seen<'_>) -> R,
    ) -> Result<R> {
        self.core.view_keys(keys, look)
    }

    /// Reads an index that has the first entries of a range. Writers wait while `look` runs.
    pub(crate) fn view_range<R>(
        &self,
        range: &Range,
        limit: Limit,
        look: impl FnOnce(Seen<'_>) -> R,
    ) -> Result<R> {
        self.core.view_range(range, limit, look)
    }
}
