//! Sequences of arrivals.

use crate::crypto::{KeyRing, Timestamp};
use crate::id::EventId;
use crate::json::{Object, Value};
use crate::lab::conformance::FileError;
use crate::lab::conformance::answer::steps::{Stage, first_keys};
use crate::lab::conformance::answer::{NoAnswer, list, receipts, rows};
use crate::lab::conformance::fields::{self, wire};
use crate::lab::conformance::keys;
use crate::room::{OpenError, Receipt, Room, Setup};
use crate::version::RoomVersionRules;

pub(super) fn answer(input: &Object, rules: &RoomVersionRules) -> Result<Object, NoAnswer> {
    let create = input
        .get("create")
        .ok_or(FileError::Field { field: "create" })?;
    let create = wire(create, "create")?;
    let (keys, now) = (first_keys(input)?, keys::now(input));
    let mut answer = Object::new();
    let room = match opened(&create, rules, &keys, now) {
        Ok((room, _)) => room,
        Err(error) => {
            answer.insert("opened", receipts::open_error(&error));
            answer.insert("receipts", Value::from(Vec::new()));
            return Ok(answer);
        }
    };
    let mut stage = Stage { room, keys, now };
    let mut told = Vec::new();
    for step in fields::list(input, "steps")? {
        let step = step.as_object();
        let step = step.ok_or(FileError::Field { field: "steps" })?;
        told.push(Value::from(stage.take(step)?));
    }
    answer.insert("opened", "ok");
    answer.insert("receipts", told);
    insert_end(&mut answer, &stage.room);
    Ok(answer)
}

/// The room of a create event.
pub(super) fn opened(
    create: &[u8],
    rules: &RoomVersionRules,
    keys: &KeyRing,
    now: Timestamp,
) -> Result<(Room, Receipt), OpenError> {
    let setup = Setup {
        room_version: Some(rules.id.to_owned()),
        ..Setup::default()
    };
    Room::open(create, &setup, keys, now)
}

/// What the room has come to.
fn insert_end(answer: &mut Object, room: &Room) {
    let mut verdicts = Object::new();
    for node in room.dag().events() {
        let Some(id) = room.dag().id(node) else {
            continue;
        };
        if let Some(standing) = room.standing(id) {
            verdicts.insert(id.as_str(), receipts::word(standing));
        }
    }
    for missing in room.waiting() {
        verdicts.insert(missing.event.as_str(), "waiting");
    }
    answer.insert("verdicts", verdicts);
    if let Ok(state) = room.current_state() {
        let state = state.iter();
        answer.insert(
            "state",
            rows(state.map(|(key, event)| (key, event.id.as_str()))),
        );
    }
    let extremities = room.extremities();
    let mut extremities: Vec<&str> = extremities.iter().map(EventId::as_str).collect();
    extremities.sort_unstable();
    answer.insert("extremities", list(extremities));
}
