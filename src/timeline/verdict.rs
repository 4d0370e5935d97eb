//! The verdict on an event.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::auth::{Decision, Outcome, Rule};

/// What the receipt checks say of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Receipt check 4: by its own `auth_events`.
    pub by_auth_events: Check,
    /// Receipt check 5: by the state before it.
    pub by_state: Check,
    /// Receipt check 6: by the room's current state when it arrived. Only for accepted events, and
    /// only where the order of arrival is known or the verdicts are stated.
    pub by_current_state: Option<Check>,
    /// Why the event is soft-failed although the current state allows it.
    pub withheld: Option<Withheld>,
    /// The identifier field of more than 255 bytes for which the room version rejects the event.
    pub overlong: Option<&'static str>,
}

/// The outcome of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// Allowed, by this rule.
    Allow(Rule),
    /// Rejected, for this reason.
    Reject(Box<Decision>),
    /// What the check needs is missing.
    Missing,
    /// The answer depends on the membership of these users, sorted, and the state is one of which
    /// members were left out.
    Undecided(Vec<Box<str>>),
    /// The caller said so, and nobody looked: see
    /// [`Verdicts::Stated`](crate::replay::Verdicts::Stated).
    Stated(Outcome),
}

/// Why an event is soft-failed that the rules allow by the current state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Withheld {
    /// Receipt check 7: the room's policy server has not signed it.
    PolicyUnsigned,
    /// Receipt check 7: what should be the policy server's signature is wrong.
    PolicyInvalid,
    /// Receipt check 7: what the room names as the policy server's key is none.
    PolicyUnverifiable,
    /// It would be one forward extremity, or one state among theirs, too many.
    Extremities,
    /// The host has decided so.
    Host,
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It is part of the room.
    Accepted,
    /// It is kept, but never changes the state.
    Rejected,
    /// It is part of the room, but no extremity and not shown to clients.
    SoftFailed,
    /// There is no telling yet, because something before it is missing.
    Waiting,
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PolicyUnsigned => "the policy server has not signed it",
            Self::PolicyUnverifiable => "the room names no usable key of the policy server",
            Self::PolicyInvalid => "the policy server's signature is wrong",
            Self::Extremities => "there are too many forward extremities",
            Self::Host => "the host has decided so",
        })
    }
}

impl Verdict {
    /// What becomes of the event.
    #[must_use]
    pub fn status(&self) -> Status {
        let rejects =
            |check: &Check| matches!(check, Check::Reject(_) | Check::Stated(Outcome::Reject));
        let checks = [&self.by_auth_events, &self.by_state];
        if self.overlong.is_some() || checks.into_iter().any(rejects) {
            Status::Rejected
        } else if checks.into_iter().any(|check| *check == Check::Missing) {
            Status::Waiting
        } else if self.by_current_state.as_ref().is_some_and(rejects) || self.withheld.is_some() {
            Status::SoftFailed
        } else {
            Status::Accepted
        }
    }

    /// The users on whose membership the verdict depends, and who were left out of the state.
    #[must_use]
    pub fn undecided(&self) -> &[Box<str>] {
        match &self.by_state {
            Check::Undecided(members) => members,
            _ => &[],
        }
    }

    /// The decision that rejected or soft-failed the event: that of the first check that failed.
    ///
    /// `None` for an event that is rejected for nothing but [`overlong`](Self::overlong), which no
    /// rule is about, and where the verdict was [stated](Check::Stated).
    #[must_use]
    pub fn objection(&self) -> Option<&Decision> {
        [
            Some(&self.by_auth_events),
            Some(&self.by_state),
            self.by_current_state.as_ref(),
        ]
        .into_iter()
        .flatten()
        .find_map(|check| match check {
            Check::Reject(decision) => Some(&**decision),
            _ => None,
        })
    }
}

impl From<Decision> for Check {
    fn from(decision: Decision) -> Self {
        if decision.is_allowed() {
            Self::Allow(decision.rule)
        } else {
            Self::Reject(Box::new(decision))
        }
    }
}
