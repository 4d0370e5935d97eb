//! What came of asking.

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
    pub(super) expected: String,
    pub(super) got: String,
}

impl Engine {
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
                Ok(Outcome::of(work.case(), reply))
            }
        }
    }
}

fn refused(error: &NoAnswer) -> Reply {
    Reply::Error(error.to_string())
}

impl Outcome {
    fn of(case: &Case, reply: Result<Reply, Trouble>) -> Self {
        let failed = |got: String| Self {
            failures: vec![Wrong {
                member: "answer".to_owned(),
                expected: case.expect.to_string(),
                got,
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

    fn of_room(report: Report) -> Self {
        let failures = report.failures.into_iter().map(|failure| Wrong {
            member: format!("{} of {}", failure.what, failure.case),
            expected: failure.expected,
            got: failure.got,
        });
        Self {
            equal: report.passed,
            failures: failures.collect(),
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
        let told = |value: Option<roomdag::Value>| {
            value.map_or("nothing".to_owned(), |value| value.to_string())
        };
        Self {
            member,
            expected: told(expected),
            got: told(got),
        }
    }
}
