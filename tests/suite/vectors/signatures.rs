//! `signatures/cases.json`: who must sign, and with what; and the specification's examples.

use roomdag::crypto::{
    self, KeyRing, SignatureError, SigningKey, Timestamp, Validity, VerifyKey, hash_and_sign_event,
    sign_json,
};
use roomdag::event::HashCheck;
use roomdag::id::{KeyId, ServerName};
use roomdag::json::{Object, Value, base64};
use roomdag::limits::Limits;
use roomdag::pdu::Pdu;
use roomdag::version::{AuthoriserSignature, RoomVersions};

use crate::vectors::fields::{bytes, cases, file, integer, list, object, opt_text, text, versions};

#[test]
fn each_event_is_signed_by_who_must_sign_it_or_dropped() {
    let vectors = file("signatures/cases.json");
    for case in cases(&vectors) {
        let keys = case.get("server_keys").and_then(Value::as_object);
        let ring = ring(keys.unwrap_or_else(|| object(&vectors, "server_keys")));
        let now = Timestamp::from_millis(integer(case, "now").unwrap_or(0));
        for rules in versions(case) {
            let name = format!("{} (version {})", text(case, "name"), rules.id);
            let mut rules = *rules;
            if case.contains_key("readings") {
                let readings = object(case, "readings");
                assert_eq!(text(readings, "authoriser_signature"), "all_member_events");
                rules.readings.authoriser_signature = AuthoriserSignature::AllMemberEvents;
            }
            let limits = Limits::default();
            let pdu = Pdu::from_json(object(case, "event").clone(), &rules, &limits);
            let found = crypto::verify(pdu.expect(&name), &rules, &ring, now, &limits);
            let error = found.as_ref().err().map(|error| kind(&error.errors));
            assert_eq!(error, opt_text(case, "error"), "{name}");
            let verdict = if found.is_ok() { "valid" } else { "drop" };
            assert_eq!(verdict, text(case, "expect"), "{name}");
        }
    }
}

fn kind(errors: &[SignatureError]) -> &'static str {
    match errors {
        [SignatureError::NoSigner { .. }] => "NoSigner",
        [SignatureError::Unsigned { .. }] => "Unsigned",
        [SignatureError::NoUsableKey { .. }] => "NoUsableKey",
        [SignatureError::Invalid { .. }] => "Invalid",
        other => panic!("one thing is wrong in each case, not {other:?}"),
    }
}

fn ring(servers: &Object) -> KeyRing {
    let mut ring = KeyRing::new();
    for (server, keys) in servers {
        for (key_id, entry) in keys.as_object().unwrap() {
            let entry = entry.as_object().unwrap();
            let validity = match (
                integer(entry, "valid_until_ts"),
                integer(entry, "expired_ts"),
            ) {
                (Some(until), None) => Validity::Until(until),
                (None, Some(expired)) => Validity::ExpiredAt(expired),
                _ => Validity::Forever,
            };
            let key = VerifyKey::from_base64(text(entry, "key")).unwrap();
            let server = ServerName::parse(server).unwrap();
            ring.insert(server, KeyId::parse(key_id).unwrap(), key, validity)
                .unwrap();
        }
    }
    ring
}

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
