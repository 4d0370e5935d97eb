//! `format/limits.json`: the event format at its limits.

use roomdag::crypto::{self, KeyRing, Timestamp, content_hash, unverified};
use roomdag::event::HashCheck;
use roomdag::json::{Object, Value};
use roomdag::limits::Limits;
use roomdag::pdu::{FormatError, Pdu};
use roomdag::version::RoomVersionRules;

use crate::vectors::fields::{
    cases, expand, expand_members, file, integer, list, object, opt_text, text, texts, versions,
};

#[test]
fn events_at_the_limits_are_accepted_dropped_or_rejected() {
    let vectors = file("format/limits.json");
    for case in cases(&vectors) {
        for rules in versions(case) {
            let name = format!("{} (version {})", text(case, "name"), rules.id);
            let bytes = bytes(case, &base(&vectors, rules));
            let parsed = Pdu::parse(&bytes, rules, &Limits::default());
            let found = match &parsed {
                Err(_) => "drop",
                Ok(pdu) if pdu.overlong().is_some() => "reject",
                Ok(_) => "accept",
            };
            assert_eq!(found, text(case, "expect"), "{name}: {:?}", parsed.err());
            match parsed {
                Err(error) => assert_eq!(kind(&error), expected_kind(case), "{name}: {error}"),
                Ok(pdu) => compare_pdu(case, &name, pdu, rules),
            }
        }
    }
}

fn compare_pdu(case: &Object, name: &str, pdu: Pdu, rules: &RoomVersionRules) {
    assert_eq!(pdu.overlong(), opt_text(case, "overlong"), "{name}");
    if let Some(signed) = case.get("signatures").and_then(Value::as_bool) {
        let now = Timestamp::from_millis(0);
        let found = crypto::verify(pdu.clone(), rules, &KeyRing::new(), now, &Limits::default());
        let errors = found.err().map(|error| error.errors).unwrap_or_default();
        let unsigned = |e| matches!(e, &crypto::SignatureError::Unsigned { .. });
        assert_eq!(!errors.iter().any(unsigned), signed, "{name}: {errors:?}");
    }
    if let Some(expected) = case.get("content_hash").and_then(Value::as_bool) {
        let found = unverified(pdu, rules).provenance().content_hash;
        assert_eq!(found == HashCheck::Ok, expected, "{name}");
    }
}

/// The plain event of a room version.
fn base(vectors: &Object, rules: &RoomVersionRules) -> Object {
    let mut bases = list(vectors, "bases").map(|base| base.as_object().unwrap());
    let base = bases
        .find(|base| texts(base, "room_versions").contains(&rules.id))
        .unwrap();
    object(base, "event").clone()
}

/// The event of a case, as bytes on the wire.
fn bytes(case: &Object, base: &Object) -> Vec<u8> {
    if let Some(raw) = opt_text(case, "text") {
        return raw.into();
    }
    let mut event = base.clone();
    for key in texts(case, "remove") {
        event.remove(key).expect(key);
    }
    if let Some(change) = case.get("change").and_then(Value::as_object) {
        for (key, value) in &expand_members(change) {
            event.insert(key, value.clone());
        }
    }
    if opt_text(case, "hash") == Some("wrong") {
        let mut other = event.clone();
        other.insert("x", 1);
        let mut hashes = Object::new();
        hashes.insert("sha256", content_hash(&other).to_base64());
        event.insert("hashes", hashes);
    }
    if let Some(size) = integer(case, "pad_to") {
        let missing = usize::try_from(size).unwrap() - event.canonical_len();
        let mut content = Object::new();
        content.insert("body", "x".repeat(missing));
        event.insert("content", content);
        assert_eq!(event.canonical_len(), usize::try_from(size).unwrap());
    }
    let spaces = usize::try_from(integer(case, "spaces").unwrap_or(0)).unwrap();
    let mut bytes = b" ".repeat(spaces);
    bytes.extend(event.to_canonical());
    bytes
}

/// The name of an error, and the property that it is about.
fn kind(error: &FormatError) -> (&'static str, Option<&'static str>) {
    match error {
        FormatError::Json(_) => ("Json", None),
        FormatError::Missing { field } => ("Missing", Some(*field)),
        FormatError::WrongType { field, .. } => ("WrongType", Some(*field)),
        FormatError::OutOfRange { field } => ("OutOfRange", Some(*field)),
        FormatError::InvalidId { field, .. } => ("InvalidId", Some(*field)),
        FormatError::TooLong { field } => ("TooLong", Some(*field)),
        FormatError::TooMany { field, .. } => ("TooMany", Some(*field)),
        FormatError::TooLarge { .. } => ("TooLarge", None),
        FormatError::UnexpectedEventId => ("UnexpectedEventId", None),
        FormatError::CitesCreate => ("CitesCreate", None),
        other => panic!("an error that parsing does not make: {other}"),
    }
}

fn expected_kind(case: &Object) -> (&str, Option<&str>) {
    let error = object(case, "error");
    (text(error, "kind"), opt_text(error, "field"))
}

/// Values that JSON parsers elsewhere would spoil stand in the files as themselves.
#[test]
fn constructs_are_written_out() {
    let json = r#"{"$concat": ["a", {"$repeat": ["bc", 2]}, "d"]}"#;
    let value = Value::parse(json.as_bytes(), roomdag::json::Mode::Strict).unwrap();
    assert_eq!(expand(&value).as_str(), Some("abcbcd"));
}
