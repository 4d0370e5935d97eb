//! Verdicts of the authorisation rules that another implementation gave.

use std::collections::BTreeMap;

use crate::json::{Object, Value};
use crate::lab::conformance::fields::{flag, indices, list, object, opt_text, text};
use crate::lab::conformance::recorded::Recorded;
use crate::lab::conformance::{Case, FileError, Question, exceptions};
use crate::pdu::CREATE;

/// Both checks of an event: by what it cites, and by a state.
pub(super) fn cases(recorded: &Recorded<'_>) -> Result<Vec<Case>, FileError> {
    let mut case = recorded.asking(Question::Check)?;
    case.input = input(recorded)?;
    let expect = object(recorded.case, "expect")?;
    let is_parsed = flag(expect, "parsed")?;
    for check in CHECKS {
        // What cannot be parsed is denied by both.
        let allows = is_parsed && flag(object(expect, check)?, "allow")?;
        case.expect.insert(check, verdict(allows));
    }
    if is_parsed && recorded.case.get("disputed").and_then(Value::as_bool) == Some(true) {
        settle(&mut case, recorded.case)?;
    }
    Ok(vec![case])
}

const CHECKS: [&str; 2] = ["by_auth_events", "by_state"];

fn verdict(allows: bool) -> &'static str {
    if allows { "allow" } else { "reject" }
}

fn input(recorded: &Recorded<'_>) -> Result<Object, FileError> {
    let version = text(recorded.case, "room_version")?;
    let pool = object(recorded.file, "pool")?;
    let pool = pool.get(version).and_then(Value::as_array);
    let pool = pool.ok_or(FileError::Field { field: "pool" })?;
    let mut known: BTreeMap<usize, (&str, &Object)> = BTreeMap::new();
    for index in indices(recorded.case, "known")? {
        let entry = pool.get(index).and_then(Value::as_object);
        let entry = entry.ok_or(FileError::Field { field: "known" })?;
        known.insert(index, (text(entry, "event_id")?, object(entry, "event")?));
    }
    let rejected = if recorded.case.contains_key("rejected") {
        indices(recorded.case, "rejected")?
    } else {
        Vec::new()
    };
    let event = object(recorded.case, "event")?;
    let mut input = Object::new();
    input.insert("event", event.clone());
    input.insert("server_keys", object(recorded.file, "server_keys")?.clone());
    let ids = rejected.iter().filter_map(|index| known.get(index));
    let ids: Vec<Value> = ids.map(|(id, _)| Value::from(*id)).collect();
    input.insert("rejected", ids);
    let state = indices(recorded.case, "state")?;
    let events = state.iter().filter_map(|index| known.get(index));
    let events: Vec<Value> = events.map(|(_, event)| (*event).clone().into()).collect();
    input.insert("state", events);
    let cited = cited(event);
    let (cited, others): (Vec<_>, Vec<_>) = known.values().partition(|(id, _)| cited.contains(id));
    for (field, events) in [("auth_events", cited), ("known", others)] {
        let events = events.into_iter().map(|(_, event)| (*event).clone());
        input.insert(field, events.map(Value::from).collect::<Vec<_>>());
    }
    Ok(input)
}

/// The ids in an event's `auth_events`, in either form.
fn cited(event: &Object) -> Vec<&str> {
    let entries = event.get("auth_events").and_then(Value::as_array);
    let entries = entries.into_iter().flat_map(|entries| entries.iter());
    let ids = entries.filter_map(|entry| match entry {
        Value::Array(pair) => pair.get(0).and_then(Value::as_str),
        entry => entry.as_str(),
    });
    ids.collect()
}

/// Takes the side of the rulings in a case that is disputed.
fn settle(case: &mut Case, recorded: &Object) -> Result<(), FileError> {
    let founder = founder(&case.input)?;
    let [by_auth_events, by_state] = CHECKS.map(|check| opt_text(&case.expect, check));
    // A ruling is about one rule; where the checks differ, another one has a say, too.
    if by_auth_events == by_state
        && let Some((ruling, verdict)) = exceptions::auth(recorded, founder.as_deref())
    {
        let right = CHECKS.map(|check| (check, verdict));
        case.rule(ruling, Object::from_iter(right));
    }
    Ok(())
}

/// The server of who created the room.
fn founder(input: &Object) -> Result<Option<String>, FileError> {
    for field in ["state", "auth_events", "known"] {
        let mut events = list(input, field)?.filter_map(Value::as_object);
        if let Some(create) = events.find(|event| opt_text(event, "type") == Some(CREATE)) {
            let sender = opt_text(create, "sender");
            return Ok(sender.and_then(exceptions::server).map(str::to_owned));
        }
    }
    Ok(None)
}
