//! The state map: from keys to the events that hold them.
//!
//! A map is a root and a length. Cloning it clones the root's reference; changing it copies the
//! path from the root to one leaf and shares everything else with the clone. So two states that
//! come from one another differ along few paths, and comparing them looks at those paths only.
//!
//! The shape of the trie follows from its content (no empty node, no root higher than the
//! largest key needs), whatever was inserted and removed on the way.

use std::fmt;
use std::sync::Arc;

use petgraph::graph::NodeIndex;

use crate::state::key::KeyIx;
use crate::state::node::{Level, Node};
use crate::state::walk::{Changes, Entries};

/// A persistent map from state keys to events.
///
/// Keys are numbers of a [`StateKeys`] table, events are nodes of a
/// [`RoomDag`](crate::dag::RoomDag); a map means nothing without the room it came from.
/// The handle is 16 bytes.
///
/// A table that remembers something by state should keep the map itself and ask
/// [`same`](Self::same); an address alone may come to belong to another state.
///
/// [`StateKeys`]: super::StateKeys
#[derive(Clone)]
pub struct StateMap {
    /// `None` for the empty map.
    root: Option<Arc<Node>>,
    len: u32,
    /// Of the root.
    level: Level,
}

impl StateMap {
    /// The empty map. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            root: None,
            len: 0,
            level: Level::BOTTOM,
        }
    }

    /// The event at `key`. Takes O(log n).
    #[must_use]
    pub fn get(&self, key: KeyIx) -> Option<NodeIndex> {
        let root = self.root.as_ref()?;
        if Level::of(key.index()) > self.level {
            return None;
        }
        root.get(self.level, key.index())
    }

    /// Whether an event holds `key`. Takes O(log n).
    #[must_use]
    pub fn contains_key(&self, key: KeyIx) -> bool {
        self.get(key).is_some()
    }

    /// Lets `event` hold `key` and returns the event that held it before. Takes O(log n).
    ///
    /// Inserting what is there already leaves the map the [`same`](Self::same).
    /// [`NodeIndex::end`] is no event: inserting it removes the key.
    pub fn insert(&mut self, key: KeyIx, event: NodeIndex) -> Option<NodeIndex> {
        if event == NodeIndex::end() {
            return self.remove(key);
        }
        let old = self.get(key);
        if old == Some(event) {
            return old;
        }
        let needed = Level::of(key.index());
        let mut root = if let Some(root) = self.root.take() {
            root
        } else {
            self.level = needed;
            Arc::new(Node::empty(needed))
        };
        while self.level < needed {
            self.level = self.level.above();
            root = Arc::new(Node::over(root));
        }
        root.insert(self.level, key.index(), event);
        self.root = Some(root);
        if old.is_none() {
            self.len = self.len.saturating_add(1);
        }
        old
    }

    /// Takes the event at `key` out and returns it. Takes O(log n).
    pub fn remove(&mut self, key: KeyIx) -> Option<NodeIndex> {
        let old = self.get(key)?;
        let root = self.root.as_mut()?;
        if root.remove(self.level, key.index()) {
            self.root = None;
        }
        self.len = self.len.saturating_sub(1);
        while let Some(child) = self.root.as_deref().and_then(Node::only_lowest) {
            self.root = Some(Arc::clone(child));
            self.level = self.level.below();
        }
        Some(old)
    }

    /// How many keys are held.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.len).unwrap_or(usize::MAX)
    }

    /// Whether no key is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Every key and its event, by ascending key. Takes O(n) for all of them.
    #[must_use]
    pub fn iter(&self) -> Entries<'_> {
        Entries::of(self.root())
    }

    /// Whether the two are one map, being clones of each other without a change since. Takes O(1).
    ///
    /// Maps that are the same are equal; equal maps need not be the same.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (&self.root, &other.root) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }

    /// A number that two maps have in common exactly as long as they are the [`same`](Self::same).
    pub(crate) fn address(&self) -> usize {
        self.root
            .as_ref()
            .map_or(0, |root| Arc::as_ptr(root).addr())
    }

    /// What has to change in this map to make it `newer`, by ascending key: each key that differs,
    /// with its event in this map and in `newer`.
    ///
    /// Takes O(d · log n) where d is the number of keys on whose paths the two maps do not share
    /// nodes. Between a map and one made from it by d insertions, that is those d.
    #[must_use]
    pub fn diff<'a>(&'a self, newer: &'a Self) -> Changes<'a> {
        Changes::between(self.root(), newer.root())
    }

    /// Makes changes as [`diff`](Self::diff) reports them; only the key and the new event of each
    /// are looked at. Takes O(log n) for each.
    pub fn apply<I>(&mut self, changes: I)
    where
        I: IntoIterator<Item = (KeyIx, Option<NodeIndex>, Option<NodeIndex>)>,
    {
        for (key, _, event) in changes {
            match event {
                Some(event) => self.insert(key, event),
                None => self.remove(key),
            };
        }
    }

    fn root(&self) -> Option<(&Arc<Node>, Level)> {
        Some((self.root.as_ref()?, self.level))
    }
}

impl Default for StateMap {
    fn default() -> Self {
        Self::new()
    }
}

/// Equal if they hold the same keys with the same events. Takes O(what is not shared).
impl PartialEq for StateMap {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.diff(other).next().is_none()
    }
}

impl Eq for StateMap {}

impl fmt::Debug for StateMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.iter().map(|(key, event)| (key.index(), event.index()));
        f.debug_map().entries(entries).finish()
    }
}

impl Extend<(KeyIx, NodeIndex)> for StateMap {
    fn extend<I: IntoIterator<Item = (KeyIx, NodeIndex)>>(&mut self, entries: I) {
        for (key, event) in entries {
            self.insert(key, event);
        }
    }
}

/// Takes O(n) where the keys are dense, in whatever order they come.
impl FromIterator<(KeyIx, NodeIndex)> for StateMap {
    fn from_iter<I: IntoIterator<Item = (KeyIx, NodeIndex)>>(entries: I) -> Self {
        let entries: Vec<(KeyIx, NodeIndex)> = entries.into_iter().collect();
        let keys = entries.iter().map(|(key, _)| key.index()).max();
        let keys = keys.and_then(|last| usize::try_from(last).ok()?.checked_add(1));
        let Some(keys) = keys.filter(|keys| keys / SPARSE <= entries.len()) else {
            let mut map = Self::new();
            map.extend(entries);
            return map;
        };
        let mut dense = vec![NodeIndex::end(); keys];
        for (key, event) in entries {
            let slot = usize::try_from(key.index()).ok();
            if let Some(slot) = slot.and_then(|slot| dense.get_mut(slot)) {
                *slot = event;
            }
        }
        let is_event = |event: &NodeIndex| *event != NodeIndex::end();
        let end = dense.iter().rposition(is_event);
        dense.truncate(end.map_or(0, |last| last.saturating_add(1)));
        let len = dense.iter().filter(|event| is_event(event)).count();
        match Node::of_dense(&dense) {
            Some((root, level)) => Self {
                root: Some(root),
                len: u32::try_from(len).unwrap_or(u32::MAX),
                level,
            },
            None => Self::new(),
        }
    }
}

/// How many keys for each entry are too many to be laid out.
const SPARSE: usize = 16;

impl<'a> IntoIterator for &'a StateMap {
    type Item = (KeyIx, NodeIndex);
    type IntoIter = Entries<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use petgraph::graph::NodeIndex;

    use crate::state::key::KeyIx;
    use crate::state::map::StateMap;
    use crate::state::node::{Node, WIDEST};

    /// The addresses of all nodes of a map.
    fn nodes(map: &StateMap) -> BTreeSet<*const Node> {
        let mut seen = BTreeSet::new();
        let mut stack: Vec<&Arc<Node>> = map.root.iter().collect();
        while let Some(node) = stack.pop() {
            seen.insert(Arc::as_ptr(node));
            stack.extend((0..WIDEST).filter_map(|slot| node.child(slot)));
        }
        seen
    }

    fn dense(len: u32) -> StateMap {
        (0..len)
            .map(|index| (KeyIx::new(index), NodeIndex::from(index)))
            .collect()
    }

    #[test]
    fn a_change_copies_one_path_and_shares_the_rest() {
        let before = dense(10_000);
        assert!(nodes(&before).len() > 600);
        for key in [0, 5_000, 9_999, 10_000] {
            let mut after = before.clone();
            after.insert(KeyIx::new(key), NodeIndex::from(77_777));
            let own: Vec<_> = nodes(&after).difference(&nodes(&before)).copied().collect();
            assert!(own.len() <= 5, "{} nodes for one insertion", own.len());
        }
        let mut after = before.clone();
        after.remove(KeyIx::new(5_000));
        assert!(nodes(&after).difference(&nodes(&before)).count() <= 5);
    }

    #[test]
    fn the_shape_follows_from_the_content() {
        let mut map = dense(10_000);
        for key in 40..10_000 {
            map.remove(KeyIx::new(key));
        }
        assert_eq!(map.level, dense(40).level);
        assert_eq!(nodes(&map).len(), nodes(&dense(40)).len());
    }

    #[test]
    fn a_node_is_little_more_than_a_cache_line() {
        assert!(size_of::<Node>() <= 72);
    }
}
