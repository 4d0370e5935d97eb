//! Generated rooms: that they are what they promise to be, everywhere the same, and that the
//! engine's doors agree on them.

mod agreement;
mod promises;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use roomdag::crypto::{self, Timestamp};
use roomdag::event::Event;
use roomdag::json::{Mode, Object, Value};
use roomdag::lab::generate::{Deed, GeneratedRoom, Preset, Recipe, RecipeError, generate};
use roomdag::limits::Limits;
use roomdag::pdu::Pdu;
use roomdag::replay::{Arrival, Replay, ReplayOptions, Status};
use roomdag::version::{RoomVersionRules, RoomVersions, V6, V7, V11, V12};
use sha2::{Digest, Sha256};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A generated room, and what becomes of its events in the order of arrival.
struct Generated {
    room: GeneratedRoom,
    replay: Replay,
    /// The events that passed checks 1 to 3.
    events: Vec<Event>,
    malformed: usize,
    wrongly_signed: usize,
}

impl Generated {
    fn new(recipe: &Recipe, seed: u64) -> Self {
        let room = generate(recipe, seed, |_| {}).unwrap();
        let rules = &room.rules;
        let (mut events, mut malformed, mut wrongly_signed) = (Vec::new(), 0, 0);
        for bytes in &room.events {
            match Pdu::parse(bytes, rules, &Limits::default()) {
                Ok(pdu) => match crypto::verify(pdu, rules, &room.keys, NOW, &Limits::default()) {
                    Ok(event) => events.push(event),
                    Err(_) => wrongly_signed += 1,
                },
                Err(_) => malformed += 1,
            }
        }
        let options = ReplayOptions {
            arrival: Arrival::InOrder,
            ..ReplayOptions::of(rules)
        };
        let replay = Replay::run(events.clone(), rules, options, |_| {});
        Self {
            room,
            replay,
            events,
            malformed,
            wrongly_signed,
        }
    }

    /// The room of a preset, with some members fewer.
    fn of(preset: &Preset, rules: &RoomVersionRules, seed: u64) -> Self {
        let recipe = preset.recipe(rules).unwrap();
        let recipe = Recipe {
            members: 9,
            ..recipe
        };
        Self::new(&recipe, seed)
    }

    fn count(&self, status: Status) -> usize {
        let verdicts = self.replay.order().iter();
        let verdicts = verdicts.filter_map(|node| self.replay.verdict(*node));
        verdicts
            .filter(|verdict| verdict.status() == status)
            .count()
    }

    /// The accepted events of a type, as JSON.
    fn accepted(&self, event_type: &str) -> Vec<Object> {
        let rules = &self.room.rules;
        let is_accepted = |json: &Object| {
            let pdu = Pdu::from_json(json.clone(), rules, &Limits::default()).ok()?;
            let node = self.replay.dag().node(crypto::event_id(&pdu, rules))?;
            let verdict = self.replay.verdict(node)?;
            (verdict.status() == Status::Accepted).then_some(())
        };
        let all = self.room.events.iter();
        let all = all.filter_map(|bytes| Object::parse(bytes, Mode::Lenient).ok());
        all.filter(|json| json.get("type").and_then(Value::as_str) == Some(event_type))
            .filter(|json| is_accepted(json).is_some())
            .collect()
    }

    /// The names of the rules by which events were rejected.
    fn rejections(&self) -> BTreeSet<&'static str> {
        let rejected = self.replay.rejected();
        let verdicts = rejected.filter_map(|node| self.replay.verdict(node));
        verdicts
            .filter_map(|verdict| Some(verdict.objection()?.rule.name()))
            .collect()
    }

    /// How many events follow states of which one has another event for some key than what
    /// resolution made of them.
    fn decided_conflicts(&self) -> usize {
        let (replay, dag) = (&self.replay, self.replay.dag());
        let is_decided = |node| {
            let Some(before) = replay.state_before(node) else {
                return false;
            };
            let mut after = dag
                .prev_events(node)
                .filter_map(|prev| replay.state_after(prev));
            after.any(|state| {
                state
                    .iter()
                    .any(|(key, event)| before.get(key).is_some_and(|won| won != event))
            })
        };
        replay
            .order()
            .iter()
            .filter(|node| is_decided(**node))
            .count()
    }

    fn most_prev_events(&self) -> usize {
        let prev = self.events.iter().map(|event| event.prev_events().len());
        prev.max().unwrap_or_default()
    }
}

/// The versions in which a preset makes sense.
fn versions(preset: &Preset) -> Vec<RoomVersionRules> {
    let versions = RoomVersions::stable();
    let versions = versions.iter().filter(|rules| preset.recipe(rules).is_ok());
    versions.copied().collect()
}

fn digest(room: &GeneratedRoom) -> String {
    let mut hasher = Sha256::new();
    for bytes in room.events.iter().chain(&room.left_out) {
        hasher.update(bytes);
        hasher.update(b"\n");
    }
    hasher.update(room.server_keys.to_canonical());
    let digest = hasher.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_same_seed_makes_the_same_bytes_everywhere() {
    let golden = include_str!("../data/generated.txt");
    let mut made = String::new();
    for (number, preset) in Preset::ALL.iter().enumerate() {
        let versions = versions(preset);
        let rules = &versions[number * 5 % versions.len()];
        let seed = u64::try_from(number).unwrap();
        let room = generate(&preset.recipe(rules).unwrap(), seed, |_| {}).unwrap();
        let digest = digest(&room);
        writeln!(made, "{} {} {seed} {digest}", preset.name, rules.id).unwrap();
    }
    assert_eq!(
        made, golden,
        "the rooms of a seed are others than they were"
    );
}

#[test]
fn other_seeds_make_other_rooms() {
    let recipe = Preset::named("calm").unwrap().recipe(&V12).unwrap();
    let digests = (0..20).map(|seed| digest(&generate(&recipe, seed, |_| {}).unwrap()));
    assert_eq!(digests.collect::<BTreeSet<_>>().len(), 20);
}

#[test]
fn a_room_has_as_many_events_as_were_asked_for() {
    for preset in Preset::ALL {
        for events in [1, 7, 60] {
            let mut recipe = preset.recipe(&V11).unwrap();
            recipe.events = events;
            let room = generate(&recipe, 3, |_| {}).unwrap();
            let made = room.events.len() + room.left_out.len();
            assert_eq!(made, events, "{}", preset.name);
        }
    }
}

#[test]
fn progress_is_told_up_to_the_end() {
    let recipe = Preset::named("calm").unwrap().recipe(&V12).unwrap();
    let mut last = 0;
    generate(&recipe, 0, |done| {
        assert!(done >= last);
        last = done;
    })
    .unwrap();
    assert_eq!(last, recipe.events);
}

#[test]
fn what_a_room_version_does_not_know_is_refused() {
    let impossible = |name: &str, rules| Preset::named(name).unwrap().recipe(rules);
    let error = |what, room_version| Err(RecipeError::Impossible { what, room_version });
    assert_eq!(impossible("knocks", &V6), error("knocks", "6"));
    assert_eq!(impossible("restricted", &V7), error("restricted", "7"));

    let mut recipe = Preset::named("calm").unwrap().recipe(&V6).unwrap();
    recipe.weights.insert(Deed::Knock, 1);
    assert_eq!(recipe.check(), error("knock", "6").map(|_: Recipe| ()));
}

#[test]
fn numbers_that_make_no_room_are_refused() {
    let recipe = Preset::named("calm").unwrap().recipe(&V12).unwrap();
    let change = |change: &dyn Fn(&mut Recipe)| {
        let mut recipe = recipe.clone();
        change(&mut recipe);
        generate(&recipe, 0, |_| {}).map(|_| ()).unwrap_err()
    };
    let out_of_range = |error, name| match error {
        RecipeError::OutOfRange { what, .. } => what == name,
        _ => false,
    };
    assert!(out_of_range(change(&|r| r.members = 3), "members"));
    assert!(out_of_range(change(&|r| r.servers = 0), "servers"));
    assert!(out_of_range(change(&|r| r.events = 0), "events"));
    assert!(out_of_range(change(&|r| r.branches = 21), "branches"));
    assert!(out_of_range(change(&|r| r.forks = 101), "forks"));
    assert_eq!(change(&|r| r.weights.clear()), RecipeError::NothingHappens);
}

#[test]
fn deeds_and_presets_are_found_by_name() {
    for deed in Deed::ALL {
        assert_eq!(deed.name().parse(), Ok(*deed));
        assert!(deed.about().ends_with('.'));
    }
    for preset in Preset::ALL {
        assert_eq!(Preset::named(preset.name), Ok(preset));
    }
    let unknown = RecipeError::UnknownPreset { name: "x".into() };
    assert_eq!(Preset::named("x"), Err(unknown));
    let unknown = RecipeError::UnknownDeed { name: "x".into() };
    assert_eq!("x".parse::<Deed>(), Err(unknown));
}

#[test]
fn every_deed_is_done_in_some_room() {
    let mut done: BTreeMap<Deed, usize> = BTreeMap::new();
    for preset in Preset::ALL {
        let room = generate(&preset.recipe(&V12).unwrap(), 1, |_| {}).unwrap();
        for (deed, count) in room.done {
            *done.entry(deed).or_default() += count;
        }
    }
    for deed in Deed::ALL {
        assert!(
            done.get(deed).is_some_and(|count| *count > 5),
            "{deed}: {done:?}"
        );
    }
}
