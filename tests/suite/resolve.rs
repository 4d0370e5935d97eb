//! State resolution: the engine against the definitions, and the laws that both must obey.

mod realistic;
mod wild;

use std::collections::BTreeMap;

use proptest::prelude::*;
use roomdag::dag::RoomDag;
use roomdag::id::EventId;
use roomdag::resolve::{AuthDifference, Options, Position, ResolveError, SenderPower, resolve};
use roomdag::state::StateMap;
use roomdag::testing::Random;
use roomdag::testing::oracle::{Found, Oracle};
use roomdag::testing::rooms::{Disagreement, Draft, found, named};
use roomdag::testing::workload::{Shape, Workload};
use roomdag::version::{RoomVersionRules, V1, V2, V6, V11, V12};

/// The resolutions that are held against the oracle: a room version and a reading of SR-01.
const KINDS: [(&RoomVersionRules, AuthDifference); 6] = [
    (&V1, AuthDifference::Inclusive),
    (&V2, AuthDifference::Inclusive),
    (&V11, AuthDifference::Inclusive),
    (&V12, AuthDifference::Inclusive),
    (&V6, AuthDifference::Exclusive),
    (&V12, AuthDifference::Exclusive),
];

#[test]
fn the_wording_of_errors() {
    let missing = ResolveError::Missing {
        events: ["$b", "$c"].map(EventId::from_trusted).into(),
    };
    assert_eq!(
        missing.to_string(),
        "2 auth events are missing, the first of them `$b`"
    );
    let other = ResolveError::NotAStateEvent {
        event_type: "m.room.topic".into(),
        state_key: "".into(),
    };
    assert_eq!(
        other.to_string(),
        "the state's entry for (`m.room.topic`, ``) is not such an event"
    );
}

/// Alice's level is no level; Bob has none and is of level 0 by default.
#[test]
fn a_level_that_cannot_be_read_ranks_as_level_0_and_the_trace_says_so() {
    let mut dag = RoomDag::new();
    let mut put = |id: &str, event_type: &str, sender: &str, content: &str, cited: &[&str]| {
        let draft = Draft {
            id,
            event_type,
            state_key: Some(if event_type == "m.room.member" {
                sender
            } else {
                ""
            }),
            sender,
            content,
            origin_server_ts: 1,
            depth: 1,
            prev_events: Vec::new(),
            auth_events: cited.iter().map(|id| EventId::from_trusted(*id)).collect(),
        };
        dag.insert(draft.event(&V6)).unwrap();
    };
    let join = r#"{"membership":"join"}"#;
    put(
        "create",
        "m.room.create",
        "@alice:a",
        r#"{"creator":"@alice:a"}"#,
        &[],
    );
    put("alice", "m.room.member", "@alice:a", join, &["$create"]);
    put("bob", "m.room.member", "@bob:a", join, &["$create"]);
    let levels = r#"{"users":{"@alice:a":[]},"state_default":0}"#;
    put(
        "levels",
        "m.room.power_levels",
        "@alice:a",
        levels,
        &["$create", "$alice"],
    );
    let public = r#"{"join_rule":"public"}"#;
    for (id, sender, member) in [("a", "@alice:a", "$alice"), ("b", "@bob:a", "$bob")] {
        put(
            id,
            "m.room.join_rules",
            sender,
            public,
            &["$create", "$levels", member],
        );
    }
    let state = |rule: &'static str| {
        let ids = ["$create", "$alice", "$bob", "$levels", rule].into_iter();
        let nodes = ids.map(|id| dag.node(id).unwrap());
        nodes
            .map(|node| (dag.key(node).unwrap(), node))
            .collect::<StateMap>()
    };
    let states = [state("$a"), state("$b")];
    let resolution = resolve(&dag, &states, &V6, &Options::of(&V6)).unwrap();
    let level = SenderPower::Level(0.into());
    let ranked = resolution.trace.power_order.iter().map(|(node, key)| {
        assert_eq!(key.power.0, level);
        (dag.id(*node).unwrap().as_str(), key.is_unreadable)
    });
    assert_eq!(ranked.collect::<Vec<_>>(), [("$a", true), ("$b", false)]);
}

fn options(rules: &RoomVersionRules, auth_difference: AuthDifference) -> Options {
    Options {
        auth_difference,
        ..Options::of(rules)
    }
}

/// What the engine found, in the oracle's terms.
fn engine(room: &Disagreement, rules: &RoomVersionRules, options: Options) -> Found {
    let (dag, maps) = room.to_dag();
    found(&dag, &resolve(&dag, &maps, rules, &options).unwrap())
}

fn oracle(room: &Disagreement, rules: &RoomVersionRules, options: Options) -> Found {
    Oracle {
        events: &room.events,
        rules,
        options,
    }
    .resolve(&room.states)
}

/// How many random rooms each of the six kinds of resolution is tried on; `ROOMDAG_ROOMS` sets
/// another number. A million conflicts and more, with the count of them:
/// `ROOMDAG_ROOMS=300000 cargo test --release --all-features --test suite equals_the_oracle --
/// --nocapture`.
fn rooms() -> u64 {
    std::env::var("ROOMDAG_ROOMS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(2_000)
}

#[test]
fn the_engine_equals_the_oracle_on_random_rooms() {
    let mut conflicts = 0;
    let mut at_some_position = 0;
    for seed in 0..rooms() {
        for (kind, (rules, reading)) in KINDS.into_iter().enumerate() {
            let size = 10 + usize::try_from(seed % 50).unwrap();
            let room = Disagreement::random(seed * 6 + kind as u64, size, rules);
            let options = options(rules, reading);
            let (found, defined) = (engine(&room, rules, options), oracle(&room, rules, options));
            assert_eq!(
                found, defined,
                "seed {seed}, room version {}, {reading:?}",
                rules.id
            );
            conflicts += u64::from(!found.conflicted.is_empty());
            at_some_position += u64::from(
                found
                    .mainline_order
                    .iter()
                    .any(|(_, p)| matches!(p, Position::At(1..))),
            );
        }
    }
    println!(
        "{} rooms equal the oracle: {conflicts} in conflict, {at_some_position} with a mainline",
        rooms() * KINDS.len() as u64
    );
    // The rooms must be worth the comparison.
    assert!(
        conflicts > rooms() * 2,
        "only {conflicts} rooms were in conflict"
    );
    assert!(
        at_some_position > rooms() / 4,
        "only {at_some_position} rooms used their mainline"
    );
}

/// More states than a word has bits, each patched together from those of a random room.
#[test]
fn seventy_states_resolve_as_the_definitions_say() {
    for (kind, (rules, reading)) in KINDS.into_iter().enumerate() {
        for seed in 0..40 {
            let mut room = Disagreement::random(seed * 6 + kind as u64, 40, rules);
            let mut random = Random::new(seed);
            let states = room.states.clone();
            room.states = (0..70)
                .map(|_| {
                    let mut state = random.pick(&states).unwrap().clone();
                    let other = random.pick(&states).unwrap().clone();
                    state.extend(other.into_iter().filter(|_| random.chance(20)));
                    state.retain(|_, _| random.chance(95));
                    state
                })
                .collect();
            let options = options(rules, reading);
            let (found, defined) = (engine(&room, rules, options), oracle(&room, rules, options));
            assert_eq!(found, defined, "seed {seed}, version {}", rules.id);
        }
    }
}

/// The rooms that are measured are larger than random ones, and look like those of real servers.
#[test]
fn rooms_to_be_measured_resolve_as_the_definitions_say() {
    let shapes = [
        Shape::Tip(40),
        Shape::Mainline(60),
        Shape::Duel(30),
        Shape::Storm(150),
        Shape::Ladder(6),
    ];
    for (rules, reading) in KINDS.into_iter().skip(1) {
        for shape in shapes {
            let made = Workload::new(shape, rules);
            assert!(made.events.len() > 40 && made.states.len() > 1);
            let states = made.states.iter().map(|state| named(&made.dag, state));
            let events = made.events.iter();
            let room = Disagreement {
                events: events.map(|e| (e.id().clone(), e.clone())).collect(),
                contents: BTreeMap::new(),
                states: states.collect(),
            };
            let options = options(rules, reading);
            let (found, defined) = (engine(&room, rules, options), oracle(&room, rules, options));
            assert_eq!(found, defined, "{}, {reading:?}", made.name());
        }
    }
}

proptest! {
    /// The specification resolves a set of states, so their order and number is noise.
    #[test]
    fn the_order_of_states_and_their_repetition_do_not_matter(
        seed in any::<u64>(), turn in 0_usize..5, kind in 0..KINDS.len()
    ) {
        let (rules, reading) = KINDS[kind];
        let options = options(rules, reading);
        let mut room = Disagreement::random(seed, 40, rules);
        let before = engine(&room, rules, options);
        let turn = turn % room.states.len();
        room.states.rotate_left(turn);
        room.states.push(room.states[0].clone());
        let (dag, maps) = room.to_dag();
        let after = resolve(&dag, &maps, rules, &options).unwrap();
        prop_assert_eq!(before.state, named(&dag, &after.state));
    }

    /// Adding the result to the states, or resolving it alone, changes nothing for a single state.
    #[test]
    fn one_state_resolves_to_itself(seed in any::<u64>(), kind in 0..KINDS.len()) {
        let (rules, reading) = KINDS[kind];
        let mut room = Disagreement::random(seed, 40, rules);
        room.states.truncate(1);
        let found = engine(&room, rules, options(rules, reading));
        prop_assert_eq!(&found.state, &room.states[0]);
    }

    /// Only what the states are matters, not how the maps came to be.
    #[test]
    fn maps_built_apart_resolve_as_maps_that_share(seed in any::<u64>(), kind in 0..KINDS.len()) {
        let (rules, reading) = KINDS[kind];
        let options = options(rules, reading);
        let room = Disagreement::random(seed, 40, rules);
        let (dag, maps) = room.to_dag();
        let apart: Vec<StateMap> = maps.iter().map(|map| map.iter().collect()).collect();
        let (a, b) = (resolve(&dag, &maps, rules, &options), resolve(&dag, &apart, rules, &options));
        prop_assert_eq!(a.unwrap(), b.unwrap());
    }
}

#[test]
fn no_states_resolve_to_the_empty_state() {
    for (rules, reading) in KINDS {
        let found = resolve(&RoomDag::new(), &[], rules, &options(rules, reading)).unwrap();
        assert_eq!(found.state.len(), 0);
    }
}
