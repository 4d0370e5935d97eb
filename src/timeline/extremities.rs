//! Forward extremities.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use crate::dag::RoomDag;
use crate::timeline::{StateIx, Timeline};

impl Timeline {
    /// Of events in an order that has what is cited first, those that count and that no event which
    /// counts has among its ancestors. O(V + E).
    pub(crate) fn extremities_of(
        &self,
        order: &[NodeIndex],
        counts: impl Fn(NodeIndex) -> bool,
    ) -> Vec<NodeIndex> {
        let mut referenced = vec![false; self.dag.prev_graph().node_count()];
        let mut extremities = Vec::new();
        for node in order.iter().rev() {
            let is_referenced = referenced.get(node.index()).copied().unwrap_or_default();
            let counts = counts(*node);
            if counts && !is_referenced {
                extremities.push(*node);
            }
            // A path through events that do not count does, one that ends in them does not.
            if counts || is_referenced {
                for prev in self.dag.prev_events(*node) {
                    if let Some(slot) = referenced.get_mut(prev.index()) {
                        *slot = true;
                    }
                }
            }
        }
        extremities
    }
}

/// The forward extremities of a server, while events arrive.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extremities {
    events: BTreeSet<NodeIndex>,
    /// The states after them, and how many of them each is after.
    states: BTreeMap<StateIx, usize>,
    /// Events that are no extremities, behind which nothing is one either.
    passed: BTreeSet<NodeIndex>,
}

impl Extremities {
    /// An event is not the last of its line any more: what it cites is no extremity. Behind events
    /// that do not `count` stand those that they would have replaced.
    ///
    /// O(p · log n) for p `prev_events`; an event that does not count is passed once.
    pub(crate) fn remove_behind(
        &mut self,
        timeline: &Timeline,
        event: NodeIndex,
        counts: impl Fn(NodeIndex) -> bool,
    ) {
        let mut stack: Vec<NodeIndex> = timeline.dag.prev_events(event).collect();
        while let Some(prev) = stack.pop() {
            self.remove(timeline, prev);
            if !counts(prev) && self.passed.insert(prev) {
                stack.extend(timeline.dag.prev_events(prev));
            }
        }
    }

    pub(crate) fn insert(&mut self, event: NodeIndex, after: StateIx) {
        if self.events.insert(event) {
            let count = self.states.entry(after).or_default();
            *count = count.saturating_add(1);
        }
    }

    fn remove(&mut self, timeline: &Timeline, event: NodeIndex) {
        if !self.events.remove(&event) {
            return;
        }
        let Some(after) = timeline.records.after(event) else {
            return;
        };
        if let Some(count) = self.states.get_mut(&after) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.states.remove(&after);
            }
        }
    }

    /// How many events, and how many states, there would be with one more event; those behind
    /// events that were not accepted are counted though they would go.
    pub(crate) fn with(
        &self,
        timeline: &Timeline,
        event: NodeIndex,
        after: StateIx,
    ) -> (usize, usize) {
        let replaced: Vec<NodeIndex> = timeline
            .dag
            .prev_events(event)
            .filter(|prev| self.events.contains(prev))
            .collect();
        let mut gone: BTreeMap<StateIx, usize> = BTreeMap::new();
        for state in replaced
            .iter()
            .filter_map(|prev| timeline.records.after(*prev))
        {
            let count = gone.entry(state).or_default();
            *count = count.saturating_add(1);
        }
        let vanishes =
            |(state, count): &(&StateIx, &usize)| self.states.get(*state) == Some(*count);
        let vanishing = gone.iter().filter(vanishes).count();
        let is_new =
            !self.states.contains_key(&after) || self.states.get(&after) == gone.get(&after);
        let events = self.events.len().saturating_sub(replaced.len());
        let states = self.states.len().saturating_sub(vanishing);
        (
            events.saturating_add(1),
            states.saturating_add(usize::from(is_new)),
        )
    }

    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    pub(crate) fn states_len(&self) -> usize {
        self.states.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        self.events.iter().copied()
    }

    /// The distinct states after them, in order.
    pub(crate) fn states(&self) -> Vec<StateIx> {
        self.states.keys().copied().collect()
    }

    pub(crate) fn sorted(&self, dag: &RoomDag) -> Vec<NodeIndex> {
        sorted_by_id(dag, self.iter().collect())
    }
}

/// Events, sorted by id.
pub(crate) fn sorted_by_id(dag: &RoomDag, mut events: Vec<NodeIndex>) -> Vec<NodeIndex> {
    events.sort_unstable_by_key(|node| dag.id(*node));
    events
}
