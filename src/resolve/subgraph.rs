//! The conflicted state subgraph: the events on the auth paths from one conflicted event to
//! another, both ends included.
//!
//! An event is on such a path if a conflicted event leads to it and it leads to a conflicted
//! event. Citations only lead to older generations, so of what is no younger than the oldest
//! conflicted event nothing but the conflicted events needs a look.

use petgraph::graph::NodeIndex;

use crate::dag::index::{self, IndexMap};
use crate::resolve::conflict::Conflict;
use crate::resolve::scope::Scope;

/// The conflicted state subgraph, in no particular order.
///
/// Linear in the auth edges from the conflicted events down to the generation of the oldest.
pub(super) fn conflicted_subgraph(scope: &Scope<'_>, conflict: &Conflict<'_>) -> Vec<NodeIndex> {
    let dag = scope.dag;
    let ends: Vec<NodeIndex> = conflict.events().collect();
    let Some(oldest) = ends.iter().map(|event| dag.generation(*event)).min() else {
        return Vec::new();
    };
    // Whether an event leads to a conflicted one, for those whose citations are all looked at.
    let mut leads: IndexMap<NodeIndex, bool> = index::map_for(ends.len().saturating_mul(2));
    leads.extend(ends.iter().map(|event| (*event, true)));
    let mut subgraph = ends.clone();
    for end in ends {
        let mut stack = vec![(end, dag.auth_events(end), true)];
        while let Some((_, cited, on_path)) = stack.last_mut() {
            if let Some(cited) = cited.next() {
                if let Some(known) = leads.get(&cited) {
                    *on_path |= known;
                } else if dag.is_known(cited) && dag.generation(cited) > oldest {
                    stack.push((cited, dag.auth_events(cited), false));
                }
            } else if let Some((event, _, on_path)) = stack.pop() {
                if leads.insert(event, on_path).is_none() && on_path {
                    subgraph.push(event);
                }
                if let Some((_, _, above)) = stack.last_mut() {
                    *above |= on_path;
                }
            }
        }
    }
    subgraph
}
