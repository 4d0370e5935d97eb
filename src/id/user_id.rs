//! User IDs.

use crate::id::error::{IdError, check_length, check_sigil, truncated};
use crate::id::newtype::string_id;
use crate::id::server_name::ServerName;

string_id! {
    /// The name of a user: `@localpart:server`.
    ///
    /// The grammar is the one that events must be accepted with, historical user IDs included: the
    /// localpart may be empty and may hold every character but U+0000 and the colon.
    ///
    /// Spec: [user identifiers](https://spec.matrix.org/v1.19/appendices/#user-identifiers),
    /// [historical user IDs](https://spec.matrix.org/v1.19/appendices/#historical-user-ids).
    UserId
}

impl UserId {
    /// Reads a user ID, a historical one too.
    ///
    /// # Errors
    ///
    /// - [`IdError::Sigil`]: no `@` at the start.
    /// - [`IdError::NoColon`]: no colon, hence no server.
    /// - [`IdError::Nul`]: U+0000 in the localpart.
    /// - [`IdError::ServerName`]: what follows the first colon is not a server name.
    /// - [`IdError::TooLong`]: more than 255 bytes, and nothing else is wrong.
    pub fn parse(id: &str) -> Result<Self, IdError> {
        check_sigil(id, '@')?;
        // Identifiers are short: going over their bytes is faster than a search that starts up.
        let colon = id.bytes().position(|byte| byte == b':');
        let Some((localpart, server)) = colon.and_then(|colon| {
            let server = id.get(colon.saturating_add(1)..)?;
            Some((id.get(..colon)?, server))
        }) else {
            return Err(IdError::NoColon { id: truncated(id) });
        };
        if localpart.bytes().any(|byte| byte == 0) {
            return Err(IdError::Nul { id: truncated(id) });
        }
        if !ServerName::is_valid(server) {
            return Err(IdError::ServerName {
                name: truncated(server),
            });
        }
        check_length(id)?;
        Ok(Self(id.into()))
    }

    /// Whether `id` starts with `@` and has a colon.
    ///
    /// This is all that the network asks of the keys of `users` in `m.room.power_levels`.
    #[must_use]
    pub fn is_loose(id: &str) -> bool {
        id.starts_with('@') && id.contains(':')
    }

    /// What stands between the sigil and the first colon.
    #[must_use]
    pub fn localpart(&self) -> &str {
        let id = self.0.strip_prefix('@').unwrap_or(&self.0);
        id.split_once(':').map_or(id, |(localpart, _)| localpart)
    }

    /// The server the user belongs to: what follows the first colon.
    ///
    /// Empty only for an ID without a colon, which can only come from
    /// [`from_trusted`](Self::from_trusted).
    #[must_use]
    pub fn server_name(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, server)| server)
    }
}
