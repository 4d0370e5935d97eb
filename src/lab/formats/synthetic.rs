//! What events that were written by hand leave out.

use std::collections::BTreeMap;

use crate::crypto::content_hash;
use crate::id::EventId;
use crate::json::{Array, Object, Value};
use crate::pdu::CREATE;
use crate::version::{EventIdFormat, EventReferences, RoomIdFormat, RoomVersionRules};

/// Fills in what the event format asks for and a synthetic event does not have, event by event in
/// the order of the file.
pub(super) struct Completion {
    rules: RoomVersionRules,
    room_id: Option<String>,
    /// The next `origin_server_ts`.
    time: i64,
    depths: BTreeMap<EventId, i64>,
    /// The first create event, once it has come.
    create: Option<EventId>,
}

impl Completion {
    /// `room_id` is that of the events that have none.
    pub(super) fn new(rules: &RoomVersionRules, room_id: Option<String>) -> Self {
        Self {
            rules: *rules,
            room_id,
            time: START,
            depths: BTreeMap::new(),
            create: None,
        }
    }

    /// What an id may depend on: room id, time, citations and content.
    pub(super) fn complete_header(&mut self, json: &mut Object) {
        match json.get("origin_server_ts").and_then(Value::as_i64) {
            None | Some(0) if !has_other(json, "origin_server_ts") => {
                json.insert("origin_server_ts", self.time);
                self.time = self.time.saturating_add(STEP);
            }
            ts => self.time = ts.unwrap_or(self.time).saturating_add(STEP),
        }
        if !json.contains_key("room_id")
            && let Some(room_id) = self.room_id(json)
        {
            json.insert("room_id", room_id);
        }
        for field in ["prev_events", "auth_events"] {
            match json.get_mut(field) {
                None => _ = json.insert(field, Array::new()),
                Some(ids) if self.rules.references == EventReferences::Pairs => pair_up(ids),
                Some(_) => {}
            }
        }
        if !json.contains_key("content") {
            json.insert("content", Object::new());
        }
    }

    /// Everything, for an event that goes by the name of `id`.
    pub(super) fn complete(&mut self, json: &mut Object, id: &EventId) {
        self.complete_header(json);
        if self.rules.event_id == EventIdFormat::Field && !json.contains_key("event_id") {
            json.insert("event_id", id.as_str());
        }
        if self.create.is_none() && is_create(json) {
            self.create = Some(id.clone());
        }
        let depth = if let Some(depth) = json.get("depth") {
            depth.as_i64().unwrap_or_default()
        } else {
            let cited = json.get("prev_events").and_then(Value::as_array);
            let cited = cited
                .into_iter()
                .flat_map(|ids| ids.iter())
                .filter_map(cited_id);
            let deepest = cited.filter_map(|id| self.depths.get(id)).max();
            let depth = deepest.map_or(1, |depth| depth.saturating_add(1));
            json.insert("depth", depth);
            depth
        };
        self.depths.insert(id.clone(), depth);
        if !json.contains_key("signatures") {
            json.insert("signatures", Object::new());
        }
        if !json.contains_key("hashes") {
            let mut hashes = Object::new();
            hashes.insert("sha256", content_hash(json).to_base64());
            json.insert("hashes", hashes);
        }
    }

    fn room_id(&self, json: &Object) -> Option<String> {
        match (self.rules.room_id, &self.create) {
            (RoomIdFormat::CreateHash, Some(create)) => {
                Some(format!("!{}", create.as_str().strip_prefix('$')?))
            }
            (RoomIdFormat::CreateHash, None) if is_create(json) => None,
            _ => self.room_id.clone(),
        }
    }
}

/// The id that an entry of `prev_events` cites.
pub(super) fn cited_id(entry: &Value) -> Option<&str> {
    entry
        .as_str()
        .or_else(|| entry.as_array()?.iter().next()?.as_str())
}

fn is_create(json: &Object) -> bool {
    let text = |key| json.get(key).and_then(Value::as_str);
    text("type") == Some(CREATE) && text("state_key") == Some("")
}

/// Whether there is something under `key` that is no integer, and not to be overwritten.
fn has_other(json: &Object, key: &str) -> bool {
    json.get(key).is_some_and(|value| value.as_i64().is_none())
}

/// Ids become pairs of an id and no hashes, as room versions 1 and 2 have them.
fn pair_up(ids: &mut Value) {
    let Some(entries) = ids.as_array() else {
        return;
    };
    let pairs: Array = entries
        .iter()
        .map(|entry| match entry {
            Value::String(_) => Value::Array(
                [entry.clone(), Value::Object(Object::new())]
                    .into_iter()
                    .collect(),
            ),
            other => other.clone(),
        })
        .collect();
    *ids = Value::Array(pairs);
}

/// When the first event was sent that does not say so: the beginning of 2024, UTC.
const START: i64 = 1_704_067_200_000;
/// How long after the one before it an event was sent that does not say when.
const STEP: i64 = 1_000;
