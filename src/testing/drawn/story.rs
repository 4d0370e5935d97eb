//! What a server is sent of a room: events in the order in which they were written, some of them
//! by liars, some damaged on their way.

use std::collections::{BTreeMap, BTreeSet};

use crate::crypto::{self, KeyRing, Timestamp};
use crate::event::{Event, HashCheck};
use crate::id::{EventId, RoomId, ServerName, UserId};
use crate::json::{Mode, Object, Value};
use crate::limits::Limits;
use crate::pdu::{JOIN_RULES, MEMBER, POWER_LEVELS, Pdu, REDACTION};
use crate::room::{
    Cited, Founding, Place, Receipt, Room, Setup, Signer, assemble, create_event, next_depth,
};
use crate::testing::Random;
use crate::testing::drawn::content::TYPES;
use crate::testing::drawn::{USERS, content, keys, now, one, signing_key, tampered};
use crate::testing::network::{Wish, permission};
use crate::version::{CreatorRule, RoomIdFormat, RoomVersionRules};

/// A room's PDUs, and the keys of its servers.
#[derive(Clone, Debug)]
pub struct Story {
    /// The room version.
    pub rules: RoomVersionRules,
    /// The keys of all servers.
    pub keys: KeyRing,
    /// The create event.
    pub create: Vec<u8>,
    /// All that follows, as it is sent.
    pub pdus: Vec<Vec<u8>>,
}

impl Story {
    /// The events with which a room begins, and more until there are `size`; `None` if not even the
    /// create event can be written.
    #[must_use]
    pub fn drawn(random: &mut Random, size: usize, rules: &RoomVersionRules) -> Option<Self> {
        let mut author = Author::new(rules)?;
        author.begin(random);
        while author.written.len() < size && random.has_bytes() {
            author.step(random);
        }
        Some(author.story)
    }

    /// The room of the create event alone.
    #[must_use]
    pub fn open(&self) -> Option<Room> {
        let opened = Room::open(&self.create, &Setup::default(), &self.keys, now());
        opened.ok().map(|(room, _)| room)
    }

    /// The same PDUs in another order.
    #[must_use]
    pub fn shuffled(&self, random: &mut Random) -> Self {
        let mut story = self.clone();
        let mut left = std::mem::take(&mut story.pdus);
        while !left.is_empty() {
            story.pdus.push(left.swap_remove(random.below(left.len())));
        }
        story
    }

    /// The room to which all of it has come.
    #[must_use]
    pub fn told(&self) -> Option<Room> {
        let mut room = self.open()?;
        for pdu in &self.pdus {
            let _ = room.receive(pdu, &self.keys, now());
        }
        Some(room)
    }

    /// The events that pass checks 1 to 3, for whoever judges all of them at once: of several
    /// copies of an event, the best.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let limits = Limits::default();
        let mut events: BTreeMap<EventId, Event> = BTreeMap::new();
        for bytes in [&self.create].into_iter().chain(&self.pdus) {
            let Ok(pdu) = Pdu::parse(bytes, &self.rules, &limits) else {
                continue;
            };
            let verified = crypto::verify(pdu, &self.rules, &self.keys, now(), &limits);
            let Ok(event) = verified else { continue };
            let is_intact = event.provenance().content_hash == HashCheck::Ok;
            if is_intact || !events.contains_key(event.id()) {
                events.insert(event.id().clone(), event);
            }
        }
        events.into_values().collect()
    }
}

/// Who writes a story: all servers in one, with a room that has all of it.
struct Author {
    story: Story,
    room: Room,
    room_id: RoomId,
    written: Vec<(EventId, Cited)>,
}

impl Author {
    fn new(rules: &RoomVersionRules) -> Option<Self> {
        let creator = UserId::parse(USERS.first()?).ok()?;
        let (server, key) = (ServerName::parse("a").ok()?, signing_key("a")?);
        let founding = Founding {
            creator,
            room_id: (rules.room_id == RoomIdFormat::WithServer)
                .then(|| RoomId::from_trusted("!room:a")),
            content: Object::new(),
            event_id: None,
            origin_server_ts: now(),
        };
        let signer = Signer {
            server: &server,
            key: &key,
        };
        let create = create_event(founding, signer, rules, &Limits::default()).ok()?;
        let story = Story {
            rules: *rules,
            keys: keys(),
            create: create.json().as_bytes().to_vec(),
            pdus: Vec::new(),
        };
        let hash = crypto::reference_hash(&create.json().to_object(), rules);
        Some(Self {
            room: story.open()?,
            story,
            room_id: create.room_id().clone(),
            written: vec![(
                create.id().clone(),
                Cited::with_hash(create.id().clone(), &hash),
            )],
        })
    }

    /// A room that some have joined, as most rooms begin.
    fn begin(&mut self, random: &mut Random) {
        let [alice, bob, carol, ..] = USERS;
        let names_creator = self.story.rules.auth.creator != CreatorRule::SenderAndAdditional;
        let alice_has = if names_creator {
            r#""@alice:a":100,"#
        } else {
            ""
        };
        let levels = format!(r#"{{"users":{{{alice_has}"@bob:a":50}}}}"#);
        let join = r#"{"membership":"join"}"#;
        for (sender, event_type, state_key, content) in [
            (alice, MEMBER, alice, join),
            (alice, POWER_LEVELS, "", &levels),
            (alice, JOIN_RULES, "", r#"{"join_rule":"public"}"#),
            (bob, MEMBER, bob, join),
            (carol, MEMBER, carol, join),
        ] {
            if random.chance(95) {
                let wish = Wish {
                    sender: UserId::from_trusted(sender),
                    event_type,
                    state_key: Some(state_key.to_owned()),
                    content: Object::parse(content.as_bytes(), Mode::Lenient).unwrap_or_default(),
                    redacts: None,
                };
                let tips = self.room.extremities();
                self.write(random, &wish, &tips, true);
            }
        }
    }

    /// Something that a user wants, at the end of the room or anywhere in it.
    fn step(&mut self, random: &mut Random) {
        let wish = self.wish(random);
        let is_honest = random.chance(60);
        let mut prev = self.room.extremities();
        if !is_honest {
            let count = random.below(3).saturating_add(1);
            let any = (0..count).filter_map(|_| Some(random.pick(&self.written)?.0.clone()));
            prev = any.collect::<BTreeSet<_>>().into_iter().collect();
        }
        self.write(random, &wish, &prev, is_honest);
    }

    fn wish(&self, random: &mut Random) -> Wish {
        let event_type = one(random, &TYPES);
        let sender = one(random, &USERS);
        let state_key = match event_type {
            MEMBER if random.chance(50) => Some(sender),
            MEMBER => Some(one(random, &USERS)),
            "m.room.message" | REDACTION => None,
            _ => Some(one(random, &["", "", "", "t", "@carol:b"])),
        };
        let redacts = random.pick(&self.written).map(|(id, _)| id.clone());
        let mut content = content(random, event_type, &self.story.rules);
        if event_type == REDACTION {
            content.remove("redacts");
        }
        Wish {
            sender: UserId::from_trusted(sender),
            event_type,
            state_key: state_key.map(str::to_owned),
            content,
            redacts: redacts.filter(|_| event_type == REDACTION),
        }
    }

    /// Writes an event by permission of the state before it, or nearly.
    fn write(&mut self, random: &mut Random, wish: &Wish, prev: &[EventId], is_honest: bool) {
        let rules = self.story.rules;
        let dag = self.room.dag();
        let depths = prev
            .iter()
            .filter_map(|id| Some(dag.event(dag.node(id)?)?.depth));
        let lag = i64::try_from(random.below(200)).unwrap_or_default();
        let mut place = Place {
            room_id: self.room_id.clone(),
            prev_events: self.cited(prev),
            auth_events: Vec::new(),
            depth: if is_honest {
                next_depth(depths, &rules)
            } else {
                lag
            },
            origin_server_ts: Timestamp::from_millis(lag),
        };
        let Ok(before) = self.room.state_at(prev) else {
            return;
        };
        let mut auth = permission(&self.room, &before.state, wish, &place);
        if !is_honest && random.chance(20) {
            auth.pop();
        }
        if !is_honest && random.chance(20) {
            auth.extend(random.pick(&self.written).map(|(id, _)| id.clone()));
        }
        place.auth_events = self.cited(&auth);
        let name = wish.sender.server_name();
        let (Ok(server), Some(key)) = (ServerName::parse(name), signing_key(name)) else {
            return;
        };
        let signer = Signer {
            server: &server,
            key: &key,
        };
        let Ok(made) = assemble(wish.draft(), &place, signer, &rules, &Limits::default()) else {
            return;
        };
        let bytes = made.json().as_bytes().to_vec();
        let hash = crypto::reference_hash(&made.json().to_object(), &rules);
        self.send(random, &bytes);
        let received = self.room.receive(&bytes, &self.story.keys, now());
        if !matches!(
            received.receipt,
            Receipt::Dropped(_) | Receipt::Known { .. }
        ) {
            let cited = Cited::with_hash(made.id().clone(), &hash);
            self.written.push((made.id().clone(), cited));
        }
    }

    fn cited(&self, ids: &[EventId]) -> Vec<Cited> {
        let known = self.written.iter().filter(|(id, _)| ids.contains(id));
        known.map(|(_, cited)| cited.clone()).collect()
    }

    /// Puts a PDU on its way, on which it may be altered, damaged, repeated or lost.
    fn send(&mut self, random: &mut Random, bytes: &[u8]) {
        match random.below(24) {
            20 => {}
            21 => self.story.pdus.push(altered(bytes)),
            22 => self.story.pdus.extend([altered(bytes), bytes.to_vec()]),
            23 => {
                let damaged = tampered(random, bytes);
                self.story.pdus.extend([damaged, bytes.to_vec()]);
            }
            _ => self.story.pdus.push(bytes.to_vec()),
        }
    }
}

/// The event with something in its content that was not there.
fn altered(bytes: &[u8]) -> Vec<u8> {
    let mut event = Object::parse(bytes, Mode::Lenient).unwrap_or_default();
    if let Some(content) = event.get_mut("content").and_then(Value::as_object_mut) {
        content.insert("altered", true);
    }
    event.to_canonical()
}
