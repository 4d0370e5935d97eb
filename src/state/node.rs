//! One node of the trie behind a [`StateMap`](super::StateMap).
//!
//! A leaf holds the events of sixteen neighbouring keys, a branch holds eight nodes of the level
//! below. Keys are given out in the order of first use, so they are dense, leaves are mostly
//! full, and plain arrays need no bitmap. Both kinds take 64 bytes: what an insert copies is one
//! cache line for each level.
//!
//! INVARIANT: no node is empty, so that the shape of a trie follows from its content.

use std::sync::Arc;

use petgraph::graph::NodeIndex;

use crate::effort::{self, Step};

const LEAF_BITS: u32 = 4;
const LEAF: usize = 1 << LEAF_BITS;
const BRANCH_BITS: u32 = 3;
const BRANCH: usize = 1 << BRANCH_BITS;

/// The slots of a leaf; a branch has no more.
pub(super) const WIDEST: u32 = 1 << LEAF_BITS;

/// A node, whose level the walk knows. In a leaf, [`NodeIndex::end`] stands for no event.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Leaf([NodeIndex; LEAF]),
    Branch([Option<Arc<Node>>; BRANCH]),
}

/// The height of a node: leaves are at the bottom, and eleven levels cover every key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Level(u8);

impl Level {
    pub(super) const BOTTOM: Self = Self(0);

    /// The lowest level whose nodes can hold `key`.
    pub(super) fn of(key: u32) -> Self {
        let bits = u32::BITS.saturating_sub(key.leading_zeros());
        let branches = bits.saturating_sub(LEAF_BITS).div_ceil(BRANCH_BITS);
        Self(u8::try_from(branches).unwrap_or(u8::MAX))
    }

    pub(super) fn above(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    pub(super) fn below(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The part of a key that leads into slot `slot` of a node of this level.
    pub(super) fn prefix(self, slot: u32) -> u32 {
        slot.checked_shl(self.shift()).unwrap_or(0)
    }

    /// The slot of a node of this level that `key` is in.
    fn slot(self, key: u32) -> usize {
        let slots = if self == Self::BOTTOM { LEAF } else { BRANCH };
        let key = key.checked_shr(self.shift()).unwrap_or(0);
        usize::try_from(key).unwrap_or(0) & slots.wrapping_sub(1)
    }

    /// How many low bits of a key the levels below settle.
    fn shift(self) -> u32 {
        match self.0.checked_sub(1) {
            None => 0,
            Some(branches) => BRANCH_BITS
                .saturating_mul(branches.into())
                .saturating_add(LEAF_BITS),
        }
    }
}

impl Node {
    /// A node about to be filled.
    pub(super) fn empty(level: Level) -> Self {
        if level == Level::BOTTOM {
            Self::Leaf([NodeIndex::end(); LEAF])
        } else {
            Self::Branch(Default::default())
        }
    }

    /// The node of the lowest level that holds these events, each at the key of its position;
    /// `None` if there is none. The last of them is an event. Linear in their number.
    pub(super) fn of_dense(events: &[NodeIndex]) -> Option<(Arc<Self>, Level)> {
        let leaf = |chunk: &[NodeIndex]| {
            let mut leaf = [NodeIndex::end(); LEAF];
            leaf.iter_mut()
                .zip(chunk)
                .for_each(|(slot, event)| *slot = *event);
            let holds = leaf.iter().any(|event| present(*event).is_some());
            holds.then(|| Arc::new(Self::Leaf(leaf)))
        };
        let branch = |chunk: &[Option<Arc<Self>>]| {
            let mut branch: [_; BRANCH] = Default::default();
            branch.clone_from_slice(chunk.get(..BRANCH)?);
            let holds = branch.iter().any(Option::is_some);
            holds.then(|| Arc::new(Self::Branch(branch)))
        };
        let mut level = Level::BOTTOM;
        let mut nodes: Vec<Option<Arc<Self>>> = events.chunks(LEAF).map(leaf).collect();
        while nodes.len() > 1 {
            nodes.resize(nodes.len().next_multiple_of(BRANCH), None);
            nodes = nodes.chunks(BRANCH).map(branch).collect();
            level = level.above();
        }
        Some((nodes.pop()??, level))
    }

    /// Whether both are leaves that hold the same.
    pub(super) fn is_same_leaf(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Leaf(one), Self::Leaf(other)) => one == other,
            _ => false,
        }
    }

    /// A node one level above `node`, which holds it and nothing else.
    pub(super) fn over(node: Arc<Self>) -> Self {
        let mut children: [_; BRANCH] = Default::default();
        if let Some(lowest) = children.first_mut() {
            *lowest = Some(node);
        }
        Self::Branch(children)
    }

    /// The child in the lowest slot of a branch, if no other slot holds anything.
    pub(super) fn only_lowest(&self) -> Option<&Arc<Self>> {
        match self {
            Self::Branch([lowest, rest @ ..]) if rest.iter().all(Option::is_none) => {
                lowest.as_ref()
            }
            _ => None,
        }
    }

    /// What slot `slot` of a branch holds.
    pub(super) fn child(&self, slot: u32) -> Option<&Arc<Self>> {
        match self {
            Self::Branch(children) => children.get(usize::try_from(slot).ok()?)?.as_ref(),
            Self::Leaf(_) => None,
        }
    }

    /// What slot `slot` of a leaf holds.
    pub(super) fn event(&self, slot: u32) -> Option<NodeIndex> {
        match self {
            Self::Leaf(events) => present(*events.get(usize::try_from(slot).ok()?)?),
            Self::Branch(_) => None,
        }
    }

    pub(super) fn get(&self, level: Level, key: u32) -> Option<NodeIndex> {
        let (mut node, mut level) = (self, level);
        loop {
            effort::step(Step::Node);
            match node {
                Self::Leaf(events) => return present(*events.get(level.slot(key))?),
                Self::Branch(children) => node = children.get(level.slot(key))?.as_deref()?,
            }
            level = level.below();
        }
    }

    /// Puts `event` at `key` and returns what was there. Nodes on the way that others share are
    /// replaced by copies.
    pub(super) fn insert(
        self: &mut Arc<Self>,
        level: Level,
        key: u32,
        event: NodeIndex,
    ) -> Option<NodeIndex> {
        let (mut node, mut level) = (self, level);
        loop {
            effort::step(Step::Node);
            let slot = level.slot(key);
            level = level.below();
            match Arc::make_mut(node) {
                Self::Leaf(events) => {
                    return present(std::mem::replace(events.get_mut(slot)?, event));
                }
                Self::Branch(children) => {
                    let child = children.get_mut(slot)?;
                    node = child.get_or_insert_with(|| Arc::new(Self::empty(level)));
                }
            }
        }
    }

    /// Clears `key` and returns whether the node is empty now. Calls itself once for each level
    /// below, which is ten times at most.
    pub(super) fn remove(self: &mut Arc<Self>, level: Level, key: u32) -> bool {
        let slot = level.slot(key);
        match Arc::make_mut(self) {
            Self::Leaf(events) => {
                if let Some(event) = events.get_mut(slot) {
                    *event = NodeIndex::end();
                }
                events.iter().all(|event| present(*event).is_none())
            }
            Self::Branch(children) => {
                if let Some(child) = children.get_mut(slot)
                    && child
                        .as_mut()
                        .is_some_and(|child| child.remove(level.below(), key))
                {
                    *child = None;
                }
                children.iter().all(Option::is_none)
            }
        }
    }
}

fn present(event: NodeIndex) -> Option<NodeIndex> {
    Some(event).filter(|event| *event != NodeIndex::end())
}
