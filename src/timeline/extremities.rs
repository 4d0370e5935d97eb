//! Forward extremities.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use crate::dag::RoomDag;
use crate::timeline::{StateIx, Status, Timeline};

impl Timeline {
    /// Of events in an order that has what is cited first, the accepted ones that no accepted
    /// event has among its ancestors. O(V + E).
    pub(crate) fn extremities_of(&self, order: &[NodeIndex]) -> Vec<NodeIndex> {
        let mut referenced = vec![false; self.dag.prev_graph().node_count()];
        let mut extremities = Vec::new();
        for node in order.iter().rev() {
            let is_referenced = referenced.get(node.index()).copied().unwrap_or_default();
            let accepted = self.status(*node) == Some(Status::Accepted);
            if accepted && !is_referenced {
                extremities.push(*node);
            }
            // A path through events that were not accepted counts, one that ends in them does not.
            if accepted || is_referenced {
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

impl Timeline {
    /// As [`extremities_of`](Self::extremities_of), where `passed` lies in the past of others, too,
    /// and so do the events of claimed states and their auth chains, as long as the claims are in
    /// force. O(V + E) and the size of the claims.
    pub(crate) fn extremities_before(&self, mut passed: Vec<NodeIndex>) -> Vec<NodeIndex> {
        let accepted = |node: &NodeIndex| self.status(*node) == Some(Status::Accepted);
        let mut hidden: BTreeSet<NodeIndex> = BTreeSet::new();
        // What claims hide, they hide with what gives it permission.
        let mut claimed: Vec<NodeIndex> = Vec::new();
        let mut resting: BTreeSet<NodeIndex> = BTreeSet::new();
        let claim = |node: NodeIndex| {
            let claim = self.claims.get(&node).into_iter();
            claim.flat_map(|claim| claim.state.iter().map(|(_, entry)| entry))
        };
        for node in self.dag.events().filter(accepted) {
            passed.extend(self.dag.prev_events(node));
            claimed.extend(claim(node));
        }
        loop {
            if let Some(node) = passed.pop() {
                if hidden.insert(node) {
                    passed.extend(self.dag.prev_events(node));
                    claimed.extend(claim(node));
                }
            } else if let Some(node) = claimed.pop() {
                if resting.insert(node) {
                    passed.push(node);
                    claimed.extend(self.dag.auth_events(node));
                }
            } else {
                break;
            }
        }
        let last = self.dag.events().filter(accepted);
        last.filter(|node| !hidden.contains(node)).collect()
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
    /// An event was accepted: it takes the place of its ancestors. Behind those that are no
    /// extremities themselves stand those that they would have replaced.
    ///
    /// O(p · log n) for p `prev_events`; an event that was not accepted is passed once.
    pub(crate) fn accept(&mut self, timeline: &Timeline, event: NodeIndex, after: StateIx) {
        self.pass(timeline, event);
        self.insert(event, after);
    }

    /// An event turned out to lie in the past of others: what it replaces goes. As
    /// [`accept`](Self::accept).
    pub(crate) fn pass(&mut self, timeline: &Timeline, event: NodeIndex) {
        let mut stack: Vec<NodeIndex> = timeline.dag.prev_events(event).collect();
        while let Some(prev) = stack.pop() {
            self.remove(timeline, prev);
            if timeline.status(prev) != Some(Status::Accepted) && self.passed.insert(prev) {
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
