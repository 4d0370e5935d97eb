//! Key rings and hashes for known answers.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::crypto::{KeyRing, Timestamp, Validity, VerifyKey};
use crate::id::{KeyId, ServerName};
use crate::json::{Object, Value, base64};
use crate::lab::conformance::FileError;
use crate::lab::conformance::fields::{opt_integer, opt_text};

/// A key ring from `{server: {key id: key}}`. A key is a public key in Base64, which never expires,
/// or an object with it as `key`, and perhaps `valid_until_ts` or `expired_ts`.
pub(super) fn key_ring(servers: &Object) -> Result<KeyRing, FileError> {
    let mut ring = KeyRing::new();
    add_keys(&mut ring, servers)?;
    Ok(ring)
}

/// Puts such keys into a ring.
pub(super) fn add_keys(ring: &mut KeyRing, servers: &Object) -> Result<(), FileError> {
    for (server, keys) in servers {
        let server = ServerName::parse(server).map_err(|_| WRONG)?;
        for (key_id, key) in keys.as_object().ok_or(WRONG)? {
            let key_id = KeyId::parse(key_id).map_err(|_| WRONG)?;
            let (key, validity) = match key {
                Value::Object(entry) => (opt_text(entry, "key"), validity(entry)),
                key => (key.as_str(), Validity::Forever),
            };
            let bytes = key.and_then(|key| base64::decode_array(key).ok());
            let key = VerifyKey::from_bytes(&bytes.ok_or(WRONG)?).map_err(|_| WRONG)?;
            ring.insert(server.clone(), key_id, key, validity)
                .map_err(|_| WRONG)?;
        }
    }
    Ok(())
}

fn validity(entry: &Object) -> Validity {
    let ends = ["valid_until_ts", "expired_ts"].map(|field| opt_integer(entry, field));
    match ends {
        [_, Some(expired)] => Validity::ExpiredAt(expired),
        [Some(until), None] => Validity::Until(until),
        [None, None] => Validity::Forever,
    }
}

const WRONG: FileError = FileError::Field {
    field: "server_keys",
};

/// The time of a check, where it says one.
pub(super) fn now(input: &Object) -> Timestamp {
    Timestamp::from_millis(opt_integer(input, "now").unwrap_or(0))
}

/// SHA-256 in lower-case hex.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(bytes) {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// The keys never expire, so the time does not matter.
pub(super) const NOW: Timestamp = Timestamp::from_millis(0);
