//! The longest path down the `auth_events`, kept up while events arrive in any order.
//!
//! An event that nothing cites yet takes its generation from what it cites. One that takes the
//! place of a placeholder may lift all that lies above it, and a host that loads a room from its
//! end backwards fills one placeholder after another; so nothing is lifted until somebody asks,
//! and then all of it at once.

use std::sync::OnceLock;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::dag::rank::{Ascent, Ranks};

/// The generation of each node.
#[derive(Clone, Debug, Default)]
pub(super) struct Generations {
    /// Right for every node that is not in `stale` and does not cite one that is, however far.
    settled: Vec<u32>,
    /// Placeholders that were filled since.
    stale: Vec<NodeIndex>,
    /// Right for every node, once somebody has asked.
    current: OnceLock<Vec<u32>>,
}

impl Generations {
    pub(super) fn of(&self, node: NodeIndex, auth: &DiGraph<(), (), u32>, ranks: &Ranks) -> u32 {
        let all = if self.stale.is_empty() {
            &self.settled
        } else {
            self.current.get_or_init(|| self.settle(auth, ranks))
        };
        all.get(node.index()).copied().unwrap_or(0)
    }

    /// Takes note of a new placeholder.
    pub(super) fn push(&mut self) {
        self.absorb();
        self.settled.push(0);
    }

    /// Takes note that a placeholder has become an event, whose edges are in `auth` already.
    pub(super) fn fill(&mut self, node: NodeIndex, auth: &DiGraph<(), (), u32>) {
        self.absorb();
        if citing(auth, node).next().is_some() {
            self.stale.push(node);
        }
        // Too low if a stale node is below; but then this one is above it and will be lifted.
        let generation = of_event(&self.settled, auth, node);
        set(&mut self.settled, node, generation);
    }

    /// Takes what was found when somebody asked for what is settled.
    fn absorb(&mut self) {
        if let Some(current) = self.current.take() {
            self.settled = current;
            self.stale.clear();
        }
    }

    /// The generations of all nodes, by lifting what is above a stale node.
    fn settle(&self, auth: &DiGraph<(), (), u32>, ranks: &Ranks) -> Vec<u32> {
        let mut all = self.settled.clone();
        let mut ascent = Ascent::default();
        for node in &self.stale {
            ascent.extend([*node], ranks);
            ascent.extend(citing(auth, *node), ranks);
        }
        while let Some(node) = ascent.next() {
            let generation = of_event(&all, auth, node);
            if set(&mut all, node, generation) != Some(generation) {
                ascent.extend(citing(auth, node), ranks);
            }
        }
        all
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.absorb();
        self.settled.shrink_to_fit();
    }
}

/// 1 + the largest generation among the auth events.
fn of_event(all: &[u32], auth: &DiGraph<(), (), u32>, node: NodeIndex) -> u32 {
    let cited = auth
        .neighbors(node)
        .filter_map(|cited| all.get(cited.index()));
    cited.max().copied().unwrap_or(0).saturating_add(1)
}

fn set(all: &mut [u32], node: NodeIndex, generation: u32) -> Option<u32> {
    all.get_mut(node.index())
        .map(|old| std::mem::replace(old, generation))
}

fn citing(auth: &DiGraph<(), (), u32>, node: NodeIndex) -> impl Iterator<Item = NodeIndex> + '_ {
    auth.neighbors_directed(node, Direction::Incoming)
}
