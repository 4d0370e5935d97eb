//! Signing key identifiers.

use crate::id::error::{IdError, check_length, truncated};
use crate::id::newtype::string_id;

string_id! {
    /// The name of a signing key of a server: `algorithm:version`, as in `ed25519:abc123`.
    ///
    /// Spec: [signing details](https://spec.matrix.org/v1.19/appendices/#signing-details).
    KeyId
}

impl KeyId {
    /// The one algorithm that signatures are made with.
    pub const ED25519: &'static str = "ed25519";

    /// Reads a key ID: an algorithm and a version, neither of them empty, with one colon between.
    ///
    /// The specification allows letters, digits and `_` in a version; `.`, `-`, `+`, `/` and `=`
    /// are accepted too, because keys with such names exist.
    ///
    /// # Errors
    ///
    /// - [`IdError::TooLong`]: more than 255 bytes.
    /// - [`IdError::KeyId`]: not of that form.
    pub fn parse(id: &str) -> Result<Self, IdError> {
        check_length(id)?;
        match id.split_once(':') {
            Some((algorithm, version)) if is_word(algorithm) && is_word(version) => {
                Ok(Self(id.into()))
            }
            _ => Err(IdError::KeyId { id: truncated(id) }),
        }
    }

    /// What stands before the colon.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        self.0
            .split_once(':')
            .map_or(&*self.0, |(algorithm, _)| algorithm)
    }

    /// What stands after the colon.
    #[must_use]
    pub fn version(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, version)| version)
    }

    /// Whether the key is one that signatures can be checked with.
    #[must_use]
    pub fn is_ed25519(&self) -> bool {
        self.algorithm() == Self::ED25519
    }
}

fn is_word(word: &str) -> bool {
    !word.is_empty()
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.-+/=".contains(&b))
}
