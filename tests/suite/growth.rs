//! How costs grow, by counted steps: the same room at two sizes.

use roomdag::effort::{Step, counted};
use roomdag::resolve::{Options, resolve};
use roomdag::testing::workload::{Shape, Workload};
use roomdag::version::{RoomVersionRules, V11, V12};
use roomdag::{Replay, ReplayOptions, StateMap};

const VERSIONS: [&RoomVersionRules; 2] = [&V11, &V12];

/// The steps of resolving the states that meet at the end of a room, and how many events there are
/// in the full conflicted set.
fn resolution(room: &Workload, options: Options, states: &[StateMap]) -> (f64, f64) {
    let (resolution, effort) =
        counted(|| resolve(&room.dag, states, &room.rules, &options).unwrap());
    assert!(effort.of(Step::Check) > 0, "nothing was in conflict");
    let full = resolution.trace.full_conflicted.len();
    (effort.total() as f64, full as f64)
}

fn resolving(shape: Shape, rules: &RoomVersionRules) -> (f64, f64) {
    let room = Workload::new(shape, rules);
    resolution(&room, Options::of(rules), &room.states)
}

/// The steps for each event of a replay.
fn replaying(shape: Shape, rules: &RoomVersionRules) -> f64 {
    let room = Workload::new(shape, rules);
    let events = room.events.len() as f64;
    let run = || Replay::run(room.events, rules, ReplayOptions::of(rules), |_| {});
    let (replay, effort) = counted(run);
    assert_eq!(replay.rejected().count(), 0);
    effort.total() as f64 / events
}

#[track_caller]
fn at_most(limit: f64, large: f64, small: f64) {
    let ratio = large / small;
    assert!(
        ratio <= limit,
        "{large} over {small} is {ratio:.3}, above {limit}"
    );
}

#[test]
fn a_conflict_at_the_tip_costs_the_same_in_a_room_of_any_size() {
    for rules in VERSIONS {
        let (large, _) = resolving(Shape::Tip(10_000), rules);
        let (small, _) = resolving(Shape::Tip(200), rules);
        // The state map is one level deeper for each factor of eight.
        at_most(1.3, large, small);
    }
}

#[test]
fn the_length_of_the_mainline_does_not_matter() {
    for rules in VERSIONS {
        let (long, _) = resolving(Shape::Mainline(1_000), rules);
        let (short, _) = resolving(Shape::Mainline(10), rules);
        at_most(1.1, long, short);
    }
}

#[test]
fn the_cost_of_forks_follows_the_events_in_conflict() {
    for rules in VERSIONS {
        for (large, small) in [
            (Shape::Ways(32), Shape::Ways(4)),
            (Shape::Forks(2_500), Shape::Forks(500)),
            (Shape::Duel(100), Shape::Duel(20)),
        ] {
            let (large, conflicted) = resolving(large, rules);
            let (small, few) = resolving(small, rules);
            at_most(1.15, large / conflicted, small / few);
        }
    }
}

#[test]
fn states_that_share_nothing_cost_their_length() {
    for rules in VERSIONS {
        let room = Workload::new(Shape::Tip(5_000), rules);
        let apart: Vec<StateMap> = room.states.iter().map(|s| s.iter().collect()).collect();
        let options = Options::of(rules);
        let (shared, _) = resolution(&room, options, &room.states);
        let (apart, _) = resolution(&room, options, &apart);
        let entries = (room.states[0].len() + room.states[1].len()) as f64;
        assert!(
            apart - shared < entries / 4.0,
            "{apart} after {shared} for {entries} entries"
        );
    }
}

#[test]
fn the_subgraph_is_cheap_and_linear_where_every_path_doubles() {
    let rooms = [
        (Shape::Storm(2_000), 1.3),
        (Shape::Duel(50), 1.3),
        (Shape::Forks(500), 1.3),
        // Every event of it is in the auth difference, which takes two walks, and the subgraph.
        (Shape::Ladder(40), 1.5),
    ];
    for (shape, limit) in rooms {
        let room = Workload::new(shape, &V11);
        let (v2, _) = resolution(&room, Options::of(&V11), &room.states);
        let algorithm = Options {
            algorithm: Options::of(&V12).algorithm,
            ..Options::of(&V11)
        };
        let (v21, _) = resolution(&room, algorithm, &room.states);
        at_most(limit, v21, v2);
    }
    let (tall, _) = resolving(Shape::Ladder(80), &V12);
    let (short, _) = resolving(Shape::Ladder(40), &V12);
    at_most(2.1, tall, short);
}

#[test]
fn the_cost_of_an_event_in_a_replay_does_not_grow_with_the_room() {
    for rules in VERSIONS {
        let calm = [Shape::Calm(10_000), Shape::Calm(1_000)].map(|shape| replaying(shape, rules));
        at_most(1.3, calm[0], calm[1]);
        let storm =
            [Shape::Storm(10_000), Shape::Storm(1_000)].map(|shape| replaying(shape, rules));
        at_most(1.3, storm[0], storm[1]);
    }
}
