//! See `src/room/queue.rs` and `src/room/waiting.rs`.
//!
//! | threat | tests |
//! |--------|-------|
//! | V-X-13 | `what_waits_is_limited_and_the_server_that_takes_most_loses`, `…_by_bytes_…`, `an_event_that_finds_no_place_leaves_no_trace`, `of_those_that_nobody_can_verify_the_oldest_makes_room` |
//! | V-F-09, V-SR-27 | `an_event_among_its_own_ancestors_is_dropped` |
//! | V-S-08 | `an_event_waits_for_the_keys_that_its_signatures_name` |

use roomdag::crypto::{KeyRing, SigningKey};
use roomdag::id::{EventId, KeyId, ServerName};
use roomdag::json::Value;
use roomdag::limits::Limits;
use roomdag::room::{Fault, Notice, Receipt, Room, Standing};
use roomdag::version::{EventIdFormat, RoomVersionRules};

use crate::room::draft::{NOW, ring, stable};
use crate::room::support::{
    ALICE, BOB, EVE, MEMBER, Scribe, Told, accepted, altered, changed, home, observed, only, waits,
};

/// Keys of all servers but Eve's.
fn without_eve() -> KeyRing {
    ring(&[&home(ALICE), &home(BOB)])
}

fn eves_key() -> Vec<(ServerName, KeyId)> {
    let home = home(EVE);
    vec![(home.server.clone(), home.key.key_id().clone())]
}

fn settled_as(notices: &[Notice], event: &EventId, standing: Standing) -> bool {
    notices.iter().any(|notice| {
        matches!(notice, Notice::Settled { event: of, receipt }
            if of == event && receipt.standing() == Some(standing))
    })
}

#[test]
fn an_event_waits_for_the_keys_that_its_signatures_name() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let mut room = scribe.copy();
        let lost = scribe.say(BOB);
        let event = scribe.say(EVE);
        let child = scribe.say(BOB);
        let few = without_eve();
        let missing = waits(room.receive(scribe.bytes(&event), &few, NOW).receipt);
        assert_eq!(missing.event, event);
        assert_eq!(missing.keys, eves_key());
        // What else it needs is named at once.
        assert_eq!(missing.events, only(&lost));
        let waiting: Vec<_> = room.waiting().collect();
        assert_eq!(waiting, std::slice::from_ref(&missing));
        // The same copy waits once, and what follows it waits for it.
        let again = waits(room.receive(scribe.bytes(&event), &few, NOW).receipt);
        assert_eq!(again, missing);
        assert_eq!(room.waiting().count(), 1);
        let _ = waits(room.receive(scribe.bytes(&child), &few, NOW).receipt);
        accepted(&room.receive(scribe.bytes(&lost), &few, NOW).receipt);
        assert_eq!(room.standing(&event), None);

        let before = format!("{room:?}");
        assert_eq!(room.resume(&few, NOW), []);
        assert_eq!(format!("{room:?}"), before);
        let notices = room.resume(&scribe.keys, NOW);
        assert!(
            settled_as(&notices, &event, Standing::Accepted),
            "{notices:?}"
        );
        assert!(
            settled_as(&notices, &child, Standing::Accepted),
            "{notices:?}"
        );
        assert_eq!(notices.len(), 2);
        assert_eq!(observed(&room), observed(&scribe.copy()));
        assert_eq!(room.resume(&scribe.keys, NOW), []);
    }
}

/// One key of several is enough to go on.
#[test]
fn an_event_signed_with_several_keys_goes_on_with_the_first_that_is_found() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let mut room = scribe.copy();
        let event = scribe.say(EVE);
        let twice = changed(scribe.bytes(&event), |json| {
            let signatures = json.get_mut("signatures").and_then(Value::as_object_mut);
            let of_eve = signatures.unwrap().get_mut("evil.example");
            let of_eve = of_eve.and_then(Value::as_object_mut).unwrap();
            let old = of_eve.get("ed25519:1").unwrap().clone();
            of_eve.insert("ed25519:0", old);
        });
        let missing = waits(room.receive(&twice, &without_eve(), NOW).receipt);
        assert_eq!(missing.keys.len(), 2);
        let notices = room.resume(&scribe.keys, NOW);
        assert!(
            settled_as(&notices, &event, Standing::Accepted),
            "{notices:?}"
        );
    }
}

/// A copy signed with a key of Eve's that nobody has. An id does not depend on signatures.
fn under_another_key(bytes: &[u8]) -> Vec<u8> {
    changed(bytes, |json| {
        let signatures = json.get_mut("signatures").and_then(Value::as_object_mut);
        let of_eve = signatures.unwrap().get_mut("evil.example");
        let of_eve = of_eve.and_then(Value::as_object_mut).unwrap();
        let signature = of_eve.remove("ed25519:1").unwrap();
        of_eve.insert("ed25519:lost", signature);
    })
}

#[test]
fn a_copy_that_tells_no_more_waits_for_keys_no_longer() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let (mut room, mut other) = (scribe.copy(), scribe.copy());
        let event = scribe.say(EVE);
        let intact = under_another_key(scribe.bytes(&event));
        let bad = altered(scribe.bytes(&event));
        waits(room.receive(&intact, &scribe.keys, NOW).receipt);
        waits(room.receive(&altered(&intact), &scribe.keys, NOW).receipt);
        // Of an altered event, an intact copy would tell more.
        accepted(&room.receive(&bad, &scribe.keys, NOW).receipt);
        assert_eq!(room.waiting().count(), 1);
        accepted(&scribe.feed(&mut room, &event).receipt);
        assert_eq!(room.waiting().count(), 0);

        accepted(&scribe.feed(&mut other, &event).receipt);
        let received = other.receive(&intact, &scribe.keys, NOW);
        assert!(matches!(received.receipt, Receipt::Known { .. }));
        assert_eq!(observed(&room), observed(&other));
    }
}

/// ```text
/// … ─ topic ─ lost ─ tip
/// ```
///
/// The claim for `tip` brings `topic`, which may still come by itself.
#[test]
fn a_copy_of_what_came_with_a_claim_waits_for_keys_if_it_came_live() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let topic = scribe.put(EVE, MEMBER, EVE, r#"{"membership":"join","topic":"a"}"#);
        let lost = scribe.say(BOB);
        let tip = scribe.say_at(ALICE, &[lost]);
        let copy = under_another_key(scribe.bytes(&topic));
        for is_live in [true, false] {
            let mut room = scribe.open_known(&topic);
            let received = if is_live {
                room.receive(&copy, &scribe.keys, NOW)
            } else {
                room.receive_backfilled(&copy, &scribe.keys, NOW)
            };
            waits(received.receipt);
            waits(scribe.feed(&mut room, &tip).receipt);
            let claim = scribe.claim_before(&tip);
            scribe.take(&mut room, &tip, &claim).unwrap();
            let copies = room.waiting().filter(|missing| missing.event == topic);
            assert_eq!(copies.count(), usize::from(is_live));
        }
    }
}

/// Of several copies of one id, any may be the one that is signed.
#[test]
fn every_copy_of_an_event_waits_until_one_is_verified() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let mut room = scribe.copy();
        let event = scribe.say(EVE);
        let forged = changed(scribe.bytes(&event), |json| {
            let wrong = home(BOB).key.sign(b"something else").to_base64();
            let signature = roomdag::Object::from_iter([("ed25519:1", wrong)]);
            let signatures = roomdag::Object::from_iter([("evil.example", signature)]);
            json.insert("signatures", signatures);
        });
        let bad = altered(scribe.bytes(&event));
        let few = without_eve();
        for copy in [&forged, &bad, &scribe.bytes(&event).to_vec()] {
            let missing = waits(room.receive(copy, &few, NOW).receipt);
            assert_eq!(missing.event, event);
        }
        assert_eq!(room.waiting().count(), 3);
        let notices = room.resume(&scribe.keys, NOW);
        assert_eq!(room.waiting().count(), 0);
        let receipts: Vec<&Receipt> = notices
            .iter()
            .map(|notice| match notice {
                Notice::Settled { receipt, .. } => receipt,
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(matches!(
            receipts[0],
            Receipt::Dropped(Fault::Signatures(_))
        ));
        accepted(receipts[1]);
        accepted(receipts[2]);
        let node = room.dag().node(&event).unwrap();
        assert_eq!(
            room.dag().provenance(node),
            scribe
                .room
                .dag()
                .provenance(scribe.room.dag().node(&event).unwrap())
        );
        assert_eq!(observed(&room), observed(&scribe.copy()));
    }
}

/// Events of several senders, each of which waits for a message of its own that nobody has.
fn stragglers(scribe: &mut Scribe, senders: &[&str]) -> Vec<EventId> {
    let tip = scribe.room.extremities();
    senders
        .iter()
        .map(|sender| {
            let lost = scribe.say_at(sender, &tip);
            scribe.say_at(sender, &[lost])
        })
        .collect()
}

/// A room in which only so many events may wait, and [stragglers](stragglers()) for it.
fn crowd(
    rules: &RoomVersionRules,
    senders: &[&str],
    waiting_events: usize,
) -> (Scribe, Room, Vec<EventId>) {
    let mut scribe = Scribe::new(rules);
    let known = scribe.order[1..].to_vec();
    let late = stragglers(&mut scribe, senders);
    let mut room = scribe.open_within(Limits {
        waiting_events,
        ..Limits::default()
    });
    scribe.feed_all(&mut room, &known);
    (scribe, room, late)
}

fn waiting_ids(room: &Room) -> Vec<EventId> {
    room.waiting().map(|missing| missing.event).collect()
}

#[test]
fn what_waits_is_limited_and_the_server_that_takes_most_loses() {
    for rules in stable() {
        let senders = [BOB, EVE, EVE, EVE, BOB, EVE, ALICE];
        let (scribe, mut room, late) = crowd(&rules, &senders, 4);
        for id in &late[..4] {
            let _ = waits(scribe.feed(&mut room, id).receipt);
        }
        // Eve has three of four: her last one goes.
        let received = scribe.feed(&mut room, &late[4]);
        let _ = waits(received.receipt);
        let evicted = |id: &EventId| vec![Notice::Evicted { event: id.clone() }];
        assert_eq!(received.notices, evicted(&late[3]));
        // Two servers have two each: the first by name loses.
        let received = scribe.feed(&mut room, &late[6]);
        let _ = waits(received.receipt);
        assert_eq!(received.notices, evicted(&late[2]));
        let left = [&late[0], &late[1], &late[4], &late[6]];
        assert_eq!(waiting_ids(&room), left.map(Clone::clone));

        // What was evicted can come again, once there is room.
        let lost = scribe.pdu(&late[6]).prev_events()[0].clone();
        accepted(&scribe.feed(&mut room, &lost).receipt);
        assert_eq!(room.standing(&late[6]), Some(Standing::Accepted));
        let _ = waits(scribe.feed(&mut room, &late[3]).receipt);
        let lost = scribe.pdu(&late[3]).prev_events()[0].clone();
        accepted(&scribe.feed(&mut room, &lost).receipt);
        assert_eq!(room.standing(&late[3]), Some(Standing::Accepted));
    }
}

#[test]
fn an_event_that_finds_no_place_leaves_no_trace() {
    for rules in stable() {
        let (scribe, mut room, late) = crowd(&rules, &[EVE, EVE, EVE], 2);
        for id in &late[..2] {
            let _ = waits(scribe.feed(&mut room, id).receipt);
        }
        let before = observed(&room);
        let bytes = scribe.bytes(&late[2]);
        // Whether its keys are known or not.
        for keys in [&scribe.keys, &without_eve()] {
            let received = room.receive(bytes, keys, NOW);
            assert_eq!(received.receipt, Receipt::Dropped(Fault::QueueFull));
            assert_eq!(received.notices, []);
            assert_eq!(observed(&room), before);
        }
    }
}

/// Or else whoever makes up events with keys that nobody has would bar the way to all others.
#[test]
fn of_those_that_nobody_can_verify_the_oldest_makes_room() {
    for rules in stable() {
        let (scribe, mut room, late) = crowd(&rules, &[EVE, EVE, EVE], 2);
        for id in &late[..2] {
            let _ = waits(room.receive(scribe.bytes(id), &without_eve(), NOW).receipt);
        }
        let received = room.receive(scribe.bytes(&late[2]), &without_eve(), NOW);
        let _ = waits(received.receipt);
        let event = late[0].clone();
        assert_eq!(received.notices, [Notice::Evicted { event }]);
    }
}

/// A few large events take more than many small ones.
#[test]
fn what_waits_is_limited_by_bytes_and_the_server_that_takes_most_of_them_loses() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let known = scribe.order[1..].to_vec();
        let small = stragglers(&mut scribe, &[BOB, BOB, BOB]);
        let content = format!(r#"{{"body":"{}"}}"#, "x".repeat(20_000));
        let told = Told {
            content: &content,
            ..Told::message(EVE)
        };
        let large: Vec<EventId> = stragglers(&mut scribe, &[EVE, EVE])
            .into_iter()
            .map(|lost| scribe.write(&told, &[lost]))
            .collect();
        let limits = Limits {
            waiting_bytes: 30_000,
            ..Limits::default()
        };
        let mut room = scribe.open_within(limits);
        scribe.feed_all(&mut room, &known);
        for id in small.iter().chain(&large[..1]) {
            let _ = waits(scribe.feed(&mut room, id).receipt);
        }
        let received = scribe.feed(&mut room, &large[1]);
        assert_eq!(received.receipt, Receipt::Dropped(Fault::QueueFull));
        assert_eq!(received.notices, []);
        assert_eq!(room.waiting().count(), 4);
    }
}

#[test]
fn an_event_that_was_evicted_is_named_as_missing_by_what_waits_for_it() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let known = scribe.order[1..].to_vec();
        let tip = scribe.room.extremities();
        let lost = scribe.say_at(EVE, &tip);
        let middle = scribe.say_at(EVE, only(&lost));
        let child = scribe.say_at(BOB, only(&middle));
        let limits = Limits {
            waiting_events: 1,
            ..Limits::default()
        };
        let mut room = scribe.open_within(limits);
        scribe.feed_all(&mut room, &known);
        let missing = waits(scribe.feed(&mut room, &child).receipt);
        assert_eq!(missing.events, only(&middle));
        // Two servers have one each: the first by name loses.
        let received = scribe.feed(&mut room, &middle);
        assert_eq!(received.receipt, Receipt::Dropped(Fault::QueueFull));
        assert_eq!(waiting_ids(&room), only(&child));
        accepted(&scribe.feed(&mut room, &lost).receipt);
        accepted(&scribe.feed(&mut room, &middle).receipt);
        assert_eq!(room.standing(&child), Some(Standing::Accepted));
    }
}

/// Events that name twenty ids each that nobody has.
#[test]
fn whatever_events_claim_to_follow_takes_no_more_than_the_limits() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let limits = Limits {
            waiting_events: 10,
            ..Limits::default()
        };
        let mut room = scribe.open_within(limits);
        scribe.feed_all(&mut room, &scribe.order[1..]);
        let tip = scribe.room.extremities();
        let auth = scribe.auth(&Told::message(EVE), &tip);
        let nodes = room.dag().auth_graph().node_count();
        for number in 0..30 {
            let prev: Vec<EventId> = (0..20)
                .map(|at| EventId::parse(&format!("$none{number}x{at}:evil.example")).unwrap())
                .collect();
            let event = scribe.craft(&Told::message(EVE), &prev, &auth);
            let receipt = scribe.give(&mut room, event.json().as_bytes());
            if number < 10 {
                assert_eq!(waits(receipt).events.len(), 20);
            } else {
                assert_eq!(receipt, Receipt::Dropped(Fault::QueueFull));
            }
        }
        // The graph has not heard of any of it.
        assert_eq!(room.dag().auth_graph().node_count(), nodes);
        assert_eq!(room.extremities(), tip);
    }
}

/// Two or three events of chosen ids that cite each other.
#[test]
fn an_event_among_its_own_ancestors_is_dropped() {
    let mut tried = 0;
    for rules in stable() {
        if rules.event_id != EventIdFormat::Field {
            continue;
        }
        let mut scribe = Scribe::new(&rules);
        let tip = scribe.room.extremities();
        let told = |name: &str, sender: &'static str| Told {
            event_id: Some(EventId::parse(&format!("${name}:evil.example")).unwrap()),
            ..Told::message(sender)
        };
        let id = |name: &str| EventId::parse(&format!("${name}:evil.example")).unwrap();
        let auth = scribe.auth(&Told::message(EVE), &tip);
        let rejected = scribe.write(&Told::state(EVE, "m.room.topic", "", "{}"), &tip);
        let by_rejected: Vec<EventId> = auth.iter().cloned().chain([rejected.clone()]).collect();
        // Name, `prev_events`, `auth_events`.
        type Link<'a> = (&'a str, Vec<EventId>, &'a [EventId]);
        let circles: [Vec<Link<'_>>; 5] = [
            vec![("self", vec![tip[0].clone(), id("self")], &auth)],
            vec![("a", vec![id("b")], &auth), ("b", vec![id("a")], &auth)],
            vec![
                ("a", vec![id("b")], &auth),
                ("b", vec![id("c")], &auth),
                ("c", vec![id("a"), tip[0].clone()], &auth),
            ],
            // The first is in the graph, rejected, and names one that is not.
            vec![
                ("a", vec![id("b")], &by_rejected),
                ("b", vec![id("a")], &auth),
            ],
            vec![
                ("a", vec![id("b")], &by_rejected),
                ("b", vec![id("c")], &auth),
                ("c", vec![id("a")], &auth),
            ],
        ];
        for circle in circles {
            let mut room = scribe.open();
            scribe.feed_all(&mut room, &scribe.order[1..]);
            let (last, others) = circle.split_last().unwrap();
            for (name, prev, auth) in others {
                let event = scribe.craft(&told(name, EVE), prev, auth);
                let receipt = scribe.give(&mut room, event.json().as_bytes());
                assert!(!matches!(receipt, Receipt::Dropped(_)), "{receipt:?}");
            }
            let before = observed(&room);
            let (name, prev, auth) = last;
            let event = scribe.craft(&told(name, EVE), prev, auth);
            let receipt = scribe.give(&mut room, event.json().as_bytes());
            assert_eq!(receipt, Receipt::Dropped(Fault::Cycle { id: id(name) }));
            assert_eq!(observed(&room), before);
            // The room goes on.
            let good = scribe.say_at(BOB, &tip);
            accepted(&scribe.feed(&mut room, &good).receipt);
            scribe.order.pop();
            tried += 1;
        }
    }
    assert_eq!(tried, 10);
}

/// A key that is found not to be the one is no reason to wait any longer.
#[test]
fn an_event_that_is_given_up_leaves_nothing_behind_and_may_come_again() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let mut room = scribe.copy();
        let calm = observed(&room);
        let lost = scribe.say(BOB);
        let event = scribe.say(EVE);
        let child = scribe.say(BOB);
        let few = without_eve();
        let mut stored = room.checkpoint();
        room.persisted();

        // Two copies whose keys are not there, and what follows them.
        waits(room.receive(scribe.bytes(&event), &few, NOW).receipt);
        waits(
            room.receive(&altered(scribe.bytes(&event)), &few, NOW)
                .receipt,
        );
        waits(room.receive(scribe.bytes(&child), &few, NOW).receipt);
        stored.apply(room.changes());
        room.persisted();
        assert!(!room.abandon(&lost));
        assert!(room.abandon(&event));
        assert!(!room.abandon(&event));
        assert_eq!(room.resume(&scribe.keys, NOW), []);
        // What follows it waits for it as for one that never came.
        let waiting: Vec<_> = room.waiting().collect();
        let names: Vec<_> = waiting.iter().map(|missing| &missing.event).collect();
        assert_eq!(names, [&child]);
        assert_eq!(waiting[0].events, only(&event));
        stored.apply(room.changes());
        room.persisted();
        let mut other = Room::restore(stored.clone(), &scribe.setup(Limits::default())).unwrap();
        assert_eq!(observed(&other), observed(&room));

        // One that lacks an event and no key.
        waits(scribe.feed(&mut room, &event).receipt);
        assert!(room.abandon(&event));
        assert!(room.abandon(&child));
        assert_eq!(observed(&room), calm);
        stored.apply(room.changes());
        assert_eq!(stored, room.checkpoint());

        for room in [&mut room, &mut other] {
            scribe.feed_all(room, [&event, &child, &lost]);
            assert_eq!(observed(room), observed(&scribe.copy()));
            assert!(!room.abandon(&event), "it waits no longer");
            assert_eq!(observed(room), observed(&scribe.copy()));
        }
    }
}

#[test]
fn what_proves_to_be_signed_wrongly_is_dropped_on_resuming() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let mut room = scribe.copy();
        let event = scribe.say(EVE);
        let _ = waits(
            room.receive(scribe.bytes(&event), &without_eve(), NOW)
                .receipt,
        );
        let other = SigningKey::from_seed(KeyId::parse("ed25519:1").unwrap(), &[77; 32]).unwrap();
        let mut wrong = home(EVE);
        wrong.key = other;
        let mut keys = ring(&[&home(ALICE), &home(BOB), &wrong]);
        let notices = room.resume(&keys, NOW);
        assert!(
            matches!(
                &notices[..],
                [Notice::Settled {
                    receipt: Receipt::Dropped(Fault::Signatures(_)),
                    ..
                }]
            ),
            "{notices:?}"
        );
        assert_eq!(room.waiting().count(), 0);
        keys = scribe.keys.clone();
        accepted(&room.receive(scribe.bytes(&event), &keys, NOW).receipt);
    }
}
