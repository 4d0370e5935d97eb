//! State resolution alone: the states at the end of a room, whose graph is there. `resolve` takes
//! them as a replay has them, sharing structure; `lists` as lists of a caller's own, which share
//! nothing. Throughput is counted in conflicted events, and in entries.
#![allow(missing_docs, reason = "criterion's macros declare undocumented items")]

mod common;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use roomdag::dag::NodeIndex;
use roomdag::resolve::{Options, resolve};
use roomdag::testing::workload::Shape;
use roomdag::{KeyIx, StateMap};

const SHAPES: [Shape; 17] = [
    Shape::Tip(100),
    Shape::Tip(1_000),
    Shape::Tip(10_000),
    Shape::Tip(50_000),
    Shape::Mainline(10),
    Shape::Mainline(100),
    Shape::Mainline(1_000),
    Shape::Ways(2),
    Shape::Ways(8),
    Shape::Ways(32),
    Shape::Forks(100),
    Shape::Forks(1_000),
    Shape::Forks(5_000),
    Shape::Duel(50),
    Shape::Duel(200),
    Shape::Storm(10_000),
    Shape::Ladder(40),
];

const LISTS: [Shape; 3] = [Shape::Tip(1_000), Shape::Tip(10_000), Shape::Tip(50_000)];

fn states_that_share(c: &mut Criterion) {
    let mut group = c.benchmark_group("resolve");
    for room in common::workloads(&SHAPES) {
        let options = Options::of(&room.rules);
        let run = || resolve(&room.dag, &room.states, &room.rules, &options);
        let conflicted = run().map_or(0, |found| {
            let keys = found.trace.conflicted.iter();
            keys.map(|key| key.events.len() as u64).sum()
        });
        group.throughput(Throughput::Elements(conflicted));
        group.bench_function(room.name(), |b| {
            b.iter_with_large_drop(run);
        });
    }
    group.finish();
}

fn lists(c: &mut Criterion) {
    let mut group = c.benchmark_group("lists");
    group.sample_size(30);
    for room in common::workloads(&LISTS) {
        let options = Options::of(&room.rules);
        let entries = |state: &StateMap| state.iter().collect();
        let lists: Vec<Vec<(KeyIx, NodeIndex)>> = room.states.iter().map(entries).collect();
        let total = lists.iter().map(|list| list.len() as u64).sum();
        group.throughput(Throughput::Elements(total));
        group.bench_function(room.name(), |b| {
            b.iter_batched(
                || lists.clone(),
                |lists| {
                    let states = lists.into_iter().map(StateMap::from_iter);
                    let states: Vec<StateMap> = states.collect();
                    resolve(&room.dag, &states, &room.rules, &options)
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, states_that_share, lists);
criterion_main!(benches);
