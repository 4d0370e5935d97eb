//! `m.room.third_party_invite`.

use serde::{Deserialize, Serialize};

use crate::json::{Object, Value, base64};
use crate::pdu::content::stored::arrays;

/// The public keys that a third-party invite names: whoever holds one of them may say whom the
/// invite is for.
///
/// Spec: [`m.room.third_party_invite`][invite].
///
/// [invite]: https://spec.matrix.org/v1.19/client-server-api/#mroomthird_party_invite
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InviteKeys {
    /// `public_key`, then the `public_key` of each entry of `public_keys`: those that are 32
    /// bytes in Base64, of either alphabet.
    #[serde(with = "arrays")]
    pub keys: Vec<[u8; 32]>,
}

impl InviteKeys {
    pub(super) fn of(content: &Object) -> Self {
        let listed = content.get("public_keys").and_then(Value::as_array);
        let listed = listed
            .into_iter()
            .flat_map(|list| list.iter())
            .filter_map(|entry| entry.as_object()?.get("public_key"));
        let keys = content
            .get("public_key")
            .into_iter()
            .chain(listed)
            .filter_map(|key| base64::decode(key.as_str()?).ok()?.try_into().ok())
            .collect();
        Self { keys }
    }
}
