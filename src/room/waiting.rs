//! Events that cannot be judged yet: what they lack, and how things go on once it is there.
//!
//! They are in the queue, or in the graph without a state.

use std::collections::{BTreeSet, VecDeque};

use petgraph::graph::NodeIndex;

use crate::crypto::{self, KeyRing, KeyStatus, Timestamp};
use crate::event::{Event, HashCheck};
use crate::id::EventId;
use crate::pdu::{CREATE, Pdu};
use crate::room::queue::{Arrival, Evicted, Placed, Unverified};
use crate::room::{Fault, Missing, Notice, Receipt, Room};

impl Room {
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

    pub(super) fn wait_for_keys(
        &mut self,
        unverified: Unverified,
        notices: &mut Vec<Notice>,
    ) -> Receipt {
        let lacking = self.unknown_to(&unverified.pdu);
        let missing = Missing {
            event: unverified.id.clone(),
            events: self.missing_behind(&lacking),
            keys: unverified.keys.clone(),
        };
        let placed = self.queue.wait_for_keys(unverified, &self.limits);
        self.waiting_receipt(missing, &lacking, placed, notices)
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

    pub(super) fn waiting_receipt(
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
    /// What rejects it for good, rejects it whatever it builds on. But what rejects an altered copy
    /// may not reject the intact one, which would have to wait. And in a room that was loaded in
    /// part, the host's store may have what is lacking, and then the state before the event is to
    /// be found all the same.
    pub(super) fn is_ready(&self, event: &Event, lacking: &BTreeSet<EventId>) -> bool {
        let is_final =
            || event.provenance().content_hash == HashCheck::Ok && self.is_rejected_already(event);
        lacking.is_empty() || (is_final() && !self.may_store_any(lacking.iter()))
    }

    /// Whether the host's store may have one of these events, or the state after it.
    fn may_store_any<'a>(&self, mut events: impl Iterator<Item = &'a EventId>) -> bool {
        events.any(|id| match self.node(id) {
            Some(node) => self.is_state_elsewhere(node),
            None => self.queue.get(id).is_none() && self.saved.may_have(id),
        })
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

    /// Goes on with what waited for an event, and for what that settles.
    pub(super) fn go_on(&mut self, id: &EventId, notices: &mut Vec<Notice>) {
        let nodes = self.admit_waiting(id, notices);
        self.settle(nodes, notices);
    }

    /// Rejects the events that wait for one of another room as an auth event, by
    /// [`AuthEventsOtherRoom`](crate::auth::Rule::AuthEventsOtherRoom). An id that is a hash is one
    /// over the room id, whoever has signed the event.
    pub(super) fn reject_what_cites(&mut self, other_room: &Pdu, notices: &mut Vec<Notice>) {
        if self.chooses_ids() || self.queue.len() == 0 {
            return;
        }
        let id = crypto::event_id(other_room, &self.timeline.rules);
        let mut settled = Vec::new();
        for waiting in self.queue.needing(&id) {
            let Some(entry) = self.queue.get(&waiting) else {
                continue;
            };
            let event = &entry.verified.event;
            // The rules on create events read no others.
            let cites = *event.event_type != *CREATE && event.auth_events().contains(&id);
            let others = entry.lacking.iter().filter(|lacking| **lacking != id);
            if !cites || self.node(&waiting).is_some() || self.may_store_any(others) {
                continue;
            }
            let Some(entry) = self.queue.take(&waiting) else {
                continue;
            };
            let (receipt, node) = self.admit_citing(entry.verified, None, Some(&id));
            notices.push(Notice::Settled {
                event: waiting,
                receipt,
            });
            settled.extend(node);
        }
        self.settle(settled, notices);
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
}
