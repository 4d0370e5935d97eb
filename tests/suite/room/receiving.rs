//! See `src/room/receive.rs` and `src/room/admit.rs`.
//!
//! | threat | tests |
//! |--------|-------|
//! | V-D-01, V-D-11 | `what_came_only_with_a_claim_has_no_state_to_build_on` |
//! | V-D-03 | `a_rejected_state_event_changes_nothing_and_hides_nothing` |
//! | V-D-12, V-F-20 | `an_event_of_another_room_is_dropped_and_never_joins_the_graphs` |
//! | V-D-13 | `an_event_that_is_known_changes_nothing_however_it_comes` |
//! | V-D-14, V-A-08 | `every_order_of_arrival_ends_in_the_same_room` |
//! | V-D-15 | `a_pdu_that_is_dropped_leaves_no_trace` |
//! | V-D-17, V-A-07 | `an_event_waits_for_exactly_what_is_unknown` |
//! | V-D-18 | `a_room_may_be_shared_between_threads`, and the suite's test of purity |
//! | V-F-19 | `a_bad_pdu_in_a_batch_is_no_matter_to_the_good_ones` |

use std::collections::{BTreeMap, BTreeSet};

use roomdag::auth::Rule;
use roomdag::id::EventId;
use roomdag::json::Value;
use roomdag::room::{Fault, Notice, Receipt, Rejection, Room, RoomState, Standing};
use roomdag::version::RoomVersionRules;

use crate::room::draft::stable;
use crate::room::support::{
    ALICE, BOB, EVE, LEVELS, MEMBER, Observed, Scribe, TOPIC, Told, accepted, altered, changed,
    observed, only, settled, waits,
};

const fn is_send_and_sync<T: Send + Sync>() {}
const _: () = is_send_and_sync::<Room>();

#[test]
fn a_room_may_be_shared_between_threads() {
    is_send_and_sync::<Receipt>();
}

fn topic(text: &str) -> String {
    format!(r#"{{"topic":"{text}"}}"#)
}

#[test]
fn what_came_only_with_a_claim_has_no_state_to_build_on() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let before = scribe.order.clone();
        let lost = scribe.say(BOB);
        let outlier = scribe.put(ALICE, TOPIC, "", &topic("a"));
        let unseen = scribe.say(BOB);
        let late = scribe.say(ALICE);
        let child = scribe.say_at(BOB, only(&outlier));

        let mut room = scribe.open();
        scribe.feed_all(&mut room, &before[1..]);
        let missing = waits(scribe.feed(&mut room, &late).receipt);
        assert_eq!(missing.events, only(&unseen));
        let claim = scribe.claim_before(&late);
        scribe.take(&mut room, &late, &claim).unwrap();
        assert_eq!(room.standing(&outlier), Some(Standing::Outlier));
        assert!(room.state_before(&outlier).is_none());
        assert!(room.state_after(&outlier).is_none());
        assert!(!room.extremities().contains(&outlier));
        let held = room.state_before(&late).unwrap().get(TOPIC, "").unwrap();
        assert_eq!(*held.id, outlier);

        // No state is made up for what follows it.
        let missing = waits(scribe.feed(&mut room, &child).receipt);
        assert_eq!((missing.events, missing.keys), (vec![lost.clone()], vec![]));
        assert!(room.state_before(&child).is_none());

        let received = scribe.feed(&mut room, &lost);
        accepted(&received.receipt);
        assert_eq!(room.standing(&outlier), Some(Standing::Accepted));
        assert_eq!(room.standing(&child), Some(Standing::Accepted));
        let state = room.state_before(&child).unwrap().digest();
        assert_eq!(state, scribe.room.state_before(&child).unwrap().digest());
        let settled = |notice: &Notice| matches!(notice, Notice::Settled { event, receipt: Receipt::Accepted(_) } if *event == child);
        assert!(received.notices.iter().any(settled), "{received:?}");
    }
}

#[test]
fn two_states_of_a_room_differ_in_the_keys_that_are_named() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        scribe.put(ALICE, TOPIC, "", &topic("a"));
        let fork = scribe.room.extremities();
        for sender in [ALICE, BOB] {
            scribe.write(&Told::state(sender, TOPIC, "", &topic(sender)), &fork);
        }
        scribe.put(EVE, MEMBER, EVE, r#"{"membership":"leave"}"#);
        let room = &scribe.room;
        let states: Vec<_> = scribe
            .order
            .iter()
            .map(|id| room.state_before(id))
            .collect();
        let mut differing = 0;
        for one in states.iter().flatten() {
            for other in states.iter().flatten() {
                let (old, new) = (holders(one), holders(other));
                let keys: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
                let expected: Vec<_> = keys
                    .into_iter()
                    .filter(|key| old.get(key) != new.get(key))
                    .map(|key| (key, new.get(&key).cloned()))
                    .collect();
                let changes = one.changes_to(other);
                let mut told: Vec<_> = changes
                    .map(|(key, event)| (key, event.map(|event| event.id.clone())))
                    .collect();
                told.sort();
                differing += expected.len();
                assert_eq!(told, expected);
            }
        }
        assert!(differing > 100, "{differing}");
    }
}

fn holders<'a>(state: &RoomState<'a>) -> BTreeMap<(&'a str, &'a str), EventId> {
    let held = state.iter();
    held.map(|(key, event)| (key, event.id.clone())).collect()
}

#[test]
fn a_rejected_state_event_changes_nothing_and_hides_nothing() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let good = scribe.put(BOB, TOPIC, "", &topic("good"));
        let tips = scribe.room.extremities();
        let bad = scribe.write(&Told::state(EVE, TOPIC, "", &topic("bad")), &tips);
        assert_eq!(scribe.room.standing(&bad), Some(Standing::Rejected));
        assert_eq!(scribe.room.extremities(), tips);
        let after = scribe.room.state_after(&bad).unwrap();
        let before = scribe.room.state_before(&bad).unwrap();
        assert_eq!(after.digest(), before.digest());
        assert_eq!(after.get(TOPIC, "").unwrap().id, &good);

        // What follows it is judged as if it followed what that follows.
        let child = scribe.say_at(EVE, only(&bad));
        assert_eq!(scribe.room.standing(&child), Some(Standing::Accepted));
        assert_eq!(scribe.room.extremities(), only(&child));
        let state = scribe.room.state_before(&child).unwrap();
        assert_eq!(state.get(TOPIC, "").unwrap().id, &good);

        // What rests on it by `auth_events` is rejected.
        let tips = scribe.room.extremities();
        let mut auth = scribe.auth(&Told::message(EVE), &tips);
        auth.retain(|id| scribe.pdu(id).event_type() != LEVELS);
        let raise = Told::state(EVE, LEVELS, "", r#"{"users":{"@eve:evil.example":100}}"#);
        let forged = scribe.write(&raise, &tips);
        auth.push(forged);
        let resting = scribe.write_citing(&Told::message(EVE), &tips, &auth);
        assert_rejected(&scribe, &resting, Rule::AuthEventsRejected);
    }
}

/// The event was rejected by its auth events, by this rule.
#[track_caller]
fn assert_rejected(scribe: &Scribe, event: &EventId, rule: Rule) {
    let mut room = scribe.open();
    let mut last = None;
    for id in &scribe.order[1..] {
        let receipt = scribe.feed(&mut room, id).receipt;
        last = (id == event).then_some(receipt).or(last);
    }
    match last {
        Some(Receipt::Rejected {
            because: Rejection::AuthEvents(decision),
            ..
        }) => assert_eq!(decision.rule, rule),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_event_of_another_room_is_dropped_and_never_joins_the_graphs() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let other = Scribe::elsewhere(&rules);
        assert_ne!(scribe.room.id(), other.room.id());
        let mut room = scribe.copy();
        let before = format!("{room:?}");
        for id in &other.order {
            let wrong = Fault::WrongRoom {
                room_id: other.room.id().clone(),
            };
            let receipt = scribe.give(&mut room, other.bytes(id));
            assert_eq!(receipt, Receipt::Dropped(wrong));
        }
        assert_eq!(format!("{room:?}"), before);

        // An event that claims to follow one of them waits for ever.
        let foreign = other.order.last().unwrap().clone();
        let tip = scribe.room.extremities();
        let auth = scribe.auth(&Told::message(EVE), &tip);
        let prev = [tip[0].clone(), foreign.clone()];
        let event = scribe.craft(&Told::message(EVE), &prev, &auth);
        let missing = waits(scribe.give(&mut room, event.json().as_bytes()));
        assert_eq!(missing.events, only(&foreign));
        let receipt = scribe.give(&mut room, other.bytes(&foreign));
        assert!(matches!(receipt, Receipt::Dropped(Fault::WrongRoom { .. })));
        assert_eq!(room.waiting().count(), 1);
        assert_eq!(room.dag().node(&foreign), None);
        assert_eq!(room.extremities(), tip);
    }
}

#[test]
fn an_event_that_is_known_changes_nothing_however_it_comes() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let good = scribe.put(BOB, TOPIC, "", &topic("good"));
        let tips = scribe.room.extremities();
        let bad = scribe.write(&Told::state(EVE, TOPIC, "", &topic("bad")), &tips);
        let mut room = scribe.copy();
        let before = format!("{room:?}");
        for (id, standing) in [(good, Standing::Accepted), (bad, Standing::Rejected)] {
            let bytes = scribe.bytes(&id);
            let copies = [
                bytes.to_vec(),
                altered(bytes),
                changed(bytes, |json| {
                    json.insert("unsigned", roomdag::Object::from_iter([("age", 5)]));
                }),
                // Of a server that need not sign: nobody looks at it.
                changed(bytes, |json| {
                    let signatures = json.get_mut("signatures").and_then(Value::as_object_mut);
                    let forged = roomdag::Object::from_iter([("ed25519:1", "AAAA")]);
                    signatures.unwrap().insert("other.example", forged);
                }),
            ];
            for copy in copies {
                let receipt = scribe.give(&mut room, &copy);
                let event = id.clone();
                assert_eq!(receipt, Receipt::Known { event, standing });
                assert_eq!(format!("{room:?}"), before);
            }
        }
    }
}

/// A fork, its merge, a rejected event and what follows it. None of it can be soft-failed.
fn small(rules: &RoomVersionRules) -> (Scribe, Vec<EventId>) {
    let mut scribe = Scribe::new(rules);
    let start = scribe.order.len();
    let tip = scribe.room.extremities();
    let one = scribe.write(&Told::state(BOB, TOPIC, "", &topic("one")), &tip);
    let two = scribe.write(&Told::state(ALICE, TOPIC, "", &topic("two")), &tip);
    scribe.say_at(BOB, &[one.clone(), two]);
    let bad = scribe.write(&Told::state(EVE, TOPIC, "", &topic("bad")), &[one]);
    scribe.say_at(BOB, &[bad]);
    let written = scribe.order[start..].to_vec();
    (scribe, written)
}

fn permutations(items: &[EventId]) -> Vec<Vec<EventId>> {
    let Some((first, rest)) = items.split_first() else {
        return vec![Vec::new()];
    };
    let mut all = Vec::new();
    for order in permutations(rest) {
        for at in 0..=order.len() {
            let mut order = order.clone();
            order.insert(at, first.clone());
            all.push(order);
        }
    }
    all
}

#[test]
fn every_order_of_arrival_ends_in_the_same_room() {
    for rules in stable() {
        let (scribe, written) = small(&rules);
        let start = scribe.order.len() - written.len();
        let mut expected: Option<Observed> = None;
        for order in permutations(&written) {
            let mut room = scribe.open();
            scribe.feed_all(&mut room, &scribe.order[1..start]);
            scribe.feed_all(&mut room, &order);
            assert_eq!(room.waiting().count(), 0);
            let ended = settled(&room);
            let expected = expected.get_or_insert_with(|| ended.clone());
            assert_eq!(&ended, expected, "{order:?}");
        }
    }
}

/// The same from the create event on, backwards: everything waits for something.
#[test]
fn a_whole_room_may_come_backwards() {
    for rules in stable() {
        let (scribe, _) = small(&rules);
        let mut room = scribe.open();
        for id in scribe.order[2..].iter().rev() {
            let waiting = waits(scribe.feed(&mut room, id).receipt);
            // The oldest event that is known of is named, and what else it cites.
            assert!(!waiting.events.is_empty());
        }
        let notices = scribe.feed_all(&mut room, [&scribe.order[1]]);
        assert_eq!(notices.len(), scribe.order.len() - 2);
        assert_eq!(settled(&room), settled(&scribe.copy()));
    }
}

#[test]
fn an_event_waits_for_exactly_what_is_unknown() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let start = scribe.order.len();
        let tip = scribe.room.extremities();
        let levels = crate::room::support::levels(&rules, r#"{"ban":40}"#);
        let levels = String::from_utf8(levels.to_canonical()).unwrap();
        let raised = scribe.write(&Told::state(ALICE, LEVELS, "", &levels), &tip);
        let prev: Vec<EventId> = (0..3).map(|_| scribe.say_at(BOB, &tip)).collect();
        // By permission of levels that are not in its past, which the rules have nothing against.
        let mut auth = scribe.auth(&Told::message(EVE), &tip);
        auth.retain(|id| scribe.pdu(id).event_type() != LEVELS);
        auth.push(raised.clone());
        let event = scribe.write_citing(&Told::message(EVE), &prev, &auth);

        let mut room = scribe.open();
        scribe.feed_all(&mut room, &scribe.order[1..start]);
        let _ = scribe.feed(&mut room, &prev[1]);
        let mut unknown = vec![raised, prev[0].clone(), prev[2].clone()];
        let mut expected = |arrived: Option<&EventId>| {
            unknown.retain(|id| Some(id) != arrived);
            let mut sorted = unknown.clone();
            sorted.sort();
            sorted
        };
        let missing = waits(scribe.feed(&mut room, &event).receipt);
        let all = expected(None);
        assert_eq!(missing.events, all);
        assert!(missing.keys.is_empty());
        assert_eq!(missing.event, event);
        for id in &all {
            assert_eq!(room.standing(&event), None);
            let _ = scribe.feed(&mut room, id);
            let waiting: Vec<_> = room.waiting().map(|missing| missing.events).collect();
            let left = expected(Some(id));
            assert_eq!(waiting, if left.is_empty() { vec![] } else { vec![left] });
        }
        assert_eq!(room.standing(&event), Some(Standing::Accepted));
    }
}

/// PDUs that are dropped, and a word for each.
fn bad(scribe: &mut Scribe) -> Vec<(&'static str, Vec<u8>)> {
    let tip = scribe.room.extremities();
    let auth = scribe.auth(&Told::message(EVE), &tip);
    let event = scribe.craft(&Told::message(EVE), &tip, &auth);
    let bytes = event.json().as_bytes().to_vec();
    let with = |key: &'static str, value: Value| {
        changed(&bytes, |json| {
            json.insert(key, value);
        })
    };
    let without = |key: &str| {
        changed(&bytes, |json| {
            json.remove(key);
        })
    };
    let mut twice = bytes.clone();
    twice.pop();
    twice.extend(br#","type":"m.room.message"}"#);
    vec![
        ("no JSON", b"{".to_vec()),
        ("a key twice", twice),
        ("no type", without("type")),
        ("no signatures", without("signatures")),
        ("no hashes", without("hashes")),
        ("a depth of text", with("depth", "1".into())),
        ("another sender", with("sender", BOB.into())),
        ("another time", with("origin_server_ts", 5.into())),
        ("too large", with("unsigned", "x".repeat(65_536).into())),
        (
            "another room",
            with(
                "room_id",
                "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLN".into(),
            ),
        ),
    ]
}

#[test]
fn a_pdu_that_is_dropped_leaves_no_trace() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let mut room = scribe.copy();
        let lost = scribe.say(BOB);
        let waiting = scribe.say(EVE);
        let _ = scribe.feed(&mut room, &waiting);
        let before = format!("{room:?}");
        for (word, bytes) in bad(&mut scribe) {
            let received = room.receive(&bytes, &scribe.keys, crate::room::draft::NOW);
            assert!(
                matches!(received.receipt, Receipt::Dropped(_)),
                "{word}: {received:?}"
            );
            assert!(received.notices.is_empty());
            assert_eq!(format!("{room:?}"), before, "{word}");
        }
        accepted(&scribe.feed(&mut room, &lost).receipt);
    }
}

#[test]
fn a_bad_pdu_in_a_batch_is_no_matter_to_the_good_ones() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let room = || scribe.copy();
        let mut alone = room();
        let mut rooms: Vec<Room> = (0..13).map(|_| room()).collect();
        let one = scribe.say(BOB);
        let two = scribe.say(EVE);
        let mut bad = bad(&mut scribe);
        // Two more that are not dropped: one is rejected, of one the redacted form goes on.
        let tips = scribe.room.extremities();
        let forged = scribe.write(&Told::state(EVE, TOPIC, "", &topic("bad")), &tips);
        bad.push(("rejected", scribe.bytes(&forged).to_vec()));
        let other = scribe.say_at(BOB, &tips);
        bad.push(("altered", altered(scribe.bytes(&other))));
        let goods = |room: &Room| {
            [&one, &two].map(|id| {
                let digest = room.state_after(id).and_then(|state| state.digest());
                (room.standing(id), digest)
            })
        };
        scribe.feed_all(&mut alone, [&one, &two]);
        for (room, (word, bytes)) in rooms.iter_mut().zip(bad) {
            accepted(&scribe.feed(room, &one).receipt);
            let receipt = scribe.give(room, &bytes);
            accepted(&scribe.feed(room, &two).receipt);
            assert_eq!(goods(room), goods(&alone), "{word}");
            if matches!(receipt, Receipt::Dropped(_)) {
                assert_eq!(observed(room), observed(&alone), "{word}");
            }
        }
    }
}
