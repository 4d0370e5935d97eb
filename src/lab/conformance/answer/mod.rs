//! The answers of the built-in engine.
//!
//! One function for each question, from an input to an answer as `spec-vectors/protocol.md`
//! describes them. What is asked is data from a file or from another program, so an input that
//! makes no sense is an error and nothing worse.

mod auth;
mod check;
mod event;
mod format;
mod json;
mod power;
mod receipts;
mod receive;
mod resolve;
mod room;
mod signatures;
mod steps;

use crate::json::{Object, Value};
use crate::lab::conformance::fields::rules;
use crate::lab::conformance::{FileError, Question};
use crate::pdu::FormatError;
use crate::version::RoomVersionRules;

/// Why there is no answer to a question.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoAnswer {
    /// The input is not what the question asks for.
    #[error("the input: {0}")]
    Input(#[from] FileError),
    /// What is to be judged is not an event of the room version.
    #[error("`{member}` is not an event: {error}")]
    Event {
        /// Where it is in the input.
        member: &'static str,
        /// What is wrong with it.
        error: FormatError,
    },
    /// The question is about one event, and others of its room are not in order.
    #[error("event `{id:.255}` is not in order")]
    Premise {
        /// The first such event.
        id: Box<str>,
    },
}

/// The answer of the built-in engine to a question.
///
/// # Errors
///
/// [`NoAnswer`]: the input makes no sense, or the room version is not known.
pub fn answer(
    question: Question,
    room_version: Option<&str>,
    input: &Object,
) -> Result<Object, NoAnswer> {
    let versioned = |answer: fn(&Object, &RoomVersionRules) -> Result<Object, NoAnswer>| {
        let version = room_version.ok_or(FileError::Field {
            field: "room_version",
        })?;
        answer(input, rules(version)?)
    };
    match question {
        Question::Acl => power::acl(input),
        Question::Auth => versioned(auth::answer),
        Question::CanonicalJson => json::answer(input),
        Question::Check => versioned(check::answer),
        Question::Ed25519 => signatures::ed25519(input),
        Question::EventId => versioned(event::event_id),
        Question::Format => versioned(format::answer),
        Question::Hashes => versioned(event::hashes),
        Question::Level => versioned(power::level),
        Question::Receive => versioned(receive::answer),
        Question::RedactionApplies => versioned(room::redaction_applies),
        Question::Redacts => versioned(event::redacts),
        Question::Resolve => versioned(resolve::answer),
        Question::Room => versioned(room::answer),
        Question::Sign => signatures::sign(input, room_version),
        Question::Signatures => versioned(signatures::answer),
    }
}

/// A list of strings.
fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Value {
    Value::from(texts.into_iter().map(Value::from).collect::<Vec<_>>())
}

/// The rows of a state, sorted.
fn rows<'a>(state: impl Iterator<Item = ((&'a str, &'a str), &'a str)>) -> Value {
    let mut rows: Vec<_> = state.collect();
    rows.sort_unstable();
    let rows = rows.into_iter().map(|((t, k), id)| list([t, k, id]));
    Value::from(rows.collect::<Vec<_>>())
}

/// The reading of a rule that an input selects.
fn with_readings(input: &Object, rules: &RoomVersionRules) -> Result<RoomVersionRules, NoAnswer> {
    use crate::version::{AbsentLevel, AuthoriserSignature, Federation, LevelString};
    let mut rules = *rules;
    let readings = input.get("readings").and_then(Value::as_object);
    for (reading, value) in readings.into_iter().flatten() {
        let readings = &mut rules.readings;
        match (reading, value.as_str()) {
            ("absent_level", Some("default")) => readings.absent_level = AbsentLevel::Default,
            ("level_string", Some("specification")) => {
                readings.level_string = LevelString::Specification;
            }
            ("federation", Some("senders_and_targets")) => {
                readings.federation = Federation::SendersAndTargets;
            }
            ("authoriser_signature", Some("all_member_events")) => {
                readings.authoriser_signature = AuthoriserSignature::AllMemberEvents;
            }
            _ => return Err(FileError::Field { field: "readings" }.into()),
        }
    }
    Ok(rules)
}
