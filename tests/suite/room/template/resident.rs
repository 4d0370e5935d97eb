//! See `src/room/resident.rs`.

use roomdag::id::{EventId, RoomId};
use roomdag::json::{Object, Value};
use roomdag::limits::Limits;
use roomdag::pdu::Pdu;
use roomdag::pdu::content::Membership;
use roomdag::room::{
    Assembled, BuildError, Cited, Draft, Handshake, Place, Submission, SubmittedError, assemble,
    template_response,
};
use roomdag::version::{EventReferences, RoomVersionRules, V11};

use super::{HANDSHAKES, honest, is_known, occasions, restricts, signed, theirs};
use crate::room::draft::{object, ours, place, room_id, stable, user};

fn member(state_key: &str, content: &str, rules: &RoomVersionRules) -> Assembled {
    let alice = user("@alice:ours.example");
    let draft = Draft::state(alice, "m.room.member", state_key, object(content));
    send(draft, rules)
}

fn send(draft: Draft, rules: &RoomVersionRules) -> Assembled {
    let limits = Limits::default();
    assemble(draft, &place(rules), ours().signer(), rules, &limits).unwrap()
}

fn check(pdu: &Pdu, handshake: Handshake, rules: &RoomVersionRules) -> Result<(), SubmittedError> {
    let submission = Submission {
        room_id: &room_id(rules),
        event_id: None,
        origin: &ours().server,
    };
    submission.check(pdu, handshake, rules)
}

#[test]
fn the_answer_has_the_members_that_the_api_names() {
    for (handshake, rules) in occasions() {
        let response = honest(handshake, &rules);
        assert_eq!(
            response.keys().collect::<Vec<_>>(),
            ["event", "room_version"]
        );
        assert_eq!(response.get("room_version"), Some(&rules.id.into()));
        let event = response.get("event").and_then(Value::as_object).unwrap();
        let names = [
            "auth_events",
            "content",
            "depth",
            "origin",
            "origin_server_ts",
            "prev_events",
            "room_id",
            "sender",
            "state_key",
            "type",
        ];
        assert_eq!(event.keys().collect::<Vec<_>>(), names);
        assert_eq!(event.get("origin"), Some(&"theirs.example".into()));
        let mut content = Object::from_iter([("membership", handshake.membership().as_str())]);
        if restricts(handshake, &rules) {
            let key = "join_authorised_via_users_server";
            content.insert(key, "@bob:theirs.example");
        }
        assert_eq!(event.get("content"), Some(&content.into()));
    }
}

#[test]
fn a_server_vouches_with_its_own_users_and_only_where_that_means_something() {
    for handshake in HANDSHAKES {
        for rules in stable() {
            let answer = |vouches: &str| {
                let (alice, vouches) = (user("@alice:ours.example"), user(vouches));
                let (place, server) = (place(&rules), theirs().server);
                template_response(handshake, &alice, &place, Some(&vouches), &server, &rules)
            };
            if !restricts(handshake, &rules) {
                let error = answer("@bob:theirs.example").unwrap_err();
                assert_eq!(error, BuildError::NoRestrictedJoin);
                continue;
            }
            assert!(answer("@bob:theirs.example").is_ok());
            let foreign = BuildError::ForeignAuthoriser {
                user: user("@bob:third.example"),
                server: theirs().server,
            };
            assert_eq!(answer("@bob:third.example"), Err(foreign));
        }
    }
}

#[test]
fn an_answer_in_pairs_needs_the_reference_hashes() {
    let id = EventId::parse("$a:x").unwrap();
    for rules in stable() {
        let place = Place {
            prev_events: vec![Cited::by_id(id.clone())],
            ..place(&rules)
        };
        let (alice, server) = (user("@alice:ours.example"), theirs().server);
        let answer = template_response(Handshake::Join, &alice, &place, None, &server, &rules);
        match rules.references {
            EventReferences::Ids => assert!(answer.is_ok()),
            EventReferences::Pairs => {
                let id = id.clone();
                assert_eq!(answer, Err(BuildError::NoReferenceHash { id }));
            }
        }
    }
}

#[test]
fn what_a_template_was_made_into_is_taken() {
    for (handshake, rules) in occasions() {
        let event = signed(&honest(handshake, &rules), handshake, &rules);
        let submission = Submission {
            room_id: &room_id(&rules),
            event_id: Some(event.id()),
            origin: &ours().server,
        };
        assert_eq!(submission.check(event.pdu(), handshake, &rules), Ok(()));
    }
}

#[test]
fn only_the_membership_that_the_request_is_for_is_taken() {
    for rules in stable() {
        for handshake in HANDSHAKES {
            let expected = handshake.membership();
            for membership in ["join", "knock", "leave", "ban", "invite", "JOIN"] {
                let content = format!(r#"{{"membership":"{membership}"}}"#);
                let event = member("@alice:ours.example", &content, &rules);
                let right = membership == expected.as_str() && is_known(handshake, &rules);
                let verdict = if right {
                    Ok(())
                } else {
                    Err(SubmittedError::Membership { expected })
                };
                assert_eq!(check(event.pdu(), handshake, &rules), verdict);
            }
            for content in ["{}", r#"{"membership":["join"]}"#] {
                let event = member("@alice:ours.example", content, &rules);
                let error = check(event.pdu(), handshake, &rules).unwrap_err();
                assert_eq!(error, SubmittedError::Membership { expected });
            }
        }
    }
}

#[test]
fn a_submitted_event_is_its_sender_s_own_member_event() {
    let content = r#"{"membership":"join"}"#;
    for rules in stable() {
        for state_key in ["@bob:ours.example", "", "@mallory:theirs.example"] {
            let event = member(state_key, content, &rules);
            let error = check(event.pdu(), Handshake::Join, &rules).unwrap_err();
            assert_eq!(error, SubmittedError::NotOwnMembership);
        }
        let alice = user("@alice:ours.example");
        let key = alice.as_str();
        for draft in [
            Draft::state(alice.clone(), "m.room.power_levels", key, object(content)),
            Draft::message(alice.clone(), "m.room.member", object(content)),
        ] {
            let event = send(draft, &rules);
            let error = check(event.pdu(), Handshake::Join, &rules).unwrap_err();
            assert_eq!(error, SubmittedError::NotMemberEvent);
        }
    }
}

#[test]
fn a_submitted_event_is_of_the_server_the_room_and_the_id_that_the_request_names() {
    for rules in stable() {
        let event = member("@alice:ours.example", r#"{"membership":"join"}"#, &rules);
        let (room, server) = (room_id(&rules), ours().server);
        let right = Submission {
            room_id: &room,
            event_id: Some(event.id()),
            origin: &server,
        };
        let check =
            |submission: Submission<'_>| submission.check(event.pdu(), Handshake::Join, &rules);
        assert_eq!(check(right), Ok(()));
        let origin = theirs().server;
        let foreign = SubmittedError::ForeignSender {
            sender: user("@alice:ours.example"),
            origin: origin.clone(),
        };
        let origin = &origin;
        assert_eq!(check(Submission { origin, ..right }), Err(foreign));
        let expected = RoomId::parse("!other:ours.example").unwrap();
        let other = Submission {
            room_id: &expected,
            ..right
        };
        let error = check(other).unwrap_err();
        assert_eq!(
            error,
            SubmittedError::OtherRoom {
                expected: expected.clone()
            }
        );
        let expected = EventId::parse("$other:ours.example").unwrap();
        let other = Submission {
            event_id: Some(&expected),
            ..right
        };
        let error = check(other).unwrap_err();
        assert_eq!(
            error,
            SubmittedError::OtherEvent {
                expected: expected.clone()
            }
        );
    }
}

#[test]
fn an_invite_is_for_a_user_of_the_server_that_is_asked_to_sign_it() {
    for rules in stable() {
        let check = |event: &Assembled| {
            let submission = Submission {
                room_id: &room_id(&rules),
                event_id: Some(event.id()),
                origin: &ours().server,
            };
            submission.check_invite(event.pdu(), &theirs().server, &rules)
        };
        let invite = r#"{"membership":"invite"}"#;
        let event = member("@bob:theirs.example", invite, &rules);
        assert_eq!(check(&event), Ok(()));
        for target in ["@bob:ours.example", "bob:theirs.example", ""] {
            let receiver = theirs().server;
            let error = check(&member(target, invite, &rules)).unwrap_err();
            assert_eq!(error, SubmittedError::ForeignTarget { receiver });
        }
        let event = member("@bob:theirs.example", r#"{"membership":"leave"}"#, &rules);
        let expected = Membership::Invite;
        assert_eq!(check(&event), Err(SubmittedError::Membership { expected }));
    }
}

#[test]
fn the_wording_of_errors() {
    let event = member("@alice:ours.example", "{}", &V11);
    let error = check(event.pdu(), Handshake::Join, &V11).unwrap_err();
    assert_eq!(error.to_string(), "`content.membership` is not `join`");
}
