//! See `src/room/queue.rs`.

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
