//! Why a room does not come back from its rows.

use crate::id::{EventId, IdError};
use crate::pdu::FormatError;

/// Why rows were not taken. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The rows are of a format that this library does not read.
    #[error("format {format} is not known")]
    UnknownFormat {
        /// The format.
        format: u32,
    },
    /// The room version is not among those of the host.
    #[error("room version `{id:.255}` is not known")]
    UnknownVersion {
        /// The version.
        id: String,
    },
    /// The rows were found under other rules, readings or options, or by a library that answers
    /// otherwise.
    #[error("the rows are of configuration `{found:.255}`, not `{expected}`")]
    OtherConfiguration {
        /// That configuration's fingerprint.
        found: String,
        /// The fingerprint of this one.
        expected: String,
    },
    /// A row is not what was written, or is of another room.
    #[error("the seal of {row} is broken")]
    Seal {
        /// Which.
        row: Row,
    },
    /// There are two rows of one key, or two events of one number.
    #[error("there is another row like {row}")]
    Duplicate {
        /// One of them.
        row: Row,
    },
    /// The head knows of no such row: it is older than the row.
    #[error("{row} is beyond the head")]
    BeyondHead {
        /// Which.
        row: Row,
    },
    /// There are not as many rows as the head says.
    #[error("there are {found} rows of {kind}, not {expected}")]
    Count {
        /// Of which kind.
        kind: RowKind,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: u32,
    },
    /// Rows are missing.
    #[error("{} events, {} states and {} waiting events are missing", .0.events.len(), .0.states.len(), .0.waiting)]
    Missing(Needs),
    /// What should be an identifier is none.
    #[error("`{text:.255}` is not an identifier: {source}")]
    Id {
        /// What stands there.
        text: String,
        /// Why not.
        source: IdError,
    },
    /// A state differs from one that is not before it.
    #[error("state {state} cannot differ from state {parent}")]
    Parent {
        /// The state.
        state: u32,
        /// What it is said to differ from.
        parent: u32,
    },
    /// An entry of a state names an event that is not of that type and state key, or a key that
    /// was not there is removed.
    #[error("state {state} cannot have that event at (`{event_type:.255}`, `{state_key:.255}`)")]
    Entry {
        /// The state.
        state: u32,
        /// The entry's event type.
        event_type: String,
        /// The entry's state key.
        state_key: String,
    },
    /// A row names a state that there is not.
    #[error("{row} names state {state}, which there is not")]
    UnknownState {
        /// The row.
        row: Row,
        /// The state.
        state: u32,
    },
    /// An event is among its own ancestors.
    #[error("event `{event:.255}` is among its own ancestors")]
    Cycle {
        /// The event.
        event: EventId,
    },
    /// What the head names as the create event is none.
    #[error("event `{event:.255}` is not the create event")]
    NotCreate {
        /// The event.
        event: EventId,
    },
    /// What the head names as a forward extremity cannot be one: it is not accepted, or no state
    /// is after it.
    #[error("event `{event:.255}` is no forward extremity")]
    NotExtremity {
        /// The event.
        event: EventId,
    },
    /// An event's row says what cannot be said of an event.
    #[error("the row of event `{event:.255}` has a wrong `{field}`")]
    Field {
        /// The event.
        event: EventId,
        /// Where.
        field: &'static str,
    },
    /// What waits is not an event.
    #[error("waiting event {number} is not an event: {fault}")]
    Waiting {
        /// Its number.
        number: u64,
        /// Why not.
        fault: FormatError,
    },
    /// The graph has no numbers left.
    #[error("the graph is full")]
    Full,
}

/// A kind of row of which a room has many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    /// [`EventRow`](crate::room::EventRow).
    Events,
    /// [`StateRow`](crate::room::StateRow).
    States,
    /// [`WaitingRow`](crate::room::WaitingRow).
    Waiting,
}

impl std::fmt::Display for RowKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Events => "events",
            Self::States => "states",
            Self::Waiting => "waiting events",
        })
    }
}

/// Names a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// The head.
    Head,
    /// An event's.
    Event(EventId),
    /// A state's.
    State(u32),
    /// A waiting event's.
    Waiting(u64),
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Head => f.write_str("the head"),
            Self::Event(event) => write!(f, "event `{event:.255}`"),
            Self::State(state) => write!(f, "state {state}"),
            Self::Waiting(number) => write!(f, "waiting event {number}"),
        }
    }
}

/// Rows that a host has and a room needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Events, sorted. A host that can follow citations in its store answers with these and their
    /// auth chains, and with the `prev_events` of rows whose verdict has a `reject` or `withheld`,
    /// and so on until there are none.
    pub events: Vec<EventId>,
    /// States, in order. A host that can follow `parent` answers with these and all that they
    /// differ from.
    pub states: Vec<u32>,
    /// How many waiting events are missing. All of them are always needed.
    pub waiting: u32,
}

impl Needs {
    /// Whether nothing is needed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.states.is_empty() && self.waiting == 0
    }
}
