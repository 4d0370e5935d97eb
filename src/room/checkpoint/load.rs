//! Rows for a room that is in use.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;

use crate::id::EventId;
use crate::room::checkpoint::closure::{Closure, Given, Use};
use crate::room::checkpoint::error::{RestoreError, Row};
use crate::room::checkpoint::place::event_id;
use crate::room::checkpoint::rows::{EventRow, Pending, StateRow};
use crate::room::{Notice, Room};

impl Room {
    /// Whether all of the room is here, and nothing of it in the host's store only.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.saved.is_whole()
    }

    /// Takes rows from the host's store into a room that was [loaded](crate::room::Loading) in
    /// part, and goes on with what waited for them.
    ///
    /// When an event waits for others, the host looks into its store first; what it finds there it
    /// loads: the events, their auth chains, the states after those of them that are named as
    /// missing, with all that these differ from, and their events. Of what is here already nothing
    /// is looked at. Once all rows have been loaded the room is whole, and what was put off
    /// happens.
    ///
    /// # Errors
    ///
    /// [`RestoreError::Missing`] with what these rows need besides, or any other; the room is as
    /// it was.
    ///
    /// # Complexity
    ///
    /// O(V + E) in what is here, and as [`restore`](Self::restore) in the rows.
    pub fn load(
        &mut self,
        events: Vec<EventRow>,
        states: Vec<StateRow>,
    ) -> Result<Vec<Notice>, RestoreError> {
        let mut given = Given::default();
        given.add(events, states, self)?;
        let mut closure = Closure::default();
        for id in given.events.keys() {
            let is_waited_for = !self.queue.needing(id).is_empty();
            closure.want(
                id,
                if is_waited_for {
                    Use::BuiltOn
                } else {
                    Use::Cited
                },
            );
        }
        for state in given.states.keys() {
            closure.want_state(*state);
        }
        closure.follow(self, &given)?;
        let needs = closure.needs();
        if !needs.is_empty() {
            return Err(RestoreError::Missing(needs));
        }
        let named: Vec<EventId> = given.events.keys().cloned().collect();
        given.events.retain(|id, _| !self.is_known(id));
        let states = &self.timeline.states;
        given.states.retain(|state, _| !states.has(*state));
        let (events, states) = given.into_rows();
        let staged = self.stage(events, states)?;
        self.commit(staged);
        let mut notices = Vec::new();
        let nodes: Vec<NodeIndex> = named.iter().filter_map(|id| self.node(id)).collect();
        self.settle(nodes, &mut notices);
        if self.saved.is_whole() {
            // Nothing can be in the store any more.
            let waiting = self.queue.verified();
            let lacking: BTreeSet<EventId> = waiting
                .flat_map(|waiting| &waiting.lacking)
                .cloned()
                .collect();
            for id in lacking {
                self.go_on(&id, &mut notices);
            }
        }
        notices.extend(self.catch_up());
        Ok(notices)
    }

    /// Notes that the host has looked for events in its store, and that they are not there.
    ///
    /// An event that its `auth_events` reject is rejected whatever it builds on; but as long as the
    /// store may have that, it waits in a room that was loaded in part. Ids for which nothing waits
    /// are not kept.
    pub fn not_stored(&mut self, events: &[EventId]) -> Vec<Notice> {
        let mut notices = Vec::new();
        if self.saved.is_whole() {
            return notices;
        }
        let queue = &self.queue;
        self.saved
            .set_not_stored(events, |id| !queue.needing(id).is_empty());
        for id in events {
            self.go_on(id, &mut notices);
        }
        notices
    }

    /// Does what was put off while the room was not whole, if it is now.
    pub(in crate::room) fn catch_up(&mut self) -> Vec<Notice> {
        let mut notices = Vec::new();
        if self.saved.take_pending() == Pending::Nothing {
            return notices;
        }
        let all: Vec<NodeIndex> = self.timeline.dag.events().collect();
        let ready = all.iter().map(|node| self.with_new_state(*node));
        let ready: BTreeSet<NodeIndex> = ready.flatten().collect();
        let settled = self.reevaluate(&ready, None, &mut notices);
        self.settle(settled, &mut notices);
        notices
    }
}

impl Given {
    /// Takes rows, each of which is as it was written. The same row may come again.
    pub(super) fn add(
        &mut self,
        events: Vec<EventRow>,
        states: Vec<StateRow>,
        room: &Room,
    ) -> Result<(), RestoreError> {
        for mut row in events {
            let id = event_id(&row.event)?;
            if !row.take_seal(room.id()) {
                let row = Row::Event(id);
                return Err(RestoreError::Seal { row });
            }
            if self.events.get(&id).is_some_and(|old| *old != row) {
                let row = Row::Event(id);
                return Err(RestoreError::Duplicate { row });
            }
            self.events.insert(id, row);
        }
        for mut row in states {
            let name = Row::State(row.state);
            if !row.take_seal(room.id()) {
                return Err(RestoreError::Seal { row: name });
            }
            if self.states.get(&row.state).is_some_and(|old| *old != row) {
                return Err(RestoreError::Duplicate { row: name });
            }
            self.states.insert(row.state, row);
        }
        Ok(())
    }

    pub(super) fn into_rows(self) -> (Vec<EventRow>, Vec<StateRow>) {
        let events = self.events.into_values().collect();
        (events, self.states.into_values().collect())
    }
}
