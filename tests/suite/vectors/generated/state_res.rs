//! `state-res/generated`: random rooms, each with something that makes it worth a look, and what
//! the oracle makes of them.

mod shapes;

use std::collections::{BTreeMap, BTreeSet};

use roomdag::event::Event;
use roomdag::id::EventId;
use roomdag::resolve::{AuthDifference, Options, Position};
use roomdag::testing::oracle::{Found, Oracle};
use roomdag::testing::rooms::{Disagreement, Draft};
use roomdag::version::{RoomVersionRules, RoomVersions, StateResolution};

use crate::vectors::generated::writer::{Json, list, object};
use crate::vectors::generated::{grouped, in_words, listed, page};
use shapes::{Also, Seen, Shape, shapes};

/// An algorithm: its folder, the room versions that have it, and that of which the rooms are made.
struct Algorithm {
    folder: &'static str,
    versions: std::ops::RangeInclusive<u8>,
    base: u8,
}

const ALGORITHMS: [Algorithm; 3] = [
    Algorithm {
        folder: "v1",
        versions: 1..=1,
        base: 1,
    },
    Algorithm {
        folder: "v2",
        versions: 2..=11,
        base: 10,
    },
    Algorithm {
        folder: "v2.1",
        versions: 12..=12,
        base: 12,
    },
];

fn rules(version: u8) -> &'static RoomVersionRules {
    RoomVersions::stable_rules(&version.to_string()).unwrap()
}

/// All files, by their paths.
pub(super) fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for shape in shapes() {
        for room in shape.rooms {
            let path = format!("state-res/generated/{}/{}.json", room.0, shape.name);
            files.push((path, file(*room, &shape)));
        }
    }
    files
}

fn file((folder, seed, size): (&str, u64, usize), shape: &Shape) -> String {
    let mut algorithms = ALGORITHMS.iter();
    let algorithm = algorithms.find(|known| known.folder == folder).unwrap();
    let base = rules(algorithm.base);
    let room = Disagreement::random(seed, size, base);
    let found = resolved(&room, base, Options::of(base));
    let view = Seen {
        room: &room,
        found: &found,
        rules: base,
    };
    assert!((shape.holds)(&view), "{folder}/{}", shape.name);

    let answered = |options: fn(Options) -> Options| {
        grouped(algorithm.versions.clone(), |version| {
            let rules = rules(version);
            let options = options(Options::of(rules));
            expect(&resolved(&room, rules, options), options)
        })
    };
    let mut cases = Vec::new();
    for (versions, expect) in answered(|options| options) {
        let id = format!("{}, {}", shape.id, in_words(&versions));
        cases.push(case(id, &versions, shape.ruling).with("expect", expect));
    }
    if let Some(also) = shape.also {
        for (versions, expect) in answered(also.change()) {
            let id = format!("{}, {}, {}", shape.id, also.in_words(), in_words(&versions));
            let input = object! { "options" => also.options() };
            let case = case(id, &versions, Some(also.ruling()));
            cases.push(case.with("input", input).with("expect", expect));
        }
    }
    object! {
        "about" => "A random room; the answers are those of the definitions, written out over sets.",
        "question" => "resolve",
        "generated" => format!("state-res, seed {seed}"),
        "input" => object! { "events" => events(&room), "states" => states(&room) },
        "cases" => cases,
    }
    .file()
}

fn case(id: String, versions: &[u8], ruling: Option<&str>) -> Json {
    let case = object! {
        "id" => id,
        "room_versions" => listed(versions),
        "spec" => page(*versions.last().unwrap(), "state-resolution"),
    };
    case.with_some("ruling", ruling)
}

impl Also {
    fn change(self) -> fn(Options) -> Options {
        match self {
            Self::Exclusive => |options| Options {
                auth_difference: AuthDifference::Exclusive,
                ..options
            },
            Self::V2 => |options| Options {
                algorithm: StateResolution::V2,
                ..options
            },
            Self::V21 => |options| Options {
                algorithm: StateResolution::V2_1,
                ..options
            },
        }
    }

    fn options(self) -> Json {
        match self {
            Self::Exclusive => object! { "auth_difference" => "exclusive" },
            Self::V2 => object! { "algorithm" => "v2" },
            Self::V21 => object! { "algorithm" => "v2.1" },
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::Exclusive => "state events left out of their chains",
            Self::V2 => "by algorithm 2",
            Self::V21 => "by algorithm 2.1",
        }
    }

    fn ruling(self) -> &'static str {
        match self {
            Self::Exclusive => "SR-01",
            Self::V2 | Self::V21 => "SR-23",
        }
    }
}

/// What the oracle makes of the room, as one of that version.
fn resolved(room: &Disagreement, rules: &RoomVersionRules, options: Options) -> Found {
    let events = room.events.values().map(|event| {
        let parts = event.as_ref();
        let draft = Draft {
            id: event.id().as_str().trim_start_matches('$'),
            event_type: parts.event_type,
            state_key: parts.state_key,
            sender: parts.sender.as_str(),
            content: &room.contents[event.id()],
            origin_server_ts: parts.origin_server_ts,
            depth: parts.depth,
            prev_events: event.prev_events().to_vec(),
            auth_events: event.auth_events().to_vec(),
        };
        (event.id().clone(), draft.event(rules))
    });
    let events: BTreeMap<EventId, Event> = events.collect();
    let oracle = Oracle {
        events: &events,
        rules,
        options,
    };
    oracle.resolve(&room.states)
}

fn expect(found: &Found, options: Options) -> Json {
    let state = found.state.iter();
    let state = state.map(|((t, k), id)| list![t.as_str(), k.as_str(), id.as_str()]);
    let expect = object! {
        "state" => state.collect::<Vec<_>>(),
        "conflicted" => ids(&found.conflicted),
    };
    if options.algorithm == StateResolution::V1 {
        return expect;
    }
    let full = [&found.conflicted, &found.auth_difference, &found.subgraph];
    let full: BTreeSet<&EventId> = full.into_iter().flatten().collect();
    let order = found.mainline_order.iter().map(|(id, position)| {
        let position = match position {
            Position::At(steps) => i64::from(*steps).into(),
            Position::Infinite => Json::Token("null".to_owned()),
        };
        list![id.as_str(), position]
    });
    let checks = found.checks.iter();
    let checks = checks.map(|(id, admitted)| list![id.as_str(), *admitted]);
    expect
        .with("full_conflicted", ids(full))
        .with("power_order", ids(&found.power_order))
        .with("mainline", ids(&found.mainline))
        .with("mainline_order", order.collect::<Vec<_>>())
        .with("checks", checks.collect::<Vec<_>>())
}

fn ids<'a>(ids: impl IntoIterator<Item = &'a EventId>) -> Json {
    ids.into_iter()
        .map(EventId::as_str)
        .collect::<Vec<_>>()
        .into()
}

/// The events, what is cited first.
fn events(room: &Disagreement) -> Json {
    let mut written: Vec<&EventId> = Vec::new();
    while written.len() < room.events.len() {
        let next = room.events.values().find(|event| {
            let mut cited = event.prev_events().iter().chain(event.auth_events());
            !written.contains(&event.id()) && cited.all(|id| written.contains(&id))
        });
        written.push(next.unwrap().id());
    }
    let events = written.into_iter().map(|id| {
        let event = &room.events[id];
        let parts = event.as_ref();
        let mut content: serde_json::Value = serde_json::from_str(&room.contents[id]).unwrap();
        if let Some(version) = content.get_mut("room_version") {
            *version = "{room_version}".into();
        }
        object! {
            "id" => id.as_str(),
            "type" => parts.event_type,
            "state_key" => parts.state_key.unwrap(),
            "sender" => parts.sender.as_str(),
            "content" => &content,
            "ts" => parts.origin_server_ts,
            "depth" => parts.depth,
            "prev" => ids(event.prev_events()),
            "auth" => ids(event.auth_events()),
        }
    });
    events.collect::<Vec<_>>().into()
}

fn states(room: &Disagreement) -> Json {
    let states = room.states.iter();
    states
        .map(|state| ids(state.values()))
        .collect::<Vec<_>>()
        .into()
}
