//! The specification's examples, and the example of the tool's help.

use roomdag::crypto::{
    self, KeyRing, SigningKey, Timestamp, Validity, hash_and_sign_event, sign_json,
};
use roomdag::event::HashCheck;
use roomdag::id::{KeyId, ServerName};
use roomdag::json::base64;
use roomdag::limits::Limits;
use roomdag::pdu::Pdu;
use roomdag::version::RoomVersions;

use crate::vectors::fields::{bytes, file, list, object, text};

#[test]
fn the_specification_s_examples_are_signed_as_it_says() {
    let vectors = file("events/spec-examples.json");
    let seed = base64::decode_array(text(&vectors, "seed")).unwrap();
    let key_id = KeyId::parse(text(&vectors, "key_id")).unwrap();
    let key = SigningKey::from_seed(key_id, &seed).unwrap();
    let server = text(&vectors, "server_name");
    for case in list(&vectors, "json").map(|case| case.as_object().unwrap()) {
        let mut found = object(case, "input").clone();
        sign_json(&mut found, server, &key);
        assert_eq!(found, *object(case, "signed"), "{}", text(case, "name"));
    }
    for case in list(&vectors, "events").map(|case| case.as_object().unwrap()) {
        let rules = RoomVersions::stable_rules(text(case, "room_version")).unwrap();
        let mut found = object(case, "input").clone();
        hash_and_sign_event(&mut found, rules, server, &key);
        assert_eq!(found, *object(case, "signed"), "{}", text(case, "name"));
    }
}

/// The event and the key that the tool's help speaks of.
#[test]
fn the_example_event_is_signed_by_the_example_key() {
    let rules = RoomVersions::stable_rules("11").unwrap();
    let line = String::from_utf8(bytes("events/example.key")).unwrap();
    let key = SigningKey::from_file(&line).unwrap();
    let limits = Limits::default();
    let pdu = Pdu::parse(&bytes("events/example.json"), rules, &limits).unwrap();
    let server = ServerName::parse(pdu.sender().server_name()).unwrap();
    let mut ring = KeyRing::new();
    ring.insert(
        server,
        key.key_id().clone(),
        key.verify_key(),
        Validity::Forever,
    )
    .unwrap();

    let event = crypto::verify(pdu, rules, &ring, Timestamp::from_millis(0), &limits).unwrap();

    assert_eq!(event.provenance().content_hash, HashCheck::Ok);
}
