//! Symbolic events: what the rules and state resolution read of an event, written down directly.

use std::collections::BTreeMap;

use roomdag::auth::StateView;
use roomdag::event::{AuthoriserSigned, Event, EventRef, PrevEvents};
use roomdag::id::{EventId, RoomId, UserId};
use roomdag::json::{Object, Value};
use roomdag::pdu::content::Content;
use roomdag::version::{CreateReference, RoomIdFormat, RoomVersionRules};

use crate::vectors::fields::{integer, object, opt_text, text, texts};

const CREATE: &str = "$create";

/// The event that `json` describes, in a room of these rules.
pub(super) fn event(json: &Object, rules: &RoomVersionRules) -> Event {
    let event_type = text(json, "type");
    let is_create = event_type == "m.room.create";
    let mut content = object(json, "content").clone();
    if content.get("room_version").and_then(Value::as_str) == Some("{room_version}") {
        content.insert("room_version", rules.id);
    }
    let mut parsed = Object::new();
    parsed.insert("content", content);
    let state_key = opt_text(json, "state_key");
    let content = Content::of(&parsed, event_type, state_key.is_some(), rules);
    let room_id = opt_text(json, "room_id").unwrap_or(match rules.room_id {
        RoomIdFormat::WithServer => "!create:a",
        RoomIdFormat::CreateHash => "!create",
    });
    let states_room_id =
        !is_create || rules.room_id == RoomIdFormat::WithServer || json.contains_key("room_id");
    let prev = if json.contains_key("prev") || is_create {
        ids(&texts(json, "prev"))
    } else {
        ids(&["$latest"])
    };
    let mut auth = ids(&texts(json, "auth"));
    if rules.auth.create_reference == CreateReference::Forbidden {
        auth.retain(|id| *id != CREATE);
    }
    let signature = match opt_text(json, "authoriser_signature") {
        None => AuthoriserSigned::Unchecked,
        Some("invalid") => AuthoriserSigned::Invalid,
        Some(other) => panic!("authoriser_signature: {other}"),
    };
    let redacts = opt_text(json, "redacts").map(EventId::from_trusted);
    let parts = EventRef {
        id: &EventId::from_trusted(text(json, "id")),
        room_id: &RoomId::from_trusted(room_id),
        event_type,
        state_key,
        sender: &UserId::from_trusted(text(json, "sender")),
        origin_server_ts: integer(json, "ts").unwrap_or(0),
        depth: integer(json, "depth").unwrap_or(0),
        prev_events: PrevEvents::of(&prev),
        content: &content,
        redacts: redacts.as_ref(),
        states_room_id,
        authoriser_signature: signature,
    };
    Event::trusted(&parts, prev.clone(), auth)
}

fn ids(texts: &[&str]) -> Vec<EventId> {
    texts.iter().map(|id| EventId::from_trusted(*id)).collect()
}

/// A state as a list of events.
#[derive(Debug)]
pub(super) struct State<'a>(pub(super) &'a [Event]);

impl StateView for State<'_> {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        let mut events = self.0.iter().map(Event::as_ref);
        events.find(|e| e.event_type == event_type && e.state_key == Some(state_key))
    }
}

/// The events of a list, by id.
pub(super) fn by_id<'a>(
    list: impl Iterator<Item = &'a Value>,
    rules: &RoomVersionRules,
) -> BTreeMap<EventId, Event> {
    list.map(|value| event(value.as_object().unwrap(), rules))
        .map(|event| (event.id().clone(), event))
        .collect()
}
