//! Putting a room away and bringing it back.
//!
//! The library keeps nothing itself. It gives a host rows to keep in whatever store it has, and
//! makes a room of them again, without judging anything a second time.
//!
//! Everything else is told at [`Checkpoint`].

mod closure;
mod error;
mod load;
mod loading;
mod place;
mod rows;
mod saved;
mod seal;
mod verdict;
mod write;

pub use self::error::{Needs, RestoreError, Row, RowKind};
pub use self::loading::Loading;
pub use self::rows::{
    Entry, EventRow, FORMAT, Head, Key, Pending, StateRow, StatedRoomId, Tense, WaitingRow,
    WaitsFor,
};
pub use self::verdict::{CheckRow, DecisionRow, VerdictRow};

pub(super) use self::saved::Saved;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A room as rows.
///
/// | row            | key          | changes                                                |
/// |----------------|--------------|--------------------------------------------------------|
/// | [`Head`]       | the room     | with everything                                        |
/// | [`EventRow`]   | `event`      | when the event is judged again, which is rare          |
/// | [`StateRow`]   | `state`      | never                                                  |
/// | [`WaitingRow`] | `number`     | when something that the event waits for comes          |
///
/// # Out
///
/// [`changes`] returns the rows that are new or have changed since the host last called
/// [`persisted`]; the host writes them all in one transaction, replacing rows of the same
/// keys, deletes those of [`Changes::settled`], commits, and calls `persisted`. If it crashes in
/// between, what it has is the room as it was, and it receives again what has come since.
///
/// States are kept by their difference from others. Some are kept whole, so that the way to any
/// other is short, and in all these take no more room than the differences do.
///
/// # In
///
/// [`restore`] takes all rows. [`Loading`] takes those that it needs to go on from the
/// forward extremities: a large room is mostly events that nobody asks for again. An event that
/// builds on older ones makes such a room ask for them as if they were missing; the host looks
/// into its store first, [`load`] takes what it finds there, and [`not_stored`] what it
/// does not.
///
/// A room that is restored is the room that it was: it answers every question in the same way, and
/// so it does with whatever comes next. A room that was loaded in part does too, with these
/// exceptions. What it has not loaded it does not know: a host has to see to it that an event in
/// its store is not received again, and looks up old events there. What would have events judged
/// again, it puts off until all of it is loaded: better copies of events that were altered, claims
/// for events that have their place, gaps that close, and [`soft_fail`] and its like.
///
/// # Seals
///
/// Each row ends in a seal, a hash over the rest of it and the room's id. Bits that flip in a
/// store, a row of another room, or one that was cut short, are found: a room comes back as it was
/// or not at all. A seal is no signature, and no help against somebody who writes rows of their
/// own. Rows of different times can be told apart only where their numbers show it: a store has to
/// keep transactions whole.
///
/// The head also names the rules and options by which everything was found. Rows of another
/// configuration, or of a library that judges otherwise, are refused: then a room has to be made
/// again from its events.
///
/// [`changes`]: crate::room::Room::changes
/// [`persisted`]: crate::room::Room::persisted
/// [`restore`]: crate::room::Room::restore
/// [`load`]: crate::room::Room::load
/// [`not_stored`]: crate::room::Room::not_stored
/// [`soft_fail`]: crate::room::Room::soft_fail
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// What there is one of.
    pub head: Head,
    /// All the rest.
    pub rows: Rows,
}

/// Rows of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// Its events.
    pub events: Vec<EventRow>,
    /// Its states.
    pub states: Vec<StateRow>,
    /// The events that wait.
    pub waiting: Vec<WaitingRow>,
}

/// What has changed in a room since the host last kept it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    /// What there is one of, as it is now.
    pub head: Head,
    /// The rows that are new or have changed.
    pub rows: Rows,
    /// The numbers of the waiting events whose rows are to be deleted.
    pub settled: Vec<u64>,
}

impl Checkpoint {
    /// Does to this checkpoint what a host does to its tables: rows replace those of the same keys.
    ///
    /// O(n · log n) in the rows of both.
    pub fn apply(&mut self, changes: Changes) {
        let Changes {
            head,
            rows,
            settled,
        } = changes;
        self.head = head;
        upsert(&mut self.rows.events, rows.events, |row| row.number);
        upsert(&mut self.rows.states, rows.states, |row| row.state);
        upsert(&mut self.rows.waiting, rows.waiting, |row| row.number);
        let settled: BTreeSet<u64> = settled.into_iter().collect();
        let waiting = &mut self.rows.waiting;
        waiting.retain(|row| !settled.contains(&row.number));
    }
}

fn upsert<T, K: Ord>(rows: &mut Vec<T>, newer: Vec<T>, key: impl Fn(&T) -> K) {
    let all = std::mem::take(rows).into_iter().chain(newer);
    let by_key: BTreeMap<K, T> = all.map(|row| (key(&row), row)).collect();
    rows.extend(by_key.into_values());
}
