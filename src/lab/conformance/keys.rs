//! Key rings and hashes for known answers.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::crypto::{KeyRing, Timestamp, Validity, VerifyKey};
use crate::id::{KeyId, ServerName};
use crate::json::{Object, base64};
use crate::lab::conformance::FileError;

/// A key ring from `{server: {key id: public key}}`; the keys never expire.
pub(super) fn plain_keys(servers: &Object) -> Result<KeyRing, FileError> {
    let wrong = || FileError::Field {
        field: "server_keys",
    };
    let mut ring = KeyRing::new();
    for (server, keys) in servers {
        let server = ServerName::parse(server).map_err(|_| wrong())?;
        for (key_id, key) in keys.as_object().ok_or_else(wrong)? {
            let key_id = KeyId::parse(key_id).map_err(|_| wrong())?;
            let bytes = key.as_str().and_then(|key| base64::decode_array(key).ok());
            let key = VerifyKey::from_bytes(&bytes.ok_or_else(wrong)?).map_err(|_| wrong())?;
            ring.insert(server.clone(), key_id, key, Validity::Forever)
                .map_err(|_| wrong())?;
        }
    }
    Ok(ring)
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
