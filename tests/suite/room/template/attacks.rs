//! What a hostile server may put into a template, and what comes of it: nothing.

use proptest::prelude::*;
use roomdag::json::{Mode, NumberError, Object, Value};
use roomdag::pdu::FormatError;
use roomdag::room::{Handshake, TemplateError};
use roomdag::version::{EventReferences, RoomIdFormat, RoomVersionRules};

use super::{honest, occasions, parse, restricts, signed, theirs, with};
use crate::room::draft::{any_content, room_id, some_hash};

fn value(json: &str) -> Value {
    Value::parse(json.as_bytes(), Mode::Strict).expect(json)
}

/// A list that cites these events, as the room version has it.
fn citing(ids: &[&str], rules: &RoomVersionRules) -> Value {
    let hashes = Object::from_iter([("sha256", some_hash().to_base64())]);
    let cite = |id: &&str| match rules.references {
        EventReferences::Ids => Value::from(*id),
        EventReferences::Pairs => vec![Value::from(*id), hashes.clone().into()].into(),
    };
    ids.iter().map(cite).collect::<Vec<_>>().into()
}

/// Each of these must be just what was asked for.
#[test]
fn a_template_of_something_else_is_malformed() {
    let attacks = [
        ("type", r#""m.room.power_levels""#),
        ("type", r#""m.room.message""#),
        ("type", r#""m.room.create""#),
        ("type", r#"["m.room.member"]"#),
        ("room_id", r#""!other:theirs.example""#),
        ("room_id", "null"),
        ("sender", r#""@root:ours.example""#),
        ("sender", r#""@mallory:theirs.example""#),
        ("sender", r#""@ALICE:ours.example""#),
        ("state_key", r#""""#),
        ("state_key", r#""@root:ours.example""#),
        ("state_key", r#""@mallory:theirs.example""#),
        ("content.membership", r#""ban""#),
        ("content.membership", r#""invite""#),
        ("content.membership", r#""Join""#),
        ("content.membership", r#"{"join":"leave"}"#),
    ];
    for (handshake, rules) in occasions() {
        let honest = honest(handshake, &rules);
        for (field, json) in attacks {
            let path = format!("event/{}", field.replace('.', "/"));
            for attack in [Some(value(json)), None] {
                let response = with(&honest, &path, attack);
                let error = parse(&response, handshake, &rules).unwrap_err();
                assert_eq!(error, TemplateError::Unexpected { field }, "{json}");
            }
        }
        for other in super::HANDSHAKES
            .iter()
            .filter(|other| **other != handshake)
        {
            let membership = other.membership().as_str();
            let response = with(&honest, "event/content/membership", Some(membership.into()));
            let field = "content.membership";
            let error = parse(&response, handshake, &rules).unwrap_err();
            assert_eq!(error, TemplateError::Unexpected { field });
        }
    }
}

/// Whatever else a template says, the bytes that are signed are the same.
#[test]
fn nothing_but_the_allow_list_gets_into_the_signed_event() {
    let attacks = [
        ("origin", r#""mallory.example""#),
        ("origin", r#"{"a":1}"#),
        ("origin_server_ts", "1"),
        ("origin_server_ts", "9007199254740991"),
        ("origin_server_ts", r#""late""#),
        ("redacts", r#""$victim:ours.example""#),
        ("content/redacts", r#""$victim:ours.example""#),
        ("content/displayname", r#""mallory""#),
        ("content/avatar_url", r#""mxc://mallory.example/a""#),
        ("content/is_direct", "true"),
        ("content/reason", r#""because""#),
        ("content/third_party_invite", r#"{"signed":{"token":"t"}}"#),
        ("content/users", r#"{"@mallory:theirs.example":100}"#),
        ("unsigned", r#"{"replaces_state":"$a:x","age":5}"#),
        ("signatures", r#"{"ours.example":{"ed25519:1":"AAAA"}}"#),
        ("signatures", r#"{"theirs.example":{"ed25519:1":"AAAA"}}"#),
        ("hashes", r#"{"sha256":"AAAA","md5":"AAAA"}"#),
        ("event_id", r#""$theirs:theirs.example""#),
        ("event_id", r#""$chosen:ours.example""#),
        ("membership", r#""ban""#),
        ("prev_state", r#"["$a:x"]"#),
        ("replaces_state", r#""$a:x""#),
        ("org.example.extra", r#"[{"a":[null]}]"#),
    ];
    for (handshake, rules) in occasions() {
        let honest = honest(handshake, &rules);
        let clean = signed(&honest, handshake, &rules);
        let mut all = honest.clone();
        for (path, json) in attacks {
            let path = format!("event/{path}");
            let response = with(&honest, &path, Some(value(json)));
            let event = signed(&response, handshake, &rules);
            assert_eq!(event.json(), clean.json(), "{path}: {json}");
            all = with(&all, &path, Some(value(json)));
        }
        let all = with(&all, "origin", Some(value(r#""mallory.example""#)));
        let event = signed(&all, handshake, &rules);
        assert_eq!(event.json(), clean.json());
    }
}

#[test]
fn who_vouches_is_a_user_of_the_server_that_was_asked_or_the_response_is_malformed() {
    let attacks = [
        r#""@root:ours.example""#,
        r#""@alice:ours.example""#,
        r#""@bob:third.example""#,
        r#""@bob:theirs.example:8448""#,
        r#""@bob:theirs.example.""#,
        r#""bob:theirs.example""#,
        r#""@bob""#,
        r#""""#,
        r#"["@bob:theirs.example"]"#,
        "null",
        "true",
    ];
    let path = "event/content/join_authorised_via_users_server";
    for (handshake, rules) in occasions() {
        let honest = honest(handshake, &rules);
        let without = signed(&with(&honest, path, None), handshake, &rules);
        for json in attacks.iter().chain([&r#""@bob:theirs.example""#]) {
            let response = with(&honest, path, Some(value(json)));
            if !restricts(handshake, &rules) {
                // It means nothing here, and is not taken over, whoever it names.
                let event = signed(&response, handshake, &rules);
                assert_eq!(event.json(), without.json(), "{json}");
            } else if attacks.contains(json) {
                let error = parse(&response, handshake, &rules).unwrap_err();
                let resident = theirs().server;
                assert_eq!(
                    error,
                    TemplateError::ForeignAuthoriser { resident },
                    "{json}"
                );
            } else {
                assert!(parse(&response, handshake, &rules).is_ok());
            }
        }
    }
}

#[test]
fn lists_of_events_keep_to_the_bounds_and_the_form_of_the_version() {
    for (handshake, rules) in occasions() {
        let honest = honest(handshake, &rules);
        let refused = |field: &str, json: Option<Value>| {
            let response = with(&honest, &format!("event/{field}"), json);
            match parse(&response, handshake, &rules).unwrap_err() {
                TemplateError::Format(error) => error,
                other => panic!("{other}"),
            }
        };
        for (field, max) in [("prev_events", 20), ("auth_events", 10)] {
            let ids: Vec<String> = (0..=max).map(|n| format!("${n}:x")).collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let len = max + 1;
            let error = refused(field, Some(citing(&ids, &rules)));
            assert_eq!(error, FormatError::TooMany { field, len, max });
            assert_eq!(refused(field, None), FormatError::Missing { field });
            let error = refused(field, Some(citing(&["not an id"], &rules)));
            assert!(matches!(error, FormatError::InvalidId { field: f, .. } if f == field));
            let long = format!("${}", "a".repeat(255));
            let error = refused(field, Some(citing(&[&long], &rules)));
            assert!(matches!(error, FormatError::InvalidId { field: f, .. } if f == field));
            let other_form = match rules.references {
                EventReferences::Ids => r#"[["$a:x",{"sha256":"AAAA"}]]"#,
                EventReferences::Pairs => r#"["$a:x"]"#,
            };
            for json in [
                other_form,
                "{}",
                "7",
                "[7]",
                r#"[["$a:x"]]"#,
                r#"[["$a:x",{}]]"#,
            ] {
                let error = refused(field, Some(value(json)));
                assert!(matches!(error, FormatError::WrongType { field: f, .. } if f == field));
            }
        }
        let none = with(&honest, "event/prev_events", Some(value("[]")));
        let error = parse(&none, handshake, &rules).unwrap_err();
        assert_eq!(error, TemplateError::NoPrevEvents);
    }
}

#[test]
fn of_a_pair_only_the_id_and_the_reference_hash_are_taken_over() {
    let hash = some_hash().to_base64();
    for (handshake, rules) in occasions() {
        if rules.references == EventReferences::Ids {
            continue;
        }
        let honest = with(
            &honest(handshake, &rules),
            "event/prev_events",
            Some(citing(&["$a:x"], &rules)),
        );
        let json = format!(r#"[["$a:x",{{"sha256":"{hash}","md5":"AAAA","x":[1]}}]]"#);
        let response = with(&honest, "event/prev_events", Some(value(&json)));
        let event = signed(&response, handshake, &rules);
        assert_eq!(event.json(), signed(&honest, handshake, &rules).json());
        for hash in ["AAAA", "", "?"] {
            let json = format!(r#"[["$a:x",{{"sha256":"{hash}"}}]]"#);
            let response = with(&honest, "event/prev_events", Some(value(&json)));
            assert!(parse(&response, handshake, &rules).is_err());
        }
    }
}

#[test]
fn the_create_event_is_not_cited_where_the_room_id_implies_it() {
    for (handshake, rules) in occasions() {
        let create = room_id(&rules).as_str().replacen('!', "$", 1);
        let response = with(
            &honest(handshake, &rules),
            "event/auth_events",
            Some(citing(&["$levels:x", &create], &rules)),
        );
        let template = parse(&response, handshake, &rules);
        match rules.room_id {
            RoomIdFormat::WithServer => assert!(template.is_ok()),
            RoomIdFormat::CreateHash => {
                assert_eq!(template, Err(FormatError::CitesCreate.into()));
            }
        }
    }
}

#[test]
fn a_depth_outside_the_range_is_malformed() {
    let field = "depth";
    for (handshake, rules) in occasions() {
        let honest = honest(handshake, &rules);
        let refused = |depth: Option<Value>| {
            let response = with(&honest, "event/depth", depth);
            parse(&response, handshake, &rules).unwrap_err()
        };
        assert_eq!(
            refused(Some((-1).into())),
            FormatError::OutOfRange { field }.into()
        );
        assert_eq!(refused(None), FormatError::Missing { field }.into());
        let expected = "an integer";
        for json in [r#""7""#, "null", "[7]"] {
            let error = refused(Some(value(json)));
            assert_eq!(error, FormatError::WrongType { field, expected }.into());
        }
    }
}

#[test]
fn a_response_that_is_no_such_object_is_malformed() {
    let rules = roomdag::version::V11;
    let honest = honest(Handshake::Join, &rules);
    for (path, attack) in [
        ("event", None),
        ("event", Some("[]")),
        ("event", Some(r#""{}""#)),
        ("event/content", None),
        ("event/content", Some("[]")),
        ("room_version", Some("11")),
        ("room_version", Some("null")),
    ] {
        let response = with(&honest, path, attack.map(value));
        let error = parse(&response, Handshake::Join, &rules).unwrap_err();
        assert!(matches!(error, TemplateError::Format(_)), "{path}");
    }
}

#[test]
fn json_that_two_parsers_read_differently_is_refused() {
    let rules = roomdag::version::V11;
    let honest = honest(Handshake::Join, &rules).to_string();
    let twice = honest.replacen(r#""type":"#, r#""type":"m.room.create","type":"#, 1);
    let escaped = honest.replacen(r#""type":"#, r#""\u0074ype":"m.room.create","type":"#, 1);
    let float = honest.replacen(r#""depth":7"#, r#""depth":7.0"#, 1);
    let trailing = format!("{honest}{{}}");
    let nul = honest.replacen("theirs", "\u{0}", 1);
    for text in [&twice, &escaped, &float, &trailing, &nul, "", "[]", "null"] {
        assert_ne!(text, honest);
        let expected = roomdag::room::Expected {
            handshake: Handshake::Join,
            room_id: &room_id(&rules),
            user: &crate::room::draft::user("@alice:ours.example"),
            resident: &theirs().server,
        };
        let error = roomdag::room::Template::parse(
            text.as_bytes(),
            &expected,
            &roomdag::RoomVersions::stable(),
            &roomdag::Limits::default(),
        )
        .unwrap_err();
        assert!(matches!(error, TemplateError::Format(_)), "{text}");
    }
}

#[test]
fn numbers_are_held_to_the_canonical_json_of_the_version_wherever_they_stand() {
    for (handshake, rules) in occasions() {
        let number = Value::parse(b"1.5", Mode::Lenient).unwrap();
        let response = with(&honest(handshake, &rules), "event/unsigned", Some(number));
        let template = parse(&response, handshake, &rules);
        match rules.canonical_json {
            Mode::Lenient => assert!(template.is_ok()),
            Mode::Strict => assert_eq!(template, Err(FormatError::from(NumberError::Float).into())),
        }
    }
}

/// Members that a template is read for.
const READ: [&str; 8] = [
    "type",
    "room_id",
    "sender",
    "state_key",
    "content",
    "prev_events",
    "auth_events",
    "depth",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A template says nothing but what it is read for: whatever it adds, and wherever, the same
    /// bytes are signed.
    #[test]
    fn extra_members_change_no_byte_of_what_is_signed(
        outside in any_content(),
        event in any_content(),
        content in any_content(),
        (handshake, rules) in prop::sample::select(occasions()),
    ) {
        let honest = honest(handshake, &rules);
        let mut response = honest.clone();
        let known = ["membership", "join_authorised_via_users_server"];
        for (path, extra, read) in [
            ("", outside, &["event", "room_version"][..]),
            ("event/", event, &READ[..]),
            ("event/content/", content, &known[..]),
        ] {
            for (name, value) in extra.iter().filter(|(name, _)| !read.contains(name)) {
                // A slash would be taken for a step of the path.
                let path = format!("{path}{}", name.replace('/', ""));
                if !read.contains(&name.replace('/', "").as_str()) {
                    response = with(&response, &path, Some(value.clone()));
                }
            }
        }
        let event = signed(&response, handshake, &rules);
        let clean = signed(&honest, handshake, &rules);
        prop_assert_eq!(event.json(), clean.json());
    }
}
