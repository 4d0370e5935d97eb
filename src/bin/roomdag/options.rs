//! How states are resolved: one option for each of the library's.

use clap::{Args, ValueEnum};
use roomdag::resolve::{AuthDifference, MissingEvents, Options, RejectedEvents};
use roomdag::version::{RoomVersionRules, StateResolution};
use serde::Serialize;

/// The options of state resolution; the defaults are those of the room version.
#[derive(Args)]
pub(crate) struct ResolveArgs {
    /// The state resolution algorithm
    #[arg(long, value_name = "NAME")]
    algorithm: Option<Algorithm>,
    /// Whether the auth chain of a state holds the state itself
    #[arg(long, value_name = "READING")]
    auth_difference: Option<Difference>,
    /// Whether rejected events take part, as the specification has it, or are skipped
    #[arg(long, value_name = "READING")]
    rejected: Option<Rejected>,
    /// What to do about auth events that are not there
    #[arg(long, value_name = "READING")]
    missing: Option<Missing>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Algorithm {
    V1,
    V2,
    #[value(name = "v2.1")]
    V2_1,
}

#[derive(Clone, Copy, ValueEnum)]
enum Difference {
    Inclusive,
    Exclusive,
}

#[derive(Clone, Copy, ValueEnum)]
enum Rejected {
    Spec,
    Skip,
}

#[derive(Clone, Copy, ValueEnum)]
enum Missing {
    Error,
    Absent,
    Report,
}

impl ResolveArgs {
    /// The library's options.
    pub(crate) fn of(&self, rules: &RoomVersionRules) -> Options {
        let mut options = Options::of(rules);
        if let Some(algorithm) = self.algorithm {
            options.algorithm = match algorithm {
                Algorithm::V1 => StateResolution::V1,
                Algorithm::V2 => StateResolution::V2,
                Algorithm::V2_1 => StateResolution::V2_1,
            };
        }
        if let Some(difference) = self.auth_difference {
            options.auth_difference = match difference {
                Difference::Inclusive => AuthDifference::Inclusive,
                Difference::Exclusive => AuthDifference::Exclusive,
            };
        }
        if let Some(rejected) = self.rejected {
            options.rejected = match rejected {
                Rejected::Spec => RejectedEvents::TakePart,
                Rejected::Skip => RejectedEvents::Skip,
            };
        }
        if let Some(missing) = self.missing {
            options.missing = match missing {
                Missing::Error => MissingEvents::Error,
                Missing::Absent => MissingEvents::Absent,
                Missing::Report => MissingEvents::Report,
            };
        }
        options
    }
}

/// What was used, as answers echo it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Echo {
    algorithm: &'static str,
    auth_difference: &'static str,
    rejected: &'static str,
    missing: &'static str,
}

impl From<&Options> for Echo {
    fn from(options: &Options) -> Self {
        Self {
            algorithm: options.algorithm.name(),
            auth_difference: match options.auth_difference {
                AuthDifference::Inclusive => "inclusive",
                AuthDifference::Exclusive => "exclusive",
            },
            rejected: match options.rejected {
                RejectedEvents::TakePart => "spec",
                RejectedEvents::Skip => "skip",
            },
            missing: match options.missing {
                MissingEvents::Error => "error",
                MissingEvents::Absent => "absent",
                MissingEvents::Report => "report",
            },
        }
    }
}
