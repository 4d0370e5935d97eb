//! Event IDs.

use crate::id::error::{IdError, check_length, check_sigil};
use crate::id::newtype::string_id;

string_id! {
    /// The name of an event: `$` and an opaque rest.
    ///
    /// In room versions 1 and 2 the sending server chose it and it ends in a server name; since
    /// version 3 it is the event's reference hash. Order and equality are those of the bytes, on
    /// which state resolution breaks ties.
    ///
    /// Spec: [event IDs](https://spec.matrix.org/v1.19/appendices/#event-ids).
    EventId
}

impl EventId {
    /// Reads an event ID: `$` first, at most 255 bytes.
    ///
    /// # Errors
    ///
    /// - [`IdError::Sigil`]: no `$` at the start.
    /// - [`IdError::TooLong`]: more than 255 bytes.
    pub fn parse(id: &str) -> Result<Self, IdError> {
        check_sigil(id, '$')?;
        check_length(id)?;
        Ok(Self(id.into()))
    }

    /// What follows the first colon, if anything does: the server that must sign the event in
    /// room versions 1 and 2.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        let (_, server) = self.0.split_once(':')?;
        (!server.is_empty()).then_some(server)
    }
}
