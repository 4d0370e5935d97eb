//! Events that wait: for events that they cite, or for keys.
//!
//! An event that waits is not in the graph, so whatever a hostile server makes wait costs nothing
//! but its place here, and places are limited, in number and in bytes. Where there are none left,
//! the server whose events take most of them loses the one that came last.
//!
//! INVARIANT: no event waits for itself, by whatever chain of waiting events. Only ids that are
//! not hashes could bring that about, and then the event that would close the circle is dropped.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::id::{EventId, KeyId, ServerName};
use crate::limits::Limits;
use crate::pdu::Pdu;
use crate::room::receive::Verified;

/// The events that wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    /// Those that are verified, by id.
    verified: BTreeMap<EventId, Waiting>,
    /// Those whose signatures cannot be checked yet. One id may have several copies: which of them
    /// is signed, nobody knows.
    unverified: BTreeMap<Arrival, Unverified>,
    /// Which verified events wait for an id, in order of arrival.
    needed_by: BTreeMap<EventId, BTreeSet<Arrival>>,
    /// The ids of the verified ones in order of arrival.
    arrivals: BTreeMap<Arrival, EventId>,
    /// All of them by the server of their sender.
    servers: BTreeMap<Box<str>, Share>,
    bytes: usize,
    next: u64,
}

/// What the events of a server take.
#[derive(Clone, Debug, Default)]
struct Share {
    arrivals: BTreeSet<Arrival>,
    bytes: usize,
}

/// When an event came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrival(u64);

/// A verified event.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) verified: Verified,
    /// The ids that it waits for: cited events that are not known, or whose state is not.
    pub(super) lacking: BTreeSet<EventId>,
    arrival: Arrival,
}

/// An event whose signatures cannot be checked yet.
#[derive(Clone, Debug)]
pub(super) struct Unverified {
    pub(super) id: EventId,
    pub(super) pdu: Pdu,
    pub(super) keys: Vec<(ServerName, KeyId)>,
}

impl Queue {
    pub(super) fn get(&self, id: &EventId) -> Option<&Waiting> {
        self.verified.get(id)
    }

    pub(super) fn len(&self) -> usize {
        self.verified.len().saturating_add(self.unverified.len())
    }

    /// The verified ones, in order of arrival.
    pub(super) fn verified(&self) -> impl Iterator<Item = &Waiting> {
        self.arrivals
            .values()
            .filter_map(|id| self.verified.get(id))
    }

    /// The others, in order of arrival.
    pub(super) fn unverified(&self) -> impl Iterator<Item = &Unverified> {
        self.unverified.values()
    }

    /// Lets a verified event wait. The caller sees to it that its id is not waiting yet, and that
    /// nothing in `lacking` waits for it. Returns what had to go for it, which may be the event
    /// itself.
    pub(super) fn wait(
        &mut self,
        verified: Verified,
        lacking: BTreeSet<EventId>,
        limits: &Limits,
    ) -> Vec<EventId> {
        let (id, bytes) = (verified.event.id().clone(), size(&verified.pdu));
        let arrival = self.enter(verified.pdu.sender().server_name(), bytes);
        for needed in &lacking {
            let waiting = self.needed_by.entry(needed.clone()).or_default();
            waiting.insert(arrival);
        }
        self.arrivals.insert(arrival, id.clone());
        self.verified.insert(
            id,
            Waiting {
                verified,
                lacking,
                arrival,
            },
        );
        self.make_room(limits)
    }

    /// Lets an event wait for keys; the same copy waits once. Returns what had to go for it.
    pub(super) fn wait_for_keys(
        &mut self,
        unverified: Unverified,
        limits: &Limits,
    ) -> Vec<EventId> {
        let same = |other: &&Unverified| other.pdu == unverified.pdu;
        if self.unverified.values().any(|other| same(&other)) {
            return Vec::new();
        }
        let bytes = size(&unverified.pdu);
        let arrival = self.enter(unverified.pdu.sender().server_name(), bytes);
        self.unverified.insert(arrival, unverified);
        self.make_room(limits)
    }

    /// Takes out a verified event.
    pub(super) fn take(&mut self, id: &EventId) -> Option<Waiting> {
        let waiting = self.verified.remove(id)?;
        self.arrivals.remove(&waiting.arrival);
        for needed in &waiting.lacking {
            self.forget_need(needed, waiting.arrival);
        }
        let pdu = &waiting.verified.pdu;
        self.leave(pdu.sender().server_name(), waiting.arrival, size(pdu));
        Some(waiting)
    }

    /// Takes out the events waiting for keys of which `is_known` says that some are there, in
    /// order of arrival.
    pub(super) fn take_verifiable(
        &mut self,
        is_known: impl Fn(&ServerName, &KeyId, &Pdu) -> bool,
    ) -> Vec<Pdu> {
        let some = |waiting: &Unverified| {
            let mut keys = waiting.keys.iter();
            keys.any(|(server, key)| is_known(server, key, &waiting.pdu))
        };
        let ready = self.unverified.iter().filter(|(_, waiting)| some(waiting));
        let ready: Vec<Arrival> = ready.map(|(arrival, _)| *arrival).collect();
        let taken = ready.into_iter().filter_map(|arrival| {
            let waiting = self.unverified.remove(&arrival)?;
            self.leave(
                waiting.pdu.sender().server_name(),
                arrival,
                size(&waiting.pdu),
            );
            Some(waiting.pdu)
        });
        taken.collect()
    }

    /// The verified events that wait for `id`, in order of arrival.
    pub(super) fn needing(&self, id: &EventId) -> Vec<EventId> {
        let arrivals = self.needed_by.get(id).into_iter().flatten();
        let ids = arrivals.filter_map(|arrival| self.arrivals.get(arrival));
        ids.cloned().collect()
    }

    /// Says anew what an event waits for.
    pub(super) fn update(&mut self, id: &EventId, lacking: BTreeSet<EventId>) {
        let Some(waiting) = self.verified.get_mut(id) else {
            return;
        };
        let arrival = waiting.arrival;
        let old = std::mem::replace(&mut waiting.lacking, lacking.clone());
        for needed in old.difference(&lacking) {
            self.forget_need(needed, arrival);
        }
        for needed in lacking.difference(&old) {
            self.needed_by
                .entry(needed.clone())
                .or_default()
                .insert(arrival);
        }
    }

    fn enter(&mut self, server: &str, bytes: usize) -> Arrival {
        let arrival = Arrival(self.next);
        self.next = self.next.saturating_add(1);
        let share = self.servers.entry(server.into()).or_default();
        share.arrivals.insert(arrival);
        share.bytes = share.bytes.saturating_add(bytes);
        self.bytes = self.bytes.saturating_add(bytes);
        arrival
    }

    fn leave(&mut self, server: &str, arrival: Arrival, bytes: usize) {
        if let Some(share) = self.servers.get_mut(server) {
            share.arrivals.remove(&arrival);
            share.bytes = share.bytes.saturating_sub(bytes);
            if share.arrivals.is_empty() {
                self.servers.remove(server);
            }
        }
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    fn forget_need(&mut self, needed: &EventId, arrival: Arrival) {
        if let Some(waiting) = self.needed_by.get_mut(needed) {
            waiting.remove(&arrival);
            if waiting.is_empty() {
                self.needed_by.remove(needed);
            }
        }
    }

    /// Keeps within the limits, and says which events had to go for that.
    fn make_room(&mut self, limits: &Limits) -> Vec<EventId> {
        let mut evicted = Vec::new();
        loop {
            let by_number = self.len() > limits.waiting_events;
            if !by_number && self.bytes <= limits.waiting_bytes {
                break;
            }
            let taken = |share: &Share| {
                if by_number {
                    share.arrivals.len()
                } else {
                    share.bytes
                }
            };
            let shares = self.servers.iter();
            let most = shares.max_by_key(|(server, share)| (taken(share), Reverse(*server)));
            let last = most.and_then(|(_, share)| share.arrivals.last().copied());
            let Some(id) = last.and_then(|last| self.evict(last)) else {
                break;
            };
            evicted.push(id);
        }
        evicted
    }

    fn evict(&mut self, arrival: Arrival) -> Option<EventId> {
        if let Some(id) = self.arrivals.get(&arrival).cloned() {
            self.take(&id)?;
            return Some(id);
        }
        let waiting = self.unverified.remove(&arrival)?;
        self.leave(
            waiting.pdu.sender().server_name(),
            arrival,
            size(&waiting.pdu),
        );
        Some(waiting.id)
    }
}

/// The bytes that an event counts for.
fn size(pdu: &Pdu) -> usize {
    pdu.json().as_bytes().len()
}
