//! Receipts and notices, in the words of the vectors.

use crate::auth::Decision;
use crate::crypto::VerifyError;
use crate::id::{EventId, KeyId, ServerName};
use crate::json::{Object, Value};
use crate::lab::conformance::answer::{format, list, signatures};
use crate::room::{
    ClaimDefect, ClaimError, Fault, Notice, OpenError, Receipt, Rejection, SoftFailure, Standing,
};
use crate::timeline::Withheld;

/// What came of receiving a PDU.
pub(super) fn of(receipt: &Receipt, notices: &[Notice]) -> Object {
    let mut told = receipt_of(receipt);
    insert_notices(&mut told, notices);
    told
}

/// What came of a step that has no receipt of its own.
pub(super) fn done(notices: &[Notice]) -> Object {
    let mut told = outcome("done");
    insert_notices(&mut told, notices);
    told
}

/// What an event is after the host has overruled the room.
pub(super) fn standing(is: Option<Standing>) -> Object {
    outcome(is.map_or("unknown", word))
}

/// What came of a claim.
pub(super) fn claimed(event: &EventId, taken: &Result<Vec<Notice>, ClaimError>) -> Object {
    let mut told = match taken {
        Ok(notices) => {
            let mut told = outcome("claimed");
            insert_notices(&mut told, notices);
            told
        }
        Err(error) => refused(error),
    };
    told.insert("event_id", event.as_str());
    told
}

/// Why there is no room.
pub(super) fn open_error(error: &OpenError) -> &'static str {
    match error {
        OpenError::Format(_) => "Format",
        OpenError::NotCreate => "NotCreate",
        OpenError::UnknownVersion { .. } => "UnknownVersion",
        OpenError::RoomVersionNotText => "RoomVersionNotText",
        OpenError::VersionLost => "VersionLost",
        OpenError::Signatures(error) => signatures::kind(error),
        OpenError::Rejected(_) => "Rejected",
        OpenError::NoCreate => "NoCreate",
        OpenError::NotJoined(_) => "NotJoined",
        OpenError::Claim(_) => "Claim",
    }
}

/// The word for what an event is.
pub(super) fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Accepted => "accepted",
        Standing::Provisional => "provisional",
        Standing::SoftFailed => "soft_failed",
        Standing::Rejected => "rejected",
        Standing::Outlier => "outlier",
    }
}

fn outcome(word: &str) -> Object {
    Object::from_iter([("outcome", word)])
}

fn receipt_of(receipt: &Receipt) -> Object {
    let mut told = match receipt {
        Receipt::Accepted(_) => outcome("accepted"),
        Receipt::Provisional { members, .. } => {
            let mut told = outcome("provisional");
            told.insert("members", list(members.iter().map(|user| &**user)));
            told
        }
        Receipt::SoftFailed { because, .. } => soft_failed(because),
        Receipt::Rejected { because, .. } => rejected(because),
        Receipt::Known { standing, .. } => {
            let mut told = outcome("known");
            told.insert("standing", word(*standing));
            told
        }
        Receipt::Dropped(fault) => dropped(fault),
        Receipt::Waiting(missing) => {
            let mut told = outcome("waiting");
            insert_missing(&mut told, &missing.events, &missing.keys);
            told
        }
    };
    if let Some(event) = receipt.event() {
        told.insert("event_id", event.as_str());
    }
    if let Some(event) = receipt.admitted() {
        told.insert("content_hash", format::content_hash(event.content_hash));
    }
    told
}

fn insert_missing(told: &mut Object, events: &[EventId], keys: &[(ServerName, KeyId)]) {
    told.insert("events", list(events.iter().map(EventId::as_str)));
    let keys = keys.iter();
    let keys = keys.map(|(server, key)| list([server.as_str(), key.as_str()]));
    told.insert("keys", keys.collect::<Vec<_>>());
}

fn soft_failed(because: &SoftFailure) -> Object {
    let mut told = outcome("soft_failed");
    let error = match because {
        SoftFailure::CurrentState(decision) => {
            insert_rule(&mut told, decision);
            "CurrentState"
        }
        SoftFailure::Withheld(withheld) => match withheld {
            Withheld::PolicyUnsigned => "PolicyUnsigned",
            Withheld::PolicyInvalid => "PolicyInvalid",
            Withheld::PolicyUnverifiable => "PolicyUnverifiable",
            Withheld::Extremities => "Extremities",
            Withheld::Host => "Host",
        },
        SoftFailure::Stated => "Stated",
    };
    told.insert("error", error);
    told
}

fn rejected(because: &Rejection) -> Object {
    let mut told = outcome("rejected");
    let error = match because {
        Rejection::AuthEvents(decision) => {
            insert_rule(&mut told, decision);
            "AuthEvents"
        }
        Rejection::State(decision) => {
            insert_rule(&mut told, decision);
            "State"
        }
        Rejection::Overlong(_) => "Overlong",
        Rejection::Stated => "Stated",
    };
    told.insert("error", error);
    told
}

fn insert_rule(told: &mut Object, decision: &Decision) {
    told.insert("rule", decision.rule.name());
}

fn dropped(fault: &Fault) -> Object {
    let mut told = outcome("dropped");
    let error = match fault {
        Fault::Format(error) => format::kind(error).0,
        Fault::Signatures(error) => signatures_error(error),
        Fault::WrongRoom { .. } => "WrongRoom",
        Fault::OtherEvent { .. } => "OtherEvent",
        Fault::Cycle { .. } => "Cycle",
        Fault::QueueFull => "QueueFull",
        Fault::Full => "Full",
    };
    told.insert("error", error);
    told
}

fn signatures_error(error: &VerifyError) -> &'static str {
    signatures::kind(error)
}

fn refused(error: &ClaimError) -> Object {
    let mut told = outcome("refused");
    let kind = match error {
        ClaimError::UnknownEvent { .. } => "UnknownEvent",
        ClaimError::NotNeeded { .. } => "NotNeeded",
        ClaimError::LoadedInPart { .. } => "LoadedInPart",
        ClaimError::NoExtremity { .. } => "NoExtremity",
        ClaimError::Missing { events, keys } => {
            insert_missing(&mut told, events, keys);
            "Missing"
        }
        ClaimError::Invalid { defects } => defects.first().map_or("Invalid", defect),
    };
    told.insert("error", kind);
    told
}

fn defect(defect: &ClaimDefect) -> &'static str {
    match defect {
        ClaimDefect::Format { fault, .. } => format::kind(fault).0,
        ClaimDefect::Signatures { error, .. } => signatures_error(error),
        ClaimDefect::WrongRoom { .. } => "WrongRoom",
        ClaimDefect::Rejected { .. } => "Rejected",
        ClaimDefect::NotState { .. } => "NotState",
        ClaimDefect::SameKey { .. } => "SameKey",
        ClaimDefect::NoCreate => "NoCreate",
        ClaimDefect::Cycle { .. } => "Cycle",
    }
}

fn insert_notices(told: &mut Object, notices: &[Notice]) {
    let notices = notices.iter().map(|notice| Value::from(notice_of(notice)));
    told.insert("notices", notices.collect::<Vec<_>>());
}

fn notice_of(notice: &Notice) -> Object {
    match notice {
        Notice::Settled { event, receipt } => {
            let mut told = receipt_of(receipt);
            told.insert("notice", "settled");
            told.insert("event_id", event.as_str());
            told
        }
        Notice::Outlier(event) => {
            let mut told = Object::from_iter([("notice", "outlier")]);
            told.insert("event_id", event.id.as_str());
            told
        }
        Notice::Revised { event, was, is } => {
            let mut told = Object::from_iter([("notice", "revised")]);
            told.insert("event_id", event.as_str());
            told.insert("was", word(*was));
            told.insert("is", word(*is));
            told
        }
        Notice::Evicted { event } => {
            let mut told = Object::from_iter([("notice", "evicted")]);
            told.insert("event_id", event.as_str());
            told
        }
    }
}
