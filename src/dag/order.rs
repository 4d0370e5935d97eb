//! The one topological order of the crate.
//!
//! The power ordering of state resolution, the order in which a room is replayed and the order in
//! which events are listed are all this: what is cited comes before what cites it, and where
//! that leaves a choice, the smallest key comes first. Only nodes and keys differ.
//!
//! The idea is Kahn's: put out a node that waits for nothing, release those that waited for it,
//! repeat. What cannot be put out stands on a cycle or cites something that does; it is handed
//! back rather than lost.
//!
//! Spec: <https://spec.matrix.org/v1.19/rooms/v12/#definitions> (reverse topological power ordering)

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What [`topological_order`] makes of some nodes. Each of them is in one of the two lists, once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopologicalOrder<N> {
    /// The nodes, each after all those that it cites.
    pub sorted: Vec<N>,
    /// The nodes on a cycle and those that cite one of them, ascending. Empty for every part of a
    /// [`RoomDag`](super::RoomDag).
    pub left_over: Vec<N>,
}

/// Orders `nodes` so that each comes after those of them that `cited` names for it, and by `key`
/// where that leaves a choice: of all nodes that could come next, the one with the smallest key
/// does.
///
/// Edges to nodes that are not among `nodes` do not count. Nodes with equal keys are ordered by
/// themselves, so the answer depends neither on the order of `nodes` nor on that of the edges.
/// `key` is asked once for each node, `cited` too.
///
/// # Complexity
///
/// O((V + E) · log (V + E)) time and O(V + E) memory, where E counts the edges between `nodes`.
pub fn topological_order<N, K, C>(
    nodes: impl IntoIterator<Item = N>,
    mut cited: impl FnMut(N) -> C,
    mut key: impl FnMut(N) -> K,
) -> TopologicalOrder<N>
where
    N: Copy + Ord,
    K: Ord,
    C: IntoIterator<Item = N>,
{
    let mut nodes: Vec<N> = nodes.into_iter().collect();
    nodes.sort_unstable();
    nodes.dedup();

    // From here on a node is its position in `nodes`.
    let mut edges: Vec<(usize, usize)> = Vec::new();
    let mut waits_for: Vec<usize> = Vec::with_capacity(nodes.len());
    for (citing, node) in nodes.iter().enumerate() {
        let known = edges.len();
        edges.extend(
            cited(*node)
                .into_iter()
                .filter_map(|other| nodes.binary_search(&other).ok())
                .map(|cited| (cited, citing)),
        );
        waits_for.push(edges.len().saturating_sub(known));
    }
    edges.sort_unstable();

    let mut ready: BinaryHeap<Reverse<(K, usize)>> = BinaryHeap::new();
    for (position, node) in nodes.iter().enumerate() {
        if waits_for.get(position) == Some(&0) {
            ready.push(Reverse((key(*node), position)));
        }
    }
    let mut sorted = Vec::with_capacity(nodes.len());
    while let Some(Reverse((_, done))) = ready.pop() {
        sorted.extend(nodes.get(done));
        let first = edges.partition_point(|(cited, _)| *cited < done);
        let released = edges
            .iter()
            .skip(first)
            .take_while(|(cited, _)| *cited == done);
        for (_, citing) in released {
            let Some(waits) = waits_for.get_mut(*citing) else {
                continue;
            };
            *waits = waits.saturating_sub(1);
            if *waits == 0 {
                ready.extend(
                    nodes
                        .get(*citing)
                        .map(|node| Reverse((key(*node), *citing))),
                );
            }
        }
    }
    let stuck = nodes
        .iter()
        .zip(&waits_for)
        .filter(|(_, waits)| **waits > 0);
    let left_over = stuck.map(|(node, _)| *node).collect();
    TopologicalOrder { sorted, left_over }
}
