//! Canonical JSON, hashes and signatures by `ruma-common` and `ruma-signatures`.

use roomdag::crypto::{KeyRing, Timestamp};
use roomdag::event::HashCheck;
use roomdag::json::{Mode, Object};
use roomdag::pdu::{Pdu, redact};
use roomdag::version::RoomVersionRules;
use roomdag::{Limits, crypto};
use ruma_common::CanonicalJsonObject;
use ruma_common::serde::Base64;
use ruma_signatures::{PublicKeyMap, Verified};

use crate::ruma::{Difference, known_difference, rules};

/// Both read the same object, or neither reads any, but for known differences. Returns it as each
/// has it.
pub fn read(bytes: &[u8]) -> Option<(Object, CanonicalJsonObject)> {
    let ours = Object::parse(bytes, Mode::Strict);
    let theirs = serde_json::from_slice::<CanonicalJsonObject>(bytes);
    let theirs = theirs.map_err(|error| error.to_string());
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            let written = serde_json::to_vec(&theirs).expect("it is JSON");
            assert_eq!(written, ours.to_canonical());
            Some((ours, theirs))
        }
        (Err(_), Err(_)) => None,
        (ours, theirs) => {
            let between = Difference::Reading {
                bytes,
                ours: ours.as_ref().err().map(|error| error.kind()),
                theirs: theirs.as_ref().err().map(String::as_str),
            };
            assert!(
                known_difference(between).is_some(),
                "{ours:?}, ruma {theirs:?}"
            );
            None
        }
    }
}

/// Both make the same hashes, id and redacted form of an event, but for known differences.
pub fn assert_hashed_alike(
    ours: &Object,
    theirs: &CanonicalJsonObject,
    version: &RoomVersionRules,
) {
    let their_rules = rules(version);
    let content = ruma_signatures::content_hash(theirs).map(|hash| hash.encode());
    let reference = ruma_signatures::reference_hash(theirs, &their_rules);
    let redacted =
        ruma_common::canonical_json::redact(theirs.clone(), &their_rules.redaction, None);
    if known_difference(Difference::Hashing(ours, version)).is_some() {
        return;
    }
    let content = content.expect("nothing is known against it");
    assert_eq!(content, crypto::content_hash(ours).to_base64());
    let redacted = redacted.expect("nothing is known against it");
    let redacted = serde_json::to_vec(&redacted).expect("it is JSON");
    assert!(redacted == redact(ours, version).to_canonical(), "{ours}");
    let reference = reference.expect("nothing is known against it");
    let pdu = Pdu::from_json(ours.clone(), version, &Limits::default());
    let id = crypto::event_id(&pdu.expect("nothing is known against it"), version);
    assert_eq!(format!("${reference}"), id.to_string());
}

/// Both find the signatures good, or neither does, and so with the hash; but for known differences.
pub fn assert_verified_alike(
    ours: &Object,
    theirs: &CanonicalJsonObject,
    version: &RoomVersionRules,
    keys: &KeyRing,
    now: Timestamp,
) {
    let limits = Limits::default();
    let Ok(pdu) = Pdu::from_json(ours.clone(), version, &limits) else {
        return;
    };
    let found = crypto::verify(pdu, version, keys, now, &limits);
    let found = found.map(|event| event.provenance().content_hash == HashCheck::Ok);
    let verified = ruma_signatures::verify_event(&key_map(keys), theirs, &rules(version));
    match (found, verified) {
        (Ok(is_intact), Ok(verified)) => assert_eq!(is_intact, verified == Verified::All),
        (Err(_), Err(_)) => {}
        (found, verified) => {
            let known = known_difference(Difference::Verifying(ours, version));
            assert!(known.is_some(), "{found:?}, ruma {verified:?} of {ours}");
        }
    }
}

fn key_map(keys: &KeyRing) -> PublicKeyMap {
    let mut map = PublicKeyMap::new();
    for (server, id, key, _) in keys.iter() {
        let of_server = map.entry(server.as_str().into()).or_default();
        of_server.insert(id.as_str().into(), Base64::new(key.as_bytes().to_vec()));
    }
    map
}
