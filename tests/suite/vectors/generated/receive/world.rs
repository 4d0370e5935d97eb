//! The events that a play is made of.

use std::borrow::Borrow;

use roomdag::testing::plain::{self, Key, Object};
use serde_json::{Value, json};

use crate::vectors::generated::writer::{Json, list, object};

/// The events of a room of one version, by name. Five are there from the start: `create`, `alice`
/// (who joins), `levels`, `rules` (anybody may join) and `bob` (who does).
pub(super) struct World {
    pub(super) version: u8,
    events: Vec<(String, Object)>,
}

/// The parts of an event that a play cares about.
#[derive(Clone, Copy)]
pub(super) struct Draft<'a> {
    pub(super) sender: &'a str,
    pub(super) event_type: &'a str,
    pub(super) state_key: Option<&'a str>,
    pub(super) prev: &'a [&'a str],
    pub(super) auth: &'a [&'a str],
    /// The event that it redacts.
    pub(super) redacts: Option<&'a str>,
    /// Servers that sign besides the sender's.
    pub(super) signers: &'a [&'a str],
}

pub(super) const ALICE: &[&str] = &["create", "levels", "alice"];
pub(super) const BOB: &[&str] = &["create", "levels", "bob"];

/// A message of alice's.
pub(super) fn by_alice<'a>(prev: &'a [&'a str]) -> Draft<'a> {
    Draft {
        sender: "@alice:a",
        event_type: "m.room.message",
        state_key: None,
        prev,
        auth: ALICE,
        redacts: None,
        signers: &[],
    }
}

/// A message of bob's.
pub(super) fn by_bob<'a>(prev: &'a [&'a str]) -> Draft<'a> {
    Draft {
        sender: "@bob:b",
        auth: BOB,
        ..by_alice(prev)
    }
}

impl<'a> Draft<'a> {
    /// The same as a state event.
    pub(super) fn state(self, event_type: &'a str, state_key: &'a str) -> Self {
        Self {
            event_type,
            state_key: Some(state_key),
            ..self
        }
    }

    pub(super) fn citing(self, auth: &'a [&'a str]) -> Self {
        Self { auth, ..self }
    }
}

impl World {
    pub(super) fn new(version: u8) -> Self {
        let mut world = Self {
            version,
            events: Vec::new(),
        };
        let mut create = json!({"room_version": version.to_string()});
        if version < 11 {
            create["creator"] = "@alice:a".into();
        }
        let first = Draft {
            auth: &[],
            ..by_alice(&[]).state("m.room.create", "")
        };
        world.add("create", first, create);
        let alice = by_alice(&["create"]).state("m.room.member", "@alice:a");
        world.add(
            "alice",
            alice.citing(&["create"]),
            json!({"membership": "join"}),
        );
        let levels = by_alice(&["alice"]).state("m.room.power_levels", "");
        let content = world.levels(&json!({}));
        world.add("levels", levels.citing(&["create", "alice"]), content);
        let rules = by_alice(&["levels"]).state("m.room.join_rules", "");
        world.add("rules", rules, json!({"join_rule": "public"}));
        let bob = by_bob(&["rules"]).state("m.room.member", "@bob:b");
        let auth = &["create", "levels", "rules"];
        world.add("bob", bob.citing(auth), json!({"membership": "join"}));
        world
    }

    /// Power levels by which alice has 100, where she is no creator with more, and others these.
    pub(super) fn levels(&self, others: &Value) -> Value {
        let mut users = others.clone();
        if self.version < 12 {
            users["@alice:a"] = 100.into();
        }
        json!({"users": users})
    }

    /// Adds an event, with its hash, and signed by its sender's server.
    pub(super) fn add(&mut self, name: &str, draft: Draft<'_>, content: impl Borrow<Value>) {
        let event = self.signed(name, draft, content.borrow());
        self.put(name, event);
    }

    /// Adds an event as it is.
    pub(super) fn put(&mut self, name: &str, event: Object) {
        assert!(self.events.iter().all(|(other, _)| other != name), "{name}");
        self.events.push((name.to_owned(), event));
    }

    pub(super) fn signed(&self, name: &str, draft: Draft<'_>, content: &Value) -> Object {
        let (_, server) = draft.sender.split_once(':').unwrap();
        let depth = draft.prev.iter().map(|name| self.depth(name)).max();
        // Where the room id names the create event, nobody cites it.
        let cited = |name: &&&str| self.version < 12 || **name != "create";
        let auth = draft.auth.iter().filter(cited);
        let auth: Vec<Value> = auth.map(|name| self.reference(name)).collect();
        let prev: Vec<Value> = draft.prev.iter().map(|name| self.reference(name)).collect();
        let count = i64::try_from(self.events.len()).unwrap();
        let mut event = json!({
            "type": draft.event_type,
            "sender": draft.sender,
            "content": content,
            "origin_server_ts": 1_700_000_000_000 + count * 1000,
            "depth": depth.unwrap_or(0) + 1,
            "prev_events": prev,
            "auth_events": auth,
        });
        let event = event.as_object_mut().unwrap();
        if let Some(state_key) = draft.state_key {
            event.insert("state_key".to_owned(), state_key.into());
        }
        match draft.redacts.map(|name| Value::from(self.id(name))) {
            Some(target) if self.version < 11 => drop(event.insert("redacts".to_owned(), target)),
            Some(target) => event["content"]["redacts"] = target,
            None => {}
        }
        if self.version < 3 {
            event.insert("event_id".to_owned(), format!("${name}:{server}").into());
        }
        if self.version < 12 {
            event.insert("room_id".to_owned(), "!room:a".into());
        } else if name != "create" {
            let create = self.id("create");
            event.insert("room_id".to_owned(), create.replacen('$', "!", 1).into());
        }
        let mut event = plain::hashed(event.clone());
        for server in std::iter::once(server).chain(draft.signers.iter().copied()) {
            event = self.signed_by(event, server, server);
        }
        event
    }

    /// The event with a server's signature, made with the key of a server.
    pub(super) fn signed_by(&self, event: Object, server: &str, key_of: &str) -> Object {
        let key = Key {
            id: KEY_ID,
            seed: &seed(key_of),
        };
        plain::signed(event, self.version, server, &key)
    }

    /// The event with a signature as a policy server's, made with the key of that name.
    pub(super) fn endorsed(&self, event: Object, server: &str, key_of: &str) -> Object {
        let key = Key {
            id: "ed25519:policy_server",
            seed: &seed(key_of),
        };
        plain::signed(event, self.version, server, &key)
    }

    fn reference(&self, name: &str) -> Value {
        let id = self.id(name);
        if self.version < 3 {
            let hash = plain::reference_hash(self.event(name), self.version);
            json!([id, {"sha256": hash}])
        } else {
            id.into()
        }
    }

    pub(super) fn event(&self, name: &str) -> &Object {
        let found = self.events.iter().find(|(other, _)| other == name);
        &found.unwrap_or_else(|| panic!("no event {name}")).1
    }

    fn depth(&self, name: &str) -> i64 {
        self.event(name)["depth"].as_i64().unwrap()
    }

    pub(super) fn id(&self, name: &str) -> String {
        plain::event_id(self.event(name), self.version)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.events.iter().map(|(name, _)| name)
    }

    /// The name under which the file has an event.
    pub(super) fn given(&self, name: &str) -> String {
        format!("{name}, version {}", self.version)
    }

    pub(super) fn json(&self, name: &str) -> Json {
        (&Value::from(self.event(name).clone())).into()
    }

    /// Type, state key and id of a state event.
    pub(super) fn row(&self, name: &str) -> [String; 3] {
        let event = self.event(name);
        let text = |key: &str| event[key].as_str().unwrap().to_owned();
        [text("type"), text("state_key"), self.id(name)]
    }
}

/// The event with its server's signature.
pub(super) fn sign(event: Object, version: u8, server: &str) -> Object {
    let key = Key {
        id: KEY_ID,
        seed: &seed(server),
    };
    plain::signed(event, version, server, &key)
}

const KEY_ID: &str = "ed25519:1";

fn seed(server: &str) -> [u8; 32] {
    [server.as_bytes()[0]; 32]
}

/// A server's public key, without an end.
pub(super) fn public_key(server: &str) -> String {
    let seed = seed(server);
    let key = Key {
        id: KEY_ID,
        seed: &seed,
    };
    key.public()
}

pub(super) fn server_keys(servers: &[&str]) -> Json {
    let mut keys = object! {};
    for server in servers {
        let key = object! { "key" => public_key(server) };
        keys = keys.with(server, object! { KEY_ID => key });
    }
    keys
}

/// The keys that an event waits for.
pub(super) fn missing_keys(servers: &[&str]) -> Json {
    let keys = servers.iter().map(|server| list![*server, KEY_ID]);
    keys.collect::<Vec<_>>().into()
}
