//! Servers that lie: events that should not be where they are, or what they are.

use std::collections::BTreeSet;

use crate::auth;
use crate::crypto::{Timestamp, reference_hash};
use crate::event::{AuthoriserSigned, EventRef, PrevEvents};
use crate::id::{EventId, UserId};
use crate::json::{Mode, Object};
use crate::pdu::CREATE;
use crate::pdu::content::Content;
use crate::room::{Cited, Place, Room, assemble, next_depth};
use crate::state::StateMap;
use crate::testing::network::server::Door;
use crate::testing::network::wish::{self, Wish};
use crate::testing::network::{Simulation, Step, words};
use crate::version::EventReferences;

impl Simulation {
    /// A hostile server does something.
    pub(super) fn attack(&mut self) -> Step {
        let liar = self.liar();
        if self.server(liar)?.room.is_none() {
            return Ok(());
        }
        match self.random.below(14) {
            0..7 => self.forge(liar),
            7 => self.hide(liar),
            8 | 9 => self.alter(liar),
            10 => self.break_signature(liar),
            11 => self.impersonate(liar),
            12 => self.stray(liar),
            _ => self.break_format(liar),
        }
    }

    /// An event, or two that differ, at a place of a hostile server's choice; told to some.
    fn forge(&mut self, liar: usize) -> Step {
        let prev = self.branches(liar)?;
        let Some(place) = self.place(liar, &prev)? else {
            return Ok(());
        };
        let has_twin = self.random.chance(40);
        let population = self.weather.population();
        let sides: Vec<bool> = (0..population).map(|_| self.random.chance(50)).collect();
        for twin in 0..1_usize.saturating_add(usize::from(has_twin)) {
            let Some((id, bytes)) = self.forged(liar, &prev, &place, twin)? else {
                continue;
            };
            self.own(liar, id, &bytes)?;
            let equivocations = self.outcome.equivocations.saturating_add(twin);
            self.outcome.equivocations = equivocations;
            // Each is told the one or the other.
            for to in 0..population {
                if sides.get(to) == Some(&(twin == 1)) {
                    self.post(liar, to, &bytes);
                }
            }
        }
        Ok(())
    }

    /// An event that is told to nobody, and one that follows it.
    fn hide(&mut self, liar: usize) -> Step {
        let mut prev = self.branches(liar)?;
        for hides in [true, false] {
            let Some(place) = self.place(liar, &prev)? else {
                return Ok(());
            };
            let Some((id, bytes)) = self.forged(liar, &prev, &place, 0)? else {
                return Ok(());
            };
            self.own(liar, id.clone(), &bytes)?;
            if hides {
                self.withheld.insert(id.clone());
            } else {
                for to in 0..self.weather.population() {
                    self.post(liar, to, &bytes);
                }
            }
            prev = vec![id];
        }
        Ok(())
    }

    /// A hostile server takes the event that it has made.
    fn own(&mut self, liar: usize, id: EventId, bytes: &[u8]) -> Step {
        self.outcome.forged = self.outcome.forged.saturating_add(1);
        let now = self.now();
        let own = self.server(liar)?.receive(bytes, Door::Live, now)?;
        self.say(|| {
            let own = words::receipt_or_none(own.as_ref());
            let json = String::from_utf8_lossy(bytes);
            format!("{liar} forges {id}: {own}\n    {json}")
        });
        self.record(id, bytes.to_vec(), liar);
        Ok(())
    }

    /// Where a hostile server has its event follow: on anything, old or new, now and then even on
    /// what was rejected.
    fn branches(&mut self, liar: usize) -> Step<Vec<EventId>> {
        let known = if self.random.chance(10) {
            self.server(liar)?.kept.keys().cloned().collect()
        } else {
            self.server(liar)?.servable()
        };
        let mut prev = BTreeSet::new();
        for _ in 0..self.random.below(3).saturating_add(1) {
            prev.extend(self.random.pick(&known).cloned());
        }
        Ok(prev.into_iter().collect())
    }

    /// Where a forged event stands, without what gives it permission.
    pub(super) fn place(&mut self, liar: usize, prev: &[EventId]) -> Step<Option<Place>> {
        let (rules, now) = (self.rules, self.now());
        let room_id = self.room_id.clone();
        // From the beginning of time to an hour ahead.
        let lags = [0, 0, 5_000, 100_000, -3_600_000, now.millis()];
        let lag = self.random.pick(&lags).copied();
        let depth = match self.random.below(13) {
            12 => rules.max_depth,
            depth => i64::try_from(depth).unwrap_or_default(),
        };
        let is_honest = self.random.chance(70);
        let server = self.server(liar)?;
        let Some(room) = server.room.as_ref() else {
            return Ok(None);
        };
        let depths = prev
            .iter()
            .filter_map(|id| Some(room.dag().event(room.dag().node(id)?)?.depth));
        let depth = if is_honest {
            next_depth(depths, &rules)
        } else {
            depth
        };
        let prev: Step<Vec<Cited>> = prev.iter().map(|id| self.cited(liar, id)).collect();
        let time = now.millis().saturating_sub(lag.unwrap_or_default());
        Ok(Some(Place {
            room_id,
            prev_events: prev?,
            auth_events: Vec::new(),
            depth,
            origin_server_ts: Timestamp::from_millis(time),
        }))
    }

    /// An event as a hostile server cites it.
    fn cited(&self, liar: usize, id: &EventId) -> Step<Cited> {
        if self.rules.references == EventReferences::Ids {
            return Ok(Cited::by_id(id.clone()));
        }
        let server = self.servers.get(liar);
        let bytes = server.and_then(|server| server.kept.get(id));
        // It may have made the event, and wait with it.
        let bytes = bytes.or_else(|| self.made.get(id));
        let bytes = bytes.ok_or_else(|| format!("nobody told a hostile server to keep {id}"))?;
        let json = Object::parse(bytes, Mode::Lenient).map_err(|error| error.to_string())?;
        let hash = reference_hash(&json, &self.rules);
        Ok(Cited::with_hash(id.clone(), &hash))
    }

    /// An event at a place, or none if nothing comes to the liar's mind.
    fn forged(
        &mut self,
        liar: usize,
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
        let wish = wish::random(&mut random, self.server(liar)?, &everybody, number, &rules);
        self.random = random;
        let Some(mut wish) = wish else {
            return Ok(None);
        };
        if self.random.chance(3) {
            let content = [
                ("creator", wish.sender.as_str()),
                ("room_version", rules.id),
            ];
            wish = Wish::state(&wish.sender, CREATE, "", Object::from_iter(content));
        }
        // The permission of another place, sometimes.
        let known = self.server(liar)?.servable();
        let elsewhere = self.random.pick(&known).cloned();
        let at: Vec<EventId> = match elsewhere {
            Some(elsewhere) if self.random.chance(30) => vec![elsewhere],
            _ => prev.to_vec(),
        };
        let server = self.server(liar)?;
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
        if self.random.chance(5) {
            auth.extend(self.random.pick(&known).cloned());
        }
        let auth: Step<Vec<Cited>> = auth.iter().map(|id| self.cited(liar, id)).collect();
        let place = Place {
            auth_events: auth?,
            ..place.clone()
        };
        let server = self.server(liar)?;
        let limits = server.setup.limits;
        let made = assemble(wish.draft(), &place, server.signer(), &rules, &limits);
        let Ok(made) = made else {
            return Ok(None);
        };
        Ok(Some((made.id().clone(), made.json().as_bytes().to_vec())))
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
