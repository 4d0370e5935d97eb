//! The authorisation rules alone: each event of a room against the state before it.
#![allow(missing_docs, reason = "criterion's macros declare undocumented items")]

mod common;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use roomdag::replay::DagState;
use roomdag::testing::workload::{Shape, Workload};
use roomdag::{Replay, ReplayOptions, auth};

const SHAPES: [Shape; 3] = [Shape::Calm(1_000), Shape::Storm(1_000), Shape::Duel(200)];

fn against_the_state_before(c: &mut Criterion) {
    let mut group = c.benchmark_group("auth");
    for room in common::workloads(&SHAPES) {
        let name = room.name();
        let Workload { events, rules, .. } = room;
        let replay = Replay::run(events, &rules, ReplayOptions::of(&rules), |_| {});
        let dag = replay.dag();
        group.throughput(Throughput::Elements(replay.order().len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                let allowed = |node| {
                    let state = DagState {
                        dag,
                        state: replay.state_before(node)?,
                        create: replay.create(),
                    };
                    let decision = auth::check(&dag.event(node)?, &state, &rules);
                    Some(decision.is_allowed())
                };
                let decisions = replay.order().iter().map(|node| allowed(*node));
                decisions.filter(|allowed| *allowed == Some(true)).count()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, against_the_state_before);
criterion_main!(benches);
