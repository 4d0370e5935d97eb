//! Where two ways down the power levels meet, in whatever order events come.

use petgraph::graph::NodeIndex;
use proptest::collection::vec;
use proptest::prelude::*;
use roomdag::dag::RoomDag;
use roomdag::event::Event;
use roomdag::id::EventId;
use roomdag::testing::rooms::Draft;
use roomdag::version::V11;

/// Event `number`, which cites `cited` in this order; every third is no power levels event.
fn event(number: usize, cited: &[usize]) -> Event {
    let is_topic = number % 3 == 2;
    Draft {
        id: &number.to_string(),
        event_type: if is_topic {
            "m.room.topic"
        } else {
            "m.room.power_levels"
        },
        state_key: Some(""),
        sender: "@alice:a",
        content: "{}",
        origin_server_ts: 0,
        depth: 0,
        prev_events: Vec::new(),
        auth_events: cited
            .iter()
            .map(|cited| EventId::from_trusted(format!("${cited}")))
            .collect(),
    }
    .event(&V11)
}

/// The way from a power levels event to its root, step by step.
fn way(dag: &RoomDag, from: NodeIndex) -> Vec<NodeIndex> {
    let step = |levels: &NodeIndex| dag.power_levels_of(*levels);
    std::iter::successors(Some(from), step).collect()
}

/// The definition: the first event of the one way that is on the other.
fn meet(dag: &RoomDag, newer: NodeIndex, other: NodeIndex) -> Option<(NodeIndex, u32)> {
    let mainline = way(dag, newer);
    way(dag, other).into_iter().find_map(|levels| {
        let steps = mainline.iter().position(|known| *known == levels)?;
        Some((levels, u32::try_from(steps).unwrap()))
    })
}

fn holds_everywhere(dag: &RoomDag) {
    let levels: Vec<NodeIndex> = dag
        .events()
        .filter(|node| dag.event(*node).unwrap().event_type == "m.room.power_levels")
        .collect();
    for newer in &levels {
        for other in &levels {
            let found = dag.common_power_levels(*newer, *other);
            assert_eq!(found, meet(dag, *newer, *other));
        }
    }
}

proptest! {
    /// Asked in between or not, with placeholders that are filled late or never.
    #[test]
    fn two_ways_meet_where_a_walk_finds_that_they_do(
        cited in vec(vec(any::<prop::sample::Index>(), 0..3), 2..40),
        order in vec(any::<u32>(), 40),
        ask in vec(any::<bool>(), 40),
    ) {
        let mut numbers: Vec<usize> = (0..cited.len()).collect();
        numbers.sort_by_key(|number| order[*number]);
        let mut dag = RoomDag::new();
        for (number, ask) in numbers.into_iter().zip(ask) {
            let below: Vec<usize> = cited[number]
                .iter()
                .filter(|_| number > 0)
                .map(|index| index.index(number.max(1)))
                .collect();
            dag.insert(event(number, &below)).unwrap();
            if ask {
                holds_everywhere(&dag);
            }
        }
        holds_everywhere(&dag);
    }
}

#[test]
fn a_long_line_of_power_levels_is_crossed_in_a_few_jumps() {
    let mut dag = RoomDag::new();
    let mut nodes = Vec::new();
    for number in (0..3_000).filter(|number| number % 3 != 2) {
        let below = nodes
            .len()
            .checked_sub(1)
            .map(|_| number - 1 - usize::from(number % 3 == 0));
        let below: Vec<usize> = below.into_iter().collect();
        nodes.push(dag.insert(event(number, &below)).unwrap());
    }
    let (first, last) = (nodes[0], nodes[nodes.len() - 1]);
    assert_eq!(dag.common_power_levels(last, first), Some((first, 1_999)));
    assert_eq!(dag.common_power_levels(first, last), Some((first, 0)));
    assert_eq!(
        dag.common_power_levels(last, nodes[700]),
        Some((nodes[700], 1_299))
    );
}
