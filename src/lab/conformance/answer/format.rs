//! The event format.

use crate::crypto::{self, unverified};
use crate::event::HashCheck;
use crate::json::{Object, Value};
use crate::lab::conformance::answer::{NoAnswer, signatures};
use crate::lab::conformance::fields::{bytes, opt_object};
use crate::lab::conformance::keys;
use crate::limits::Limits;
use crate::pdu::{FormatError, Pdu};
use crate::version::RoomVersionRules;

/// With `server_keys` the signatures are looked at, too.
pub(super) fn answer(input: &Object, rules: &RoomVersionRules) -> Result<Object, NoAnswer> {
    let bytes = match opt_object(input, "event") {
        Some(event) => event.to_canonical(),
        None => bytes(input)?,
    };
    let limits = Limits::default();
    let pdu = match Pdu::parse(&bytes, rules, &limits) {
        Ok(pdu) => pdu,
        Err(error) => return Ok(dropped(&error)),
    };
    let mut answer = Object::new();
    if let Some(servers) = opt_object(input, "server_keys") {
        let (ring, now) = (keys::key_ring(servers)?, keys::now(input));
        if let Err(error) = crypto::verify(pdu.clone(), rules, &ring, now, &limits) {
            answer.insert("verdict", "drop");
            let error = Object::from_iter([("kind", signatures::kind(&error))]);
            answer.insert("error", error);
            return Ok(answer);
        }
    }
    match pdu.overlong() {
        Some(field) => {
            answer.insert("verdict", "reject");
            answer.insert("overlong", field);
        }
        None => {
            answer.insert("verdict", "accept");
        }
    }
    let hash = unverified(pdu, rules).provenance().content_hash;
    answer.insert("content_hash", content_hash(hash));
    Ok(answer)
}

/// The word for what checking a content hash has found.
pub(super) fn content_hash(found: HashCheck) -> &'static str {
    match found {
        HashCheck::Ok => "ok",
        HashCheck::Mismatch => "mismatch",
    }
}

fn dropped(error: &FormatError) -> Object {
    let (kind, field) = kind(error);
    let mut told = Object::from_iter([("kind", Value::from(kind))]);
    if let Some(field) = field {
        told.insert("field", field);
    }
    let mut answer = Object::new();
    answer.insert("verdict", "drop");
    answer.insert("error", told);
    answer
}

/// The name of an error, and the property that it is about.
pub(super) fn kind(error: &FormatError) -> (&'static str, Option<&'static str>) {
    match error {
        FormatError::Json(_) | FormatError::Number(_) => ("Json", None),
        FormatError::Missing { field } => ("Missing", Some(*field)),
        FormatError::WrongType { field, .. } => ("WrongType", Some(*field)),
        FormatError::OutOfRange { field } => ("OutOfRange", Some(*field)),
        FormatError::InvalidId { field, .. } => ("InvalidId", Some(*field)),
        FormatError::TooLong { field } => ("TooLong", Some(*field)),
        FormatError::TooMany { field, .. } => ("TooMany", Some(*field)),
        FormatError::TooLarge { .. } => ("TooLarge", None),
        FormatError::UnexpectedEventId => ("UnexpectedEventId", None),
        FormatError::CitesCreate => ("CitesCreate", None),
    }
}
