//! See `src/room/checkpoint/`.

#[cfg(feature = "counting")]
mod growth;
mod parts;
mod scenario;
mod seals;

use std::collections::BTreeMap;

use roomdag::id::EventId;
use roomdag::room::{Changes, Checkpoint, Room};
use roomdag::state::StateDigest;
use roomdag::testing::Random;
use roomdag::version::{V6, V11};

use self::scenario::{Scenario, altered_redaction, answers, versions};
use crate::room::draft::NOW;

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

/// The states of a checkpoint by number, as their rows tell.
fn materialised(checkpoint: &Checkpoint) -> BTreeMap<u32, BTreeMap<(String, String), String>> {
    let mut states = BTreeMap::from([(1, BTreeMap::new())]);
    for row in &checkpoint.rows.states {
        let mut state = row
            .parent
            .map_or_else(BTreeMap::new, |parent| states[&parent].clone());
        for key in &row.removed {
            let key = (key.event_type.clone(), key.state_key.clone());
            assert!(state.remove(&key).is_some());
        }
        for entry in &row.set {
            let key = (entry.event_type.clone(), entry.state_key.clone());
            let old = state.insert(key, entry.event.clone());
            assert_ne!(old.as_ref(), Some(&entry.event));
        }
        states.insert(row.state, state);
    }
    states
}

#[test]
fn the_differences_make_up_the_states() {
    let (mut removed, mut differences) = (0, 0);
    for rules in versions() {
        for seed in 80..86 {
            let scenario = Scenario::random(seed, 80, &rules);
            let mut keys = scenario.few_keys.clone();
            let mut room = scenario.open();
            for step in &scenario.steps {
                scenario.happen(&mut room, step, &mut keys);
            }
            let checkpoint = room.checkpoint();
            let states = materialised(&checkpoint);
            let digest = |state: u32| {
                let entries = states[&state].iter();
                StateDigest::of(entries.map(|((t, key), id)| (&**t, &**key, &**id)))
            };
            for row in &checkpoint.rows.events {
                let id = EventId::parse(&row.event).unwrap();
                let before = room.state_before(&id).map(|state| state.digest().unwrap());
                let after = room.state_after(&id).map(|state| state.digest().unwrap());
                assert_eq!(row.before.map(digest), before);
                assert_eq!(row.after.map(digest), after);
            }
            removed += checkpoint
                .rows
                .states
                .iter()
                .map(|row| row.removed.len())
                .sum::<usize>();
            differences += checkpoint
                .rows
                .states
                .iter()
                .filter(|row| row.parent.is_some())
                .count();
        }
    }
    assert!(removed > 20, "{removed} keys were removed");
    assert!(differences > 500, "{differences} states are differences");
}

#[test]
fn an_altered_redaction_is_found_by_its_target_once_it_is_intact() {
    for rules in [&V6, &V11] {
        let (scenario, target) = altered_redaction(rules);
        let mut room = scenario.open();
        let mut keys = scenario.keys.clone();
        for step in &scenario.steps {
            scenario.happen(&mut room, step, &mut keys);
        }
        assert_eq!(room.redactions_of(&target).count(), 1);
        let other = restored(&room.checkpoint(), &scenario);
        assert_same(&room, &other, rules.id);
    }
}
