//! Room states as the rules read them.

use std::cell::RefCell;

use petgraph::graph::NodeIndex;

use crate::auth::StateView;
use crate::dag::RoomDag;
use crate::event::EventRef;
use crate::state::{KeyIx, StateMap};
use crate::timeline::judge::Asked;

/// A state of a room in a graph, for the rules to read.
#[derive(Clone, Copy, Debug)]
pub struct DagState<'a> {
    /// The room's events.
    pub dag: &'a RoomDag,
    /// The state.
    pub state: &'a StateMap,
    /// The create event that the room id implies, in room versions where it does.
    pub create: Option<NodeIndex>,
}

impl DagState<'_> {
    /// The number of the event at `key`; the implied create event is in every state.
    pub(crate) fn node(&self, key: KeyIx) -> Option<NodeIndex> {
        let implied = self.create.filter(|_| key == KeyIx::CREATE);
        self.state.get(key).or(implied)
    }

    fn entry(&self, key: KeyIx) -> Option<EventRef<'_>> {
        self.dag.event(self.node(key)?)
    }
}

impl StateView for DagState<'_> {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        self.entry(self.dag.keys().lookup(event_type, state_key)?)
    }
}

/// The state before an event of the graph.
pub(super) struct Before<'a> {
    state: DagState<'a>,
    node: NodeIndex,
    /// The users that were asked about and have no member event in the state.
    absent: RefCell<Vec<Box<str>>>,
}

impl<'a> Before<'a> {
    pub(super) fn new(state: DagState<'a>, node: NodeIndex) -> Self {
        Self {
            state,
            node,
            absent: RefCell::default(),
        }
    }

    /// The users that were asked about and have no member event in the state, each once.
    pub(super) fn into_absent_members(self) -> Vec<Box<str>> {
        let mut absent = self.absent.into_inner();
        absent.sort_unstable();
        absent.dedup();
        absent
    }
}

impl StateView for Before<'_> {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        self.state.get(event_type, state_key)
    }

    fn member(&self, user: &str) -> Option<EventRef<'_>> {
        let key = self.state.dag.member_key(self.node, user);
        let member = key.and_then(|key| self.state.entry(key));
        if member.is_none() {
            self.absent.borrow_mut().push(user.into());
        }
        member
    }
}

/// The state that an event's `auth_events` make up, each key once.
pub(super) struct Cited<'a> {
    dag: &'a RoomDag,
    node: NodeIndex,
    /// The create event that the room id implies.
    create: Option<NodeIndex>,
    asked: RefCell<Asked>,
}

impl<'a> Cited<'a> {
    pub(super) fn new(dag: &'a RoomDag, node: NodeIndex, create: Option<NodeIndex>) -> Self {
        Self {
            dag,
            node,
            create,
            asked: RefCell::new(Asked::with_capacity(8)),
        }
    }

    pub(super) fn into_asked(self) -> Asked {
        self.asked.into_inner()
    }

    fn entry(&self, key: KeyIx) -> Option<EventRef<'_>> {
        let mut cited = self.dag.auth_events(self.node);
        let implied = self.create.filter(|_| key == KeyIx::CREATE);
        let found = cited
            .find(|cited| self.dag.key(*cited) == Some(key))
            .or(implied);
        self.asked.borrow_mut().push((key, found));
        self.dag.event(found?)
    }
}

impl StateView for Cited<'_> {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        // A key without a number is in no state.
        self.entry(self.dag.keys().lookup(event_type, state_key)?)
    }

    fn member(&self, user: &str) -> Option<EventRef<'_>> {
        self.entry(self.dag.member_key(self.node, user)?)
    }
}
