//! Receipt checks 1 to 7, in order.

use serde::{Deserialize, Serialize};

use petgraph::graph::NodeIndex;

use crate::crypto::{self, KeyRing, Timestamp, VerifyError};
use crate::event::{Event, HashCheck};
use crate::id::EventId;
use crate::limits::Limits;
use crate::pdu::Pdu;
use crate::room::queue::Unverified;
use crate::room::{Admitted, Fault, Missing, Notice, Receipt, Received, Room};
use crate::version::RoomVersionRules;

/// By which door an event came.
///
/// In order: an event that came by both came by the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// [`Room::receive`]: it may be news.
    #[default]
    Live,
    /// [`Room::receive_backfilled`]: another server says that it is old.
    Backfill,
}

/// An event that has passed checks 2 and 3, and the PDU that it was.
#[derive(Clone, Debug)]
pub(super) struct Verified {
    pub(super) door: Door,
    pub(super) event: Event,
    pub(super) pdu: Pdu,
}

impl Verified {
    /// The event with the form in which it goes on: redacted if its content hash was wrong.
    pub(super) fn into_parts(self, rules: &RoomVersionRules) -> (Event, Admitted) {
        let (id, content_hash) = (
            self.event.id().clone(),
            self.event.provenance().content_hash,
        );
        let json = match content_hash {
            HashCheck::Mismatch => self.pdu.redacted_json(rules),
            HashCheck::Ok => self.pdu.into_json(),
        };
        let admitted = Admitted {
            id,
            json: Some(json),
            content_hash,
        };
        (self.event, admitted)
    }
}

impl Room {
    /// Takes a PDU as it came over federation through the receipt checks.
    ///
    /// `keys` are the public keys that the host has, `now` is the time. Nothing is fetched: what
    /// is missing is in [`Receipt::Waiting`], all of it at once, and the event is judged by itself
    /// when that arrives. The notices tell of events that the arrival of this one has settled.
    ///
    /// An event that the room has changes nothing, however often it comes, and an event that is
    /// dropped leaves no trace. What becomes of the events depends on which there are, not on
    /// their order; only soft failure does, as the specification ties it to arrival.
    ///
    /// An event of another room is dropped, too. Where ids are hashes and so tell the room, what
    /// waits for it as an auth event is rejected then, by
    /// [`AuthEventsOtherRoom`](crate::auth::Rule::AuthEventsOtherRoom). In room versions 1 and 2 it
    /// waits on, as anybody can put an id on an event of any room.
    ///
    /// # Complexity
    ///
    /// One pass over the bytes, two hashes and a signature for each server that must sign; the
    /// authorisation rules three times at the most; and the [resolution](crate::resolve::resolve)
    /// of the states after the `prev_events`, and of those after the extremities, where they
    /// differ. The size of the room does not enter; the number of events that wait does where an
    /// event waits.
    ///
    /// Spec: [checks performed on receipt of a PDU][checks].
    ///
    /// [checks]: https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
    pub fn receive(&mut self, bytes: &[u8], keys: &KeyRing, now: Timestamp) -> Received {
        let limits = self.limits;
        self.receive_by(Door::Live, bytes, &limits, keys, now)
    }

    /// As [`receive`](Self::receive), for events of the past that another server answered
    /// `/backfill` with, or `/get_missing_events` where a claimed state has jumped over them: the
    /// numbers of `prev_events` and `auth_events` are not limited, as old events have more of
    /// them, and neither the current state, which is newer, nor the policy server is asked about
    /// them.
    ///
    /// That they are old is the other server's word, so ask one that may be trusted with it. They
    /// become no forward extremities, and take no other's place, unless what the room has turns
    /// out to follow them, or they come live.
    ///
    /// Spec: [`GET /backfill`][backfill].
    ///
    /// [backfill]: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1backfillroomid
    pub fn receive_backfilled(&mut self, bytes: &[u8], keys: &KeyRing, now: Timestamp) -> Received {
        let limits = unlimited(self.limits);
        self.receive_by(Door::Backfill, bytes, &limits, keys, now)
    }

    fn receive_by(
        &mut self,
        door: Door,
        bytes: &[u8],
        limits: &Limits,
        keys: &KeyRing,
        now: Timestamp,
    ) -> Received {
        let mut notices = Vec::new();
        // 1
        let receipt = match Pdu::parse(bytes, &self.timeline.rules, limits) {
            Ok(pdu) => self.receive_pdu(pdu, door, keys, now, &mut notices),
            Err(fault) => Receipt::Dropped(fault.into()),
        };
        Received { receipt, notices }
    }

    pub(super) fn receive_pdu(
        &mut self,
        pdu: Pdu,
        door: Door,
        keys: &KeyRing,
        now: Timestamp,
        notices: &mut Vec<Notice>,
    ) -> Receipt {
        let id = match self.own(&pdu) {
            Ok(id) => id,
            Err(fault) => {
                self.reject_what_cites(&pdu, notices);
                return Receipt::Dropped(fault);
            }
        };
        let known = self.timeline.dag.node(&id);
        let known = known.filter(|node| self.timeline.dag.is_known(*node));
        if let Some(known) = known.and_then(|node| self.known(node, &id, &pdu, door)) {
            return known;
        }
        // 2, 3
        let verified = match self.verified(&pdu, door, keys, now) {
            Ok(verified) => verified,
            Err(error) => {
                let missing = error.missing_keys();
                if missing.is_empty() {
                    return Receipt::Dropped(error.into());
                }
                let unverified = Unverified {
                    id,
                    pdu,
                    door,
                    keys: missing,
                };
                return self.wait_for_keys(unverified, notices);
            }
        };
        match known {
            Some(node) if !self.aside.contains(&node) => {
                self.receive_again(node, verified, notices)
            }
            _ => self.receive_verified(verified, notices),
        }
    }

    /// Checks 2 and 3.
    pub(super) fn verified(
        &self,
        pdu: &Pdu,
        door: Door,
        keys: &KeyRing,
        now: Timestamp,
    ) -> Result<Verified, VerifyError> {
        let rules = &self.timeline.rules;
        Ok(Verified {
            door,
            event: crypto::verify(pdu.clone(), rules, keys, now, &self.limits)?,
            pdu: pdu.clone(),
        })
    }

    /// The id of a PDU, if it is one of this room.
    pub(super) fn own(&self, pdu: &Pdu) -> Result<EventId, Fault> {
        let id = crypto::event_id(pdu, &self.timeline.rules);
        match pdu.stated_room_id() {
            Some(room_id) if *room_id == self.id => Ok(id),
            Some(room_id) => Err(Fault::WrongRoom {
                room_id: room_id.clone(),
            }),
            // A create event makes a room of its own.
            None if self.timeline.create.as_ref() == Some(&id) => Ok(id),
            None => Err(Fault::WrongRoom {
                room_id: crypto::implied_room_id(&id),
            }),
        }
    }

    /// The receipt for an event that the room has; `None` if this copy may be a better one, or the
    /// event has only come with a claim.
    pub(super) fn known(
        &self,
        node: NodeIndex,
        id: &EventId,
        pdu: &Pdu,
        door: Door,
    ) -> Option<Receipt> {
        if let Some(hash) = self.hashes.get(&node)
            && *hash
                != *crypto::canonical_reference_hash(pdu.json(), &self.timeline.rules).as_bytes()
        {
            return Some(Receipt::Dropped(Fault::OtherEvent { id: id.clone() }));
        }
        let has_state = self.timeline.records.before(node).is_some();
        let may_arrive = has_state || self.saved.is_whole();
        let is_live = door == Door::Live || self.queue.get(id).is_some();
        let arrives = self.aside.contains(&node) && is_live && may_arrive;
        if arrives || self.may_improve(node, pdu) {
            return None;
        }
        Some(Receipt::Known {
            event: id.clone(),
            standing: self.standing_of(node)?,
        })
    }

    /// Whether two PDUs of one id are different events, not copies of one.
    pub(super) fn is_other(&self, one: &Pdu, other: &Pdu) -> bool {
        let rules = &self.timeline.rules;
        let hash = |pdu: &Pdu| crypto::canonical_reference_hash(pdu.json(), rules);
        self.chooses_ids() && hash(one) != hash(other)
    }

    /// Checks 4 to 7 of a verified event that the room does not have, as soon as it has what that
    /// takes.
    fn receive_verified(&mut self, mut verified: Verified, notices: &mut Vec<Notice>) -> Receipt {
        let id = verified.event.id().clone();
        if let Some(waiting) = self.queue.get(&id) {
            if self.is_other(&waiting.verified.pdu, &verified.pdu) {
                return Receipt::Dropped(Fault::OtherEvent { id });
            }
            let is_intact = |event: &Event| event.provenance().content_hash == HashCheck::Ok;
            let improves = is_intact(&verified.event) && !is_intact(&waiting.verified.event);
            let door = waiting.verified.door.min(verified.door);
            if !improves {
                let missing = Missing {
                    events: self.missing_behind(&waiting.lacking),
                    event: id.clone(),
                    keys: Vec::new(),
                };
                self.queue.set_door(&id, door);
                return Receipt::Waiting(missing);
            }
            verified.door = door;
            self.queue.take(&id);
        }
        let event = &verified.event;
        let lacking = self.lacking(event);
        if self.is_ready(event, &lacking) {
            let (receipt, settled) = self.take_up(verified, notices);
            self.settle(settled, notices);
            return receipt;
        }
        let events = self.missing_behind(&lacking);
        if events.contains(&id) {
            // What it waits for waits for it. Only an id that is no hash can bring that about.
            return Receipt::Dropped(Fault::Cycle { id });
        }
        let prev = event.prev_events().to_vec();
        let placed = self.queue.wait(verified, lacking.clone(), &self.limits);
        if self.history.contains(&id) && self.queue.get(&id).is_some() {
            self.mark_history(prev);
        }
        let missing = Missing {
            event: id,
            events,
            keys: Vec::new(),
        };
        self.waiting_receipt(missing, &lacking, placed, notices)
    }

    /// Gives an event its place that has all that it needs. Returns the events whose states are
    /// known now.
    pub(super) fn take_up(
        &mut self,
        verified: Verified,
        notices: &mut Vec<Notice>,
    ) -> (Receipt, Vec<NodeIndex>) {
        if let Some(node) = self.node(verified.event.id()) {
            return self.arrive(node, verified, notices);
        }
        let (receipt, node) = self.admit(verified, None);
        (receipt, node.into_iter().collect())
    }
}

/// Limits for events that were accepted long ago.
pub(super) fn unlimited(limits: Limits) -> Limits {
    Limits {
        prev_events: usize::MAX,
        auth_events: usize::MAX,
        ..limits
    }
}
