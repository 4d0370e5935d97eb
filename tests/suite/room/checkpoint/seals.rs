//! What flipped bits do, and what each refusal is for.

use roomdag::Limits;
use roomdag::id::{EventId, RoomId};
use roomdag::pdu::FormatError;
use roomdag::resolve::{AuthDifference, Options};
use roomdag::room::{
    Checkpoint, Entry, EventRow, Key, Loading, Needs, RestoreError, Room, Row, RowKind, Setup,
    StateRow, WaitsFor,
};
use roomdag::testing::Random;
use roomdag::version::{RoomVersionRules, RoomVersions, V1, V11};

use super::scenario::{Scenario, Step};
use super::told;

/// A room after some steps.
fn room(size: usize, steps: usize, rules: &RoomVersionRules) -> (Scenario, Checkpoint) {
    let scenario = Scenario::random(3, size, rules);
    let mut keys = scenario.keys.clone();
    let mut room = scenario.open();
    for step in scenario.steps.iter().take(steps) {
        scenario.happen(&mut room, step, &mut keys);
    }
    let checkpoint = room.checkpoint();
    (scenario, checkpoint)
}

/// Whether the text is refused, or tells of the very same room.
fn is_refused_or_equal(text: &[u8], original: &Checkpoint) -> bool {
    let Ok(checkpoint) = serde_json::from_slice::<Checkpoint>(text) else {
        return true;
    };
    match Room::restore(checkpoint, &Setup::default()) {
        Ok(room) => room.checkpoint() == *original,
        Err(_) => true,
    }
}

#[test]
fn no_flipped_byte_makes_another_room() {
    for rules in [&V1, &V11] {
        let (_, checkpoint) = room(0, 3, rules);
        let text = serde_json::to_vec(&checkpoint).unwrap();
        for at in 0..text.len() {
            for mask in [0x01, 0x04, 0x20] {
                let mut text = text.clone();
                text[at] ^= mask;
                assert!(
                    is_refused_or_equal(&text, &checkpoint),
                    "byte {at}, mask {mask}"
                );
            }
        }
    }
}

#[test]
fn no_flipped_byte_of_a_large_room_makes_another() {
    let (_, checkpoint) = room(60, 200, &V11);
    let text = serde_json::to_vec(&checkpoint).unwrap();
    let mut random = Random::new(1);
    for _ in 0..400 {
        let mut text = text.clone();
        let (at, bit) = (random.below(text.len()), random.below(8));
        text[at] ^= 1 << bit;
        assert!(
            is_refused_or_equal(&text, &checkpoint),
            "byte {at}, bit {bit}"
        );
    }
}

fn refused(checkpoint: &Checkpoint) -> RestoreError {
    Room::restore(told(checkpoint), &Setup::default()).unwrap_err()
}

/// A checkpoint of a room in which something waits.
fn kept() -> Checkpoint {
    let (scenario, _) = room(60, 0, &V11);
    let mut keys = scenario.few_keys.clone();
    let mut room = scenario.open();
    for step in &scenario.steps[..scenario.steps.len() - 1] {
        if !matches!(step, Step::Resume) {
            scenario.happen(&mut room, step, &mut keys);
        }
    }
    room.checkpoint()
}

/// Changes a room's rows and seals them again.
fn changed(change: impl FnOnce(&mut Checkpoint)) -> Checkpoint {
    let mut checkpoint = kept();
    change(&mut checkpoint);
    let room = checkpoint.head.room_id.clone();
    let rows = &mut checkpoint.rows;
    rows.events.iter_mut().for_each(|row| row.seal(&room));
    rows.states.iter_mut().for_each(|row| row.seal(&room));
    rows.waiting.iter_mut().for_each(|row| row.seal(&room));
    checkpoint.head.seal(&room);
    checkpoint
}

fn name(row: &EventRow) -> Row {
    Row::Event(EventId::parse(&row.event).unwrap())
}

#[test]
fn what_nobody_has_changed_is_taken() {
    let checkpoint = changed(|_| ());
    assert_eq!(checkpoint, kept());
    let room = Room::restore(checkpoint, &Setup::default()).unwrap();
    assert_eq!(room.checkpoint(), kept());
    assert!(!kept().rows.waiting.is_empty());
    assert!(
        kept()
            .rows
            .waiting
            .iter()
            .any(|row| matches!(row.needs, WaitsFor::Keys(_)))
    );
}

#[test]
fn another_format_is_refused() {
    let checkpoint = changed(|checkpoint| checkpoint.head.format = 2);
    assert_eq!(
        refused(&checkpoint),
        RestoreError::UnknownFormat { format: 2 }
    );
}

#[test]
fn a_room_version_that_the_host_does_not_know_is_refused() {
    let checkpoint = changed(|checkpoint| checkpoint.head.room_version = "org.example".into());
    let id = "org.example".to_owned();
    assert_eq!(refused(&checkpoint), RestoreError::UnknownVersion { id });
}

#[test]
fn rows_of_other_rules_and_options_are_refused() {
    let checkpoint = kept();
    let found = checkpoint.head.fingerprint.clone();
    let options = Options {
        auth_difference: AuthDifference::Exclusive,
        ..Options::of(&V11)
    };
    let setup = Setup {
        resolve: Some(options),
        ..Setup::default()
    };
    let error = Room::restore(checkpoint, &setup).unwrap_err();
    assert!(
        matches!(error, RestoreError::OtherConfiguration { found: other, expected } if other == found && expected != found)
    );
    let mut seen = std::collections::BTreeSet::new();
    for rules in RoomVersions::stable().iter() {
        let (_, checkpoint) = room(0, 0, rules);
        assert!(
            seen.insert(checkpoint.head.fingerprint),
            "version {}",
            rules.id
        );
    }
}

#[test]
fn a_row_that_was_changed_is_refused() {
    let mut checkpoint = kept();
    checkpoint.head.events += 1;
    assert_eq!(refused(&checkpoint), RestoreError::Seal { row: Row::Head });

    let mut checkpoint = kept();
    checkpoint.rows.events[3].depth += 1;
    let row = name(&checkpoint.rows.events[3]);
    assert_eq!(refused(&checkpoint), RestoreError::Seal { row });

    let mut checkpoint = kept();
    checkpoint.rows.states[3].quality = roomdag::replay::Quality::Partial;
    let row = Row::State(checkpoint.rows.states[3].state);
    assert_eq!(refused(&checkpoint), RestoreError::Seal { row });

    let mut checkpoint = kept();
    checkpoint.rows.waiting[0].needs = WaitsFor::Keys(Vec::new());
    let row = Row::Waiting(checkpoint.rows.waiting[0].number);
    assert_eq!(refused(&checkpoint), RestoreError::Seal { row });
}

#[test]
fn a_row_of_another_room_is_refused() {
    let mut checkpoint = kept();
    let other = RoomId::parse("!other:example.org").unwrap();
    checkpoint.rows.events[2].seal(&other);
    let row = name(&checkpoint.rows.events[2]);
    assert_eq!(refused(&checkpoint), RestoreError::Seal { row });
}

#[test]
fn rows_are_counted() {
    let mut checkpoint = kept();
    checkpoint.rows.events.pop();
    let expected = checkpoint.head.events;
    let found = checkpoint.rows.events.len();
    let kind = RowKind::Events;
    assert_eq!(
        refused(&checkpoint),
        RestoreError::Count {
            kind,
            found,
            expected
        }
    );

    let mut checkpoint = kept();
    checkpoint.rows.states.pop();
    let kind = RowKind::States;
    assert!(matches!(refused(&checkpoint), RestoreError::Count { kind: k, .. } if k == kind));

    let mut checkpoint = kept();
    checkpoint.rows.waiting.pop();
    let kind = RowKind::Waiting;
    assert!(matches!(refused(&checkpoint), RestoreError::Count { kind: k, .. } if k == kind));
}

#[test]
fn rows_of_one_key_are_refused_unless_they_are_one_row() {
    let twice = changed(|checkpoint| {
        let rows = &mut checkpoint.rows;
        rows.events.push(rows.events[0].clone());
        rows.states.push(rows.states[0].clone());
        rows.waiting.push(rows.waiting[0].clone());
    });
    assert!(Room::restore(twice, &Setup::default()).is_ok());

    let checkpoint = changed(|checkpoint| {
        let mut other = checkpoint.rows.events[5].clone();
        other.depth += 1;
        checkpoint.rows.events.push(other);
    });
    let row = name(&checkpoint.rows.events[5]);
    assert_eq!(refused(&checkpoint), RestoreError::Duplicate { row });

    let checkpoint = changed(|checkpoint| {
        let mut other = checkpoint.rows.states[1].clone();
        other.quality = roomdag::replay::Quality::Claimed;
        checkpoint.rows.states.push(other);
    });
    assert!(matches!(
        refused(&checkpoint),
        RestoreError::Duplicate { row: Row::State(_) }
    ));

    let checkpoint = changed(|checkpoint| {
        let mut other = checkpoint.rows.waiting[0].clone();
        other.needs = WaitsFor::Keys(Vec::new());
        checkpoint.rows.waiting.push(other);
    });
    assert!(matches!(
        refused(&checkpoint),
        RestoreError::Duplicate {
            row: Row::Waiting(_)
        }
    ));

    // Two events of one number.
    let checkpoint = changed(|checkpoint| checkpoint.rows.events[5].number = 4);
    assert!(matches!(
        refused(&checkpoint),
        RestoreError::Duplicate { row: Row::Event(_) }
    ));
    // The empty state has no row.
    let checkpoint = changed(|checkpoint| checkpoint.rows.states[0].state = 1);
    assert!(matches!(
        refused(&checkpoint),
        RestoreError::Duplicate { row: Row::State(1) }
    ));
}

#[test]
fn rows_that_the_head_does_not_know_are_refused() {
    let checkpoint = changed(|checkpoint| checkpoint.rows.events[5].number = u32::MAX);
    assert!(matches!(
        refused(&checkpoint),
        RestoreError::BeyondHead { row: Row::Event(_) }
    ));
    let checkpoint =
        changed(|checkpoint| checkpoint.rows.states.last_mut().unwrap().state = u32::MAX);
    let row = Row::State(u32::MAX);
    assert_eq!(refused(&checkpoint), RestoreError::BeyondHead { row });
    let checkpoint = changed(|checkpoint| checkpoint.rows.waiting[0].number = u64::MAX);
    let row = Row::Waiting(u64::MAX);
    assert_eq!(refused(&checkpoint), RestoreError::BeyondHead { row });
}

#[test]
fn absurd_numbers_in_a_head_cost_nothing() {
    let checkpoint = changed(|checkpoint| {
        let head = &mut checkpoint.head;
        head.events = u32::MAX;
        head.last_state = u32::MAX;
        head.next_waiting = u64::MAX;
        head.credit = u64::MAX;
    });
    let mut loading = Loading::new(checkpoint.head, &Setup::default()).unwrap();
    loading.add(checkpoint.rows).unwrap();
    assert!(loading.needs().unwrap().is_empty());
    let room = loading.finish().unwrap();
    assert!(!room.is_whole());
    assert!(room.changes().rows.states.is_empty());

    let checkpoint = changed(|checkpoint| checkpoint.head.last_state = 0);
    let row = Row::Head;
    assert_eq!(
        refused(&checkpoint),
        RestoreError::UnknownState { row, state: 0 }
    );
}

#[test]
fn what_rows_refer_to_has_to_be_there() {
    let checkpoint = changed(|checkpoint| checkpoint.rows.events[5].after = Some(u32::MAX));
    let row = name(&checkpoint.rows.events[5]);
    let state = u32::MAX;
    assert_eq!(
        refused(&checkpoint),
        RestoreError::UnknownState { row, state }
    );

    let later = |row: &StateRow| row.parent.is_some();
    let checkpoint = changed(|checkpoint| {
        let row = checkpoint
            .rows
            .states
            .iter_mut()
            .find(|row| later(row))
            .unwrap();
        row.parent = Some(row.state);
    });
    assert!(
        matches!(refused(&checkpoint), RestoreError::Parent { state, parent } if state == parent)
    );

    let ghost = EventId::parse("$ghost").unwrap();
    let checkpoint = changed(|checkpoint| checkpoint.rows.states[0].set[0].event = "$ghost".into());
    let needs = Needs {
        events: vec![ghost],
        ..Needs::default()
    };
    assert_eq!(refused(&checkpoint), RestoreError::Missing(needs));
}

#[test]
fn entries_have_to_be_what_their_events_are() {
    let checkpoint = changed(|checkpoint| {
        let entry: &mut Entry = &mut checkpoint.rows.states[1].set[0];
        entry.event_type = "m.room.topic".into();
    });
    assert!(matches!(refused(&checkpoint), RestoreError::Entry { .. }));
    let checkpoint = changed(|checkpoint| {
        let key = Key {
            event_type: "m.room.topic".into(),
            state_key: "nothing".into(),
        };
        checkpoint.rows.states[1].removed.push(key);
    });
    assert!(
        matches!(refused(&checkpoint), RestoreError::Entry { state_key, .. } if state_key == "nothing")
    );
}

#[test]
fn rows_of_events_have_to_make_sense() {
    let checkpoint = changed(|checkpoint| checkpoint.rows.events[5].sender = "alice".into());
    assert!(matches!(refused(&checkpoint), RestoreError::Id { text, .. } if text == "alice"));
    let checkpoint =
        changed(|checkpoint| checkpoint.rows.events[5].overlong = Some("content".into()));
    assert!(matches!(
        refused(&checkpoint),
        RestoreError::Field {
            field: "overlong",
            ..
        }
    ));
    let checkpoint =
        changed(|checkpoint| checkpoint.rows.events[5].reference_hash = Some(String::new()));
    assert!(matches!(
        refused(&checkpoint),
        RestoreError::Field {
            field: "reference_hash",
            ..
        }
    ));
    let checkpoint = changed(|checkpoint| {
        let own = checkpoint.rows.events[5].event.clone();
        checkpoint.rows.events[4].prev_events.push(own);
    });
    assert!(matches!(refused(&checkpoint), RestoreError::Cycle { .. }));
    let checkpoint = changed(|checkpoint| checkpoint.rows.events[0].state_key = None);
    assert!(matches!(
        refused(&checkpoint),
        RestoreError::NotCreate { .. } | RestoreError::Entry { .. }
    ));
    let checkpoint = changed(|checkpoint| {
        let other = EventId::parse(&checkpoint.rows.events[1].event).unwrap();
        checkpoint.head.create = other;
    });
    assert!(matches!(
        refused(&checkpoint),
        RestoreError::NotCreate { .. }
    ));
}

#[test]
fn extremities_have_to_be_accepted() {
    let ghost = EventId::parse("$ghost").unwrap();
    let checkpoint = changed(|checkpoint| checkpoint.head.extremities.push(ghost.clone()));
    assert_eq!(
        refused(&checkpoint),
        RestoreError::NotExtremity { event: ghost }
    );
}

#[test]
fn what_waits_has_to_be_an_event() {
    let checkpoint = changed(|checkpoint| checkpoint.rows.waiting[0].json = "{}".into());
    assert!(matches!(
        refused(&checkpoint),
        RestoreError::Waiting {
            fault: FormatError::Missing { .. },
            ..
        }
    ));
    let checkpoint = changed(|checkpoint| checkpoint.rows.waiting[0].event = "$other".into());
    assert!(matches!(
        refused(&checkpoint),
        RestoreError::Field { field: "event", .. }
    ));
}

#[test]
fn what_waits_does_so_under_narrower_limits_too() {
    let setup = Setup {
        limits: Limits {
            pdu_bytes: 10,
            prev_events: 0,
            ..Limits::default()
        },
        ..Setup::default()
    };
    let room = Room::restore(kept(), &setup).unwrap();
    assert_eq!(room.checkpoint(), kept());
}
