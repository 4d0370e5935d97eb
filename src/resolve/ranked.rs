//! The full conflicted set by rank: numbers from 0 up, in the order of event ids.
//!
//! What a resolution asks of the set again and again (is this event in it, what of it does that
//! one cite, which of two ids is the smaller) is an index or a comparison of numbers then.

use petgraph::graph::NodeIndex;

use crate::dag::index::{self, IndexMap};
use crate::resolve::scope::Scope;

/// Some events, ranked.
pub(super) struct Ranked<'a> {
    pub(super) scope: &'a Scope<'a>,
    /// By rank.
    pub(super) events: Vec<NodeIndex>,
    ranks: IndexMap<NodeIndex, usize>,
}

impl<'a> Ranked<'a> {
    /// `events` are sorted by id.
    pub(super) fn new(scope: &'a Scope<'a>, events: impl Iterator<Item = NodeIndex>) -> Self {
        let events: Vec<NodeIndex> = events.collect();
        let mut ranks = index::map_for(events.len());
        ranks.extend(
            events
                .iter()
                .enumerate()
                .map(|(rank, event)| (*event, rank)),
        );
        Self {
            scope,
            events,
            ranks,
        }
    }

    pub(super) fn event(&self, rank: usize) -> Option<NodeIndex> {
        self.events.get(rank).copied()
    }

    /// The ranks of those that an event of the set cites.
    pub(super) fn cited(&self, rank: usize) -> impl Iterator<Item = usize> {
        let cited = self
            .event(rank)
            .map(|event| self.scope.dag.auth_events(event));
        let ranks = cited.into_iter().flatten();
        ranks.filter_map(|cited| self.ranks.get(&cited).copied())
    }
}
