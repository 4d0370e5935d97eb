//! Holding the engine against known answers.
//!
//! | kind of file                                         | here                |
//! |------------------------------------------------------|---------------------|
//! | rooms that real servers made, with what they made of them | [`real_room`]  |
//! | adversarial rooms, with another implementation's verdicts | [`case_room`]  |
//! | single cases: canonical JSON, hashes and redaction, format, auth rules | [`vectors`] |
//!
//! The formats are described in `spec-vectors/README.md`. Where a ruling of this project decides
//! otherwise than the file expects, the difference is an exception of that ruling and not a
//! failure; [`exceptions`] is the one place that says which. Nothing is read from disk here.

mod answer;
mod arrivals;
mod build;
mod case;
mod compare;
mod construct;
pub mod exceptions;
mod fields;
mod given;
mod keys;
mod protocol;
mod question;
mod rooms;
mod story;
mod symbolic;
mod trace;
mod uniform;
mod vectors;

use std::collections::{BTreeMap, BTreeSet};

use crate::auth::Rule;
use crate::json::Value;
use crate::version::Numbering;

pub use self::answer::{NoAnswer, answer};
pub use self::arrivals::arrivals;
pub use self::case::Case;
pub use self::compare::{Comparison, Difference};
pub use self::fields::FileError;
pub use self::protocol::{Reply, ReplyError, reply};
pub use self::question::{Compared, OPTIONAL_PARTS, Question};
pub use self::rooms::{RoomFiles, case_room, real_room};
pub use self::symbolic::symbolic_event;
pub use self::uniform::uniform;
pub use self::vectors::vectors;

/// What came of holding the engine against some file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many cases there were: events of a room, or cases of a file.
    pub cases: usize,
    /// How many answers were compared and equal.
    pub passed: usize,
    /// How many differ because a ruling says so, by the ruling's id.
    pub excepted: BTreeMap<&'static str, usize>,
    /// The answers that differ.
    pub failures: Vec<Failure>,
    /// The rules that decided some event, with the printing in which they did.
    pub rules: BTreeSet<(Rule, Numbering)>,
}

/// An answer that is not the expected one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The case: an event id, or the id of a case.
    pub case: String,
    /// What was compared.
    pub what: String,
    /// What was expected.
    pub expected: String,
    /// What the engine says.
    pub got: String,
}

impl Report {
    /// Adds the counts and failures of another report.
    pub fn add(&mut self, other: Self) {
        self.cases = self.cases.saturating_add(other.cases);
        self.passed = self.passed.saturating_add(other.passed);
        for (ruling, count) in other.excepted {
            let sum = self.excepted.entry(ruling).or_default();
            *sum = sum.saturating_add(count);
        }
        self.failures.extend(other.failures);
        self.rules.extend(other.rules);
    }

    /// Asks the built-in engine, and compares its answer.
    pub fn ask(&mut self, case: &Case) {
        self.cases = self.cases.saturating_add(1);
        let mut failed = |what: &str, expected: String, got: String| {
            self.failures.push(Failure {
                case: case.address(),
                what: what.to_owned(),
                expected,
                got,
            });
        };
        let found = match answer(case.question, case.room_version.as_deref(), &case.input) {
            Ok(found) => case.compare(&found),
            Err(error) => return failed("answer", case.expect.to_string(), error.to_string()),
        };
        let told = |value: Option<Value>| value.map_or("nothing".to_owned(), |v| v.to_string());
        for Difference {
            member,
            expected,
            got,
        } in found.different
        {
            failed(&member, told(expected), told(got));
        }
        self.passed = self.passed.saturating_add(found.equal);
    }

    /// Whether there is no failure, and something was compared at all.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.failures.is_empty() && self.passed > 0
    }

    fn compare<T: PartialEq + std::fmt::Debug>(
        &mut self,
        case: &str,
        what: &'static str,
        expected: &T,
        got: &T,
    ) {
        self.compare_unless(None, case, what, expected, got);
    }

    /// Compares two answers; `ruling` is the one by which they may differ.
    fn compare_unless<T: PartialEq + std::fmt::Debug>(
        &mut self,
        ruling: Option<&'static str>,
        case: &str,
        what: &'static str,
        expected: &T,
        got: &T,
    ) {
        if expected == got {
            self.passed = self.passed.saturating_add(1);
        } else if let Some(ruling) = ruling {
            let count = self.excepted.entry(ruling).or_default();
            *count = count.saturating_add(1);
        } else {
            self.failures.push(Failure {
                case: case.to_owned(),
                what: what.to_owned(),
                expected: format!("{expected:?}"),
                got: format!("{got:?}"),
            });
        }
    }
}
