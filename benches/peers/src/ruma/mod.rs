//! ruma's events and rules, and the store that a server has around them.

pub mod intake;
pub mod replay;
pub mod resolve;

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use roomdag::testing::workload::Workload;
use ruma_common::room_version_rules::RoomVersionRules;
use ruma_common::{
    EventId, MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId,
    RoomVersionId, UserId,
};
use ruma_events::{StateEventType, TimelineEventType};
use ruma_state_res::{Event, StateMap};
use rustc_hash::FxHashMap;
use serde_json::value::RawValue;

use crate::answer::Answer;
use crate::graph::AuthGraph;
use crate::room::{Stored, Wire};

/// An event id whose copies share their text. Servers have such a type, since ids are copied more
/// often than anything else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(Arc<OwnedEventId>);

impl Borrow<EventId> for Id {
    fn borrow(&self) -> &EventId {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a server keeps of an event.
pub struct Pdu {
    id: Id,
    room_id: Option<OwnedRoomId>,
    sender: OwnedUserId,
    origin_server_ts: MilliSecondsSinceUnixEpoch,
    event_type: TimelineEventType,
    /// Of state events.
    key: Option<(StateEventType, String)>,
    content: Box<RawValue>,
    prev_events: Vec<Id>,
    auth_events: Vec<Id>,
    rejected: bool,
}

impl Event for Pdu {
    type Id = Id;

    fn event_id(&self) -> &Id {
        &self.id
    }

    fn room_id(&self) -> Option<&RoomId> {
        self.room_id.as_deref()
    }

    fn sender(&self) -> &UserId {
        &self.sender
    }

    fn origin_server_ts(&self) -> MilliSecondsSinceUnixEpoch {
        self.origin_server_ts
    }

    fn event_type(&self) -> &TimelineEventType {
        &self.event_type
    }

    fn content(&self) -> &RawValue {
        &self.content
    }

    fn state_key(&self) -> Option<&str> {
        self.key.as_ref().map(|(_, state_key)| state_key.as_str())
    }

    fn prev_events(&self) -> Box<dyn DoubleEndedIterator<Item = &Id> + '_> {
        Box::new(self.prev_events.iter())
    }

    fn auth_events(&self) -> Box<dyn DoubleEndedIterator<Item = &Id> + '_> {
        Box::new(self.auth_events.iter())
    }

    /// Read in room versions 1 and 2 only.
    fn redacts(&self) -> Option<&Id> {
        None
    }

    fn rejected(&self) -> bool {
        self.rejected
    }
}

/// The events of a room by number and by id, and who cites whom.
#[derive(Default)]
pub struct Store {
    events: Vec<Pdu>,
    numbers: FxHashMap<Id, u32>,
    graph: AuthGraph,
    prev: Vec<Vec<u32>>,
}

impl Store {
    pub fn of(stored: &[Stored]) -> Self {
        let mut store = Self::default();
        for stored in stored {
            store.add(&stored.id, Wire::parse(&stored.pdu));
        }
        store
    }

    fn add(&mut self, id: &str, wire: Wire<'_, Box<RawValue>>) {
        let number = u32::try_from(self.events.len()).expect("rooms are smaller");
        let id = Id(Arc::new(id.try_into().expect("it is an event id")));
        let key = |state_key: &str| (wire.event_type.into(), state_key.into());
        let [auth, prev] = [&wire.auth_events, &wire.prev_events].map(|ids| self.cited(ids));
        let time = wire.origin_server_ts.try_into().expect("it is a time");
        self.events.push(Pdu {
            id: id.clone(),
            room_id: wire
                .room_id
                .map(|id| id.try_into().expect("it is a room id")),
            sender: wire.sender.try_into().expect("it is a user id"),
            origin_server_ts: MilliSecondsSinceUnixEpoch(time),
            event_type: wire.event_type.into(),
            key: wire.state_key.map(key),
            content: wire.content,
            prev_events: self.ids(&prev),
            auth_events: self.ids(&auth),
            rejected: false,
        });
        self.numbers.insert(id, number);
        self.graph.push(auth);
        self.prev.push(prev);
    }

    fn cited(&self, ids: &[&str]) -> Vec<u32> {
        let number = |id: &&str| {
            let id: &EventId = (*id).try_into().expect("it is an event id");
            *self.numbers.get(id).expect("what is cited comes first")
        };
        ids.iter().map(number).collect()
    }

    fn ids(&self, numbers: &[u32]) -> Vec<Id> {
        let id = |number: &u32| self.event(*number).id.clone();
        numbers.iter().map(id).collect()
    }

    fn fetch(&self, id: &EventId) -> Option<&Pdu> {
        Some(self.event(*self.numbers.get(id)?))
    }

    fn event(&self, number: u32) -> &Pdu {
        &self.events[number as usize]
    }

    fn numbers<'a>(&self, ids: impl IntoIterator<Item = &'a Id>) -> Vec<u32> {
        ids.into_iter().map(|id| self.numbers[id]).collect()
    }
}

fn rules(workload: &Workload) -> RoomVersionRules {
    let version = RoomVersionId::try_from(workload.rules.id).expect("ruma knows the version");
    version.rules().expect("ruma knows its rules")
}

fn answer(state: &StateMap<Id>) -> Answer {
    let entries = state
        .iter()
        .map(|((event_type, state_key), id)| (event_type, state_key, id));
    entries.collect()
}
