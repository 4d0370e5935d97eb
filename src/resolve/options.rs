//! Which algorithm, and which reading of it.

use crate::version::{RoomVersionRules, StateResolution};

/// Which algorithm resolves, and how its text is read where it allows more than one reading.
///
/// The defaults are those of the room version and of today's network; what was used is part of
/// every answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// The algorithm.
    pub algorithm: StateResolution,
    /// Whether state events are in their own state's auth chain.
    pub auth_difference: AuthDifference,
    /// Whether events that were rejected take part.
    pub rejected: RejectedEvents,
    /// What is done about auth events that are not known.
    pub missing: MissingEvents,
}

impl Options {
    /// The options of a room version.
    #[must_use]
    pub fn of(rules: &RoomVersionRules) -> Self {
        Self {
            algorithm: rules.state_resolution,
            auth_difference: AuthDifference::Inclusive,
            rejected: RejectedEvents::TakePart,
            missing: MissingEvents::Error,
        }
    }
}

/// Whether the full auth chain of a state holds the state events themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthDifference {
    /// It does, which is what the network computes.
    Inclusive,
    /// It does not, which is the letter of the specification.
    Exclusive,
}

/// Whether events that were rejected by the state before them take part.
///
/// Spec: [rejected events](https://spec.matrix.org/v1.19/rooms/v12/#rejected-events).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RejectedEvents {
    /// They are checked again like any other event.
    TakePart,
    /// They are never admitted.
    Skip,
}

/// What is done about auth events that are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MissingEvents {
    /// Nothing is resolved; the error lists them.
    Error,
    /// They are treated as if nobody cited them.
    Absent,
    /// The same, and the trace lists them.
    Report,
}
