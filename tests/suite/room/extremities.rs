//! See `src/timeline/extremities.rs`, `src/room/admit.rs` and `src/room/overrule.rs`.
//!
//! | threat | tests |
//! |--------|-------|
//! | V-D-02 | `a_soft_failed_event_is_no_extremity_and_hides_none`, `there_is_always_an_extremity` |
//! | V-D-04 | `what_follows_a_soft_failed_event_is_judged_as_usual` |
//! | V-D-09 | `a_child_costs_the_same_however_many_siblings_it_has` |
//! | V-D-10 | `what_would_be_one_extremity_too_many_is_soft_failed_and_nothing_is_pruned`, `…_one_state_too_many_…` |
//! | V-D-19 | `an_event_of_a_banned_user_is_soft_failed_wherever_it_claims_to_stand`, `what_follows_an_event_does_not_vouch_for_it_against_a_ban` |
//! | V-X-10 | `branches_in_turn_do_not_resolve_anew` |

use roomdag::auth::Rule;
use roomdag::id::EventId;
use roomdag::limits::Limits;
use roomdag::room::{Receipt, Room, SoftFailure, Standing};
use roomdag::timeline::Withheld;
use roomdag::version::RoomVersionRules;

use crate::room::draft::{NOW, stable};
use crate::room::support::{
    ALICE, BOB, EVE, MEMBER, Scribe, TOPIC, Told, accepted, entries, home, observed, only, waits,
};

fn sorted(ids: &[&EventId]) -> Vec<EventId> {
    let mut ids: Vec<EventId> = ids.iter().map(|id| (*id).clone()).collect();
    ids.sort();
    ids
}

#[track_caller]
fn soft_failed_by(receipt: &Receipt, rule: Rule) {
    match receipt {
        Receipt::SoftFailed {
            because: SoftFailure::CurrentState(decision),
            ..
        } => assert_eq!(decision.rule, rule),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn withheld(receipt: &Receipt, because: Withheld) {
    let because = SoftFailure::Withheld(because);
    match receipt {
        Receipt::SoftFailed { because: found, .. } => assert_eq!(*found, because),
        other => panic!("{other:?}"),
    }
}

const BAN: &str = r#"{"membership":"ban"}"#;

/// A message of Bob's, a ban of Eve by Alice beside it, and what Eve says after the message.
struct Evasion {
    scribe: Scribe,
    message: EventId,
    ban: EventId,
    late: EventId,
}

impl Evasion {
    fn new(rules: &RoomVersionRules) -> Self {
        let mut scribe = Scribe::new(rules);
        let tip = scribe.room.extremities();
        let message = scribe.say_at(BOB, &tip);
        let ban = scribe.write(&Told::state(ALICE, MEMBER, EVE, BAN), &tip);
        let late = scribe.say_at(EVE, only(&message));
        Self {
            scribe,
            message,
            ban,
            late,
        }
    }

    /// A room that has the message and the ban.
    fn room(&self) -> Room {
        let mut room = self.scribe.open();
        let known = &self.scribe.order[1..self.scribe.order.len() - 1];
        self.scribe.feed_all(&mut room, known);
        room
    }
}

#[test]
fn an_event_of_a_banned_user_is_soft_failed_wherever_it_claims_to_stand() {
    for rules in stable() {
        let evasion = Evasion::new(&rules);
        let (scribe, late) = (&evasion.scribe, &evasion.late);
        let mut room = evasion.room();
        soft_failed_by(&scribe.feed(&mut room, late).receipt, Rule::SenderNotJoined);
        let verdict = room.verdict(late).unwrap();
        assert!(verdict.objection().is_some());
        assert!(room.state_after(late).is_some());

        // Before the ban is known, there is nothing against it.
        let mut room = scribe.open();
        let known = scribe.order[1..].iter().filter(|id| **id != evasion.ban);
        let known: Vec<EventId> = known.cloned().collect();
        scribe.feed_all(&mut room, &known);
        assert_eq!(room.standing(late), Some(Standing::Accepted));
        accepted(&scribe.feed(&mut room, &evasion.ban).receipt);
        // It stays accepted: soft failure is about the moment of arrival.
        assert_eq!(room.standing(late), Some(Standing::Accepted));
    }
}

#[test]
fn a_soft_failed_event_is_no_extremity_and_hides_none() {
    for rules in stable() {
        let mut evasion = Evasion::new(&rules);
        let mut room = evasion.room();
        let tips = sorted(&[&evasion.message, &evasion.ban]);
        assert_eq!(room.extremities(), tips);
        let current = entries(&room.current_state().unwrap());
        let _ = evasion.scribe.feed(&mut room, &evasion.late);
        assert_eq!(room.extremities(), tips);
        assert_eq!(entries(&room.current_state().unwrap()), current);

        // Who follows it, follows what it followed.
        let late = evasion.late.clone();
        let child = evasion.scribe.say_at(BOB, &[late]);
        accepted(&evasion.scribe.feed(&mut room, &child).receipt);
        assert_eq!(room.extremities(), sorted(&[&child, &evasion.ban]));
    }
}

#[test]
fn what_follows_a_soft_failed_event_is_judged_as_usual() {
    for rules in stable() {
        let mut evasion = Evasion::new(&rules);
        let late = evasion.late.clone();
        let mut room = evasion.room();
        let _ = evasion.scribe.feed(&mut room, &late);
        let again = evasion.scribe.say_at(EVE, only(&late));
        let by_bob = evasion.scribe.say_at(BOB, only(&late));
        let topic = Told::state(EVE, TOPIC, "", r#"{"topic":"mine"}"#);
        let bad = evasion.scribe.write(&topic, &[late]);
        let receipt = evasion.scribe.feed(&mut room, &again).receipt;
        soft_failed_by(&receipt, Rule::SenderNotJoined);
        accepted(&evasion.scribe.feed(&mut room, &by_bob).receipt);
        let receipt = evasion.scribe.feed(&mut room, &bad).receipt;
        assert!(matches!(receipt, Receipt::Rejected { .. }), "{receipt:?}");
    }
}

/// The example of the specification: *B* bans a moderator who sends the topic *C* beside it; *D*
/// cites both, *D′* only *B*.
#[test]
fn the_example_of_the_specification_comes_out_as_it_says() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let tip = scribe.room.extremities();
        let b = scribe.write(&Told::state(ALICE, MEMBER, BOB, BAN), &tip);
        let mut room = scribe.copy();
        let c = scribe.write(&Told::state(BOB, TOPIC, "", r#"{"topic":"C"}"#), &tip);
        let receipt = scribe.feed(&mut room, &c).receipt;
        soft_failed_by(&receipt, Rule::SenderNotJoined);
        assert!(room.current_state().unwrap().get(TOPIC, "").is_none());

        // A new event of this server does not reference C.
        let draft = Told::message(ALICE).draft();
        let now = scribe.tick();
        let built = room.build(draft, home(ALICE).signer(), now).unwrap();
        assert_eq!(built.event.pdu().prev_events(), only(&b));

        // Another server, which had C first, does. Version 1 prefers C, later ones the ban.
        let d = scribe.say_at(EVE, &[b, c.clone()]);
        accepted(&scribe.feed(&mut room, &d).receipt);
        assert_eq!(room.extremities(), only(&d));
        let topic = room.state_before(&d).unwrap().get(TOPIC, "");
        let by_c = topic.map(|topic| topic.id.clone()) == Some(c.clone());
        assert_eq!(by_c, rules.id == "1");
        let current = room.current_state().unwrap();
        assert_eq!(entries(&current), entries(&room.state_after(&d).unwrap()));
        assert_eq!(room.standing(&c), Some(Standing::SoftFailed));
    }
}

#[test]
fn there_is_always_an_extremity() {
    for rules in stable() {
        let mut evasion = Evasion::new(&rules);
        let _ = evasion.scribe.say_at(EVE, only(&evasion.late));
        let mut room = evasion.scribe.open();
        for id in &evasion.scribe.order[1..] {
            let _ = evasion.scribe.feed(&mut room, id);
            assert!(!room.extremities().is_empty());
        }
        // Whatever the host thinks of the events.
        let events: Vec<EventId> = evasion.scribe.order.iter().rev().cloned().collect();
        for id in &events {
            room.soft_fail(id);
            assert!(!room.extremities().is_empty(), "{id}");
            assert!(room.current_state().is_ok_and(|state| !state.is_empty()));
        }
        for id in &events {
            assert_eq!(room.readmit(id), Some(Standing::Accepted));
        }
        assert!(
            room.build(Told::message(BOB).draft(), home(BOB).signer(), NOW)
                .is_ok()
        );
    }
}

#[test]
fn the_host_may_soft_fail_what_is_accepted_and_readmit_what_is_soft_failed() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let tips = scribe.room.extremities();
        let topic = scribe.put(BOB, TOPIC, "", r#"{"topic":"spam"}"#);
        let bad = scribe.write(&Told::state(EVE, TOPIC, "", "{}"), &tips);
        let room = &mut scribe.room;
        let before = observed(room);
        assert_eq!(room.soft_fail(&topic), Some(Standing::SoftFailed));
        let verdict = room.verdict(&topic).unwrap();
        assert_eq!(verdict.withheld, Some(Withheld::Host));
        assert_eq!(room.extremities(), tips);
        assert!(room.current_state().unwrap().get(TOPIC, "").is_none());
        // The state after it is what it was.
        assert!(room.state_after(&topic).unwrap().get(TOPIC, "").is_some());
        assert_eq!(room.readmit(&topic), Some(Standing::Accepted));
        assert_eq!(room.extremities(), only(&topic));
        room.soft_fail(&topic);
        room.readmit(&topic);
        let mut after = observed(room);
        // Check 6 is not repeated, so the verdict does not name a rule for it any more.
        after.forget_verdict(&topic);
        let mut expected = before;
        expected.forget_verdict(&topic);
        assert_eq!(after, expected);

        assert_eq!(room.soft_fail(&bad), Some(Standing::Rejected));
        assert_eq!(room.readmit(&bad), Some(Standing::Rejected));
        let unknown = EventId::parse("$unknown:x").unwrap();
        assert_eq!(room.soft_fail(&unknown), None);
        assert_eq!(room.readmit(&unknown), None);

        let evasion = Evasion::new(&rules);
        let mut room = evasion.room();
        let _ = evasion.scribe.feed(&mut room, &evasion.late);
        assert_eq!(room.readmit(&evasion.late), Some(Standing::Accepted));
        assert_eq!(room.extremities(), sorted(&[&evasion.late, &evasion.ban]));
        assert!(room.redactions_of(&evasion.late).next().is_none());
    }
}

#[test]
fn what_would_be_one_extremity_too_many_is_soft_failed_and_nothing_is_pruned() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let limits = Limits {
            extremities: 3,
            ..Limits::default()
        };
        let mut room = scribe.open_within(limits);
        scribe.feed_all(&mut room, &scribe.order[1..]);
        let tip = scribe.room.extremities();
        let siblings: Vec<EventId> = (0..5).map(|_| scribe.say_at(BOB, &tip)).collect();
        for id in &siblings[..3] {
            accepted(&scribe.feed(&mut room, id).receipt);
        }
        let three = sorted(&siblings[..3].iter().collect::<Vec<_>>());
        for id in &siblings[3..] {
            withheld(&scribe.feed(&mut room, id).receipt, Withheld::Extremities);
            assert_eq!(room.extremities(), three);
        }
        // One that takes the place of another is not too many, nor is one that joins some.
        let next = scribe.say_at(BOB, only(&siblings[0]));
        accepted(&scribe.feed(&mut room, &next).receipt);
        let join = scribe.say_at(BOB, &[siblings[1].clone(), siblings[2].clone()]);
        accepted(&scribe.feed(&mut room, &join).receipt);
        assert_eq!(room.extremities(), sorted(&[&next, &join]));

        // The host may let one in all the same; then the room goes on as it can.
        assert_eq!(room.readmit(&siblings[3]), Some(Standing::Accepted));
        assert_eq!(room.readmit(&siblings[4]), Some(Standing::Accepted));
        assert_eq!(room.extremities().len(), 4);
        let on = scribe.say_at(BOB, only(&siblings[3]));
        accepted(&scribe.feed(&mut room, &on).receipt);
        assert_eq!(room.extremities().len(), 4);
        let more = scribe.say_at(BOB, &tip);
        withheld(
            &scribe.feed(&mut room, &more).receipt,
            Withheld::Extremities,
        );
    }
}

#[test]
fn what_would_bring_one_state_too_many_is_soft_failed_and_nothing_is_pruned() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let limits = Limits {
            extremity_states: 2,
            ..Limits::default()
        };
        let mut room = scribe.open_within(limits);
        scribe.feed_all(&mut room, &scribe.order[1..]);
        let tip = scribe.room.extremities();
        let topic = |text: &str| format!(r#"{{"topic":"{text}"}}"#);
        let (a, b, c) = (topic("a"), topic("b"), topic("c"));
        let topics =
            [&a, &b, &c].map(|text| scribe.write(&Told::state(BOB, TOPIC, "", text), &tip));
        let messages: Vec<EventId> = (0..3)
            .map(|_| scribe.say_at(BOB, only(&topics[0])))
            .collect();
        accepted(&scribe.feed(&mut room, &topics[0]).receipt);
        accepted(&scribe.feed(&mut room, &topics[1]).receipt);
        withheld(
            &scribe.feed(&mut room, &topics[2]).receipt,
            Withheld::Extremities,
        );
        assert_eq!(room.extremities(), sorted(&[&topics[0], &topics[1]]));
        // Messages after one state are one state.
        for id in &messages {
            accepted(&scribe.feed(&mut room, id).receipt);
        }
        assert_eq!(room.extremities().len(), 4);
    }
}

#[cfg(feature = "counting")]
mod growth {
    use roomdag::effort::{Step, counted};
    use roomdag::version::{V1, V11, V12};

    use super::*;

    /// The steps of receiving an event.
    fn cost(scribe: &Scribe, room: &mut Room, id: &EventId) -> u64 {
        let (received, effort) = counted(|| scribe.feed(room, id));
        accepted(&received.receipt);
        effort.total()
    }

    #[test]
    fn a_child_costs_the_same_however_many_siblings_it_has() {
        for rules in [V1, V11, V12] {
            let mut scribe = Scribe::new(&rules);
            let mut room = scribe.copy();
            let tip = scribe.room.extremities();
            let mut costs = Vec::new();
            for _ in 0..2_000 {
                // The scribe's own room need not have them all.
                let auth = scribe.auth(&Told::message(BOB), &tip);
                let child = scribe.craft(&Told::message(BOB), &tip, &auth);
                let run = || scribe.give(&mut room, child.json().as_bytes());
                let (receipt, effort) = counted(run);
                accepted(&receipt);
                costs.push(effort.total());
            }
            assert_eq!(room.extremities().len(), 2_000);
            assert!(
                costs[1_999] <= costs[2],
                "{} over {}",
                costs[1_999],
                costs[2]
            );
        }
    }

    #[test]
    fn branches_in_turn_do_not_resolve_anew() {
        for rules in [V1, V11, V12] {
            let mut scribe = Scribe::new(&rules);
            let tip = scribe.room.extremities();
            let topic = |text: &str| format!(r#"{{"topic":"{text}"}}"#);
            let (a, b) = (topic("a"), topic("b"));
            let mut ends =
                [&a, &b].map(|text| scribe.write(&Told::state(BOB, TOPIC, "", text), &tip));
            let mut room = scribe.copy();
            let mut checks = Vec::new();
            for turn in 0..20 {
                let end = &mut ends[turn % 2];
                *end = scribe.say_at(BOB, only(end));
                let (received, effort) = counted(|| scribe.feed(&mut room, end));
                accepted(&received.receipt);
                checks.push(effort.of(Step::Check));
            }
            assert_eq!(room.extremities().len(), 2);
            // Its own checks, and none of a resolution.
            assert!(checks.iter().all(|checks| *checks <= 1), "{checks:?}");
        }
    }

    const JOIN: &str = r#"{"membership":"join"}"#;

    /// What a message costs in a room of so many members: all steps, and those without the nodes of
    /// state maps.
    fn message_among(members: usize, rules: &RoomVersionRules) -> (u64, u64) {
        let mut scribe = Scribe::new(rules);
        let mut room = scribe.copy();
        let mut tip = scribe.room.extremities();
        let auth = scribe.auth(&Told::message(BOB), &tip);
        let join = Told::state("@new:theirs.example", MEMBER, "@new:theirs.example", JOIN);
        let permission = scribe.auth(&join, &tip);
        for number in 0..members {
            let user = format!("@user{number}:theirs.example");
            let told = Told::state(&user, MEMBER, &user, JOIN);
            let event = scribe.craft(&told, &tip, &permission);
            tip = vec![event.id().clone()];
            accepted(&scribe.give(&mut room, event.json().as_bytes()));
            scribe.events.insert(event.id().clone(), event);
        }
        let event = scribe.craft(&Told::message(BOB), &tip, &auth);
        let (receipt, effort) = counted(|| scribe.give(&mut room, event.json().as_bytes()));
        accepted(&receipt);
        assert!(room.current_state().unwrap().len() > members);
        (effort.total(), effort.total() - effort.of(Step::Node))
    }

    #[test]
    fn the_size_of_the_room_does_not_enter_into_the_cost_of_a_message() {
        for (members, rules) in [(3_000, V1), (50_000, V12)] {
            let (large, small) = (message_among(members, &rules), message_among(50, &rules));
            assert_eq!(large.1, small.1);
            // The state map is one level deeper for each factor of eight.
            assert!(large.0 * 10 <= small.0 * 13, "{large:?} over {small:?}");
        }
    }

    #[test]
    fn a_merge_of_extremities_costs_what_it_cites() {
        let mut scribe = Scribe::new(&V11);
        let mut room = scribe.copy();
        let tip = scribe.room.extremities();
        let siblings: Vec<EventId> = (0..20).map(|_| scribe.say_at(BOB, &tip)).collect();
        scribe.feed_all(&mut room, &siblings);
        let merge = scribe.say_at(BOB, &siblings[..10]);
        let pair = scribe.say_at(BOB, &siblings[10..12]);
        let (ten, two) = (
            cost(&scribe, &mut room, &merge),
            cost(&scribe, &mut room, &pair),
        );
        assert!(ten <= two + 20, "{ten} over {two}");
    }
}

/// ```text
/// base ─┬─ evasion (Eve) ─────┐
///       └─ ban ─ message ─────┴─ late
/// ```
#[test]
fn what_follows_an_event_does_not_vouch_for_it_against_a_ban() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let base = scribe.room.extremities();
        let evasion = scribe.say_at(EVE, &base);
        let ban = scribe.write(&Told::state(ALICE, MEMBER, EVE, BAN), &base);
        let message = scribe.say_at(BOB, std::slice::from_ref(&ban));
        let late = scribe.say_at(BOB, &[message.clone(), evasion.clone()]);
        let room_with_claim = || {
            let mut room = scribe.open_known(&evasion);
            accepted(&scribe.feed(&mut room, &ban).receipt);
            let _ = waits(scribe.feed(&mut room, &late).receipt);
            let claim = scribe.claim_before(&late);
            scribe.take(&mut room, &late, &claim).unwrap();
            room
        };
        let mut room = room_with_claim();
        let receipt = scribe.feed(&mut room, &evasion).receipt;
        assert!(matches!(receipt, Receipt::SoftFailed { .. }), "{receipt:?}");
        accepted(&scribe.feed(&mut room, &message).receipt);
        assert_eq!(room.extremities(), std::slice::from_ref(&late));

        // That it is old is the word of whoever answers a backfill.
        let mut room = room_with_claim();
        let bytes = scribe.bytes(&evasion);
        accepted(&room.receive_backfilled(bytes, &scribe.keys, NOW).receipt);
        accepted(&scribe.feed(&mut room, &message).receipt);
        assert_eq!(room.extremities(), [late]);
    }
}
