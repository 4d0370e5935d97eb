//! Hashes, event ids, signatures and keys: receipt checks 2 and 3.
//!
//! [`verify`] takes a [`Pdu`](crate::pdu::Pdu) and makes an [`Event`](crate::event::Event) of it,
//! if every server that must have signed it has; if the content hash is wrong the event is its
//! redacted form. This module records facts; the authorisation rules judge them.
//!
//! | the spec says                            | here                                      |
//! |------------------------------------------|-------------------------------------------|
//! | content hash, reference hash, event id   | [`content_hash`], [`reference_hash`], [`event_id()`] |
//! | signing JSON, checking for a signature   | [`sign_json`], [`verify_json`]            |
//! | signatures that an event must have       | [`required_signers`], [`verify`]          |
//! | hashes and signatures of outgoing events | [`hash_and_sign_event`]                   |
//! | retrieving server keys, key validity     | [`KeyDocument`], [`KeyRing`]              |
//! | policy server signatures                 | [`verify_policy_signature`]               |
//!
//! ```
//! use roomdag::crypto::{self, KeyRing, Timestamp, Validity, VerifyKey};
//! use roomdag::{KeyId, Limits, Object, Pdu, ServerName, SigningKey, version};
//!
//! # let key = SigningKey::from_seed(KeyId::parse("ed25519:1")?, &[1; 32])?;
//! # let json = br#"{"type":"m.room.message","sender":"@alice:example.org","room_id":"!r:example.org",
//! #     "content":{},"depth":5,"origin_server_ts":5,"prev_events":[],"auth_events":[]}"#;
//! # let mut event = Object::parse(json, version::V11.canonical_json)?;
//! # crypto::hash_and_sign_event(&mut event, &version::V11, "example.org", &key);
//! # let (bytes, key_in_base64) = (event.to_canonical(), key.verify_key().to_base64());
//! let (rules, limits) = (&version::V11, Limits::default());
//! let now = Timestamp::from_millis(1_700_000_000_000);
//! let pdu = Pdu::parse(&bytes, rules, &limits)?;
//!
//! // Without the key the event has to wait, and the error says for which.
//! let mut keys = KeyRing::new();
//! let error = crypto::verify(pdu.clone(), rules, &keys, now, &limits).unwrap_err();
//! let (server, key_id) = (ServerName::parse("example.org")?, KeyId::parse("ed25519:1")?);
//! assert_eq!(error.missing_keys(), [(server.clone(), key_id.clone())]);
//!
//! // Usually keys come in a `KeyDocument`; whoever adds one by hand states its validity.
//! keys.insert(server, key_id, VerifyKey::from_base64(&key_in_base64)?, Validity::Forever)?;
//! let event = crypto::verify(pdu, rules, &keys, now, &limits)?;
//! assert_eq!(event.id().as_str().len(), 44);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Ed25519 signatures are always verified strictly and one by one: batches accept what single
//! verification refuses. Nothing is fetched, no clock is read; `now` is an argument.
//!
//! Reads [`pdu`](crate::pdu), [`json`](crate::json). Spec:
//! <https://spec.matrix.org/v1.19/server-server-api/#signing-events>

mod hash;
mod key_document;
mod key_ring;
#[cfg(doctest)]
mod proof;
mod sign;
mod signature;
mod signers;
mod signing_key;
mod unverified;
mod verify;
mod verify_key;

pub(crate) use self::hash::{canonical_reference_hash, is_intact};
pub(crate) use self::unverified::implied_room_id;

pub use self::hash::{ContentHash, ReferenceHash, content_hash, event_id, reference_hash};
pub use self::key_document::{KeyDocument, KeyDocumentError};
pub use self::key_ring::{KeyConflict, KeyRing, KeyStatus, Timestamp, Validity};
pub use self::sign::hash_and_sign_event;
pub(crate) use self::signature::insert_signature;
pub use self::signature::{JsonSignatureError, Signature, sign_json, verify_json};
pub use self::signers::{RequiredSigner, SignerRole, required_signers};
pub use self::signing_key::SigningKey;
pub use self::unverified::{stored, unverified, unverified_named};
pub use self::verify::{
    POLICY_SERVER_KEY, SignatureError, VerifyError, verify, verify_policy_signature,
};
pub use self::verify_key::{KeyError, VerifyKey};
