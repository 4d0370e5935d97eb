//! On generated rooms the replay, the oracle, and the arrival of event after event agree. The long
//! campaign: `ROOMDAG_SEEDS=100 cargo test --release --all-features --test suite agree_on`.

use std::collections::{BTreeMap, BTreeSet};

use roomdag::crypto;
use roomdag::event::Event;
use roomdag::id::EventId;
use roomdag::json::{Mode, Object, Value};
use roomdag::lab::generate::{GeneratedRoom, Preset, Recipe, generate};
use roomdag::limits::Limits;
use roomdag::pdu::Pdu;
use roomdag::replay::{Replay, ReplayOptions, Status};
use roomdag::resolve::Options;
use roomdag::room::{Room, Setup, Standing};
use roomdag::state::StateMap;
use roomdag::testing::Random;
use roomdag::testing::oracle::Oracle;
use roomdag::testing::rooms::named;
use roomdag::version::RoomVersionRules;

use super::{NOW, versions};

/// How many seeds each preset has in each room version; `ROOMDAG_SEEDS` sets another number.
fn seeds() -> u64 {
    let seeds = std::env::var("ROOMDAG_SEEDS").ok();
    seeds.and_then(|seeds| seeds.parse().ok()).unwrap_or(1)
}

/// The rooms of every n-th preset.
fn rooms(share: usize, of: usize, mut look: impl FnMut(&GeneratedRoom, &str)) {
    for preset in Preset::ALL.iter().skip(share).step_by(of) {
        for rules in versions(preset) {
            for seed in 0..seeds() {
                let recipe = preset.recipe(&rules).unwrap();
                let recipe = Recipe {
                    members: 7,
                    servers: 3,
                    events: 90,
                    ..recipe
                };
                let room = generate(&recipe, seed, |_| {}).unwrap();
                let name = format!("{} in version {}, seed {seed}", preset.name, rules.id);
                look(&room, &name);
            }
        }
    }
}

fn events(room: &GeneratedRoom) -> Vec<Event> {
    let limits = Limits::default();
    let verified = room.events.iter().filter_map(|bytes| {
        let pdu = Pdu::parse(bytes, &room.rules, &limits).ok()?;
        crypto::verify(pdu, &room.rules, &room.keys, NOW, &limits).ok()
    });
    verified.collect()
}

/// The events of the room, and those of other rooms with what cites them. Of several copies of an
/// event the replay takes the one that tells most.
fn shared_out(events: Vec<Event>) -> (Vec<Event>, BTreeSet<EventId>) {
    let room_id = events.first().map(|event| event.as_ref().room_id.clone());
    let is_own = |event: &Event| Some(event.as_ref().room_id) == room_id.as_ref();
    let (own, foreign): (Vec<Event>, Vec<Event>) = events.into_iter().partition(is_own);
    let mut foreign: BTreeSet<EventId> = foreign.iter().map(|event| event.id().clone()).collect();
    let cites = |event: &Event| event.auth_events().iter().any(|id| foreign.contains(id));
    let (citing, own): (Vec<Event>, Vec<Event>) = own.into_iter().partition(cites);
    foreign.extend(citing.iter().map(|event| event.id().clone()));
    (own, foreign)
}

/// The events from which everything that they cite, directly or not, is known.
fn whole(events: &BTreeMap<EventId, Event>) -> BTreeSet<EventId> {
    let mut whole: BTreeSet<EventId> = BTreeSet::new();
    loop {
        let ready = events.values().filter(|event| {
            let mut cited = event.auth_events().iter().chain(event.prev_events());
            cited.all(|id| whole.contains(id))
        });
        let ready: BTreeSet<EventId> = ready.map(|event| event.id().clone()).collect();
        if ready == whole {
            return whole;
        }
        whole = ready;
    }
}

fn replay(events: Vec<Event>, rules: &RoomVersionRules) -> Replay {
    Replay::run(events, rules, ReplayOptions::of(rules), |_| {})
}

/// Holds the replay of a room against the definitions.
fn compare_with_oracle(room: &GeneratedRoom, name: &str) {
    let rules: &RoomVersionRules = &room.rules;
    let (own, _) = shared_out(events(room));
    let mut events: BTreeMap<EventId, Event> = BTreeMap::new();
    for event in own {
        // What the definitions say nothing of: several copies, and identifiers that are too long.
        if event.overlong().is_none() {
            events.entry(event.id().clone()).or_insert(event);
        }
    }
    let whole = whole(&events);
    events.retain(|id, _| whole.contains(id));
    let found = replay(events.values().cloned().collect(), rules);
    let options = Options::of(rules);
    let oracle = Oracle {
        events: &events,
        rules,
        options,
    };
    let defined = oracle.replay();
    assert_eq!(found.order().len(), defined.len(), "{name}");
    for (id, judged) in defined {
        let node = found.dag().node(&id).unwrap();
        let accepted = found.verdict(node).unwrap().status() == Status::Accepted;
        assert_eq!(accepted, judged.accepted, "{id}, {name}");
        let state = |state: Option<&StateMap>| named(found.dag(), state.unwrap());
        assert_eq!(
            state(found.state_before(node)),
            judged.before,
            "{id}, {name}"
        );
        assert_eq!(state(found.state_after(node)), judged.after, "{id}, {name}");
    }
}

#[test]
fn replay_and_oracle_agree_on_generated_rooms_1() {
    rooms(0, 2, compare_with_oracle);
}

#[test]
fn replay_and_oracle_agree_on_generated_rooms_2() {
    rooms(1, 2, compare_with_oracle);
}

/// Whether two different events of the room have one id, of which the first to come stays.
fn has_twins(room: &GeneratedRoom) -> bool {
    let mut hashes: BTreeMap<String, String> = BTreeMap::new();
    room.events.iter().any(|bytes| {
        let event = Object::parse(bytes, Mode::Lenient).unwrap_or_default();
        let Some(id) = event.get("event_id").and_then(Value::as_str) else {
            return false;
        };
        let hash = crypto::reference_hash(&event, &room.rules).to_base64();
        let known = hashes.entry(id.to_owned()).or_insert_with(|| hash.clone());
        *known != hash
    })
}

/// Holds what becomes of a room's events that arrive one by one, in three orders, against the
/// replay of all of them.
fn compare_with_arrivals(room: &GeneratedRoom, name: &str) {
    if has_twins(room) {
        return;
    }
    let rules = &room.rules;
    let (own, foreign) = shared_out(events(room));
    let by_id = own.iter().map(|event| (event.id().clone(), event.clone()));
    let whole = whole(&by_id.collect());
    let found = replay(own, rules);
    let id_of = |bytes: &[u8]| {
        let pdu = Pdu::parse(bytes, rules, &Limits::default()).ok()?;
        Some(crypto::event_id(&pdu, rules))
    };
    let lines = room.events.iter();
    let mut lines: Vec<&Vec<u8>> = lines
        .filter(|bytes| id_of(bytes).is_none_or(|id| !foreign.contains(&id)))
        .collect();
    let setup = Setup {
        room_version: Some(rules.id.to_owned()),
        ..Setup::default()
    };
    let mut random = Random::new(1);
    for order in 0..3 {
        let (mut server, _) = Room::open(&room.events[0], &setup, &room.keys, NOW).unwrap();
        for bytes in &lines {
            let _ = server.receive(bytes, &room.keys, NOW);
        }
        for node in found.order() {
            let (dag, id) = (found.dag(), found.dag().id(*node).unwrap());
            let name = format!("{id}, {name}, order {order}");
            let standing = server.standing(id);
            let is_rejected = found.verdict(*node).unwrap().status() == Status::Rejected;
            if !whole.contains(id) {
                // It waits, unless it is to be rejected whatever it waits for.
                let rejected = standing.map(|standing| standing == Standing::Rejected);
                assert!(
                    standing.is_none() || (is_rejected && rejected == Some(true)),
                    "{name}"
                );
                continue;
            }
            assert_eq!(
                standing.map(|s| s == Standing::Rejected),
                Some(is_rejected),
                "{name}"
            );
            let digest = |state: Option<&StateMap>| dag.digest(state.unwrap());
            let before = server.state_before(id).and_then(|state| state.digest());
            assert_eq!(before, digest(found.state_before(*node)), "{name}");
            let after = server.state_after(id).and_then(|state| state.digest());
            assert_eq!(after, digest(found.state_after(*node)), "{name}");
        }
        for end in (1..lines.len()).rev() {
            lines.swap(end, random.below(end + 1));
        }
    }
}

#[test]
fn replay_and_arrival_agree_on_generated_rooms_1() {
    rooms(0, 2, compare_with_arrivals);
}

#[test]
fn replay_and_arrival_agree_on_generated_rooms_2() {
    rooms(1, 2, compare_with_arrivals);
}
