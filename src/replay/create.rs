//! Which create event is the room's.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::auth::{self, StateView};
use crate::event::{Event, EventRef};
use crate::id::EventId;
use crate::pdu::CREATE;
use crate::replay::intake::implied_create;
use crate::version::RoomVersionRules;

/// The create event on which the room rests; any other is an impostor.
///
/// A server knows which one it is from how it joined. A set of events does not say, so it is the
/// one that the caller names. Else it is, of those that the rules on create events allow, the one
/// that most events cite, or imply by their room id; and of those the earliest, with the smallest
/// id. O((V + E) · log V).
pub(super) fn room_create(
    events: &[Option<Event>],
    rules: &RoomVersionRules,
    named: Option<&EventId>,
) -> Option<EventId> {
    if named.is_some() {
        return named.cloned();
    }
    let mut citing: BTreeMap<EventId, usize> = events
        .iter()
        .flatten()
        .filter(|event| {
            let parts = event.as_ref();
            let claims = (parts.event_type, parts.state_key) == (CREATE, Some(""));
            claims && auth::check(&parts, &Nothing, rules).is_allowed()
        })
        .map(|event| (event.id().clone(), 0))
        .collect();
    for event in events.iter().flatten() {
        let implied = implied_create(event, rules);
        let cited: BTreeSet<&EventId> = event.auth_events().iter().chain(&implied).collect();
        for id in cited {
            if let Some(count) = citing.get_mut(id) {
                *count = count.saturating_add(1);
            }
        }
    }
    let candidates = events
        .iter()
        .flatten()
        .filter_map(|event| Some((event, citing.get(event.id())?)));
    let best = candidates.min_by_key(|(event, citing)| {
        (
            Reverse(**citing),
            event.as_ref().origin_server_ts,
            event.id(),
        )
    });
    best.map(|(event, _)| event.id().clone())
}

/// The state before a create event.
struct Nothing;

impl StateView for Nothing {
    fn get(&self, _: &str, _: &str) -> Option<EventRef<'_>> {
        None
    }
}
