//! Canonical JSON, redaction, hashes, ids and signatures of events, stated a second time.
//!
//! Plain on purpose: a few lines over `serde_json` for each definition of the specification, with
//! its lists copied from the page of each room version. Nothing is shared with the engine but the
//! crates for SHA-256, Base64 and Ed25519. Room versions are numbers, 1 to 12.
//!
//! Numbers are written as `serde_json` has them, so this is for events whose numbers are integers
//! of up to 64 bits.
//!
//! Spec: [canonical JSON](https://spec.matrix.org/v1.19/appendices/#canonical-json),
//! [hashes][hashes], [redactions](https://spec.matrix.org/v1.19/rooms/v12/#redactions).
//!
//! [hashes]: https://spec.matrix.org/v1.19/server-server-api/#adding-hashes-and-signatures-to-outgoing-events

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// A JSON object.
pub type Object = Map<String, Value>;

/// The canonical JSON of a value.
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    match value {
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(canonical_json).collect();
            format!("[{}]", values.join(","))
        }
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            let members = members.into_iter().map(|(key, value)| {
                format!("{}:{}", Value::from(key.as_str()), canonical_json(value))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

/// The event with what the redaction algorithm of its room version keeps.
#[must_use]
pub fn redacted(event: &Object, version: u8) -> Object {
    let keys: &[&str] = if version < 11 { &KEPT } else { &KEPT_SINCE_11 };
    let mut redacted = only(event, keys);
    if let (Some(event_type), Some(content)) = (event.get("type"), event.get("content")) {
        let content = content.as_object().cloned().unwrap_or_default();
        let event_type = event_type.as_str().unwrap_or_default();
        let kept = redacted_content(&content, event_type, version);
        redacted.insert("content".to_owned(), kept.into());
    }
    redacted
}

fn redacted_content(content: &Object, event_type: &str, version: u8) -> Object {
    match event_type {
        "m.room.member" => {
            let mut kept = only(content, &["membership"]);
            if version >= 9 {
                kept.append(&mut only(content, &["join_authorised_via_users_server"]));
            }
            let invite = content.get("third_party_invite").and_then(Value::as_object);
            if let (true, Some(invite)) = (version >= 11, invite) {
                let signed = only(invite, &["signed"]);
                kept.insert("third_party_invite".to_owned(), signed.into());
            }
            kept
        }
        "m.room.create" if version >= 11 => content.clone(),
        "m.room.create" => only(content, &["creator"]),
        "m.room.join_rules" if version >= 8 => only(content, &["join_rule", "allow"]),
        "m.room.join_rules" => only(content, &["join_rule"]),
        "m.room.power_levels" => {
            let mut kept = only(content, &KEPT_LEVELS);
            if version >= 11 {
                kept.append(&mut only(content, &["invite"]));
            }
            kept
        }
        "m.room.aliases" if version < 6 => only(content, &["aliases"]),
        "m.room.history_visibility" => only(content, &["history_visibility"]),
        "m.room.redaction" if version >= 11 => only(content, &["redacts"]),
        _ => Object::new(),
    }
}

/// The members of these names.
fn only(object: &Object, keys: &[&str]) -> Object {
    let kept = object
        .iter()
        .filter(|(key, _)| keys.contains(&key.as_str()));
    kept.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// The members of other names.
fn without(object: &Object, keys: &[&str]) -> Object {
    let kept = object
        .iter()
        .filter(|(key, _)| !keys.contains(&key.as_str()));
    kept.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn sha256(object: Object) -> [u8; 32] {
    Sha256::digest(canonical_json(&object.into())).into()
}

/// The content hash, in unpadded Base64.
#[must_use]
pub fn content_hash(event: &Object) -> String {
    STANDARD_NO_PAD.encode(sha256(without(
        event,
        &["unsigned", "signatures", "hashes"],
    )))
}

/// The reference hash, in unpadded Base64.
#[must_use]
pub fn reference_hash(event: &Object, version: u8) -> String {
    STANDARD_NO_PAD.encode(reference(event, version))
}

fn reference(event: &Object, version: u8) -> [u8; 32] {
    sha256(without(
        &redacted(event, version),
        &["signatures", "unsigned"],
    ))
}

/// The event id; empty where it is a field of the event, and is not there.
#[must_use]
pub fn event_id(event: &Object, version: u8) -> String {
    let hash = reference(event, version);
    match version {
        ..3 => event
            .get("event_id")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        3 => format!("${}", STANDARD_NO_PAD.encode(hash)),
        4.. => format!("${}", URL_SAFE_NO_PAD.encode(hash)),
    }
}

/// The event with its content hash.
#[must_use]
pub fn hashed(mut event: Object) -> Object {
    let mut hashes = Object::new();
    hashes.insert("sha256".to_owned(), content_hash(&event).into());
    event.insert("hashes".to_owned(), hashes.into());
    event
}

/// The event with a server's signature, besides those that it has.
#[must_use]
pub fn signed(mut event: Object, version: u8, server: &str, key: &Key<'_>) -> Object {
    let covered = without(&redacted(&event, version), &["signatures", "unsigned"]);
    let signature =
        SigningKey::from_bytes(key.seed).sign(canonical_json(&covered.into()).as_bytes());
    let signature = Value::from(STANDARD_NO_PAD.encode(signature.to_bytes()));
    let all = event
        .entry("signatures")
        .or_insert_with(|| Object::new().into());
    if let Some(all) = all.as_object_mut() {
        let of_server = all.entry(server).or_insert_with(|| Object::new().into());
        if let Some(of_server) = of_server.as_object_mut() {
            of_server.insert(key.id.to_owned(), signature);
        }
    }
    event
}

/// A signing key.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    /// Its id, as `ed25519:1`.
    pub id: &'a str,
    /// Its secret.
    pub seed: &'a [u8; 32],
}

impl Key<'_> {
    /// The public key, in unpadded Base64.
    #[must_use]
    pub fn public(&self) -> String {
        STANDARD_NO_PAD.encode(SigningKey::from_bytes(self.seed).verifying_key().as_bytes())
    }
}

/// What versions 1 to 10 keep of an event.
const KEPT: [&str; 15] = [
    "event_id",
    "type",
    "room_id",
    "sender",
    "state_key",
    "content",
    "hashes",
    "signatures",
    "depth",
    "prev_events",
    "prev_state",
    "auth_events",
    "origin",
    "origin_server_ts",
    "membership",
];

/// What versions 11 and 12 keep of an event.
const KEPT_SINCE_11: [&str; 12] = [
    "event_id",
    "type",
    "room_id",
    "sender",
    "state_key",
    "content",
    "hashes",
    "signatures",
    "depth",
    "prev_events",
    "auth_events",
    "origin_server_ts",
];

/// What every version keeps of power levels.
const KEPT_LEVELS: [&str; 8] = [
    "ban",
    "events",
    "events_default",
    "kick",
    "redact",
    "state_default",
    "users",
    "users_default",
];
