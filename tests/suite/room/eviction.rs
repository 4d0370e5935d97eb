//! See `src/room/queue.rs`.

use roomdag::crypto::KeyRing;
use roomdag::event::HashCheck;
use roomdag::room::{Missing, Notice, Receipt, Setup};

use crate::room::built::{ALICE, BOB, Built, keys, message};
use crate::room::draft::NOW;

/// ```text
/// … ── one ── two ── three ── four (of the other server)
/// ```
///
/// `two` and `three` wait, and there is no place for `four` unless `three` goes.
#[test]
fn an_event_that_had_to_go_is_missing_behind_the_one_that_took_its_place() {
    let mut built = Built::new();
    let [one, two, three] = [ALICE; 3].map(|user| built.send(message(user)));
    let four = built.send(message(BOB));
    let mut setup = Setup::default();
    setup.limits.waiting_events = 2;
    let mut room = built.begun(&setup);
    for (event, missing) in [(&two, &one), (&three, &one), (&four, &three)] {
        let received = room.receive(&event.json, &keys(), NOW);
        let expected = Missing {
            event: event.id.clone(),
            events: vec![missing.id.clone()],
            keys: Vec::new(),
        };
        assert_eq!(received.receipt, Receipt::Waiting(expected));
        let evicted = Notice::Evicted {
            event: three.id.clone(),
        };
        let is_last = event.id == four.id;
        assert_eq!(received.notices, Vec::from_iter(is_last.then_some(evicted)));
    }
}

/// Two copies of one event wait for a key, and there is one place: the later copy has it.
#[test]
fn a_copy_that_takes_the_place_of_another_copy_waits() {
    let mut built = Built::new();
    let event = built.send(message(ALICE));
    let mut setup = Setup::default();
    setup.limits.waiting_events = 1;
    let mut room = built.begun(&setup);
    let text = String::from_utf8(event.json.clone()).unwrap();
    let altered = text.replacen("\"content\":{}", "\"content\":{\"altered\":true}", 1);
    for copy in [altered.as_bytes(), &event.json] {
        let received = room.receive(copy, &KeyRing::new(), NOW);
        let Receipt::Waiting(missing) = received.receipt else {
            panic!("{:?}", received.receipt);
        };
        assert_eq!((&missing.event, missing.keys.len()), (&event.id, 1));
        assert_eq!(received.notices, []);
    }
    let notices = room.resume(&keys(), NOW);
    let [Notice::Settled { receipt, .. }] = &notices[..] else {
        panic!("{notices:?}");
    };
    let Receipt::Accepted(admitted) = receipt else {
        panic!("{receipt:?}");
    };
    assert_eq!(admitted.content_hash, HashCheck::Ok);
}
