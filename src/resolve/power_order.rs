//! Reverse topological power ordering.

use std::cmp::Reverse;

use petgraph::graph::NodeIndex;

use crate::dag::order;
use crate::id::EventId;
use crate::pdu::content::{Level, Power};
use crate::resolve::index::{IndexMap, IndexSet};
use crate::resolve::scope::Scope;

/// By what the reverse topological power ordering sorts: greater power first, then the earlier
/// `origin_server_ts`, then the smaller event id by bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PowerKey {
    /// The sender's power, by the event's own `auth_events`.
    pub power: Reverse<SenderPower>,
    /// `origin_server_ts`.
    pub origin_server_ts: i64,
    /// The event id.
    pub id: EventId,
}

/// A power that can be ranked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SenderPower {
    /// A level. Where the power levels are unreadable the sender ranks as level 0.
    Level(Level),
    /// A creator's, above every level.
    Infinite,
}

impl From<Power> for SenderPower {
    fn from(power: Power) -> Self {
        match power {
            Power::Unreadable => Self::Level(0.into()),
            Power::Level(level) => Self::Level(level),
            Power::Infinite => Self::Infinite,
        }
    }
}

/// The power events of the full conflicted set, enlarged by what of that set they rest on.
///
/// Linear in the auth edges among the full conflicted set: the walk goes through its members only.
pub(super) fn power_events(scope: &Scope<'_>, full: &IndexSet<NodeIndex>) -> IndexSet<NodeIndex> {
    let mut stack: Vec<NodeIndex> = full
        .iter()
        .copied()
        .filter(|event| scope.is_power_event(*event))
        .collect();
    let mut chosen: IndexSet<NodeIndex> = stack.iter().copied().collect();
    while let Some(event) = stack.pop() {
        for cited in scope.dag.auth_events(event) {
            if full.contains(&cited) && chosen.insert(cited) {
                stack.push(cited);
            }
        }
    }
    chosen
}

/// Sorts `events` into reverse topological power ordering: Kahn's algorithm over the auth edges
/// among them, taking the smallest of the candidates each time. O((n + e) · log n).
pub(super) fn sort(scope: &Scope<'_>, events: &IndexSet<NodeIndex>) -> Vec<(NodeIndex, PowerKey)> {
    let keys: IndexMap<NodeIndex, PowerKey> = events
        .iter()
        .filter_map(|node| {
            let event = scope.dag.event(*node)?;
            let key = PowerKey {
                power: Reverse(scope.sender_power(*node).into()),
                origin_server_ts: event.origin_server_ts,
                id: event.id.clone(),
            };
            Some((*node, key))
        })
        .collect();
    let nodes = events.iter().copied();
    order::topological_order(
        nodes,
        |node| scope.dag.auth_events(node),
        |node| keys.get(&node),
    )
    .sorted
    .into_iter()
    .filter_map(|node| Some((node, keys.get(&node)?.clone())))
    .collect()
}
