//! From events in any order to an order in which each can be judged.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::dag::order;
use crate::event::{Event, HashCheck, Signatures};
use crate::id::EventId;
use crate::pdu::CREATE;
use crate::replay::{Arrival, ReplayOptions};
use crate::version::{CreateReference, RoomVersionRules};

/// An event that was given and has no part in the replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The event.
    pub event: EventId,
    /// Why it has no part.
    pub refusal: Refusal,
}

/// Why an event has no part in a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// It was given more than once, the same each time.
    Repeated,
    /// It was given with other content too. A copy that is intact is preferred to one that was
    /// redacted or altered, a signed one to one that is not; in room versions where servers choose
    /// the ids, two intact ones are two events of one name, of which one has to give way.
    OtherCopy,
    /// It is among its own ancestors, which only ids that are not hashes allow.
    Cycle,
    /// The graph has no numbers left.
    Full,
}

/// Events, each once; in which order to judge them, what is cited before what cites it; and what
/// is left out.
#[derive(Debug, Default)]
pub(super) struct Intake {
    /// To be taken out one by one, so that they never take twice their memory.
    pub(super) events: Vec<Option<Event>>,
    pub(super) order: Vec<usize>,
    pub(super) refused: Vec<Refused>,
}

/// Sorts events for judging. Which of several copies is taken, and what is refused, depends on
/// the events alone.
///
/// What an event cites comes before it, and so do the create event that its room id implies and
/// the state that is claimed for it. Where that leaves a choice, the order is by arrival if that
/// is known, and else by depth, `origin_server_ts` and id. O((V + E) · log V).
pub(super) fn sort(
    events: impl IntoIterator<Item = Event>,
    rules: &RoomVersionRules,
    options: &ReplayOptions,
) -> Intake {
    let mut refused = Vec::new();
    let given = distinct(events, &mut refused);
    let by_id: HashMap<&EventId, usize> = given
        .iter()
        .enumerate()
        .map(|(at, event)| (event.id(), at))
        .collect();
    let at = |id: &EventId| by_id.get(id).copied();
    let cited = |event: &Event| -> Vec<usize> {
        event
            .prev_events()
            .iter()
            .chain(event.auth_events())
            .filter_map(at)
            .collect()
    };
    let edges: Vec<Vec<usize>> = given.iter().map(cited).collect();
    let circular = on_cycles(&edges);
    refused.extend(
        circular
            .iter()
            .filter_map(|at| given.get(*at))
            .map(|event| Refused {
                event: event.id().clone(),
                refusal: Refusal::Cycle,
            }),
    );

    let key = |node: usize| {
        let event = given
            .get(node)
            .filter(|_| options.arrival == Arrival::Unknown);
        let parts = event.map(Event::as_ref);
        (
            parts.map(|parts| (parts.depth, parts.origin_server_ts, parts.id.clone())),
            node,
        )
    };
    let nodes = || (0..given.len()).filter(|at| !circular.contains(at));
    let plainly = |node: usize| edges.get(node).cloned().unwrap_or_default();
    let besides = |node: usize| {
        let event = given.get(node);
        let implied = event
            .and_then(|event| implied_create(event, rules))
            .and_then(|id| at(&id));
        let claim = event.and_then(|event| {
            let has_gap = event.prev_events().iter().any(|id| at(id).is_none());
            options.claimed.get(event.id()).filter(|_| has_gap)
        });
        implied
            .into_iter()
            .chain(claim.into_iter().flatten().filter_map(at))
            .collect::<Vec<_>>()
    };
    let all = |node: usize| plainly(node).into_iter().chain(besides(node));
    let order::TopologicalOrder {
        mut sorted,
        left_over,
    } = order::topological_order(nodes(), all, key);
    // A claim, or a forged create event, that rests on the event itself explains nothing. Citations
    // alone leave nothing over.
    sorted.extend(order::topological_order(left_over, plainly, key).sorted);

    refused.sort_by(|a, b| (&a.event, a.refusal).cmp(&(&b.event, b.refusal)));
    let events = given.into_iter().map(Some).collect();
    Intake {
        events,
        order: sorted,
        refused,
    }
}

/// The id of the create event that an event's room id implies, in room versions where it does.
pub(super) fn implied_create(event: &Event, rules: &RoomVersionRules) -> Option<EventId> {
    let parts = event.as_ref();
    let implied =
        rules.auth.create_reference == CreateReference::Forbidden && parts.event_type != CREATE;
    let rest = parts.room_id.as_str().get(1..).filter(|_| implied)?;
    Some(EventId::from_trusted(format!("${rest}")))
}

/// One event of each id, in order of first arrival. Equal ids share their memory.
fn distinct(events: impl IntoIterator<Item = Event>, refused: &mut Vec<Refused>) -> Vec<Event> {
    let mut given: Vec<Event> = Vec::new();
    let mut ids: HashSet<EventId> = HashSet::new();
    let mut by_id: HashMap<EventId, usize> = HashMap::new();
    let mut copies: BTreeMap<usize, Vec<Event>> = BTreeMap::new();
    for mut event in events {
        for id in event
            .prev_events
            .iter_mut()
            .chain(&mut event.auth_events)
            .chain([&mut event.id])
        {
            match ids.get(id) {
                Some(known) => *id = known.clone(),
                None => drop(ids.insert(id.clone())),
            }
        }
        if let Some(at) = by_id.get(event.id()) {
            copies.entry(*at).or_default().push(event);
        } else {
            by_id.insert(event.id().clone(), given.len());
            given.push(event);
        }
    }
    for (at, mut copies) in copies {
        let Some(slot) = given.get_mut(at) else {
            continue;
        };
        copies.push(slot.clone());
        copies.sort_by_cached_key(rank);
        let mut copies = copies.into_iter();
        let Some(best) = copies.next() else { continue };
        refused.extend(copies.map(|copy| Refused {
            event: copy.id().clone(),
            refusal: if copy == best {
                Refusal::Repeated
            } else {
                Refusal::OtherCopy
            },
        }));
        *slot = best;
    }
    given
}

/// By what one copy of an event is preferred to another: the smaller, the better.
fn rank(event: &Event) -> (bool, bool, String) {
    let provenance = event.provenance();
    (
        provenance.content_hash == HashCheck::Mismatch,
        provenance.signatures == Signatures::Unchecked,
        format!("{event:?}"),
    )
}

/// The events on circles of citations, and those between two circles.
fn on_cycles(edges: &[Vec<usize>]) -> BTreeSet<usize> {
    let cited = |node: usize| edges.get(node).cloned().unwrap_or_default();
    let above = order::topological_order(0..edges.len(), cited, |node| node).left_over;
    if above.is_empty() {
        return BTreeSet::new();
    }
    let mut citing: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (node, cited) in edges.iter().enumerate() {
        for cited in cited {
            citing.entry(*cited).or_default().push(node);
        }
    }
    let citing = |node: usize| citing.get(&node).cloned().unwrap_or_default();
    order::topological_order(above, citing, |node| node)
        .left_over
        .into_iter()
        .collect()
}
