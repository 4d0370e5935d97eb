//! History from before a server came, in whatever order it is fetched.

use roomdag::id::EventId;
use roomdag::limits::Limits;
use roomdag::room::{Room, Standing};
use roomdag::testing::Random;

use crate::room::draft::{NOW, stable};
use crate::room::support::{ALICE, BOB, EVE, MEMBER, Scribe, Told, observed, only};

const ME: &str = "@me:other.example";
const JOIN: &str = r#"{"membership":"join"}"#;
const BAN: &str = r#"{"membership":"ban"}"#;

/// A room in which Eve has spoken and was banned before I joined it, what I was told when I did,
/// and all that was before.
fn joined(scribe: &mut Scribe, limits: Limits) -> (Room, EventId, Vec<EventId>) {
    let _ = scribe.say(EVE);
    let _ = scribe.say(BOB);
    let _ = scribe.say(EVE);
    scribe.put(ALICE, MEMBER, EVE, BAN);
    let _ = scribe.say(BOB);
    let history: Vec<EventId> = scribe.order[1..].to_vec();
    let join = scribe.put(ME, MEMBER, ME, JOIN);
    let setup = scribe.setup(limits);
    let claim = scribe.claim_before(&join);
    let (room, _) = Room::join(scribe.bytes(&join), &claim, &setup, &scribe.keys, NOW).unwrap();
    (room, join, history)
}

#[test]
fn history_meets_no_current_state_in_whatever_order_it_comes() {
    for rules in stable() {
        for seed in 0..6 {
            let mut scribe = Scribe::new(&rules);
            let (mut room, join, mut history) = joined(&mut scribe, Limits::default());
            let mut random = Random::new(seed);
            match seed {
                0 => {}
                1 => history.reverse(),
                _ => history.sort_by_cached_key(|_| random.bits()),
            }
            for event in &history {
                let bytes = scribe.bytes(event);
                let _ = room.receive_backfilled(bytes, &scribe.keys, NOW);
                assert_eq!(room.extremities(), only(&join), "{}, {seed}", rules.id);
            }
            for event in &history {
                assert_eq!(
                    room.standing(event),
                    Some(Standing::Accepted),
                    "{}",
                    rules.id
                );
            }
            assert!(room.backward_extremities().is_empty());
            assert_eq!(observed(&room).states(), observed(&scribe.copy()).states());
        }
    }
}

/// The same events, live: what Eve says comes too late.
#[test]
fn news_meets_the_current_state() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let tip = scribe.room.extremities();
        let (mut room, join, history) = joined(&mut scribe, Limits::default());
        let late = scribe.write(&Told::message(EVE), &tip);
        for event in &history {
            let _ = room.receive_backfilled(scribe.bytes(event), &scribe.keys, NOW);
        }
        let bytes = scribe.bytes(&late);
        // Somebody calls it old, and then it comes by itself.
        let _ = room.receive_backfilled(bytes, &scribe.keys, NOW);
        assert_eq!(
            room.standing(&late),
            Some(Standing::Accepted),
            "{}",
            rules.id
        );
        assert_eq!(room.extremities(), only(&join), "{}", rules.id);
        let receipt = room.receive(bytes, &scribe.keys, NOW).receipt;
        assert_eq!(
            receipt.standing(),
            Some(Standing::SoftFailed),
            "{}",
            rules.id
        );
        assert_eq!(room.extremities(), only(&join), "{}", rules.id);
    }
}

#[test]
fn what_had_to_go_is_asked_for_again_and_leaves_nothing_behind() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let limits = Limits {
            waiting_events: 1,
            ..Limits::default()
        };
        let (mut room, join, history) = joined(&mut scribe, limits);
        let before = room.backward_extremities();
        for event in history.iter().rev() {
            let _ = room.receive_backfilled(scribe.bytes(event), &scribe.keys, NOW);
        }
        // One waits at most, so the way back has not become longer by more than that.
        assert!(room.backward_extremities().len() <= before.len());
        assert!(room.waiting().count() <= 1);
        for event in &history {
            let _ = room.receive_backfilled(scribe.bytes(event), &scribe.keys, NOW);
        }
        assert!(room.backward_extremities().is_empty(), "{}", rules.id);
        assert_eq!(room.extremities(), only(&join));
    }
}
