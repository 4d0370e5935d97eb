//! What lies below an event: its auth chain, and its ancestors; and what lies above it.
//!
//! The auth chain of an event is its auth events, their auth events, and so on back to the start
//! of the room; its ancestors are the same by `prev_events`. Both walks keep their own stack and
//! see every event once, however many ways lead to it.
//!
//! Spec: <https://spec.matrix.org/v1.19/rooms/v12/#definitions> (auth chain)

use std::collections::BTreeSet;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{VisitMap, Visitable};

use crate::dag::RoomDag;

/// The union of the auth chains of `roots`, by ascending node.
///
/// A root is part of it only if it is in the auth chain of another. Placeholders are part of it:
/// they are what is missing from the chain.
///
/// # Complexity
///
/// O(e + c · log c + V / 64), where c is the length of the chain and e counts the edges in it.
#[must_use]
pub fn auth_chain(dag: &RoomDag, roots: impl IntoIterator<Item = NodeIndex>) -> Vec<NodeIndex> {
    below(dag.auth_graph(), roots)
}

/// The events that come before one of `roots` by `prev_events`, by ascending node.
///
/// A root is part of them only if it comes before another. Placeholders are part of them.
///
/// # Complexity
///
/// O(e + c · log c + V / 64), where c is the number of ancestors and e counts the edges among them.
#[must_use]
pub fn ancestors(dag: &RoomDag, roots: impl IntoIterator<Item = NodeIndex>) -> Vec<NodeIndex> {
    below(dag.prev_graph(), roots)
}

/// Those of `nodes` that descend from `root` by either kind of citation, `root` itself left out.
///
/// # Complexity
///
/// O(a · log a + n), where n counts `nodes` and a the events above `root` up to the highest rank
/// among them; O(n) if none has a higher rank than `root`.
pub(crate) fn descendants_among(
    dag: &RoomDag,
    root: NodeIndex,
    nodes: impl Iterator<Item = NodeIndex>,
) -> Vec<NodeIndex> {
    let mut above: Vec<NodeIndex> = nodes.filter(|n| dag.rank(*n) > dag.rank(root)).collect();
    let Some(highest) = above.iter().map(|node| dag.rank(*node)).max() else {
        return above;
    };
    let mut seen = BTreeSet::new();
    let mut stack = vec![root];
    while let Some(node) = stack.pop() {
        let citing = dag
            .auth_graph()
            .neighbors_directed(node, Direction::Incoming);
        for citing in dag.children(node).chain(citing) {
            if dag.rank(citing) <= highest && seen.insert(citing) {
                stack.push(citing);
            }
        }
    }
    above.retain(|node| seen.contains(node));
    above
}

fn below(
    graph: &DiGraph<(), (), u32>,
    roots: impl IntoIterator<Item = NodeIndex>,
) -> Vec<NodeIndex> {
    let mut seen = graph.visit_map();
    let mut found = Vec::new();
    let mut stack: Vec<NodeIndex> = roots.into_iter().collect();
    while let Some(node) = stack.pop() {
        for cited in graph.neighbors(node) {
            if seen.visit(cited) {
                found.push(cited);
                stack.push(cited);
            }
        }
    }
    found.sort_unstable();
    found
}
