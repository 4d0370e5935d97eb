//! Why a string is not an identifier.

use crate::id::MAX_ID_BYTES;

/// Why a string is not the identifier it was meant to be.
///
/// Each variant carries the string, cut to 255 bytes, so that a hostile one cannot flood a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// A key ID is not an algorithm and a version with one colon between them.
    #[error("`{id}` is not a key ID")]
    KeyId {
        /// The string.
        id: String,
    },
    /// A user ID has no colon, so it names no server.
    #[error("`{id}` has no colon")]
    NoColon {
        /// The string.
        id: String,
    },
    /// The localpart of a user ID holds U+0000.
    #[error("the localpart of `{id}` holds U+0000")]
    Nul {
        /// The string.
        id: String,
    },
    /// A server name, or what follows the first colon of a user ID, is none.
    #[error("`{name}` is not a server name")]
    ServerName {
        /// What stands where a server name should.
        name: String,
    },
    /// The identifier does not begin with its sigil.
    #[error("`{id}` does not start with `{sigil}`")]
    Sigil {
        /// The string.
        id: String,
        /// The character it should start with.
        sigil: char,
    },
    /// The identifier is longer than [`MAX_ID_BYTES`].
    #[error("`{id}` is cut from {bytes} bytes, over the limit of {MAX_ID_BYTES}")]
    TooLong {
        /// The beginning of the string.
        id: String,
        /// How long the whole is.
        bytes: usize,
    },
}

/// Checks the sigil.
pub(super) fn check_sigil(id: &str, sigil: char) -> Result<(), IdError> {
    if id.starts_with(sigil) {
        Ok(())
    } else {
        Err(IdError::Sigil {
            id: truncated(id),
            sigil,
        })
    }
}

/// Checks the length. It comes last: where this is the only thing wrong with an identifier, some
/// room versions keep the event.
pub(super) fn check_length(id: &str) -> Result<(), IdError> {
    if id.len() > MAX_ID_BYTES {
        return Err(IdError::TooLong {
            id: truncated(id),
            bytes: id.len(),
        });
    }
    Ok(())
}

/// The first 255 bytes of `text`, or a little less where that would cut a character in two.
pub(crate) fn truncated(text: &str) -> String {
    let mut end = text.len().min(MAX_ID_BYTES);
    loop {
        if let Some(head) = text.get(..end) {
            return head.to_owned();
        }
        end = end.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::truncated;

    #[test]
    fn truncation_keeps_characters_whole() {
        let text = "é".repeat(200);

        assert_eq!(truncated(&text).len(), 254);
        assert_eq!(truncated("short"), "short");
    }
}
