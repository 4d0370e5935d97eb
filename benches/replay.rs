//! From the PDUs of a host's own store, under known ids, to the state before and after every event.
//! `stated` works out the states alone; `replay` holds each event against its `auth_events` and the
//! state before it; `arrival` against the current state too, in order of arrival.
//!
//! `real` is a room that real servers made; its PDUs are hashed as on receipt.
#![allow(missing_docs, reason = "criterion's macros declare undocumented items")]

mod common;

use std::collections::BTreeSet;
use std::fs;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use roomdag::replay::{Arrival, Verdicts};
use roomdag::testing::workload::{Shape, Workload};
use roomdag::version::{RoomVersionRules, V12};
use roomdag::{Event, EventId, Limits, Object, Pdu, Replay, ReplayOptions, crypto};

const SHAPES: [Shape; 4] = [
    Shape::Calm(10_000),
    Shape::Calm(100_000),
    Shape::Storm(1_000),
    Shape::Storm(10_000),
];

fn kinds(rules: &RoomVersionRules) -> [(&'static str, ReplayOptions); 3] {
    let replay = ReplayOptions::of(rules);
    let (mut stated, mut arrival) = (replay.clone(), replay.clone());
    stated.verdicts = Verdicts::Stated {
        rejected: BTreeSet::new(),
        soft_failed: BTreeSet::new(),
    };
    arrival.arrival = Arrival::InOrder;
    [("stated", stated), ("replay", replay), ("arrival", arrival)]
}

fn stored(c: &mut Criterion) {
    for room in common::workloads(&SHAPES) {
        let name = room.name();
        let Workload {
            pdus,
            events,
            rules,
            ..
        } = room;
        let ids: Vec<EventId> = events.iter().map(|event| event.id().clone()).collect();
        drop(events);
        let events = || {
            let stored = pdus.iter().zip(&ids);
            stored.filter_map(|(bytes, id)| {
                let pdu = Pdu::parse(bytes, &rules, &Limits::default()).ok()?;
                let id = EventId::from_trusted(id.as_str());
                Some(crypto::stored(pdu, id, &rules))
            })
        };
        for (kind, options) in kinds(&rules) {
            let mut group = c.benchmark_group(kind);
            group.sample_size(10);
            group.throughput(Throughput::Elements(pdus.len() as u64));
            group.bench_function(&name, |b| {
                b.iter_with_large_drop(|| Replay::run(events(), &rules, options.clone(), |_| {}));
            });
            group.finish();
        }
    }
}

const ROOM: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/spec-vectors/rooms/v12-big/events.ndjson"
);

/// The room's PDUs as they would come over federation.
fn pdus() -> Vec<Vec<u8>> {
    let dump = fs::read(ROOM).unwrap_or_default();
    let lines = dump
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let pdu = |line: &[u8]| {
        let mut json = Object::parse(line, V12.canonical_json).ok()?;
        json.remove("event_id");
        Some(json.to_canonical())
    };
    lines.filter_map(pdu).collect()
}

fn event(pdu: &[u8]) -> Option<Event> {
    let pdu = Pdu::parse(pdu, &V12, &Limits::default()).ok()?;
    Some(crypto::unverified(pdu, &V12))
}

fn real(c: &mut Criterion) {
    let pdus = pdus();
    assert!(pdus.len() > 1_000, "the room is not what it was");
    for (kind, options) in kinds(&V12) {
        let mut group = c.benchmark_group(kind);
        group.sample_size(30);
        group.throughput(Throughput::Elements(pdus.len() as u64));
        group.bench_function(BenchmarkId::new("real", pdus.len()), |b| {
            b.iter_with_large_drop(|| {
                let events = pdus.iter().filter_map(|pdu| event(pdu));
                Replay::run(events, &V12, options.clone(), |_| {})
            });
        });
        group.finish();
    }
}

criterion_group!(benches, stored, real);
criterion_main!(benches);
