//! Rooms made to be measured: of a chosen shape and size, the same from the same seed everywhere.
//!
//! Unlike [`rooms`](super::rooms), which look for mistakes, these look like what servers send:
//! PDUs of some 750 bytes, hashed and signed, allowed by the rules, from twenty servers. What
//! states meet at the end is part of a workload, so that resolution can be measured alone.
//!
//! Spec: <https://spec.matrix.org/v1.19/server-server-api/#pdus>

mod branch;
mod content;
mod shape;

pub use self::shape::{Shape, UnknownShape};

use petgraph::graph::NodeIndex;

use crate::crypto::KeyRing;
use crate::dag::RoomDag;
use crate::event::Event;
use crate::state::StateMap;
use crate::testing::workload::branch::World;
use crate::version::RoomVersionRules;

/// A room to be measured.
#[derive(Clone, Debug)]
pub struct Workload {
    /// What it is like.
    pub shape: Shape,
    /// Its room version.
    pub rules: RoomVersionRules,
    /// The events as canonical JSON, as they would come over federation; what is cited first.
    pub pdus: Vec<Vec<u8>>,
    /// The same events, of which nobody has checked the signatures.
    pub events: Vec<Event>,
    /// The same events in a graph.
    pub dag: RoomDag,
    /// The events at the end of each branch.
    pub tips: Vec<NodeIndex>,
    /// The states that meet: those after `tips`. They share what they have in common.
    pub states: Vec<StateMap>,
    /// The keys of all servers.
    pub keys: KeyRing,
}

impl Workload {
    /// The room of this shape. Takes some 30 µs an event, most of it for signatures.
    #[must_use]
    pub fn new(shape: Shape, rules: &RoomVersionRules) -> Self {
        let mut world = World::new(rules);
        let branches = shape.build(&mut world);
        world.finish(shape, &branches)
    }

    /// `shape/size-vN`, as benchmarks are called.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}-v{}", self.shape, self.rules.id)
    }
}
