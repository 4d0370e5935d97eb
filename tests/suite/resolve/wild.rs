//! Graphs that no room of honest servers has: events cite whatever there is, messages among it and
//! one key twice, come in any order, and up to 130 states hold any of them.

use roomdag::dag::RoomDag;
use roomdag::event::Event;
use roomdag::id::EventId;
use roomdag::resolve::{MissingEvents, Options, resolve};
use roomdag::state::StateMap;
use roomdag::testing::Random;
use roomdag::testing::oracle::{Oracle, State};
use roomdag::testing::rooms::{Disagreement, Draft};
use roomdag::version::RoomVersionRules;

use crate::resolve::{KINDS, found, options};

/// A random room with as many events again on top, which cite at random.
fn events(random: &mut Random, rules: &RoomVersionRules) -> Vec<Event> {
    let room = Disagreement::random(random.bits(), 10 + random.below(40), rules);
    let mut ids: Vec<EventId> = room.events.keys().cloned().collect();
    let mut events: Vec<Event> = room.events.into_values().collect();
    for number in 0..10 + random.below(40) {
        let users = ["@alice:a", "@bob:a", "@carol:b"];
        let (sender, target) = (users[random.below(3)], users[random.below(3)]);
        let levels = format!(r#"{{"users":{{"@bob:a":{}}}}}"#, random.below(100));
        let (event_type, state_key, content) = match random.below(8) {
            0 | 1 => ("m.room.power_levels", Some(""), levels.as_str()),
            2 => ("m.room.member", Some(target), r#"{"membership":"ban"}"#),
            3 => ("m.room.member", Some(sender), r#"{"membership":"join"}"#),
            4 => ("m.room.join_rules", Some(""), r#"{"join_rule":"public"}"#),
            5 => ("org.example", Some("x"), "{}"),
            _ => ("m.room.message", None, "{}"),
        };
        let mut auth_events: Vec<EventId> = (0..random.below(5))
            .map(|_| random.pick(&ids).unwrap().clone())
            .collect();
        auth_events.extend(ids.last().filter(|_| random.chance(50)).cloned());
        let event = Draft {
            id: &format!("{:02}w{number:02}", random.below(90)),
            event_type,
            state_key,
            sender,
            content,
            origin_server_ts: i64::try_from(random.below(6)).unwrap(),
            depth: i64::try_from(random.below(8)).unwrap(),
            prev_events: Vec::new(),
            auth_events,
        }
        .event(rules);
        ids.push(event.id().clone());
        events.push(event);
    }
    events
}

/// States that hold up to three of the events each where they differ, or nothing for their keys.
fn states(random: &mut Random, events: &[Event], count: usize) -> Vec<State> {
    let keyed = events.iter().filter_map(|event| {
        let parts = event.as_ref();
        let key = (parts.event_type.to_owned(), parts.state_key?.to_owned());
        Some((key, event.id().clone()))
    });
    let keyed: Vec<_> = keyed.collect();
    let base: State = keyed.iter().take(8).cloned().collect();
    let state = |_| {
        let mut state = base.clone();
        for _ in 0..random.below(4) {
            let (key, id) = random.pick(&keyed).unwrap().clone();
            if random.chance(15) {
                state.remove(&key);
            } else {
                state.insert(key, id);
            }
        }
        state
    };
    (0..count).map(state).collect()
}

/// The graph of the events, which come in random order and with questions in between.
fn graph(random: &mut Random, events: &[Event]) -> RoomDag {
    let mut dag = RoomDag::new();
    let mut left: Vec<&Event> = events.iter().collect();
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
            let events = events(&mut random, rules);
            let count = if round % 5 == 0 {
                65 + random.below(66)
            } else {
                3
            };
            let states = states(&mut random, &events, count);
            let mut dag = graph(&mut random, &events);
            let mut map = |state: &State| -> StateMap {
                let entries = state.iter().map(|((event_type, state_key), id)| {
                    let key = dag.keys_mut().intern(event_type, state_key);
                    (key, dag.node(id).unwrap())
                });
                entries.collect()
            };
            let maps: Vec<StateMap> = states.iter().map(&mut map).collect();
            let options = Options {
                missing: MissingEvents::Absent,
                ..options(rules, reading)
            };
            let resolution = resolve(&dag, &maps, rules, &options).unwrap();
            let defined = Oracle {
                events: &events.iter().map(|e| (e.id().clone(), e.clone())).collect(),
                rules,
                options,
            }
            .resolve(&states);
            let found = found(&dag, &resolution);
            assert_eq!(
                found, defined,
                "round {round}, version {}, {reading:?}",
                rules.id
            );
        }
    }
}
