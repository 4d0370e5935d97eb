//! A number for each node that is larger than those of all it cites, by either kind of edge.
//!
//! Ranks are what makes a placeholder cheap to fill. Filling it adds edges from a node that others
//! cite already, so it might close a cycle; but only a cited node of no lower rank can lie above
//! it, and above it only nodes up to that rank need to be looked at.
//!
//! In a room of honest servers an event's `depth` is such a number, so it is what an event gets
//! wherever its neighbours leave it the choice, and then nothing is ever looked at. Where depths
//! lie, ranks still hold and more of them are moved: they are a guess at what saves work.
//!
//! A placeholder has the highest rank that its event may come to have.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};

/// How far a depth may take a rank away from those of its neighbours, and from zero.
///
/// INVARIANT: 2³² events that each go that far from the one before stay within 64 bits.
const FAR: i64 = 1 << 30;
const FARTHEST: i64 = 1 << 60;

/// The rank of a placeholder that nothing cites.
const FREE: i64 = i64::MAX;

/// The rank of each node.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranks(Vec<i64>);

impl Ranks {
    pub(super) fn of(&self, node: NodeIndex) -> i64 {
        self.0.get(node.index()).copied().unwrap_or(0)
    }

    /// Gives the next new node, a placeholder that nothing cites, its rank.
    pub(super) fn push(&mut self) {
        self.0.push(FREE);
    }

    /// The lowest rank that is above all of `nodes`; any rank is if there are none.
    fn above(&self, nodes: impl IntoIterator<Item = NodeIndex>) -> Option<i64> {
        let highest = nodes.into_iter().map(|node| self.of(node)).max();
        highest.map(|rank| rank.saturating_add(1))
    }

    /// Puts a placeholder below `citing`, which cites it.
    pub(super) fn lower(&mut self, placeholder: NodeIndex, citing: NodeIndex) {
        let rank = self.of(citing).saturating_sub(1);
        if self.of(placeholder) > rank {
            self.set(placeholder, rank);
        }
    }

    /// Whether one of `known` cites the placeholder `node`, directly or not, so that edges
    /// from `node` to them would close a cycle.
    ///
    /// Takes O(a · log a), where a counts the nodes above `node` up to the highest rank in `known`
    /// and the edges into them.
    pub(super) fn would_close_a_cycle(
        &self,
        graphs: [&DiGraph<(), (), u32>; 2],
        node: NodeIndex,
        known: impl Iterator<Item = NodeIndex>,
    ) -> bool {
        if self.of(node) == FREE {
            return false;
        }
        let targets: BTreeSet<NodeIndex> = known.collect();
        let end = self.above(targets.iter().copied());
        let Some(end) = end.filter(|end| self.of(node) < *end) else {
            return false;
        };
        let mut seen = BTreeSet::from([node]);
        let mut stack = vec![node];
        while let Some(node) = stack.pop() {
            if targets.contains(&node) {
                return true;
            }
            for above in citing(graphs, node) {
                if self.of(above) < end && seen.insert(above) {
                    stack.push(above);
                }
            }
        }
        false
    }

    /// Gives a placeholder the rank of its event, which is about to cite `known`, and lifts what
    /// cites it as far as it has to be. If nothing does, `depth` is not far from what it needs.
    ///
    /// Takes O(l · log l), where l counts the nodes that are lifted and the edges into them. None
    /// are if the event fits between `known` and what cites it.
    pub(super) fn place(
        &mut self,
        graphs: [&DiGraph<(), (), u32>; 2],
        node: NodeIndex,
        known: impl Iterator<Item = NodeIndex>,
        depth: i64,
    ) {
        let highest = self.of(node);
        let above = self.above(known);
        if highest == FREE {
            let (lowest, highest) = match above {
                Some(lowest) => (lowest, lowest.saturating_add(FAR)),
                None => (-FARTHEST, FARTHEST),
            };
            return self.set(node, depth.clamp(lowest, highest));
        }
        let far_below = highest.saturating_sub(FAR);
        let lowest = above.unwrap_or(far_below).max(far_below);
        if lowest <= highest {
            self.set(node, depth.clamp(lowest, highest));
        } else {
            self.lift(graphs, node, lowest);
        }
    }

    fn lift(&mut self, graphs: [&DiGraph<(), (), u32>; 2], node: NodeIndex, rank: i64) {
        let mut ascent = Ascent::default();
        self.set(node, rank);
        ascent.extend(citing(graphs, node), self);
        while let Some(node) = ascent.next() {
            let cited = graphs.into_iter().flat_map(|graph| graph.neighbors(node));
            let needed = self.above(cited).filter(|needed| self.of(node) < *needed);
            if let Some(needed) = needed {
                ascent.extend(citing(graphs, node), self);
                self.set(node, needed);
            }
        }
    }

    fn set(&mut self, node: NodeIndex, rank: i64) {
        if let Some(old) = self.0.get_mut(node.index()) {
            *old = rank;
        }
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.0.shrink_to_fit();
    }
}

/// Nodes still to be visited on a way up, lowest rank first, so that none is visited before all
/// those that it cites.
#[derive(Debug, Default)]
pub(super) struct Ascent {
    queue: BinaryHeap<Reverse<(i64, NodeIndex)>>,
    last: Option<NodeIndex>,
}

impl Ascent {
    /// Adds nodes above the one that was visited last.
    pub(super) fn extend(&mut self, nodes: impl IntoIterator<Item = NodeIndex>, ranks: &Ranks) {
        self.queue.extend(
            nodes
                .into_iter()
                .map(|node| Reverse((ranks.of(node), node))),
        );
    }

    /// The next node; each comes once, as equal entries leave the queue one after another.
    pub(super) fn next(&mut self) -> Option<NodeIndex> {
        loop {
            let Reverse((_, node)) = self.queue.pop()?;
            if self.last.replace(node) != Some(node) {
                return Some(node);
            }
        }
    }
}

fn citing(graphs: [&DiGraph<(), (), u32>; 2], node: NodeIndex) -> impl Iterator<Item = NodeIndex> {
    graphs
        .into_iter()
        .flat_map(move |graph| graph.neighbors_directed(node, Direction::Incoming))
}
