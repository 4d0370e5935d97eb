//! Redactions: whether one applies to an event.
//!
//! A redaction is an event like any other, and what it does to its target is another question,
//! which is asked once both have been accepted. Whichever comes first waits for the other. What is
//! left of an event that is redacted is [`pdu::redact`](crate::pdu::redact()).
//!
//! The answer depends on the state before the redaction and on the two events, never on what other
//! redactions do: so there are no circles. A create event is never redacted, for the room rests on
//! it, and a redaction is not either, so that what it has done cannot be undone.
//!
//! Spec: [handling redactions](https://spec.matrix.org/v1.19/rooms/v12/#handling-redactions).

use std::fmt;

use petgraph::graph::NodeIndex;

use crate::auth;
use crate::event::EventRef;
use crate::id::EventId;
use crate::pdu::content::{Content, NamedLevel, Power};
use crate::pdu::{CREATE, POWER_LEVELS, REDACTION};
use crate::room::{Room, Standing};
use crate::version::RedactionRule;

/// Whether a redaction applies to its target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum RedactionOutcome {
    /// It does: the target is to be redacted.
    Applies {
        /// The target.
        target: EventId,
        /// By which of the conditions.
        because: RedactionReason,
    },
    /// The target is not known, or there is no telling yet whether it is accepted.
    TargetUnknown {
        /// The target.
        target: EventId,
    },
    /// It does not, as long as its own standing and its target's are what they are.
    DoesNotApply(NoRedaction),
}

/// The condition by which a redaction applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedactionReason {
    /// Condition 1: the sender's power reaches the redact level.
    Power {
        /// The sender's power in the state before the redaction.
        power: Power,
        /// The redact level there.
        required: Power,
    },
    /// Condition 2: the senders of both events are of one server.
    SameServer,
    /// The authorisation rules of the room version decide it, and let the redaction in.
    Rules,
}

/// Why a redaction does not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRedaction {
    /// The event is not a redaction.
    NotARedaction,
    /// It names no target, where the room version looks for it.
    NoTarget,
    /// The redaction is not accepted.
    NotAccepted(Standing),
    /// The target was rejected.
    TargetRejected,
    /// The target is of another room.
    OtherRoom,
    /// The target is a create event.
    TargetIsCreate,
    /// The target is a redaction.
    TargetIsRedaction,
    /// The sender's power is too low, and the target is of another server.
    NotPermitted {
        /// The sender's power in the state before the redaction.
        power: Power,
        /// The redact level there.
        required: Power,
    },
}

impl Room {
    /// Whether a redaction applies to the event that it names, and why; `None` for an event that
    /// the room does not have. O(log n).
    ///
    /// The answer may change from [`TargetUnknown`](RedactionOutcome::TargetUnknown) when the
    /// target arrives; ask [`redactions_of`](Self::redactions_of) of every event that is accepted.
    ///
    /// Spec: [handling redactions](https://spec.matrix.org/v1.19/rooms/v12/#handling-redactions).
    #[must_use]
    pub fn redaction(&self, redaction: &EventId) -> Option<RedactionOutcome> {
        self.redaction_at(self.node(redaction)?)
    }

    /// The redactions that apply to an event, in the order in which the room first heard of them.
    /// O(r · log n) in the number of redactions that name it.
    pub fn redactions_of(&self, event: &EventId) -> impl Iterator<Item = &EventId> {
        let redactions = self.redactions.get(event).into_iter().flatten();
        let apply = |node: &&NodeIndex| {
            matches!(
                self.redaction_at(**node),
                Some(RedactionOutcome::Applies { .. })
            )
        };
        let applying = redactions.filter(apply);
        applying.filter_map(|node| self.timeline.dag.id(*node))
    }

    /// Whether some redaction applies to an event.
    pub(super) fn is_redacted(&self, event: &EventId) -> bool {
        self.redactions_of(event).next().is_some()
    }

    fn redaction_at(&self, node: NodeIndex) -> Option<RedactionOutcome> {
        let redaction = self.timeline.dag.event(node)?;
        let no = |reason| Some(RedactionOutcome::DoesNotApply(reason));
        if redaction.event_type != REDACTION {
            return no(NoRedaction::NotARedaction);
        }
        let Some(target) = redaction.redacts else {
            return no(NoRedaction::NoTarget);
        };
        match self.standing_of(node)? {
            Standing::Accepted | Standing::Provisional => {}
            standing => return no(NoRedaction::NotAccepted(standing)),
        }
        let unknown = || {
            Some(RedactionOutcome::TargetUnknown {
                target: target.clone(),
            })
        };
        let Some(at) = self.node(target) else {
            return unknown();
        };
        let event = self.timeline.dag.event(at)?;
        if event.room_id != redaction.room_id {
            return no(NoRedaction::OtherRoom);
        }
        if event.event_type == CREATE {
            return no(NoRedaction::TargetIsCreate);
        }
        if event.event_type == REDACTION {
            return no(NoRedaction::TargetIsRedaction);
        }
        match self.standing_of(at)? {
            Standing::Rejected => return no(NoRedaction::TargetRejected),
            Standing::Outlier => return unknown(),
            _ => {}
        }
        let applies = |because| {
            Some(RedactionOutcome::Applies {
                target: target.clone(),
                because,
            })
        };
        if self.rules().auth.redactions == RedactionRule::LevelOrDomain {
            return applies(RedactionReason::Rules);
        }
        let (power, required) = self.redaction_power(node, &redaction);
        if power.reaches(&required) {
            return applies(RedactionReason::Power { power, required });
        }
        if redaction.sender.server_name() == event.sender.server_name() {
            return applies(RedactionReason::SameServer);
        }
        no(NoRedaction::NotPermitted { power, required })
    }

    /// The power of a redaction's sender, and the redact level, in the state before it.
    fn redaction_power(&self, node: NodeIndex, redaction: &EventRef<'_>) -> (Power, Power) {
        let before = self.timeline.records.before(node);
        let state = before.and_then(|before| self.state(before));
        let levels = state.and_then(|state| state.get(POWER_LEVELS, ""));
        let create =
            state.and_then(|state| auth::StateView::create(&state).map(|event| event.id.clone()));
        let create = create.and_then(|id| self.timeline.dag.event(self.node(&id)?));
        let power = auth::power(redaction.sender.as_str(), levels, create, self.rules());
        let required = match levels.map(|levels| levels.content) {
            Some(Content::PowerLevels(levels)) => levels.named(NamedLevel::Redact),
            Some(_) => Power::Unreadable,
            None => NamedLevel::Redact.default_level().into(),
        };
        (power, required)
    }
}

impl fmt::Display for NoRedaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARedaction => f.write_str("the event is not a redaction"),
            Self::NoTarget => f.write_str("it names no event"),
            Self::NotAccepted(standing) => write!(f, "the redaction is {standing}"),
            Self::TargetRejected => f.write_str("the event that it names was rejected"),
            Self::OtherRoom => f.write_str("the event that it names is of another room"),
            Self::TargetIsCreate => f.write_str("a create event is never redacted"),
            Self::TargetIsRedaction => f.write_str("a redaction is never redacted"),
            Self::NotPermitted { power, required } => write!(
                f,
                "the sender's power is {power}, below {required}, and the event that it names is \
                 of another server"
            ),
        }
    }
}
