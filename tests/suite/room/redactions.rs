//! See `src/room/redaction.rs`.
//!
//! | threat | tests |
//! |--------|-------|
//! | V-R-01 | `a_create_event_is_never_redacted` |
//! | V-R-02 | `a_redaction_is_never_redacted_whatever_circles_they_make` |
//! | V-R-03 | `a_redaction_applies_by_power_or_by_server` |
//! | V-R-04 | `a_target_of_another_room_is_never_known` |
//! | V-R-05 | `only_the_target_that_the_version_looks_for_counts` |
//! | V-R-06 | `a_redaction_without_a_target_applies_to_nothing` |
//! | V-R-07 | golden redactions in `tests/suite/pdu.rs` |
//! | V-R-08 | `a_room_of_redacted_events_is_judged_the_same_twice` |
//! | V-R-09 | `an_acl_that_was_redacted_denies_everybody` |
//! | V-R-10 | `a_redaction_that_comes_first_waits_for_its_target` |
//! | V-R-11 | `a_redaction_that_is_not_accepted_does_nothing` |
//! | V-R-12 | `who_has_lost_power_since_is_soft_failed_by_the_rules_alone` |

use roomdag::id::EventId;
use roomdag::json::Value;
use roomdag::limits::Limits;
use roomdag::pdu::content::Power;
use roomdag::room::{
    AclDecision, EmptyAllow, NoRedaction, Receipt, RedactionOutcome, RedactionReason, Room,
    ServerAcl, Standing,
};
use roomdag::version::{EventIdFormat, RedactionRule, RedactsIn, RoomVersionRules};

use crate::bounds::{on_a_small_stack, size};
use crate::room::draft::stable;
use crate::room::support::{
    ALICE, BOB, EVE, LEVELS, Scribe, TOPIC, Told, accepted, levels, observed,
};

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is compared with what a room answers"
)]
fn no(reason: NoRedaction) -> Option<RedactionOutcome> {
    Some(RedactionOutcome::DoesNotApply(reason))
}

#[track_caller]
fn applies(room: &Room, redaction: &EventId, target: &EventId) {
    let outcome = room.redaction(redaction);
    assert!(
        matches!(&outcome, Some(RedactionOutcome::Applies { target: of, .. }) if of == target),
        "{outcome:?}"
    );
    assert!(room.redactions_of(target).any(|of| of == redaction));
}

fn by_rules(rules: &RoomVersionRules) -> bool {
    rules.auth.redactions == RedactionRule::LevelOrDomain
}

fn redact(scribe: &mut Scribe, sender: &str, target: &EventId) -> EventId {
    let tip = scribe.room.extremities();
    scribe.write(&Told::redaction(sender, target), &tip)
}

#[test]
fn a_redaction_applies_by_power_or_by_server() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let alices = scribe.say(ALICE);
        let eves = scribe.say(EVE);
        let by_bob = redact(&mut scribe, BOB, &eves);
        let by_eve = redact(&mut scribe, EVE, &eves);
        let foreign = redact(&mut scribe, EVE, &alices);
        let room = &scribe.room;
        applies(room, &by_bob, &eves);
        applies(room, &by_eve, &eves);
        let redactions: Vec<&EventId> = room.redactions_of(&eves).collect();
        assert_eq!(redactions, [&by_bob, &by_eve]);
        let because = |redaction| match room.redaction(redaction) {
            Some(RedactionOutcome::Applies { because, .. }) => because,
            other => panic!("{other:?}"),
        };
        let (power, required) = (Power::from(0), Power::from(50));
        if by_rules(&rules) {
            // The rules have let them in; the third they reject.
            assert_eq!(because(&by_bob), RedactionReason::Rules);
            assert_eq!(room.standing(&foreign), Some(Standing::Rejected));
            let rejected = NoRedaction::NotAccepted(Standing::Rejected);
            assert_eq!(room.redaction(&foreign), no(rejected));
        } else {
            let power_of_bob = Power::from(50);
            let reason = RedactionReason::Power {
                power: power_of_bob,
                required: required.clone(),
            };
            assert_eq!(because(&by_bob), reason);
            assert_eq!(because(&by_eve), RedactionReason::SameServer);
            assert_eq!(room.standing(&foreign), Some(Standing::Accepted));
            assert_eq!(
                room.redaction(&foreign),
                no(NoRedaction::NotPermitted { power, required })
            );
        }
        assert_eq!(room.redactions_of(&alices).next(), None);
        assert_eq!(room.redaction(&eves), no(NoRedaction::NotARedaction));
        let unknown = EventId::parse("$unknown:x").unwrap();
        assert_eq!(room.redaction(&unknown), None);
    }
}

/// Which levels count is a matter of the state before the redaction, not of any other.
#[test]
fn a_redaction_is_held_against_the_levels_before_it() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let target = scribe.say(ALICE);
        let early = redact(&mut scribe, BOB, &target);
        let raised = levels(&rules, r#"{"redact":60}"#);
        scribe.put_object(ALICE, LEVELS, "", &raised);
        let late = redact(&mut scribe, BOB, &target);
        applies(&scribe.room, &early, &target);
        let outcome = scribe.room.redaction(&late);
        assert!(
            matches!(outcome, Some(RedactionOutcome::DoesNotApply(_))),
            "{outcome:?}"
        );
        let lowered = levels(&rules, r#"{"redact":0}"#);
        scribe.put_object(ALICE, LEVELS, "", &lowered);
        let outcome = scribe.room.redaction(&late);
        assert!(
            matches!(outcome, Some(RedactionOutcome::DoesNotApply(_))),
            "{outcome:?}"
        );
        let by_eve = redact(&mut scribe, EVE, &target);
        applies(&scribe.room, &by_eve, &target);
    }
}

#[test]
fn a_create_event_is_never_redacted() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let create = scribe.create().clone();
        let version = scribe.room.rules().id;
        let redaction = redact(&mut scribe, ALICE, &create);
        assert_eq!(scribe.room.standing(&redaction), Some(Standing::Accepted));
        assert_eq!(
            scribe.room.redaction(&redaction),
            no(NoRedaction::TargetIsCreate)
        );
        assert_eq!(scribe.room.redactions_of(&create).next(), None);
        assert_eq!(scribe.room.rules().id, version);
        // The twin: another state event of the same sender.
        let topic = scribe.put(ALICE, TOPIC, "", r#"{"topic":"x"}"#);
        let redaction = redact(&mut scribe, ALICE, &topic);
        applies(&scribe.room, &redaction, &topic);
    }
}

#[test]
fn a_redaction_is_never_redacted_whatever_circles_they_make() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let target = scribe.say(BOB);
        let first = redact(&mut scribe, ALICE, &target);
        let second = redact(&mut scribe, ALICE, &first);
        let third = redact(&mut scribe, ALICE, &second);
        for redaction in [&second, &third] {
            let outcome = scribe.room.redaction(redaction);
            assert_eq!(outcome, no(NoRedaction::TargetIsRedaction));
        }
        // What it has done is not undone.
        applies(&scribe.room, &first, &target);
        if rules.event_id != EventIdFormat::Field {
            continue;
        }
        // Where ids are chosen, they may name themselves and each other.
        let id = |name: &str| EventId::parse(&format!("${name}:ours.example")).unwrap();
        for (name, target) in [("self", "self"), ("a", "b"), ("b", "a")] {
            let told = Told {
                event_id: Some(id(name)),
                ..Told::redaction(ALICE, &id(target))
            };
            let tip = scribe.room.extremities();
            scribe.write(&told, &tip);
        }
        for name in ["self", "a", "b"] {
            assert_eq!(
                scribe.room.redaction(&id(name)),
                no(NoRedaction::TargetIsRedaction)
            );
        }
    }
}

#[test]
fn a_long_chain_of_redactions_is_nothing_special() {
    let rules = stable().pop().unwrap();
    let mut scribe = Scribe::new(&rules);
    let mut room = scribe.copy();
    let first = scribe.say(BOB);
    let _ = scribe.feed(&mut room, &first);
    let mut tip = vec![first.clone()];
    let auth = scribe.auth(&Told::message(ALICE), &tip);
    for _ in 0..size(1_000, 100_000) {
        let event = scribe.craft(&Told::redaction(ALICE, &tip[0].clone()), &tip, &auth);
        accepted(&scribe.give(&mut room, event.json().as_bytes()));
        tip = vec![event.id().clone()];
    }
    on_a_small_stack(move || {
        assert_eq!(room.redaction(&tip[0]), no(NoRedaction::TargetIsRedaction));
        assert_eq!(room.redactions_of(&first).count(), 1);
        drop(room);
    });
}

#[test]
fn a_target_of_another_room_is_never_known() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let mut other = Scribe::elsewhere(&rules);
        let target = other.say(ALICE);
        let redaction = redact(&mut scribe, ALICE, &target);
        let outcome = scribe.room.redaction(&redaction);
        let unknown = RedactionOutcome::TargetUnknown {
            target: target.clone(),
        };
        assert_eq!(outcome, Some(unknown.clone()));
        let bytes = other.bytes(&target).to_vec();
        assert!(matches!(scribe.give_own(&bytes), Receipt::Dropped(_)));
        assert_eq!(scribe.room.redaction(&redaction), Some(unknown));
        assert_eq!(scribe.room.redactions_of(&target).next(), None);
    }
}

/// A redaction with targets of the test's choice at either place, signed.
fn placed(scribe: &mut Scribe, event: Option<Value>, content: Option<Value>) -> EventId {
    let tip = scribe.room.extremities();
    let auth = scribe.auth(&Told::message(ALICE), &tip);
    let some = scribe.order[3].clone();
    let crafted = scribe.craft(&Told::redaction(ALICE, &some), &tip, &auth);
    let mut json = crafted.json().to_object();
    for name in ["hashes", "signatures", "redacts"] {
        json.remove(name);
    }
    let inner = json
        .get_mut("content")
        .and_then(Value::as_object_mut)
        .unwrap();
    inner.remove("redacts");
    if let Some(target) = content {
        inner.insert("redacts", target);
    }
    if let Some(target) = event {
        json.insert("redacts", target);
    }
    let home = crate::room::support::home(ALICE);
    if scribe.rules.event_id == EventIdFormat::Field {
        let unique = format!("$placed{}:ours.example", scribe.order.len());
        json.insert("event_id", unique.as_str());
    }
    let server = home.server.as_str();
    roomdag::crypto::hash_and_sign_event(&mut json, &scribe.rules, server, &home.key);
    let bytes = json.to_canonical();
    let pdu = roomdag::Pdu::parse(&bytes, &scribe.rules, &Limits::default()).unwrap();
    let id = roomdag::crypto::event_id(&pdu, &scribe.rules);
    let receipt = scribe.give_own(&bytes);
    assert!(receipt.admitted().is_some(), "{receipt:?}");
    scribe.signed.insert(id.clone(), bytes);
    scribe.order.push(id.clone());
    id
}

#[test]
fn only_the_target_that_the_version_looks_for_counts() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let (one, two) = (scribe.say(ALICE), scribe.say(ALICE));
        let value = |id: &EventId| Some(Value::from(id.as_str()));
        let both = placed(&mut scribe, value(&one), value(&two));
        let outer = placed(&mut scribe, value(&one), None);
        let inner = placed(&mut scribe, None, value(&two));
        let (right, wrong, target) = match rules.redacts {
            RedactsIn::Event => (&outer, &inner, &one),
            RedactsIn::Content => (&inner, &outer, &two),
        };
        applies(&scribe.room, &both, target);
        applies(&scribe.room, right, target);
        let outcome = scribe.room.redaction(wrong);
        let rejected = NoRedaction::NotAccepted(Standing::Rejected);
        assert!(
            outcome == no(NoRedaction::NoTarget) || outcome == no(rejected),
            "{outcome:?}"
        );
        let redacted = [&one, &two].map(|id| scribe.room.redactions_of(id).count());
        assert_eq!(redacted.iter().sum::<usize>(), 2);
    }
}

#[test]
fn a_redaction_without_a_target_applies_to_nothing() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        for target in [
            None,
            Some(Value::Null),
            Some(Value::from(5)),
            Some(roomdag::json::Array::new().into()),
            Some("".into()),
        ] {
            let redaction = placed(&mut scribe, target.clone(), target.clone());
            let outcome = scribe.room.redaction(&redaction);
            assert!(
                matches!(
                    outcome,
                    Some(
                        RedactionOutcome::DoesNotApply(
                            NoRedaction::NoTarget | NoRedaction::NotAccepted(Standing::Rejected)
                        ) | RedactionOutcome::TargetUnknown { .. }
                    )
                ),
                "{target:?}: {outcome:?}"
            );
        }
    }
}

#[test]
fn a_redaction_that_comes_first_waits_for_its_target() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let tip = scribe.room.extremities();
        // Beside each other, so that neither waits for the other to be received.
        let target = scribe.say_at(BOB, &tip);
        let redaction = scribe.write(&Told::redaction(BOB, &target), &tip);
        let known = &scribe.order[1..scribe.order.len() - 2];
        let mut ends = Vec::new();
        for first in [&target, &redaction] {
            let second = if first == &target {
                &redaction
            } else {
                &target
            };
            let mut room = scribe.open();
            scribe.feed_all(&mut room, known);
            accepted(&scribe.feed(&mut room, first).receipt);
            if first == &redaction {
                let target = target.clone();
                let unknown = Some(RedactionOutcome::TargetUnknown { target });
                assert_eq!(room.redaction(&redaction), unknown);
            }
            accepted(&scribe.feed(&mut room, second).receipt);
            applies(&room, &redaction, &target);
            ends.push((observed(&room), room.redaction(&redaction)));
        }
        assert_eq!(ends[0], ends[1]);
    }
}

#[test]
fn a_redaction_that_is_not_accepted_does_nothing() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let target = scribe.say(BOB);
        let tip = scribe.room.extremities();
        let stranger = "@stranger:other.example";
        let rejected = scribe.write(&Told::redaction(stranger, &target), &tip);
        let outcome = scribe.room.redaction(&rejected);
        assert_eq!(outcome, no(NoRedaction::NotAccepted(Standing::Rejected)));
        let soft = redact(&mut scribe, BOB, &target);
        applies(&scribe.room, &soft, &target);
        scribe.room.soft_fail(&soft);
        let outcome = scribe.room.redaction(&soft);
        assert_eq!(outcome, no(NoRedaction::NotAccepted(Standing::SoftFailed)));
        assert_eq!(scribe.room.redactions_of(&target).next(), None);
        // A rejected target is nothing to redact.
        let tip = scribe.room.extremities();
        let bad = scribe.write(&Told::state(EVE, TOPIC, "", "{}"), &tip);
        let redaction = redact(&mut scribe, ALICE, &bad);
        assert_eq!(
            scribe.room.redaction(&redaction),
            no(NoRedaction::TargetRejected)
        );
    }
}

#[test]
fn who_has_lost_power_since_is_soft_failed_by_the_rules_alone() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let target = scribe.say(ALICE);
        let tip = scribe.room.extremities();
        let users = match rules.auth.creator {
            roomdag::version::CreatorRule::SenderAndAdditional => r#"{"users":{}}"#.to_owned(),
            _ => format!(r#"{{"users":{{"{ALICE}":100}}}}"#),
        };
        let less = levels(&rules, &users);
        scribe.put_object(ALICE, LEVELS, "", &less);
        let mut room = scribe.copy();
        // From before he lost it.
        let late = scribe.write(&Told::redaction(BOB, &target), &tip);
        let receipt = scribe.feed(&mut room, &late).receipt;
        if by_rules(&rules) {
            assert!(matches!(receipt, Receipt::SoftFailed { .. }), "{receipt:?}");
            assert_eq!(room.redactions_of(&target).next(), None);
        } else {
            // The rules have nothing against the event, and by the state before it it applies.
            accepted(&receipt);
            applies(&room, &late, &target);
        }
    }
}

#[test]
fn an_acl_that_was_redacted_denies_everybody() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let acl = scribe.put(ALICE, "m.room.server_acl", "", r#"{"allow":["*"]}"#);
        let redaction = redact(&mut scribe, ALICE, &acl);
        applies(&scribe.room, &redaction, &acl);
        let judge = |content: &roomdag::Object| ServerAcl::of(content).check("theirs.example");
        let json = scribe.pdu(&acl).json().to_object();
        let content =
            |json: &roomdag::Object| json.get("content").unwrap().as_object().unwrap().clone();
        assert!(judge(&content(&json)).is_allowed());
        let redacted = content(&roomdag::pdu::redact(&json, &rules));
        let because = EmptyAllow::Missing;
        assert_eq!(judge(&redacted), AclDecision::NobodyAllowed { because });
        // The room names the event, so that the host sees that it is redacted.
        assert_eq!(scribe.room.server_acl(), Some(&acl));
    }
}

/// A room whose messages and topics come redacted is the same room, and the same each time.
#[test]
fn a_room_of_redacted_events_is_judged_the_same_twice() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        scribe.put(BOB, TOPIC, "", r#"{"topic":"x"}"#);
        scribe.say(EVE);
        let redacted = |id: &EventId| {
            let json = roomdag::pdu::redact(&scribe.pdu(id).json().to_object(), &rules);
            json.to_canonical()
        };
        let run = |order: &[EventId]| {
            let mut room = scribe.open();
            for id in order {
                let _ = scribe.give(&mut room, &redacted(id));
            }
            observed(&room)
        };
        let first = run(&scribe.order[1..]);
        assert_eq!(run(&scribe.order[1..]), first);
        let mut backwards = scribe.order[1..].to_vec();
        backwards.reverse();
        assert_eq!(run(&backwards).states(), first.states());
        let full = observed(&scribe.copy());
        // What redaction removes of these events, no rule reads.
        assert_eq!(first.states(), full.states());
    }
}
