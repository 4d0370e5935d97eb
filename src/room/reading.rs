//! What a claim consists of, and whether it can be right.
//!
//! Nothing of the room changes here: see [`claim`](super::claim) for what is made of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::auth::Decision;
use crate::crypto::{self, KeyRing, Timestamp};
use crate::dag::order;
use crate::event::{Event, HashCheck};
use crate::id::{EventId, KeyId, ServerName};
use crate::pdu::{CREATE, Pdu};
use crate::room::receive::{Door, Verified, unlimited};
use crate::room::{Claim, ClaimDefect, ClaimError, Fault, Room};
use crate::timeline::Status;

/// What a claim consists of, once it is read.
#[derive(Default)]
pub(super) struct Reading {
    /// The events of the state, each once, in the order of the claim.
    pub(super) state: Vec<EventId>,
    /// Events that the room does not have, or that wait in it.
    pub(super) bodies: BTreeMap<EventId, Verified>,
    /// Those whose signatures cannot be checked yet.
    pub(super) unverified: BTreeMap<EventId, Pdu>,
    pub(super) keys: BTreeSet<(ServerName, KeyId)>,
    pub(super) defects: Vec<ClaimDefect>,
}

impl Room {
    /// The keys without which some signatures of a claim's events cannot be checked.
    pub(super) fn keys_missing_from(
        &self,
        claim: &Claim<'_>,
        keys: &KeyRing,
        now: Timestamp,
    ) -> BTreeSet<(ServerName, KeyId)> {
        self.read(claim, keys, now).keys
    }

    /// Checks 1 to 3 of a claim's events.
    pub(super) fn read(&self, claim: &Claim<'_>, keys: &KeyRing, now: Timestamp) -> Reading {
        let limits = unlimited(self.limits);
        let mut reading = Reading::default();
        let mut seen = BTreeSet::new();
        let bodies = claim.events.iter().chain(&claim.auth_chain).enumerate();
        for (position, bytes) in bodies {
            let pdu = match Pdu::parse(bytes, &self.timeline.rules, &limits) {
                Ok(pdu) => pdu,
                Err(fault) => {
                    reading
                        .defects
                        .push(ClaimDefect::Format { position, fault });
                    continue;
                }
            };
            let id = crypto::event_id(&pdu, &self.timeline.rules);
            if let Err(Fault::WrongRoom { room_id }) = self.own(&pdu) {
                let event = id;
                reading
                    .defects
                    .push(ClaimDefect::WrongRoom { event, room_id });
                continue;
            }
            if position < claim.events.len() && seen.insert(id.clone()) {
                reading.state.push(id.clone());
            }
            if self.node(&id).is_some() || reading.bodies.contains_key(&id) {
                continue;
            }
            match self.verified(&pdu, Door::Live, keys, now) {
                Ok(body) => {
                    reading.bodies.insert(id, body);
                }
                Err(error) if error.missing_keys().is_empty() => {
                    let event = id;
                    reading
                        .defects
                        .push(ClaimDefect::Signatures { event, error });
                }
                Err(error) => {
                    reading.keys.extend(error.missing_keys());
                    reading.unverified.insert(id, pdu);
                }
            }
        }
        let ids = claim.ids.iter().filter(|id| seen.insert((*id).clone()));
        reading.state.extend(ids.cloned());
        reading
    }

    /// Adds what waits among the events that a claim names or rests on. An intact copy is the better
    /// one; of two events of one id, the one that came first stays.
    pub(super) fn read_waiting(&self, reading: &mut Reading) {
        let mut seen: BTreeSet<EventId> = BTreeSet::new();
        let mut stack = reading.state.clone();
        while let Some(id) = stack.pop() {
            if self.node(&id).is_some() || !seen.insert(id.clone()) {
                continue;
            }
            if let Some(waiting) = self.queue.get(&id) {
                let (here, claimed) = (&waiting.verified, reading.bodies.get(&id));
                let is_intact =
                    |body: &Verified| body.event.provenance().content_hash == HashCheck::Ok;
                let improves = claimed.is_some_and(|claimed| {
                    is_intact(claimed)
                        && !is_intact(here)
                        && !self.is_other(&claimed.pdu, &here.pdu)
                });
                if !improves {
                    reading.bodies.insert(id.clone(), here.clone());
                }
            }
            let cited = reading.bodies.get(&id).map(|body| body.event.auth_events());
            stack.extend(cited.unwrap_or_default().iter().cloned());
        }
    }

    /// The events that the room has to take up for a claim, in an order that has first what is
    /// cited: those that it does not have, of the state, of the auth chains and of what `event`
    /// cites there.
    pub(super) fn needed(
        &self,
        reading: &Reading,
        event: Option<&Event>,
    ) -> Result<Vec<EventId>, ClaimError> {
        let mut found: BTreeSet<&EventId> = BTreeSet::new();
        let mut unverified: BTreeSet<&EventId> = BTreeSet::new();
        let mut missing: BTreeSet<EventId> = BTreeSet::new();
        let cited = event.map(Event::auth_events).unwrap_or_default();
        let mut stack: Vec<&EventId> = reading.state.iter().chain(cited).collect();
        while let Some(id) = stack.pop() {
            if self.node(id).is_some() {
                continue;
            }
            match reading.bodies.get(id) {
                Some(body) if found.insert(id) => stack.extend(body.event.auth_events()),
                Some(_) => {}
                None => match reading.unverified.get(id) {
                    Some(pdu) if unverified.insert(id) => stack.extend(pdu.auth_events()),
                    Some(_) => {}
                    None => {
                        missing.insert(id.clone());
                    }
                },
            }
        }
        let mut defects = reading.defects.clone();
        if let Some(event) = event.filter(|event| found.contains(event.id())) {
            // Nothing in the state before an event is the event, or rests on it.
            defects.push(ClaimDefect::Cycle {
                event: event.id().clone(),
            });
        }
        if !defects.is_empty() {
            return Err(ClaimError::Invalid { defects });
        }
        if !missing.is_empty() || !reading.keys.is_empty() {
            return Err(ClaimError::Missing {
                events: missing.into_iter().collect(),
                keys: reading.keys.iter().cloned().collect(),
            });
        }
        let cited = |id: &EventId| {
            let body = reading.bodies.get(id);
            body.map(|body| body.event.auth_events())
                .unwrap_or_default()
        };
        let order = order::topological_order(found, |id| cited(id).iter(), |id| id);
        let mut circular = order.left_over.into_iter();
        if let Some(event) = circular
            .next()
            .cloned()
            .or_else(|| self.circle(&order.sorted, reading))
        {
            return Err(ClaimError::Invalid {
                defects: vec![ClaimDefect::Cycle { event }],
            });
        }
        Ok(order.sorted.into_iter().cloned().collect())
    }

    /// An event that the graph would refuse for a circle; only chosen ids can make one.
    fn circle(&self, order: &[&EventId], reading: &Reading) -> Option<EventId> {
        if !self.chooses_ids() {
            return None;
        }
        let mut trial = self.timeline.dag.clone();
        let refused = |id: &&&EventId| {
            let body = reading.bodies.get(**id);
            body.is_some_and(|body| trial.insert(body.event.clone()).is_err())
        };
        order.iter().find(refused).map(|id| (*id).clone())
    }

    /// Check 4 of events that are not in the graph: those that are rejected, with the reason.
    pub(super) fn judge_bodies(
        &self,
        order: &[EventId],
        bodies: &BTreeMap<EventId, Verified>,
    ) -> BTreeMap<EventId, Option<Box<Decision>>> {
        let mut rejected: BTreeMap<EventId, Option<Box<Decision>>> = BTreeMap::new();
        for id in order {
            let Some(Verified { event, .. }) = bodies.get(id) else {
                continue;
            };
            let decision = self.timeline.check_unplaced_among(event, |cited| {
                let body = bodies.get(cited)?;
                Some((body.event.as_ref(), rejected.contains_key(cited)))
            });
            if event.overlong().is_some() {
                rejected.insert(id.clone(), None);
            } else if let Some(decision) = decision.filter(|decision| !decision.is_allowed()) {
                rejected.insert(id.clone(), Some(Box::new(decision)));
            }
        }
        rejected
    }

    /// The events of a claimed state, if it can be one.
    pub(super) fn entries(
        &self,
        reading: &Reading,
        rejected: &BTreeMap<EventId, Option<Box<Decision>>>,
    ) -> Result<Vec<EventId>, ClaimError> {
        let mut defects = Vec::new();
        let mut keys: BTreeMap<(String, String), EventId> = BTreeMap::new();
        for id in &reading.state {
            let known = self.node(id);
            let was_rejected =
                known.is_some_and(|node| self.timeline.status(node) == Some(Status::Rejected));
            if was_rejected || rejected.contains_key(id) {
                defects.push(ClaimDefect::Rejected {
                    event: id.clone(),
                    because: rejected.get(id).cloned().flatten(),
                });
                continue;
            }
            let parts = match known {
                Some(node) => self.timeline.dag.event(node),
                None => reading.bodies.get(id).map(|body| body.event.as_ref()),
            };
            let key = parts.and_then(|parts| {
                let state_key = parts.state_key?;
                Some((parts.event_type.to_owned(), state_key.to_owned()))
            });
            let Some(key) = key else {
                defects.push(ClaimDefect::NotState { event: id.clone() });
                continue;
            };
            if let Some(other) = keys.insert(key, id.clone()) {
                defects.push(ClaimDefect::SameKey {
                    event: id.clone(),
                    other,
                });
            }
        }
        let create = keys.get(&(CREATE.to_owned(), String::new()));
        if create.is_none() || create != self.timeline.create.as_ref() {
            defects.push(ClaimDefect::NoCreate);
        }
        if defects.is_empty() {
            Ok(reading.state.clone())
        } else {
            Err(ClaimError::Invalid { defects })
        }
    }
}
