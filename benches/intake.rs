//! From wire bytes to an event. `canonical_json` parses into a tree and writes it; `intake` is the
//! format, the content hash and the event id; `signed` adds the signature of the sender's server.
#![allow(missing_docs, reason = "criterion's macros declare undocumented items")]

mod common;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use roomdag::testing::workload::{Shape, Workload};
use roomdag::{Limits, Object, Pdu, Timestamp, crypto};

const SHAPES: [Shape; 1] = [Shape::Calm(1_000)];

/// When signatures are checked: after all events were sent.
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn parsed(room: &Workload) -> impl Iterator<Item = Pdu> {
    let parse = |bytes: &Vec<u8>| Pdu::parse(bytes, &room.rules, &Limits::default()).ok();
    room.pdus.iter().filter_map(parse)
}

fn intake(c: &mut Criterion) {
    for room in common::workloads(&SHAPES) {
        let (rules, keys, limits) = (&room.rules, &room.keys, Limits::default());
        let mut group = c.benchmark_group("canonical_json");
        group.throughput(Throughput::Elements(room.pdus.len() as u64));
        group.bench_function(room.name(), |b| {
            b.iter(|| {
                let tree = |bytes: &Vec<u8>| Object::parse(bytes, rules.canonical_json).ok();
                let trees = room.pdus.iter().filter_map(tree);
                trees.map(|tree| tree.to_canonical().len()).sum::<usize>()
            });
        });
        group.finish();

        let mut group = c.benchmark_group("intake");
        group.throughput(Throughput::Elements(room.pdus.len() as u64));
        group.bench_function(room.name(), |b| {
            b.iter(|| {
                let events = parsed(&room).map(|pdu| crypto::unverified(pdu, rules));
                events.filter(|event| event.overlong().is_none()).count()
            });
        });
        group.finish();

        let mut group = c.benchmark_group("signed");
        group.sample_size(20);
        group.throughput(Throughput::Elements(room.pdus.len() as u64));
        group.bench_function(room.name(), |b| {
            b.iter(|| {
                let verify = |pdu| crypto::verify(pdu, rules, keys, NOW, &limits).ok();
                assert_eq!(parsed(&room).filter_map(verify).count(), room.pdus.len());
            });
        });
        group.finish();
    }
}

criterion_group!(benches, intake);
criterion_main!(benches);
