//! Whole rooms as cases of the question `room`.

use std::collections::BTreeSet;

use crate::json::{Mode, Object, Value};
use crate::lab::conformance::fields::{indices, object, opt_text, parse, rules, text, texts};
use crate::lab::conformance::rooms::{RoomFiles, lines};
use crate::lab::conformance::{Case, FileError, Question};
use crate::version::{EventIdFormat, RoomVersionRules};

impl RoomFiles<'_> {
    /// The question what becomes of the room's events, and what its state is; `name` is the file
    /// of the case.
    ///
    /// [`real_room`](crate::lab::conformance::real_room) and
    /// [`case_room`](crate::lab::conformance::case_room) ask the built-in engine for far more.
    ///
    /// # Errors
    ///
    /// [`FileError`]: a file is not of the format.
    pub fn case(&self, name: &str) -> Result<Case, FileError> {
        let expected = parse(self.expected)?;
        let version = text(&expected, "room_version")?;
        let rules = rules(version)?;
        let mut ids = Vec::new();
        let mut events = Vec::new();
        for line in lines(self.events) {
            let (id, event) = federated(line, rules);
            ids.push(id);
            events.push(Value::from(event));
        }
        let (input, expect) = if expected.contains_key("servers") {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            real(&expected, &ids, &events)?
        } else {
            played(&expected, &events)?
        };
        let mut case = Case {
            file: name.to_owned(),
            id: "room".to_owned(),
            question: Question::Room,
            room_version: Some(version.to_owned()),
            spec: None,
            ruling: None,
            input,
            expect,
            also_allowed: Vec::new(),
        };
        let keys = match self.keys {
            Some(bytes) => parse(bytes)?,
            None => object(&expected, "server_keys")?.clone(),
        };
        case.input.insert("server_keys", keys);
        case.input.insert("events", events);
        Ok(case)
    }
}

/// A line as it comes over federation: dumps add an id where it is no part of the event. What is
/// no JSON object is given as the text that it is.
fn federated(line: &[u8], rules: &RoomVersionRules) -> (String, Object) {
    let Ok(mut json) = Object::parse(line, Mode::Lenient) else {
        let text = String::from_utf8_lossy(line).into_owned();
        return (String::new(), Object::from_iter([("text", text)]));
    };
    let id = opt_text(&json, "event_id").unwrap_or_default().to_owned();
    if rules.event_id != EventIdFormat::Field {
        json.remove("event_id");
    }
    (id, json)
}

/// What the servers made of the room. That they soft-failed an event is a matter of when it came,
/// which nobody is asked here; so the state is asked for at the extremities that they had.
fn real(expected: &Object, ids: &[&str], events: &[Value]) -> Result<(Object, Object), FileError> {
    let mut verdicts = Object::new();
    for (id, answer) in object(expected, "events")? {
        let Some(answer) = answer
            .as_object()
            .filter(|answer| answer.contains_key("after"))
        else {
            continue;
        };
        let mut flags = answer
            .get("flags")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        let rejected = flags.any(|(_, flag)| flag.as_str() == Some("rejected"));
        verdicts.insert(id, if rejected { "rejected" } else { "accepted" });
    }
    let mut input = Object::new();
    let mut expect = Object::from_iter([("verdicts", verdicts)]);
    for (_, server) in object(expected, "servers")? {
        let Some(server) = server.as_object() else {
            continue;
        };
        // A server that has left forgets its current state.
        if server.get("current_state_size").and_then(Value::as_i64) == Some(0) {
            continue;
        }
        let states = object(expected, "states")?;
        let current = text(server, "current_state")?;
        if states.contains_key(current) {
            let heads = texts(server, "forward_extremities")?;
            let heads: Vec<Value> = heads.into_iter().map(Value::from).collect();
            input.insert("heads", heads);
            let state = rows(&indices_of(states, current)?, ids, events)?;
            expect.insert("state", state);
            break;
        }
    }
    Ok((input, expect))
}

/// What is right of a room that was made up.
fn played(expected: &Object, events: &[Value]) -> Result<(Object, Object), FileError> {
    let mut verdicts = Object::new();
    let mut ids: Vec<&str> = vec![""; events.len()];
    for (id, answer) in object(expected, "events")? {
        let Some(answer) = answer.as_object() else {
            continue;
        };
        verdicts.insert(id, text(answer, "status")?);
        let line = answer.get("line").and_then(Value::as_i64);
        let line = line.and_then(|line| usize::try_from(line).ok());
        if let Some(slot) = line.and_then(|line| ids.get_mut(line)) {
            *slot = id;
        }
    }
    let mut expect = Object::from_iter([("verdicts", verdicts)]);
    let extremities: BTreeSet<&str> = texts(expected, "extremities")?.into_iter().collect();
    let extremities: Vec<Value> = extremities.into_iter().map(Value::from).collect();
    expect.insert("extremities", extremities);
    let states = object(expected, "state_maps")?;
    let current = text(expected, "resolved_state_hash")?;
    if states.contains_key(current) {
        let state = rows(&indices_of(states, current)?, &ids, events)?;
        expect.insert("state", state);
    }
    Ok((Object::new(), expect))
}

/// The numbers of the events of a state.
fn indices_of(states: &Object, hash: &str) -> Result<Vec<usize>, FileError> {
    let list = states.get(hash).cloned().unwrap_or_default();
    indices(&Object::from_iter([("states", list)]), "states")
}

/// The rows of the state that these events are.
fn rows(lines: &[usize], ids: &[&str], events: &[Value]) -> Result<Value, FileError> {
    let row = |line: &usize| {
        let event = events.get(*line).and_then(Value::as_object)?;
        Some([
            opt_text(event, "type")?,
            opt_text(event, "state_key")?,
            ids.get(*line)?,
        ])
    };
    let rows: Option<BTreeSet<[&str; 3]>> = lines.iter().map(row).collect();
    let rows = rows.ok_or(FileError::Field { field: "states" })?;
    let rows = rows.into_iter().map(|row| row.map(Value::from).to_vec());
    Ok(Value::from(rows.map(Value::from).collect::<Vec<_>>()))
}
