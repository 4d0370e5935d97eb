//! A server that lies.

use std::collections::BTreeSet;

use crate::auth;
use crate::crypto::{Timestamp, reference_hash};
use crate::event::{AuthoriserSigned, EventRef, PrevEvents};
use crate::id::{EventId, RoomId, UserId};
use crate::json::{Mode, Object};
use crate::pdu::content::Content;
use crate::room::{Cited, Fault, Place, Receipt, Room, assemble, next_depth};
use crate::state::StateMap;
use crate::testing::network::server::Door;
use crate::testing::network::wish::{self, Wish};
use crate::testing::network::{HOSTILE, Simulation, Step, brief};
use crate::version::{EventReferences, RoomIdFormat};

impl Simulation {
    /// The hostile server does something.
    pub(super) fn attack(&mut self) -> Step {
        if self.server(HOSTILE)?.room.is_none() {
            return Ok(());
        }
        match self.random.below(10) {
            0..6 => self.forge(),
            6 | 7 => self.alter(),
            8 => self.break_signature(),
            _ => self.stray(),
        }
    }

    /// An event, or two that differ, at a place of the hostile server's choice; told to some.
    fn forge(&mut self) -> Step {
        let known = self.server(HOSTILE)?.servable();
        let mut prev = BTreeSet::new();
        for _ in 0..self.random.below(3).saturating_add(1) {
            prev.extend(self.random.pick(&known).cloned());
        }
        let prev: Vec<EventId> = prev.into_iter().collect();
        let twins = 1_usize.saturating_add(usize::from(self.random.chance(40)));
        let Some(place) = self.place(&prev)? else {
            return Ok(());
        };
        for twin in 0..twins {
            let Some((id, bytes)) = self.forged(&prev, &place, twin)? else {
                continue;
            };
            self.outcome.forged = self.outcome.forged.saturating_add(1);
            let now = self.now();
            let own = self.server(HOSTILE)?.receive(&bytes, Door::Live, now)?;
            self.say(|| {
                let own = own.as_ref().map(brief).unwrap_or_default();
                let json = String::from_utf8_lossy(&bytes);
                format!("forged {id} after {prev:?}: {own}\n    {json}")
            });
            self.made.insert(id, bytes.clone());
            for to in 0..HOSTILE {
                if self.random.chance(50) {
                    self.post(HOSTILE, to, &bytes);
                }
            }
        }
        Ok(())
    }

    /// Where a forged event stands, without what gives it permission.
    fn place(&mut self, prev: &[EventId]) -> Step<Option<Place>> {
        let (rules, now) = (self.rules, self.now());
        let room_id = self.room_id.clone();
        let lag = self.random.pick(&[0, 0, 5_000, 100_000]).copied();
        let depth = self.random.below(12);
        let is_honest = self.random.chance(70);
        let server = self.server(HOSTILE)?;
        let Some(room) = server.room.as_ref() else {
            return Ok(None);
        };
        let depths = prev
            .iter()
            .filter_map(|id| Some(room.dag().event(room.dag().node(id)?)?.depth));
        let depth = if is_honest {
            next_depth(depths, &rules)
        } else {
            i64::try_from(depth).unwrap_or_default()
        };
        let prev: Step<Vec<Cited>> = prev.iter().map(|id| self.cited(id)).collect();
        let time = now.millis().saturating_sub(lag.unwrap_or_default());
        Ok(Some(Place {
            room_id,
            prev_events: prev?,
            auth_events: Vec::new(),
            depth,
            origin_server_ts: Timestamp::from_millis(time),
        }))
    }

    /// An event as the hostile server cites it.
    fn cited(&self, id: &EventId) -> Step<Cited> {
        if self.rules.references == EventReferences::Ids {
            return Ok(Cited::by_id(id.clone()));
        }
        let server = self.servers.get(HOSTILE);
        let bytes = server.and_then(|server| server.kept.get(id));
        let bytes = bytes.ok_or_else(|| format!("nobody told the hostile server to keep {id}"))?;
        let json = Object::parse(bytes, Mode::Lenient).map_err(|error| format!("{error:?}"))?;
        let hash = reference_hash(&json, &self.rules);
        Ok(Cited::with_hash(id.clone(), &hash))
    }

    fn forged(
        &mut self,
        prev: &[EventId],
        place: &Place,
        twin: usize,
    ) -> Step<Option<(EventId, Vec<u8>)>> {
        let rules = self.rules;
        let number = self.made.len().saturating_add(twin);
        let everybody: Vec<UserId> = self
            .servers
            .iter()
            .flat_map(|server| server.users.iter().cloned())
            .collect();
        let mut random = self.random.clone();
        let wish = wish::random(
            &mut random,
            self.server(HOSTILE)?,
            &everybody,
            number,
            &rules,
        );
        self.random = random;
        let Some(wish) = wish else {
            return Ok(None);
        };
        // The permission of another place, sometimes.
        let known = self.server(HOSTILE)?.servable();
        let elsewhere = self.random.pick(&known).cloned();
        let at: Vec<EventId> = match elsewhere {
            Some(elsewhere) if self.random.chance(30) => vec![elsewhere],
            _ => prev.to_vec(),
        };
        let server = self.server(HOSTILE)?;
        let Some(room) = server.room.as_ref() else {
            return Ok(None);
        };
        let Ok(resolution) = room.state_at(&at) else {
            return Ok(None);
        };
        let mut auth: Vec<EventId> = permission(room, &resolution.state, &wish, place);
        if self.random.chance(10) {
            auth.pop();
        }
        let auth: Step<Vec<Cited>> = auth.iter().map(|id| self.cited(id)).collect();
        let place = Place {
            auth_events: auth?,
            ..place.clone()
        };
        let server = self.server(HOSTILE)?;
        let limits = server.setup.limits;
        let made = assemble(wish.draft(), &place, server.signer(), &rules, &limits);
        let Ok(made) = made else {
            return Ok(None);
        };
        Ok(Some((made.id().clone(), made.json().as_bytes().to_vec())))
    }

    /// Passes on an event with something in its content that was not there.
    fn alter(&mut self) -> Step {
        let Some((id, mut event)) = self.known_event()? else {
            return Ok(());
        };
        let content = event.get_mut("content");
        if let Some(content) = content.and_then(|content| content.as_object_mut()) {
            content.insert("altered", true);
        }
        let to = self.random.below(HOSTILE);
        self.say(|| format!("{to} is sent an altered copy of {id}"));
        self.take(to, HOSTILE, &event.to_canonical())
    }

    /// Passes on an event with another time, so that no signature is right.
    fn break_signature(&mut self) -> Step {
        let Some((id, mut event)) = self.known_event()? else {
            return Ok(());
        };
        event.insert("origin_server_ts", 1);
        let (to, now) = (self.random.below(HOSTILE), self.now());
        let bytes = event.to_canonical();
        let receipt = self.server(to)?.receive(&bytes, Door::Live, now)?;
        match receipt {
            None | Some(Receipt::Dropped(_)) => Ok(()),
            Some(Receipt::Waiting(missing)) if !missing.keys.is_empty() => Ok(()),
            receipt => Err(format!("a wrongly signed copy of {id}: {receipt:?}")),
        }
    }

    /// Sends an event of another room.
    fn stray(&mut self) -> Step {
        let (rules, now) = (self.rules, self.now());
        let known = self.server(HOSTILE)?.servable();
        let Some(prev) = self.random.pick(&known).cloned() else {
            return Ok(());
        };
        let other = match rules.room_id {
            RoomIdFormat::WithServer => "!other:evil.example",
            RoomIdFormat::CreateHash => "!47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
        };
        let Some(place) = self.place(&[prev])? else {
            return Ok(());
        };
        let place = Place {
            room_id: RoomId::from_trusted(other),
            ..place
        };
        let server = self.server(HOSTILE)?;
        let wish = Wish::message(&server.first_user()?, "stray");
        let limits = server.setup.limits;
        let made = assemble(wish.draft(), &place, server.signer(), &rules, &limits)
            .map_err(|error| error.to_string())?;
        let to = self.random.below(HOSTILE);
        let bytes = made.json().as_bytes();
        match self.server(to)?.receive(bytes, Door::Live, now)? {
            None | Some(Receipt::Dropped(Fault::WrongRoom { .. })) => Ok(()),
            receipt => Err(format!("an event of another room: {receipt:?}")),
        }
    }

    /// An event that the hostile server has, and that is not the create event.
    fn known_event(&mut self) -> Step<Option<(EventId, Object)>> {
        let known: Vec<EventId> = self.server(HOSTILE)?.kept.keys().cloned().collect();
        let Some(id) = self.random.pick(&known).cloned() else {
            return Ok(None);
        };
        let Some(bytes) = self.made.get(&id).filter(|bytes| **bytes != self.create) else {
            return Ok(None);
        };
        let event = Object::parse(bytes, Mode::Lenient).map_err(|error| format!("{error:?}"))?;
        Ok(Some((id, event)))
    }
}

/// The events of a state that give an event permission.
pub(in crate::testing) fn permission(
    room: &Room,
    state: &StateMap,
    wish: &Wish,
    place: &Place,
) -> Vec<EventId> {
    let rules = room.rules();
    let mut json = Object::new();
    json.insert("content", wish.content.clone());
    let content = Content::of(&json, wish.event_type, wish.state_key.is_some(), rules);
    let unnamed = EventId::from_trusted("$");
    let event = EventRef {
        id: &unnamed,
        room_id: &place.room_id,
        event_type: wish.event_type,
        state_key: wish.state_key.as_deref(),
        sender: &wish.sender,
        origin_server_ts: place.origin_server_ts.millis(),
        depth: place.depth,
        prev_events: PrevEvents::of(place.prev_events.iter().map(Cited::id)),
        content: &content,
        redacts: wish.redacts.as_ref(),
        states_room_id: true,
        authoriser_signature: AuthoriserSigned::Unchecked,
    };
    let dag = room.dag();
    let selection = auth::selection(&event, rules);
    let selected = selection.iter().filter_map(|(event_type, state_key)| {
        let key = dag.keys().lookup(event_type, state_key)?;
        dag.id(state.get(key)?).cloned()
    });
    let selected: BTreeSet<EventId> = selected.collect();
    selected.into_iter().collect()
}
