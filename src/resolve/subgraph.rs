//! The conflicted state subgraph: the events on the auth paths from one conflicted event to
//! another, both ends included.
//!
//! An event is on such a path if a conflicted event leads to it and it leads to a conflicted
//! event. Citations only lead to older generations, so of what is no younger than the oldest
//! conflicted event nothing but the conflicted events needs a look.

use petgraph::graph::NodeIndex;

use crate::resolve::conflict::Conflict;
use crate::resolve::index::IndexSet;
use crate::resolve::scope::Scope;

/// The conflicted state subgraph, in no particular order.
///
/// Linear in the auth edges from the conflicted events down to the generation of the oldest.
pub(super) fn conflicted_subgraph(scope: &Scope<'_>, conflict: &Conflict<'_>) -> Vec<NodeIndex> {
    let dag = scope.dag;
    let conflicted: IndexSet<NodeIndex> = conflict.events().collect();
    let Some(oldest) = conflict.events().map(|event| dag.generation(event)).min() else {
        return Vec::new();
    };
    let mut reached = conflicted.clone();
    let mut walked: Vec<NodeIndex> = conflict.events().collect();
    let mut stack = walked.clone();
    while let Some(event) = stack.pop() {
        for cited in dag.auth_events(event) {
            if dag.event(cited).is_some() && dag.generation(cited) > oldest && reached.insert(cited)
            {
                walked.push(cited);
                stack.push(cited);
            }
        }
    }
    // Oldest first: what an event cites is settled before the event.
    walked.sort_unstable_by_key(|event| dag.generation(*event));
    let mut leads: IndexSet<NodeIndex> = IndexSet::default();
    walked.retain(|event| {
        let on_path = conflicted.contains(event)
            || dag.auth_events(*event).any(|cited| leads.contains(&cited));
        if on_path {
            leads.insert(*event);
        }
        on_path
    });
    walked
}
