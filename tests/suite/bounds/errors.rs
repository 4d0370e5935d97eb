//! What errors say: in bounded words, and each in its case.

use roomdag::crypto::{
    self, JsonSignatureError, KeyDocument, KeyDocumentError, KeyRing, SignatureError, Timestamp,
};
use roomdag::id::{EventId, KeyId, RoomId, ServerName, UserId};
use roomdag::json::{InteropError, Mode, Object, ParseErrorKind, Value};
use roomdag::limits::Limits;
use roomdag::pdu::{FormatError, Pdu};
use roomdag::resolve::{Options, ResolveError, resolve};
use roomdag::room::ServerAcl;
use roomdag::state::StateMap;
use roomdag::testing::rooms::Draft;
use roomdag::version::{V3, V11};
use roomdag::{RoomDag, SigningKey};

/// More than any error repeats, twice over.
const MOST: usize = 1_000;

fn long() -> String {
    "x".repeat(60_000)
}

#[track_caller]
fn is_short(error: &impl std::fmt::Display) {
    let text = error.to_string();
    assert!(text.len() <= MOST, "{} bytes: {:.300}", text.len(), text);
}

#[test]
fn no_error_repeats_more_than_255_bytes_of_an_identifier() {
    let long = long();
    is_short(&EventId::parse(&long).unwrap_err());
    is_short(&EventId::parse(&format!("${long}\0")).unwrap_err());
    is_short(&RoomId::parse(&format!("!{long}")).unwrap_err());
    is_short(&UserId::parse(&format!("@{long}:example.org")).unwrap_err());
    is_short(&UserId::parse(&format!("{long}:example.org")).unwrap_err());
    is_short(&ServerName::parse(&format!("{long}!")).unwrap_err());
    is_short(&KeyId::parse(&long).unwrap_err());
    is_short(
        &Object::parse(
            format!(r#"{{"{long}":1,"{long}":2}}"#).as_bytes(),
            Mode::Strict,
        )
        .unwrap_err(),
    );
    is_short(&SigningKey::from_file(&long).unwrap_err());
}

/// An event with a text of 60,000 bytes in one place after the other.
#[test]
fn no_fault_of_an_event_repeats_more_than_255_bytes_of_it() {
    let long = long();
    let mut refused = 0;
    for rules in [&V3, &V11] {
        for (member, value) in [
            ("type", long.clone()),
            ("sender", format!("@{long}:example.org")),
            ("sender", format!("@alice:{long}")),
            ("room_id", format!("!{long}")),
            ("state_key", long.clone()),
            ("event_id", format!("${long}")),
            ("depth", long.clone()),
            ("content", long.clone()),
        ] {
            let mut event = Object::new();
            event.insert(member, value);
            let text = r#"{"auth_events":[],"content":{},"depth":5,"hashes":{"sha256":
                "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo"},"origin_server_ts":5,
                "prev_events":["$a"],"room_id":"!r:x","sender":"@alice:x","signatures":{},
                "type":"m.room.message"}"#;
            for (key, value) in &Object::parse(text.as_bytes(), Mode::Strict).unwrap() {
                if !event.contains_key(key) {
                    event.insert(key, value.clone());
                }
            }
            match Pdu::from_json(event, rules, &Limits::default()) {
                Err(error) => {
                    is_short(&error);
                    refused += 1;
                }
                Ok(pdu) => {
                    let (keys, now) = (KeyRing::new(), Timestamp::from_millis(0));
                    let error = crypto::verify(pdu, rules, &keys, now, &Limits::default());
                    is_short(&error.unwrap_err());
                }
            }
        }
    }
    assert!(refused >= 14, "{refused}");
}

/// What a decision compares is taken from contents, which may be long.
#[test]
fn no_decision_repeats_a_content() {
    let long = long();
    let membership = format!(r#"{{"membership":"{long}"}}"#);
    let rule = format!(r#"{{"join_rule":"{long}"}}"#);
    let level = format!(r#"{{"users":{{"@alice:a":"{long}"}},"events":{{"{long}":7}}}}"#);
    let mut dag = RoomDag::new();
    let mut cited: Vec<EventId> = Vec::new();
    let mut put = |name: &str, event_type: &str, key: &str, sender: &str, content: &str| {
        let event = Draft {
            id: name,
            event_type,
            state_key: Some(key),
            sender,
            content,
            origin_server_ts: 1,
            depth: 1,
            prev_events: cited.last().cloned().into_iter().collect(),
            auth_events: cited.clone(),
        }
        .event(&V11);
        cited.push(event.id().clone());
        event
    };
    let join = r#"{"membership":"join"}"#;
    let events = [
        put("create", "m.room.create", "", "@alice:a", "{}"),
        put("alice", "m.room.member", "@alice:a", "@alice:a", join),
        put("rule", "m.room.join_rules", "", "@alice:a", &rule),
        put("bob", "m.room.member", "@bob:a", "@bob:a", join),
        put("odd", "m.room.member", "@bob:a", "@alice:a", &membership),
        put("levels", "m.room.power_levels", "", "@alice:a", &level),
        put("more", "m.room.power_levels", "", "@bob:a", &level),
        put("x", &long, &long, "@alice:a", "{}"),
        put("y", "org.example", &format!("@{long}"), "@alice:a", "{}"),
    ];
    let mut state = StateMap::default();
    let mut said = 0;
    for event in events {
        let node = dag.insert(event.clone()).unwrap();
        let held = Held {
            dag: &dag,
            state: &state,
        };
        let decision = roomdag::auth::check(&event.as_ref(), &held, &V11);
        is_short(&decision);
        said += usize::from(!decision.is_allowed());
        if let Some(key) = dag.key(node) {
            state.insert(key, node);
        }
    }
    assert!(said >= 4, "{said} were rejected");
}

/// A state by the events of a graph.
struct Held<'a> {
    dag: &'a RoomDag,
    state: &'a StateMap,
}

impl roomdag::StateView for Held<'_> {
    fn get(&self, event_type: &str, state_key: &str) -> Option<roomdag::EventRef<'_>> {
        let key = self.dag.keys().lookup(event_type, state_key)?;
        self.dag.event(self.state.get(key)?)
    }
}

#[test]
fn an_acl_s_decision_repeats_no_more_than_255_bytes_of_a_pattern() {
    let text = format!(r#"{{"allow":["*"],"deny":["*{}*"]}}"#, "*".repeat(60_000));
    let acl = ServerAcl::of(&Object::parse(text.as_bytes(), Mode::Strict).unwrap());
    is_short(&acl.check("example.org"));
}

#[test]
fn a_state_that_names_an_event_that_does_not_belong_there_is_refused() {
    let draft = |name, event_type, state_key, auth: &[&str]| Draft {
        id: name,
        event_type,
        state_key,
        sender: "@alice:a",
        content: "{}",
        origin_server_ts: 1,
        depth: 1,
        prev_events: Vec::new(),
        auth_events: auth
            .iter()
            .map(|id| EventId::from_trusted(format!("${id}")))
            .collect(),
    };
    let mut dag = RoomDag::new();
    let create = dag
        .insert(draft("create", "m.room.create", Some(""), &[]).event(&V11))
        .unwrap();
    let message = dag
        .insert(draft("message", "m.room.message", None, &["create"]).event(&V11))
        .unwrap();
    let key = dag.key(create).unwrap();
    let states = [create, message].map(|node| StateMap::from_iter([(key, node)]));
    let error = resolve(&dag, &states, &V11, &Options::of(&V11)).unwrap_err();
    assert_eq!(
        error,
        ResolveError::NotAStateEvent {
            event_type: "m.room.create".into(),
            state_key: "".into(),
        }
    );
    is_short(&error);
}

#[test]
fn a_resolution_that_needs_an_event_which_is_not_there_says_which() {
    let unknown = EventId::from_trusted("$unknown");
    let mut dag = RoomDag::new();
    let nodes = ["one", "two"].map(|name| {
        let draft = Draft {
            id: name,
            event_type: "m.room.topic",
            state_key: Some(""),
            sender: "@alice:a",
            content: "{}",
            origin_server_ts: 1,
            depth: 1,
            prev_events: Vec::new(),
            auth_events: vec![unknown.clone()],
        };
        dag.insert(draft.event(&V11)).unwrap()
    });
    let key = dag.key(nodes[0]).unwrap();
    let states = nodes.map(|node| StateMap::from_iter([(key, node)]));
    let error = resolve(&dag, &states, &V11, &Options::of(&V11)).unwrap_err();
    let events = vec![unknown];
    assert_eq!(error, ResolveError::Missing { events });
}

#[test]
fn a_signature_that_cannot_be_checked_is_told_from_one_that_nobody_could_make() {
    let event = |content: &str| {
        let text = format!(
            r#"{{"auth_events":[],"content":{content},"depth":5,"origin_server_ts":5,
                "prev_events":["$a"],"room_id":"!r:x","sender":"@alice:a.example",
                "state_key":"@alice:a.example","type":"m.room.member"}}"#
        );
        let mut event = Object::parse(text.as_bytes(), Mode::Strict).unwrap();
        let key = SigningKey::from_seed(KeyId::parse("ed25519:1").unwrap(), &[1; 32]).unwrap();
        crypto::hash_and_sign_event(&mut event, &V11, "a.example", &key);
        let pdu = Pdu::from_json(event, &V11, &Limits::default()).unwrap();
        let (keys, now) = (KeyRing::new(), Timestamp::from_millis(0));
        let error = crypto::verify(pdu, &V11, &keys, now, &Limits::default());
        error.unwrap_err().errors
    };
    let found = event(r#"{"membership":"leave"}"#);
    assert!(
        matches!(found[..], [SignatureError::NoUsableKey { .. }]),
        "{found:?}"
    );
    let found = event(r#"{"membership":"join","join_authorised_via_users_server":5}"#);
    let nobody = |error: &SignatureError| matches!(error, SignatureError::NoSigner { .. });
    assert!(found.iter().any(nobody), "{found:?}");
}

#[test]
fn what_lacks_a_part_says_which() {
    let limits = Limits::default();
    let document = |text: &str| KeyDocument::parse(text.as_bytes(), &limits).unwrap_err();
    let field = "server_name";
    assert_eq!(document("{}"), KeyDocumentError::Missing { field });
    let long = long();
    let named = document(&format!(
        r#"{{"server_name":"{long}!","valid_until_ts":1,"verify_keys":{{}},"old_verify_keys":{{}}}}"#
    ));
    assert!(
        matches!(named, KeyDocumentError::ServerName { .. }),
        "{named:?}"
    );
    is_short(&named);

    let key = SigningKey::from_seed(KeyId::parse("ed25519:1").unwrap(), &[1; 32]).unwrap();
    let found = crypto::verify_json(&Object::new(), "a", key.key_id(), &key.verify_key());
    assert_eq!(found, Err(JsonSignatureError::Missing));
}

#[test]
fn what_canonical_json_cannot_express_is_refused_in_a_tree_too() {
    let text = r#"{"content":{"a":1.5},"depth":5}"#;
    let json = Object::parse(text.as_bytes(), Mode::Lenient).unwrap();
    let error = Pdu::from_json(json, &V11, &Limits::default()).unwrap_err();
    assert!(matches!(error, FormatError::Number(_)), "{error:?}");
    let error = Pdu::parse(text.as_bytes(), &V11, &Limits::default()).unwrap_err();
    assert!(matches!(error, FormatError::Json(_)), "{error:?}");
}

#[test]
fn what_serde_json_would_recurse_on_is_not_handed_over() {
    for (depth, expected) in [(128, true), (129, false)] {
        let text = "[".repeat(depth) + &"]".repeat(depth);
        let value = Value::parse(text.as_bytes(), Mode::Strict).unwrap();
        let there = serde_json::Value::try_from(&value);
        assert_eq!(there.is_ok(), expected);
        if let Err(error) = there {
            assert_eq!(error, InteropError::TooDeep);
        }
    }
}

#[test]
fn a_depth_beyond_the_host_s_limit_is_refused() {
    let limits = Limits {
        json_depth: 10,
        ..Limits::default()
    };
    for (depth, expected) in [
        (10, None),
        (11, Some(ParseErrorKind::TooDeep { limit: 10 })),
    ] {
        let text = "[".repeat(depth) + &"]".repeat(depth);
        let text = format!(r#"{{"a":{}}}"#, &text[1..text.len() - 1]);
        let found = Object::parse_within(text.as_bytes(), Mode::Strict, &limits);
        assert_eq!(found.err().map(|error| error.kind().clone()), expected);
    }
}
