//! Verdicts as rows.

use serde::{Deserialize, Serialize};

use crate::auth::{Decision, Evidence, Outcome, Rule};
use crate::id::EventId;
use crate::pdu::content::{Membership, Power};
use crate::timeline::{Check, Verdict, Withheld};
use crate::version::RoomVersionRules;

/// A [`Verdict`], but for what the event's row says already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictRow {
    /// Receipt check 4.
    pub by_auth_events: CheckRow,
    /// Receipt check 5.
    pub by_state: CheckRow,
    /// Receipt check 6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_current_state: Option<CheckRow>,
    /// Why the event is soft-failed although the current state allowed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
}

/// A [`Check`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckRow {
    /// Allowed, by this rule.
    Allow(Rule),
    /// Rejected, for this reason.
    Reject(Box<DecisionRow>),
    /// What the check needs is missing.
    Missing,
    /// The answer depends on the membership of these users.
    Undecided(Vec<Box<str>>),
    /// The caller said so.
    Stated(Outcome),
}

/// A [`Decision`] without its rule's number, which the room version has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionRow {
    /// The rule.
    pub rule: Rule,
    /// See [`Evidence::event`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// See [`Evidence::power`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<Power>,
    /// See [`Evidence::required`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<Power>,
    /// See [`Evidence::target_power`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_power: Option<Power>,
    /// See [`Evidence::membership`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub membership: Option<Membership>,
    /// See [`Evidence::subject`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Box<str>>,
}

impl VerdictRow {
    pub(super) fn of(verdict: &Verdict) -> Self {
        Self {
            by_auth_events: CheckRow::of(&verdict.by_auth_events),
            by_state: CheckRow::of(&verdict.by_state),
            by_current_state: verdict.by_current_state.as_ref().map(CheckRow::of),
            withheld: verdict.withheld,
        }
    }

    pub(super) fn into_verdict(
        self,
        overlong: Option<&'static str>,
        rules: &RoomVersionRules,
    ) -> Verdict {
        Verdict {
            by_auth_events: self.by_auth_events.into_check(rules),
            by_state: self.by_state.into_check(rules),
            by_current_state: self.by_current_state.map(|check| check.into_check(rules)),
            withheld: self.withheld,
            overlong,
        }
    }
}

impl CheckRow {
    fn of(check: &Check) -> Self {
        match check {
            Check::Allow(rule) => Self::Allow(*rule),
            Check::Reject(decision) => Self::Reject(Box::new(DecisionRow::of(decision))),
            Check::Missing => Self::Missing,
            Check::Undecided(members) => Self::Undecided(members.clone()),
            Check::Stated(outcome) => Self::Stated(*outcome),
        }
    }

    fn into_check(self, rules: &RoomVersionRules) -> Check {
        match self {
            Self::Allow(rule) => Check::Allow(rule),
            Self::Reject(decision) => Check::Reject(Box::new(decision.into_decision(rules))),
            Self::Missing => Check::Missing,
            Self::Undecided(members) => Check::Undecided(members),
            Self::Stated(outcome) => Check::Stated(outcome),
        }
    }
}

impl DecisionRow {
    fn of(decision: &Decision) -> Self {
        let evidence = decision.evidence.clone();
        Self {
            rule: decision.rule,
            event: evidence.event.map(|event| event.as_str().to_owned()),
            power: evidence.power,
            required: evidence.required,
            target_power: evidence.target_power,
            membership: evidence.membership,
            subject: evidence.subject,
        }
    }

    fn into_decision(self, rules: &RoomVersionRules) -> Decision {
        let evidence = Evidence {
            event: self.event.map(EventId::from_trusted),
            power: self.power,
            required: self.required,
            target_power: self.target_power,
            membership: self.membership,
            subject: self.subject,
        };
        Decision {
            evidence,
            ..Decision::of(self.rule, rules)
        }
    }
}
