//! Which create event is the room's.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use crate::auth::{self, StateView};
use crate::event::{EventRef, PrevEvents};
use crate::id::EventId;
use crate::replay::intake::Intake;
use crate::state::TypeIx;
use crate::version::RoomVersionRules;

/// The create event on which the room rests; any other is an impostor.
///
/// A server knows which one it is from how it joined. A set of events does not say, so it is the
/// one that the caller names. Else it is, of those that the rules on create events allow, the one
/// that most events cite, or imply by their room id; and of those the earliest, with the smallest
/// id. O((V + E) · log V).
pub(super) fn room_create(
    intake: &Intake,
    rules: &RoomVersionRules,
    named: Option<&EventId>,
) -> Option<EventId> {
    if named.is_some() {
        return named.cloned();
    }
    let candidates = intake.given.iter().filter_map(|given| {
        let event = Some(&given.event).filter(|event| event.event_type() == TypeIx::CREATE)?;
        let (_, prev) = intake.cited(given);
        let parts = EventRef {
            prev_events: PrevEvents::of(prev.iter().filter_map(|prev| intake.dag.id(*prev))),
            ..intake.dag.reduced(event)?
        };
        let allowed =
            parts.state_key == Some("") && auth::check(&parts, &Nothing, rules).is_allowed();
        allowed.then_some((event.node(), parts))
    });
    let candidates: BTreeMap<NodeIndex, EventRef<'_>> = candidates.collect();
    if let (Some((_, only)), 1) = (candidates.first_key_value(), candidates.len()) {
        return Some(only.id.clone());
    }
    let mut citing: BTreeMap<NodeIndex, usize> = BTreeMap::new();
    for given in &intake.given {
        let (auth, _) = intake.cited(given);
        let cited = auth.iter().chain(&given.implied);
        for node in cited.collect::<BTreeSet<_>>() {
            if candidates.contains_key(node) {
                let count = citing.entry(*node).or_default();
                *count = count.saturating_add(1);
            }
        }
    }
    let best = candidates.iter().min_by_key(|(node, event)| {
        let citing = citing.get(node).copied().unwrap_or_default();
        (Reverse(citing), event.origin_server_ts, event.id)
    });
    best.map(|(_, event)| event.id.clone())
}

/// The state before a create event.
struct Nothing;

impl StateView for Nothing {
    fn get(&self, _: &str, _: &str) -> Option<EventRef<'_>> {
        None
    }
}
