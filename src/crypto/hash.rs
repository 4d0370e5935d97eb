//! Content hash, reference hash and event id.

use sha2::{Digest, Sha256};

use crate::id::EventId;
use crate::json::{CanonicalObject, Object, RawValue, Select, Value, base64};
use crate::pdu::Pdu;
use crate::version::{EventIdFormat, Kept, RoomVersionRules};

/// SHA-256 over the whole content of an event: tells a redacted copy from a full one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContentHash([u8; 32]);

/// SHA-256 over what redaction keeps of an event: names it for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReferenceHash([u8; 32]);

impl ContentHash {
    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// In unpadded Base64 of the standard alphabet, as in `hashes.sha256`.
    #[must_use]
    pub fn to_base64(&self) -> String {
        base64::encode(&self.0)
    }
}

impl ReferenceHash {
    /// A hash of these bytes, as a host has kept it.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// In unpadded Base64 of the standard alphabet.
    #[must_use]
    pub fn to_base64(&self) -> String {
        base64::encode(&self.0)
    }
}

/// The content hash that an event should state. One pass; nothing is copied.
///
/// Spec: [calculating the content hash][hash].
///
/// [hash]: https://spec.matrix.org/v1.19/server-server-api/#calculating-the-content-hash-for-an-event
#[must_use]
pub fn content_hash(event: &Object) -> ContentHash {
    let mut hasher = Sha256::new();
    event.write_selected(&HASHED, &mut hasher);
    ContentHash(hasher.finalize().into())
}

/// The reference hash of an event. One pass; nothing is copied.
///
/// Spec: [calculating the reference hash][hash].
///
/// [hash]: https://spec.matrix.org/v1.19/server-server-api/#calculating-the-reference-hash-for-an-event
#[must_use]
pub fn reference_hash(event: &Object, rules: &RoomVersionRules) -> ReferenceHash {
    let mut hasher = Sha256::new();
    event.write_selected(&kept(event, rules).signed, &mut hasher);
    ReferenceHash(hasher.finalize().into())
}

/// What redaction keeps of an event, by its `type`.
pub(super) fn kept(event: &Object, rules: &RoomVersionRules) -> Kept {
    let event_type = event
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    rules.redaction.kept(event_type)
}

/// The id of an event: the one that it states in room versions where it does, and its reference
/// hash in the others.
///
/// Spec: event ids of [version 1](https://spec.matrix.org/v1.19/rooms/v1/#event-ids),
/// [3](https://spec.matrix.org/v1.19/rooms/v3/#event-ids),
/// [4](https://spec.matrix.org/v1.19/rooms/v4/#event-ids).
#[must_use]
pub fn event_id(pdu: &Pdu, rules: &RoomVersionRules) -> EventId {
    match pdu.stated_event_id() {
        Some(id) => id.clone(),
        None => hashed_event_id(&signed_message(pdu, rules), rules),
    }
}

/// The id that [`signed_message`] makes.
pub(super) fn hashed_event_id(message: &[u8], rules: &RoomVersionRules) -> EventId {
    let hash: [u8; 32] = Sha256::digest(message).into();
    let url_safe = rules.event_id == EventIdFormat::ReferenceHashUrlSafe;
    let mut buffer = [0; 44];
    EventId::from_trusted(base64::encode_hash(b'$', &hash, url_safe, &mut buffer))
}

/// What the reference hash and signatures cover of a PDU: the canonical JSON of its redacted form
/// without `signatures`.
pub(super) fn signed_message(pdu: &Pdu, rules: &RoomVersionRules) -> Vec<u8> {
    let mut message = Vec::with_capacity(pdu.json().as_bytes().len());
    let kept = rules.redaction.kept(pdu.event_type());
    pdu.json().write_selected(&kept.signed, &mut message);
    message
}

/// The reference hash of an event in canonical JSON, whole or redacted.
pub(crate) fn canonical_reference_hash(
    event: &CanonicalObject,
    rules: &RoomVersionRules,
) -> ReferenceHash {
    let event_type = event.get("type").and_then(RawValue::as_str);
    let kept = rules
        .redaction
        .kept(event_type.as_deref().unwrap_or_default());
    let mut hasher = Sha256::new();
    event.write_selected(&kept.signed, &mut hasher);
    ReferenceHash(hasher.finalize().into())
}

/// Whether the content hash of a PDU is the one that it states. Leaves in `buffer` what was
/// hashed: one large piece is hashed faster than several small ones.
pub(crate) fn is_intact(pdu: &Pdu, buffer: &mut Vec<u8>) -> bool {
    buffer.clear();
    pdu.json().write_selected(&HASHED, buffer);
    Sha256::digest(buffer).as_slice() == pdu.stated_content_hash()
}

/// What the content hash covers.
const HASHED: Select<'_> = Select::Without(&["hashes", "signatures", "unsigned"]);
