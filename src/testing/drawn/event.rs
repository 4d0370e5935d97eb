//! PDUs: with every member that the event format names, signed, and damaged.

use crate::crypto::{self, KeyRing, SigningKey, Timestamp, Validity};
use crate::id::{KeyId, ServerName};
use crate::json::{Array, Object, Value};
use crate::pdu::CREATE;
use crate::testing::Random;
use crate::testing::drawn::content::TYPES;
use crate::testing::drawn::{USERS, one, redactable, rules, text, tokens, value};
use crate::version::{EventIdFormat, EventReferences, RoomIdFormat, RoomVersionRules};

/// An event without hashes and signatures. One member in sixteen is not what it should be.
pub fn event(random: &mut Random, rules: &RoomVersionRules) -> Object {
    let is_create = random.chance(10);
    let event_type = if is_create {
        CREATE
    } else {
        one(random, &TYPES)
    };
    let mut event = Object::from_iter([("type", event_type)]);
    event.insert("content", redactable(random, event_type, rules));
    event.insert("sender", one(random, &USERS));
    let times = [0, 1, 1_000, i64::from(u32::MAX), -5];
    event.insert("origin_server_ts", one(random, &times));
    event.insert("depth", one(random, &[0, 1, 5, rules.max_depth]));
    if !(is_create && rules.room_id == RoomIdFormat::CreateHash) {
        event.insert("room_id", room_id(rules));
    }
    if is_create || random.chance(60) {
        event.insert("state_key", one(random, &["", "@alice:a", "@carol:b", "t"]));
    }
    if rules.event_id == EventIdFormat::Field {
        event.insert("event_id", one(random, &["$x:a", "$x:b", "$y:c"]));
    }
    for list in ["prev_events", "auth_events"] {
        let ids = (0..random.below(4)).map(|_| reference(random, rules));
        event.insert(list, ids.collect::<Array>());
    }
    for (name, percent) in [
        ("redacts", 10),
        ("origin", 20),
        ("prev_state", 10),
        ("membership", 10),
        ("age_ts", 10),
        ("unsigned", 30),
    ] {
        if random.chance(percent) {
            let text = one(random, &["$a", "a", ""]);
            event.insert(name, text);
        }
    }
    if random.below(16) == 15 {
        let keys: Vec<String> = event.keys().map(str::to_owned).collect();
        let key = random.pick(&keys).cloned().unwrap_or_else(|| text(random));
        if random.chance(30) {
            event.remove(&key);
        } else {
            event.insert(key, value(random, rules.canonical_json));
        }
    }
    event
}

/// The room of all events that are drawn.
fn room_id(rules: &RoomVersionRules) -> &'static str {
    match rules.room_id {
        RoomIdFormat::WithServer => "!room:a",
        RoomIdFormat::CreateHash => "!47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
    }
}

fn reference(random: &mut Random, rules: &RoomVersionRules) -> Value {
    let id = Value::from(one(random, &["$a", "$b:b", "$c", "$\u{e9}"]));
    match rules.references {
        EventReferences::Ids => id,
        EventReferences::Pairs => {
            let hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
            let hashes = Object::from_iter([("sha256", hash)]);
            Value::from(vec![id, hashes.into()])
        }
    }
}

/// The event, hashed and signed by these servers.
#[must_use]
pub fn signed(event: &Object, servers: &[&str], rules: &RoomVersionRules) -> Object {
    let mut event = event.clone();
    for server in servers {
        if let Some(key) = signing_key(server) {
            crypto::hash_and_sign_event(&mut event, rules, server, &key);
        }
    }
    event
}

/// The server of an event's sender, as far as there is one.
#[must_use]
pub fn server(event: &Object) -> &str {
    let sender = event.get("sender").and_then(Value::as_str);
    sender
        .and_then(|sender| Some(sender.split_once(':')?.1))
        .unwrap_or("a")
}

/// The key of a server; every name has one.
#[must_use]
pub fn signing_key(server: &str) -> Option<SigningKey> {
    let key_id = KeyId::parse("ed25519:1").ok()?;
    let seed = server.bytes().fold(1, u8::wrapping_add);
    SigningKey::from_seed(key_id, &[seed; 32]).ok()
}

/// The keys of the servers `a`, `b` and `c`, good at all times.
#[must_use]
pub fn keys() -> KeyRing {
    let mut ring = KeyRing::new();
    for name in ["a", "b", "c"] {
        let key = signing_key(name).zip(ServerName::parse(name).ok());
        if let Some((key, name)) = key {
            // Every server has one key, so none conflicts.
            let _ = ring.insert(
                name,
                key.key_id().clone(),
                key.verify_key(),
                Validity::Forever,
            );
        }
    }
    ring
}

/// When everything that is drawn happens, as far as the host knows.
#[must_use]
pub const fn now() -> Timestamp {
    Timestamp::from_millis(1_000_000)
}

/// An event as it comes over federation: as the bytes have it, or one that is drawn, signed by its
/// sender's server, and in one case of four damaged on its way.
#[must_use]
pub fn wire(mut random: Random) -> (&'static RoomVersionRules, Vec<u8>) {
    let rules = rules(&mut random);
    let kind = random.below(4);
    if kind == 0 {
        return (rules, random.into_bytes());
    }
    let event = event(&mut random, rules);
    let bytes = signed(&event, &[server(&event)], rules).to_canonical();
    if kind == 1 {
        return (rules, tampered(&mut random, &bytes));
    }
    (rules, bytes)
}

/// The bytes after some accidents: other bytes, missing ones, pieces of JSON in between.
pub fn tampered(random: &mut Random, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.below(4).saturating_add(1) {
        let at = random.below(bytes.len());
        let rest = bytes.split_off(at);
        match random.below(4) {
            0 => bytes.extend(
                rest.get(random.below(rest.len().min(40))..)
                    .unwrap_or(&rest),
            ),
            1 => {
                bytes.extend(tokens(random).into_bytes());
                bytes.extend(rest);
            }
            2 => {
                let other = u8::try_from(random.below(256)).unwrap_or_default();
                bytes.push(other);
                bytes.extend(rest.get(1..).unwrap_or_default());
            }
            _ => {
                let digits = rest.iter().position(u8::is_ascii_digit).unwrap_or(0);
                let (before, from) = rest.split_at(digits);
                let end = from.iter().position(|byte| !byte.is_ascii_digit());
                bytes.extend(before);
                let numbers = ["0", "-1", "007", "9007199254740992", "1.0", "1e3"];
                bytes.extend(one(random, &numbers).bytes());
                bytes.extend(from.get(end.unwrap_or(from.len())..).unwrap_or_default());
            }
        }
    }
    bytes
}
