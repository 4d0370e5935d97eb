//! The same room is the same everywhere: in whatever order its events come, whatever the hash
//! tables of a process draw as their seeds, and in every build. The last is what the digests that
//! are written here are for: `cargo test` and `cargo test --release` find the same.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use roomdag::testing::Random;
use roomdag::testing::workload::{Shape, Workload};
use roomdag::version::{RoomVersionRules, V1, V6, V11, V12};
use roomdag::{Replay, ReplayOptions};

/// Rooms, and the digests of their current states.
const ROOMS: [(Shape, &RoomVersionRules, &str); 6] = [
    (
        Shape::Storm(300),
        &V1,
        "ef8b9323337acad081475d3ca323eebe924564646082b4bb5f3e241f360ec3a8",
    ),
    (
        Shape::Storm(300),
        &V6,
        "c6936e8626b98328203d18749be926d17b7d521c50370ee6a67b35307d6d648c",
    ),
    (
        Shape::Storm(300),
        &V11,
        "39bf1457dd479309882ffaed18a16b5f266c71f72da200a70b292fb6d88f353c",
    ),
    (
        Shape::Storm(300),
        &V12,
        "c84089ec168b49a7f211ea77d387d53c9f31aa63a7aa39676a1ba61b8ccc46ce",
    ),
    (
        Shape::Duel(30),
        &V11,
        "4362c495325db98908298586d1783cbd4f0d348488c7a1737e743a8bdc6d36c8",
    ),
    (
        Shape::Duel(30),
        &V12,
        "e7ca089d020e31a79777d316f3bd8da289c0e8a7595aeeeaee414fe2529d754a",
    ),
];

fn shuffled<T: Clone>(items: &[T], seed: u64) -> Vec<T> {
    let mut random = Random::new(seed);
    let mut left = items.to_vec();
    let mut shuffled = Vec::with_capacity(left.len());
    while !left.is_empty() {
        shuffled.push(left.swap_remove(random.below(left.len())));
    }
    shuffled
}

/// The digest that a process of its own finds.
fn by_process(name: &str, pdus: &[Vec<u8>]) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut text = Vec::new();
    for pdu in pdus {
        text.extend_from_slice(pdu);
        text.push(b'\n');
    }
    fs::write(&path, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_roomdag"))
        .args(["resolve", "--format", "json"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    answer["digest"].as_str().unwrap().to_owned()
}

#[test]
fn a_room_is_the_same_in_every_order_process_and_build() {
    let mut found = Vec::new();
    for (shape, rules, _) in ROOMS {
        let room = Workload::new(shape, rules);
        let name = room.name().replace('/', "-");
        let mut digests = Vec::new();
        for seed in 0..4 {
            // The tables of each replay have seeds of their own.
            let events = shuffled(&room.events, seed);
            let replay = Replay::run(events, rules, ReplayOptions::of(rules), |_| {});
            let state = replay.current_state().unwrap().state;
            digests.push(replay.dag().digest(&state).unwrap().to_string());
        }
        for seed in 4..6 {
            let pdus = shuffled(&room.pdus, seed);
            digests.push(by_process(&format!("{name}-{seed}.ndjson"), &pdus));
        }
        digests.dedup();
        assert_eq!(digests.len(), 1, "{name}: {digests:?}");
        found.extend(digests);
    }
    let expected: Vec<&str> = ROOMS.iter().map(|(_, _, digest)| *digest).collect();
    assert_eq!(found, expected);
}
