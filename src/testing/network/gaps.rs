//! What a server asks others for when something is missing.

use std::collections::BTreeMap;

use crate::id::EventId;
use crate::room::{Claim, ClaimError, Members};
use crate::testing::network::server::Door;
use crate::testing::network::{Simulation, Step};

impl Simulation {
    /// A server asks another for what an event waits for, and may find that it waits no more.
    pub(super) fn fill(&mut self, at: usize, from: usize, event: &EventId) -> Step {
        let waits = self.server(at)?.missing(event).is_some();
        self.ask(at, from, event)?;
        let is_closed = waits && self.server(at)?.has(event);
        self.outcome.filled = self.outcome.filled.saturating_add(usize::from(is_closed));
        Ok(())
    }

    /// First for the events before it, then for those that are named, then for the state before it.
    fn ask(&mut self, at: usize, from: usize, event: &EventId) -> Step {
        if self.random.chance(20) {
            self.claim(at, from, event)?;
        }
        for _ in 0..4 {
            if !self.ask_for_missing_events(at, from, event)? {
                break;
            }
        }
        for _ in 0..3 {
            let Some(missing) = self.server(at)?.missing(event) else {
                return Ok(());
            };
            for id in missing.events {
                let now = self.now();
                let bytes = self.server(from)?.kept.get(&id).cloned();
                let bodies = bytes.map(|bytes| (id, bytes)).into_iter().collect();
                for bytes in self.told(from, bodies)? {
                    self.server(at)?.receive(&bytes, Door::Live, now)?;
                }
            }
        }
        if self.server(at)?.missing(event).is_some() && self.random.chance(50) {
            self.claim(at, from, event)?;
        }
        Ok(())
    }

    /// `/get_missing_events`. Whether the answer had anything in it, and the event still waits.
    fn ask_for_missing_events(&mut self, at: usize, from: usize, event: &EventId) -> Step<bool> {
        let (now, rules) = (self.now(), self.rules);
        let asking = self.server(at)?;
        let name = asking.name.clone();
        let Some(room) = asking
            .room
            .as_ref()
            .filter(|_| asking.missing(event).is_some())
        else {
            return Ok(false);
        };
        let gap = room.gap(event);
        let answering = self.server(from)?;
        let Some(room) = answering.room.as_ref() else {
            return Ok(false);
        };
        let (latest, earliest) = (&gap.latest, &gap.earliest);
        let served = room.missing_events(latest, earliest, gap.min_depth, 10, &name);
        let bodies = answering.serve_all(&served, &rules)?;
        let bodies = self.told(from, bodies)?;
        for bytes in &bodies {
            self.server(at)?.receive(bytes, Door::Live, now)?;
        }
        self.say(|| format!("{at} is sent {} missing events by {from}", bodies.len()));
        Ok(!bodies.is_empty())
    }

    /// `/backfill`, from the events that are known to be missing.
    pub(super) fn backfill(&mut self, at: usize, from: usize) -> Step<usize> {
        let (now, rules) = (self.now(), self.rules);
        let asking = self.server(at)?;
        let name = asking.name.clone();
        let Some(room) = asking.room.as_ref() else {
            return Ok(0);
        };
        let wanted = room.backward_extremities();
        let answering = self.server(from)?;
        let Some(room) = answering.room.as_ref().filter(|_| !wanted.is_empty()) else {
            return Ok(0);
        };
        let (served, _) = room.backfill(&wanted, 10, &name);
        let bodies = answering.serve_all(&served, &rules)?;
        let bodies = self.told(from, bodies)?;
        for bytes in &bodies {
            self.server(at)?.receive(bytes, Door::Backfill, now)?;
        }
        self.say(|| format!("{at} is sent {} old events by {from}", bodies.len()));
        Ok(bodies.len())
    }

    /// `/state_ids`, and `/event` for what is not known.
    pub(super) fn claim(&mut self, at: usize, from: usize, event: &EventId) -> Step {
        let now = self.now();
        let Some(answer) = self.answer(from, event)? else {
            return Ok(());
        };
        let mut ids: Vec<EventId> = answer.state.keys().cloned().collect();
        let is_lie = self.lies(from);
        if is_lie {
            ids = self.twisted(from, &ids)?;
        }
        let mut bodies: BTreeMap<EventId, Vec<u8>> = BTreeMap::new();
        for _ in 0..10 {
            let claim = Claim {
                events: Vec::new(),
                ids: ids.clone(),
                auth_chain: bodies.values().map(Vec::as_slice).collect(),
                members: Members::Complete,
            };
            let taken = self.server(at)?.claim(event, &claim, now)?;
            self.say(|| {
                let taken = match &taken {
                    Ok(()) => "it is taken".to_owned(),
                    Err(error) => error.to_string(),
                };
                format!("{at} is told by {from} the state before {event}: {taken}")
            });
            let missing = match taken {
                Ok(()) => {
                    self.outcome.claims = self.outcome.claims.saturating_add(1);
                    let lies = self.outcome.lies.saturating_add(usize::from(is_lie));
                    self.outcome.lies = lies;
                    return Ok(());
                }
                Err(ClaimError::Missing { events, .. }) if !events.is_empty() => events,
                // Who was sent redacted or forged events may have rejected what others accept.
                Err(_) => return Ok(()),
            };
            for id in missing {
                let bytes = self.server(from)?.kept.get(&id).cloned();
                let bytes = bytes.or_else(|| self.made.get(&id).cloned());
                if let Some(bytes) = bytes.filter(|_| !self.hides(from, &id)) {
                    bodies.insert(id, bytes);
                }
            }
        }
        Ok(())
    }
}
