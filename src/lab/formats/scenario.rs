//! TARDIS scenarios: rooms written by hand, in JSON5.
//!
//! A scenario has events with names such as `$CREATE` and without what nobody wants to write. With
//! `calculate_event_ids` the names stand for the events' reference hashes, over the event as far
//! as TARDIS completes it, which is without `depth` and `hashes`; so the ids here are the ids
//! there. Without it the events state their ids as in any other dump.

use std::collections::BTreeMap;

use crate::crypto::reference_hash;
use crate::id::EventId;
use crate::json::{Array, InteropError, Object, Value, base64};
use crate::lab::formats::synthetic::{Completion, cited_id};
use crate::lab::formats::{
    Dump, DumpEvent, Fault, FaultError, GivenId, Position, ReadError, ReadOptions, Shape, json5,
    room_version, take_additions,
};
use crate::version::{EventIdFormat, RoomVersionRules};

/// A scenario as it is written.
pub(super) struct Scenario {
    events: Vec<Result<Object, InteropError>>,
    room_version: Option<String>,
    room_id: Option<String>,
    calculate_event_ids: bool,
    states_after: Vec<(EventId, Vec<EventId>)>,
}

impl Scenario {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ReadError> {
        let document = json5::parse(bytes)?;
        let member = |name: &str| document.get(name).filter(|value| !value.is_null());
        if member("tardis_version").and_then(serde_json::Value::as_i64) != Some(1) {
            return Err(ReadError::TardisVersion);
        }
        let text = |name: &'static str| match member(name) {
            None => Ok(None),
            Some(serde_json::Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(ReadError::WrongType {
                member: name,
                expected: "a string",
            }),
        };
        let calculate_event_ids = match member("calculate_event_ids") {
            None => false,
            Some(serde_json::Value::Bool(calculate)) => *calculate,
            Some(_) => {
                let member = "calculate_event_ids";
                return Err(ReadError::WrongType {
                    member,
                    expected: "a boolean",
                });
            }
        };
        let events = member("events")
            .and_then(serde_json::Value::as_array)
            .ok_or(ReadError::WrongType {
                member: "events",
                expected: "an array",
            })?;
        Ok(Self {
            events: events.iter().map(Object::try_from).collect(),
            room_version: text("room_version")?,
            room_id: text("room_id")?,
            calculate_event_ids,
            states_after: member("precalculated_state_after").map_or(Ok(Vec::new()), states)?,
        })
    }

    /// The room version that the scenario states, or its create event; else TARDIS's own default.
    pub(super) fn room_version(&self) -> Result<String, ReadError> {
        if let Some(id) = &self.room_version {
            return Ok(id.clone());
        }
        for (index, json) in self.events.iter().enumerate() {
            let Ok(json) = json else {
                continue;
            };
            let content = json.get("content").and_then(Value::as_object);
            if content.is_some_and(|content| content.contains_key("room_version")) {
                let position = Position::Event(index.saturating_add(1));
                if let Some(id) = room_version::stated(json, position)? {
                    return Ok(id);
                }
            }
        }
        Ok(DEFAULT_ROOM_VERSION.to_owned())
    }

    pub(super) fn into_dump(self, rules: RoomVersionRules, options: &ReadOptions) -> Dump {
        let mut dump = Dump::new(Shape::Scenario, rules);
        let mut writer = Writer {
            rules,
            calculate_event_ids: self.calculate_event_ids,
            trust_event_ids: options.trust_event_ids,
            completion: Completion::new(&rules, self.room_id),
            ids: BTreeMap::new(),
        };
        for (index, json) in self.events.into_iter().enumerate() {
            let position = Position::Event(index.saturating_add(1));
            match json
                .map_err(FaultError::from)
                .and_then(|json| writer.write(json))
            {
                Ok((json, given_id)) => dump.events.push(DumpEvent {
                    position,
                    json,
                    given_id,
                }),
                Err(error) => {
                    let given_id = GivenId::None;
                    dump.faults.push(Fault {
                        position,
                        error,
                        json: None,
                        given_id,
                    });
                }
            }
        }
        let states = self.states_after.into_iter().map(|(event, state)| {
            let state = state.into_iter().map(|name| writer.id_of(name)).collect();
            (writer.id_of(event), state)
        });
        dump.states_after = states.collect();
        dump
    }
}

/// Writes out the events of a scenario, in its order.
struct Writer {
    rules: RoomVersionRules,
    calculate_event_ids: bool,
    trust_event_ids: bool,
    completion: Completion,
    /// The ids that were calculated, by the names that they replace.
    ids: BTreeMap<EventId, EventId>,
}

impl Writer {
    fn write(&mut self, mut json: Object) -> Result<(Object, GivenId), FaultError> {
        json.check(self.rules.canonical_json)?;
        let stated = json
            .get("event_id")
            .and_then(Value::as_str)
            .map(EventId::from_trusted);
        let is_field = self.rules.event_id == EventIdFormat::Field;
        let mut given_id = take_additions(&mut json, &self.rules);
        if self.calculate_event_ids {
            self.replace_names(&mut json);
        }
        self.completion.complete_header(&mut json);
        let id = match stated {
            Some(id) if is_field => id,
            Some(id) if !self.calculate_event_ids => {
                if self.trust_event_ids {
                    given_id = GivenId::Name(id.clone());
                }
                id
            }
            name => {
                let id = calculated_id(&json, &self.rules);
                given_id = GivenId::Name(id.clone());
                if let Some(name) = name {
                    self.ids.insert(name, id.clone());
                }
                id
            }
        };
        self.completion.complete(&mut json, &id);
        Ok((json, given_id))
    }

    fn id_of(&self, name: EventId) -> EventId {
        self.ids.get(&name).cloned().unwrap_or(name)
    }

    /// Replaces the names among the citations of an event.
    fn replace_names(&self, json: &mut Object) {
        for field in ["prev_events", "auth_events"] {
            let Some(Value::Array(entries)) = json.get(field) else {
                continue;
            };
            let replaced: Array = entries
                .iter()
                .map(
                    |entry| match cited_id(entry).and_then(|name| self.ids.get(name)) {
                        Some(id) => Value::from(id.as_str()),
                        None => entry.clone(),
                    },
                )
                .collect();
            json.insert(field, Value::Array(replaced));
        }
    }
}

fn calculated_id(json: &Object, rules: &RoomVersionRules) -> EventId {
    let hash = reference_hash(json, rules);
    EventId::from_trusted(match rules.event_id {
        EventIdFormat::ReferenceHashUrlSafe => {
            format!("${}", base64::encode_url_safe(hash.as_bytes()))
        }
        EventIdFormat::ReferenceHash | EventIdFormat::Field => format!("${}", hash.to_base64()),
    })
}

/// `precalculated_state_after`: event ids by event id.
fn states(value: &serde_json::Value) -> Result<Vec<(EventId, Vec<EventId>)>, ReadError> {
    let member = "precalculated_state_after";
    let wrong = ReadError::WrongType {
        member,
        expected: "an object of arrays of event ids",
    };
    let ids = |value: &serde_json::Value| -> Option<Vec<EventId>> {
        value
            .as_array()?
            .iter()
            .map(|id| Some(EventId::from_trusted(id.as_str()?)))
            .collect()
    };
    let entries = value.as_object().map(|states| {
        states
            .iter()
            .map(|(event, state)| Some((EventId::from_trusted(event.as_str()), ids(state)?)))
            .collect::<Option<Vec<_>>>()
    });
    entries.flatten().ok_or(wrong)
}

/// The room version of a scenario that names none.
const DEFAULT_ROOM_VERSION: &str = "10";
