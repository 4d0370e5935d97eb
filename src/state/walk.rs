//! The one walk over tries: two of them side by side, past everything that they share.
//!
//! Comparing two states, telling what changed between them and listing one of them are the same
//! walk; a listing is what changed since the empty state.

use std::sync::Arc;

use petgraph::graph::NodeIndex;

use crate::effort::{self, Step};
use crate::state::key::KeyIx;
use crate::state::node::{Level, Node, WIDEST};

/// What differs between two state maps, by ascending key. See [`StateMap::diff`].
///
/// An item is the key, its event in the old map and its event in the new one; the two are never
/// equal.
///
/// [`StateMap::diff`]: super::StateMap::diff
#[derive(Clone, Debug)]
pub struct Changes<'a> {
    /// Pairs of nodes still to look at, the lowest keys on top. Below sixteen for each level.
    stack: Vec<Pair<'a>>,
    /// The pair of leaves being read, and the next slot in it.
    leaves: Option<(Pair<'a>, u32)>,
}

/// The two nodes that cover the same keys.
#[derive(Clone, Copy, Debug)]
struct Pair<'a> {
    level: Level,
    /// The lowest of the keys covered.
    first: u32,
    old: Side<'a>,
    new: Side<'a>,
}

/// A node, which may be lower than the pair it stands in: the lower of two maps covers only the
/// lowest keys of the higher one.
#[derive(Clone, Copy, Debug)]
struct Side<'a>(Option<(&'a Arc<Node>, Level)>);

impl<'a> Changes<'a> {
    pub(super) fn between(
        old: Option<(&'a Arc<Node>, Level)>,
        new: Option<(&'a Arc<Node>, Level)>,
    ) -> Self {
        let level_of = |side: Option<(_, Level)>| side.map(|(_, level)| level);
        let mut changes = Self {
            stack: Vec::new(),
            leaves: None,
        };
        if let Some(level) = level_of(old).max(level_of(new)) {
            changes.push(Pair {
                level,
                first: 0,
                old: Side(old),
                new: Side(new),
            });
        }
        changes
    }

    /// Puts a pair on the stack, unless there is nothing to see.
    fn push(&mut self, pair: Pair<'a>) {
        if !pair.is_shared() {
            self.stack.push(pair);
        }
    }
}

impl Iterator for Changes<'_> {
    type Item = (KeyIx, Option<NodeIndex>, Option<NodeIndex>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((pair, next)) = &mut self.leaves {
                for slot in *next..WIDEST {
                    let (old, new) = (pair.old.event(slot), pair.new.event(slot));
                    if old != new {
                        *next = slot.saturating_add(1);
                        return Some((KeyIx::new(pair.first | slot), old, new));
                    }
                }
            }
            self.leaves = None;
            let pair = self.stack.pop()?;
            effort::step(Step::Node);
            if pair.level == Level::BOTTOM {
                self.leaves = Some((pair, 0));
            } else {
                for slot in (0..WIDEST).rev() {
                    self.push(pair.child(slot));
                }
            }
        }
    }
}

impl Pair<'_> {
    /// Whether there is nothing to see: both sides absent, or both the same node, or two leaves
    /// that hold the same.
    fn is_shared(&self) -> bool {
        match (self.old.0, self.new.0) {
            (None, None) => true,
            (Some((old, _)), Some((new, _))) => Arc::ptr_eq(old, new) || old.is_same_leaf(new),
            _ => false,
        }
    }

    fn child(&self, slot: u32) -> Self {
        Self {
            level: self.level.below(),
            first: self.first | self.level.prefix(slot),
            old: self.old.child(self.level, slot),
            new: self.new.child(self.level, slot),
        }
    }
}

impl Side<'_> {
    /// What covers slot `slot` of this side, taken as a node of `level`.
    fn child(self, level: Level, slot: u32) -> Self {
        match self.0 {
            Some((node, own)) if own == level => {
                Self(node.child(slot).map(|child| (child, level.below())))
            }
            Some(_) if slot == 0 => self,
            _ => Self(None),
        }
    }

    fn event(self, slot: u32) -> Option<NodeIndex> {
        self.0?.0.event(slot)
    }
}

/// The entries of a state map, by ascending key. See [`StateMap::iter`].
///
/// [`StateMap::iter`]: super::StateMap::iter
#[derive(Clone, Debug)]
pub struct Entries<'a>(Changes<'a>);

impl<'a> Entries<'a> {
    pub(super) fn of(root: Option<(&'a Arc<Node>, Level)>) -> Self {
        Self(Changes::between(None, root))
    }
}

impl Iterator for Entries<'_> {
    type Item = (KeyIx, NodeIndex);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, _, event) = self.0.next()?;
        Some((key, event?))
    }
}
