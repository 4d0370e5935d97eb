//! Servers that lie: what no server may take, and answers that are not the truth.

use std::collections::BTreeMap;

use crate::id::{EventId, RoomId};
use crate::json::{Mode, Object};
use crate::pdu::CREATE;
use crate::room::{Fault, Place, Receipt, Signer, assemble};
use crate::testing::network::joins::Answer;
use crate::testing::network::server::Door;
use crate::testing::network::wish::Wish;
use crate::testing::network::{Simulation, Step, words};
use crate::version::RoomIdFormat;

impl Simulation {
    /// Passes on an event with something in its content that was not there.
    pub(super) fn alter(&mut self, liar: usize) -> Step {
        let Some((id, mut event)) = self.known_event(liar)? else {
            return Ok(());
        };
        let content = event.get_mut("content");
        if let Some(content) = content.and_then(|content| content.as_object_mut()) {
            content.insert("altered", true);
        }
        let to = self.random.below(self.weather.servers);
        self.say(|| format!("{to} is sent an altered copy of {id}"));
        self.take(to, liar, &event.to_canonical())
    }

    /// Passes on an event with another time, so that no signature is right, or without any.
    pub(super) fn break_signature(&mut self, liar: usize) -> Step {
        let Some((_, mut event)) = self.known_event(liar)? else {
            return Ok(());
        };
        let has_other_time = self.random.chance(50);
        if has_other_time {
            event.insert("origin_server_ts", 1);
        } else {
            event.insert("signatures", Object::new());
        }
        let bytes = event.to_canonical();
        self.refuse("a wrongly signed copy", &bytes, |receipt| match receipt {
            // Signatures are no part of what an event is.
            Receipt::Known { .. } => !has_other_time,
            Receipt::Dropped(Fault::OtherEvent { .. }) => has_other_time,
            receipt => matches!(receipt, Receipt::Dropped(Fault::Signatures(_))),
        })
    }

    /// Sends an event in the name of another server's user, signed with its own key.
    pub(super) fn impersonate(&mut self, liar: usize) -> Step {
        let rules = self.rules;
        let known = self.server(liar)?.servable();
        let Some(prev) = self.random.pick(&known).cloned() else {
            return Ok(());
        };
        let Some(place) = self.place(liar, &[prev])? else {
            return Ok(());
        };
        let other = self.random.below(self.weather.servers);
        let other = self.server(other)?;
        let (server, sender) = (other.name.clone(), other.first_user()?);
        let liar = self.server(liar)?;
        let (key, limits) = (&liar.key, liar.setup.limits);
        let wish = Wish::message(&sender, "not mine");
        let signer = Signer {
            server: &server,
            key,
        };
        let made = assemble(wish.draft(), &place, signer, &rules, &limits);
        let made = made.map_err(|error| error.to_string())?;
        let bytes = made.json().as_bytes();
        self.refuse("an event in another's name", bytes, |receipt| {
            matches!(receipt, Receipt::Dropped(Fault::Signatures(_)))
        })
    }

    /// Sends an event of another room.
    pub(super) fn stray(&mut self, liar: usize) -> Step {
        let rules = self.rules;
        let known = self.server(liar)?.servable();
        let Some(prev) = self.random.pick(&known).cloned() else {
            return Ok(());
        };
        let other = match rules.room_id {
            RoomIdFormat::WithServer => "!other:evil.example",
            RoomIdFormat::CreateHash => "!47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
        };
        let Some(place) = self.place(liar, &[prev])? else {
            return Ok(());
        };
        let place = Place {
            room_id: RoomId::from_trusted(other),
            ..place
        };
        let server = self.server(liar)?;
        let wish = Wish::message(&server.first_user()?, "stray");
        let limits = server.setup.limits;
        let made = assemble(wish.draft(), &place, server.signer(), &rules, &limits)
            .map_err(|error| error.to_string())?;
        let bytes = made.json().as_bytes();
        self.refuse("an event of another room", bytes, |receipt| {
            matches!(receipt, Receipt::Dropped(Fault::WrongRoom { .. }))
        })
    }

    /// Sends what is no event.
    pub(super) fn break_format(&mut self, liar: usize) -> Step {
        let Some((_, mut event)) = self.known_event(liar)? else {
            return Ok(());
        };
        let bytes = match self.random.below(4) {
            0 => {
                event.insert("content", Object::from_iter([("body", "x".repeat(70_000))]));
                event.to_canonical()
            }
            1 => {
                event.insert("prev_events", "none");
                event.to_canonical()
            }
            2 => "[".repeat(20_000).into_bytes(),
            _ => {
                let mut bytes = event.to_canonical();
                bytes.truncate(self.random.below(bytes.len()));
                bytes
            }
        };
        self.refuse("what is no event", &bytes, |receipt| {
            matches!(receipt, Receipt::Dropped(Fault::Format(_)))
        })
    }

    /// Gives a PDU to some server, which must drop it for the right reason, or wait for the key
    /// that will show it.
    fn refuse(&mut self, what: &str, bytes: &[u8], is_right: impl Fn(&Receipt) -> bool) -> Step {
        let (to, now) = (self.random.below(self.weather.servers), self.now());
        self.outcome.refused = self.outcome.refused.saturating_add(1);
        self.say(|| format!("{to} is sent {what}"));
        match self.server(to)?.receive(bytes, Door::Live, now)? {
            None | Some(Receipt::Dropped(Fault::QueueFull)) => Ok(()),
            Some(receipt) if is_right(&receipt) => Ok(()),
            Some(Receipt::Waiting(missing)) if !missing.keys.is_empty() => Ok(()),
            other => Err(words::unexpected(what, other.as_ref())),
        }
    }

    /// An event that a hostile server has, and that is not the create event.
    fn known_event(&mut self, liar: usize) -> Step<Option<(EventId, Object)>> {
        let known: Vec<EventId> = self.server(liar)?.kept.keys().cloned().collect();
        let Some(id) = self.random.pick(&known).cloned() else {
            return Ok(None);
        };
        let Some(bytes) = self.made.get(&id).filter(|bytes| **bytes != self.create) else {
            return Ok(None);
        };
        let event = Object::parse(bytes, Mode::Lenient).map_err(|error| error.to_string())?;
        Ok(Some((id, event)))
    }

    /// Whether a server lies this time.
    pub(super) fn lies(&mut self, from: usize) -> bool {
        self.is_hostile(from) && self.random.chance(self.weather.malice.saturating_mul(2))
    }

    /// Whether a server keeps an event to itself.
    pub(super) fn hides(&self, from: usize, event: &EventId) -> bool {
        self.is_hostile(from) && self.withheld.contains(event)
    }

    /// What a server sends that is asked for events: those that it has, unless it lies.
    pub(super) fn told(
        &mut self,
        from: usize,
        events: Vec<(EventId, Vec<u8>)>,
    ) -> Step<Vec<Vec<u8>>> {
        if !self.is_hostile(from) {
            return Ok(events.into_iter().map(|(_, bytes)| bytes).collect());
        }
        let mut told = Vec::new();
        for (id, bytes) in events {
            if self.hides(from, &id) || self.random.chance(self.weather.malice / 4) {
                self.outcome.withheld = self.outcome.withheld.saturating_add(1);
                continue;
            }
            match self.random.below(20) {
                0 => {
                    let mut event =
                        Object::parse(&bytes, Mode::Lenient).map_err(|error| error.to_string())?;
                    event.insert("content", Object::from_iter([("altered", true)]));
                    told.push(event.to_canonical());
                }
                1 => told.extend([bytes.clone(), bytes]),
                _ => told.push(bytes),
            }
        }
        Ok(told)
    }

    /// The answer to a join as a hostile server would have it.
    pub(super) fn twisted_answer(&mut self, liar: usize, answer: &Answer) -> Step<Answer> {
        let ids: Vec<EventId> = answer.state.keys().cloned().collect();
        let twisted = self.twisted(liar, &ids)?;
        let server = self.server(liar)?;
        let body = |id: EventId| Some((id.clone(), server.kept.get(&id)?.clone()));
        let chain = server.room.as_ref().map(|room| room.auth_chain(&twisted));
        let mut auth_chain = answer.auth_chain.clone();
        auth_chain.extend(chain.into_iter().flatten().filter_map(body));
        let state = twisted.into_iter().filter_map(body).collect();
        Ok(Answer { state, auth_chain })
    }

    /// A state as a hostile server would have it: without some of its events, and with others in
    /// their place.
    pub(super) fn twisted(&mut self, liar: usize, state: &[EventId]) -> Step<Vec<EventId>> {
        let create = self.server(liar)?.create();
        let known = self.server(liar)?.servable();
        let mut twisted: BTreeMap<(String, String), EventId> = BTreeMap::new();
        let mut random = self.random.clone();
        let server = self.server(liar)?;
        let kept = state
            .iter()
            .filter(|id| Some(*id) == create.as_ref() || random.chance(75));
        let kept: Vec<&EventId> = kept.collect();
        let others: Vec<&EventId> = known.iter().filter(|_| random.chance(15)).collect();
        for id in kept.into_iter().chain(others) {
            let Some(key) = server.state_key(id) else {
                continue;
            };
            if key.0 != CREATE || Some(id) == create.as_ref() {
                twisted.insert(key, id.clone());
            }
        }
        self.random = random;
        Ok(twisted.into_values().collect())
    }
}
