//! What there is to see of algorithm 1.

use std::collections::BTreeSet;

use roomdag::version::StateResolution;

use super::{Also, Key, Shape, is_auth_type};

pub(super) fn shapes() -> Vec<Shape> {
    vec![
        Shape::new(
            "one-key",
            "two events of one key",
            &[("v1", 80085, 8)],
            |seen| seen.found.conflicted.len() == 2,
        ),
        Shape::new(
            "two-power-levels",
            "power levels in conflict, and nothing else",
            &[("v1", 80488, 8)],
            |seen| {
                let conflicted = seen.keys();
                conflicted.len() == 1 && conflicted[0].0.0 == "m.room.power_levels"
            },
        ),
        Shape::new(
            "three-power-levels",
            "three power levels in conflict",
            &[("v1", 130_955, 13)],
            |seen| seen.conflicted("m.room.power_levels").len() > 2,
        ),
        Shape::new(
            "join-rules-decide",
            "join rules and members in conflict",
            &[("v1", 80163, 8)],
            |seen| {
                let rules = seen.conflicted("m.room.join_rules");
                rules.len() > 1 && seen.conflicted("m.room.member").len() > 1
            },
        ),
        Shape::new(
            "every-kind",
            "power levels, join rules, members and others in conflict",
            &[("v1", 200_219, 20)],
            |seen| {
                let keys = seen.keys();
                let others = keys.iter().filter(|(key, _)| !is_auth_type(&key.0));
                let kinds: BTreeSet<&String> = keys.iter().map(|(key, _)| &key.0).collect();
                others.count() > 0 && kinds.iter().filter(|kind| is_auth_type(kind)).count() == 3
            },
        ),
        Shape::new(
            "second-deepest-member",
            "a member event that the one before it does not allow",
            &[("v1", 80124, 8)],
            |seen| seen.wins(|kind| kind == "m.room.member", |_| 1),
        ),
        Shape::new(
            "second-deepest-power-levels",
            "power levels that the ones before them do not allow",
            &[("v1", 80407, 8)],
            |seen| seen.wins(|kind| kind == "m.room.power_levels", |_| 1),
        ),
        Shape::new(
            "second-deepest-join-rules",
            "join rules that are not allowed",
            &[("v1", 80866, 8)],
            |seen| seen.wins(|kind| kind == "m.room.join_rules", |_| 1),
        ),
        Shape::new(
            "second-deepest-other",
            "another event than these that is not allowed",
            &[("v1", 162_136, 16)],
            |seen| seen.wins(|kind| !is_auth_type(kind), |events| usize::from(events > 2)),
        ),
        Shape::new(
            "third-deepest",
            "two events that are not allowed",
            &[("v1", 220_462, 22)],
            |seen| seen.wins(|_| true, |events| if events > 3 { 2 } else { 0 }),
        ),
        Shape::new(
            "least-deep",
            "none but the least deep is left",
            &[("v1", 90204, 9)],
            |seen| seen.wins(|kind| !is_auth_type(kind), |events| events - 1),
        )
        .ruling("SR-28"),
        Shape::new(
            "one-depth",
            "events of one depth, ordered by a hash of their ids",
            &[("v1", 80591, 8)],
            |seen| seen.keys().len() == 1 && seen.by_depth(&seen.keys()[0].1).is_none(),
        )
        .ruling("SR-28"),
        Shape::new(
            "three-of-one-key",
            "three events of one key",
            &[("v1", 81731, 8)],
            |seen| seen.keys().iter().any(|(_, ids)| ids.len() == 3),
        ),
        Shape::new(
            "four-of-one-key",
            "four events of one key",
            &[("v1", 201_997, 20)],
            |seen| seen.keys().iter().any(|(_, ids)| ids.len() == 4),
        ),
        Shape::new(
            "five-states",
            "five states, each different",
            &[("v1", 201_084, 20)],
            |seen| {
                let states: BTreeSet<_> = seen.room.states.iter().collect();
                states.len() == 5 && seen.keys().len() > 2
            },
        ),
        Shape::new(
            "five-keys",
            "five keys in conflict",
            &[("v1", 132_140, 13)],
            |seen| seen.keys().len() == 5,
        ),
        Shape::new(
            "a-key-that-one-state-lacks",
            "an event that one state has and another lacks is in no conflict",
            &[("v1", 81142, 8)],
            |seen| {
                let lacks = |key: &Key| {
                    seen.room
                        .states
                        .iter()
                        .any(|state| !state.contains_key(key))
                };
                let keys = seen.keys();
                let conflicted = |key: &Key| keys.iter().any(|(other, _)| other == key);
                let mut state = seen.found.state.keys();
                keys.len() > 1 && state.any(|key| lacks(key) && !conflicted(key))
            },
        )
        .ruling("SR-28"),
        Shape::new(
            "no-state-of-them",
            "the result is none of the states",
            &[("v1", 80149, 8)],
            |seen| {
                let states = &seen.room.states;
                states.len() == 2 && !states.contains(&seen.found.state)
            },
        ),
        Shape::new(
            "no-conflict",
            "states that differ only in what one of them lacks",
            &[("v1", 80177, 8)],
            |seen| {
                let states: BTreeSet<_> = seen.room.states.iter().collect();
                states.len() > 1 && seen.found.conflicted.is_empty()
            },
        )
        .ruling("SR-28"),
        Shape::new(
            "algorithms-differ",
            "algorithm 2 would find another state",
            &[("v1", 80131, 8)],
            |seen| seen.differs(|options| options.algorithm = StateResolution::V2),
        )
        .ruling("SR-23")
        .also(Also::V2),
    ]
}
