//! How much heap a replayed room holds: the graph, all verdicts, and the state before and after
//! every event. The input is not counted. Every byte is counted, so one run is enough.

#![expect(clippy::arithmetic_side_effects, reason = "the count is not zero")]

use roomdag::json::Object;
use roomdag::version::V12;
use roomdag::{Event, Limits, Pdu, Replay, ReplayOptions, crypto};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const ROOM: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/spec-vectors/rooms/v12-big/events.ndjson"
);

fn main() {
    let dump = std::fs::read(ROOM).unwrap_or_default();
    let _profiler = dhat::Profiler::builder().testing().build();
    let replay = Replay::run(events(&dump), &V12, ReplayOptions::of(&V12), |_| {});
    let stats = dhat::HeapStats::get();
    let count = replay.order().len();
    assert!(count > 1_000, "the room is not what it was");
    println!("events                    {count}");
    println!("heap held, bytes an event {}", stats.curr_bytes / count);
    println!("peak heap, bytes an event {}", stats.max_bytes / count);
}

/// The room's events, one after the other, each dropped from memory once it is in the graph.
fn events(dump: &[u8]) -> impl Iterator<Item = Event> {
    let lines = dump
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines.filter_map(|line| {
        let mut json = Object::parse(line, V12.canonical_json).ok()?;
        json.remove("event_id");
        let pdu = Pdu::from_json(json, &V12, &Limits::default()).ok()?;
        Some(crypto::unverified(pdu, &V12))
    })
}
