//! What keeping and restoring cost, in counted steps.

use roomdag::effort::counted;
use roomdag::room::{Checkpoint, Room, Setup};
use roomdag::testing::workload::{Shape, Workload};
use roomdag::version::V11;

use super::NOW;

fn room(events: usize) -> Room {
    let load = Workload::new(Shape::Calm(events), &V11);
    let setup = Setup::default();
    let mut pdus = load.pdus.iter();
    let (mut room, _) = Room::open(pdus.next().unwrap(), &setup, &load.keys, NOW).unwrap();
    for pdu in pdus {
        let _ = room.receive(pdu, &load.keys, NOW);
    }
    room
}

fn restoring(checkpoint: &Checkpoint) -> f64 {
    let events = checkpoint.rows.events.len() as f64;
    let copy = checkpoint.clone();
    let (room, effort) = counted(|| Room::restore(copy, &Setup::default()).unwrap());
    assert_eq!(room.checkpoint(), *checkpoint);
    effort.total() as f64 / events
}

#[test]
fn keeping_and_restoring_are_linear_and_changes_follow_what_changed() {
    let (small, large) = (room(1_000), room(10_000));
    let cost = [&large, &small].map(|room| restoring(&room.checkpoint()));
    assert!(cost[0] <= 1.3 * cost[1], "{cost:?}");

    let entries = |checkpoint: &Checkpoint| {
        let states = checkpoint.rows.states.iter();
        let whole: usize = states
            .clone()
            .filter(|row| row.parent.is_none())
            .map(|row| row.set.len())
            .sum();
        let all: usize = states.map(|row| row.set.len() + row.removed.len()).sum();
        (whole, all)
    };
    let (whole, all) = entries(&large.checkpoint());
    assert!(
        whole <= all - whole + 2,
        "{whole} of {all} entries are in whole states"
    );

    let changing = |mut room: Room, events: usize| {
        room.persisted();
        let load = Workload::new(Shape::Calm(events + 20), &V11);
        for pdu in load.pdus.iter().skip(events) {
            let _ = room.receive(pdu, &load.keys, NOW);
        }
        let (changes, effort) = counted(|| room.changes());
        assert!(changes.rows.events.len() < 25);
        effort.total() as f64
    };
    let (large, small) = (changing(large, 10_000), changing(small, 1_000));
    assert!(large <= 2.0 * small, "{large} over {small}");
}
