//! The header fields of an event, one reader each.

use crate::id::{EventId, IdError, RoomId, UserId};
use crate::json::{Object, Value, base64};
use crate::pdu::FormatError;
use crate::version::EventReferences;

/// The longest identifier, in code points and, in newer room versions, in bytes.
///
/// Spec: [size limits](https://spec.matrix.org/v1.19/client-server-api/#size-limits).
const MAX_IDENTIFIER: usize = 255;

/// The first identifier field of more than 255 bytes; more than 255 code points are an error.
pub(super) fn overlong(json: &Object) -> Result<Option<&'static str>, FormatError> {
    let mut overlong = None;
    for field in ["event_id", "room_id", "sender", "state_key", "type"] {
        let Some(text) = json.get(field).and_then(Value::as_str) else {
            continue;
        };
        if text.len() <= MAX_IDENTIFIER {
            continue;
        }
        if text.chars().count() > MAX_IDENTIFIER {
            return Err(FormatError::TooLong { field });
        }
        overlong = overlong.or(Some(field));
    }
    Ok(overlong)
}

pub(super) fn required<'a>(
    json: &'a Object,
    field: &'static str,
) -> Result<&'a Value, FormatError> {
    json.get(field).ok_or(FormatError::Missing { field })
}

pub(super) fn string<'a>(json: &'a Object, field: &'static str) -> Result<&'a str, FormatError> {
    required(json, field)?
        .as_str()
        .ok_or(FormatError::WrongType {
            field,
            expected: "a string",
        })
}

pub(super) fn object<'a>(json: &'a Object, field: &'static str) -> Result<&'a Object, FormatError> {
    required(json, field)?
        .as_object()
        .ok_or(FormatError::WrongType {
            field,
            expected: "an object",
        })
}

pub(super) fn integer(json: &Object, field: &'static str) -> Result<i64, FormatError> {
    let number = required(json, field)?
        .as_number()
        .filter(|number| number.is_integer())
        .ok_or(FormatError::WrongType {
            field,
            expected: "an integer",
        })?;
    number.as_i64().ok_or(FormatError::OutOfRange { field })
}

pub(super) fn depth(json: &Object, max: i64) -> Result<i64, FormatError> {
    let depth = integer(json, "depth")?;
    if (0..=max).contains(&depth) {
        Ok(depth)
    } else {
        Err(FormatError::OutOfRange { field: "depth" })
    }
}

pub(super) fn event_id(json: &Object) -> Result<EventId, FormatError> {
    let text = string(json, "event_id")?;
    identifier("event_id", text, EventId::parse, |id| {
        EventId::from_trusted(id)
    })
}

pub(super) fn room_id(value: Option<&Value>) -> Result<RoomId, FormatError> {
    let field = "room_id";
    let text = value
        .ok_or(FormatError::Missing { field })?
        .as_str()
        .ok_or(FormatError::WrongType {
            field,
            expected: "a string",
        })?;
    identifier(field, text, RoomId::parse, |id| RoomId::from_trusted(id))
}

pub(super) fn sender(json: &Object) -> Result<UserId, FormatError> {
    identifier("sender", string(json, "sender")?, UserId::parse, |id| {
        UserId::from_trusted(id)
    })
}

/// An identifier that follows its grammar. [`overlong`] has dealt with those that are too long.
fn identifier<T>(
    field: &'static str,
    text: &str,
    parse: fn(&str) -> Result<T, IdError>,
    from_trusted: fn(&str) -> T,
) -> Result<T, FormatError> {
    match parse(text) {
        Err(IdError::TooLong { .. }) => Ok(from_trusted(text)),
        other => other.map_err(|source| FormatError::InvalidId { field, source }),
    }
}

/// The ids in `prev_events` or `auth_events`. Of a pair only the shape is checked, not the hash.
pub(super) fn references(
    json: &Object,
    field: &'static str,
    format: EventReferences,
    max: usize,
) -> Result<Vec<EventId>, FormatError> {
    let list = required(json, field)?
        .as_array()
        .ok_or(FormatError::WrongType {
            field,
            expected: "an array",
        })?;
    if list.len() > max {
        return Err(FormatError::TooMany {
            field,
            len: list.len(),
            max,
        });
    }
    let expected = match format {
        EventReferences::Pairs => "an array of pairs of an event id and an object of hashes",
        EventReferences::Ids => "an array of event ids",
    };
    let mut ids = Vec::with_capacity(list.len());
    for entry in list {
        let id = match format {
            EventReferences::Ids => entry.as_str(),
            EventReferences::Pairs => pair(entry),
        };
        let id = id.ok_or(FormatError::WrongType { field, expected })?;
        ids.push(match EventId::parse(id) {
            // The event of that name is kept in some room versions, so it can be cited.
            Err(IdError::TooLong { .. }) if id.chars().count() <= MAX_IDENTIFIER => {
                EventId::from_trusted(id)
            }
            other => other.map_err(|source| FormatError::InvalidId { field, source })?,
        });
    }
    Ok(ids)
}

fn pair(entry: &Value) -> Option<&str> {
    let mut entries = entry.as_array()?.iter();
    let (id, hashes) = (entries.next()?, entries.next()?);
    (entries.next().is_none() && hashes.as_object().is_some()).then(|| id.as_str())?
}

/// `hashes.sha256`, decoded leniently.
pub(super) fn content_hash(json: &Object) -> Result<[u8; 32], FormatError> {
    let field = "hashes.sha256";
    let text = object(json, "hashes")?
        .get("sha256")
        .ok_or(FormatError::Missing { field })?
        .as_str()
        .ok_or(FormatError::WrongType {
            field,
            expected: "a string",
        })?;
    base64::decode(text)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(FormatError::WrongType {
            field,
            expected: "the Base64 of 32 bytes",
        })
}
