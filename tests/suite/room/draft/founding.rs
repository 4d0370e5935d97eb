//! See `src/room/founding.rs`.

use roomdag::crypto::reference_hash;
use roomdag::id::RoomId;
use roomdag::json::Object;
use roomdag::limits::Limits;
use roomdag::pdu::FormatError;
use roomdag::replay::{Replay, ReplayOptions, Status};
use roomdag::room::{
    BuildError, Cited, Draft, Fault, Founding, Place, Receipt, Room, Setup, assemble, next_depth,
};
use roomdag::version::{RoomIdFormat, RoomVersionRules, V10, V12};

use super::{NOW, found, founding, object, ours, received, ring, stable, user};

#[test]
fn a_room_that_is_founded_takes_its_creator_in() {
    let alice = user("@alice:ours.example");
    for rules in stable() {
        let create = found(founding(&rules), &rules).unwrap();
        let hash = reference_hash(&create.json().to_object(), &rules);
        let cites_create = Cited::with_hash(create.id().clone(), &hash);
        let place = Place {
            room_id: create.room_id().clone(),
            prev_events: vec![cites_create.clone()],
            auth_events: match rules.room_id {
                RoomIdFormat::WithServer => vec![cites_create],
                RoomIdFormat::CreateHash => Vec::new(),
            },
            depth: next_depth([create.pdu().depth()], &rules),
            origin_server_ts: NOW,
        };
        let content = object(r#"{"membership":"join"}"#);
        let join = Draft::state(alice.clone(), "m.room.member", alice.as_str(), content);
        let limits = Limits::default();
        let join = assemble(join, &place, ours().signer(), &rules, &limits).unwrap();

        let keys = ring(&[&ours()]);
        let events = [&create, &join].map(|event| received(event, &keys, &rules));
        let replay = Replay::run(events.to_vec(), &rules, ReplayOptions::of(&rules), |_| {});
        for node in replay.order() {
            let status = replay.verdict(*node).unwrap().status();
            assert_eq!(status, Status::Accepted, "version {}", rules.id);
        }
        assert_eq!(replay.order().len(), 2);
    }
}

#[test]
fn a_create_event_names_the_version_and_the_creator_where_that_is_due() {
    for rules in stable() {
        let asked = Founding {
            content: object(r#"{"m.federate":false,"type":"m.space"}"#),
            ..founding(&rules)
        };
        let event = found(asked, &rules).unwrap();
        let mut expected = object(r#"{"m.federate":false,"type":"m.space"}"#);
        expected.insert("room_version", rules.id);
        if rules.auth.creator == V10.auth.creator {
            expected.insert("creator", "@alice:ours.example");
        }
        let event = event.pdu();
        assert_eq!(
            event.json().to_object().get("content"),
            Some(&expected.into())
        );
        assert_eq!((event.depth(), event.state_key()), (1, Some("")));
        assert!(event.prev_events().is_empty() && event.auth_events().is_empty());
        let states_room = event.stated_room_id().is_some();
        assert_eq!(states_room, rules.room_id == RoomIdFormat::WithServer);
    }
}

#[test]
fn a_create_event_s_content_cannot_override_what_the_library_writes() {
    for rules in stable() {
        for key in ["creator", "room_version"] {
            let asked = Founding {
                content: Object::from_iter([(key, "@mallory:theirs.example")]),
                ..founding(&rules)
            };
            assert_eq!(found(asked, &rules), Err(BuildError::ReservedKey { key }));
        }
    }
}

#[test]
fn additional_creators_are_taken_only_where_they_mean_something() {
    let with = |rules: &RoomVersionRules, list: &str| {
        let content = object(&format!(r#"{{"additional_creators":{list}}}"#));
        let asked = Founding {
            content,
            ..founding(rules)
        };
        found(asked, rules)
    };
    let key = "additional_creators";
    for rules in stable().iter().filter(|rules| rules.id != "12") {
        let error = with(rules, r#"["@bob:theirs.example"]"#).unwrap_err();
        assert_eq!(error, BuildError::ReservedKey { key });
    }
    assert!(with(&V12, r#"["@bob:theirs.example"]"#).is_ok());
    for list in [r#"["bob"]"#, r#""@bob:theirs.example""#, "null"] {
        assert_eq!(with(&V12, list), Err(BuildError::AdditionalCreators));
    }
}

#[test]
fn a_room_id_is_chosen_where_the_version_says_and_names_the_server() {
    for rules in stable() {
        let with = |room_id: Option<&str>| {
            let asked = Founding {
                room_id: room_id.map(RoomId::from_trusted),
                ..founding(&rules)
            };
            found(asked, &rules).map(|event| event.room_id().to_string())
        };
        if rules.room_id == RoomIdFormat::CreateHash {
            assert_eq!(with(Some("!a:ours.example")), Err(BuildError::RoomIdIsHash));
            let event = found(founding(&rules), &rules).unwrap();
            assert_eq!(with(None).unwrap()[1..], event.id().as_str()[1..]);
            continue;
        }
        assert_eq!(with(None), Err(BuildError::NoRoomId));
        assert_eq!(with(Some("!a:ours.example")).unwrap(), "!a:ours.example");
        for foreign in ["!a:theirs.example", "!a", "!a:ours.example:1"] {
            let error = with(Some(foreign)).unwrap_err();
            assert!(
                matches!(error, BuildError::ForeignRoomId { .. }),
                "{foreign}"
            );
        }
        let field = "room_id";
        let error = with(Some("#a:ours.example")).unwrap_err();
        assert!(
            matches!(error, BuildError::Format(FormatError::InvalidId { field: f, .. }) if f == field)
        );
    }
}

/// Where the room id is the create event's hash, nobody can pass one room off as another.
#[test]
fn another_create_event_is_another_room() {
    let of = |content: &str| {
        let asked = Founding {
            content: object(content),
            ..founding(&V12)
        };
        found(asked, &V12).unwrap()
    };
    let (one, other) = (of("{}"), of(r#"{"type":"m.space"}"#));
    assert_ne!(one.room_id(), other.room_id());
    for create in [&one, &other] {
        assert_eq!(create.room_id().as_str()[1..], create.id().as_str()[1..]);
    }

    let keys = ring(&[&ours()]);
    let setup = Setup::default();
    let (mut room, _) = Room::open(one.json().as_bytes(), &setup, &keys, NOW).unwrap();
    let second = room.receive(other.json().as_bytes(), &keys, NOW).receipt;
    let wrong = Fault::WrongRoom {
        room_id: other.room_id().clone(),
    };
    assert_eq!(second, Receipt::Dropped(wrong));
    let known = room.receive(one.json().as_bytes(), &keys, NOW).receipt;
    assert!(matches!(known, Receipt::Known { .. }), "{known:?}");
}
