//! Reverse topological power ordering.

use std::cmp::Reverse;

use petgraph::graph::NodeIndex;

use crate::dag::order;
use crate::pdu::content::{Level, Power};
use crate::resolve::ranked::Ranked;

/// By what the reverse topological power ordering sorts: greater power first, then the earlier
/// `origin_server_ts`, then the smaller event id by bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PowerKey {
    /// The sender's power, by the event's own `auth_events`.
    pub power: Reverse<SenderPower>,
    /// `origin_server_ts`.
    pub origin_server_ts: i64,
    /// The rank of the event id: the event's place in [`Trace::full_conflicted`].
    ///
    /// [`Trace::full_conflicted`]: crate::resolve::Trace::full_conflicted
    pub rank: usize,
    /// Whether the power levels that the event cites state no level that could be read for its
    /// sender, who therefore ranks as of level 0.
    pub is_unreadable: bool,
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

/// The power events of the full conflicted set, enlarged by what of that set they rest on: whether
/// each event is one of them, by rank.
///
/// Linear in the auth edges among the full conflicted set: the walk goes through its members only.
pub(super) fn power_events(full: &Ranked<'_>) -> Vec<bool> {
    let events = full.events.iter();
    let mut chosen: Vec<bool> = events
        .map(|event| full.scope.is_power_event(*event))
        .collect();
    let power = chosen.iter().enumerate().filter(|(_, is_power)| **is_power);
    let mut stack: Vec<usize> = power.map(|(rank, _)| rank).collect();
    while let Some(rank) = stack.pop() {
        for cited in full.cited(rank) {
            if let Some(chosen) = chosen.get_mut(cited).filter(|chosen| !**chosen) {
                *chosen = true;
                stack.push(cited);
            }
        }
    }
    chosen
}

/// Sorts the `chosen` events into reverse topological power ordering: Kahn's algorithm over the
/// auth edges among them, taking the smallest of the candidates each time. O((n + e) · log n).
pub(super) fn sort(full: &Ranked<'_>, chosen: &[bool]) -> Vec<(NodeIndex, PowerKey)> {
    let scope = full.scope;
    let key = |(rank, (event, chosen)): (usize, (&NodeIndex, &bool))| {
        let event = Some(*event).filter(|_| *chosen)?;
        let power = scope.sender_power(event);
        Some(PowerKey {
            is_unreadable: power == Power::Unreadable,
            power: Reverse(power.into()),
            origin_server_ts: scope.dag.origin_server_ts(event)?,
            rank,
        })
    };
    let mut keys: Vec<Option<PowerKey>> = full
        .events
        .iter()
        .zip(chosen)
        .enumerate()
        .map(key)
        .collect();
    let of = |rank: usize| keys.get(rank).and_then(Option::as_ref);
    let nodes = (0..keys.len()).filter(|rank| of(*rank).is_some());
    let sorted = order::topological_order(nodes, |rank| full.cited(rank), of).sorted;
    let take = |rank: usize| Some((full.event(rank)?, keys.get_mut(rank)?.take()?));
    sorted.into_iter().filter_map(take).collect()
}
