//! Events that wait: for events that they cite, or for keys.
//!
//! An event that waits is not in the graph, so whatever a hostile server makes wait costs nothing
//! but its place here, and places are limited, in number and in bytes. Where there are none left,
//! an event goes that nobody has verified yet, since anybody can make those up in anybody's name:
//! of several the one that has waited longest, or else those whose keys are not to be had would
//! bar the way to all that come later. If there is none, the last goes of the server whose events
//! take most.
//!
//! INVARIANT: no event waits for itself, by whatever chain of waiting events. Only ids that are
//! not hashes could bring that about, and then the event that would close the circle is dropped.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::id::{EventId, KeyId, ServerName};
use crate::limits::Limits;
use crate::pdu::Pdu;
use crate::room::receive::{Door, Verified};

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
    /// The copies of each id that cannot be verified yet.
    copies: BTreeMap<EventId, BTreeSet<Arrival>>,
    /// The verified ones by the server of their sender.
    servers: BTreeMap<Box<str>, Share>,
    bytes: usize,
    next: u64,
    /// What is new or has changed since the host last kept all of it.
    unsaved: BTreeSet<Arrival>,
    /// What the host has kept and what waits no longer.
    gone: BTreeSet<Arrival>,
    /// Lower than this is what the host has kept.
    saved: u64,
}

/// What the events of a server take.
#[derive(Clone, Debug, Default)]
struct Share {
    arrivals: BTreeSet<Arrival>,
    bytes: usize,
}

/// When an event came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrival(pub(super) u64);

/// An event that waits, for whatever.
#[derive(Clone, Copy, Debug)]
pub(super) enum Entry<'a> {
    /// For events.
    Verified(&'a Waiting),
    /// For keys.
    Unverified(&'a Unverified),
}

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
    pub(super) door: Door,
    pub(super) keys: Vec<(ServerName, KeyId)>,
}

/// What became of an event that was to wait.
#[derive(Debug)]
pub(super) struct Placed {
    /// Whether it waits.
    pub(super) has_place: bool,
    /// What had to go for it, itself if it does not wait. Another copy of it may have had to.
    pub(super) evicted: Vec<Evicted>,
}

/// An event that had to go.
#[derive(Debug)]
pub(super) struct Evicted {
    pub(super) id: EventId,
    pub(super) prev_events: Vec<EventId>,
}

impl Evicted {
    fn of(id: EventId, pdu: &Pdu) -> Self {
        let prev_events = pdu.prev_events().to_vec();
        Self { id, prev_events }
    }
}

impl Queue {
    pub(super) fn get(&self, id: &EventId) -> Option<&Waiting> {
        self.verified.get(id)
    }

    pub(super) fn len(&self) -> usize {
        self.verified.len().saturating_add(self.unverified.len())
    }

    /// All that wait, in order of arrival.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Arrival, Entry<'_>)> {
        let unverified = self.unverified.keys();
        let all: BTreeSet<Arrival> = self.arrivals.keys().chain(unverified).copied().collect();
        all.into_iter()
            .filter_map(|arrival| Some((arrival, self.entry(arrival)?)))
    }

    /// Those that the host has not kept in this form, in order of arrival.
    pub(super) fn unsaved(&self) -> impl Iterator<Item = (Arrival, Entry<'_>)> {
        let unsaved = self.unsaved.iter();
        unsaved.filter_map(|arrival| Some((*arrival, self.entry(*arrival)?)))
    }

    /// Those that the host has kept and that wait no longer.
    pub(super) fn gone(&self) -> impl Iterator<Item = Arrival> + '_ {
        self.gone.iter().copied()
    }

    /// The host has kept everything.
    pub(super) fn set_saved(&mut self) {
        self.unsaved.clear();
        self.gone.clear();
        self.saved = self.next;
    }

    /// The copies of an event that cannot be verified yet, in order of arrival.
    pub(super) fn copies(&self, id: &EventId) -> impl Iterator<Item = (Arrival, &Unverified)> {
        let copies = self.copies.get(id).into_iter().flatten();
        copies.filter_map(|copy| Some((*copy, self.unverified.get(copy)?)))
    }

    /// When the next event will have come.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Goes on where another queue has left off.
    pub(super) fn set_next(&mut self, next: u64) {
        self.next = next;
    }

    fn entry(&self, arrival: Arrival) -> Option<Entry<'_>> {
        let unverified = || self.unverified.get(&arrival).map(Entry::Unverified);
        let id = self.arrivals.get(&arrival);
        let verified = id.and_then(|id| self.verified.get(id));
        verified.map(Entry::Verified).or_else(unverified)
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
    /// nothing in `lacking` waits for it.
    pub(super) fn wait(
        &mut self,
        verified: Verified,
        lacking: BTreeSet<EventId>,
        limits: &Limits,
    ) -> Placed {
        let id = verified.event.id().clone();
        self.put(verified, lacking);
        let evicted = self.make_room(limits);
        Placed {
            has_place: self.verified.contains_key(&id),
            evicted,
        }
    }

    /// Lets a verified event wait, whatever the limits are.
    pub(super) fn put(&mut self, verified: Verified, lacking: BTreeSet<EventId>) {
        let (id, bytes) = (verified.event.id().clone(), size(&verified.pdu));
        let arrival = self.enter(bytes);
        let server = verified.pdu.sender().server_name();
        let share = self.servers.entry(server.into()).or_default();
        share.arrivals.insert(arrival);
        share.bytes = share.bytes.saturating_add(bytes);
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
    }

    /// Lets an event wait for keys; the same copy waits once.
    pub(super) fn wait_for_keys(&mut self, unverified: Unverified, limits: &Limits) -> Placed {
        let is_same = |(_, copy): (Arrival, &Unverified)| copy.pdu == unverified.pdu;
        if self.copies(&unverified.id).any(is_same) {
            return Placed {
                has_place: true,
                evicted: Vec::new(),
            };
        }
        let arrival = self.put_unverified(unverified);
        let evicted = self.make_room(limits);
        Placed {
            has_place: self.unverified.contains_key(&arrival),
            evicted,
        }
    }

    /// Lets an event wait for keys, whatever the limits are.
    pub(super) fn put_unverified(&mut self, unverified: Unverified) -> Arrival {
        let arrival = self.enter(size(&unverified.pdu));
        let copies = self.copies.entry(unverified.id.clone()).or_default();
        copies.insert(arrival);
        self.unverified.insert(arrival, unverified);
        arrival
    }

    /// Takes out a verified event.
    pub(super) fn take(&mut self, id: &EventId) -> Option<Waiting> {
        let waiting = self.verified.remove(id)?;
        self.arrivals.remove(&waiting.arrival);
        for needed in &waiting.lacking {
            self.forget_need(needed, waiting.arrival);
        }
        let pdu = &waiting.verified.pdu;
        let server = pdu.sender().server_name();
        if let Some(share) = self.servers.get_mut(server) {
            share.arrivals.remove(&waiting.arrival);
            share.bytes = share.bytes.saturating_sub(size(pdu));
            if share.arrivals.is_empty() {
                self.servers.remove(server);
            }
        }
        self.leave(waiting.arrival, size(pdu));
        Some(waiting)
    }

    /// Takes out the events waiting for keys of which `is_known` says that some are there, in
    /// order of arrival.
    pub(super) fn take_verifiable(
        &mut self,
        is_known: impl Fn(&ServerName, &KeyId, &Pdu) -> bool,
    ) -> Vec<(Pdu, Door)> {
        let some = |waiting: &Unverified| {
            let mut keys = waiting.keys.iter();
            keys.any(|(server, key)| is_known(server, key, &waiting.pdu))
        };
        let ready = self.unverified.iter().filter(|(_, waiting)| some(waiting));
        let ready: Vec<Arrival> = ready.map(|(arrival, _)| *arrival).collect();
        let taken = ready
            .into_iter()
            .filter_map(|arrival| self.take_unverified(arrival));
        taken.map(|waiting| (waiting.pdu, waiting.door)).collect()
    }

    /// Takes out every copy of an event.
    pub(super) fn abandon(&mut self, id: &EventId) -> Vec<Evicted> {
        let copies = self.copies.get(id).cloned().unwrap_or_default();
        let verified = self.take(id).map(|gone| gone.verified.pdu);
        let unverified = copies
            .into_iter()
            .filter_map(|copy| Some(self.take_unverified(copy)?.pdu));
        let all: Vec<Pdu> = verified.into_iter().chain(unverified).collect();
        all.iter().map(|pdu| Evicted::of(id.clone(), pdu)).collect()
    }

    /// Takes out a copy that cannot be verified yet.
    pub(super) fn take_unverified(&mut self, arrival: Arrival) -> Option<Unverified> {
        let waiting = self.unverified.remove(&arrival)?;
        if let Some(copies) = self.copies.get_mut(&waiting.id) {
            copies.remove(&arrival);
            if copies.is_empty() {
                self.copies.remove(&waiting.id);
            }
        }
        self.leave(arrival, size(&waiting.pdu));
        Some(waiting)
    }

    /// Says anew by which door a verified event came.
    pub(super) fn set_door(&mut self, id: &EventId, door: Door) {
        if let Some(waiting) = self.verified.get_mut(id)
            && waiting.verified.door != door
        {
            waiting.verified.door = door;
            self.unsaved.insert(waiting.arrival);
        }
    }

    /// Whether a verified event waits for `id`.
    pub(super) fn needs(&self, id: &EventId) -> bool {
        self.needed_by.contains_key(id)
    }

    /// The verified events that wait for `id`, in order of arrival.
    pub(super) fn needing(&self, id: &EventId) -> Vec<EventId> {
        let arrivals = self.needed_by.get(id).into_iter().flatten();
        let ids = arrivals.filter_map(|arrival| self.arrivals.get(arrival));
        ids.cloned().collect()
    }

    /// Says anew what an event waits for.
    pub(super) fn update(&mut self, id: &EventId, lacking: &BTreeSet<EventId>) {
        let Some(waiting) = self.verified.get_mut(id) else {
            return;
        };
        let arrival = waiting.arrival;
        if waiting.lacking != *lacking {
            self.unsaved.insert(arrival);
        }
        let old = std::mem::replace(&mut waiting.lacking, lacking.clone());
        for needed in old.difference(lacking) {
            self.forget_need(needed, arrival);
        }
        for needed in lacking.difference(&old) {
            self.needed_by
                .entry(needed.clone())
                .or_default()
                .insert(arrival);
        }
    }

    fn enter(&mut self, bytes: usize) -> Arrival {
        let arrival = Arrival(self.next);
        self.next = self.next.saturating_add(1);
        self.unsaved.insert(arrival);
        self.bytes = self.bytes.saturating_add(bytes);
        arrival
    }

    fn leave(&mut self, arrival: Arrival, bytes: usize) {
        self.unsaved.remove(&arrival);
        if arrival.0 < self.saved {
            self.gone.insert(arrival);
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
    fn make_room(&mut self, limits: &Limits) -> Vec<Evicted> {
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
            let unverified = self.unverified.keys().next().copied();
            let gone = match unverified {
                Some(oldest) => self
                    .take_unverified(oldest)
                    .map(|gone| Evicted::of(gone.id, &gone.pdu)),
                None => self.evict(taken),
            };
            let Some(gone) = gone else {
                break;
            };
            evicted.push(gone);
        }
        evicted
    }

    /// Takes out the last verified event of the server whose events take most.
    fn evict(&mut self, taken: impl Fn(&Share) -> usize) -> Option<Evicted> {
        let shares = self.servers.iter();
        let (_, most) = shares.max_by_key(|(server, share)| (taken(share), Reverse(*server)))?;
        let id = self.arrivals.get(most.arrivals.last()?).cloned()?;
        let gone = self.take(&id)?;
        Some(Evicted::of(id, &gone.verified.pdu))
    }
}

/// The bytes that an event counts for.
fn size(pdu: &Pdu) -> usize {
    pdu.json().as_bytes().len()
}
