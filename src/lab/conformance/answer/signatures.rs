//! Signatures: made, and looked at.

use crate::crypto::{
    self, Signature, SignatureError, SigningKey, VerifyError, VerifyKey, hash_and_sign_event,
    sign_json,
};
use crate::id::KeyId;
use crate::json::{Object, base64};
use crate::lab::conformance::answer::{NoAnswer, event, with_readings};
use crate::lab::conformance::fields::{hex, object, opt_object, rules, text};
use crate::lab::conformance::{FileError, keys};
use crate::limits::Limits;
use crate::version::RoomVersionRules;

pub(super) fn answer(input: &Object, rules: &RoomVersionRules) -> Result<Object, NoAnswer> {
    let rules = with_readings(input, rules)?;
    let ring = keys::key_ring(object(input, "server_keys")?)?;
    let pdu = event::pdu(input, "event", &rules)?;
    let found = crypto::verify(pdu, &rules, &ring, keys::now(input), &Limits::default());
    let mut answer = Object::new();
    match found {
        Ok(_) => {
            answer.insert("verdict", "valid");
        }
        Err(error) => {
            answer.insert("verdict", "drop");
            answer.insert("error", kind(&error));
        }
    }
    Ok(answer)
}

/// The name of what is wrong, or of the first thing.
pub(super) fn kind(error: &VerifyError) -> &'static str {
    match error.errors.first() {
        Some(SignatureError::NoSigner { .. }) => "NoSigner",
        Some(SignatureError::NoUsableKey { .. }) => "NoUsableKey",
        Some(SignatureError::Invalid { .. }) => "Invalid",
        Some(SignatureError::Unsigned { .. }) | None => "Unsigned",
    }
}

pub(super) fn sign(input: &Object, room_version: Option<&str>) -> Result<Object, NoAnswer> {
    let wrong = |field| FileError::Field { field };
    let seed = base64::decode_array(text(input, "seed")?).map_err(|_| wrong("seed"))?;
    let key_id = KeyId::parse(text(input, "key_id")?).map_err(|_| wrong("key_id"))?;
    let key = SigningKey::from_seed(key_id, &seed).map_err(|_| wrong("key_id"))?;
    let server = text(input, "server")?;
    let signed = if let Some(event) = opt_object(input, "event") {
        let version = room_version.ok_or(wrong("room_version"))?;
        let mut event = event.clone();
        hash_and_sign_event(&mut event, rules(version)?, server, &key);
        event
    } else {
        let mut json = object(input, "object")?.clone();
        sign_json(&mut json, server, &key);
        json
    };
    Ok(Object::from_iter([("signed", signed)]))
}

pub(super) fn ed25519(input: &Object) -> Result<Object, NoAnswer> {
    let key: [u8; 32] = fixed(input, "key")?;
    let signature = Signature::from_bytes(fixed(input, "signature")?);
    let message = hex(text(input, "message")?).ok_or(FileError::Field { field: "message" })?;
    let key = VerifyKey::from_bytes(&key);
    let valid = key.is_ok_and(|key| key.verify(&message, &signature));
    Ok(Object::from_iter([("valid", valid)]))
}

/// So many bytes in hex.
fn fixed<const N: usize>(input: &Object, field: &'static str) -> Result<[u8; N], FileError> {
    let bytes = hex(text(input, field)?);
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or(FileError::Field { field })
}
