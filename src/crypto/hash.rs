//! Content hash, reference hash and event id.

use sha2::{Digest, Sha256};

use crate::id::EventId;
use crate::json::{Object, Select, Value, base64};
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
    event.write_selected(
        &Select::Without(&["hashes", "signatures", "unsigned"]),
        &mut hasher,
    );
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
    let hash = match (rules.event_id, pdu.stated_event_id()) {
        (_, Some(id)) => return id.clone(),
        (EventIdFormat::ReferenceHashUrlSafe, None) => {
            base64::encode_url_safe(reference_hash(pdu.json(), rules).as_bytes())
        }
        (EventIdFormat::ReferenceHash | EventIdFormat::Field, None) => {
            reference_hash(pdu.json(), rules).to_base64()
        }
    };
    EventId::from_trusted(format!("${hash}"))
}
