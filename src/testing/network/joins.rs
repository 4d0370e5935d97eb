//! Joins over federation.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::EventId;
use crate::json::Object;
use crate::pdu::{MEMBER, Pdu};
use crate::room::{
    Claim, ClaimError, Condition, Expected, Fault, Handshake, Members, Notice, OpenError, Receipt,
    Room, Submission, Template,
};
use crate::testing::network::server::Door;
use crate::testing::network::{Simulation, Step, words};
use crate::timeline::Quality;

/// The state before an event, as a server answers it.
pub(super) struct Answer {
    pub(super) state: BTreeMap<EventId, Vec<u8>>,
    pub(super) auth_chain: BTreeMap<EventId, Vec<u8>>,
}

/// What an answer is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Truth,
    Lie,
}

impl Simulation {
    /// A server asks a resident one to let in its first user.
    pub(super) fn join(&mut self, at: usize, resident: usize) -> Step {
        if !self.wire.reaches(at, resident) {
            return Ok(());
        }
        let (rules, now, room_id) = (self.rules, self.now(), self.room_id.clone());
        let (asking, joiner) = (
            self.server(at)?.name.clone(),
            self.server(at)?.first_user()?,
        );
        let answering = self.server(resident)?;
        let Some(room) = answering.room.as_ref() else {
            return Ok(());
        };
        let is_partial = |room: &Room| {
            let state = room.current_state();
            state.is_ok_and(|state| state.quality() == Quality::Partial)
        };
        if is_partial(room) {
            return Ok(());
        }
        let (handshake, name) = (Handshake::Join, answering.name.clone());
        let vouching = room.authoriser_of(&name);
        let response = room
            .make_template(handshake, &joiner, None, &name, now)
            .or_else(|error| match &vouching {
                Some(user) => room.make_template(handshake, &joiner, Some(user), &name, now),
                None => Err(error),
            });
        let Ok(response) = response else {
            return Ok(());
        };
        let expected = Expected {
            handshake,
            room_id: &room_id,
            user: &joiner,
            resident: &name,
        };
        let server = self.server(at)?;
        let (setup, limits) = (server.setup.clone(), server.setup.limits);
        let response = response.to_canonical();
        let join = Template::parse(&response, &expected, &setup.versions, &limits)
            .map_err(|error| format!("an honest template is not one: {error}"))?
            .build(Object::new(), server.signer(), now, &limits)
            .map_err(|error| format!("an honest template makes no event: {error}"))?;
        let id = join.id().clone();
        let submission = Submission {
            room_id: &room_id,
            event_id: Some(&id),
            origin: &asking,
        };
        submission
            .check(join.pdu(), handshake, &rules)
            .map_err(|error| format!("an honest join is refused: {error}"))?;

        // At the resident server.
        let answering = self.server(resident)?;
        let Some(room) = answering.room.as_ref() else {
            return Ok(());
        };
        let bytes = join.json().as_bytes().to_vec();
        let bytes = if needs_word(&bytes) {
            let signed =
                room.authorise_join(join.pdu(), [Condition::Satisfied], answering.signer());
            let signed: Pdu = signed.map_err(|error| format!("no word for a join: {error}"))?;
            signed.json().as_bytes().to_vec()
        } else {
            bytes
        };
        let receipt = answering.receive(&bytes, Door::Live, now)?;
        self.record(id.clone(), bytes.clone(), at);
        match receipt {
            Some(Receipt::Accepted(_)) => {}
            // The resident server does not know the other's key.
            Some(Receipt::Waiting(missing)) if !missing.keys.is_empty() => return Ok(()),
            Some(Receipt::Dropped(Fault::QueueFull)) => return Ok(()),
            other => return Err(words::unexpected("a join by template", other.as_ref())),
        }
        for to in 0..self.weather.population() {
            if to != at {
                self.post(resident, to, &bytes);
            }
        }
        let members = if self.random.chance(50) {
            Members::Omitted
        } else {
            Members::Complete
        };
        self.say(|| {
            format!(
                "{at} joins by {resident}, {}: {id}",
                words::members(members)
            )
        });
        let Some(answer) = self.answer(resident, &id)? else {
            return Err("a resident server does not know the state before a join".into());
        };
        if self.lies(resident) {
            let answer = self.twisted_answer(resident, &answer)?;
            self.say(|| format!("{resident} lies to {at} about the state"));
            return self.enter(at, (&id, &bytes), &answer, members, Word::Lie);
        }
        self.enter(at, (&id, &bytes), &answer, members, Word::Truth)
    }

    /// The joining server opens the room.
    fn enter(
        &mut self,
        at: usize,
        (id, bytes): (&EventId, &[u8]),
        answer: &Answer,
        members: Members,
        word: Word,
    ) -> Step {
        let now = self.now();
        let (state, mut chain) = answer.with(members);
        // What a slow server leaves out at first has to be asked for.
        let held_back: BTreeMap<EventId, Vec<u8>> = if self.random.chance(20) {
            chain.split_off(&EventId::from_trusted("$V"))
        } else {
            BTreeMap::new()
        };
        let server = self.server(at)?;
        let mut opened = Err(OpenError::NoCreate);
        for chain in [&chain, &{
            let mut all = chain.clone();
            all.extend(held_back);
            all
        }] {
            let claim = claim_of(&state, chain, members);
            opened = Room::join(bytes, &claim, &server.setup, &server.ring, now);
            if !matches!(&opened, Err(OpenError::Claim(ClaimError::Missing { events, .. })) if !events.is_empty())
            {
                break;
            }
        }
        let (room, notices) = match opened {
            Ok(opened) => opened,
            // It does not know a key yet.
            Err(OpenError::Claim(ClaimError::Missing { keys, .. })) if !keys.is_empty() => {
                return Ok(());
            }
            // It finds out, and asks another server later.
            Err(_) if word == Word::Lie => return Ok(()),
            Err(error) => return Err(format!("{at} is not let in: {error}")),
        };
        let is_join =
            |notice: &Notice| matches!(notice, Notice::Settled { event, .. } if event == id);
        if !notices.iter().any(is_join) {
            return Err(format!(
                "of the {} notices of a join none is of the join",
                notices.len()
            ));
        }
        server.room = Some(room);
        server.live.insert(id.clone());
        server.keep_notices(&notices)?;
        self.outcome.joins = self.outcome.joins.saturating_add(1);
        let is_lie = usize::from(word == Word::Lie);
        self.outcome.lies = self.outcome.lies.saturating_add(is_lie);
        if members == Members::Omitted {
            self.outcome.partial_joins = self.outcome.partial_joins.saturating_add(1);
        }
        Ok(())
    }

    /// A server of partial state asks another for the whole of it.
    pub(super) fn complete(&mut self, at: usize) -> Step {
        let from = self.random.below(self.weather.population());
        if !self.wire.reaches(at, from) {
            return Ok(());
        }
        let server = self.server(at)?;
        let partial = server.kept.keys().find(|id| {
            let state = server.room.as_ref().and_then(|room| room.state_before(id));
            state.is_some_and(|state| state.quality() == Quality::Partial)
        });
        match partial.cloned() {
            Some(event) => self.claim(at, from, &event),
            None => Ok(()),
        }
    }

    /// What a server answers `/state` for an event; `None` if it cannot.
    pub(super) fn answer(&mut self, from: usize, event: &EventId) -> Step<Option<Answer>> {
        let server = self.server(from)?;
        let Some(room) = server.room.as_ref() else {
            return Ok(None);
        };
        let Some(state) = room
            .state_before(event)
            .filter(|state| state.quality() != Quality::Partial)
        else {
            return Ok(None);
        };
        let ids: BTreeSet<EventId> = state.iter().map(|(_, event)| event.id.clone()).collect();
        let chain = room.auth_chain(ids.iter().chain([event]));
        let body = |id: &EventId| {
            let bytes = server.kept.get(id).cloned();
            let bytes = bytes.ok_or_else(|| format!("{from} was never told to keep {id}"))?;
            Ok((id.clone(), bytes))
        };
        let state: Step<BTreeMap<EventId, Vec<u8>>> = ids.iter().map(body).collect();
        let auth_chain: Step<BTreeMap<EventId, Vec<u8>>> = chain.iter().map(body).collect();
        Ok(Some(Answer {
            state: state?,
            auth_chain: auth_chain?,
        }))
    }
}

impl Answer {
    /// The state, with all members or without those that no auth chain has, and the auth chain.
    fn with(&self, members: Members) -> (BTreeMap<EventId, Vec<u8>>, BTreeMap<EventId, Vec<u8>>) {
        let mut state = self.state.clone();
        if members == Members::Omitted {
            state.retain(|_, bytes| !is_member(bytes));
        }
        (state, self.auth_chain.clone())
    }
}

/// A claim of these events.
pub(super) fn claim_of<'a>(
    state: &'a BTreeMap<EventId, Vec<u8>>,
    chain: &'a BTreeMap<EventId, Vec<u8>>,
    members: Members,
) -> Claim<'a> {
    Claim {
        events: state.values().map(Vec::as_slice).collect(),
        ids: Vec::new(),
        auth_chain: chain.values().map(Vec::as_slice).collect(),
        members,
    }
}

/// Whether a join is to be authorised by the resident server.
fn needs_word(bytes: &[u8]) -> bool {
    let json = Object::parse(bytes, crate::json::Mode::Lenient).unwrap_or_default();
    let content = json.get("content").and_then(|content| content.as_object());
    content.is_some_and(|content| content.contains_key("join_authorised_via_users_server"))
}

fn is_member(bytes: &[u8]) -> bool {
    let json = Object::parse(bytes, crate::json::Mode::Lenient).unwrap_or_default();
    json.get("type").and_then(|kind| kind.as_str()) == Some(MEMBER)
}
