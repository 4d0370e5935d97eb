//! From a dump to events: receipt checks 1 to 3, and what does not pass them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use roomdag::crypto::{
    KeyRing, Timestamp, VerifyError, event_id, unverified, unverified_named, verify,
};
use roomdag::event::{Event, HashCheck};
use roomdag::id::{EventId, RoomId};
use roomdag::json::{Object, ParseErrorKind, Value};
use roomdag::lab::formats::{Dump, DumpEvent, Fault, FaultError, GivenId, Position, Shape};
use roomdag::limits::Limits;
use roomdag::pdu::{CREATE, FormatError, Pdu};
use roomdag::version::{EventIdFormat, RoomVersionRules, RoomVersions};

use crate::console::Console;
use crate::dropped::{Dropped, Header, about, hash_check, nominal_id};
use crate::failure::Failure;
use crate::input::{RoomArgs, name, no_event, place};

/// The events of a room that passed receipt checks 1 to 3, and those that did not.
pub(crate) struct Room {
    /// The rules of the room version.
    pub(crate) rules: RoomVersionRules,
    /// The events in the order of the file, each id once.
    pub(crate) events: Vec<Event>,
    /// The events that go by a name and whose signatures were checked all the same.
    pub(crate) verified: BTreeSet<EventId>,
    /// What is to be said of the events whose ids are no hashes, should one of them be its own
    /// ancestor.
    pub(crate) freely_named: BTreeMap<EventId, Dropped>,
    /// The events that were dropped, sorted by id.
    pub(crate) dropped: Vec<Dropped>,
    /// How much in the file could not be read at all.
    pub(crate) unreadable: usize,
    /// The state that the dump claims.
    pub(crate) claimed_state: Option<Vec<EventId>>,
    /// The event before which that state is.
    pub(crate) joined: Option<EventId>,
    /// The forward extremities that the dump names.
    pub(crate) heads: Vec<EventId>,
    /// The states that the dump gives after some events.
    pub(crate) states_after: Vec<(EventId, Vec<EventId>)>,
}

impl Room {
    /// Reads a room, and tells the console what is wrong with it.
    pub(crate) fn load(path: &str, args: &RoomArgs, console: &Console) -> Result<Self, Failure> {
        let keys = args.key_ring(console)?;
        let dump = args.read(path)?;
        if args.room_version.is_some() {
            warn_of_other_version(path, &dump, console);
        }
        let intake = Intake {
            rules: dump.rules,
            keys,
            now: args.now(),
            limits: Limits::default(),
            problems: Vec::new(),
            mismatches: 0,
        };
        let (room, mut intake) = intake.room(dump, console);
        intake.problems.sort();
        for (position, problem) in &intake.problems {
            if args.strict {
                return Err(Failure::input(place(path, *position), problem));
            }
            console.warn(format_args!("{}: {problem}", place(path, *position)));
        }
        if intake.mismatches > 0 {
            console.note("--trust-event-ids calls events by the ids that the file gives them");
        }
        if room.events.is_empty() && room.dropped.is_empty() {
            return Err(no_event(path));
        }
        let rooms: BTreeSet<&RoomId> = room
            .events
            .iter()
            .map(|event| event.as_ref().room_id)
            .collect();
        if rooms.len() > 1 {
            let (name, count) = (name(path), rooms.len());
            console.warn(format_args!(
                "{name}: events of {count} rooms, of which one is replayed"
            ));
        }
        Ok(room)
    }
}

/// Says so where the create event states another room version than the one that was asked for.
fn warn_of_other_version(path: &str, dump: &Dump, console: &Console) {
    let text = |json: &Object, key: &str| json.get(key).and_then(Value::as_str).map(str::to_owned);
    let stated = |json: &Object| {
        let content = json.get("content").and_then(Value::as_object)?;
        if content.contains_key("room_version") {
            return text(content, "room_version");
        }
        // A scenario need not say what it says elsewhere.
        let says_all = dump.shape != Shape::Scenario;
        says_all.then(|| RoomVersions::unnamed().id.to_owned())
    };
    for event in &dump.events {
        let json = &event.json;
        let is_create = text(json, "type").as_deref() == Some(CREATE)
            && text(json, "state_key").as_deref() == Some("");
        let other = stated(json).filter(|id| is_create && *id != dump.rules.id);
        if let Some(id) = other {
            let (place, used) = (place(path, event.position), dump.rules.id);
            console.warn(format_args!(
                "{place}: the create event states room version `{id:.255}`, and all is judged as \
                 of `{used}`, as --room-version says"
            ));
        }
    }
}

fn has_repeated_key(error: &FaultError) -> bool {
    let FaultError::Json(error) = error else {
        return false;
    };
    matches!(error.kind(), ParseErrorKind::DuplicateKey(_))
}

/// The first three receipt checks, and what they find.
struct Intake {
    rules: RoomVersionRules,
    keys: Option<KeyRing>,
    now: Timestamp,
    limits: Limits,
    problems: Vec<(Position, String)>,
    mismatches: usize,
}

/// A copy of an event.
struct Received {
    /// Its place among all copies of all events.
    index: usize,
    position: Position,
    id: EventId,
    outcome: Outcome,
}

enum Outcome {
    Kept {
        event: Event,
        json: Object,
        verified: bool,
        named: bool,
    },
    Dropped(Dropped),
}

impl Intake {
    fn room(mut self, dump: Dump, console: &Console) -> (Room, Self) {
        let mut copies: BTreeMap<EventId, Vec<Received>> = BTreeMap::new();
        let mut ids = Vec::with_capacity(dump.events.len());
        let mut progress = console.progress("verifying", dump.events.len());
        for (index, event) in dump.events.into_iter().enumerate() {
            let received = self.receive(index, event);
            ids.push(received.id.clone());
            copies
                .entry(received.id.clone())
                .or_default()
                .push(received);
            progress.done(index);
        }
        drop(progress);
        let mut dropped = Vec::new();
        let mut unreadable = 0_usize;
        for fault in dump.faults {
            self.problems
                .push((fault.position, fault.error.to_string()));
            match self.unreadable(fault) {
                Some(fault) => {
                    let id = fault.event_id.as_deref();
                    if !id.is_some_and(|id| copies.contains_key(id)) {
                        dropped.push(fault);
                    }
                }
                None => unreadable = unreadable.saturating_add(1),
            }
        }
        let mut kept = Vec::new();
        let mut verified = BTreeSet::new();
        let mut freely_named = BTreeMap::new();
        for (id, copies) in copies {
            let Some(best) = self.choose(dump.shape, copies) else {
                continue;
            };
            match best.outcome {
                Outcome::Kept {
                    event,
                    json,
                    verified: checked,
                    named,
                } => {
                    if named || self.rules.event_id == EventIdFormat::Field {
                        freely_named.insert(id.clone(), about(&event, &json, checked));
                    }
                    if named && checked {
                        verified.insert(id);
                    }
                    kept.push((best.index, event));
                }
                Outcome::Dropped(event) => dropped.push(event),
            }
        }
        kept.sort_by_key(|(index, _)| *index);
        dropped.sort_by_cached_key(Dropped::rank);
        let id = |index: &usize| ids.get(*index).cloned();
        let room = Room {
            rules: self.rules,
            events: kept.into_iter().map(|(_, event)| event).collect(),
            verified,
            freely_named,
            dropped,
            unreadable,
            claimed_state: dump
                .claimed_state
                .map(|state| state.iter().filter_map(id).collect()),
            joined: dump.joined.as_ref().and_then(id),
            heads: dump.heads,
            states_after: dump.states_after,
        };
        (room, self)
    }

    fn receive(&mut self, index: usize, event: DumpEvent) -> Received {
        let DumpEvent {
            position,
            json,
            given_id,
        } = event;
        match Pdu::from_json(json.clone(), &self.rules, &self.limits) {
            Ok(pdu) => {
                let id = match &given_id {
                    GivenId::Name(id) => id.clone(),
                    _ => event_id(&pdu, &self.rules),
                };
                self.compare(position, &given_id, &id);
                let outcome = self.verify(pdu, json, position, &id, &given_id);
                Received {
                    index,
                    position,
                    id,
                    outcome,
                }
            }
            Err(error) => {
                self.problems.push((position, error.to_string()));
                let id = nominal_id(&json, &given_id, &self.rules);
                self.compare(position, &given_id, &id);
                let outcome = Outcome::Dropped(Self::malformed(&json, position, &id, &error));
                Received {
                    index,
                    position,
                    id,
                    outcome,
                }
            }
        }
    }

    fn compare(&mut self, position: Position, given_id: &GivenId, id: &EventId) {
        if let GivenId::Stated(stated) = given_id
            && stated != id
        {
            self.mismatches = self.mismatches.saturating_add(1);
            let problem = format!("`event_id` is `{stated:.255}`, but the event's id is `{id}`");
            self.problems.push((position, problem));
        }
    }

    /// Receipt checks 2 and 3.
    fn verify(
        &self,
        pdu: Pdu,
        json: Object,
        position: Position,
        id: &EventId,
        given_id: &GivenId,
    ) -> Outcome {
        let named = matches!(given_id, GivenId::Name(_));
        let verdict: Result<Option<Event>, VerifyError> = match &self.keys {
            None => Ok(None),
            // What goes by a name is checked too, and then renamed.
            Some(keys) => {
                let pdu = pdu.clone();
                verify(pdu, &self.rules, keys, self.now, &self.limits).map(Some)
            }
        };
        match verdict {
            Ok(event) => {
                let verified = event.is_some();
                let event = match event {
                    _ if named => unverified_named(pdu, id.clone(), &self.rules),
                    Some(event) => event,
                    None => unverified(pdu, &self.rules),
                };
                Outcome::Kept {
                    event,
                    json,
                    verified,
                    named,
                }
            }
            Err(error) => Outcome::Dropped(Dropped {
                event_id: Some(id.to_string()),
                position: Some(position),
                header: Header::of(&json),
                well_formed: true,
                content_hash: hash_check(&json),
                signatures: "invalid",
                reason: error.to_string(),
            }),
        }
    }

    fn malformed(json: &Object, position: Position, id: &EventId, error: &FormatError) -> Dropped {
        Dropped {
            event_id: Some(id.to_string()),
            position: Some(position),
            header: Header::of(json),
            well_formed: false,
            content_hash: hash_check(json),
            signatures: "unchecked",
            reason: error.to_string(),
        }
    }

    /// An object that is no canonical JSON has no hashes. It goes by the id that the dump gives it,
    /// if it does. One with a key that it has twice says nothing of itself that can be relied on.
    /// What is no object is no event at all.
    fn unreadable(&self, fault: Fault) -> Option<Dropped> {
        let json = match fault.json {
            Some(json) => json,
            None if has_repeated_key(&fault.error) => Object::new(),
            None => return None,
        };
        let own = json.get("event_id").and_then(Value::as_str);
        let own = own.filter(|_| self.rules.event_id == EventIdFormat::Field);
        let given = fault.given_id.id().map(EventId::as_str).or(own);
        Some(Dropped {
            event_id: given.map(ToOwned::to_owned),
            position: Some(fault.position),
            header: Header::of(&json),
            well_formed: false,
            content_hash: HashCheck::Mismatch,
            signatures: "unchecked",
            reason: fault.error.to_string(),
        })
    }

    /// Of several copies of an event the one that tells most: kept rather than dropped, whole
    /// rather than redacted, and of several such always the same one, whatever their order.
    fn choose(&mut self, shape: Shape, mut copies: Vec<Received>) -> Option<Received> {
        if copies.len() > 1 {
            let first = copies.iter().map(|copy| copy.position).min()?;
            for copy in copies.iter().filter(|copy| copy.position > first) {
                // A state and the auth chain behind it have events in common.
                if shape != Shape::Response {
                    let id = &copy.id;
                    let problem = format!("event `{id:.255}` is there already: {first}");
                    self.problems.push((copy.position, problem));
                }
            }
            copies.sort_by_cached_key(|copy| match &copy.outcome {
                Outcome::Kept { event, json, .. } => {
                    let whole = event.provenance().content_hash == HashCheck::Ok;
                    (Reverse((true, whole)), json.to_canonical())
                }
                Outcome::Dropped(event) => {
                    (Reverse((false, false)), event.reason.clone().into_bytes())
                }
            });
        }
        copies.into_iter().next()
    }
}
