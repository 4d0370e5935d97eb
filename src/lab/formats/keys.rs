//! Readers of server keys.

use crate::crypto::{
    KeyConflict, KeyDocument, KeyDocumentError, KeyError, KeyRing, Validity, VerifyKey,
};
use crate::id::{IdError, KeyId, ServerName};
use crate::json::{Array, Mode, Object, ParseError, Value};
use crate::lab::formats::span::{self, Cutter};
use crate::limits::Limits;

/// Reads the keys of servers.
///
/// Three forms are known:
///
/// - `{"server": {"ed25519:id": "<Base64>"}}`: such a key is good for ever;
/// - the same with `{"key": "<Base64>", "valid_until_ts": …}` or `{"key": …, "expired_ts": …}`;
/// - answers to `/_matrix/key/v2/server`, one or an array of them. A signed answer must bear out
///   itself; one without signatures is taken at its word, like the other two forms.
///
/// A room as one object has the first two forms under `server_keys`, beside its `events`. Of such
/// an object nothing else is read, whose events may be no JSON that is fit for canonical JSON.
///
/// Keys of other algorithms than ed25519 are passed over. Linear in the size of `bytes`.
///
/// # Errors
///
/// [`KeysError`], naming the key that cannot be used: signatures checked against half of a file
/// would be worse than none.
pub fn read_keys(bytes: &[u8]) -> Result<KeyRing, KeysError> {
    let mut ring = KeyRing::new();
    let (value, is_of_room) = match keys_of_room(bytes) {
        Some(keys) => (Value::parse(keys, Mode::Lenient)?, true),
        None => (Value::parse(bytes, Mode::Lenient)?, false),
    };
    match value {
        Value::Array(documents) => read_documents(&mut ring, &documents)?,
        Value::Object(servers) if is_of_room => read_servers(&mut ring, &servers)?,
        Value::Object(object) => match object.get("server_keys") {
            Some(Value::Array(documents)) => read_documents(&mut ring, documents)?,
            _ if object.contains_key("verify_keys") => read_document(&mut ring, &object)?,
            _ => read_servers(&mut ring, &object)?,
        },
        _ => {
            return Err(KeysError::Shape {
                expected: "an object or an array",
            });
        }
    }
    Ok(ring)
}

/// The bytes of `server_keys` of an object that has `events`, too, and each once.
fn keys_of_room(bytes: &[u8]) -> Option<&[u8]> {
    let mut cutter = Cutter::new(bytes);
    cutter.peek().filter(|first| *first == b'{')?;
    let whole = cutter.value().ok()?;
    if cutter.peek().is_some() {
        return None;
    }
    let members = span::members(bytes, whole.start).ok()?;
    let only = |name: &[u8]| {
        let mut found = members.iter().filter(|(written, _)| written.bytes == name);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(*value)
    };
    only(br#""events""#)?;
    Some(only(br#""server_keys""#)?.bytes)
}

/// Why a list of keys cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// It is not JSON.
    #[error("not JSON: {0}")]
    Json(#[from] ParseError),
    /// It has none of the forms.
    #[error("not {expected}")]
    Shape {
        /// What should be there.
        expected: &'static str,
    },
    /// Something is not the name of a server or of a key.
    #[error(transparent)]
    Id(#[from] IdError),
    /// A key is none.
    #[error("`{server}` `{key_id}`: {error}")]
    Key {
        /// Whose key it is.
        server: ServerName,
        /// What it is called.
        key_id: KeyId,
        /// What is wrong with it.
        error: KeyError,
    },
    /// A server has two keys of one name.
    #[error(transparent)]
    Conflict(#[from] KeyConflict),
    /// A signed answer to `/_matrix/key/v2/server` is not to be believed.
    #[error(transparent)]
    Document(#[from] KeyDocumentError),
}

/// `{server: {key id: key}}`.
fn read_servers(ring: &mut KeyRing, servers: &Object) -> Result<(), KeysError> {
    for (server, keys) in servers {
        let server = ServerName::parse(server)?;
        let expected = "an object of servers with an object of keys each";
        for (key_id, key) in keys.as_object().ok_or(KeysError::Shape { expected })? {
            read_key(ring, &server, key_id, key, Validity::Forever)?;
        }
    }
    Ok(())
}

fn read_documents(ring: &mut KeyRing, documents: &Array) -> Result<(), KeysError> {
    for document in documents {
        let expected = "an array of answers to `/_matrix/key/v2/server`";
        read_document(
            ring,
            document.as_object().ok_or(KeysError::Shape { expected })?,
        )?;
    }
    Ok(())
}

fn read_document(ring: &mut KeyRing, document: &Object) -> Result<(), KeysError> {
    if document.contains_key("signatures") {
        ring.add_document(&KeyDocument::from_json(document, &Limits::default())?)?;
        return Ok(());
    }
    let expected = "an answer to `/_matrix/key/v2/server`";
    let wrong = KeysError::Shape { expected };
    let server = document
        .get("server_name")
        .and_then(Value::as_str)
        .ok_or(wrong.clone())?;
    let server = ServerName::parse(server)?;
    let validity = match document.get("valid_until_ts") {
        None => Validity::Forever,
        Some(ts) => ts.as_i64().map(Validity::Until).ok_or(KeysError::Shape {
            expected: "an integer as `valid_until_ts`",
        })?,
    };
    for (list, validity) in [
        ("verify_keys", validity),
        ("old_verify_keys", Validity::Forever),
    ] {
        let Some(keys) = document.get(list) else {
            continue;
        };
        for (key_id, key) in keys.as_object().ok_or(wrong.clone())? {
            read_key(ring, &server, key_id, key, validity)?;
        }
    }
    Ok(())
}

/// One key: its Base64, or an object that may say how long it is good; else it is for `validity`.
fn read_key(
    ring: &mut KeyRing,
    server: &ServerName,
    key_id: &str,
    key: &Value,
    validity: Validity,
) -> Result<(), KeysError> {
    let key_id = KeyId::parse(key_id)?;
    if !key_id.is_ed25519() {
        return Ok(());
    }
    let member = |name: &str| key.as_object().and_then(|key| key.get(name));
    let wrong = KeysError::Shape {
        expected: "a key: Base64, or an object with it as `key`",
    };
    let text = key
        .as_str()
        .or_else(|| member("key")?.as_str())
        .ok_or(wrong)?;
    let ts = |name: &'static str, expected: &'static str| match member(name) {
        None => Ok(None),
        Some(ts) => ts.as_i64().map(Some).ok_or(KeysError::Shape { expected }),
    };
    let expired = ts("expired_ts", "an integer as `expired_ts`")?;
    let valid_until = ts("valid_until_ts", "an integer as `valid_until_ts`")?;
    let validity = match (expired, valid_until) {
        (Some(ts), _) => Validity::ExpiredAt(ts),
        (None, Some(ts)) => Validity::Until(ts),
        (None, None) => validity,
    };
    let key = VerifyKey::from_base64(text).map_err(|error| KeysError::Key {
        server: server.clone(),
        key_id: key_id.clone(),
        error,
    })?;
    ring.insert(server.clone(), key_id, key, validity)?;
    Ok(())
}
