//! Public keys.

use crate::crypto::signature::Signature;
use crate::id::KeyId;
use crate::json::base64::{Base64Error, decode_array, encode};

/// A public Ed25519 key, decompressed once, so that each signature costs one verification.
///
/// Equality is that of the bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyKey(ed25519_dalek::VerifyingKey);

impl VerifyKey {
    /// The public half of a key that signs, which is a point and not weak.
    pub(super) fn of(key: &ed25519_dalek::SigningKey) -> Self {
        Self(key.verifying_key())
    }

    /// Decompresses a key.
    ///
    /// # Errors
    ///
    /// - [`KeyError::NotAPoint`]: the bytes are not the encoding of a point.
    /// - [`KeyError::Weak`]: the point is of small order; signatures could be made by anyone.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key =
            ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        // Decompression accepts a coordinate that is not reduced; a second encoding of one point
        // would be a second name for one key.
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::NotAPoint);
        }
        Ok(Self(key))
    }

    /// Reads a key in Base64, as [`decode_array`] does.
    ///
    /// # Errors
    ///
    /// [`KeyError::Base64`] if it is none or not 32 bytes, and the errors of
    /// [`from_bytes`](Self::from_bytes).
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(&decode_array(text).map_err(KeyError::Base64)?)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// In unpadded Base64.
    #[must_use]
    pub fn to_base64(&self) -> String {
        encode(self.as_bytes())
    }

    /// Whether `signature` is that of this key over `message`.
    ///
    /// Always the strict check, which agrees with libsodium on every edge case: `S` must be
    /// reduced, and `R` must not be of small order. Signatures are never checked in batches,
    /// because a batch accepts what a single check refuses.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        self.0.verify_strict(message, &signature).is_ok()
    }
}

impl std::fmt::Display for VerifyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.to_base64())
    }
}

impl std::fmt::Debug for VerifyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerifyKey({self})")
    }
}

/// Why something is not a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key is for another algorithm than `ed25519`.
    #[error("`{key_id}` is not an ed25519 key")]
    Algorithm {
        /// What the key is called.
        key_id: KeyId,
    },
    /// The key is not 32 bytes in Base64.
    #[error("a key must be 32 bytes in base64: {0}")]
    Base64(Base64Error),
    /// The text is not of the form `ed25519 <version> <seed>`, on one line.
    #[error("a signing key must read `ed25519 <version> <seed>`")]
    File,
    /// The bytes do not encode a point of the curve in the one way there is.
    #[error("the key is not a point of the curve")]
    NotAPoint,
    /// The key is a point of small order, for which anyone can sign.
    #[error("the key is weak")]
    Weak,
}
