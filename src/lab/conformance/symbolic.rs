//! Symbolic events: what the rules and state resolution read of an event, written down directly.

use crate::event::{AuthoriserSigned, Event, EventRef, PrevEvents};
use crate::id::{EventId, RoomId, UserId};
use crate::json::{Object, Value};
use crate::lab::conformance::FileError;
use crate::lab::conformance::fields::{object, opt_integer, opt_text, text, texts};
use crate::pdu::CREATE;
use crate::pdu::content::Content;
use crate::version::{CreateReference, RoomIdFormat, RoomVersionRules};

/// The id of the create event.
const CREATE_ID: &str = "$create";

/// Writes out what a symbolic event leaves open: its room, what it cites, time and depth.
///
/// The room is `!create:a`, and `!create` where room ids are made of the create event's, which
/// then states none. Without `prev`, the create event has no `prev_events` and any other has one,
/// which is not the create event. Where nobody cites the create event, this one does not.
pub(super) fn complete(event: &mut Object, rules: &RoomVersionRules) -> Result<(), FileError> {
    let is_create = text(event, "type")? == CREATE;
    let (room_id, is_implied) = match rules.room_id {
        RoomIdFormat::WithServer => ("!create:a", false),
        RoomIdFormat::CreateHash => ("!create", is_create),
    };
    if !is_implied && !event.contains_key("room_id") {
        event.insert("room_id", room_id);
    }
    if !event.contains_key("prev") {
        let latest = (!is_create).then_some("$latest");
        event.insert(
            "prev",
            latest.map(Value::from).into_iter().collect::<Vec<_>>(),
        );
    }
    let mut auth = if event.contains_key("auth") {
        texts(event, "auth")?
    } else {
        Vec::new()
    };
    if rules.auth.create_reference == CreateReference::Forbidden {
        auth.retain(|id| *id != CREATE_ID);
    }
    let auth: Vec<Value> = auth.into_iter().map(Value::from).collect();
    event.insert("auth", auth);
    for field in ["ts", "depth"] {
        if !event.contains_key(field) {
            event.insert(field, 0);
        }
    }
    Ok(())
}

/// The event that a symbolic one describes.
///
/// # Errors
///
/// [`FileError::Field`]: it is none.
pub fn symbolic_event(json: &Object, rules: &RoomVersionRules) -> Result<Event, FileError> {
    let event_type = text(json, "type")?;
    let mut parsed = Object::new();
    parsed.insert("content", object(json, "content")?.clone());
    let state_key = opt_text(json, "state_key");
    let content = Content::of(&parsed, event_type, state_key.is_some(), rules);
    let states_room_id = json.contains_key("room_id");
    let room_id = opt_text(json, "room_id").unwrap_or("!create");
    let prev = ids(json, "prev")?;
    let auth = ids(json, "auth")?;
    let signature = match opt_text(json, "authoriser_signature") {
        None => AuthoriserSigned::Unchecked,
        Some("invalid") => AuthoriserSigned::Invalid,
        Some(_) => {
            return Err(FileError::Field {
                field: "authoriser_signature",
            });
        }
    };
    let redacts = opt_text(json, "redacts").map(EventId::from_trusted);
    let parts = EventRef {
        id: &EventId::from_trusted(text(json, "id")?),
        room_id: &RoomId::from_trusted(room_id),
        event_type,
        state_key,
        sender: &UserId::from_trusted(text(json, "sender")?),
        origin_server_ts: opt_integer(json, "ts").unwrap_or(0),
        depth: opt_integer(json, "depth").unwrap_or(0),
        prev_events: PrevEvents::of(&prev),
        content: &content,
        redacts: redacts.as_ref(),
        states_room_id,
        authoriser_signature: signature,
    };
    Ok(Event::trusted(&parts, prev.clone(), auth))
}

fn ids(json: &Object, field: &'static str) -> Result<Vec<EventId>, FileError> {
    let ids = texts(json, field)?.into_iter();
    Ok(ids.map(EventId::from_trusted).collect())
}
