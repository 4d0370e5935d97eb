//! What came of asking.

use roomdag::Value;
use roomdag::lab::conformance::{Case, Difference, NoAnswer, Reply, Report, answer};

use super::files::Work;
use super::program::{Asked, Trouble};
use crate::failure::Failure;

/// Who is asked.
pub(super) enum Engine {
    /// The built-in one; rooms also with so many orders of arrival.
    BuiltIn { orders: Option<u64> },
    /// Another implementation.
    Program(Asked),
}

/// What came of a case.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The members that are as expected, and for a room the comparisons.
    pub(super) equal: usize,
    /// The members that were left out, as they may be.
    pub(super) unanswered: usize,
    /// What is not as expected.
    pub(super) failures: Vec<Wrong>,
    /// The program does not answer such questions.
    pub(super) is_unsupported: bool,
    /// The answer is as the ruling has it, or the other one that the specification allows.
    pub(super) is_ruled: bool,
}

/// What is not as expected.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) member: String,
    /// `None` if nothing was expected.
    pub(super) expected: Option<Value>,
    pub(super) got: Got,
}

/// What came instead.
#[derive(Debug)]
pub(super) enum Got {
    /// Nothing.
    Nothing,
    /// Another value.
    Value(Value),
    /// No answer, for this reason.
    Trouble(String),
}

impl Engine {
    /// Whether it can be asked: a program is started.
    pub(super) fn is_ready(&mut self) -> bool {
        match self {
            Self::BuiltIn { .. } => true,
            Self::Program(asked) => asked.start().is_ok(),
        }
    }

    pub(super) fn ask(&mut self, work: &Work) -> Result<Outcome, Failure> {
        match (self, work) {
            (Self::BuiltIn { orders }, Work::Room(_, room)) => {
                Ok(Outcome::of_room(room.report(*orders)?))
            }
            (Self::BuiltIn { .. }, Work::Case(case)) => {
                let version = case.room_version.as_deref();
                let reply = answer(case.question, version, &case.input);
                let reply = reply.map_or_else(|error| refused(&error), Reply::Answer);
                Ok(Outcome::of(case, Ok(reply)))
            }
            (Self::Program(asked), work) => {
                let reply = asked.ask(work.case());
                let reply = reply.map_err(|hopeless| Failure::Call(hopeless.to_string()))?;
                Ok(Outcome::of(work.case(), reply))
            }
        }
    }
}

fn refused(error: &NoAnswer) -> Reply {
    Reply::Error(error.to_string())
}

impl Outcome {
    pub(super) fn is_failure(&self) -> bool {
        !self.failures.is_empty()
    }

    /// Why there is no answer.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.failures.iter().find_map(Wrong::trouble)
    }

    fn of(case: &Case, reply: Result<Reply, Trouble>) -> Self {
        let failed = |trouble: String| Self {
            failures: vec![Wrong {
                member: "answer".to_owned(),
                expected: Some(case.expect.clone().into()),
                got: Got::Trouble(trouble),
            }],
            ..Self::default()
        };
        let found = match reply {
            Ok(Reply::Answer(answer)) => case.compare(&answer),
            Ok(Reply::Unsupported) => {
                return Self {
                    is_unsupported: true,
                    ..Self::default()
                };
            }
            Ok(Reply::Error(error)) => return failed(format!("error: {error}")),
            Err(trouble) => return failed(trouble.to_string()),
        };
        let has_other = case.ruling.is_some() && !case.also_allowed.is_empty();
        Self {
            equal: found.equal,
            unanswered: found.unanswered.len(),
            is_unsupported: found.is_pass() && found.equal == 0,
            is_ruled: found.is_pass() && has_other,
            failures: found.different.into_iter().map(Wrong::of).collect(),
        }
    }

    /// Of a room, what was compared has no form of its own; it is told as text.
    fn of_room(report: Report) -> Self {
        let is_empty = !report.is_success() && report.failures.is_empty();
        let nothing = is_empty.then(|| Wrong {
            member: "room".to_owned(),
            expected: None,
            got: Got::Trouble("there is nothing to compare".to_owned()),
        });
        let failures = report.failures.into_iter().map(|failure| Wrong {
            member: format!("{} of {}", failure.what, failure.case),
            expected: Some(failure.expected.into()),
            got: Got::Value(failure.got.into()),
        });
        Self {
            equal: report.passed,
            failures: failures.chain(nothing).collect(),
            ..Self::default()
        }
    }
}

impl Wrong {
    fn of(difference: Difference) -> Self {
        let Difference {
            member,
            expected,
            got,
        } = difference;
        Self {
            member,
            expected,
            got: got.map_or(Got::Nothing, Got::Value),
        }
    }

    pub(super) fn trouble(&self) -> Option<&str> {
        match &self.got {
            Got::Trouble(trouble) => Some(trouble),
            Got::Nothing | Got::Value(_) => None,
        }
    }

    /// What was expected, in words.
    pub(super) fn expected(&self) -> String {
        let expected = self.expected.as_ref();
        expected.map_or("nothing".to_owned(), ToString::to_string)
    }

    /// What came, in words.
    pub(super) fn got(&self) -> String {
        match &self.got {
            Got::Nothing => "nothing".to_owned(),
            Got::Value(value) => value.to_string(),
            Got::Trouble(trouble) => trouble.clone(),
        }
    }
}
