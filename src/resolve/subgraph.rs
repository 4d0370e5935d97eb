//! The conflicted state subgraph: the events on the auth paths from one conflicted event to
//! another, both ends included.
//!
//! An event is on such a path if a conflicted event leads to it and it leads to a conflicted
//! event. Citations only lead to older generations, so of what is no younger than the oldest
//! conflicted event nothing but the conflicted events needs a look.
//!
//! The walk is down, but old conflicted events would make it a long one. Hardly anything cites
//! them as a rule; so a short walk up looks for all that leads to a conflicted event, and if it
//! comes to an end, the walk down keeps to what it found.

use petgraph::graph::NodeIndex;

use crate::dag::RoomDag;
use crate::dag::index::{self, IndexMap, IndexSet};
use crate::resolve::conflict::Conflict;
use crate::resolve::scope::Scope;

/// The conflicted state subgraph, in no particular order.
///
/// Linear in the auth edges from the conflicted events down to the generation of the oldest, or in
/// the number of conflicted events if few events cite them.
pub(super) fn conflicted_subgraph(scope: &Scope<'_>, conflict: &Conflict<'_>) -> Vec<NodeIndex> {
    let dag = scope.dag;
    let ends: Vec<NodeIndex> = conflict.events().collect();
    let Some(oldest) = ends.iter().map(|event| dag.generation(*event)).min() else {
        return Vec::new();
    };
    let citing = citing(dag, &ends);
    let may_lead = |event: NodeIndex| match &citing {
        Some(citing) => citing.contains(&event),
        None => dag.is_known(event) && dag.generation(event) > oldest,
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
                } else if may_lead(cited) {
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

/// What cites one of `ends`, directly or not, and is older than the youngest of them; `None` if
/// that is too much to be worth finding out.
fn citing(dag: &RoomDag, ends: &[NodeIndex]) -> Option<IndexSet<NodeIndex>> {
    let youngest = ends.iter().map(|event| dag.generation(*event)).max()?;
    let mut steps = ends.len().saturating_mul(EACH).saturating_add(EACH);
    let mut found: IndexSet<NodeIndex> = index::set_for(ends.len());
    let mut stack = ends.to_vec();
    while let Some(event) = stack.pop() {
        for citing in dag.citing(event) {
            steps = steps.checked_sub(1)?;
            if dag.generation(citing) < youngest && found.insert(citing) {
                stack.push(citing);
            }
        }
    }
    Some(found)
}

/// How many citations of each conflicted event are followed upwards, on average.
const EACH: usize = 4;
