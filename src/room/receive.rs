//! Receipt checks 1 to 7, in order.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use petgraph::graph::NodeIndex;

use crate::crypto::{self, KeyRing, KeyStatus, Timestamp, VerifyError};
use crate::event::{Event, HashCheck};
use crate::id::EventId;
use crate::limits::Limits;
use crate::pdu::Pdu;
use crate::room::queue::{Arrival, Evicted, Placed, Unverified};
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
            json,
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

    /// Judges the events that waited for keys which `keys` has by now; and what was put off while
    /// the room was loaded in part.
    ///
    /// Linear in the number of such events.
    pub fn resume(&mut self, keys: &KeyRing, now: Timestamp) -> Vec<Notice> {
        let validity = self.timeline.rules.key_validity;
        let ready = self.queue.take_verifiable(|server, key, pdu| {
            let found = keys.lookup(server, key, pdu.origin_server_ts(), now, validity);
            !matches!(found, KeyStatus::Unknown)
        });
        let mut notices = self.catch_up();
        for (pdu, door) in ready {
            let event = crypto::event_id(&pdu, &self.timeline.rules);
            let receipt = self.receive_pdu(pdu, door, keys, now, &mut notices);
            if !matches!(receipt, Receipt::Waiting(_)) {
                notices.push(Notice::Settled { event, receipt });
            }
        }
        notices
    }

    /// Lets an event that waits wait no longer: what it needs is not to be had. Returns whether it
    /// did wait. It may be received again.
    pub fn abandon(&mut self, event: &EventId) -> bool {
        let gone = self.queue.abandon(event);
        for Evicted { prev_events, .. } in &gone {
            self.forget_history(prev_events);
        }
        !gone.is_empty()
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

    fn receive_pdu(
        &mut self,
        pdu: Pdu,
        door: Door,
        keys: &KeyRing,
        now: Timestamp,
        notices: &mut Vec<Notice>,
    ) -> Receipt {
        let id = match self.own(&pdu) {
            Ok(id) => id,
            Err(fault) => return Receipt::Dropped(fault),
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
    fn known(&self, node: NodeIndex, id: &EventId, pdu: &Pdu, door: Door) -> Option<Receipt> {
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

    /// Lets those copies of an event that the room has wait for keys no longer of which
    /// [`known`](Self::known) says that they tell nothing more.
    pub(super) fn dismiss_copies(&mut self, node: NodeIndex) {
        let Some(id) = self.timeline.dag.id(node) else {
            return;
        };
        let is_spent = |copy: &Unverified| self.known(node, id, &copy.pdu, copy.door).is_some();
        let copies = self.queue.copies(id);
        let spent = copies.filter_map(|(arrival, copy)| is_spent(copy).then_some(arrival));
        for copy in spent.collect::<Vec<Arrival>>() {
            self.queue.take_unverified(copy);
        }
    }

    /// Whether two PDUs of one id are different events, not copies of one.
    pub(super) fn is_other(&self, one: &Pdu, other: &Pdu) -> bool {
        let rules = &self.timeline.rules;
        let hash = |pdu: &Pdu| crypto::canonical_reference_hash(pdu.json(), rules);
        self.chooses_ids() && hash(one) != hash(other)
    }

    fn wait_for_keys(&mut self, unverified: Unverified, notices: &mut Vec<Notice>) -> Receipt {
        let lacking = self.unknown_to(&unverified.pdu);
        let missing = Missing {
            event: unverified.id.clone(),
            events: self.missing_behind(&lacking),
            keys: unverified.keys.clone(),
        };
        let placed = self.queue.wait_for_keys(unverified, &self.limits);
        self.waiting_receipt(missing, &lacking, placed, notices)
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

    fn waiting_receipt(
        &mut self,
        mut missing: Missing,
        lacking: &BTreeSet<EventId>,
        placed: Placed,
        notices: &mut Vec<Notice>,
    ) -> Receipt {
        if !placed.evicted.is_empty() {
            // What had to go for it may be missing now.
            missing.events = self.missing_behind(lacking);
        }
        for Evicted { id, prev_events } in placed.evicted {
            self.forget_history(&prev_events);
            if id != missing.event {
                notices.push(Notice::Evicted { event: id });
            }
        }
        if placed.has_place {
            Receipt::Waiting(missing)
        } else {
            Receipt::Dropped(Fault::QueueFull)
        }
    }

    /// Forgets that events lie in the past of others where only an event said so that waits no
    /// longer.
    fn forget_history(&mut self, ids: &[EventId]) {
        for id in ids {
            let is_cited = self.timeline.dag.node(id).is_some() || self.queue.needs(id);
            if !is_cited {
                self.history.remove(id);
            }
        }
    }

    /// What an event has to wait for: cited events that are not known, and `prev_events` after
    /// which the state is not.
    pub(super) fn lacking(&self, event: &Event) -> BTreeSet<EventId> {
        let auth = event.auth_events().iter().filter(|id| !self.is_known(id));
        let prev = event.prev_events().iter();
        let prev = prev.filter(|id| !self.has_state_after(id));
        auth.chain(prev).cloned().collect()
    }

    /// Whether an event can be judged although it lacks something, if it does.
    ///
    /// What rejects it for good, rejects it whatever it builds on. But in a room that was loaded in
    /// part, the host's store may have what is lacking, and then the state before the event is to
    /// be found all the same.
    pub(super) fn is_ready(&self, event: &Event, lacking: &BTreeSet<EventId>) -> bool {
        let may_be_stored = |id: &EventId| match self.node(id) {
            Some(node) => self.is_state_elsewhere(node),
            None => self.queue.get(id).is_none() && self.saved.may_have(id),
        };
        lacking.is_empty()
            || (self.is_rejected_already(event) && !lacking.iter().any(may_be_stored))
    }

    pub(super) fn is_known(&self, id: &EventId) -> bool {
        let node = self.timeline.dag.node(id);
        node.is_some_and(|node| self.timeline.dag.is_known(node))
    }

    /// What a PDU cites and the room does not have.
    pub(super) fn unknown_to(&self, pdu: &Pdu) -> BTreeSet<EventId> {
        let cited = pdu.auth_events().iter().chain(pdu.prev_events());
        cited.filter(|id| !self.is_known(id)).cloned().collect()
    }

    fn has_state_after(&self, id: &EventId) -> bool {
        let node = self.timeline.dag.node(id);
        node.is_some_and(|node| self.timeline.state_after(node).is_some())
    }

    /// Of what some events wait for, what nobody has: the ids at the bottom of every chain of
    /// waiting events and of events without a state. Sorted. O(w) in those events.
    pub(super) fn missing_behind(&self, lacking: &BTreeSet<EventId>) -> Vec<EventId> {
        let dag = &self.timeline.dag;
        let mut seen: BTreeSet<EventId> = BTreeSet::new();
        let mut missing = BTreeSet::new();
        let mut stack: Vec<EventId> = lacking.iter().cloned().collect();
        while let Some(id) = stack.pop() {
            if !seen.insert(id.clone()) {
                continue;
            }
            if let Some(waiting) = self.queue.get(&id) {
                stack.extend(waiting.lacking.iter().cloned());
            } else if let Some(node) = self.node(&id) {
                if self.is_state_elsewhere(node) {
                    missing.insert(id);
                    continue;
                }
                let stateless = |prev: &NodeIndex| self.timeline.records.after(*prev).is_none();
                let prev = dag.prev_events(node).filter(stateless);
                stack.extend(prev.filter_map(|prev| dag.id(prev).cloned()));
            } else {
                missing.insert(id);
            }
        }
        missing.into_iter().collect()
    }

    /// Whether there is a state after an event which is not loaded.
    fn is_state_elsewhere(&self, node: NodeIndex) -> bool {
        let timeline = &self.timeline;
        timeline.records.after(node).is_some() && timeline.state_after(node).is_none()
    }

    /// Goes on with what waited for `nodes`, and for what that settles.
    pub(super) fn settle(
        &mut self,
        nodes: impl IntoIterator<Item = NodeIndex>,
        notices: &mut Vec<Notice>,
    ) {
        let mut settled: VecDeque<NodeIndex> = nodes.into_iter().collect();
        while let Some(node) = settled.pop_front() {
            let Some(id) = self.timeline.dag.id(node).cloned() else {
                continue;
            };
            settled.extend(self.admit_waiting(&id, notices));
            // Events that are in the graph without a state, or with one that was claimed.
            let ready = self.with_new_state(node);
            if !ready.is_empty() && self.saved.is_whole() {
                settled.extend(self.reevaluate(&ready, None, notices));
            }
        }
        if self.is_unsettled {
            self.find_extremities();
        }
    }

    /// Gives an event its place that has all that it needs. Returns the events whose states are
    /// known now.
    fn take_up(
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

    /// Goes on with what waited for an event, and for what that settles.
    pub(super) fn go_on(&mut self, id: &EventId, notices: &mut Vec<Notice>) {
        let nodes = self.admit_waiting(id, notices);
        self.settle(nodes, notices);
    }

    /// Judges the events that waited for one that is there now, as far as they lack nothing else.
    fn admit_waiting(&mut self, id: &EventId, notices: &mut Vec<Notice>) -> Vec<NodeIndex> {
        let mut settled = Vec::new();
        for waiting in self.queue.needing(id) {
            let Some(event) = self.queue.get(&waiting).map(|entry| &entry.verified.event) else {
                continue;
            };
            let lacking = self.lacking(event);
            if !self.is_ready(event, &lacking) {
                self.queue.update(&waiting, &lacking);
                continue;
            }
            let Some(entry) = self.queue.take(&waiting) else {
                continue;
            };
            let (receipt, nodes) = self.take_up(entry.verified, notices);
            notices.push(Notice::Settled {
                event: waiting,
                receipt,
            });
            settled.extend(nodes);
        }
        settled
    }

    /// The events after `node` that wait for the states after their `prev_events`, now that all of
    /// them are known.
    pub(super) fn with_new_state(&self, node: NodeIndex) -> BTreeSet<NodeIndex> {
        let timeline = &self.timeline;
        if timeline.records.after(node).is_none() {
            return BTreeSet::new();
        }
        let waits = |child: &NodeIndex| {
            let stateless = timeline.records.before(*child).is_none();
            stateless || timeline.claims.contains_key(child)
        };
        let children = timeline.dag.children(node);
        let children = children.filter(waits);
        children
            .filter(|child| self.has_states_behind(*child))
            .collect()
    }

    /// Notes that these events, and what they cite as `prev_events`, lie in the past of events
    /// before which the state is known.
    pub(super) fn mark_history(&mut self, ids: Vec<EventId>) {
        let mut stack = ids;
        while let Some(id) = stack.pop() {
            let node = self.node(&id);
            if let Some(node) = node.filter(|node| self.aside.remove(node)) {
                self.past.insert(node);
                self.dismiss_copies(node);
                self.saved.change(node);
                self.is_unsettled = true;
                let dag = &self.timeline.dag;
                let prev = dag.prev_events(node);
                stack.extend(prev.filter_map(|prev| dag.id(prev).cloned()));
            }
            let after = node.and_then(|node| self.timeline.records.after(node));
            if after.is_some() || !self.history.insert(id.clone()) {
                continue;
            }
            if let Some(waiting) = self.queue.get(&id) {
                stack.extend(waiting.verified.pdu.prev_events().iter().cloned());
            }
            let dag = &self.timeline.dag;
            let prev = dag.node(&id).map(|node| dag.prev_events(node));
            let prev = prev.into_iter().flatten();
            stack.extend(prev.filter_map(|prev| dag.id(prev).cloned()));
        }
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
