//! PDUs: the forms of power levels, and the laws of redaction.

mod tree;
mod wire;

use proptest::prelude::*;
use roomdag::Limits;
use roomdag::crypto::{self, KeyRing, SigningKey, Timestamp, Validity};
use roomdag::event::HashCheck;
use roomdag::id::{KeyId, ServerName};
use roomdag::json::{Array, Mode, Object, Value};
use roomdag::pdu::content::{Content, HistoryVisibility, Level, LevelDefect, Membership, Power};
use roomdag::pdu::{FormatError, Pdu, redact};
use roomdag::version::{
    EventIdFormat, EventReferences, LevelString, Readings, RoomIdFormat, RoomVersionRules,
    RoomVersions, V1, V5, V6, V9, V10, V12,
};

fn level(json: &str, rules: &RoomVersionRules) -> Option<String> {
    let value = Value::parse(json.as_bytes(), Mode::Lenient).unwrap();
    Level::of(&value, rules).map(|level| level.to_string())
}

#[test]
#[rustfmt::skip]
fn levels_are_read_as_each_room_version_says() {
    // what is stated              versions 1–5        6–9                 10–12
    let table = [
        ("50",                     Some("50"),         Some("50"),         Some("50")),
        ("-0",                     Some("0"),          Some("0"),          Some("0")),
        (r#""50""#,                Some("50"),         Some("50"),         None),
        (r#"" 50 ""#,              Some("50"),         Some("50"),         None),
        (r#""\n50\u00a0""#,        Some("50"),         Some("50"),         None),
        (r#""+50""#,               Some("50"),         Some("50"),         None),
        (r#""-50""#,               Some("-50"),        Some("-50"),        None),
        (r#""-0""#,                Some("0"),          Some("0"),          None),
        (r#""0050""#,              Some("50"),         Some("50"),         None),
        (r#""5_0""#,               Some("50"),         Some("50"),         None),
        (r#""_50""#,               None,               None,               None),
        (r#""50_""#,               None,               None,               None),
        (r#""5__0""#,              None,               None,               None),
        (r#""٥٠""#,                Some("50"),         Some("50"),         None),
        (r#""５０""#,              Some("50"),         Some("50"),         None),
        // A percent sign, next to the digits.
        (r#""٥\u066a""#,           None,               None,               None),
        (r#""++5""#,               None,               None,               None),
        (r#""- 5""#,               None,               None,               None),
        (r#""0x32""#,              None,               None,               None),
        (r#""1e2""#,               None,               None,               None),
        (r#""50.0""#,              None,               None,               None),
        (r#""""#,                  None,               None,               None),
        (r#""99999999999999999999""#, Some("99999999999999999999"), Some("99999999999999999999"), None),
        ("50.9",                   Some("50"),         None,               None),
        ("-0.5",                   Some("0"),          None,               None),
        ("-50.9",                  Some("-50"),        None,               None),
        ("5.114698E4",             Some("51146"),      None,               None),
        ("1e22",                   Some("10000000000000000000000"), None,  None),
        ("true",                   Some("1"),          Some("1"),          None),
        ("false",                  Some("0"),          Some("0"),          None),
        ("null",                   None,               None,               None),
        ("[]",                     None,               None,               None),
        ("{}",                     None,               None,               None),
    ];
    for (json, old, middle, new) in table {
        for (rules, expected) in [(&V1, old), (&V5, old), (&V6, middle), (&V9, middle), (&V10, new), (&V12, new)] {
            assert_eq!(level(json, rules).as_deref(), expected, "{json} in version {}", rules.id);
        }
    }
}

#[test]
fn the_specification_s_strings_are_fewer_than_the_network_s() {
    let readings = Readings {
        level_string: LevelString::Specification,
        ..Readings::NETWORK
    };
    let rules = RoomVersionRules { readings, ..V6 };
    for accepted in [r#""50""#, r#"" +0050 ""#, r#""-50""#] {
        assert!(level(accepted, &rules).is_some(), "{accepted}");
    }
    for refused in [r#""5_0""#, r#""٥٠""#] {
        assert!(level(refused, &rules).is_none(), "{refused}");
    }
}

#[test]
fn levels_of_any_size_are_compared_exactly() {
    let ascending = [
        "-10000000000000000000000000000000000000001",
        "-10000000000000000000000000000000000000000",
        "-9223372036854775809",
        "-9223372036854775808",
        "-1",
        "0",
        "9223372036854775807",
        "9223372036854775808",
        "99999999999999999999",
        "100000000000000000000",
    ];
    let levels: Vec<Level> = ascending
        .iter()
        .map(|json| Level::of(&Value::parse(json.as_bytes(), Mode::Lenient).unwrap(), &V1).unwrap())
        .collect();
    for (i, a) in levels.iter().enumerate() {
        for (j, b) in levels.iter().enumerate() {
            assert_eq!(a.cmp(b), i.cmp(&j), "{a} and {b}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_never_enough() {
    let powers = [
        Power::Unreadable,
        Power::from(0),
        Power::from(i64::MAX),
        Power::Infinite,
    ];
    for power in &powers {
        assert!(!power.reaches(&Power::Unreadable) && !Power::Unreadable.reaches(power));
        assert!(!power.exceeds(&Power::Unreadable) && !Power::Unreadable.exceeds(power));
    }
    assert!(Power::Infinite.reaches(&Power::Infinite));
    assert!(!Power::Infinite.exceeds(&Power::Infinite));
}

#[test]
fn what_the_rules_read_prints_as_the_specification_has_it() {
    let level = Level::from(-5);
    assert_eq!(
        (level.to_string(), format!("{level:?}")),
        ("-5".into(), "-5".into())
    );
    let powers = [Power::Unreadable, Power::from(50), Power::Infinite];
    let words = powers.map(|power| power.to_string());
    assert_eq!(words, ["unreadable", "50", "infinite"]);
    let memberships = [Membership::Join, Membership::Ban];
    assert_eq!(
        memberships.map(|membership| membership.to_string()),
        ["join", "ban"]
    );
    let visibility = HistoryVisibility::WorldReadable;
    assert_eq!(visibility.to_string(), "world_readable");
}

/// Events of every type that redaction treats apart, with more in them than it keeps.
fn event(event_type: usize, extra: &str, version: &str) -> Object {
    let types = [
        "m.room.create",
        "m.room.member",
        "m.room.join_rules",
        "m.room.power_levels",
        "m.room.aliases",
        "m.room.history_visibility",
        "m.room.redaction",
        "m.room.message",
    ];
    let event_type = types[event_type % types.len()];
    let ids = if version == "1" || version == "2" {
        r#""event_id":"$x:a","#
    } else {
        ""
    };
    let json = format!(
        r#"{{"type":"{event_type}","sender":"@u:a","room_id":"!r:a","state_key":"@u:a",{ids}
        "origin_server_ts":1,"depth":5,"prev_events":[],"auth_events":[],"origin":"a",
        "redacts":"$y:a","extra":{extra},"unsigned":{{"age":{extra}}},"membership":"join",
        "content":{{"membership":"join","creator":"@u:a","join_rule":"public","allow":[{extra}],
        "ban":50,"invite":0,"users":{{"@u:a":{extra}}},"aliases":[],"redacts":"$y",
        "history_visibility":"shared","body":{extra},"third_party_invite":{{"signed":{{}},"x":1}}}}}}"#
    );
    Object::parse(json.as_bytes(), Mode::Strict).unwrap()
}

proptest! {
    /// Redacting twice changes nothing, and never changes the event's id or who has signed it.
    #[test]
    fn redaction_keeps_the_id_and_the_signatures(
        event_type in 0_usize..8, extra in 0_u32..1_000, version in 1..=12_u8
    ) {
        let rules = RoomVersions::stable_rules(&version.to_string()).unwrap();
        let server = ServerName::parse("a").unwrap();
        let key = SigningKey::from_seed(KeyId::parse("ed25519:k").unwrap(), &[7; 32]).unwrap();
        let mut keys = KeyRing::new();
        keys.insert(server, key.key_id().clone(), key.verify_key(), Validity::Forever).unwrap();

        let mut full = event(event_type, &extra.to_string(), rules.id);
        crypto::hash_and_sign_event(&mut full, rules, "a", &key);
        let redacted = redact(&full, rules);
        prop_assert_eq!(&redact(&redacted, rules), &redacted);

        let now = Timestamp::from_millis(0);
        let verify = |json: &Object| {
            let pdu = Pdu::from_json(json.clone(), rules, &Limits::default()).unwrap();
            crypto::verify(pdu, rules, &keys, now, &Limits::default()).unwrap()
        };
        let (a, b) = (verify(&full), verify(&redacted));
        prop_assert_eq!(a.id(), b.id());
        prop_assert_eq!(a.provenance().content_hash, HashCheck::Ok);

        // What is hashed wrong is taken in its redacted form.
        let mut altered = full.clone();
        altered.insert("extra", Value::from(2_000));
        let altered = verify(&altered);
        prop_assert_eq!(altered.id(), a.id());
        prop_assert_eq!(altered.provenance().content_hash, HashCheck::Mismatch);
        let mut stripped = redact(&full, rules);
        stripped.remove("unsigned");
        let redacted = Pdu::from_json(stripped, rules, &Limits::default()).unwrap();
        let (read, as_redacted) = (altered.as_ref().content.clone(), redacted.content(rules));
        prop_assert_eq!(read, as_redacted);
    }

    /// What is accepted comes out again as bytes that are accepted.
    #[test]
    fn an_accepted_event_is_accepted_again(event_type in 0_usize..8, version in 1..=12_u8) {
        let rules = RoomVersions::stable_rules(&version.to_string()).unwrap();
        let mut full = event(event_type, "1", rules.id);
        let key = SigningKey::from_seed(KeyId::parse("ed25519:k").unwrap(), &[7; 32]).unwrap();
        crypto::hash_and_sign_event(&mut full, rules, "a", &key);
        let pdu = Pdu::from_json(full, rules, &Limits::default()).unwrap();
        let bytes = pdu.json().as_bytes();
        prop_assert_eq!(Pdu::parse(bytes, rules, &Limits::default()).unwrap(), pdu);
    }
}

/// A size that is out of bounds outweighs whatever the bytes are.
#[test]
fn what_is_too_long_is_refused_before_it_is_read() {
    let limits = Limits::default();
    for rules in RoomVersions::stable().iter() {
        let parse = |bytes: &[u8]| Pdu::parse(bytes, rules, &limits).unwrap_err();
        let nonsense = vec![0xff; limits.input_bytes + 1];
        let (bytes, max) = (nonsense.len(), limits.input_bytes);
        assert_eq!(parse(&nonsense), FormatError::TooLarge { bytes, max });
        assert!(matches!(parse(&nonsense[1..]), FormatError::Json(_)));
    }
}

/// Nobody reads the content of a message event, unless a rule is about messages of its type too.
#[test]
fn of_message_events_those_are_read_that_have_rules_of_their_own() {
    for (event_type, is_read_of_messages) in [
        ("m.room.create", true),
        ("m.room.member", true),
        ("m.room.power_levels", true),
        ("m.room.history_visibility", false),
        ("m.room.join_rules", false),
        ("m.room.policy", false),
        ("m.room.third_party_invite", false),
    ] {
        let json = format!(
            r#"{{"type":"{event_type}","sender":"@u:a","room_id":"!r:a","origin_server_ts":1,
            "depth":5,"prev_events":[],"auth_events":[],"hashes":{{"sha256":"{HASH}"}},
            "signatures":{{}},"content":{{"membership":"join","join_rule":"public","via":"a",
            "history_visibility":"shared","ban":50,"public_key":"{HASH}"}}}}"#
        );
        let message = Object::parse(json.as_bytes(), Mode::Strict).unwrap();
        let mut state = message.clone();
        state.insert("state_key", "");
        for (json, is_read) in [(message, is_read_of_messages), (state, true)] {
            let is_state = json.contains_key("state_key");
            let content = Content::of(&json, event_type, is_state, &V10);
            assert_eq!(content != Content::Other, is_read, "{json:?}");
            let pdu = Pdu::from_json(json, &V10, &Limits::default()).unwrap();
            assert_eq!(pdu.content(&V10), content);
        }
    }
}

/// Contents that have every shape which the rules tell apart.
const CONTENTS: [(&str, &str); 11] = [
    (
        "m.room.create",
        r#"{"additional_creators":[7],"room_version":12}"#,
    ),
    (
        "m.room.create",
        r#"{"additional_creators":["@u:a"],"m.federate":false}"#,
    ),
    (
        "m.room.history_visibility",
        r#"{"history_visibility":"invited"}"#,
    ),
    ("m.room.join_rules", r#"{"join_rule":"knock_restricted"}"#),
    (
        "m.room.member",
        r#"{"join_authorised_via_users_server":"@u:a","membership":"join"}"#,
    ),
    (
        "m.room.member",
        r#"{"membership":"invite","third_party_invite":{"signed":{"mxid":"@u:a",
            "signatures":{"a":{"ed25519:0":"AA"}},"token":"t"}}}"#,
    ),
    (
        "m.room.policy",
        r#"{"public_keys":{"ed25519":"iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w"},"via":"a"}"#,
    ),
    (
        "m.room.policy",
        r#"{"public_keys":{"ed25519":"AA"},"via":"a"}"#,
    ),
    (
        "m.room.third_party_invite",
        r#"{"public_key":"iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w",
            "public_keys":[{"public_key":"7UkoxijRwsbq6QM4kFmVYSlZJzpcY/k2NsFGFKyHN9E"}]}"#,
    ),
    (
        "m.room.power_levels",
        r#"{"ban":"99999999999999999999","events":[],"invite":"-99999999999999999999","kick":null,
            "notifications":"","redact":{},"users":{"@a:a":1,"@b:a":"x","@c:a":null}}"#,
    ),
    (
        "m.room.power_levels",
        r#"{"events":[1],"notifications":"x","users":7,"users_default":" 7 "}"#,
    ),
];

#[test]
fn contents_are_read_alike_from_a_tree_and_in_place_and_come_back_from_storage() {
    for (event_type, text) in CONTENTS {
        for rules in [&V9, &V12] {
            let mut json = shell(event_type, rules);
            json.insert(
                "content",
                Object::parse(text.as_bytes(), Mode::Strict).unwrap(),
            );
            let content = Content::of(&json, event_type, true, rules);
            let pdu = Pdu::from_json(json, rules, &Limits::default()).unwrap();
            assert_eq!(pdu.content(rules), content, "{text}");
            let stored = serde_json::to_string(&content).unwrap();
            let back: Content = serde_json::from_str(&stored).unwrap();
            assert_eq!(back, content, "{stored}");
        }
    }
}

/// A row that was damaged, and says what no content does.
#[test]
fn a_stored_content_that_cannot_be_one_is_refused() {
    let (event_type, text) = CONTENTS[9];
    let mut json = shell(event_type, &V9);
    json.insert(
        "content",
        Object::parse(text.as_bytes(), Mode::Strict).unwrap(),
    );
    let stored = serde_json::to_string(&Content::of(&json, event_type, true, &V9)).unwrap();
    for (found, other) in [
        ("[\"@b:a\"", "[\"@a:a\""),
        ("[\"@a:a\"", "[\"@z:a\""),
        (",1]", ",1.5]"),
        ("\"99999999999999999999\"", "\"9999999999999999999x\""),
        ("\"99999999999999999999\"", "\"\""),
        ("\"99999999999999999999\"", "\"-\""),
    ] {
        assert_eq!(stored.matches(found).count(), 1, "{found} in {stored}");
        let damaged = stored.replace(found, other);
        assert!(
            serde_json::from_str::<Content>(&damaged).is_err(),
            "{damaged}"
        );
    }
}

#[test]
fn a_stored_defect_names_a_map_that_there_is() {
    for property in ["events", "notifications"] {
        let defect = LevelDefect::Map {
            property,
            entry: Some("x".into()),
        };
        let stored = serde_json::to_string(&defect).unwrap();
        assert_eq!(
            serde_json::from_str::<LevelDefect>(&stored).unwrap(),
            defect
        );
        let damaged = stored.replace(property, "users");
        assert!(
            serde_json::from_str::<LevelDefect>(&damaged).is_err(),
            "{damaged}"
        );
    }
}

/// A state event of a type, without content.
fn shell(event_type: &str, rules: &RoomVersionRules) -> Object {
    let json = format!(
        r#"{{"type":"{event_type}","sender":"@u:a","state_key":"@u:a","room_id":"!r:a",
        "origin_server_ts":1,"depth":5,"prev_events":[],"auth_events":[],"signatures":{{}},
        "hashes":{{"sha256":"{HASH}"}}}}"#
    );
    let mut json = Object::parse(json.as_bytes(), Mode::Strict).unwrap();
    if rules.room_id == RoomIdFormat::CreateHash {
        if event_type == "m.room.create" {
            json.remove("room_id");
        } else {
            json.insert("room_id", "!Zz3xVz6IwDj6EWToqUNDL2ZfCiq7jRGklUtrYbGlk9Q");
        }
    }
    json
}

/// 32 bytes in Base64.
const HASH: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";

/// An event that cites these ids as `auth_events`.
fn citing(ids: &[String], rules: &RoomVersionRules) -> Result<Pdu, FormatError> {
    let cited = ids.iter().map(|id| match rules.references {
        EventReferences::Ids => Value::from(id.as_str()),
        EventReferences::Pairs => {
            Array::from_iter([Value::from(id.as_str()), Object::new().into()]).into()
        }
    });
    let json = format!(
        r#"{{"type":"m.room.message","sender":"@u:a","room_id":"!r:a","origin_server_ts":1,"depth":5,"prev_events":[],"hashes":{{"sha256":"{HASH}"}},
        "signatures":{{}},"content":{{}}}}"#
    );
    let mut json = Object::parse(json.as_bytes(), Mode::Strict).unwrap();
    json.insert("auth_events", cited.collect::<Array>());
    if rules.event_id == EventIdFormat::Field {
        json.insert("event_id", "$x:a");
    }
    Pdu::from_json(json, rules, &Limits::default())
}

#[test]
fn that_too_many_events_are_cited_outweighs_what_is_wrong_with_one() {
    let max = Limits::default().auth_events;
    let names = |count: usize, wrong: usize| -> Vec<String> {
        let name = |at| {
            if at == wrong {
                "x".into()
            } else {
                format!("${at}")
            }
        };
        (0..count).map(name).collect()
    };
    for rules in [&V1, &V6] {
        for wrong in 0..max {
            assert!(matches!(
                citing(&names(max, wrong), rules),
                Err(FormatError::InvalidId {
                    field: "auth_events",
                    ..
                })
            ));
        }
        let field = "auth_events";
        let too_many = FormatError::TooMany {
            field,
            len: max + 1,
            max,
        };
        for wrong in 0..=max + 1 {
            assert_eq!(citing(&names(max + 1, wrong), rules), Err(too_many.clone()));
        }
        assert!(citing(&names(max, max), rules).is_ok());
    }
}

/// As long as its code points are not too many, as an event of that id may be in the room.
#[test]
fn an_event_can_be_cited_whose_id_has_more_bytes_than_code_points() {
    for rules in [&V1, &V6] {
        let longest = format!("${}", "\u{e9}".repeat(254));
        let pdu = citing(std::slice::from_ref(&longest), rules).unwrap();
        assert_eq!(pdu.auth_events()[0].as_str(), longest);
        let longer = format!("{longest}\u{e9}");
        assert!(matches!(
            citing(&[longer], rules),
            Err(FormatError::InvalidId {
                field: "auth_events",
                ..
            })
        ));
    }
}
