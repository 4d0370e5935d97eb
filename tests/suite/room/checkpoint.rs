//! See `src/room/checkpoint/`.

mod scenario;

use roomdag::room::{Changes, Checkpoint, Room};
use roomdag::testing::Random;

use self::scenario::{Scenario, answers, versions};

/// Through text and back.
fn told(checkpoint: &Checkpoint) -> Checkpoint {
    let text = serde_json::to_string(checkpoint).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn retold(changes: &Changes) -> Changes {
    let text = serde_json::to_string(changes).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn restored(checkpoint: &Checkpoint, scenario: &Scenario) -> Room {
    Room::restore(told(checkpoint), &scenario.setup).unwrap()
}

#[track_caller]
fn assert_same(one: &Room, other: &Room, context: &str) {
    assert_eq!(answers(one), answers(other), "{context}");
    assert_eq!(one.checkpoint(), other.checkpoint(), "{context}");
}

#[test]
fn a_restored_room_goes_on_as_if_it_had_never_stopped() {
    let mut seen = [0_usize; 6];
    for rules in versions() {
        for seed in 0..12 {
            let scenario = Scenario::random(seed, 70, &rules);
            let mut random = Random::new(seed);
            let mut keys = scenario.few_keys.clone();
            let mut room = scenario.open();
            let mut other = restored(&room.checkpoint(), &scenario);
            room.persisted();
            for (at, step) in scenario.steps.iter().enumerate() {
                let context = format!("version {}, seed {seed}, step {at}: {step:?}", rules.id);
                let mut same = keys.clone();
                let said = scenario.happen(&mut room, step, &mut keys);
                assert_eq!(
                    scenario.happen(&mut other, step, &mut same),
                    said,
                    "{context}"
                );
                assert_eq!(other.changes(), room.changes(), "{context}");
                for (count, word) in seen.iter_mut().zip([
                    "SoftFailed",
                    "Rejected",
                    "Waiting",
                    "Revised",
                    "Provisional",
                    "Outlier",
                ]) {
                    *count += usize::from(said.contains(word));
                }
                if random.chance(8) {
                    let checkpoint = room.checkpoint();
                    other = restored(&checkpoint, &scenario);
                    assert_same(&room, &other, &context);
                    room.persisted();
                    assert_eq!(other.changes(), room.changes(), "{context}");
                }
            }
            assert_same(&room, &other, &format!("version {}, seed {seed}", rules.id));
        }
    }
    println!("{seen:?}");
    assert!(seen.iter().all(|count| *count > 5), "{seen:?}");
}

#[test]
fn changes_on_top_of_what_was_kept_are_the_checkpoint() {
    for rules in versions() {
        for seed in 20..24 {
            let scenario = Scenario::random(seed, 60, &rules);
            let mut random = Random::new(seed);
            let mut keys = scenario.few_keys.clone();
            let mut room = scenario.open();
            let mut kept = room.checkpoint();
            room.persisted();
            for (at, step) in scenario.steps.iter().enumerate() {
                scenario.happen(&mut room, step, &mut keys);
                if random.chance(20) {
                    kept.apply(retold(&room.changes()));
                    // The host may be asked again before it has committed.
                    kept.apply(room.changes());
                    room.persisted();
                    assert_eq!(
                        kept,
                        room.checkpoint(),
                        "version {}, seed {seed}, step {at}",
                        rules.id
                    );
                    assert!(room.changes().rows.events.is_empty());
                }
            }
        }
    }
}
