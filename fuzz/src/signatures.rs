//! Signatures and keys by their definition.
//!
//! Spec: <https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events>

use roomdag::crypto::{
    KeyRing, KeyStatus, POLICY_SERVER_KEY, Timestamp, Validity, VerifyKey, content_hash, sign_json,
    verify_json,
};
use roomdag::json::{Object, Value};
use roomdag::pdu::{Pdu, redact};
use roomdag::testing::{Random, drawn};
use roomdag::version::{EventIdFormat, JoinRule, KeyValidity, RoomVersionRules};
use roomdag::{KeyId, ServerName, SigningKey};

/// Whether every server that must sign has signed, and rightly with every key that can be used.
pub fn is_signed(pdu: &Pdu, rules: &RoomVersionRules, keys: &KeyRing, now: Timestamp) -> bool {
    let event = pdu.json().to_object();
    let mut redacted = redact(&event, rules);
    let signatures = event.get("signatures").and_then(Value::as_object);
    let Some(signatures) = signatures else {
        return false;
    };
    redacted.insert("signatures", signatures.clone());
    let is_right = |name: &str| {
        let server = ServerName::parse(name).ok();
        let by_server = signatures.get(name).and_then(Value::as_object);
        let (Some(server), Some(by_server)) = (server, by_server) else {
            return false;
        };
        let usable = by_server.keys().filter_map(|id| {
            let id = KeyId::parse(id).ok().filter(|id| id.is_ed25519())?;
            let (at, validity) = (pdu.origin_server_ts(), rules.key_validity);
            match keys.lookup(&server, &id, at, now, validity) {
                KeyStatus::Usable(key) if id.as_str() != POLICY_SERVER_KEY => Some((id, *key)),
                _ => None,
            }
        });
        let usable: Vec<(KeyId, VerifyKey)> = usable.collect();
        let verifies = |(id, key)| verify_json(&redacted, name, id, key).is_ok();
        !usable.is_empty() && usable.iter().map(|(id, key)| (id, key)).all(verifies)
    };
    let mut required = required(&event, rules).into_iter();
    required.all(|server| server.is_some_and(|server| is_right(&server)))
}

/// The servers that must sign; `None` where what should name one names none.
fn required(event: &Object, rules: &RoomVersionRules) -> Vec<Option<String>> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(ToOwned::to_owned);
    let server = |id: String| id.split_once(':').map(|(_, server)| server.to_owned());
    let of = |event: &Object, key: &str| {
        let content = event.get("content").and_then(Value::as_object);
        content.and_then(|content| content.get(key).cloned())
    };
    // Without a state key too, though the rules reject it then.
    let is_member = event.get("type").and_then(Value::as_str) == Some("m.room.member");
    let is = |membership| {
        is_member && of(event, "membership").as_ref().and_then(Value::as_str) == Some(membership)
    };
    let hashes = event.get("hashes").and_then(Value::as_object);
    let stated = text(hashes.and_then(|hashes| hashes.get("sha256"))).unwrap_or_default();
    let is_intact = stated
        .trim_end_matches('=')
        .replace('-', "+")
        .replace('_', "/")
        == content_hash(event).to_base64();
    // As the event goes on, which is redacted if its hash is wrong.
    let stays = is_intact || of(&redact(event, rules), "third_party_invite").is_some();
    let sender = text(event.get("sender")).and_then(server);
    let mut required = Vec::new();
    if rules.event_id == EventIdFormat::Field {
        // A third-party invite may be without the sender's signature whatever its id.
        let names = text(event.get("event_id")).and_then(server);
        required.extend(Some(names).filter(|names| *names != sender));
    }
    if !(is("invite") && of(event, "third_party_invite").is_some() && stays) {
        required.push(sender);
    }
    if rules.auth.knows(JoinRule::Restricted) && is("join") {
        let authoriser = of(event, "join_authorised_via_users_server");
        required.extend(authoriser.map(|user| text(Some(&user)).and_then(server)));
    }
    required
}

/// Keys of the three servers, some of which are not there, or not valid for ever.
pub fn ring(random: &mut Random) -> KeyRing {
    let mut ring = KeyRing::new();
    for name in ["a", "b", "c"] {
        let key = drawn::signing_key(name).expect("every server has a key");
        let validity = match random.below(8) {
            0 => continue,
            1 => Validity::Until(*random.pick(&[0, 1_000, i64::MAX]).unwrap()),
            2 => Validity::ExpiredAt(*random.pick(&[0, 1_000, i64::MAX]).unwrap()),
            _ => Validity::Forever,
        };
        let server = ServerName::parse(name).expect("it is a name");
        let inserted = ring.insert(server, key.key_id().clone(), key.verify_key(), validity);
        inserted.expect("every server has one key");
    }
    ring
}

/// Changes something about an event that somebody has signed, or nothing.
pub fn with_mischief(random: &mut Random, event: &mut Object) {
    match random.below(6) {
        0 => {
            let depth = event.get("depth").and_then(Value::as_i64).unwrap_or(3);
            event.insert("depth", depth ^ 1);
        }
        1 => {
            if let Some(content) = event.get_mut("content").and_then(Value::as_object_mut) {
                content.insert("altered", true);
            }
        }
        2 => {
            let texts = ["", "AAAA", "====", "!"];
            let text = *random.pick(&texts).unwrap();
            change_signature(random, event, |_| text.to_owned());
        }
        3 => {
            let bit = random.below(7);
            change_signature(random, event, |old| {
                old.chars()
                    .rev()
                    .map(|c| (c as u8 ^ (1 << bit)) as char)
                    .collect()
            });
        }
        4 => {
            let server = *random.pick(&["a", "b"]).unwrap();
            let names = ["ed25519:2", "ed25519:", "rsa:1", "x"];
            let name = *random.pick(&names).unwrap();
            let signatures = event.get_mut("signatures").and_then(Value::as_object_mut);
            let of_server = signatures.and_then(|servers| servers.get_mut(server)?.as_object_mut());
            if let Some(of_server) = of_server {
                of_server.insert(name, "AAAA");
            }
        }
        _ => {}
    }
}

fn change_signature(random: &mut Random, event: &mut Object, change: impl Fn(&str) -> String) {
    let server = *random.pick(&["a", "b", "c"]).unwrap();
    let signatures = event.get_mut("signatures").and_then(Value::as_object_mut);
    let of_server = signatures.and_then(|servers| servers.get_mut(server)?.as_object_mut());
    let Some(of_server) = of_server else { return };
    if let Some(signature) = of_server.get_mut("ed25519:1") {
        let old = signature.as_str().unwrap_or_default();
        *signature = Value::from(change(old));
    }
}

/// What a server says about its keys, signed with some of them.
pub fn document(random: &mut Random) -> Object {
    let server = *random.pick(&["a", "a", "b"]).unwrap();
    let key = |id: &str, seed: u8| {
        SigningKey::from_seed(KeyId::parse(id).expect("it is an id"), &[seed; 32])
            .expect("it is for ed25519")
    };
    let (mut in_use, mut retired, mut signing) = (Object::new(), Object::new(), Vec::new());
    for (id, seed) in [("ed25519:1", 1), ("ed25519:2", 2), ("ed25519:3", 3)] {
        let key = key(id, seed + u8::from(random.below(8) == 0));
        let public = key.verify_key().to_base64();
        match random.below(4) {
            0 => {}
            1 => {
                let expired = i64::try_from(random.below(2_000)).unwrap_or_default();
                let retired_key = [("key", Value::from(public)), ("expired_ts", expired.into())];
                retired.insert(id, Object::from_iter(retired_key));
            }
            _ => {
                in_use.insert(id, Object::from_iter([("key", public)]));
                signing.push(key);
            }
        }
    }
    let until = i64::try_from(random.below(2_000)).unwrap_or_default();
    let mut document = Object::from_iter([
        ("server_name", Value::from(server)),
        ("valid_until_ts", until.into()),
        ("verify_keys", in_use.into()),
        ("old_verify_keys", retired.into()),
    ]);
    for key in signing {
        if random.chance(80) {
            sign_json(&mut document, server, &key);
        }
    }
    if random.below(8) == 0 {
        document.insert(
            "valid_until_ts",
            drawn::value(random, roomdag::json::Mode::Strict),
        );
    }
    document
}

/// All that a ring holds.
pub fn listed(ring: &KeyRing) -> Vec<(ServerName, KeyId, VerifyKey, Validity)> {
    let entries = ring
        .iter()
        .map(|(server, id, key, validity)| (server.clone(), id.clone(), *key, validity));
    entries.collect()
}

/// A key is good for an event exactly if its server stands for it at that time.
pub fn assert_lookups(random: &mut Random, ring: &KeyRing, now: Timestamp) {
    const WEEK: i64 = 7 * 24 * 60 * 60 * 1_000;
    for (server, id, _, validity) in ring.iter() {
        let at = i64::try_from(random.below(3_000)).unwrap_or_default() * 1_000_000;
        let at = at - i64::try_from(random.below(2_000)).unwrap_or_default();
        for enforced in [KeyValidity::Ignored, KeyValidity::Enforced] {
            let is_good = match (validity, enforced) {
                (Validity::ExpiredAt(expired), _) => at <= expired,
                (Validity::Until(until), KeyValidity::Enforced) => {
                    at <= until && at <= now.millis() + WEEK
                }
                _ => true,
            };
            let found = ring.lookup(server, id, at, now, enforced);
            assert_eq!(matches!(found, KeyStatus::Usable(_)), is_good);
        }
    }
}
