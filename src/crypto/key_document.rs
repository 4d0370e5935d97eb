//! Key documents: what a server publishes about its keys, and what a notary passes on.

use std::collections::BTreeMap;

use crate::crypto::key_ring::{KeyRing, KeyStatus, Timestamp, Validity};
use crate::crypto::signature::{JsonSignatureError, Signature, signatures_by, signed_bytes};
use crate::crypto::verify_key::{KeyError, VerifyKey};
use crate::id::{KeyId, ServerName, truncated};
use crate::json::{Mode, Object, ParseError, Value};
use crate::limits::Limits;
use crate::version::KeyValidity;

/// The keys of one server, as it published and signed them.
///
/// There is none that does not bear out itself: each is signed with at least one of the keys that
/// it lists as in use, and every signature by one of those is right. Signatures by other keys say
/// nothing and are not looked at. That the document came from its server, or from a notary that
/// the host trusts, is for the host to see to.
///
/// Spec: [retrieving server keys][spec].
///
/// [spec]: https://spec.matrix.org/v1.19/server-server-api/#retrieving-server-keys
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDocument {
    server_name: ServerName,
    valid_until_ts: i64,
    verify_keys: BTreeMap<KeyId, VerifyKey>,
    old_verify_keys: BTreeMap<KeyId, (VerifyKey, i64)>,
    unusable: Vec<(KeyId, KeyError)>,
}

impl KeyDocument {
    /// Reads the answer to `GET /_matrix/key/v2/server` and checks the server's own signatures.
    ///
    /// Keys of other algorithms are left out, and so are [those](Self::unusable) that cannot be
    /// keys. A key that is listed as retired is retired, even if it is listed as in use as well.
    ///
    /// # Errors
    ///
    /// [`KeyDocumentError`]: nothing in the document is to be believed.
    pub fn parse(input: &[u8], limits: &Limits) -> Result<Self, KeyDocumentError> {
        let json = Object::parse_within(input, Mode::Strict, limits)?;
        Self::from_json(&json, limits)
    }

    /// As [`parse`](Self::parse), from an object.
    ///
    /// # Errors
    ///
    /// [`KeyDocumentError`], but not [`Json`](KeyDocumentError::Json).
    pub fn from_json(json: &Object, limits: &Limits) -> Result<Self, KeyDocumentError> {
        let mut document = Self::unchecked(json)?;
        let in_use = |key_id: &KeyId| document.verify_keys.get(key_id).copied();
        check_signatures(json, &document.server_name, in_use, limits)?;
        for key_id in document.old_verify_keys.keys() {
            document.verify_keys.remove(key_id);
        }
        Ok(document)
    }

    /// Reads the answer of a notary to `/_matrix/key/v2/query`: documents that it has signed too.
    ///
    /// The notary's signature is checked with the keys that `keys` has of it and that are valid
    /// `now`; at least one is needed, and none of those may be wrong. One bad document does not
    /// spoil the others, so each has a result of its own, in the order of the answer.
    ///
    /// # Errors
    ///
    /// [`KeyDocumentError::Json`], [`Missing`](KeyDocumentError::Missing) or
    /// [`WrongType`](KeyDocumentError::WrongType): it is not an answer at all.
    pub fn parse_notary_answer(
        input: &[u8],
        notary: &ServerName,
        keys: &KeyRing,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<Vec<Result<Self, KeyDocumentError>>, KeyDocumentError> {
        let answer = Object::parse_within(input, Mode::Strict, limits)?;
        let documents = member(&answer, "server_keys")?.as_array();
        let documents = documents.ok_or(wrong_type("server_keys", "an array"))?;
        let known = |key_id: &KeyId| {
            // Retired keys and those no longer vouched for are good for old events only.
            match keys.lookup(notary, key_id, now.millis(), now, KeyValidity::Enforced) {
                KeyStatus::Usable(key) => Some(*key),
                KeyStatus::Unknown | KeyStatus::Expired => None,
            }
        };
        let read = |json: &Value| {
            let json = json
                .as_object()
                .ok_or(wrong_type("server_keys", "an array of objects"))?;
            check_signatures(json, notary, known, limits)?;
            Self::from_json(json, limits)
        };
        Ok(documents.iter().map(read).collect())
    }

    /// Whose keys these are.
    #[must_use]
    pub fn server_name(&self) -> &ServerName {
        &self.server_name
    }

    /// When the document should be fetched again, and up to when its server vouches for the keys
    /// that are in use.
    #[must_use]
    pub fn valid_until_ts(&self) -> i64 {
        self.valid_until_ts
    }

    /// The keys, those in use before those that are retired.
    pub fn keys(&self) -> impl Iterator<Item = (&KeyId, &VerifyKey, Validity)> {
        let in_use = self.verify_keys.iter();
        let in_use = in_use.map(|(id, key)| (id, key, Validity::Until(self.valid_until_ts)));
        let old = self.old_verify_keys.iter();
        in_use.chain(old.map(|(id, (key, expired))| (id, key, Validity::ExpiredAt(*expired))))
    }

    /// The ed25519 keys that were left out, and why.
    #[must_use]
    pub fn unusable(&self) -> &[(KeyId, KeyError)] {
        &self.unusable
    }

    /// Reads a document without a look at its signatures.
    fn unchecked(json: &Object) -> Result<Self, KeyDocumentError> {
        let server_name = member(json, "server_name")?.as_str();
        let server_name = server_name.ok_or(wrong_type("server_name", "a string"))?;
        let server_name =
            ServerName::parse(server_name).map_err(|_| KeyDocumentError::ServerName {
                name: truncated(server_name),
            })?;
        let valid_until_ts = member(json, "valid_until_ts")?.as_i64();
        let mut document = Self {
            server_name,
            valid_until_ts: valid_until_ts.ok_or(wrong_type("valid_until_ts", "an integer"))?,
            verify_keys: BTreeMap::new(),
            old_verify_keys: BTreeMap::new(),
            unusable: Vec::new(),
        };
        for (key_id, entry) in entries(member(json, "verify_keys")?, "verify_keys")? {
            if let Some(key) = document.key(&key_id, entry)? {
                document.verify_keys.insert(key_id, key);
            }
        }
        // The only property that is optional.
        if let Some(old) = json.get("old_verify_keys") {
            for (key_id, entry) in entries(old, "old_verify_keys")? {
                let expired = member(entry, "expired_ts")?.as_i64();
                let expired = expired.ok_or(wrong_type("expired_ts", "an integer"))?;
                if let Some(key) = document.key(&key_id, entry)? {
                    document.old_verify_keys.insert(key_id, (key, expired));
                }
            }
        }
        Ok(document)
    }

    fn key(
        &mut self,
        key_id: &KeyId,
        entry: &Object,
    ) -> Result<Option<VerifyKey>, KeyDocumentError> {
        let key = member(entry, "key")?
            .as_str()
            .ok_or(wrong_type("key", "a string"))?;
        match VerifyKey::from_base64(key) {
            Ok(key) => Ok(Some(key)),
            Err(error) => {
                self.unusable.push((key_id.clone(), error));
                Ok(None)
            }
        }
    }
}

/// Checks the signatures by the keys of `server` that `key` knows: there must be one, and none may
/// be wrong.
fn check_signatures(
    json: &Object,
    server: &ServerName,
    key: impl Fn(&KeyId) -> Option<VerifyKey>,
    limits: &Limits,
) -> Result<(), KeyDocumentError> {
    let mut message = None;
    let mut checked = 0_usize;
    for (name, signature) in signatures_by(json, server.as_str()).into_iter().flatten() {
        let Ok(key_id) = KeyId::parse(name) else {
            continue;
        };
        let Some(key) = key(&key_id) else { continue };
        if checked >= limits.signatures_per_server {
            return Err(KeyDocumentError::TooManySignatures {
                server: server.clone(),
            });
        }
        let wrong = |error| KeyDocumentError::Signature {
            server: server.clone(),
            key_id,
            error,
        };
        let Some(signature) = signature.as_str().and_then(Signature::from_base64) else {
            return Err(wrong(JsonSignatureError::Malformed));
        };
        if !key.verify(
            message.get_or_insert_with(|| signed_bytes(json)),
            &signature,
        ) {
            return Err(wrong(JsonSignatureError::Invalid));
        }
        checked = checked.saturating_add(1);
    }
    if checked == 0 {
        return Err(KeyDocumentError::Unsigned {
            server: server.clone(),
        });
    }
    Ok(())
}

/// The members of a list of keys that are for ed25519.
fn entries<'a>(
    keys: &'a Value,
    field: &'static str,
) -> Result<Vec<(KeyId, &'a Object)>, KeyDocumentError> {
    let keys = keys.as_object().ok_or(wrong_type(field, "an object"))?;
    let understood = keys.iter().filter_map(|(name, entry)| {
        let key_id = KeyId::parse(name).ok().filter(KeyId::is_ed25519)?;
        let entry = entry
            .as_object()
            .ok_or(wrong_type(field, "an object of objects"));
        Some(entry.map(|entry| (key_id, entry)))
    });
    understood.collect()
}

fn member<'a>(json: &'a Object, field: &'static str) -> Result<&'a Value, KeyDocumentError> {
    json.get(field).ok_or(KeyDocumentError::Missing { field })
}

fn wrong_type(field: &'static str, expected: &'static str) -> KeyDocumentError {
    KeyDocumentError::WrongType { field, expected }
}

/// Why a key document is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyDocumentError {
    /// It is not a JSON object.
    #[error(transparent)]
    Json(#[from] ParseError),
    /// A property that must be there is absent.
    #[error("`{field}` is missing")]
    Missing {
        /// The property.
        field: &'static str,
    },
    /// `server_name` is not a server name.
    #[error("`{name}` is not a server name")]
    ServerName {
        /// What it is, cut to 255 bytes.
        name: String,
    },
    /// A signature of the server, or of the notary, is wrong.
    #[error("`{server}` with `{key_id}`: {error}")]
    Signature {
        /// The server, or the notary.
        server: ServerName,
        /// The key.
        key_id: KeyId,
        /// What is wrong.
        error: JsonSignatureError,
    },
    /// The server, or the notary, has signed with more keys than are checked
    /// ([`Limits::signatures_per_server`]).
    #[error("`{server}` has signed too many times")]
    TooManySignatures {
        /// The server, or the notary.
        server: ServerName,
    },
    /// The server has not signed with a key that the document lists as in use, or the notary not
    /// with a key that is known and valid.
    #[error("`{server}` has not signed with a known key")]
    Unsigned {
        /// The server, or the notary.
        server: ServerName,
    },
    /// A property has the wrong type.
    #[error("`{field}` is not {expected}")]
    WrongType {
        /// The property.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}
