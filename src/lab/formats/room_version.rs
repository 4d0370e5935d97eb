//! Of which room version a dump is.

use crate::json::{Mode, Object, Value};
use crate::lab::formats::layout::{Layout, Source};
use crate::lab::formats::{Position, ReadError, ReadOptions};
use crate::pdu::CREATE;
use crate::version::{RoomVersionRules, RoomVersions};

/// The caller's word counts most, then that of the file, then that of the create event. A scenario
/// that does not say is of version 10, as TARDIS has it.
pub(super) fn find(
    layout: &Layout<'_>,
    options: &ReadOptions,
) -> Result<RoomVersionRules, ReadError> {
    let id = match (&options.room_version, layout) {
        (Some(id), _) => Some(id.clone()),
        (None, Layout::Parts(parts)) => match &parts.room_version {
            Some(id) => Some(id.clone()),
            None => of_create_event(&parts.sources)?,
        },
        (None, Layout::Scenario(scenario)) => Some(scenario.room_version()?),
    };
    let id = id.ok_or(ReadError::NoRoomVersion)?;
    options
        .versions
        .get(&id)
        .copied()
        .ok_or(ReadError::UnknownRoomVersion { id })
}

fn of_create_event(sources: &[Source<'_>]) -> Result<Option<String>, ReadError> {
    let named = |source: &&Source<'_>| {
        let word = CREATE.as_bytes();
        source
            .bytes
            .windows(word.len())
            .any(|window| window == word)
    };
    // The type may be spelt with escapes; that is not worth reading everything twice for.
    let found = agreed(sources.iter().filter(named))?;
    if found.is_some() {
        Ok(found)
    } else {
        agreed(sources.iter())
    }
}

/// The room version that all create events among `sources` name, so that none need be preferred.
fn agreed<'a>(sources: impl Iterator<Item = &'a Source<'a>>) -> Result<Option<String>, ReadError> {
    let mut agreed: Option<String> = None;
    for source in sources {
        let Ok(json) = Object::parse(source.bytes, Mode::Lenient) else {
            continue;
        };
        let Some(id) = stated(&json, source.position)? else {
            continue;
        };
        match &agreed {
            Some(first) if *first != id => {
                let (first, second) = (first.clone().min(id.clone()), first.clone().max(id));
                return Err(ReadError::RoomVersionsDiffer { first, second });
            }
            _ => agreed = Some(id),
        }
    }
    Ok(agreed)
}

/// The room version that an event names, if it is a create event.
pub(super) fn stated(json: &Object, position: Position) -> Result<Option<String>, ReadError> {
    let text = |key| json.get(key).and_then(Value::as_str);
    if text("type") != Some(CREATE) || text("state_key") != Some("") {
        return Ok(None);
    }
    let content = json.get("content").and_then(Value::as_object);
    match content.and_then(|content| content.get("room_version")) {
        None => Ok(Some(RoomVersions::unnamed().id.to_owned())),
        Some(Value::String(id)) => Ok(Some(id.as_str().to_owned())),
        Some(_) => Err(ReadError::RoomVersionNotText { position }),
    }
}
