//! The order in which a replay judges.

use roomdag::dag::order::topological_order;
use roomdag::replay::{Replay, ReplayOptions};
use roomdag::testing::Random;
use roomdag::testing::workload::{Shape, Workload};
use roomdag::version::{V11, V12};

use crate::replay::shuffled;

/// Where depth, time and id alone are an order the replay takes it as it is; it is the one that a
/// walk along the citations finds.
#[test]
fn the_order_of_honest_servers_is_that_of_a_walk_along_the_citations() {
    for rules in [&V11, &V12] {
        let room = Workload::new(Shape::Storm(300), rules);
        let mut random = Random::new(3);
        for _ in 0..5 {
            let events = shuffled(room.events.clone(), &mut random);
            let replay = Replay::run(events, rules, ReplayOptions::of(rules), |_| {});
            let dag = replay.dag();
            let key = |node| {
                let event = dag.event(node).unwrap();
                (event.depth, event.origin_server_ts, event.id)
            };
            let cited = |node| dag.auth_events(node).chain(dag.prev_events(node));
            let walked = topological_order(dag.events(), cited, key);
            assert_eq!(walked.left_over, []);
            assert_eq!(replay.order(), walked.sorted);
            assert_eq!(replay.rejected().count(), 0);
        }
    }
}
