//! Hashes, ids and redacted forms of events.

use crate::crypto::{self, content_hash, reference_hash, unverified};
use crate::id::EventId;
use crate::json::{Object, Value, base64};
use crate::lab::conformance::answer::NoAnswer;
use crate::lab::conformance::fields::object;
use crate::limits::Limits;
use crate::pdu::{Pdu, redact};
use crate::version::{EventIdFormat, RoomVersionRules};

pub(super) fn hashes(input: &Object, rules: &RoomVersionRules) -> Result<Object, NoAnswer> {
    let event = object(input, "event")?;
    let mut answer = event_id(input, rules)?;
    answer.insert("content_hash", content_hash(event).to_base64());
    answer.insert("redacted", redact(event, rules));
    Ok(answer)
}

/// Redacting an event again changes nothing, so it does not matter whether this one is redacted.
pub(super) fn event_id(input: &Object, rules: &RoomVersionRules) -> Result<Object, NoAnswer> {
    let event = object(input, "event")?;
    let hash = reference_hash(event, rules);
    let id = match pdu(input, "event", rules) {
        Ok(pdu) => crypto::event_id(&pdu, rules).as_str().into(),
        // Examples lack fields that the event format asks for, and have ids all the same.
        Err(_) => match rules.event_id {
            EventIdFormat::Field => event.get("event_id").cloned().unwrap_or_default(),
            EventIdFormat::ReferenceHash => format!("${}", hash.to_base64()).into(),
            EventIdFormat::ReferenceHashUrlSafe => {
                format!("${}", base64::encode_url_safe(hash.as_bytes())).into()
            }
        },
    };
    let mut answer = Object::new();
    answer.insert("event_id", id);
    answer.insert("reference_hash", hash.to_base64());
    Ok(answer)
}

pub(super) fn redacts(input: &Object, rules: &RoomVersionRules) -> Result<Object, NoAnswer> {
    let event = pdu(input, "event", rules)?;
    let event = unverified(event, rules);
    let target = event.as_ref().redacts.map(EventId::as_str);
    let mut answer = Object::new();
    answer.insert("redacts", target.map_or(Value::Null, Value::from));
    Ok(answer)
}

/// The event in this member of an input.
pub(super) fn pdu(
    input: &Object,
    member: &'static str,
    rules: &RoomVersionRules,
) -> Result<Pdu, NoAnswer> {
    let event = object(input, member)?.clone();
    Pdu::from_json(event, rules, &Limits::default())
        .map_err(|error| NoAnswer::Event { member, error })
}
