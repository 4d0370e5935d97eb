//! Ed25519 signatures, and JSON objects that carry them.

use crate::crypto::signing_key::SigningKey;
use crate::crypto::verify_key::VerifyKey;
use crate::id::KeyId;
use crate::json::{Object, Select, Value, base64};

/// An Ed25519 signature. Prints as unpadded Base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature([u8; 64]);

impl Signature {
    /// A signature of these bytes, whatever they are worth.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Reads Base64 as [`base64::decode`] does. `None` if it is none, or not 64 bytes.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        base64::decode_array(text).ok().map(Self)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// In unpadded Base64.
    #[must_use]
    pub fn to_base64(&self) -> String {
        base64::encode(&self.0)
    }
}

impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.to_base64())
    }
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signature({self})")
    }
}

/// Why an object does not count as signed by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonSignatureError {
    /// The signature is not that of the key over the object.
    #[error("the signature is wrong")]
    Invalid,
    /// What stands where the signature should is not 64 bytes in Base64.
    #[error("the signature is malformed")]
    Malformed,
    /// The object has no signature of that server by that key.
    #[error("the signature is missing")]
    Missing,
}

/// Signs an object as `server` and puts the signature under `signatures`, beside any others.
///
/// A `signatures` that is not an object of objects is replaced where it is none. An event is
/// signed in its redacted form: this is for everything else.
///
/// Spec: [signing details](https://spec.matrix.org/v1.19/appendices/#signing-details).
pub fn sign_json(object: &mut Object, server: &str, key: &SigningKey) {
    let signature = key.sign(&signed_bytes(object));
    insert_signature(object, server, key.key_id().as_str(), signature.to_base64());
}

/// Puts a signature under `signatures`, beside any others.
pub(crate) fn insert_signature(
    object: &mut Object,
    server: &str,
    key_id: &str,
    signature: impl Into<Value>,
) {
    let mut servers = take_object(object, "signatures");
    let mut keys = take_object(&mut servers, server);
    keys.insert(key_id, signature);
    servers.insert(server, keys);
    object.insert("signatures", servers);
}

/// Checks that an object is signed by `server` with the key called `key_id`.
///
/// # Errors
///
/// - [`JsonSignatureError::Missing`]: no such entry under `signatures`.
/// - [`JsonSignatureError::Malformed`]: it is not 64 bytes in Base64.
/// - [`JsonSignatureError::Invalid`]: it does not verify.
///
/// Spec: [checking for a signature][spec].
///
/// [spec]: https://spec.matrix.org/v1.19/appendices/#checking-for-a-signature
pub fn verify_json(
    object: &Object,
    server: &str,
    key_id: &KeyId,
    key: &VerifyKey,
) -> Result<(), JsonSignatureError> {
    let text = signatures_by(object, server).and_then(|keys| keys.get(key_id.as_str()));
    let text = text.ok_or(JsonSignatureError::Missing)?;
    let signature = text.as_str().and_then(Signature::from_base64);
    let signature = signature.ok_or(JsonSignatureError::Malformed)?;
    if key.verify(&signed_bytes(object), &signature) {
        Ok(())
    } else {
        Err(JsonSignatureError::Invalid)
    }
}

/// The signatures of a server, by key ID.
pub(super) fn signatures_by<'a>(object: &'a Object, server: &str) -> Option<&'a Object> {
    object
        .get("signatures")?
        .as_object()?
        .get(server)?
        .as_object()
}

/// What is signed of an object: everything but `signatures` and `unsigned`.
pub(super) fn signed_bytes(object: &Object) -> Vec<u8> {
    let mut bytes = Vec::new();
    object.write_selected(&Select::Without(&["signatures", "unsigned"]), &mut bytes);
    bytes
}

/// Takes out the object under `key`; an empty one if there is none.
fn take_object(object: &mut Object, key: &str) -> Object {
    object
        .remove(key)
        .and_then(Value::into_object)
        .unwrap_or_default()
}
