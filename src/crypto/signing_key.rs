//! The server's own keys.

use ed25519_dalek::Signer;

use crate::crypto::signature::Signature;
use crate::crypto::verify_key::{KeyError, VerifyKey};
use crate::id::KeyId;
use crate::json::base64;

/// A key that signs, with its name.
///
/// The seed is wiped from memory when the key is dropped, and no way of printing shows it but
/// [`to_file`](Self::to_file).
pub struct SigningKey {
    key_id: KeyId,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// The key that a seed of 32 random bytes makes.
    ///
    /// # Errors
    ///
    /// [`KeyError::Algorithm`]: `key_id` is not that of an ed25519 key.
    pub fn from_seed(key_id: KeyId, seed: &[u8; 32]) -> Result<Self, KeyError> {
        if !key_id.is_ed25519() {
            return Err(KeyError::Algorithm { key_id });
        }
        Ok(Self {
            key_id,
            key: ed25519_dalek::SigningKey::from_bytes(seed),
        })
    }

    /// Reads the form in which homeservers keep a key in a file: `ed25519`, the version and the
    /// seed in Base64, with spaces between, on one line.
    ///
    /// # Errors
    ///
    /// - [`KeyError::File`]: not that form.
    /// - [`KeyError::Base64`]: the seed is not 32 bytes in Base64.
    pub fn from_file(text: &str) -> Result<Self, KeyError> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return Err(KeyError::File);
        };
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let &[KeyId::ED25519, version, seed] = words.as_slice() else {
            return Err(KeyError::File);
        };
        let key_id = format!("{}:{version}", KeyId::ED25519);
        let key_id = KeyId::parse(&key_id).map_err(|_| KeyError::File)?;
        Self::from_seed(
            key_id,
            &base64::decode_array(seed).map_err(KeyError::Base64)?,
        )
    }

    /// Writes the line that [`from_file`](Self::from_file) reads. It holds the secret.
    #[must_use]
    pub fn to_file(&self) -> String {
        let seed = base64::encode(self.key.as_bytes());
        format!("{} {} {seed}\n", KeyId::ED25519, self.key_id.version())
    }

    /// What the key is called.
    #[must_use]
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// The public half.
    #[must_use]
    pub fn verify_key(&self) -> VerifyKey {
        VerifyKey::of(&self.key)
    }

    /// Signs bytes.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature::from_bytes(self.key.sign(message).to_bytes())
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}
