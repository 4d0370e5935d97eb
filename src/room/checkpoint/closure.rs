//! What has to be loaded before something of a room can be used.
//!
//! An event needs its auth chain. A state needs those that it differs from, and its events. An
//! event on which others are to build needs the state after it; and where it was not accepted,
//! what lies behind it too, up to accepted events, for those are what is replaced as forward
//! extremities.

use std::collections::{BTreeMap, BTreeSet};

use crate::auth::Rule;
use crate::id::EventId;
use crate::room::Room;
use crate::room::checkpoint::error::{Needs, RestoreError};
use crate::room::checkpoint::place::event_id;
use crate::room::checkpoint::rows::{EventRow, StateRow};
use crate::room::checkpoint::verdict::CheckRow;
use crate::timeline::{StateIx, States, Status};

/// What an event is needed for; each takes what those before it take, and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// To be cited in `auth_events`.
    Cited,
    /// To be passed on the way to accepted events.
    Passed,
    /// To be built on.
    BuiltOn,
    /// To be built on, and to be asked for the state before it.
    Judged,
}

/// Rows by key.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    pub(super) events: BTreeMap<EventId, EventRow>,
    pub(super) states: BTreeMap<u32, StateRow>,
}

/// What is wanted, and how much of that is there. Everything is looked at once for each use.
#[derive(Clone, Debug, Default)]
pub(super) struct Closure {
    events: BTreeMap<EventId, Use>,
    states: BTreeSet<u32>,
    next: Vec<EventId>,
    next_states: Vec<u32>,
    missing: BTreeSet<EventId>,
    missing_states: BTreeSet<u32>,
}

/// What of an event others are wanted for.
struct Parts {
    auth_events: Vec<EventId>,
    prev_events: Vec<EventId>,
    is_accepted: bool,
    before: Option<u32>,
    after: Option<u32>,
}

impl Closure {
    pub(super) fn want(&mut self, event: &EventId, wanted: Use) {
        let known = self.events.get(event);
        if known.is_none_or(|known| *known < wanted) {
            self.events.insert(event.clone(), wanted);
            self.next.push(event.clone());
        }
    }

    pub(super) fn want_state(&mut self, state: u32) {
        if state > States::EMPTY.number() && self.states.insert(state) {
            self.next_states.push(state);
        }
    }

    /// Looks again at what was missing and may be there now.
    pub(super) fn resume(&mut self, given: &Given) {
        let events = self.missing.iter();
        let found = events.filter(|id| given.events.contains_key(*id)).cloned();
        self.next.extend(found);
        let states = self.missing_states.iter();
        let found = states.filter(|state| given.states.contains_key(state));
        self.next_states.extend(found);
    }

    /// Finds what is wanted by what is there.
    pub(super) fn follow(&mut self, room: &Room, given: &Given) -> Result<(), RestoreError> {
        loop {
            if let Some(id) = self.next.pop() {
                let Some(wanted) = self.events.get(&id).copied() else {
                    continue;
                };
                match Parts::of(&id, room, given)? {
                    Some(parts) => {
                        self.missing.remove(&id);
                        self.spread(&id, &parts, wanted, room);
                    }
                    None => {
                        self.missing.insert(id);
                    }
                }
            } else if let Some(state) = self.next_states.pop() {
                let is_here = StateIx::new(state)
                    .is_some_and(|state| room.timeline.states.get(state).is_some());
                let row = given.states.get(&state);
                match row {
                    _ if is_here => {}
                    None => {
                        self.missing_states.insert(state);
                    }
                    Some(row) => {
                        self.missing_states.remove(&state);
                        for entry in &row.set {
                            self.want(&event_id(&entry.event)?, Use::Cited);
                        }
                        // A state that is said to differ from a later one is refused later on.
                        if let Some(parent) = row.parent {
                            self.want_state(parent);
                        }
                    }
                }
            } else {
                return Ok(());
            }
        }
    }

    pub(super) fn needs(&self) -> Needs {
        Needs {
            events: self.missing.iter().cloned().collect(),
            states: self.missing_states.iter().copied().collect(),
            waiting: 0,
        }
    }

    fn spread(&mut self, event: &EventId, parts: &Parts, wanted: Use, room: &Room) {
        for cited in &parts.auth_events {
            self.want(cited, Use::Cited);
        }
        // Of a rejected event without a state nobody knows whether what it builds on is anywhere;
        // but nothing builds on it either.
        let is_on_the_way = parts.after.is_some() || room.history.contains(event);
        if wanted >= Use::Passed && !parts.is_accepted && is_on_the_way {
            // What lies before a claimed state may be nowhere.
            let nowhere = |id: &&EventId| room.history.contains(*id) && !room.is_known(id);
            for prev in parts.prev_events.iter().filter(|id| !nowhere(id)) {
                self.want(prev, Use::Passed);
            }
        }
        let after = parts.after.filter(|_| wanted >= Use::BuiltOn);
        let before = parts.before.filter(|_| wanted >= Use::Judged);
        for state in after.into_iter().chain(before) {
            self.want_state(state);
        }
    }
}

impl Parts {
    fn of(id: &EventId, room: &Room, given: &Given) -> Result<Option<Self>, RestoreError> {
        let timeline = &room.timeline;
        if let Some(node) = room.node(id) {
            let ids = timeline.dag.prev_events(node);
            let ids = ids.filter_map(|prev| timeline.dag.id(prev).cloned());
            return Ok(Some(Self {
                auth_events: Vec::new(),
                prev_events: ids.collect(),
                is_accepted: timeline.status(node) == Some(Status::Accepted),
                before: timeline.records.before(node).map(StateIx::number),
                after: timeline.records.after(node).map(StateIx::number),
            }));
        }
        let Some(row) = given.events.get(id) else {
            return Ok(None);
        };
        let ids = |texts: &[String]| -> Result<Vec<EventId>, RestoreError> {
            texts.iter().map(|text| event_id(text)).collect()
        };
        let is_overlong = row.overlong.as_ref().map(|_| "");
        let verdict = row.verdict.clone();
        let verdict = verdict.into_verdict(is_overlong, &timeline.rules);
        // Of the events that it cites, one of another room is nowhere, and others may be.
        let cites_another_room = matches!(&row.verdict.by_auth_events,
            CheckRow::Reject(decision) if decision.rule == Rule::AuthEventsOtherRoom);
        let auth_events = if cites_another_room {
            Vec::new()
        } else {
            ids(&row.auth_events)?
        };
        Ok(Some(Self {
            auth_events,
            prev_events: ids(&row.prev_events)?,
            is_accepted: verdict.status() == Status::Accepted,
            before: row.before,
            after: row.after,
        }))
    }
}
