//! The protocol by which one program asks another: one JSON document a line.
//!
//! A request is `{"id", "question", "room_version"?, "input"}`. The reply has the `id` of the
//! request, and `answer`, or `unsupported: true` for a question that the program does not answer,
//! or in `error` why there is no answer. `spec-vectors/protocol.md` describes it.

use crate::json::{Mode, Object, Value};
use crate::lab::conformance::answer::answer;
use crate::lab::conformance::fields::{object, opt_text, text};
use crate::lab::conformance::{FileError, Question};

/// The built-in engine's reply to a line.
#[must_use]
pub fn reply(line: &[u8]) -> Object {
    let mut reply = Object::new();
    match Object::parse(line, Mode::Lenient) {
        Ok(request) => {
            reply.insert("id", request.get("id").cloned().unwrap_or_default());
            insert_answer(&mut reply, &request);
        }
        Err(error) => {
            reply.insert("id", Value::Null);
            reply.insert("error", error.to_string());
        }
    }
    reply
}

fn insert_answer(reply: &mut Object, request: &Object) {
    let found = request_of(request).and_then(|(question, input)| {
        let Some(question) = Question::of(question) else {
            return Ok(None);
        };
        let version = opt_text(request, "room_version");
        let answer = answer(question, version, input);
        answer.map(Some).map_err(|error| error.to_string())
    });
    match found {
        Ok(Some(answer)) => reply.insert("answer", answer),
        Ok(None) => reply.insert("unsupported", true),
        Err(error) => reply.insert("error", error),
    };
}

fn request_of(request: &Object) -> Result<(&str, &Object), String> {
    let parts = || -> Result<_, FileError> {
        text(request, "id")?;
        Ok((text(request, "question")?, object(request, "input")?))
    };
    parts().map_err(|error| error.to_string())
}

/// What another program replied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer.
    Answer(Object),
    /// It does not answer such questions.
    Unsupported,
    /// It says that something is wrong.
    Error(String),
}

/// Why a line is no reply to a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// It is not a JSON object.
    #[error("the reply is not a JSON object: {0}")]
    Json(crate::json::ParseError),
    /// It does not say which request it is for.
    #[error("the reply has no `id`")]
    NoId,
    /// It is a reply to something else.
    #[error("the reply is for `{found:.255}`")]
    OtherId {
        /// The id that it names.
        found: String,
    },
    /// There is neither an answer nor a reason why not.
    #[error("the reply has no `answer`, no `unsupported` and no `error`")]
    Empty,
}

impl Reply {
    /// Reads a reply to the request of this id.
    ///
    /// # Errors
    ///
    /// [`ReplyError`]: it is none.
    pub fn parse(line: &[u8], id: &str) -> Result<Self, ReplyError> {
        let mut reply = Object::parse(line, Mode::Lenient).map_err(ReplyError::Json)?;
        if opt_text(&reply, "id") != Some(id) {
            let found = reply.get("id").ok_or(ReplyError::NoId)?;
            return Err(ReplyError::OtherId {
                found: found.to_string(),
            });
        }
        match reply.remove("answer") {
            Some(Value::Object(answer)) => return Ok(Self::Answer(answer)),
            Some(_) => return Err(ReplyError::Empty),
            None => {}
        }
        if reply.get("unsupported").and_then(Value::as_bool) == Some(true) {
            return Ok(Self::Unsupported);
        }
        let error = opt_text(&reply, "error").ok_or(ReplyError::Empty)?;
        Ok(Self::Error(error.to_owned()))
    }
}
