//! Rooms that are loaded in part, against rooms that are whole.

use std::collections::{BTreeMap, BTreeSet};

use roomdag::id::EventId;
use roomdag::room::{
    CheckRow, Checkpoint, EventRow, Loading, Needs, Notice, RestoreError, Room, Rows, Setup,
    Standing, StateRow,
};
use roomdag::testing::Random;
use roomdag::version::{RoomVersionRules, V1, V6, V11, V12};

use super::scenario::{Scenario, Step, answers, id_of, is_intact, versions};

/// A host's tables.
struct Store {
    kept: Checkpoint,
}

impl Store {
    fn events(&self) -> BTreeMap<&str, &EventRow> {
        let rows = self.kept.rows.events.iter();
        rows.map(|row| (row.event.as_str(), row)).collect()
    }

    /// The answer to what is needed, with closures: as two recursive queries give it.
    fn answer(&self, needs: &Needs) -> Rows {
        let table = self.events();
        let mut events: BTreeMap<&str, &EventRow> = BTreeMap::new();
        let mut stack: Vec<&str> = needs.events.iter().map(EventId::as_str).collect();
        while let Some(id) = stack.pop() {
            if let Some(row) = table.get(id)
                && events.insert(id, row).is_none()
            {
                stack.extend(row.auth_events.iter().map(String::as_str));
                if hides_nothing(row) {
                    stack.extend(row.prev_events.iter().map(String::as_str));
                }
            }
        }
        let by_number: BTreeMap<u32, &StateRow> = self
            .kept
            .rows
            .states
            .iter()
            .map(|row| (row.state, row))
            .collect();
        let mut states: BTreeMap<u32, &StateRow> = BTreeMap::new();
        let mut stack = needs.states.clone();
        while let Some(state) = stack.pop() {
            if let Some(row) = by_number.get(&state)
                && states.insert(state, row).is_none()
            {
                stack.extend(row.parent);
            }
        }
        Rows {
            events: events.into_values().cloned().collect(),
            states: states.into_values().cloned().collect(),
            waiting: if needs.waiting > 0 {
                self.kept.rows.waiting.clone()
            } else {
                Vec::new()
            },
        }
    }

    fn loaded(&self) -> Room {
        self.loaded_with(Rows::default())
    }

    /// As [`loaded`](Self::loaded), by a host that begins with these rows.
    fn loaded_with(&self, unasked: Rows) -> Room {
        let setup = Setup::default();
        let mut loading = Loading::new(self.kept.head.clone(), &setup).unwrap();
        loading.add(unasked).unwrap();
        let mut asked: BTreeSet<EventId> = BTreeSet::new();
        for round in 0.. {
            let needs = loading.needs().unwrap();
            if needs.is_empty() {
                break;
            }
            assert!(round < 4, "round {round}: {needs:?}");
            for event in &needs.events {
                assert!(asked.insert(event.clone()), "{event} was asked for twice");
            }
            loading.add(self.answer(&needs)).unwrap();
        }
        loading.finish().unwrap()
    }

    /// Looks for what events wait for in the tables, and loads it.
    fn find(&self, room: &mut Room) -> Vec<Notice> {
        let mut notices = Vec::new();
        loop {
            let table = self.events();
            let waiting = room.waiting().flat_map(|missing| missing.events);
            let found: BTreeSet<EventId> = waiting
                .filter(|id| table.contains_key(id.as_str()))
                .collect();
            if found.is_empty() {
                let waiting = room.waiting().flat_map(|missing| missing.events);
                let missing: Vec<EventId> = waiting.collect();
                let more = room.not_stored(&missing);
                if more.is_empty() {
                    return notices;
                }
                notices.extend(more);
                continue;
            }
            let mut needs = Needs {
                events: found.into_iter().collect(),
                ..Needs::default()
            };
            let mut rows = self.answer(&needs);
            for round in 0.. {
                let before = room.checkpoint();
                match room.load(rows.events.clone(), rows.states.clone()) {
                    Ok(more) => {
                        notices.extend(more);
                        break;
                    }
                    Err(RestoreError::Missing(more)) => {
                        assert_eq!(room.checkpoint(), before);
                        assert!(round < 5, "{more:?}");
                        needs = more;
                        let answer = self.answer(&needs);
                        rows.events.extend(answer.events);
                        rows.states.extend(answer.states);
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }
}

/// Whether an event was rejected or soft-failed, so that others show through it.
fn hides_nothing(row: &EventRow) -> bool {
    let verdict = &row.verdict;
    let checks = [
        Some(&verdict.by_auth_events),
        Some(&verdict.by_state),
        verdict.by_current_state.as_ref(),
    ];
    let mut checks = checks.into_iter().flatten();
    verdict.withheld.is_some() || checks.any(|check| matches!(check, CheckRow::Reject(_)))
}

fn plain(scenario: &Scenario, rules: &RoomVersionRules) -> Vec<Vec<u8>> {
    let steps = scenario.steps.iter().filter_map(|step| match step {
        Step::Receive(bytes) | Step::Backfilled(bytes) => Some(bytes.clone()),
        _ => None,
    });
    steps.filter(|bytes| is_intact(bytes, rules)).collect()
}

#[test]
fn a_room_that_was_loaded_in_part_goes_on_as_the_whole_one() {
    let (mut smaller, mut put_off) = (0, 0);
    for rules in versions() {
        for seed in 40..50 {
            let scenario = Scenario::random(seed, 90, &rules);
            let mut random = Random::new(seed);
            let keys = &scenario.keys;
            let mut whole = scenario.open();
            let mut store = Store {
                kept: whole.checkpoint(),
            };
            whole.persisted();
            let mut part = store.loaded();
            let mut gaps = BTreeSet::new();
            for bytes in plain(&scenario, &rules) {
                let id = id_of(&bytes, &rules);
                let _ = whole.receive(&bytes, keys, super::NOW);
                if !store.events().contains_key(id.as_str()) {
                    let _ = part.receive(&bytes, keys, super::NOW);
                    store.find(&mut part);
                }
                let context = format!("version {}, seed {seed}, {id}", rules.id);
                if gaps.iter().any(|id| whole.state_before(id).is_some()) {
                    // What rests on that is put off.
                    put_off += 1;
                    store.kept.apply(part.changes());
                    let mut again = Room::restore(store.kept, &scenario.setup).unwrap();
                    let _ = again.resume(keys, super::NOW);
                    assert_eq!(judged(&again), judged(&whole), "{context}");
                    break;
                }
                gaps = stateless(&whole);
                let current = |room: &Room| room.current_state().unwrap().digest();
                assert_eq!(part.extremities(), whole.extremities(), "{context}");
                assert_eq!(current(&part), current(&whole), "{context}");
                assert_eq!(
                    part.backward_extremities(),
                    whole.backward_extremities(),
                    "{context}"
                );
                let waiting = |room: &Room| room.waiting().collect::<Vec<_>>();
                assert_eq!(waiting(&part), waiting(&whole), "{context}");
                if let Some(standing) = part.standing(&id) {
                    assert_eq!(Some(standing), whole.standing(&id), "{context}");
                    assert_eq!(part.verdict(&id), whole.verdict(&id), "{context}");
                }
                if random.chance(15) {
                    store.kept.apply(part.changes());
                    part = store.loaded();
                    smaller += usize::from(!part.is_whole());
                    let mut again = Room::restore(store.kept.clone(), &scenario.setup).unwrap();
                    assert_eq!(again.resume(keys, super::NOW), []);
                    assert_eq!(answers(&again), answers(&whole), "{context}");
                }
            }
        }
    }
    println!("{smaller} {put_off}");
    assert!(smaller > 100, "{smaller} rooms were loaded in part");
}

/// A room to which everything has happened, and the tables of its host.
fn told(seed: u64, rules: &RoomVersionRules) -> (Room, Store) {
    let scenario = Scenario::random(seed, 60, rules);
    let mut keys = scenario.keys.clone();
    let mut whole = scenario.open();
    for step in &scenario.steps {
        scenario.happen(&mut whole, step, &mut keys);
    }
    whole.persisted();
    let kept = whole.checkpoint();
    (whole, Store { kept })
}

/// A host that fetches more than it is asked for may hit upon any row.
#[test]
fn what_was_not_asked_for_may_come_and_is_completed() {
    for rules in [&V1, &V6, &V11, &V12] {
        let (whole, store) = told(61, rules);
        let events = store.kept.rows.events.iter().map(|row| Rows {
            events: vec![row.clone()],
            ..Rows::default()
        });
        let states = store.kept.rows.states.iter().map(|row| Rows {
            states: vec![row.clone()],
            ..Rows::default()
        });
        for unasked in events.chain(states) {
            let part = store.loaded_with(unasked);
            for id in part.dag().events().filter_map(|node| part.dag().id(node)) {
                assert_eq!(part.standing(id), whole.standing(id));
            }
        }
    }
}

/// The events that have no state before them.
fn stateless(room: &Room) -> BTreeSet<EventId> {
    let dag = room.dag();
    let ids = dag.events().filter_map(|node| dag.id(node));
    ids.filter(|id| room.state_before(id).is_none())
        .cloned()
        .collect()
}

/// What does not depend on when an event came.
fn judged(room: &Room) -> Vec<String> {
    let dag = room.dag();
    let mut lines: Vec<String> = dag
        .events()
        .filter_map(|node| dag.id(node))
        .map(|id| {
            let is_rejected = room.standing(id) == Some(Standing::Rejected);
            let before = room.state_before(id).map(|state| state.digest());
            let after = room.state_after(id).map(|state| state.digest());
            format!("{id} {is_rejected} {before:?} {after:?}")
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn a_room_of_which_everything_is_loaded_is_whole() {
    for rules in [&V1, &V6, &V11, &V12] {
        let (whole, store) = told(60, rules);
        let mut part = store.loaded();
        assert!(!part.is_whole());
        let rows = store.kept.rows.clone();
        let notices = part.load(rows.events, rows.states).unwrap();
        assert_eq!(notices, []);
        assert!(part.is_whole());
        assert_eq!(part.changes().rows, Rows::default());
        let store = part.checkpoint();
        assert_eq!(store, whole.checkpoint());
    }
}

#[test]
fn rooms_with_claims_can_be_loaded_in_part() {
    for rules in versions() {
        for seed in 70..76 {
            let scenario = Scenario::random(seed, 60, &rules);
            let mut keys = scenario.keys.clone();
            let mut whole = scenario.open();
            for (at, step) in scenario.steps.iter().enumerate() {
                scenario.happen(&mut whole, step, &mut keys);
                if at % 17 != 0 {
                    continue;
                }
                let store = Store {
                    kept: whole.checkpoint(),
                };
                let part = store.loaded();
                let tip = whole.extremities().into_iter().next().unwrap();
                assert_eq!(part.extremities(), whole.extremities());
                assert_eq!(part.backward_extremities(), whole.backward_extremities());
                assert_eq!(part.gap(&tip), whole.gap(&tip));
                let missing = |room: &Room| room.waiting().collect::<Vec<_>>().len();
                assert_eq!(missing(&part), missing(&whole));
                let current = |room: &Room| room.current_state().unwrap().digest();
                assert_eq!(current(&part), current(&whole));
                assert_eq!(
                    format!("{:?}", part.policy_server()),
                    format!("{:?}", whole.policy_server())
                );
            }
        }
    }
}
