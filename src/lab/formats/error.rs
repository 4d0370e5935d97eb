//! What may be wrong with a dump.

use crate::json::{InteropError, NumberError, ParseError};
use crate::lab::formats::Position;

/// What is wrong with a part of a dump.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError {
    /// It is not JSON, or not JSON that the room version's canonical JSON can express.
    #[error("not canonical JSON: {0}")]
    Json(#[from] ParseError),
    /// It holds a number that the room version's canonical JSON cannot express.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// An event of a scenario has no counterpart in JSON.
    #[error("not an event: {0}")]
    Scenario(#[from] InteropError),
}

/// Why bytes are no dump that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is nothing in it.
    #[error("there are no events")]
    Empty,
    /// It is an object, but none of those that hold events.
    #[error("an object with none of `events`, `pdus`, `state`, `auth_chain`, `tardis_version`")]
    UnknownObject,
    /// It holds rooms, each an object with its events.
    #[error("holds {rooms} rooms, and only one can be read at a time")]
    SeveralRooms {
        /// How many there are.
        rooms: usize,
    },
    /// It is JSON from afar, but what should be an array or an object breaks off.
    #[error("line {line}: expected {expected}")]
    Broken {
        /// The line, counted from 1.
        line: usize,
        /// What should be there.
        expected: &'static str,
    },
    /// It would be a TARDIS scenario if it were JSON5.
    #[error("scenario: line {line}: {message}")]
    Json5 {
        /// The line, counted from 1.
        line: usize,
        /// What the JSON5 reader says.
        message: String,
    },
    /// Arrays and objects of a scenario are nested deeper than the JSON5 reader can go.
    #[error("scenario: more than {limit} arrays and objects inside one another")]
    TooDeep {
        /// The bound.
        limit: usize,
    },
    /// It is a scenario of a version that is not known.
    #[error("scenario: `tardis_version` is not 1")]
    TardisVersion,
    /// A member of the outer object has the wrong type.
    #[error("`{member}` is not {expected}")]
    WrongType {
        /// The member.
        member: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// Neither the caller nor the dump says what the room version is.
    #[error("there is no create event to tell the room version")]
    NoRoomVersion,
    /// The create event's `room_version` is not a string.
    #[error("{position}: `room_version` of the create event is not a string")]
    RoomVersionNotText {
        /// Where the create event is.
        position: Position,
    },
    /// Several create events name different room versions.
    #[error("the create events name different room versions: `{first}` and `{second}`")]
    RoomVersionsDiffer {
        /// One of them.
        first: String,
        /// Another one.
        second: String,
    },
    /// The room version is none that is known.
    #[error("room version `{id:.255}` is not known")]
    UnknownRoomVersion {
        /// What it is called.
        id: String,
    },
}

impl ReadError {
    /// Whether naming the room version would help.
    #[must_use]
    pub fn is_about_room_version(&self) -> bool {
        matches!(
            self,
            Self::NoRoomVersion
                | Self::RoomVersionNotText { .. }
                | Self::RoomVersionsDiffer { .. }
                | Self::UnknownRoomVersion { .. }
        )
    }
}
