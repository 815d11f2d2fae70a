//! The nodes that route.

#![expect(
    clippy::indexing_slicing,
    reason = "there is one child more than separators, and one head for each separator"
)]

use std::cmp::Ordering;
use std::sync::Arc;

use super::super::arena::Arena;
use super::{
    CAP, FEW, Fences, Full, JOINED, LONG, LOOK, Node, OneOrTwo, PACKED, common, head, separator,
};

/// Separators, owned and as short as they can be, and the children around them.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Inner {
    /// How many leading bytes all separators share. A key may still have others.
    skip: usize,
    heads: Vec<u64>,
    separators: Vec<Arc<[u8]>>,
    children: Vec<Node>,
}

/// The fences of child `i` of a node.
fn fences_of<'a>(separators: &'a [Arc<[u8]>], i: usize, outer: Fences<'a>) -> Fences<'a> {
    Fences {
        low: i.checked_sub(1).map_or(outer.low, |before| Some(&separators[before])),
        high: separators.get(i).map_or(outer.high, |after| Some(after)),
    }
}

impl Inner {
    pub(super) fn new(separators: Vec<Arc<[u8]>>, children: Vec<Node>) -> Self {
        let mut inner = Self { skip: 0, heads: Vec::new(), separators, children };
        inner.set_skip(inner.shared());
        inner
    }

    /// The length of the common prefix of all separators; 0 for a single one.
    fn shared(&self) -> usize {
        match &self.separators[..] {
            [first, .., last] => common(first, last),
            _ => 0,
        }
    }

    fn set_skip(&mut self, skip: usize) {
        self.skip = skip;
        self.heads = self.separators.iter().map(|separator| head(separator, skip)).collect();
    }

    /// Puts a separator in its place, and skips less when it shares less, more when heads decide nothing.
    fn add_separator(&mut self, i: usize, separator: Arc<[u8]>) {
        let head = head(&separator, self.skip);
        let fits = self.prefix() == separator.get(..self.skip).unwrap_or_default();
        let undecided = [i.checked_sub(1), Some(i)]
            .iter()
            .any(|near| near.and_then(|near| self.heads.get(near)) == Some(&head));
        self.heads.insert(i, head);
        self.separators.insert(i, separator);
        let shared = self.shared();
        if !fits || undecided && shared > self.skip {
            self.set_skip(shared);
        }
    }

    fn remove_separator(&mut self, i: usize) {
        self.heads.remove(i);
        self.separators.remove(i);
    }

    fn prefix(&self) -> &[u8] {
        self.separators.first().and_then(|first| first.get(..self.skip)).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.children.len()
    }

    pub(super) fn child(&self, i: usize) -> Option<&Node> {
        self.children.get(i)
    }

    /// A child by a position below `len`.
    pub(super) fn nth(&self, i: usize) -> &Node {
        &self.children[i]
    }

    pub(super) fn only_child(&self) -> Option<&Node> {
        (self.children.len() == 1).then(|| &self.children[0])
    }

    /// Which child a key belongs to: as many as there are separators not above the key.
    pub(super) fn child_of(&self, key: &[u8]) -> usize {
        match key.get(..self.skip).unwrap_or(key).cmp(self.prefix()) {
            Ordering::Less => return 0,
            Ordering::Greater => return self.separators.len(),
            Ordering::Equal => {}
        }
        let head = head(key, self.skip);
        let start = self.heads.partition_point(|other| *other < head);
        let ties = self.heads[start..].partition_point(|other| *other == head);
        start
            + self.separators[start..start + ties].partition_point(|separator| **separator <= *key)
    }

    pub(super) fn child_mut(&mut self, key: &[u8], act: impl FnOnce(&mut Node)) {
        let i = self.child_of(key);
        act(&mut self.children[i]);
    }

    pub(super) fn insert(
        &mut self,
        arena: &Arena,
        key: &[u8],
        at: u32,
        fences: Fences<'_>,
    ) -> Result<(), Full> {
        let mut i = self.child_of(key);
        let inside = fences_of(&self.separators, i, fences);
        let Err(full) = self.children[i].insert(arena, key, at, inside) else {
            return Ok(());
        };
        if self.children.len() == CAP {
            return Err(Full { at_end: full.at_end && i + 1 == CAP });
        }
        let (separator, right) = self.children[i].split(arena, full, inside);
        let after = *separator <= *key;
        self.add_separator(i, separator);
        self.children.insert(i + 1, right);
        i += usize::from(after);
        let inside = fences_of(&self.separators, i, fences);
        self.children[i].insert(arena, key, at, inside)
    }

    pub(super) fn split(&mut self, at: usize) -> (Arc<[u8]>, Self) {
        let children = self.children.split_off(at);
        let separators = self.separators.split_off(at);
        let middle = self.separators.remove(at - 1);
        let right = Self::new(separators, children);
        *self = Self::new(std::mem::take(&mut self.separators), std::mem::take(&mut self.children));
        (middle, right)
    }

    /// Takes an entry out; true if it was the first of all in this node.
    pub(super) fn remove(
        &mut self,
        arena: &Arena,
        key: &[u8],
        at: u32,
        fences: Fences<'_>,
    ) -> bool {
        let i = self.child_of(key);
        let inside = fences_of(&self.separators, i, fences);
        let first = self.children[i].remove(arena, key, at, inside);
        if first && i > 0 {
            self.shorten(arena, i - 1, fences);
        }
        if let Some(left) = self.to_join(i) {
            self.rebalance(arena, left, fences);
        }
        first && i == 0
    }

    /// The left one of two children to be joined, after one of them has become smaller.
    fn to_join(&self, i: usize) -> Option<usize> {
        let len = self.children[i].len();
        if len > JOINED || len >= FEW && !len.is_multiple_of(LOOK) {
            return None;
        }
        let fits = |other: usize| {
            self.children.get(other).is_some_and(|other| len + other.len() <= JOINED)
        };
        let before = i.checked_sub(1);
        if let Some(before) = before.filter(|before| fits(*before)) {
            return Some(before);
        }
        if fits(i + 1) {
            return Some(i);
        }
        (len < FEW && self.children.len() > 1).then(|| i.min(self.children.len() - 2))
    }

    /// Makes separator `i` anew if it is long and the key that it was made for is gone: so the separators have no more
    /// bytes than the keys that they begin.
    fn shorten(&mut self, arena: &Arena, i: usize, fences: Fences<'_>) {
        let (Some(last), Some(first)) =
            (self.children[i].edge(false), self.children[i + 1].edge(true))
        else {
            return;
        };
        let old = &self.separators[i];
        if old.len() <= LONG || arena.key(first).starts_with(old) {
            return;
        }
        let new = separator(arena.key(last), arena.key(first));
        self.remove_separator(i);
        self.add_separator(i, new);
        let [left, right] = [i, i + 1].map(|i| fences_of(&self.separators, i, fences));
        self.children[i].settle_edge(arena, false, left);
        self.children[i + 1].settle_edge(arena, true, right);
    }

    pub(super) fn edge_child(&self, first: bool) -> Option<&Node> {
        if first { self.children.first() } else { self.children.last() }
    }

    pub(super) fn settle_edge(&mut self, arena: &Arena, first: bool, fences: Fences<'_>) {
        let i = if first { 0 } else { self.children.len().saturating_sub(1) };
        let inside = fences_of(&self.separators, i, fences);
        self.children[i].settle_edge(arena, first, inside);
    }

    /// Joins child `i` with the next one, or shares their entries out evenly.
    fn rebalance(&mut self, arena: &Arena, i: usize, fences: Fences<'_>) {
        let around = Fences {
            low: fences_of(&self.separators, i, fences).low,
            high: fences_of(&self.separators, i + 1, fences).high,
        };
        let (left, rest) = match (&self.children[i], &self.children[i + 1]) {
            (Node::Leaf(left), Node::Leaf(right)) => {
                let (left, rest) = left.rebalance(right, arena, around);
                (
                    Node::Leaf(Arc::new(left)),
                    rest.map(|(separator, right)| (separator, Node::Leaf(Arc::new(right)))),
                )
            }
            (Node::Inner(left), Node::Inner(right)) => {
                let (left, rest) = left.join(right, &self.separators[i]);
                (
                    Node::Inner(Arc::new(left)),
                    rest.map(|(separator, right)| (separator, Node::Inner(Arc::new(right)))),
                )
            }
            _ => return,
        };
        self.children[i] = left;
        if let Some((separator, right)) = rest {
            self.remove_separator(i);
            self.add_separator(i, separator);
            self.children[i + 1] = right;
        } else {
            self.remove_separator(i);
            self.children.remove(i + 1);
        }
    }

    fn join(&self, other: &Self, between: &Arc<[u8]>) -> OneOrTwo<Self> {
        let separators =
            self.separators.iter().chain([between]).chain(&other.separators).cloned().collect();
        let children: Vec<_> = self.children.iter().chain(&other.children).cloned().collect();
        let half = children.len() / 2;
        let fits = children.len() <= PACKED;
        let mut joined = Self { separators, children, ..Self::default() };
        if fits {
            return (Self::new(joined.separators, joined.children), None);
        }
        let (separator, right) = joined.split(half);
        (joined, Some((separator, right)))
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let own = self.heads.capacity() * 8
            + self.separators.capacity() * 16
            + self.children.capacity() * size_of::<Node>();
        let separators: usize = self.separators.iter().map(|separator| separator.len() + 16).sum();
        let children: usize = self.children.iter().map(Node::memory_bytes).sum();
        size_of::<Self>() + own + separators + children
    }
}
