//! `receive`: small rooms whose events arrive one by one. What becomes of each is written down by
//! hand; what is generated are the events, with their hashes, ids and signatures.

mod arrival;
mod claims;
mod early;
mod play;
mod policy;
mod random;
mod redactions;
mod rules;
mod soft;
mod world;

use crate::vectors::generated::page;
use crate::vectors::generated::writer::{Json, object};
use play::Scene;
use world::World;

/// The versions that are played: with ids that servers choose, with ids that are hashes, and with
/// a room id that is one.
const PLAYED: [u8; 3] = [1, 10, 12];

/// A file: its name, what it is about, its events, and what happens in a room of some version.
type File = (&'static str, &'static str, Events, Scenes);
type Events = fn(&mut World);
type Scenes = fn(&World) -> Vec<Scene>;

const FILES: [File; 9] = [
    (
        "format",
        "Check 1: what is no event of the room version is dropped.",
        early::format_events,
        early::format,
    ),
    (
        "signatures",
        "Check 2: what is not signed as it must be is dropped.",
        early::signature_events,
        early::signatures,
    ),
    (
        "hashes",
        "Check 3: what was altered goes on in its redacted form.",
        early::hash_events,
        early::hashes,
    ),
    (
        "auth-events",
        "Check 4: what its own auth events do not allow is rejected.",
        rules::auth_event_events,
        rules::auth_events,
    ),
    (
        "state",
        "Check 5: what the state before it does not allow is rejected.",
        rules::state_events,
        rules::state,
    ),
    (
        "soft-failure",
        "Check 6: what the current state does not allow is soft-failed.",
        soft::events,
        soft::scenes,
    ),
    (
        "policy",
        "Check 7: what the room's policy server has not signed is soft-failed.",
        policy::events,
        policy::scenes,
    ),
    (
        "arrival",
        "Events in every order, twice, and with others missing.",
        arrival::events,
        arrival::scenes,
    ),
    (
        "claims",
        "Another server's word for the state before an event whose past is missing.",
        claims::events,
        claims::scenes,
    ),
];

pub(super) fn files() -> Vec<(String, String)> {
    let file = |(name, about, events, scenes): &File| {
        (
            format!("receive/{name}.json"),
            file(about, *events, *scenes),
        )
    };
    let random = ("receive/random.json".to_owned(), random::file());
    let redactions = ("receive/redactions.json".to_owned(), redactions::file());
    let others = [random, redactions];
    FILES.iter().map(file).chain(others).collect()
}

fn file(about: &str, events: Events, scenes: Scenes) -> String {
    let mut given = object! {};
    let mut cases: Vec<Json> = Vec::new();
    for version in PLAYED {
        let mut world = World::new(version);
        events(&mut world);
        let scenes = scenes(&world);
        for name in world.names() {
            if scenes.iter().any(|scene| scene.names.contains(name)) {
                given = given.with(&world.given(name), world.json(name));
            }
        }
        for scene in scenes {
            cases.push(scene.case(&world));
        }
    }
    object! {
        "about" => about,
        "question" => "receive",
        "generated" => "receive",
        "given" => given,
        "input" => object! { "server_keys" => world::server_keys(&["a", "b", "c"]) },
        "cases" => cases,
    }
    .file()
}

const CHECKS: &str = "https://spec.matrix.org/v1.19/server-server-api/\
                      #checks-performed-on-receipt-of-a-pdu";
