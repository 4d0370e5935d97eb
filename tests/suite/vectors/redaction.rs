//! `redaction`: what is kept, and where a redaction names its target.

use std::collections::BTreeSet;

use roomdag::crypto::unverified;
use roomdag::id::EventId;
use roomdag::json::{Object, Value};
use roomdag::limits::Limits;
use roomdag::pdu::{Pdu, redact};
use roomdag::version::{EventIdFormat, EventReferences, RoomIdFormat, RoomVersionRules};

use crate::vectors::fields::{cases, file, list, object, opt_text, text, texts, versions};

/// The expectations of a case, each with its room versions, which are all there are.
fn expectations(case: &Object) -> Vec<(&'static RoomVersionRules, &Object)> {
    let mut found = Vec::new();
    for expect in list(case, "expect").map(|expect| expect.as_object().unwrap()) {
        found.extend(versions(expect).into_iter().map(|rules| (rules, expect)));
    }
    assert_eq!(found.len(), 12, "{}", text(case, "name"));
    found
}

#[test]
fn redaction_keeps_what_each_version_keeps() {
    for case in cases(&file("redaction/rows.json")) {
        let event = object(case, "event");
        for (rules, expect) in expectations(case) {
            let name = format!("{} (version {})", text(case, "name"), rules.id);
            let redacted = redact(event, rules);
            let keys: BTreeSet<&str> = redacted.keys().collect();
            let expected: BTreeSet<&str> = texts(expect, "top_level").into_iter().collect();
            assert_eq!(keys, expected, "{name}");
            for (key, value) in &redacted {
                let original = if key == "content" { expect } else { event };
                assert_eq!(Some(value), original.get(key), "{name}: {key}");
            }
            assert_eq!(redact(&redacted, rules), redacted, "{name}: twice");
        }
    }
}

#[test]
fn a_redaction_names_its_target_where_its_version_looks() {
    for case in cases(&file("redaction/targets.json")) {
        for (rules, expect) in expectations(case) {
            let name = format!("{} (version {})", text(case, "name"), rules.id);
            let pdu = Pdu::from_json(completed(case, rules), rules, &Limits::default()).unwrap();
            let mut event = pdu.json().to_object();
            // With its true hash, so that it is not redacted itself.
            let mut hashes = Object::new();
            hashes.insert("sha256", roomdag::crypto::content_hash(&event).to_base64());
            event.insert("hashes", hashes);
            let pdu = Pdu::from_json(event, rules, &Limits::default()).unwrap();
            let event = unverified(pdu, rules);
            let found = event.as_ref().redacts.map(EventId::as_str);
            assert_eq!(found, opt_text(expect, "redacts"), "{name}");
        }
    }
}

/// The event with the fields in which versions differ and which do not matter here.
fn completed(case: &Object, rules: &RoomVersionRules) -> Object {
    let mut event = object(case, "event").clone();
    if rules.event_id == EventIdFormat::Field {
        event.insert("event_id", "$e:a");
    }
    event.insert(
        "room_id",
        match rules.room_id {
            RoomIdFormat::WithServer => "!r:a",
            RoomIdFormat::CreateHash => "!r",
        },
    );
    assert!(matches!(
        rules.references,
        EventReferences::Ids | EventReferences::Pairs
    ));
    event.insert("prev_events", Value::from(Vec::new()));
    event.insert("auth_events", Value::from(Vec::new()));
    event
}
