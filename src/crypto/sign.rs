//! Hashing and signing an event.

use crate::crypto::hash::kept;
use crate::crypto::{SigningKey, content_hash, insert_signature};
use crate::json::Object;
use crate::version::RoomVersionRules;

/// Adds the content hash and the signature of `server` to an event.
///
/// Other hashes are replaced, other signatures kept. In room versions where the id is the
/// reference hash, it can be computed once this is done.
///
/// Spec: [adding hashes and signatures to outgoing events][spec].
///
/// [spec]: https://spec.matrix.org/v1.19/server-server-api/#adding-hashes-and-signatures-to-outgoing-events
pub fn hash_and_sign_event(
    event: &mut Object,
    rules: &RoomVersionRules,
    server: &str,
    key: &SigningKey,
) {
    let mut hashes = Object::new();
    hashes.insert("sha256", content_hash(event).to_base64());
    event.insert("hashes", hashes);

    let mut message = Vec::new();
    event.write_selected(&kept(event, rules).signed, &mut message);
    let signature = key.sign(&message).to_base64();
    insert_signature(event, server, key.key_id().as_str(), signature);
}
