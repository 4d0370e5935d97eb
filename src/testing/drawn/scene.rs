//! An event and a state to judge it by.

use std::collections::BTreeMap;

use crate::auth::StateView;
use crate::event::{Event, EventRef};
use crate::id::EventId;
use crate::json::{Object, Value};
use crate::pdu::{CREATE, JOIN_RULES, MEMBER, POWER_LEVELS, THIRD_PARTY_INVITE};
use crate::testing::Random;
use crate::testing::drawn::content::TYPES;
use crate::testing::drawn::{USERS, content, one};
use crate::testing::rooms::Draft;
use crate::version::RoomVersionRules;

/// An event, and the state events before it.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The event.
    pub event: Event,
    /// The state, by type and state key.
    pub state: BTreeMap<(String, String), Event>,
}

impl Scene {
    /// A scene in which most is in its place: there is a create event, and often power levels,
    /// join rules and members.
    #[must_use]
    pub fn drawn(random: &mut Random, rules: &RoomVersionRules) -> Self {
        let mut scene = Self::around(random, rules);
        for (event_type, state_key, percent) in [
            (CREATE, "", 97),
            (POWER_LEVELS, "", 75),
            (JOIN_RULES, "", 75),
            (THIRD_PARTY_INVITE, "t", 30),
        ] {
            if random.chance(percent) {
                scene.add(random, event_type, state_key, rules);
            }
        }
        for user in USERS {
            if random.chance(60) {
                scene.add(random, MEMBER, user, rules);
            }
        }
        scene
    }

    /// A scene in which a user who has joined changes the power levels here and there.
    #[must_use]
    pub fn of_levels(random: &mut Random, rules: &RoomVersionRules) -> Self {
        let mut scene = Self::drawn(random, rules);
        let sender = one(random, &USERS[..3]);
        let join = Object::from_iter([("membership", "join")]);
        let old = content(random, POWER_LEVELS, rules);
        for (id, t, key, content) in [
            ("joined", MEMBER, sender, &join),
            ("old", POWER_LEVELS, "", &old),
        ] {
            let event = said((id, t, Some(key)), sender, content, 1, rules);
            scene.state.insert((t.to_owned(), key.to_owned()), event);
        }
        let (other, mut new) = (content(random, POWER_LEVELS, rules), old);
        for (name, value) in &other {
            let inside = new.get_mut(name).and_then(Value::as_object_mut);
            match (inside, value.as_object()) {
                (Some(inside), Some(entries)) => {
                    for (entry, level) in entries.iter().filter(|_| random.chance(30)) {
                        inside.insert(entry, level.clone());
                    }
                }
                _ if random.chance(20) => {
                    new.insert(name, value.clone());
                }
                _ => {}
            }
        }
        let key = ("e", POWER_LEVELS, Some(""));
        scene.event = said(key, sender, &new, 1, rules);
        scene
    }

    /// The event alone.
    fn around(random: &mut Random, rules: &RoomVersionRules) -> Self {
        let event_type = if random.chance(5) {
            CREATE
        } else {
            one(random, &TYPES)
        };
        let state_key = match event_type {
            MEMBER => Some(one(random, &USERS)),
            "m.room.message" => None,
            _ if random.chance(5) => None,
            _ => Some(one(random, &["", "", "", "t", "@alice:a", "@carol:b", "a"])),
        };
        let key = state_key.filter(|_| event_type != MEMBER || !random.chance(3));
        Self {
            event: state_event(random, ("e", event_type, key), rules),
            state: BTreeMap::new(),
        }
    }

    fn add(&mut self, random: &mut Random, t: &str, key: &str, rules: &RoomVersionRules) {
        let id = match t {
            CREATE => "create".to_owned(),
            _ => format!("s{}", self.state.len()),
        };
        let event = state_event(random, (&id, t, Some(key)), rules);
        self.state.insert((t.to_owned(), key.to_owned()), event);
    }

    /// The scene with no more of its state than some of it.
    #[must_use]
    pub fn with_state(&self, is_left: impl Fn(&str, &str) -> bool) -> Self {
        let mut scene = self.clone();
        scene.state.retain(|(t, key), _| is_left(t, key));
        scene
    }
}

impl StateView for Scene {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        let key = (event_type.to_owned(), state_key.to_owned());
        self.state.get(&key).map(Event::as_ref)
    }
}

/// An event, often by the user whom it is about, with a content of its type.
fn state_event(
    random: &mut Random,
    (id, event_type, state_key): (&str, &str, Option<&str>),
    rules: &RoomVersionRules,
) -> Event {
    let own = state_key.filter(|key| key.starts_with('@') && random.chance(60));
    let sender = own.unwrap_or_else(|| one(random, &USERS[..3]));
    let content = content(random, event_type, rules);
    let count = random.below(3);
    said((id, event_type, state_key), sender, &content, count, rules)
}

/// An event that follows so many others.
fn said(
    (id, event_type, state_key): (&str, &str, Option<&str>),
    sender: &str,
    content: &Object,
    follows: usize,
    rules: &RoomVersionRules,
) -> Event {
    let names = ["$create", "$s0", "$s1"].map(EventId::from_trusted);
    Draft {
        id,
        event_type,
        state_key,
        sender,
        content: &content.to_string(),
        origin_server_ts: 0,
        depth: 1,
        prev_events: names.into_iter().take(follows).collect(),
        auth_events: Vec::new(),
    }
    .event(rules)
}
