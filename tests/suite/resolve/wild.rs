//! Graphs that no room of honest servers has, see `src/testing/drawn/wild.rs`: they come in any
//! order, and up to 130 states hold any of their events.

use roomdag::dag::RoomDag;
use roomdag::event::Event;
use roomdag::resolve::{MissingEvents, Options, resolve};
use roomdag::state::StateMap;
use roomdag::testing::Random;
use roomdag::testing::drawn;
use roomdag::testing::oracle::{Oracle, State};
use roomdag::testing::rooms::found;

use crate::resolve::{KINDS, options};

/// The graph of the events, which come in random order and with questions in between.
fn graph<'a>(random: &mut Random, events: impl Iterator<Item = &'a Event>) -> RoomDag {
    let mut dag = RoomDag::new();
    let mut left: Vec<&Event> = events.collect();
    while !left.is_empty() {
        let node = dag.insert(left.swap_remove(random.below(left.len())).clone());
        if random.chance(20) {
            let known: Vec<_> = dag.events().collect();
            let other = *random.pick(&known).unwrap();
            let _ = (
                dag.generation(other),
                dag.common_power_levels(node.unwrap(), other),
            );
        }
    }
    dag
}

#[test]
fn graphs_that_nobody_honest_made_resolve_as_the_definitions_say() {
    let mut random = Random::new(7);
    for round in 0..120 {
        for (rules, reading) in KINDS.into_iter().skip(1) {
            let count = if round % 5 == 0 {
                65 + random.below(66)
            } else {
                3
            };
            let room = drawn::wild(&mut random, 60, count, rules);
            let mut dag = graph(&mut random, room.events.values());
            let mut map = |state: &State| -> StateMap {
                let entries = state.iter().map(|((event_type, state_key), id)| {
                    let key = dag.keys_mut().intern(event_type, state_key);
                    (key, dag.node(id).unwrap())
                });
                entries.collect()
            };
            let maps: Vec<StateMap> = room.states.iter().map(&mut map).collect();
            let options = Options {
                missing: MissingEvents::Absent,
                ..options(rules, reading)
            };
            let resolution = resolve(&dag, &maps, rules, &options).unwrap();
            let defined = Oracle {
                events: &room.events,
                rules,
                options,
            }
            .resolve(&room.states);
            assert_eq!(
                found(&dag, &resolution),
                defined,
                "round {round}, version {}, {reading:?}",
                rules.id
            );
        }
    }
}
