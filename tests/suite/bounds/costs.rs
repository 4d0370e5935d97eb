//! How costs grow where somebody makes them grow: each family of rooms at four sizes, each twice
//! the one before, by counted steps.

use std::time::{Duration, Instant};

use roomdag::crypto::{KeyRing, SignatureError, Timestamp, Validity, hash_and_sign_event, verify};
use roomdag::effort::{Step, counted};
use roomdag::id::{EventId, KeyId, ServerName};
use roomdag::json::{Object, Value};
use roomdag::limits::Limits;
use roomdag::pdu::Pdu;
use roomdag::resolve::{Options, resolve};
use roomdag::state::StateMap;
use roomdag::testing::rooms::Draft;
use roomdag::testing::workload::{Shape, Workload};
use roomdag::version::{RoomVersionRules, V2, V11, V12};
use roomdag::{RoomDag, SigningKey};

use crate::bounds::size;

/// What twice the size may cost, where the cost is near to linear.
const TWICE: f64 = 2.3;

/// Asserts that no doubling from `smallest` on costs more than it may.
#[track_caller]
fn doubles(smallest: usize, cost: impl Fn(usize) -> u64) {
    let costs: Vec<f64> = [1, 2, 4, 8]
        .map(|times| cost(smallest * times) as f64)
        .to_vec();
    for pair in costs.windows(2) {
        let ratio = pair[1] / pair[0];
        assert!(ratio <= TWICE, "{ratio:.2}: {costs:?}");
    }
}

fn resolving(dag: &RoomDag, states: &[StateMap], rules: &RoomVersionRules) -> u64 {
    let options = Options::of(rules);
    let (resolution, effort) = counted(|| resolve(dag, states, rules, &options).unwrap());
    assert!(!resolution.trace.full_conflicted.is_empty());
    effort.total()
}

/// Ten chains, each event of which cites the last of all ten: no two are comparable, and there are
/// ten times as many ways down at each step.
#[test]
fn ten_chains_that_all_cite_each_other_cost_their_edges() {
    for rules in [&V11, &V12] {
        let ladder = |rungs| Workload::new(Shape::Ladder(rungs), rules);
        doubles(10, |rungs| {
            let room = ladder(rungs);
            resolving(&room.dag, &room.states, rules)
        });
        // What is kept is what was cited, and no more.
        let room = ladder(40);
        let cited = room.events.iter().map(|event| event.auth_events().len());
        assert_eq!(room.dag.auth_graph().edge_count(), cited.sum::<usize>());
    }
}

/// A room put together event by event.
struct Sketch<'a> {
    rules: &'a RoomVersionRules,
    dag: RoomDag,
    begin: Vec<EventId>,
    at: usize,
}

const ALICE: &str = "@alice:a";

impl<'a> Sketch<'a> {
    fn new(rules: &'a RoomVersionRules) -> Self {
        let dag = RoomDag::new();
        let mut sketch = Self {
            rules,
            dag,
            begin: Vec::new(),
            at: 0,
        };
        let create = sketch.put("m.room.create", "", r#"{"creator":"@alice:a"}"#, &[]);
        if rules.id != V12.id {
            sketch.begin.push(create);
        }
        let join = sketch.put("m.room.member", ALICE, r#"{"membership":"join"}"#, &[]);
        sketch.begin.push(join);
        sketch
    }

    /// A state event of Alice's, by permission of the beginning and of what else is cited.
    fn put(&mut self, event_type: &str, key: &str, content: &str, cited: &[&EventId]) -> EventId {
        let name = if self.at == 0 {
            "create".to_owned()
        } else {
            format!("{:07}", self.at)
        };
        self.at += 1;
        let at = i64::try_from(self.at).unwrap();
        let event = Draft {
            id: &name,
            event_type,
            state_key: Some(key),
            sender: ALICE,
            content,
            origin_server_ts: at,
            depth: at,
            prev_events: Vec::new(),
            auth_events: self
                .begin
                .iter()
                .chain(cited.iter().copied())
                .cloned()
                .collect(),
        }
        .event(self.rules);
        self.dag.insert(event.clone()).unwrap();
        event.id().clone()
    }

    fn levels(&mut self, before: Option<&EventId>) -> EventId {
        // In version 12 the creator is above the levels, and they may not name her.
        let users = if self.rules.id == V12.id {
            "{}"
        } else {
            r#"{"@alice:a":100}"#
        };
        let cited: Vec<&EventId> = before.into_iter().collect();
        self.put(
            "m.room.power_levels",
            "",
            &format!(r#"{{"users":{users}}}"#),
            &cited,
        )
    }

    fn state<'e>(&self, events: impl IntoIterator<Item = &'e EventId>) -> StateMap {
        let create = EventId::from_trusted("$create");
        let begin = self.begin.iter().filter(|id| **id != create);
        let ids = begin.cloned().chain(events.into_iter().cloned());
        let entries = ids.chain([create.clone()]).map(|id| {
            let node = self.dag.node(&id).unwrap();
            (self.dag.key(node).unwrap(), node)
        });
        entries.collect()
    }
}

/// That many power levels in a line, and twice as many conflicted events that rest on any of them.
fn mainline(len: usize, rules: &RoomVersionRules) -> u64 {
    let mut sketch = Sketch::new(rules);
    let mut levels = vec![sketch.levels(None)];
    for at in 1..len {
        let next = sketch.levels(Some(&levels[at - 1]));
        levels.push(next);
    }
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for at in 0..len {
        let (key, below) = (at.to_string(), levels[at * 7_919 % len].clone());
        one.push(sketch.put("org.example.x", &key, "{}", &[&below]));
        two.push(sketch.put("org.example.x", &key, "{}", &[&levels[at]]));
    }
    let last = levels.last().unwrap();
    let states = [&one, &two].map(|events| sketch.state(events.iter().chain([last])));
    resolving(&sketch.dag, &states, rules)
}

#[test]
fn conflicted_events_on_a_long_mainline_do_not_each_walk_it() {
    for rules in [&V2, &V11, &V12] {
        doubles(size(200, 1_250), |len| mainline(len, rules));
    }
}

/// The cost of resolving two topics, both of which rest on the first of that many power levels in a
/// line, and two names, which rest on the last. That many events cite each name.
fn old_and_young(rules: &RoomVersionRules, len: usize, citing: usize, with_topics: bool) -> u64 {
    let mut sketch = Sketch::new(rules);
    let first = sketch.levels(None);
    let topics = [(); 2].map(|()| sketch.put("m.room.topic", "", "{}", &[&first]));
    let mut last = first;
    for _ in 1..len {
        last = sketch.levels(Some(&last));
    }
    let names = [(); 2].map(|()| sketch.put("m.room.name", "", "{}", &[&last]));
    for at in 0..citing {
        sketch.put(
            "org.example.x",
            &at.to_string(),
            "{}",
            &[&names[0], &names[1]],
        );
    }
    let states = [0, 1].map(|side| {
        let topic = Some(&topics[side]).filter(|_| with_topics);
        sketch.state(topic.into_iter().chain([&names[side], &last]))
    });
    resolving(&sketch.dag, &states, rules)
}

#[test]
fn what_is_older_than_the_conflict_is_not_walked() {
    let cost = |len| old_and_young(&V12, len, 40, false);
    assert!(cost(800) <= cost(50) * 3 / 2, "{} {}", cost(800), cost(50));
}

#[test]
fn between_conflicted_events_that_nothing_cites_the_subgraph_is_not_walked_for() {
    let [without, with] = [&V11, &V12].map(|rules| old_and_young(rules, 800, 0, true));
    assert!(with <= without * 11 / 10, "{with} {without}");
}

#[test]
fn states_that_are_one_cost_nothing() {
    let (dag, states) = members(30, &V12);
    let twice = [states[0].clone(), states[0].clone()];
    let options = Options::of(&V12);
    let (resolution, effort) = counted(|| resolve(&dag, &twice, &V12, &options).unwrap());
    assert!(resolution.state.same(&states[0]));
    assert_eq!(effort.total(), 0);
}

/// Eight states, in which that many members each have one of two events.
fn members(count: usize, rules: &RoomVersionRules) -> (RoomDag, Vec<StateMap>) {
    let mut sketch = Sketch::new(rules);
    let levels = sketch.levels(None);
    let rule = sketch.put(
        "m.room.join_rules",
        "",
        r#"{"join_rule":"public"}"#,
        &[&levels],
    );
    let mut versions = Vec::new();
    for at in 0..count {
        let user = format!("@user{at}:b");
        let invite = r#"{"membership":"invite"}"#;
        let one = sketch.put("m.room.member", &user, invite, &[&levels, &rule]);
        let ban = r#"{"membership":"ban"}"#;
        let two = sketch.put("m.room.member", &user, ban, &[&levels, &one]);
        versions.push([one, two]);
    }
    let states = (0..8).map(|set| {
        let chosen = versions
            .iter()
            .enumerate()
            .map(|(at, pair)| &pair[at >> set & 1]);
        sketch.state(chosen.chain([&levels, &rule]))
    });
    let states = states.collect();
    (sketch.dag, states)
}

#[test]
fn eight_states_of_conflicted_members_cost_the_members() {
    for rules in [&V2, &V11, &V12] {
        doubles(size(100, 695), |count| {
            let (dag, states) = members(count, rules);
            resolving(&dag, &states, rules)
        });
    }
}

/// Fifty milliseconds, where the library is optimised.
#[test]
fn thousands_of_conflicted_members_are_resolved_at_once() {
    let limit = Duration::from_millis(if cfg!(debug_assertions) { 10_000 } else { 50 });
    for rules in [&V11, &V12] {
        let (dag, states) = members(5_562, rules);
        let times = (0..5).map(|_| {
            let start = Instant::now();
            let resolution = resolve(&dag, &states, rules, &Options::of(rules)).unwrap();
            assert!(resolution.trace.full_conflicted.len() >= 5_562);
            start.elapsed()
        });
        let best = times.min().unwrap();
        println!("version {}: {best:?}", rules.id);
        assert!(best <= limit, "{best:?}");
    }
}

#[test]
fn more_states_cost_what_is_in_them() {
    for rules in [&V11, &V12] {
        doubles(4, |ways| {
            let room = Workload::new(Shape::Ways(ways), rules);
            resolving(&room.dag, &room.states, rules)
        });
    }
}

/// Admins who ban and demote each other, moderators and users beside them: whatever they do, each
/// of their events is checked once.
#[test]
fn a_duel_costs_its_events_and_checks_each_once() {
    for rules in [&V11, &V12] {
        let duel = |steps| Workload::new(Shape::Duel(steps), rules);
        doubles(10, |steps| {
            let room = duel(steps);
            resolving(&room.dag, &room.states, rules)
        });
        let room = duel(80);
        let options = Options::of(rules);
        let (resolution, effort) =
            counted(|| resolve(&room.dag, &room.states, rules, &options).unwrap());
        let full = resolution.trace.full_conflicted.len() as u64;
        assert!(
            effort.of(Step::Check) <= full,
            "{} checks",
            effort.of(Step::Check)
        );
    }
}

fn key(id: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(KeyId::parse(id).unwrap(), &[seed; 32]).unwrap()
}

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// An event with a right signature of its sender's server by each of ten keys, with wrong ones of
/// so many other servers, and the keys of all.
fn crowd(servers: usize) -> (Object, KeyRing) {
    let text = r#"{"auth_events":[],"content":{},"depth":5,"origin_server_ts":5,
        "prev_events":["$a"],"room_id":"!r:x","sender":"@alice:a.example","type":"m.room.message"}"#;
    let mut event = Object::parse(text.as_bytes(), V11.canonical_json).unwrap();
    let mut keys = KeyRing::new();
    let mut know = |server: &str, key: &SigningKey| {
        let (server, id) = (ServerName::parse(server).unwrap(), key.key_id().clone());
        keys.insert(server, id, key.verify_key(), Validity::Forever)
            .unwrap();
    };
    for number in 0..10 {
        let key = key(&format!("ed25519:{number}"), 1);
        hash_and_sign_event(&mut event, &V11, "a.example", &key);
        know("a.example", &key);
    }
    let wrong = key("ed25519:1", 7).sign(b"something else").to_base64();
    let signatures = event
        .get_mut("signatures")
        .and_then(Value::as_object_mut)
        .unwrap();
    for number in 0..servers {
        let server = format!("s{number:03}.example");
        know(&server, &key("ed25519:1", 7));
        let of_server = Object::from_iter([("ed25519:1", wrong.as_str())]);
        signatures.insert(server, of_server);
    }
    (event, keys)
}

#[test]
fn only_the_signatures_that_an_event_must_have_are_verified_and_few_of_them() {
    let limits = Limits::default();
    let verified = |servers: usize| {
        let (event, keys) = crowd(servers);
        let pdu = Pdu::from_json(event, &V11, &limits).unwrap();
        let (found, effort) = counted(|| verify(pdu, &V11, &keys, NOW, &limits));
        assert!(found.is_ok(), "{found:?}");
        effort.of(Step::Signature)
    };
    assert_eq!([verified(0), verified(400)], [8, 8]);

    // One that is looked at and wrong still decides; one beyond the eighth does not.
    for (spoilt, expected) in [("ed25519:7", false), ("ed25519:8", true)] {
        let (mut event, keys) = crowd(1);
        let wrong = key("ed25519:1", 7).sign(b"something else").to_base64();
        let signatures = event.get_mut("signatures").and_then(Value::as_object_mut);
        let own = signatures
            .unwrap()
            .get_mut("a.example")
            .and_then(Value::as_object_mut);
        own.unwrap().insert(spoilt, wrong);
        let pdu = Pdu::from_json(event, &V11, &limits).unwrap();
        let found = verify(pdu, &V11, &keys, NOW, &limits);
        assert_eq!(found.is_ok(), expected, "{spoilt}");
        if let Err(error) = found {
            assert!(matches!(error.errors[..], [SignatureError::Invalid { .. }]));
        }
    }
}
