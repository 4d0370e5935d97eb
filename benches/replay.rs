//! How long a replay takes: parsing and hashing on the one hand, judging and resolving on the
//! other, on a real room. Signatures are not checked.
#![allow(missing_docs, reason = "criterion's macros declare undocumented items")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use roomdag::json::Object;
use roomdag::version::V12;
use roomdag::{Event, Limits, Pdu, Replay, ReplayOptions, crypto};

const ROOM: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/spec-vectors/rooms/v12-big/events.ndjson"
);

/// The room's PDUs as they would come over federation.
fn pdus() -> Vec<Vec<u8>> {
    let dump = std::fs::read(ROOM).unwrap_or_default();
    let lines = dump
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .filter_map(|line| {
            let mut json = Object::parse(line, V12.canonical_json).ok()?;
            json.remove("event_id");
            Some(json.to_canonical())
        })
        .collect()
}

fn event(pdu: &[u8]) -> Option<Event> {
    Some(crypto::unverified(
        Pdu::parse(pdu, &V12, &Limits::default()).ok()?,
        &V12,
    ))
}

fn replay(c: &mut Criterion) {
    let pdus = pdus();
    let events: Vec<Event> = pdus.iter().filter_map(|pdu| event(pdu)).collect();
    assert!(
        !events.is_empty() && events.len() == pdus.len(),
        "the room is not what it was"
    );
    let mut group = c.benchmark_group("replay/real");
    group.throughput(Throughput::Elements(events.len() as u64));
    group.bench_function(format!("intake/{}", events.len()), |b| {
        b.iter(|| pdus.iter().filter_map(|pdu| event(pdu)).count());
    });
    group.bench_function(format!("replay/{}", events.len()), |b| {
        b.iter_batched(
            || events.clone(),
            |events| Replay::run(events, &V12, ReplayOptions::of(&V12), |_| {}),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, replay);
criterion_main!(benches);
