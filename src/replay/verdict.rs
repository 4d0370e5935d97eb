//! The verdict on an event.

use std::collections::BTreeSet;

use crate::auth::{Decision, Outcome, Rule};
use crate::id::EventId;

/// What a replay says of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Receipt check 4: by its own `auth_events`.
    pub by_auth_events: Check,
    /// Receipt check 5: by the state before it.
    pub by_state: Check,
    /// Receipt check 6: by the room's current state when it arrived. Only for accepted events, and
    /// only where the order of arrival is known or the verdicts are stated.
    pub by_current_state: Option<Check>,
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
    /// The caller said so, and nobody looked: see [`Verdicts::Stated`].
    Stated(Outcome),
}

/// Where the verdicts of a replay come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdicts {
    /// Every event is held against the authorisation rules.
    #[default]
    Judged,
    /// The caller judged the events before and remembers: these are not accepted, all others are,
    /// whatever they cite. No rule is applied but those that state resolution applies.
    ///
    /// What waits for a missing event waits all the same.
    Stated {
        /// The events that were rejected.
        rejected: BTreeSet<EventId>,
        /// The events that were soft-failed.
        soft_failed: BTreeSet<EventId>,
    },
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
        } else if self.by_current_state.as_ref().is_some_and(rejects) {
            Status::SoftFailed
        } else {
            Status::Accepted
        }
    }

    /// The decision that rejected or soft-failed the event: that of the first check that failed.
    ///
    /// `None` for an event that is rejected for nothing but [`overlong`](Self::overlong), which no
    /// rule is about, and where the verdict was [stated](Verdicts::Stated).
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
