//! `receive/random.json`: random rooms, signed, whose events arrive in some orders; what becomes of
//! them is what the oracle says of all of them together.

use std::collections::BTreeMap;

use roomdag::crypto::unverified;
use roomdag::event::Event;
use roomdag::id::EventId;
use roomdag::limits::Limits;
use roomdag::pdu::Pdu;
use roomdag::resolve::Options;
use roomdag::testing::Random;
use roomdag::testing::oracle::{Judged, Oracle};
use roomdag::testing::plain::{self, Object};
use roomdag::testing::rooms::Disagreement;
use roomdag::version::{RoomVersionRules, RoomVersions};
use serde_json::{Value, json};

use crate::vectors::generated::receive::world::{self, sign};
use crate::vectors::generated::receive::{CHECKS, PLAYED};
use crate::vectors::generated::writer::{Json, list, object};

/// The seeds of rooms that are worth a look, and how many steps are taken in making one.
const SEEDS: [u64; 3] = [198, 1065, 1102];
const SEEDS_OF_12: [u64; 3] = [693, 699, 772];
const SIZE: usize = 24;

/// A room whose events are complete: what is cited first.
struct Signed {
    seed: u64,
    pdus: Vec<(EventId, Object)>,
    judged: BTreeMap<EventId, Judged>,
}

pub(super) fn file() -> String {
    let mut given = object! {};
    let mut cases: Vec<Json> = Vec::new();
    for version in PLAYED {
        let rules = RoomVersions::stable_rules(&version.to_string()).unwrap();
        let seeds = if version < 12 { SEEDS } else { SEEDS_OF_12 };
        for room in seeds.map(|seed| signed(seed, version, rules)) {
            assert!(is_worth_a_look(&room), "seed {}", room.seed);
            for (number, (_, pdu)) in room.pdus.iter().enumerate() {
                let event = Json::from(&Value::from(pdu.clone()));
                given = given.with(&name(version, room.seed, number), event);
            }
            for order in ["in order", "backwards", "in some order"] {
                cases.push(case(version, &room, order));
            }
        }
    }
    object! {
        "about" => "Random rooms whose events come from the past in some orders. Whether an event \
                    is accepted depends on its ancestors alone.",
        "question" => "receive",
        "generated" => "receive",
        "given" => given,
        "input" => object! { "server_keys" => world::server_keys(&["a", "b", "c"]) },
        "cases" => cases,
    }
    .file()
}

fn name(version: u8, seed: u64, number: usize) -> String {
    format!("room {seed}, event {number}, version {version}")
}

/// Some events are rejected, more are not, and some states had to be resolved.
fn is_worth_a_look(room: &Signed) -> bool {
    let accepted = room
        .judged
        .values()
        .filter(|judged| judged.accepted)
        .count();
    let merges = |(_, pdu): &&(EventId, Object)| pdu["prev_events"].as_array().unwrap().len() > 1;
    let merges = room.pdus.iter().filter(merges).count();
    let rejected = room.judged.len() - accepted;
    (12..=18).contains(&room.judged.len()) && rejected > 2 && accepted > 8 && merges > 1
}

fn signed(seed: u64, version: u8, rules: &RoomVersionRules) -> Signed {
    let room = Disagreement::random(seed, SIZE, rules);
    let mut ids: BTreeMap<&EventId, EventId> = BTreeMap::new();
    let mut pdus: Vec<(EventId, Object)> = Vec::new();
    let mut events: BTreeMap<EventId, Event> = BTreeMap::new();
    while pdus.len() < room.events.len() {
        let next = room.events.values().find(|event| {
            let mut cited = event.prev_events().iter().chain(event.auth_events());
            !ids.contains_key(event.id()) && cited.all(|id| ids.contains_key(id))
        });
        let event = next.unwrap();
        let content = &room.contents[event.id()];
        let pdu = pdu(event, content, &pdus, &ids, version);
        let id = EventId::from_trusted(plain::event_id(&pdu, version));
        let text = plain::canonical_json(&pdu.clone().into());
        let parsed = Pdu::parse(text.as_bytes(), rules, &Limits::default()).unwrap();
        events.insert(id.clone(), unverified(parsed, rules));
        pdus.push((id.clone(), pdu));
        ids.insert(event.id(), id);
    }
    let oracle = Oracle {
        events: &events,
        rules,
        options: Options::of(rules),
    };
    let judged = oracle.replay();
    Signed { seed, pdus, judged }
}

/// The event as it comes over federation, with the ids that those before it have got.
fn pdu(
    event: &Event,
    content: &str,
    before: &[(EventId, Object)],
    ids: &BTreeMap<&EventId, EventId>,
    version: u8,
) -> Object {
    let parts = event.as_ref();
    let reference = |id: &EventId| {
        let id = &ids[id];
        if version > 2 {
            return Value::from(id.as_str());
        }
        let (_, cited) = before.iter().find(|(other, _)| other == id).unwrap();
        json!([id.as_str(), {"sha256": plain::reference_hash(cited, version)}])
    };
    let (_, server) = parts.sender.as_str().split_once(':').unwrap();
    let mut json = json!({
        "type": parts.event_type,
        "state_key": parts.state_key.unwrap(),
        "sender": parts.sender.as_str(),
        "content": serde_json::from_str::<Value>(content).unwrap(),
        "origin_server_ts": parts.origin_server_ts,
        "depth": parts.depth,
        "prev_events": event.prev_events().iter().map(reference).collect::<Vec<_>>(),
        "auth_events": event.auth_events().iter().map(reference).collect::<Vec<_>>(),
    });
    if version < 3 {
        json["event_id"] = format!("{}:{server}", event.id().as_str()).into();
    }
    if version < 12 {
        json["room_id"] = "!room:a".into();
    } else if let Some((create, _)) = before.first() {
        json["room_id"] = create.as_str().replacen('$', "!", 1).into();
    }
    let json = json.as_object().unwrap().clone();
    sign(plain::hashed(json), version, server)
}

fn case(version: u8, room: &Signed, order: &str) -> Json {
    let mut numbers: Vec<usize> = (1..room.pdus.len()).collect();
    match order {
        "backwards" => numbers.reverse(),
        "in some order" => {
            let mut random = Random::new(room.seed);
            let mut drawn: Vec<(usize, usize)> = Vec::new();
            for number in numbers {
                drawn.push((random.below(1 << 20), number));
            }
            drawn.sort_unstable();
            numbers = drawn.into_iter().map(|(_, number)| number).collect();
        }
        _ => {}
    }
    let name = |number: usize| name(version, room.seed, number);
    let steps = numbers.into_iter();
    let steps = steps.map(|number| object! { "backfill" => name(number) });
    let mut verdicts = object! {};
    for (id, _) in &room.pdus {
        let accepted = room.judged[id].accepted;
        verdicts = verdicts.with(id.as_str(), if accepted { "accepted" } else { "rejected" });
    }
    object! {
        "id" => format!("room {}, {order}, version {version}", room.seed),
        "room_versions" => list![version.to_string()],
        "spec" => CHECKS,
        "input" => object! { "create" => name(0), "steps" => steps.collect::<Vec<_>>() },
        "expect" => object! { "verdicts" => verdicts },
    }
}
