//! See `src/room/send.rs`, `src/room/template.rs` and `src/room/resident.rs`.
//!
//! | threat | tests |
//! |--------|-------|
//! | V-S-21 | `a_handshake_between_two_servers_ends_in_both_rooms`; hostile templates in `tests/suite/room/template/` |
//! | V-S-17 | `a_restricted_join_is_vouched_for_by_who_may_invite`, `a_join_of_another_room_is_not_vouched_for` |
//! | V-D-15 | `an_event_that_is_not_built_changes_nothing_and_says_why` |

use roomdag::auth::Rule;
use roomdag::id::EventId;
use roomdag::json::{Object, Value};
use roomdag::limits::Limits;
use roomdag::pdu::content::Membership;
use roomdag::room::{
    AuthoriseError, BuildError, Claim, Condition, CountersignError, Draft, Expected, Handshake,
    JoinRefusal, Members, Receipt, Room, SendError, Standing, Submission, Template,
};
use roomdag::version::{JoinRule, RoomVersionRules, RoomVersions};

use crate::room::draft::{NOW, object, stable, user};
use crate::room::support::{
    ALICE, BOB, CREATE, EVE, JOIN_RULES, MEMBER, Scribe, TOPIC, Told, accepted, home,
};

const NEW: &str = "@new:other.example";

/// Every kind of event that selection has a case for, with who may send it.
fn kinds(rules: &RoomVersionRules) -> Vec<Told<'static>> {
    let mut kinds = vec![
        Told::message(EVE),
        Told::state(BOB, TOPIC, "", r#"{"topic":"x"}"#),
        Told::state(ALICE, MEMBER, NEW, r#"{"membership":"invite"}"#),
        Told::state(BOB, MEMBER, EVE, r#"{"membership":"leave"}"#),
        Told::state(BOB, MEMBER, EVE, r#"{"membership":"ban"}"#),
        Told::state(
            EVE,
            MEMBER,
            EVE,
            r#"{"membership":"join","displayname":"E"}"#,
        ),
        Told::state(NEW, MEMBER, NEW, r#"{"membership":"join"}"#),
        Told::state(ALICE, JOIN_RULES, "", r#"{"join_rule":"invite"}"#),
    ];
    if rules.auth.knows(JoinRule::Restricted) {
        kinds.push(Told::state(
            NEW,
            MEMBER,
            NEW,
            r#"{"join_authorised_via_users_server":"@new:other.example","membership":"join"}"#,
        ));
    }
    kinds
}

#[test]
fn what_is_built_follows_the_extremities_and_cites_what_selection_names() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let tip = scribe.room.extremities();
        let (one, two) = (scribe.say_at(BOB, &tip), scribe.say_at(BOB, &tip));
        let deep = scribe.say_at(BOB, &[one]);
        let mut prev = vec![two, deep.clone()];
        prev.sort();
        assert_eq!(scribe.room.extremities(), prev);
        for told in kinds(&rules) {
            let before = format!("{:?}", scribe.room);
            let signer = home(told.sender);
            let now = scribe.tick();
            let built = scribe
                .room
                .build(told.draft(), signer.signer(), now)
                .unwrap();
            assert_eq!(format!("{:?}", scribe.room), before);
            assert_eq!(built.policy_server, None);
            let pdu = built.event.pdu();
            let mut cited = pdu.prev_events().to_vec();
            cited.sort();
            assert_eq!(cited, prev);
            assert_eq!(pdu.depth(), scribe.pdu(&deep).depth() + 1);
            let (mut cited, mut expected) = (pdu.auth_events().to_vec(), scribe.auth(&told, &prev));
            cited.sort();
            expected.sort();
            assert_eq!(cited, expected, "{told:?}");
            // Every room takes it, our own too; it is intact, and its hashes are right.
            let mut room = scribe.copy();
            accepted(&scribe.give(&mut room, built.event.json().as_bytes()));
            for (json, id) in references(built.event.json(), "prev_events") {
                assert_eq!(json, scribe_reference(&scribe, &id));
            }
        }
    }
}

/// The references of an event as they stand in its JSON.
fn references(json: &roomdag::json::CanonicalObject, field: &str) -> Vec<(Value, EventId)> {
    let json = json.to_object();
    let list = json.get(field).and_then(Value::as_array).unwrap();
    list.iter()
        .map(|value| {
            let id = value
                .as_str()
                .or_else(|| value.as_array()?.get(0)?.as_str());
            (value.clone(), EventId::parse(id.unwrap()).unwrap())
        })
        .collect()
}

/// The same event as the tests cite it, which takes the hash from the event itself.
fn scribe_reference(scribe: &Scribe, id: &EventId) -> Value {
    use roomdag::version::EventReferences;
    match scribe.rules.references {
        EventReferences::Ids => id.as_str().into(),
        EventReferences::Pairs => {
            let json = scribe.pdu(id).json().to_object();
            let hash = roomdag::crypto::reference_hash(&json, &scribe.rules).to_base64();
            let hashes = Object::from_iter([("sha256", hash)]);
            vec![Value::from(id.as_str()), hashes.into()].into()
        }
    }
}

#[test]
fn of_many_extremities_half_are_the_oldest_and_half_the_newest() {
    for rules in stable() {
        for (most, oldest, newest) in [(10, 5, 5), (3, 1, 2), (1, 0, 1), (0, 0, 1)] {
            let limits = Limits {
                built_prev_events: most,
                ..Limits::default()
            };
            let mut scribe = Scribe::new(&rules);
            let mut room = scribe.open_within(limits);
            scribe.feed_all(&mut room, &scribe.order[1..]);
            let tip = scribe.room.extremities();
            let tips: Vec<EventId> = (0..14).map(|_| scribe.say_at(BOB, &tip)).collect();
            scribe.feed_all(&mut room, &tips);
            let built = room
                .build(Told::message(BOB).draft(), home(BOB).signer(), NOW)
                .unwrap();
            let mut cited = built.event.pdu().prev_events().to_vec();
            cited.sort();
            let mut expected = tips[..oldest].to_vec();
            expected.extend_from_slice(&tips[tips.len() - newest..]);
            expected.sort();
            assert_eq!(cited, expected);
            accepted(&scribe.give(&mut room, built.event.json().as_bytes()));
            assert_eq!(room.extremities().len(), tips.len() - expected.len() + 1);
        }
    }
}

#[track_caller]
fn forbidden(refused: Result<impl std::fmt::Debug, SendError>, rule: Rule) {
    match refused {
        Err(SendError::Forbidden(decision)) => assert_eq!(decision.rule, rule),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_event_that_is_not_built_changes_nothing_and_says_why() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let (room, now) = (scribe.copy(), scribe.tick());
        let before = format!("{room:?}");
        let build = |room: &Room, draft: Draft, by: &str| room.build(draft, home(by).signer(), now);
        let told = Told::state(EVE, TOPIC, "", "{}").draft();
        forbidden(build(&room, told, EVE), Rule::BelowRequiredLevel);
        forbidden(
            build(&room, Told::message(NEW).draft(), NEW),
            Rule::SenderNotJoined,
        );
        let foreign = build(&room, Told::message(BOB).draft(), ALICE);
        assert!(matches!(
            foreign,
            Err(SendError::Build(BuildError::ForeignSender { .. }))
        ));
        let second = Told::state(ALICE, CREATE, "", "{}").draft();
        assert!(build(&room, second, ALICE).is_err());
        let big = format!(r#"{{"body":"{}"}}"#, "x".repeat(70_000));
        let told = Told {
            content: &big,
            ..Told::message(BOB)
        };
        let format = build(&room, told.draft(), BOB);
        assert!(
            matches!(format, Err(SendError::Build(BuildError::Format(_)))),
            "{format:?}"
        );
        if rules.auth.knows(JoinRule::Restricted) {
            let content =
                format!(r#"{{"join_authorised_via_users_server":"{ALICE}","membership":"join"}}"#);
            let told = Told::state(NEW, MEMBER, NEW, &content);
            let foreign = build(&room, told.draft(), NEW);
            assert!(matches!(
                foreign,
                Err(SendError::Build(BuildError::ForeignAuthoriser { .. }))
            ));
        }
        assert_eq!(format!("{room:?}"), before);
        assert!(build(&room, Told::message(BOB).draft(), BOB).is_ok());
    }
}

/// What the branches that are followed do not know, the current state does.
#[test]
fn an_event_is_held_against_the_current_state_as_well_as_the_one_before_it() {
    for rules in stable() {
        let limits = Limits {
            built_prev_events: 1,
            ..Limits::default()
        };
        let mut scribe = Scribe::new(&rules);
        let mut room = scribe.open_within(limits);
        scribe.feed_all(&mut room, &scribe.order[1..]);
        let tip = scribe.room.extremities();
        let ban = Told::state(ALICE, MEMBER, EVE, r#"{"membership":"ban"}"#);
        let ban = scribe.write(&ban, &tip);
        let message = scribe.say_at(BOB, &tip);
        scribe.feed_all(&mut room, [&ban, &message]);
        let send = |by: &str| room.build(Told::message(by).draft(), home(by).signer(), NOW);
        let built = send(BOB).unwrap();
        assert_eq!(built.event.pdu().prev_events(), [message]);
        forbidden(send(EVE), Rule::SenderNotJoined);
    }
}

/// A member who was left out of the state may or may not send.
#[test]
fn what_depends_on_members_that_were_left_out_is_not_built() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let _ = scribe.say(BOB);
        let join = scribe.put(NEW, MEMBER, NEW, r#"{"membership":"join"}"#);
        let state = scribe.room.state_before(&join).unwrap();
        let few = state.iter().filter(|((kind, _), _)| *kind != MEMBER);
        let few: Vec<EventId> = few.map(|(_, event)| event.id.clone()).collect();
        let claim = Claim {
            members: Members::Omitted,
            ..scribe.claim_of(&few)
        };
        let setup = scribe.setup(Limits::default());
        let (room, _) = Room::join(scribe.bytes(&join), &claim, &setup, &scribe.keys, NOW).unwrap();
        let refused = room.build(Told::message(EVE).draft(), home(EVE).signer(), NOW);
        let members = vec![Box::from(EVE)];
        assert_eq!(refused, Err(SendError::Undecided { members }));
        // The user who has just joined is there.
        assert!(
            room.build(Told::message(NEW).draft(), home(NEW).signer(), NOW)
                .is_ok()
        );
    }
}

#[test]
fn a_room_that_does_not_federate_takes_in_nobody_else() {
    for rules in stable() {
        for (content, federates) in [(r#"{"m.federate":false}"#, false), ("{}", true)] {
            let mut scribe = Scribe::founded(&rules, content);
            scribe.put(ALICE, MEMBER, ALICE, r#"{"membership":"join"}"#);
            scribe.put(ALICE, JOIN_RULES, "", r#"{"join_rule":"public"}"#);
            let local = "@local:ours.example";
            scribe.put(local, MEMBER, local, r#"{"membership":"join"}"#);
            let room = &scribe.room;
            assert!(room.federates_with(&home(ALICE).server));
            assert_eq!(room.federates_with(&home(BOB).server), federates);
            let template =
                room.make_template(Handshake::Join, &user(BOB), None, &home(ALICE).server, NOW);
            let told = Told::state(BOB, MEMBER, BOB, r#"{"membership":"join"}"#);
            let built = room.build(told.draft(), home(BOB).signer(), NOW);
            if federates {
                assert!(template.is_ok() && built.is_ok());
            } else {
                forbidden(template, Rule::NotFederated);
                forbidden(built, Rule::NotFederated);
            }
        }
    }
}

/// The answer to a request, read by the server that asked.
fn template(
    scribe: &Scribe,
    response: &Object,
    handshake: Handshake,
    who: &str,
) -> Result<Template, roomdag::room::TemplateError> {
    let expected = Expected {
        handshake,
        room_id: scribe.room.id(),
        user: &user(who),
        resident: &home(ALICE).server,
    };
    let (versions, limits) = (RoomVersions::stable(), Limits::default());
    Template::parse(&response.to_canonical(), &expected, &versions, &limits)
}

#[test]
fn a_handshake_between_two_servers_ends_in_both_rooms() {
    let mut done = 0;
    for rules in stable() {
        for handshake in [Handshake::Join, Handshake::Knock, Handshake::Leave] {
            if handshake == Handshake::Knock && !rules.auth.knows(JoinRule::Knock) {
                continue;
            }
            let mut scribe = Scribe::new(&rules);
            match handshake {
                Handshake::Knock => {
                    scribe.put(ALICE, JOIN_RULES, "", r#"{"join_rule":"knock"}"#);
                }
                Handshake::Leave => {
                    scribe.put(ALICE, MEMBER, NEW, r#"{"membership":"invite"}"#);
                }
                Handshake::Join => {}
            }
            let (resident, now) = (home(ALICE), scribe.tick());
            let new = user(NEW);
            let response = scribe
                .room
                .make_template(handshake, &new, None, &resident.server, now)
                .unwrap();
            let template = template(&scribe, &response, handshake, NEW).unwrap();
            assert_eq!(template.rules().id, rules.id);
            let content = object(r#"{"displayname":"New"}"#);
            let (origin, limits) = (home(NEW), Limits::default());
            let event = template
                .build(content, origin.signer(), now, &limits)
                .unwrap();
            let submission = Submission {
                room_id: &scribe.room.id().clone(),
                event_id: Some(event.id()),
                origin: &origin.server,
            };
            submission.check(event.pdu(), handshake, &rules).unwrap();
            let other = match handshake {
                Handshake::Join => Handshake::Leave,
                _ => Handshake::Join,
            };
            assert!(submission.check(event.pdu(), other, &rules).is_err());
            let id = scribe.keep(event);
            assert_eq!(
                scribe.room.standing(&id),
                Some(Standing::Accepted),
                "{handshake:?}"
            );
            let membership = scribe.room.current_state().unwrap().membership(NEW);
            assert_eq!(membership, handshake.membership());
            if handshake == Handshake::Join {
                joins(&scribe, &id);
            }
            done += 1;
        }
    }
    assert_eq!(done, 12 * 2 + 6);
}

/// The server that has joined sees the room that the resident server sees.
fn joins(scribe: &Scribe, join: &EventId) {
    let setup = scribe.setup(Limits::default());
    let claim = scribe.claim_before(join);
    let joined = Room::join(scribe.bytes(join), &claim, &setup, &scribe.keys, NOW);
    let (room, _) = joined.unwrap();
    let digest = |room: &Room| room.current_state().unwrap().digest();
    assert_eq!(digest(&room), digest(&scribe.room));
    assert_eq!(room.extremities(), scribe.room.extremities());
    assert_eq!(
        room.current_state().unwrap().membership(NEW),
        Membership::Join
    );
    let hello = room
        .build(Told::message(NEW).draft(), home(NEW).signer(), NOW)
        .unwrap();
    let mut theirs = scribe.copy();
    accepted(&scribe.give(&mut theirs, hello.event.json().as_bytes()));
}

#[test]
fn nobody_gets_a_template_for_what_they_may_not_do() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        scribe.put(ALICE, MEMBER, NEW, r#"{"membership":"ban"}"#);
        let make = |scribe: &Scribe, handshake, who: &str| {
            let resident = home(ALICE).server;
            scribe
                .room
                .make_template(handshake, &user(who), None, &resident, NOW)
        };
        forbidden(make(&scribe, Handshake::Join, NEW), Rule::JoinBanned);
        forbidden(
            make(&scribe, Handshake::Leave, NEW),
            Rule::LeaveNothingToLeave,
        );
        let rule = if rules.auth.knows(JoinRule::Knock) {
            Rule::KnockNotEnabled
        } else {
            Rule::MembershipUnknown
        };
        forbidden(make(&scribe, Handshake::Knock, NEW), rule);
        scribe.put(ALICE, JOIN_RULES, "", r#"{"join_rule":"invite"}"#);
        let other = "@other:other.example";
        forbidden(
            make(&scribe, Handshake::Join, other),
            Rule::JoinNotPermitted,
        );
        scribe.put(ALICE, MEMBER, other, r#"{"membership":"invite"}"#);
        assert!(make(&scribe, Handshake::Join, other).is_ok());
    }
}

#[test]
fn a_join_of_another_room_is_not_vouched_for() {
    for rules in stable() {
        if !rules.auth.knows(JoinRule::Restricted) {
            continue;
        }
        let rule = r#"{"allow":[],"join_rule":"restricted"}"#;
        let mut here = Scribe::new(&rules);
        here.put(ALICE, JOIN_RULES, "", rule);
        let mut there = Scribe::elsewhere(&rules);
        there.put(ALICE, JOIN_RULES, "", rule);
        let content =
            format!(r#"{{"join_authorised_via_users_server":"{ALICE}","membership":"join"}}"#);
        let told = Told::state(NEW, MEMBER, NEW, &content);
        let prev = there.room.extremities();
        let auth = there.auth(&told, &prev);
        let join = there.craft(&told, &prev, &auth);
        let (conditions, resident) = ([Condition::Satisfied], home(ALICE));
        let vouched = |room: &Room| room.authorise_join(join.pdu(), conditions, resident.signer());
        assert!(vouched(&there.room).is_ok());
        let room_id = here.room.id().clone();
        assert_eq!(
            vouched(&here.room),
            Err(AuthoriseError::OtherRoom { room_id })
        );
    }
}

#[test]
fn a_restricted_join_is_vouched_for_by_who_may_invite() {
    let mut tried = 0;
    for rules in stable() {
        if !rules.auth.knows(JoinRule::Restricted) {
            continue;
        }
        let mut scribe = Scribe::new(&rules);
        let resident = home(ALICE);
        let public = scribe.copy();
        let rule = r#"{"allow":[{"room_id":"!else:ours.example","type":"m.room_membership"}],"join_rule":"restricted"}"#;
        scribe.put(ALICE, JOIN_RULES, "", rule);
        let now = scribe.tick();
        let authoriser = scribe.room.authoriser_of(&resident.server).unwrap();
        assert_eq!(authoriser.as_str(), ALICE);
        assert_eq!(scribe.room.authoriser_of(&home(NEW).server), None);
        let make = |authoriser| {
            let new = user(NEW);
            let room = &scribe.room;
            room.make_template(Handshake::Join, &new, authoriser, &resident.server, now)
        };
        assert!(matches!(make(None), Err(SendError::Forbidden(_))));
        let response = make(Some(&authoriser)).unwrap();
        let template = template(&scribe, &response, Handshake::Join, NEW).unwrap();
        assert_eq!(template.authoriser(), Some(&authoriser));
        let origin = home(NEW);
        let limits = Limits::default();
        let join = template
            .build(Object::new(), origin.signer(), now, &limits)
            .unwrap();
        // Not without the signature.
        let bytes = join.json().as_bytes().to_vec();
        let mut room = scribe.copy();
        let before = format!("{room:?}");
        assert!(matches!(
            scribe.give(&mut room, &bytes),
            Receipt::Dropped(_)
        ));
        assert_eq!(format!("{room:?}"), before);

        let ours = |conditions: &[Condition]| {
            let conditions = conditions.iter().copied();
            scribe
                .room
                .authorise_join(join.pdu(), conditions, resident.signer())
        };
        let refused = |conditions: &[Condition], refusal: JoinRefusal| {
            let error = ours(conditions).unwrap_err();
            assert_eq!(error, AuthoriseError::Refused(refusal));
        };
        refused(&[], JoinRefusal::Forbidden);
        refused(&[Condition::Failed], JoinRefusal::Forbidden);
        refused(
            &[Condition::Failed, Condition::Unknown],
            JoinRefusal::UnableToAuthorise,
        );
        let other = home(EVE);
        let by_other =
            scribe
                .room
                .authorise_join(join.pdu(), [Condition::Satisfied], other.signer());
        assert!(matches!(
            by_other,
            Err(AuthoriseError::Countersign(
                CountersignError::ForeignAuthoriser { .. }
            ))
        ));
        let not_restricted =
            public.authorise_join(join.pdu(), [Condition::Satisfied], resident.signer());
        assert_eq!(not_restricted, Err(AuthoriseError::NotRestricted));

        let signed = ours(&[Condition::Unknown, Condition::Satisfied]).unwrap();
        accepted(&scribe.give(&mut room, signed.json().as_bytes()));
        assert_eq!(
            room.current_state().unwrap().membership(NEW),
            Membership::Join
        );

        // Who has left since does not vouch any more.
        let left = scribe.write(
            &Told::state(ALICE, MEMBER, ALICE, r#"{"membership":"leave"}"#),
            &scribe.room.extremities(),
        );
        assert_eq!(scribe.room.standing(&left), Some(Standing::Accepted));
        let refused =
            scribe
                .room
                .authorise_join(join.pdu(), [Condition::Satisfied], resident.signer());
        assert_eq!(
            refused,
            Err(AuthoriseError::Refused(JoinRefusal::UnableToGrant))
        );
        assert_eq!(scribe.room.authoriser_of(&resident.server), None);
        tried += 1;
    }
    assert_eq!(tried, 5);
}

#[test]
fn who_is_invited_to_a_restricted_room_needs_nobody_to_vouch() {
    for rules in stable() {
        if !rules.auth.knows(JoinRule::Restricted) {
            continue;
        }
        let mut scribe = Scribe::new(&rules);
        let resident = home(ALICE);
        let new = user(NEW);
        assert!(!scribe.room.needs_authoriser(&new));
        let rule = r#"{"allow":[],"join_rule":"restricted"}"#;
        scribe.put(ALICE, JOIN_RULES, "", rule);
        assert!(scribe.room.needs_authoriser(&new));
        scribe.put(ALICE, MEMBER, NEW, r#"{"membership":"invite"}"#);
        assert!(!scribe.room.needs_authoriser(&new));

        let now = scribe.tick();
        let response = scribe
            .room
            .make_template(Handshake::Join, &new, None, &resident.server, now)
            .unwrap();
        let template = template(&scribe, &response, Handshake::Join, NEW).unwrap();
        let join = template
            .build(Object::new(), home(NEW).signer(), now, &Limits::default())
            .unwrap();
        let signed = scribe
            .room
            .authorise_join(join.pdu(), [], resident.signer());
        assert_eq!(signed, Err(AuthoriseError::NotAsked));
        let mut room = scribe.copy();
        let server = home(NEW).server;
        assert!(
            !room
                .joined_servers()
                .any(|joined| joined == server.as_str())
        );
        accepted(&scribe.give(&mut room, join.json().as_bytes()));
        assert!(!room.needs_authoriser(&new));
        assert!(
            room.joined_servers()
                .any(|joined| joined == server.as_str())
        );
        assert!(room.joined_servers().all(|joined| room.has_joined(joined)));
        assert!(room.joined_servers().is_sorted());
    }
}

/// A restricted join by a user of a server that has somebody who may invite needs nobody else.
#[test]
fn a_server_vouches_for_its_own_users() {
    for rules in stable() {
        if !rules.auth.knows(JoinRule::Restricted) {
            continue;
        }
        let mut scribe = Scribe::new(&rules);
        scribe.put(
            ALICE,
            JOIN_RULES,
            "",
            r#"{"allow":[],"join_rule":"restricted"}"#,
        );
        let local = "@local:ours.example";
        let content =
            format!(r#"{{"join_authorised_via_users_server":"{ALICE}","membership":"join"}}"#);
        let told = Told::state(local, MEMBER, local, &content);
        let built = scribe
            .room
            .build(told.draft(), home(ALICE).signer(), NOW)
            .unwrap();
        let receipt = scribe.give_own(built.event.json().as_bytes());
        accepted(&receipt);
        let nobody = Told::state(
            "@x:ours.example",
            MEMBER,
            "@x:ours.example",
            r#"{"membership":"join"}"#,
        );
        forbidden(
            scribe.room.build(nobody.draft(), home(ALICE).signer(), NOW),
            Rule::JoinNoAuthoriser,
        );
    }
}
