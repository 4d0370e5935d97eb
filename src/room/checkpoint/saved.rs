//! What a room knows of its rows: which of them the host has, and which of them it has itself.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use petgraph::graph::NodeIndex;

use crate::id::EventId;
use crate::room::checkpoint::rows::Pending;
use crate::timeline::{StateIx, States};

/// What the host has kept of a room, and what of that is here.
#[derive(Clone, Debug)]
pub(in crate::room) struct Saved {
    /// The place of each node's event in the order of arrival.
    numbers: Vec<Option<u32>>,
    /// How many events the room has, here or elsewhere.
    events: u32,
    /// How many are here.
    here: u32,
    /// The events whose rows the host has not, or not as they are.
    unsaved: BTreeSet<NodeIndex>,
    /// That of the room's rules and options, once somebody has asked.
    fingerprint: OnceLock<String>,
    /// The last state that the host has.
    state: StateIx,
    extent: Extent,
    pending: Pending,
    /// What the host has said that it has not.
    not_stored: BTreeSet<EventId>,
}

/// How much of a room is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// All that there is.
    Whole,
    /// Some of its events and states are in the host's store only.
    Part,
}

impl Default for Saved {
    fn default() -> Self {
        Self {
            numbers: Vec::new(),
            events: 0,
            here: 0,
            unsaved: BTreeSet::new(),
            fingerprint: OnceLock::new(),
            state: States::EMPTY,
            extent: Extent::Whole,
            pending: Pending::Nothing,
            not_stored: BTreeSet::new(),
        }
    }
}

impl Saved {
    /// Says what the host has of a room of which nothing is here yet.
    pub(super) fn elsewhere(events: u32, state: StateIx, pending: Pending) -> Self {
        Self {
            events,
            state,
            extent: Extent::Part,
            pending,
            ..Self::default()
        }
    }

    /// A new event has its place.
    pub(in crate::room) fn add(&mut self, node: NodeIndex, id: Option<&EventId>) {
        if let Some(id) = id {
            self.not_stored.remove(id);
        }
        let number = self.events;
        self.events = self.events.saturating_add(1);
        self.load(node, number);
        self.unsaved.insert(node);
        if !self.is_whole() {
            // Events that are not here may have waited for it.
            self.pending = Pending::Gaps;
        }
    }

    /// An event that the host has is here too.
    pub(super) fn load(&mut self, node: NodeIndex, number: u32) {
        if node.index() >= self.numbers.len() {
            self.numbers.resize(node.index().saturating_add(1), None);
        }
        if let Some(slot) = self.numbers.get_mut(node.index()) {
            *slot = Some(number);
            self.here = self.here.saturating_add(1);
        }
    }

    /// The fingerprint of the room's configuration, which never changes.
    pub(super) fn fingerprint(&self, find: impl FnOnce() -> String) -> String {
        self.fingerprint.get_or_init(find).clone()
    }

    /// What is known of an event has changed.
    pub(in crate::room) fn change(&mut self, node: NodeIndex) {
        self.unsaved.insert(node);
    }

    /// The host has kept everything, up to this state.
    pub(super) fn set_saved(&mut self, state: StateIx) {
        self.unsaved.clear();
        self.state = state;
    }

    pub(super) fn number(&self, node: NodeIndex) -> Option<u32> {
        self.numbers.get(node.index()).copied().flatten()
    }

    /// The numbers of the events that are here. O(V).
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        self.numbers.iter().copied().flatten()
    }

    pub(super) fn events(&self) -> u32 {
        self.events
    }

    pub(super) fn state(&self) -> StateIx {
        self.state
    }

    pub(super) fn unsaved(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        self.unsaved.iter().copied()
    }

    /// Whether nothing of the room is in the host's store only. What rests on an event is known in
    /// such a room only, and so are its ancestors.
    pub(in crate::room) fn is_whole(&self) -> bool {
        self.extent == Extent::Whole
    }

    /// Notes that the room may have become whole.
    pub(super) fn close_ranks(&mut self, states: &mut States) {
        if self.here == self.events && states.is_whole() {
            states.close_ranks();
            self.extent = Extent::Whole;
            self.not_stored.clear();
        }
    }

    /// Whether the host may have an event that is not here.
    pub(in crate::room) fn may_have(&self, event: &EventId) -> bool {
        !self.is_whole() && !self.not_stored.contains(event)
    }

    /// The host has none of these events; only what `is_needed` is kept in mind.
    pub(super) fn set_not_stored(
        &mut self,
        events: &[EventId],
        is_needed: impl Fn(&EventId) -> bool,
    ) {
        self.not_stored.extend(events.iter().cloned());
        self.not_stored.retain(|id| is_needed(id));
    }

    pub(super) fn pending(&self) -> Pending {
        self.pending
    }

    /// What was put off is to be done now, if it can be.
    pub(super) fn take_pending(&mut self) -> Pending {
        if self.is_whole() {
            std::mem::take(&mut self.pending)
        } else {
            Pending::Nothing
        }
    }
}
