//! How a resolution came about.

use petgraph::graph::NodeIndex;

use crate::auth::Decision;
use crate::id::EventId;
use crate::resolve::{MainlineKey, PowerKey};
use crate::state::KeyIx;

/// How a resolution came about, in the order of the algorithm's steps.
///
/// State resolution v1 fills only `conflicted` and `checks`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// The keys in conflict, with their events; sorted by type and state key.
    pub conflicted: Vec<Conflicted>,
    /// The full conflicted set, sorted by event id.
    pub full_conflicted: Vec<FullConflicted>,
    /// Auth events of the full conflicted set that are not known, sorted; only where the options
    /// ask for it.
    pub missing: Vec<EventId>,
    /// The power events and what they rest on, in reverse topological power ordering.
    pub power_order: Vec<(NodeIndex, PowerKey)>,
    /// The power levels that the first pass settled on, and so the start of the
    /// [mainline](crate::resolve::mainline).
    pub mainline: Option<NodeIndex>,
    /// The remaining events, in mainline ordering.
    pub mainline_order: Vec<(NodeIndex, MainlineKey)>,
    /// The auth checks, in the order in which they were made.
    pub checks: Vec<AuthCheck>,
}

/// A key of the state on which the states disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflicted {
    /// The key.
    pub key: KeyIx,
    /// The events that some state has for it, sorted by event id.
    pub events: Vec<NodeIndex>,
}

/// A member of the full conflicted set, and every reason why it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FullConflicted {
    /// The event.
    pub event: NodeIndex,
    /// It is in the conflicted state set.
    pub conflicted: bool,
    /// It is in the auth difference.
    pub auth_difference: bool,
    /// It is in the conflicted state subgraph.
    pub subgraph: bool,
}

/// One event held against the state resolved so far.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthCheck {
    /// The event.
    pub event: NodeIndex,
    /// In which pass.
    pub pass: Pass,
    /// What the rules said; `None` where the algorithm takes the event unchecked, as v1 does with
    /// the first of a list and where every candidate fails, or leaves a rejected one out.
    pub decision: Option<Decision>,
    /// Whether the event went into the state.
    pub admitted: bool,
}

/// A pass of a resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pass {
    /// v2: power events.
    Power,
    /// v2: everything else, along the mainline.
    Mainline,
    /// v1: `m.room.power_levels`.
    PowerLevels,
    /// v1: `m.room.join_rules`.
    JoinRules,
    /// v1: `m.room.member`.
    Members,
    /// v1: all other types.
    Others,
}
