//! The authorisation rules, on PDUs.

use crate::auth::{self, AuthEvent};
use crate::crypto::{self, unverified};
use crate::event::Event;
use crate::json::{Object, Value};
use crate::lab::conformance::FileError;
use crate::lab::conformance::answer::NoAnswer;
use crate::lab::conformance::answer::auth::{State, verdict};
use crate::lab::conformance::fields::{list, object, texts};
use crate::lab::conformance::keys;
use crate::limits::Limits;
use crate::pdu::Pdu;
use crate::version::{CreateReference, RoomVersionRules};

/// What is not an event of the room version, or not signed as it must be, is judged as far as that
/// is possible: signatures matter only where a rule asks for them.
pub(super) fn answer(input: &Object, rules: &RoomVersionRules) -> Result<Object, NoAnswer> {
    let limits = Limits::default();
    let mut answer = Object::new();
    let Ok(pdu) = Pdu::from_json(object(input, "event")?.clone(), rules, &limits) else {
        answer.insert("by_auth_events", "reject");
        answer.insert("by_state", "reject");
        return Ok(answer);
    };
    let ring = keys::key_ring(object(input, "server_keys")?)?;
    let event = crypto::verify(pdu.clone(), rules, &ring, keys::now(input), &limits)
        .unwrap_or_else(|_| unverified(pdu, rules));
    let mut state = pdus(input, "state", rules)?;
    let mut known = pdus(input, "auth_events", rules)?;
    known.extend(pdus(input, "known", rules)?);
    known.extend(state.iter().cloned());
    let rejected = if input.contains_key("rejected") {
        texts(input, "rejected")?
    } else {
        Vec::new()
    };
    let cited = |id: &str| {
        let event = known.iter().find(|event| event.id().as_str() == id)?;
        Some(AuthEvent {
            event: event.as_ref(),
            rejected: rejected.contains(&id),
        })
    };
    let room = event.as_ref().room_id.as_str().get(1..).unwrap_or_default();
    let create_id = format!("${room}");
    let create = cited(&create_id);
    let auth_events = event.auth_events().iter().map(|id| cited(id.as_str()));
    let auth_events: Option<Vec<_>> = auth_events.collect();
    let auth_events = auth_events.ok_or(FileError::Field {
        field: "auth_events",
    })?;
    if rules.auth.create_reference == CreateReference::Forbidden {
        let create = known.iter().find(|event| event.id().as_str() == create_id);
        state.extend(create.cloned());
    }
    let by_auth_events = auth::check_by_auth_events(&event.as_ref(), &auth_events, create, rules);
    let by_state = auth::check(&event.as_ref(), &State(&state), rules);
    answer.insert("by_auth_events", verdict(&by_auth_events));
    answer.insert("by_state", verdict(&by_state));
    let names = [&by_auth_events, &by_state].map(|decision| decision.rule.name());
    answer.insert("rules", super::list(names));
    Ok(answer)
}

/// The PDUs in a list, which may be absent. What is no event is nowhere known.
fn pdus(
    input: &Object,
    field: &'static str,
    rules: &RoomVersionRules,
) -> Result<Vec<Event>, FileError> {
    if !input.contains_key(field) {
        return Ok(Vec::new());
    }
    let limits = Limits::default();
    let events = list(input, field)?.map(Value::as_object);
    let events = events
        .map(|event| event.cloned().ok_or(FileError::Field { field }))
        .filter_map(|event| match event {
            Ok(event) => Some(Ok(unverified(
                Pdu::from_json(event, rules, &limits).ok()?,
                rules,
            ))),
            Err(error) => Some(Err(error)),
        });
    events.collect()
}
