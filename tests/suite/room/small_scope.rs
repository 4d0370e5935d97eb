//! Small scope, exhaustively: every shape that a few events can have, in every order in which they
//! can arrive.
//!
//! A room is set up, and then n events are sent, numbered so that each follows some of the earlier
//! ones: any of the 2ᵏ − 1 non-empty sets of the k that there are, the end of the set-up counted as
//! one. With the set-up as the first of six events that makes 1 · 3 · 7 · 15 · 31 = 9,765 shapes,
//! which have 65,208 linear extensions between them. What the events say is fixed by the cast; each
//! cites what auth events selection names where it stands.
//!
//! Up to five events in every test run; six, in release, with
//! `ROOMDAG_SCOPE=6 cargo test --release --all-features --test suite small_scope`.

use std::collections::BTreeMap;

use roomdag::crypto;
use roomdag::event::Event;
use roomdag::id::EventId;
use roomdag::replay::{Replay, ReplayOptions, Status};
use roomdag::resolve::Options;
use roomdag::room::{Room, Standing};
use roomdag::state::{StateDigest, StateMap};
use roomdag::testing::oracle::{Oracle, State};
use roomdag::testing::rooms::named;
use roomdag::version::{RoomIdFormat, RoomVersionRules, V1, V2, V10, V12};

use crate::room::support::{ALICE, BOB, EVE, JOIN_RULES, LEVELS, MEMBER, Scribe, TOPIC, Told};

/// How many events there are, the set-up counted as one; `ROOMDAG_SCOPE` sets another number.
fn scope() -> usize {
    let scope = std::env::var("ROOMDAG_SCOPE").ok();
    scope.and_then(|scope| scope.parse().ok()).unwrap_or(5)
}

/// What the events say: sender, type, state key, content.
type Cast = [(&'static str, &'static str, &'static str, &'static str); 5];

const BAN: &str = r#"{"membership":"ban"}"#;
const JOIN: &str = r#"{"membership":"join"}"#;
const KICK: &str = r#"{"membership":"leave"}"#;
const INVITE: &str = r#"{"membership":"invite"}"#;
const DEMOTED: &str = r#"{"users":{"@bob:theirs.example":0},"events":{"m.room.topic":50}}"#;
const PROMOTED: &str =
    r#"{"users":{"@bob:theirs.example":50,"@eve:evil.example":50},"events":{"m.room.topic":0}}"#;
const CLOSED: &str = r#"{"join_rule":"invite"}"#;
const OPEN: &str = r#"{"join_rule":"public"}"#;

/// The creator bans a moderator, who does things meanwhile.
const BANNED: Cast = [
    (BOB, TOPIC, "", r#"{"topic":"one"}"#),
    (ALICE, MEMBER, BOB, BAN),
    (BOB, MEMBER, EVE, BAN),
    (BOB, TOPIC, "", r#"{"topic":"two"}"#),
    (
        EVE,
        MEMBER,
        EVE,
        r#"{"membership":"join","displayname":"E"}"#,
    ),
];

/// Power is taken and given at the same time.
const LEVELLED: Cast = [
    (ALICE, LEVELS, "", DEMOTED),
    (BOB, LEVELS, "", PROMOTED),
    (EVE, TOPIC, "", r#"{"topic":"mine"}"#),
    (ALICE, LEVELS, "", PROMOTED),
    (BOB, MEMBER, EVE, KICK),
];

/// A room is closed and opened while somebody comes and goes.
const CLOSING: Cast = [
    (EVE, MEMBER, EVE, KICK),
    (ALICE, JOIN_RULES, "", CLOSED),
    (EVE, MEMBER, EVE, JOIN),
    (BOB, JOIN_RULES, "", OPEN),
    (ALICE, MEMBER, EVE, INVITE),
];

/// A member is kicked, banned, pardoned, and joins again.
const BACK_AND_FORTH: Cast = [
    (BOB, MEMBER, EVE, KICK),
    (ALICE, MEMBER, EVE, BAN),
    (EVE, MEMBER, EVE, JOIN),
    (BOB, MEMBER, EVE, KICK),
    (EVE, "m.room.message", "-", r#"{"body":"here"}"#),
];

/// All kinds of power events, each against the next.
const MIXED: Cast = [
    (ALICE, LEVELS, "", DEMOTED),
    (BOB, JOIN_RULES, "", CLOSED),
    (ALICE, MEMBER, BOB, BAN),
    (BOB, MEMBER, BOB, JOIN),
    (BOB, MEMBER, BOB, KICK),
];

/// A room whose state is made by the events themselves: it has but a create event.
const FOUNDING: Cast = [
    (ALICE, MEMBER, ALICE, JOIN),
    (ALICE, LEVELS, "", DEMOTED),
    (ALICE, JOIN_RULES, "", OPEN),
    (BOB, MEMBER, BOB, JOIN),
    (ALICE, MEMBER, BOB, BAN),
];

/// What came of it.
#[derive(Debug, Default)]
struct Found {
    shapes: usize,
    arrivals: usize,
    soft_failing: usize,
    rejected: usize,
    conflicts: usize,
}

fn explore(cast: &Cast, rules: &RoomVersionRules, is_founded: bool) -> Found {
    let scribe = if is_founded {
        Scribe::new(rules)
    } else {
        Scribe::founded(rules, "{}")
    };
    let root = scribe.room.extremities();
    let base = scribe.copy();
    let mut search = Search {
        cast,
        count: scope().min(6) - 1,
        base,
        scribe,
        nodes: root,
        found: Found::default(),
    };
    search.grow();
    search.found
}

/// The shapes, one after the other.
struct Search<'a> {
    cast: &'a Cast,
    /// How many events the cast sends.
    count: usize,
    /// The room as it is set up.
    base: Room,
    scribe: Scribe,
    /// The end of the set-up, and the events so far.
    nodes: Vec<EventId>,
    found: Found,
}

impl Search<'_> {
    /// Adds an event after every set of those that there are.
    fn grow(&mut self) {
        let number = self.nodes.len() - 1;
        if number == self.count {
            self.arrive();
            return;
        }
        let (sender, event_type, state_key, content) = self.cast[number];
        let content = self.completed(event_type, content);
        let told = match state_key {
            "-" => Told::message(sender),
            key => Told::state(sender, event_type, key, &content),
        };
        for set in 1..(1_usize << self.nodes.len()) {
            let chosen = (0..self.nodes.len()).filter(|at| set & (1 << at) != 0);
            let prev: Vec<EventId> = chosen.map(|at| self.nodes[at].clone()).collect();
            let room = self.scribe.room.clone();
            let id = self.scribe.write(&told, &prev);
            self.nodes.push(id.clone());
            self.grow();
            self.nodes.pop();
            self.scribe.room = room;
            self.scribe.events.remove(&id);
            self.scribe.order.pop();
        }
    }

    /// The creator is among the users with a level wherever she can be.
    fn completed(&self, event_type: &str, content: &str) -> String {
        let is_listed = self.scribe.rules.room_id != RoomIdFormat::CreateHash;
        if event_type == LEVELS && is_listed {
            let creator = format!(r#"{{"users":{{"{ALICE}":100,"#);
            return content.replace(r#"{"users":{"#, &creator);
        }
        content.to_owned()
    }

    /// Receives a whole shape in every order that it allows.
    fn arrive(&mut self) {
        self.found.shapes += 1;
        let known = Known::of(&self.scribe);
        self.found.rejected += known.rejected;
        self.found.conflicts += known.conflicts;
        let mut events: Vec<(EventId, Vec<EventId>)> = Vec::new();
        for id in &self.nodes[1..] {
            let prev = self.scribe.events[id].pdu().prev_events().to_vec();
            events.push((id.clone(), prev));
        }
        let room = self.base.clone();
        self.extend(&known, &events, &room, 0);
    }

    /// Receives, after those in the set `arrived`, each event of which all that it follows is there.
    fn extend(
        &mut self,
        known: &Known,
        events: &[(EventId, Vec<EventId>)],
        room: &Room,
        arrived: usize,
    ) {
        if arrived == (1 << events.len()) - 1 {
            known.compare(room, &mut self.found);
            self.found.arrivals += 1;
            return;
        }
        let is_there = |id: &EventId| {
            let at = events.iter().position(|(event, _)| event == id);
            at.is_none_or(|at| arrived & (1 << at) != 0)
        };
        for (at, (id, prev)) in events.iter().enumerate() {
            if arrived & (1 << at) == 0 && prev.iter().all(is_there) {
                let mut room = room.clone();
                let _ = self.scribe.feed(&mut room, id);
                self.extend(known, events, &room, arrived | (1 << at));
            }
        }
    }
}

/// What the replay of a shape says, and the oracle with it.
struct Known {
    events: BTreeMap<EventId, (bool, StateDigest, StateDigest)>,
    tips: Vec<EventId>,
    current: StateDigest,
    rejected: usize,
    conflicts: usize,
}

impl Known {
    fn of(scribe: &Scribe) -> Self {
        let rules = &scribe.rules;
        let all = scribe
            .order
            .iter()
            .map(|id| scribe.events[id].pdu().clone());
        let all: Vec<Event> = all.map(|pdu| crypto::unverified(pdu, rules)).collect();
        let replay = Replay::run(all.clone(), rules, ReplayOptions::of(rules), |_| {});
        let events: BTreeMap<EventId, Event> = all
            .into_iter()
            .map(|event| (event.id().clone(), event))
            .collect();
        let oracle = Oracle {
            events: &events,
            rules,
            options: Options::of(rules),
        };
        let dag = replay.dag();
        let digest = |state: Option<&StateMap>| dag.digest(state.unwrap()).unwrap();
        let mut known = Self {
            events: BTreeMap::new(),
            tips: Vec::new(),
            current: digest(Some(&replay.current_state().unwrap().state)),
            rejected: replay.rejected().count(),
            conflicts: 0,
        };
        known.tips.extend(
            replay
                .extremities()
                .iter()
                .map(|tip| dag.id(*tip).unwrap().clone()),
        );
        let defined = oracle.replay();
        assert_eq!(defined.len(), replay.order().len());
        for (id, judged) in &defined {
            let node = dag.node(id).unwrap();
            let accepted = replay.verdict(node).unwrap().status() == Status::Accepted;
            let (before, after) = (replay.state_before(node), replay.state_after(node));
            assert_eq!(accepted, judged.accepted, "{id}");
            assert_eq!(named(dag, before.unwrap()), judged.before, "{id}");
            assert_eq!(named(dag, after.unwrap()), judged.after, "{id}");
            known
                .events
                .insert(id.clone(), (!accepted, digest(before), digest(after)));
            let states = events[id]
                .prev_events()
                .iter()
                .map(|prev| &defined[prev].after);
            let states: Vec<&State> = states.collect();
            known.conflicts += usize::from(states.windows(2).any(|pair| pair[0] != pair[1]));
        }
        known
    }

    /// Holds a room that has received all of it against it.
    fn compare(&self, room: &Room, found: &mut Found) {
        let mut has_soft_failed = false;
        for (id, (rejected, before, after)) in &self.events {
            let standing = room.standing(id).unwrap();
            assert_eq!(standing == Standing::Rejected, *rejected, "{id}");
            has_soft_failed |= standing == Standing::SoftFailed;
            let digest = room.state_before(id).unwrap().digest();
            assert_eq!(digest.as_ref(), Some(before), "{id}");
            let digest = room.state_after(id).unwrap().digest();
            assert_eq!(digest.as_ref(), Some(after), "{id}");
        }
        if has_soft_failed {
            found.soft_failing += 1;
            return;
        }
        assert_eq!(room.extremities(), self.tips);
        let current = room.current_state().unwrap().digest();
        assert_eq!(current.as_ref(), Some(&self.current));
    }
}

/// All shapes and orders of a cast, in a version of each algorithm and of each form of references.
fn explore_all(cast: &Cast, is_founded: bool) {
    for rules in [&V1, &V2, &V10, &V12] {
        let found = explore(cast, rules, is_founded);
        println!("version {}: {found:?}", rules.id);
        let (shapes, arrivals) = match scope() {
            3 => (3, 4),
            4 => (21, 44),
            5 => (315, 1_144),
            _ => (9_765, 65_208),
        };
        assert_eq!((found.shapes, found.arrivals), (shapes, arrivals));
        // The cast must be worth it.
        assert!(found.rejected > 0 && found.conflicts > 0, "{found:?}");
        assert!(found.soft_failing < found.arrivals, "{found:?}");
    }
}

#[test]
fn in_small_scope_a_ban_is_the_same_to_everybody() {
    explore_all(&BANNED, true);
}

#[test]
fn in_small_scope_levels_are_the_same_to_everybody() {
    explore_all(&LEVELLED, true);
}

#[test]
fn in_small_scope_join_rules_are_the_same_to_everybody() {
    explore_all(&CLOSING, true);
}

#[test]
fn in_small_scope_memberships_are_the_same_to_everybody() {
    explore_all(&BACK_AND_FORTH, true);
}

#[test]
fn in_small_scope_power_events_are_the_same_to_everybody() {
    explore_all(&MIXED, true);
}

#[test]
fn in_small_scope_a_founding_is_the_same_to_everybody() {
    explore_all(&FOUNDING, false);
}
