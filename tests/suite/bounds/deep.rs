//! What is deep or long takes no stack.

use roomdag::crypto::{self, KeyRing, Timestamp, content_hash, reference_hash};
use roomdag::event::{Event, HashCheck};
use roomdag::id::EventId;
use roomdag::json::Object;
use roomdag::limits::Limits;
use roomdag::pdu::{Pdu, redact};
use roomdag::resolve::{Options, resolve};
use roomdag::state::StateMap;
use roomdag::testing::rooms::Draft;
use roomdag::version::{CreateReference, CreatorRule, RoomVersionRules, V1, V3, V6, V11, V12};
use roomdag::{Replay, ReplayOptions, RoomDag};

use crate::bounds::{on_a_small_stack, signed, size};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// The bytes of a signed event whose content goes as deep as fits into an event.
fn deepest(event_type: &str, rules: &RoomVersionRules) -> (Object, Vec<u8>, KeyRing) {
    const DEPTH: usize = 32_400;
    let (open, close) = ("[".repeat(DEPTH), "]".repeat(DEPTH));
    let room = "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM";
    let text = format!(
        r#"{{"auth_events":[],"content":{{"membership":{open}{close}}},"depth":5,
            "origin_server_ts":5,"prev_events":["$a"],"room_id":"{room}",
            "sender":"@alice:example.org","state_key":"","type":"{event_type}"}}"#
    );
    let (event, keys) = signed(&text, rules);
    let bytes = event.to_canonical();
    assert!((65_000..=65_536).contains(&bytes.len()), "{}", bytes.len());
    (event, bytes, keys)
}

#[test]
fn the_deepest_event_passes_every_stage() {
    on_a_small_stack(|| {
        for rules in [&V3, &V6, &V11, &V12] {
            for event_type in [
                "m.room.message",
                "m.room.member",
                "m.room.power_levels",
                "m.room.join_rules",
                "m.room.third_party_invite",
            ] {
                let limits = Limits::default();
                let (json, bytes, keys) = deepest(event_type, rules);
                let pdu = Pdu::parse(&bytes, rules, &limits).unwrap();
                let copy = Pdu::from_json(json.clone(), rules, &limits).unwrap();
                assert!(pdu == copy);
                assert!(format!("{copy:?}").len() > 65_000);
                let event = crypto::verify(pdu, rules, &keys, NOW, &limits).unwrap();
                assert_eq!(event.provenance().content_hash, HashCheck::Ok);
                let redacted = redact(&json, rules);
                let id = reference_hash(&redacted, rules);
                assert_eq!(id, reference_hash(&json, rules));
                assert_ne!(content_hash(&redacted), content_hash(&Object::new()));
            }
        }
    });
}

/// A room's beginning, and a line of state events of one key, each by permission of the one before.
struct Line {
    events: Vec<Event>,
    create: EventId,
    /// The creator's join, unless it is the line that her membership is in.
    join: Option<EventId>,
    first: EventId,
    last: EventId,
}

const JOIN: &str = r#"{"membership":"join"}"#;

impl Line {
    /// Her power levels, or her own membership, so many times.
    fn new(event_type: &str, len: usize, rules: &RoomVersionRules) -> Self {
        let creators_are_above = rules.auth.creator == CreatorRule::SenderAndAdditional;
        let create_is_cited = rules.auth.create_reference == CreateReference::Required;
        let id = |name: &str| EventId::from_trusted(format!("${name}"));
        let mut events = Vec::with_capacity(len + 2);
        let mut put = |name: &str, what: (&str, &str, &str), cited: &[&EventId]| {
            let (event_type, state_key, content) = what;
            let at = i64::try_from(events.len()).unwrap() + 1;
            let prev: Option<&Event> = events.last();
            let draft = Draft {
                id: name,
                event_type,
                state_key: Some(state_key),
                sender: "@alice:a",
                content,
                origin_server_ts: at,
                depth: at,
                prev_events: prev.map(|event| event.id().clone()).into_iter().collect(),
                auth_events: cited.iter().copied().cloned().collect(),
            };
            events.push(draft.event(rules));
        };
        let (create, join) = (id("create"), id("join"));
        let cited: Vec<&EventId> = [&create].into_iter().filter(|_| create_is_cited).collect();
        put(
            "create",
            ("m.room.create", "", r#"{"creator":"@alice:a"}"#),
            &[],
        );
        put("join", ("m.room.member", "@alice:a", JOIN), &cited);
        let (key, content) = match (event_type, creators_are_above) {
            ("m.room.member", _) => ("@alice:a", JOIN),
            (_, true) => ("", "{}"),
            (_, false) => ("", r#"{"users":{"@alice:a":100}}"#),
        };
        let is_member = event_type == "m.room.member";
        let mut last = None;
        for at in 0..len {
            let name = format!("{at:07}");
            let replaced = last.as_ref().filter(|_| is_member).unwrap_or(&join);
            let levels = last.as_ref().filter(|_| !is_member);
            let cited: Vec<&EventId> = cited
                .iter()
                .copied()
                .chain([replaced])
                .chain(levels)
                .collect();
            put(&name, (event_type, key, content), &cited);
            last = Some(id(&name));
        }
        Self {
            events,
            create,
            join: (!is_member).then_some(join),
            first: id(&format!("{:07}", 0)),
            last: last.unwrap(),
        }
    }

    fn dag(&self) -> RoomDag {
        let mut dag = RoomDag::new();
        for event in &self.events {
            dag.insert(event.clone()).unwrap();
        }
        dag
    }

    /// The state after the beginning and one event of the line.
    fn state(&self, dag: &RoomDag, id: &EventId) -> StateMap {
        let entries = [&self.create, id].into_iter().chain(&self.join).map(|id| {
            let node = dag.node(id).unwrap();
            (dag.key(node).unwrap(), node)
        });
        entries.collect()
    }
}

/// ```text
/// create ─ join ─ 0 ─ 1 ─ 2 ─ … ─ n      one state holds 0, the other n; all lies between them
/// ```
#[test]
fn a_resolution_over_a_long_auth_chain_takes_no_stack() {
    let len = size(20_000, 1_000_000);
    for event_type in ["m.room.power_levels", "m.room.member"] {
        for rules in [&V1, &V11, &V12] {
            let line = Line::new(event_type, len, rules);
            on_a_small_stack(move || {
                let dag = line.dag();
                let states = [&line.first, &line.last].map(|id| line.state(&dag, id));
                let resolution = resolve(&dag, &states, rules, &Options::of(rules)).unwrap();
                let ends = [&line.first, &line.last].map(|id| dag.node(id).unwrap());
                let held = resolution.state.get(dag.key(ends[0]).unwrap());
                assert_eq!(held, Some(ends[1]), "{event_type}, version {}", rules.id);
                if rules.state_resolution != V1.state_resolution {
                    assert_eq!(resolution.trace.full_conflicted.len(), len);
                }
                drop((resolution, states, dag, line));
            });
        }
    }
}

#[test]
fn a_replay_of_a_long_room_takes_no_stack() {
    let len = size(50_000, 1_000_000);
    let line = Line::new("m.room.member", len, &V11);
    on_a_small_stack(move || {
        // The last first, so that all the others are waited for.
        let events = line.events.into_iter().rev();
        let replay = Replay::run(events, &V11, ReplayOptions::of(&V11), |_| {});
        assert_eq!(replay.order().len(), len + 2);
        assert_eq!(replay.rejected().count(), 0);
        let last = replay.dag().node(&line.last).unwrap();
        assert_eq!(replay.extremities(), [last]);
    });
}
