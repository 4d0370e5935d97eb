//! A reader of room states that are given as lists.

use crate::id::EventId;
use crate::json::{Mode, ParseError, Value};

/// An entry of a state: an event, and maybe what it is the state of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StateEntry {
    /// The event.
    pub event_id: EventId,
    /// Type and state key, if the list says them.
    pub key: Option<(String, String)>,
}

/// Reads a state: an array of event ids or of objects with `type`, `state_key` and `event_id`, or an
/// object that has such an array as `state`.
///
/// Linear in the size of `bytes`. Whether the events exist and are state events is not looked at.
///
/// # Errors
///
/// [`StateListError`]: it is none of that.
pub fn read_state_list(bytes: &[u8]) -> Result<Vec<StateEntry>, StateListError> {
    let value = Value::parse(bytes, Mode::Lenient)?;
    let list = value
        .as_object()
        .and_then(|object| object.get("state"))
        .unwrap_or(&value);
    let list = list.as_array().ok_or(StateListError::NotAList)?;
    let entry = |(index, value): (usize, &Value)| {
        entry(value).ok_or(StateListError::Entry {
            number: index.saturating_add(1),
        })
    };
    list.iter().enumerate().map(entry).collect()
}

/// Why bytes are not a list of state events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateListError {
    /// They are not JSON.
    #[error("not JSON: {0}")]
    Json(#[from] ParseError),
    /// They are not a list.
    #[error("neither an array nor an object with an array as `state`")]
    NotAList,
    /// An entry is none.
    #[error("entry {number} is neither an event id nor `type`, `state_key` and `event_id`")]
    Entry {
        /// Which one, counted from 1.
        number: usize,
    },
}

fn entry(value: &Value) -> Option<StateEntry> {
    if let Some(id) = value.as_str() {
        return Some(StateEntry {
            event_id: EventId::from_trusted(id),
            key: None,
        });
    }
    let object = value.as_object()?;
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let key = match (object.get("type"), object.get("state_key")) {
        (None, None) => None,
        _ => Some((text("type")?.to_owned(), text("state_key")?.to_owned())),
    };
    Some(StateEntry {
        event_id: EventId::from_trusted(text("event_id")?),
        key,
    })
}
