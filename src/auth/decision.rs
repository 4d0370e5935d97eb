//! A decision of the authorisation rules, with its reasons.

use std::fmt;

use crate::auth::{Outcome, Rule};
use crate::id::{EventId, truncated};
use crate::pdu::content::{Membership, Power};
use crate::version::RoomVersionRules;

/// What the authorisation rules say of an event, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Decision {
    /// The rule that decided.
    pub rule: Rule,
    /// The rule's number in the printing of the room version; empty if a room version of the
    /// embedder's mixes rules that no printing has together.
    pub number: &'static str,
    /// What the rule looked at.
    pub evidence: Evidence,
}

/// What a rule looked at; only what the deciding rule compared is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The state event that decided.
    pub event: Option<EventId>,
    /// The sender's power.
    pub power: Option<Power>,
    /// The power that was needed, or the level that the sender tried to set or to change.
    pub required: Option<Power>,
    /// The power of the user whom a kick or a ban is aimed at.
    pub target_power: Option<Power>,
    /// The membership that mattered.
    pub membership: Option<Membership>,
    /// The user, property or entry that it is about, cut to 255 bytes.
    pub subject: Option<Box<str>>,
}

impl Decision {
    /// A decision by `rule`, without evidence.
    pub(crate) fn of(rule: Rule, rules: &RoomVersionRules) -> Self {
        Self {
            rule,
            number: rule.number(rules.auth.numbering).unwrap_or_default(),
            evidence: Evidence::default(),
        }
    }

    /// Whether the event is allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.rule.outcome() == Outcome::Allow
    }

    pub(super) fn about(mut self, subject: &str) -> Self {
        self.evidence.subject = Some(truncated(subject).into());
        self
    }

    pub(crate) fn because_of(mut self, event: Option<&EventId>) -> Self {
        self.evidence.event = event.cloned();
        self
    }

    pub(super) fn levels(mut self, power: Power, required: Power) -> Self {
        self.evidence.power = Some(power);
        self.evidence.required = Some(required);
        self
    }

    pub(super) fn against(mut self, target_power: Power) -> Self {
        self.evidence.target_power = Some(target_power);
        self
    }

    pub(super) fn membership(mut self, membership: Membership) -> Self {
        self.evidence.membership = Some(membership);
        self
    }
}

/// The rule's sentence, its number, and the evidence in brackets.
impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Evidence {
            event,
            power,
            required,
            target_power,
            membership,
            subject,
        } = &self.evidence;
        f.write_str(self.rule.says())?;
        let mut separator = " (";
        let mut part = |f: &mut fmt::Formatter<'_>, name: &str, value: &dyn fmt::Display| {
            write!(f, "{separator}{name} {value}")?;
            separator = ", ";
            Ok::<(), fmt::Error>(())
        };
        if let Some(subject) = subject {
            part(f, "about", &format_args!("`{}`", subject.escape_debug()))?;
        }
        if let Some(membership) = membership {
            part(f, "membership", membership)?;
        }
        if let Some(power) = power {
            part(f, "power", power)?;
        }
        if let Some(required) = required {
            part(f, "against", required)?;
        }
        if let Some(target_power) = target_power {
            part(f, "target's power", target_power)?;
        }
        if let Some(event) = event {
            part(f, "by", event)?;
        }
        if separator == ", " {
            f.write_str(")")
        } else {
            Ok(())
        }
    }
}
