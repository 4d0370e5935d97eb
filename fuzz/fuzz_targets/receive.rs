//! A PDU that is dropped or known changes nothing, and so does any PDU that comes again. Whatever
//! order PDUs come in, the room is the same in the end: verdicts, states, what waits and for what;
//! and it is the room that a replay makes of all of them at once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomdag::id::EventId;
use roomdag::room::{Notice, Receipt, Standing};
use roomdag::testing::Random;
use roomdag::testing::drawn::{self, Observed, Story};

fuzz_target!(|bytes: &[u8]| {
    let mut random = Random::of_bytes(bytes);
    let rules = drawn::rules(&mut random);
    let story = Story::drawn(&mut random, 14, rules).expect("a room begins");
    let mut room = story.open().expect("the create event is good");
    for pdu in &story.pdus {
        let before = format!("{room:?}");
        let first = room.receive(pdu, &story.keys, drawn::now());
        let after = format!("{room:?}");
        let again = room.receive(pdu, &story.keys, drawn::now());
        assert!(again.notices.is_empty());
        assert_eq!(format!("{room:?}"), after);
        let notices = first.notices;
        match (first.receipt, again.receipt) {
            // In the place of an altered copy that was rejected.
            (
                Receipt::Known {
                    event,
                    standing: Standing::Outlier,
                },
                Receipt::Known { .. },
            ) if is_outlier(&event, &notices) => {}
            (Receipt::Dropped(_), Receipt::Dropped(_))
            | (Receipt::Known { .. }, Receipt::Known { .. }) => assert_eq!(before, after),
            (Receipt::Waiting(first), Receipt::Waiting(again)) => assert_eq!(first, again),
            (first, Receipt::Known { event, standing }) => {
                assert_eq!(first.event(), Some(&event));
                assert_ne!(standing, Standing::Outlier);
            }
            (first, again) => panic!("{first:?}, then {again:?}"),
        }
    }
    let observed = Observed::of(&room);
    let other = story
        .shuffled(&mut random)
        .told()
        .expect("the create event is good");
    let other = Observed::of(&other);
    assert!(other.agrees_with(&observed), "{other:?}, {observed:?}");
    assert_eq!(story.difference_from_replay(&room), None);
});

/// Whether a notice has an event to be kept.
fn is_outlier(event: &EventId, notices: &[Notice]) -> bool {
    let is_it = |notice: &Notice| matches!(notice, Notice::Outlier(kept) if kept.id == *event);
    notices.iter().any(is_it)
}
