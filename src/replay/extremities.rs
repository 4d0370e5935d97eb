//! Forward extremities.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;

use crate::dag::RoomDag;
use crate::replay::{Replay, Status};

impl Replay {
    /// The accepted events that no accepted event has among its ancestors, sorted by event id.
    ///
    /// O(V + E).
    pub(super) fn forward_extremities(&self) -> Vec<NodeIndex> {
        let mut referenced = vec![false; self.records.nodes()];
        let mut extremities = Vec::new();
        for node in self.order.iter().rev() {
            let status = self.verdict(*node).map(super::Verdict::status);
            let is_referenced = referenced.get(node.index()).copied().unwrap_or_default();
            let accepted = status == Some(Status::Accepted);
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
        sorted(&self.dag, extremities)
    }
}

/// The forward extremities of a server, while events arrive.
#[derive(Default)]
pub(super) struct Arrived {
    extremities: BTreeSet<NodeIndex>,
    /// Events that are no extremities, behind which nothing is one either.
    passed: BTreeSet<NodeIndex>,
}

impl Arrived {
    /// An event was accepted: it takes the place of its ancestors. Behind those that are no
    /// extremities themselves stand those that they would have replaced.
    pub(super) fn accept(&mut self, replay: &Replay, event: NodeIndex) {
        let mut stack: Vec<NodeIndex> = replay.dag.prev_events(event).collect();
        while let Some(prev) = stack.pop() {
            self.extremities.remove(&prev);
            let status = replay.verdict(prev).map(super::Verdict::status);
            if status != Some(Status::Accepted) && self.passed.insert(prev) {
                stack.extend(replay.dag.prev_events(prev));
            }
        }
        self.extremities.insert(event);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        self.extremities.iter().copied()
    }

    pub(super) fn into_sorted(self, dag: &RoomDag) -> Vec<NodeIndex> {
        sorted(dag, self.extremities.into_iter().collect())
    }
}

fn sorted(dag: &RoomDag, mut events: Vec<NodeIndex>) -> Vec<NodeIndex> {
    events.sort_unstable_by_key(|node| dag.id(*node));
    events
}
