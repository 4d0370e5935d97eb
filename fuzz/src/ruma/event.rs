//! Events and their citations as ruma's callers keep them.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use roomdag::testing::rooms::Disagreement;
use ruma_common::{
    EventId, MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId,
};
use ruma_events::TimelineEventType;
use ruma_state_res::Event;
use ruma_state_res::utils::event_id_set::EventIdSet;
use serde_json::value::RawValue;

/// An event.
#[derive(Clone)]
pub(super) struct Pdu {
    pub(super) id: OwnedEventId,
    room_id: Option<OwnedRoomId>,
    sender: OwnedUserId,
    origin_server_ts: MilliSecondsSinceUnixEpoch,
    event_type: TimelineEventType,
    state_key: Option<String>,
    content: Box<RawValue>,
    prev_events: Vec<OwnedEventId>,
    auth_events: Vec<OwnedEventId>,
}

/// The events of a room.
pub(super) struct Store(BTreeMap<OwnedEventId, Pdu>);

impl Store {
    /// The events of a disagreement, with their contents; `None` if ruma has no word for one.
    pub(super) fn of(room: &Disagreement) -> Option<Self> {
        let ids = |ids: &[roomdag::EventId]| -> Option<Vec<OwnedEventId>> {
            ids.iter().map(|id| id.as_str().try_into().ok()).collect()
        };
        let pdu = |(id, event): (&roomdag::EventId, &roomdag::Event)| {
            let parts = event.as_ref();
            let content = room.contents.get(id)?;
            Some(Pdu {
                id: id.as_str().try_into().ok()?,
                room_id: match parts.states_room_id {
                    true => Some(parts.room_id.as_str().try_into().ok()?),
                    false => None,
                },
                sender: parts.sender.as_str().try_into().ok()?,
                origin_server_ts: MilliSecondsSinceUnixEpoch(
                    parts.origin_server_ts.try_into().ok()?,
                ),
                event_type: parts.event_type.into(),
                state_key: parts.state_key.map(str::to_owned),
                content: RawValue::from_string(content.clone()).ok()?,
                prev_events: ids(event.prev_events())?,
                auth_events: ids(event.auth_events())?,
            })
        };
        let pdus = room
            .events
            .iter()
            .map(|event| pdu(event).map(|pdu| (pdu.id.clone(), pdu)));
        pdus.collect::<Option<_>>().map(Self)
    }

    pub(super) fn get(&self, id: &EventId) -> Option<Pdu> {
        self.0.get(id).cloned()
    }

    /// What some events cite, directly or not.
    fn chain(&self, events: impl IntoIterator<Item = OwnedEventId>) -> BTreeSet<OwnedEventId> {
        let mut chain = BTreeSet::new();
        let mut stack: Vec<OwnedEventId> = events.into_iter().collect();
        while let Some(pdu) = stack.pop().and_then(|id| self.0.get(&id)) {
            stack.extend(
                pdu.auth_events
                    .iter()
                    .filter(|id| chain.insert((*id).clone()))
                    .cloned(),
            );
        }
        chain
    }

    /// The auth chain of a state. SR-01: its events are in it, as most servers have it.
    pub(super) fn chain_of_state(
        &self,
        state: impl IntoIterator<Item = OwnedEventId>,
    ) -> EventIdSet<OwnedEventId> {
        let state: Vec<OwnedEventId> = state.into_iter().collect();
        self.chain(state.clone()).into_iter().chain(state).collect()
    }

    /// The conflicted state subgraph.
    pub(super) fn subgraph(&self, conflicted: &BTreeSet<OwnedEventId>) -> EventIdSet<OwnedEventId> {
        let below = self.chain(conflicted.iter().cloned());
        let between = below.into_iter().filter(|id| {
            let cited = self.chain([id.clone()]);
            cited.iter().any(|id| conflicted.contains(id))
        });
        between.chain(conflicted.iter().cloned()).collect()
    }
}

impl Event for Pdu {
    type Id = OwnedEventId;

    fn event_id(&self) -> &OwnedEventId {
        &self.id
    }

    fn room_id(&self) -> Option<&RoomId> {
        self.room_id.as_deref()
    }

    fn sender(&self) -> &UserId {
        self.sender.borrow()
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
        self.state_key.as_deref()
    }

    fn prev_events(&self) -> Box<dyn DoubleEndedIterator<Item = &OwnedEventId> + '_> {
        Box::new(self.prev_events.iter())
    }

    fn auth_events(&self) -> Box<dyn DoubleEndedIterator<Item = &OwnedEventId> + '_> {
        Box::new(self.auth_events.iter())
    }

    fn redacts(&self) -> Option<&OwnedEventId> {
        None
    }

    fn rejected(&self) -> bool {
        false
    }
}
