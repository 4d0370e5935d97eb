//! From PDUs on the wire to receipts, one by one in order of arrival: all seven checks.
//!
//! `receive/shape` is a whole room. Beside it stand checks 1 to 3 alone, `verify/shape`, which no
//! server can do without: the difference is what the room itself costs.
#![allow(missing_docs, reason = "criterion's macros declare undocumented items")]

mod common;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use roomdag::crypto::{self, Timestamp};
use roomdag::room::Setup;
use roomdag::testing::workload::Shape;
use roomdag::{Limits, Pdu, Room};

const SHAPES: [Shape; 2] = [Shape::Calm(2_000), Shape::Storm(1_000)];
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn receive(c: &mut Criterion) {
    for workload in common::workloads(&SHAPES) {
        let name = workload.name();
        let (rules, keys) = (workload.rules, workload.keys);
        let Some((create, rest)) = workload.pdus.split_first() else {
            continue;
        };
        let mut group = c.benchmark_group("receive");
        group.sample_size(10);
        group.throughput(Throughput::Elements(rest.len() as u64));
        group.bench_function(&name, |b| {
            let open = || Room::open(create, &Setup::default(), &keys, NOW).map(|(room, _)| room);
            b.iter_batched(
                open,
                |room| {
                    let mut room = room.ok()?;
                    for pdu in rest {
                        let _ = room.receive(pdu, &keys, NOW);
                    }
                    Some(room)
                },
                BatchSize::PerIteration,
            );
        });
        group.finish();
        let mut group = c.benchmark_group("verify");
        group.sample_size(10);
        group.throughput(Throughput::Elements(rest.len() as u64));
        group.bench_function(&name, |b| {
            b.iter(|| {
                let limits = Limits::default();
                let verified = rest.iter().filter(|bytes| {
                    let pdu = Pdu::parse(bytes, &rules, &limits);
                    pdu.is_ok_and(|pdu| crypto::verify(pdu, &rules, &keys, NOW, &limits).is_ok())
                });
                verified.count()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, receive);
criterion_main!(benches);
