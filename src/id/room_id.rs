//! Room IDs.

use crate::id::error::{IdError, check_length, check_sigil};
use crate::id::newtype::string_id;

string_id! {
    /// The name of a room: `!` and an opaque rest.
    ///
    /// Up to room version 11 the creating server chose it and it ends in that server's name; from
    /// version 12 on it is the create event's ID with the other sigil.
    ///
    /// Spec: [room IDs](https://spec.matrix.org/v1.19/appendices/#room-ids).
    RoomId
}

impl RoomId {
    /// Reads a room ID: `!` first, at most 255 bytes.
    ///
    /// # Errors
    ///
    /// - [`IdError::Sigil`]: no `!` at the start.
    /// - [`IdError::TooLong`]: more than 255 bytes.
    pub fn parse(id: &str) -> Result<Self, IdError> {
        check_sigil(id, '!')?;
        check_length(id)?;
        Ok(Self(id.into()))
    }

    /// What follows the first colon, if anything does. A room that is named by a hash has none.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        let (_, server) = self.0.split_once(':')?;
        (!server.is_empty()).then_some(server)
    }
}
