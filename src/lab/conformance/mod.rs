//! Holding the engine, or any other, against known answers.
//!
//! A [`Case`] is one [`Question`] with its input and the answer that is right. [`cases()`] reads
//! them from files of every format in `spec-vectors`, [`RoomFiles::case`] from a room, and writes
//! out what the files write short. [`answer()`] is the built-in engine's answer, [`reply`] the same
//! as a server of the protocol by which other implementations are asked, and [`Case::compare`]
//! holds an answer against the right one.
//!
//! ```
//! use roomdag::lab::conformance::{answer, cases};
//!
//! let file = br#"{ "question": "acl", "cases": [
//!     { "id": "a server that is denied", "input": { "server": "b", "content": {
//!         "allow": ["*"], "deny": ["b"] } }, "expect": { "allowed": false } } ] }"#;
//! for case in cases(file, "acl.json", |_| None)? {
//!     let found = answer(case.question, case.room_version.as_deref(), &case.input)?;
//!     assert!(case.compare(&found).is_pass());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Of rooms more is known than other implementations can be asked for: the state before and after
//! each event and every step of each resolution ([`real_room`], [`case_room`]), whatever the order
//! of arrival ([`arrivals`]). Those are asked of the built-in engine alone.
//!
//! Where a ruling of this project decides otherwise than a recorded answer, the ruling's answer is
//! the right one, and the recorded one is allowed; [`exceptions`] is the one place that says which.
//! Nothing is read from disk here.

mod answer;
mod arrivals;
mod borrowed;
mod build;
mod case;
mod checks;
mod compare;
mod construct;
pub mod exceptions;
mod fields;
mod files;
mod given;
mod keys;
mod protocol;
mod question;
mod recorded;
mod room_cases;
mod rooms;
mod story;
mod symbolic;
mod trace;
mod uniform;

pub use self::answer::{NoAnswer, answer};
pub use self::arrivals::arrivals;
pub use self::case::Case;
pub use self::compare::{Comparison, Difference};
pub use self::fields::FileError;
pub use self::files::cases;
pub use self::protocol::{Reply, ReplyError, reply};
pub use self::question::{Compared, OPTIONAL_PARTS, Question};
pub use self::rooms::{RoomFiles, case_room, real_room};
pub use self::symbolic::symbolic_event;

/// What came of holding the engine against a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many answers were compared and equal.
    pub passed: usize,
    /// The answers that differ.
    pub failures: Vec<Failure>,
}

/// An answer that is not the expected one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What it is about: an event id, or a name.
    pub case: String,
    /// What was compared.
    pub what: &'static str,
    /// What was expected.
    pub expected: String,
    /// What the engine says.
    pub got: String,
}

impl Report {
    /// Adds the counts and failures of another report.
    pub fn add(&mut self, other: Self) {
        self.passed = self.passed.saturating_add(other.passed);
        self.failures.extend(other.failures);
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
        if expected == got {
            self.passed = self.passed.saturating_add(1);
        } else {
            self.failures.push(Failure {
                case: case.to_owned(),
                what,
                expected: format!("{expected:?}"),
                got: format!("{got:?}"),
            });
        }
    }
}
