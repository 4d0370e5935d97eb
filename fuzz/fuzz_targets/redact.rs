//! Redacting twice changes nothing more. What is left was there before, and is what the lists of the
//! specification keep. The reference hash, the event id and the signatures hold for what is left as
//! for the whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomdag::crypto::{reference_hash, verify_json};
use roomdag::json::{InteropError, Mode, Object, Value};
use roomdag::pdu::redact;
use roomdag::testing::{Random, drawn, plain};

fuzz_target!(|bytes: &[u8]| {
    let (rules, bytes) = drawn::wire(Random::of_bytes(bytes));
    let Ok(event) = Object::parse(&bytes, rules.canonical_json) else {
        return;
    };
    let redacted = redact(&event, rules);
    assert_eq!(redact(&redacted, rules), redacted);
    assert!(is_part(&redacted, &event));
    assert!(!redacted.contains_key("unsigned"));
    assert_eq!(
        reference_hash(&redacted, rules),
        reference_hash(&event, rules)
    );
    // EF-10: what has no object for a content is no event, and nobody says what is left of it.
    let content = event.get("content").and_then(Value::as_object);
    let is_event = event.contains_key("type") && content.is_some();
    if let (true, Mode::Strict, Ok(plain)) = (is_event, rules.canonical_json, in_serde(&event)) {
        let version = rules.id.parse().expect("stable versions are numbers");
        assert_eq!(in_serde(&redacted), Ok(plain::redacted(&plain, version)));
    }
    let server = drawn::server(&event);
    let key = drawn::signing_key(server).expect("every server has a key");
    let signed = drawn::signed(&event, &[server], rules);
    let redacted = redact(&signed, rules);
    assert_eq!(
        verify_json(&redacted, server, key.key_id(), &key.verify_key()),
        Ok(())
    );
    assert_eq!(redact(&redacted, rules), redacted);
});

fn in_serde(object: &Object) -> Result<plain::Object, InteropError> {
    let value = serde_json::Value::try_from(object)?;
    Ok(value.as_object().cloned().expect("it is an object"))
}

/// Whether an object is another without some of its members, or of those of its objects.
fn is_part(part: &Object, whole: &Object) -> bool {
    part.iter()
        .all(|(key, value)| match (value, whole.get(key)) {
            (Value::Object(part), Some(Value::Object(whole))) => is_part(part, whole),
            (value, kept) => kept == Some(value),
        })
}
