//! `m.room.policy`.

use serde::{Deserialize, Serialize};

use crate::id::ServerName;
use crate::json::{Object, Value, base64};
use crate::pdu::content::stored::key;

/// The policy server that a room names: it is asked about events before they are sent.
///
/// There is one only where the event is valid. Whether the room then uses it depends on who is in
/// the room.
///
/// Spec: [`m.room.policy`](https://spec.matrix.org/v1.19/client-server-api/#mroompolicy).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyServer {
    /// `via`: the server to ask.
    pub via: ServerName,
    /// `ed25519` of `public_keys`; `None` if that string is not 32 bytes in Base64, of either
    /// alphabet. Such an event is valid all the same, and the room names a key by which nobody
    /// can sign.
    #[serde(with = "key")]
    pub key: Option<[u8; 32]>,
}

impl PolicyServer {
    /// `None` unless `via` is a string and `public_keys` an object with a string `ed25519`. A
    /// `via` that is not a server name counts as none: no user can be on such a server, without
    /// which it is not used.
    ///
    /// Spec: [determining if a policy server is enabled in a room][enabled].
    ///
    /// [enabled]: https://spec.matrix.org/v1.19/server-server-api/#determining-if-a-policy-server-is-enabled-in-a-room
    pub(super) fn of(content: &Object) -> Option<Self> {
        let via = content.get("via")?.as_str()?;
        let keys = content.get("public_keys").and_then(Value::as_object)?;
        let key = keys.get("ed25519")?.as_str()?;
        Some(Self {
            via: ServerName::parse(via).ok()?,
            key: base64::decode_array(key).ok(),
        })
    }
}
