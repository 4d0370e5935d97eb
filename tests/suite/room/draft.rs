//! See `src/room/draft.rs` and `src/room/place.rs`.

mod founding;

use proptest::prelude::*;
use roomdag::crypto::{
    self, KeyRing, ReferenceHash, SigningKey, Timestamp, Validity, reference_hash,
};
use roomdag::event::{Event, HashCheck, Signatures};
use roomdag::id::{EventId, KeyId, RoomId, ServerName, UserId};
use roomdag::json::{MAX_INTEGER, Mode, NumberError, Object, Value};
use roomdag::limits::Limits;
use roomdag::pdu::{FormatError, Pdu};
use roomdag::room::{
    Assembled, BuildError, Cited, Draft, Founding, Place, Signer, assemble, create_event,
    next_depth,
};
use roomdag::version::{
    EventIdFormat, EventReferences, RedactsIn, RoomIdFormat, RoomVersionRules, RoomVersions, V1,
    V5, V6, V11, V12,
};

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A server with a key.
pub(super) struct Home {
    pub(super) server: ServerName,
    pub(super) key: SigningKey,
}

impl Home {
    pub(super) fn new(server: &str, seed: u8) -> Self {
        let key_id = KeyId::parse("ed25519:1").unwrap();
        Self {
            server: ServerName::parse(server).unwrap(),
            key: SigningKey::from_seed(key_id, &[seed; 32]).unwrap(),
        }
    }

    pub(super) fn signer(&self) -> Signer<'_> {
        Signer {
            server: &self.server,
            key: &self.key,
        }
    }
}

/// The server that the tests speak for.
pub(super) fn ours() -> Home {
    Home::new("ours.example", 1)
}

/// A ring with the keys of these servers.
pub(super) fn ring(homes: &[&Home]) -> KeyRing {
    let mut keys = KeyRing::new();
    for home in homes {
        let (server, key_id) = (home.server.clone(), home.key.key_id().clone());
        keys.insert(server, key_id, home.key.verify_key(), Validity::Forever)
            .unwrap();
    }
    keys
}

pub(super) fn object(text: &str) -> Object {
    Object::parse(text.as_bytes(), Mode::Lenient).expect(text)
}

pub(super) fn user(id: &str) -> UserId {
    UserId::parse(id).expect(id)
}

pub(super) fn stable() -> Vec<RoomVersionRules> {
    RoomVersions::stable().iter().copied().collect()
}

pub(super) fn room_id(rules: &RoomVersionRules) -> RoomId {
    let id = match rules.room_id {
        RoomIdFormat::WithServer => "!room:ours.example",
        RoomIdFormat::CreateHash => "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM",
    };
    RoomId::parse(id).unwrap()
}

/// The hash that the tests cite events with.
pub(super) fn some_hash() -> ReferenceHash {
    reference_hash(&Object::new(), &V1)
}

pub(super) fn cited(id: &str) -> Cited {
    Cited::with_hash(EventId::parse(id).unwrap(), &some_hash())
}

pub(super) fn place(rules: &RoomVersionRules) -> Place {
    Place {
        room_id: room_id(rules),
        prev_events: vec![cited("$prev:x")],
        auth_events: vec![cited("$levels:x"), cited("$member:x")],
        depth: 7,
        origin_server_ts: NOW,
    }
}

/// The event that every receiver makes of it: checks 1 to 3 are passed.
pub(super) fn received(event: &Assembled, keys: &KeyRing, rules: &RoomVersionRules) -> Event {
    let limits = Limits::default();
    let pdu = Pdu::parse(event.json().as_bytes(), rules, &limits).unwrap();
    assert_eq!(&pdu, event.pdu());
    let verified = crypto::verify(pdu, rules, keys, NOW, &limits).unwrap();
    assert_eq!(verified.id(), event.id());
    assert_eq!(verified.as_ref().room_id, event.room_id());
    assert_eq!(verified.provenance().content_hash, HashCheck::Ok);
    assert_eq!(verified.provenance().signatures, Signatures::Valid);
    verified
}

fn build(draft: Draft, rules: &RoomVersionRules) -> Result<Assembled, BuildError> {
    let limits = Limits::default();
    assemble(draft, &place(rules), ours().signer(), rules, &limits)
}

fn text(body: &str) -> Draft {
    let content = Object::from_iter([("body", body)]);
    Draft::message(user("@alice:ours.example"), "m.room.message", content)
}

fn founding(rules: &RoomVersionRules) -> Founding {
    Founding {
        creator: user("@alice:ours.example"),
        room_id: (rules.room_id == RoomIdFormat::WithServer).then(|| room_id(rules)),
        content: Object::new(),
        event_id: None,
        origin_server_ts: NOW,
    }
}

fn found(founding: Founding, rules: &RoomVersionRules) -> Result<Assembled, BuildError> {
    create_event(founding, ours().signer(), rules, &Limits::default())
}

#[test]
fn what_is_assembled_passes_checks_1_to_3_in_every_version_and_is_always_the_same() {
    let alice = user("@alice:ours.example");
    let keys = ring(&[&ours()]);
    for rules in stable() {
        let target = EventId::parse("$target:x").unwrap();
        let drafts = [
            text("hello"),
            Draft::state(
                alice.clone(),
                "m.room.topic",
                "",
                object(r#"{"topic":"é"}"#),
            ),
            Draft::state(
                alice.clone(),
                "m.room.member",
                alice.as_str(),
                object(r#"{"membership":"join"}"#),
            ),
            Draft::redaction(alice.clone(), target, object(r#"{"reason":"spam"}"#)),
        ];
        for draft in drafts {
            let event = build(draft.clone(), &rules).unwrap();
            received(&event, &keys, &rules);
            assert_eq!(Ok(event), build(draft, &rules));
        }
        let event = found(founding(&rules), &rules).unwrap();
        received(&event, &keys, &rules);
        assert_eq!(Ok(event), found(founding(&rules), &rules));
    }
}

#[test]
fn an_event_has_the_members_that_its_format_names_and_no_others() {
    let hash = some_hash().to_base64();
    let pair = |id: &str| format!(r#"["{id}",{{"sha256":"{hash}"}}]"#);
    let (prev, levels, member) = (pair("$prev:x"), pair("$levels:x"), pair("$member:x"));
    let by_hand = [
        (
            V1,
            format!(
                r#"{{"auth_events":[{levels},{member}],"content":{{"body":"hello"}},"depth":7,
                "event_id":"$chosen:ours.example","origin_server_ts":1700000000000,
                "prev_events":[{prev}],"room_id":"!room:ours.example",
                "sender":"@alice:ours.example","type":"m.room.message"}}"#
            ),
        ),
        (
            V11,
            r#"{"auth_events":["$levels:x","$member:x"],"content":{"body":"hello"},"depth":7,
                "origin_server_ts":1700000000000,"prev_events":["$prev:x"],
                "room_id":"!room:ours.example","sender":"@alice:ours.example",
                "type":"m.room.message"}"#
                .to_owned(),
        ),
    ];
    for (rules, json) in by_hand {
        let mut expected = object(&json);
        crypto::hash_and_sign_event(&mut expected, &rules, "ours.example", &ours().key);
        let mut draft = text("hello");
        if rules.event_id == EventIdFormat::Field {
            draft = draft.with_event_id(EventId::parse("$chosen:ours.example").unwrap());
        }
        let event = build(draft, &rules).unwrap();
        assert_eq!(event.json().to_object(), expected);
    }
}

#[test]
fn a_draft_is_never_a_create_event() {
    for rules in stable() {
        let content = object(r#"{"room_version":"1"}"#);
        let draft = Draft::state(user("@alice:ours.example"), "m.room.create", "", content);
        assert_eq!(build(draft, &rules), Err(BuildError::SecondCreate));
    }
}

#[test]
fn a_server_signs_only_for_its_own_users() {
    for rules in stable() {
        for sender in ["@alice:theirs.example", "@alice:ours.example:8448"] {
            let draft = Draft::message(user(sender), "m.room.message", Object::new());
            let foreign = BuildError::ForeignSender {
                sender: user(sender),
                server: ours().server,
            };
            assert_eq!(build(draft, &rules), Err(foreign.clone()));
            let asked = Founding {
                creator: user(sender),
                ..founding(&rules)
            };
            assert_eq!(found(asked, &rules), Err(foreign));
        }
    }
}

#[test]
fn a_redaction_names_its_target_where_the_version_looks_for_it() {
    let target = EventId::parse("$target:x").unwrap();
    let alice = user("@alice:ours.example");
    for rules in stable() {
        for content in ["{}", r#"{"redacts":"$target:x"}"#] {
            let draft = Draft::redaction(alice.clone(), target.clone(), object(content));
            let event = build(draft, &rules).unwrap();
            let read = received(&event, &ring(&[&ours()]), &rules);
            assert_eq!(read.as_ref().redacts, Some(&target));
            let json = event.json().to_object();
            let on_top = json.contains_key("redacts");
            assert_eq!(on_top, rules.redacts == RedactsIn::Event);
        }
        for content in [r#"{"redacts":"$other:x"}"#, r#"{"redacts":7}"#] {
            let draft = Draft::redaction(alice.clone(), target.clone(), object(content));
            let key = "redacts";
            assert_eq!(build(draft, &rules), Err(BuildError::ReservedKey { key }));
        }
        let draft = Draft::message(alice.clone(), "m.room.redaction", Object::new());
        assert_eq!(build(draft, &rules), Err(BuildError::NoRedactionTarget));
    }
}

#[test]
fn an_event_id_is_chosen_where_the_version_says_and_names_the_server() {
    for rules in stable() {
        let with = |id: &str| build(text("a").with_event_id(EventId::from_trusted(id)), &rules);
        if rules.event_id != EventIdFormat::Field {
            assert_eq!(with("$a:ours.example"), Err(BuildError::EventIdIsHash));
            continue;
        }
        assert_eq!(*with("$a:ours.example").unwrap().id(), "$a:ours.example");
        for foreign in ["$a:theirs.example", "$a"] {
            let error = with(foreign).unwrap_err();
            assert!(
                matches!(error, BuildError::ForeignEventId { .. }),
                "{foreign}"
            );
        }
        let (a, b) = (build(text("a"), &rules), build(text("b"), &rules));
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_ne!(a.id(), b.id());
        assert_eq!(a.id().server_name(), Some("ours.example"));
        assert_eq!(EventId::parse(a.id().as_str()).as_ref(), Ok(a.id()));
        let localpart = &a.id().as_str()[1..44];
        let is_safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(localpart.chars().all(is_safe), "{localpart}");
    }
}

#[test]
fn a_server_whose_name_leaves_no_room_for_a_hash_chooses_its_event_ids() {
    let draft = |home: &Home| {
        let sender = user(&format!("@a:{}", home.server));
        Draft::message(sender, "m.room.message", Object::new())
    };
    let send =
        |home: &Home, draft| assemble(draft, &place(&V1), home.signer(), &V1, &Limits::default());
    let longest = Home::new(&"s".repeat(210), 1);
    let event = send(&longest, draft(&longest)).unwrap();
    assert_eq!(event.id().as_str().len(), 255);

    let longer = Home::new(&"s".repeat(211), 1);
    let field = "event_id";
    let error = send(&longer, draft(&longer)).unwrap_err();
    assert_eq!(error, FormatError::TooLong { field }.into());
    let id = EventId::parse(&format!("$1:{}", longer.server)).unwrap();
    assert!(send(&longer, draft(&longer).with_event_id(id)).is_ok());
}

#[test]
fn pairs_need_the_reference_hash_of_what_is_cited() {
    let id = EventId::parse("$prev:x").unwrap();
    for rules in stable() {
        for list in ["prev_events", "auth_events"] {
            let mut place = place(&rules);
            let cites = vec![Cited::by_id(id.clone())];
            match list {
                "prev_events" => place.prev_events = cites,
                _ => place.auth_events = cites,
            }
            let limits = Limits::default();
            let event = assemble(text("a"), &place, ours().signer(), &rules, &limits);
            match rules.references {
                EventReferences::Ids => assert!(event.is_ok()),
                EventReferences::Pairs => {
                    let id = id.clone();
                    assert_eq!(event, Err(BuildError::NoReferenceHash { id }));
                }
            }
        }
    }
}

#[test]
fn what_would_be_dropped_or_rejected_for_its_form_is_not_made() {
    let limits = Limits::default();
    for rules in stable() {
        let refused = |place: &Place, draft: Draft| match assemble(
            draft,
            place,
            ours().signer(),
            &rules,
            &limits,
        )
        .unwrap_err()
        {
            BuildError::Format(error) => error,
            other => panic!("{other}"),
        };
        let crowd = |len: usize| (0..len).map(|n| cited(&format!("${n}:x"))).collect();
        let (field, len, max) = ("prev_events", 21, 20);
        let many = Place {
            prev_events: crowd(len),
            ..place(&rules)
        };
        let error = refused(&many, text("a"));
        assert_eq!(error, FormatError::TooMany { field, len, max });
        let (field, len, max) = ("auth_events", 11, 10);
        let many = Place {
            auth_events: crowd(len),
            ..place(&rules)
        };
        let error = refused(&many, text("a"));
        assert_eq!(error, FormatError::TooMany { field, len, max });
        let deep = Place {
            depth: -1,
            ..place(&rules)
        };
        let field = "depth";
        assert_eq!(refused(&deep, text("a")), FormatError::OutOfRange { field });
        let error = refused(&place(&rules), text(&"a".repeat(65_536)));
        assert!(matches!(error, FormatError::TooLarge { .. }));
        // Not too many code points, but too many bytes: some versions keep and reject it.
        let alice = user("@alice:ours.example");
        let long = Draft::state(alice.clone(), "m", "é".repeat(200), Object::new());
        let field = "state_key";
        assert_eq!(
            refused(&place(&rules), long),
            FormatError::TooLong { field }
        );
        let long = Draft::message(alice, "é".repeat(200), Object::new());
        let field = "type";
        assert_eq!(
            refused(&place(&rules), long),
            FormatError::TooLong { field }
        );
    }
}

#[test]
fn numbers_are_held_to_the_canonical_json_of_the_version() {
    let draft = |number: &str| {
        let content = object(&format!(r#"{{"a":[{number}]}}"#));
        Draft::message(user("@alice:ours.example"), "m.room.message", content)
    };
    assert!(build(draft("1.5"), &V5).is_ok());
    assert!(build(draft("9007199254740992"), &V5).is_ok());
    let error = build(draft("1.5"), &V6).unwrap_err();
    assert_eq!(error, BuildError::Format(NumberError::Float.into()));
    let error = build(draft("9007199254740992"), &V6).unwrap_err();
    assert_eq!(error, BuildError::Format(NumberError::OutOfRange.into()));
    let late = Place {
        origin_server_ts: Timestamp::from_millis(MAX_INTEGER + 1),
        ..place(&V6)
    };
    let error = assemble(text("a"), &late, ours().signer(), &V6, &Limits::default());
    assert_eq!(
        error,
        Err(BuildError::Format(NumberError::OutOfRange.into()))
    );
}

#[test]
fn only_a_create_event_follows_nothing() {
    for rules in stable() {
        let nowhere = Place {
            prev_events: Vec::new(),
            ..place(&rules)
        };
        let event = assemble(
            text("a"),
            &nowhere,
            ours().signer(),
            &rules,
            &Limits::default(),
        );
        assert_eq!(event, Err(BuildError::NoPrevEvents));
    }
}

#[test]
fn the_create_event_is_not_cited_where_the_room_id_implies_it() {
    let mut place = place(&V12);
    let implied = place.room_id.as_str().replacen('!', "$", 1);
    place.auth_events.push(cited(&implied));
    let event = assemble(text("a"), &place, ours().signer(), &V12, &Limits::default());
    assert_eq!(event, Err(FormatError::CitesCreate.into()));
}

#[test]
fn a_depth_is_one_more_than_the_greatest_and_stops_at_the_largest() {
    for rules in stable() {
        assert_eq!(next_depth([], &rules), 1);
        assert_eq!(next_depth([4, 9, 2], &rules), 10);
        assert_eq!(next_depth([rules.max_depth - 1], &rules), rules.max_depth);
        assert_eq!(next_depth([1, rules.max_depth], &rules), rules.max_depth);
        let deepest = Place {
            depth: next_depth([rules.max_depth], &rules),
            ..place(&rules)
        };
        let limits = Limits::default();
        assert!(assemble(text("a"), &deepest, ours().signer(), &rules, &limits).is_ok());
    }
}

#[test]
fn the_wording_of_errors() {
    let error = BuildError::ForeignSender {
        sender: user("@a:theirs.example"),
        server: ours().server,
    };
    let text = "`@a:theirs.example` is not a user of `ours.example`";
    assert_eq!(error.to_string(), text);
    let key = "membership";
    let error = BuildError::ReservedKey { key };
    let text = "`content.membership` is not the sender's to write";
    assert_eq!(error.to_string(), text);
    let long = EventId::from_trusted(format!("${}", "a".repeat(10_000)));
    let error = BuildError::NoReferenceHash { id: long };
    assert!(error.to_string().len() < 400);
}

/// Content that every room version can express.
pub(super) fn any_content() -> impl Strategy<Value = Object> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-MAX_INTEGER..=MAX_INTEGER).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..5)
                .prop_map(|members| Value::from(members.into_iter().collect::<Object>())),
        ]
    });
    let name = prop_oneof!["[a-z_]{0,12}", any::<String>()];
    prop::collection::vec((name, value), 0..6).prop_map(|members| members.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever users say, and in whatever words, their server's signature holds.
    #[test]
    fn any_content_is_signed_as_it_is(
        content in any_content(),
        event_type in "[a-z.]{0,30}|\\PC{0,40}",
        state_key in prop::option::of(any::<String>().prop_filter("short", |k| k.len() < 256)),
        depth in 0..MAX_INTEGER,
        rules in prop::sample::select(stable()),
    ) {
        let sender = user("@alice:ours.example");
        let draft = match state_key {
            None => Draft::message(sender, event_type, content.clone()),
            Some(key) => Draft::state(sender, event_type, key, content.clone()),
        };
        let place = Place { depth, ..place(&rules) };
        let limits = Limits::default();
        let event = assemble(draft, &place, ours().signer(), &rules, &limits).unwrap();
        received(&event, &ring(&[&ours()]), &rules);
        let json = event.json().to_object();
        prop_assert_eq!(json.get("content"), Some(&content.into()));
    }
}
