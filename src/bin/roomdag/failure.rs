//! What a verb comes to.

use std::fmt::Display;
use std::process::ExitCode;

/// The answer to the question, as far as the exit code tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// What was asked for is there, or everything is in order.
    Positive,
    /// Something was checked, and is not in order.
    Negative,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A file cannot be used.
    #[error("{name}: {reason}")]
    Input {
        /// The file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The call asks for something that cannot be answered.
    #[error("{0}")]
    Call(String),
    /// The answer cannot be written.
    #[error("cannot write: {0}")]
    Output(#[from] std::io::Error),
}

impl Failure {
    /// The exit code of every failure.
    pub(crate) fn exit_code() -> ExitCode {
        ExitCode::from(2)
    }

    /// A file cannot be used.
    pub(crate) fn input(name: impl Into<String>, reason: impl Display) -> Self {
        Self::Input {
            name: name.into(),
            reason: reason.to_string(),
        }
    }
}
