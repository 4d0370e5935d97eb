//! Verdicts of the authorisation rules that another implementation gave.

use std::collections::BTreeMap;

use crate::json::{Object, Value};
use crate::lab::conformance::answer::answer;
use crate::lab::conformance::fields::{flag, indices, object, opt_text, text, texts};
use crate::lab::conformance::recorded::Recorded;
use crate::lab::conformance::{Case, FileError, Question, exceptions};

/// Both checks of an event: by what it cites, and by a state.
pub(super) fn cases(recorded: &Recorded<'_>) -> Result<Vec<Case>, FileError> {
    let mut case = recorded.asking(Question::Check)?;
    case.input = input(recorded)?;
    let expect = object(recorded.case, "expect")?;
    for check in CHECKS {
        // What cannot be parsed is denied by both.
        let allows = flag(expect, "parsed")? && flag(object(expect, check)?, "allow")?;
        case.expect.insert(check, verdict(allows));
    }
    if recorded.case.get("disputed").and_then(Value::as_bool) == Some(true) {
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
    let slug = opt_text(recorded, "slug").unwrap_or_default();
    let Ok(found) = answer(case.question, case.room_version.as_deref(), &case.input) else {
        return Ok(());
    };
    let Ok(rules) = texts(&found, "rules") else {
        return Ok(());
    };
    let event = object(recorded, "event")?;
    let mut right = case.expect.clone();
    let mut by = None;
    for (check, rule) in CHECKS.into_iter().zip(rules) {
        if let Some((ruling, verdict)) = exceptions::auth(event, rule, slug)
            && opt_text(&right, check) != Some(verdict)
        {
            right.insert(check, verdict);
            by = Some(ruling);
        }
    }
    if let Some(ruling) = by {
        case.rule(ruling, right);
    }
    Ok(())
}
