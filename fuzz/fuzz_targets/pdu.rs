//! What is accepted as an event of a room version is within its bounds, comes out as bytes that are
//! accepted as the same event, read in place or from a tree, and so does its redacted form, under
//! the same id. What `unsigned` says makes no difference.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomdag::pdu::{Pdu, content::Content, redact};
use roomdag::testing::{Random, drawn};
use roomdag::{Limits, crypto};

fuzz_target!(|bytes: &[u8]| {
    let (rules, bytes) = drawn::wire(Random::of_bytes(bytes));
    let limits = Limits::default();
    let Ok(pdu) = Pdu::parse(&bytes, rules, &limits) else {
        return;
    };
    assert!(pdu.json().as_bytes().len() <= limits.pdu_bytes);
    assert!(pdu.prev_events().len() <= 20 && pdu.auth_events().len() <= 10);
    assert!((0..=rules.max_depth).contains(&pdu.depth()));
    assert_eq!(
        Pdu::parse(pdu.json().as_bytes(), rules, &limits).as_ref(),
        Ok(&pdu)
    );
    let json = pdu.json().to_object();
    assert_eq!(
        Pdu::from_json(json.clone(), rules, &limits).as_ref(),
        Ok(&pdu)
    );
    let content = Content::of(&json, pdu.event_type(), pdu.state_key().is_some(), rules);
    assert_eq!(content, pdu.content(rules));

    let id = crypto::event_id(&pdu, rules);
    let redacted = Pdu::from_json(redact(&json, rules), rules, &limits);
    let redacted = redacted.expect("a redacted event is an event");
    assert_eq!(crypto::event_id(&redacted, rules), id);
    let mut other = json.clone();
    other.insert("unsigned", 5);
    assert_eq!(crypto::content_hash(&other), crypto::content_hash(&json));
    if let Ok(other) = Pdu::from_json(other, rules, &limits) {
        assert_eq!(crypto::event_id(&other, rules), id);
        assert_eq!(other.content(rules), content);
    }
});
