//! What lies in the past of events that have their place: it becomes no forward extremity.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;

use crate::id::EventId;
use crate::room::Room;

impl Room {
    /// Notes that what lies before an event with a place lies in the past, and that the state of
    /// an event of the past is known now.
    pub(super) fn note_past(&mut self, node: NodeIndex) {
        let Some(id) = self.timeline.dag.id(node) else {
            return;
        };
        let mut proven = self.history.contains(id);
        if proven && self.timeline.records.before(node).is_some() {
            let id = id.clone();
            self.history.remove(&id);
        }
        proven |= self.counts(node);
        if proven && !(self.aside.is_empty() && self.has_states_behind(node)) {
            let dag = &self.timeline.dag;
            let prev = dag.prev_events(node);
            self.mark_history(prev.filter_map(|prev| dag.id(prev).cloned()).collect());
        }
    }

    /// Whether an event lies in the past of events that have their place already.
    pub(super) fn is_of_the_past(&self, node: NodeIndex) -> bool {
        !self.those_of_the_past(&BTreeSet::from([node])).is_empty()
    }

    /// Which of these events lie in the past of events that have their place already.
    ///
    /// O(n · log n) for the n events that follow them and have no place.
    pub(super) fn those_of_the_past(&self, nodes: &BTreeSet<NodeIndex>) -> BTreeSet<NodeIndex> {
        let dag = &self.timeline.dag;
        let in_history = |node: &NodeIndex| {
            let id = dag.id(*node);
            self.past.contains(node) || id.is_some_and(|id| self.history.contains(id))
        };
        let (mut found, rest): (BTreeSet<_>, BTreeSet<_>) =
            nodes.iter().copied().partition(in_history);
        let mut seen = rest.clone();
        let mut stack: Vec<NodeIndex> = rest.iter().copied().collect();
        let mut proven = Vec::new();
        while let Some(node) = stack.pop() {
            for child in dag.children(node) {
                if self.counts(child) {
                    proven.push(node);
                } else if seen.insert(child) {
                    stack.push(child);
                }
            }
        }
        while let Some(node) = proven.pop() {
            if seen.remove(&node) {
                if rest.contains(&node) {
                    found.insert(node);
                }
                proven.extend(dag.prev_events(node));
            }
        }
        found
    }

    /// Notes that these events, and what they cite as `prev_events`, lie in the past of events
    /// before which the state is known.
    pub(super) fn mark_history(&mut self, ids: Vec<EventId>) {
        let mut stack = ids;
        while let Some(id) = stack.pop() {
            let node = self.node(&id);
            if let Some(node) = node.filter(|node| self.aside.remove(node)) {
                self.past.insert(node);
                self.dismiss_copies(node);
                self.saved.change(node);
                self.is_unsettled = true;
                let dag = &self.timeline.dag;
                let prev = dag.prev_events(node);
                stack.extend(prev.filter_map(|prev| dag.id(prev).cloned()));
            }
            let after = node.and_then(|node| self.timeline.records.after(node));
            if after.is_some() || !self.history.insert(id.clone()) {
                continue;
            }
            if let Some(waiting) = self.queue.get(&id) {
                stack.extend(waiting.verified.pdu.prev_events().iter().cloned());
            }
            let dag = &self.timeline.dag;
            let prev = dag.node(&id).map(|node| dag.prev_events(node));
            let prev = prev.into_iter().flatten();
            stack.extend(prev.filter_map(|prev| dag.id(prev).cloned()));
        }
    }

    /// Forgets that events lie in the past of others where only an event said so that waits no
    /// longer.
    pub(super) fn forget_history(&mut self, ids: &[EventId]) {
        for id in ids {
            let is_cited = self.timeline.dag.node(id).is_some() || self.queue.needs(id);
            if !is_cited {
                self.history.remove(id);
            }
        }
    }

    /// Whether an event of the past that waits has this one before it.
    pub(super) fn is_waited_upon(&self, node: NodeIndex) -> bool {
        let Some(id) = self.timeline.dag.id(node) else {
            return false;
        };
        let waiting = self.history.iter().filter_map(|id| self.queue.get(id));
        let mut before = waiting.flat_map(|waiting| waiting.verified.pdu.prev_events());
        before.any(|before| before == id)
    }
}
