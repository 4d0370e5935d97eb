//! What a room answers: receipts, and notices of what came of earlier events.

use std::fmt;

use crate::auth::Decision;
use crate::crypto::VerifyError;
use crate::event::HashCheck;
use crate::id::{EventId, KeyId, RoomId, ServerName};
use crate::json::CanonicalObject;
use crate::pdu::FormatError;
use crate::timeline::{Check, Verdict, Withheld};

/// The answer to a PDU: its receipt, and what its arrival meant for others.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Received {
    /// What became of the PDU.
    pub receipt: Receipt,
    /// What became of events that were received before, in the order in which it happened.
    pub notices: Vec<Notice>,
}

/// What became of a PDU.
///
/// There is one variant for each thing that a host has to do, so it has to look at all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Receipt {
    /// It passed every check and is part of the room: keep it, and show it to clients.
    Accepted(Admitted),
    /// It is treated as accepted, but whether it is depends on members that were left out of a
    /// claimed state. It is judged again once they are there.
    Provisional {
        /// The event.
        event: Admitted,
        /// The users on whose membership it depends, sorted.
        members: Vec<Box<str>>,
    },
    /// It is part of the room, but not shown to clients, and no new event builds on it: keep it.
    SoftFailed {
        /// The event.
        event: Admitted,
        /// Why.
        because: SoftFailure,
    },
    /// It is known and never changes the room's state: keep it, so that what cites it can be
    /// judged, and show it to nobody.
    Rejected {
        /// The event.
        event: Admitted,
        /// Why.
        because: Rejection,
    },
    /// The room has it already, and nothing has changed.
    ///
    /// With one exception, which has a [`Notice::Outlier`] of the event: an altered copy was
    /// rejected before what it follows was known, and this one, which is intact, need not be. The
    /// room goes by this one now, and judges it once what it follows is there; what cites it names
    /// that as missing.
    Known {
        /// The event.
        event: EventId,
        /// What became of it.
        standing: Standing,
    },
    /// It is not an event of this room: keep nothing.
    Dropped(Fault),
    /// There is no telling yet. The room keeps it until what is missing arrives. Of an event that
    /// lacks keys, it gives up this copy without a notice once another has been judged and this
    /// one could tell nothing more.
    Waiting(Missing),
}

/// An event that the room has taken up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Its id.
    pub id: EventId,
    /// The form in which it goes on, which is the one to keep: redacted if its content hash was
    /// wrong.
    ///
    /// `None` where the one that is kept is better: the event came with a claim, as
    /// [`Notice::Outlier`] said, and of what has come now the content hash is wrong.
    pub json: Option<CanonicalObject>,
    /// Receipt check 3 of the copy that has come.
    pub content_hash: HashCheck,
}

/// What an event waits for, all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The event.
    pub event: EventId,
    /// The events that the room has never seen and that it cannot be judged without; sorted. Those
    /// that these may need in turn are not known yet.
    pub events: Vec<EventId>,
    /// The keys without which its signatures cannot be checked; sorted.
    pub keys: Vec<(ServerName, KeyId)>,
}

/// Why a PDU was dropped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Receipt check 1: it is not an event of the room version.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Receipt check 2: a server that must have signed it has not.
    #[error(transparent)]
    Signatures(#[from] VerifyError),
    /// It is an event of another room.
    #[error("the event is of room `{room_id:.255}`")]
    WrongRoom {
        /// That room.
        room_id: RoomId,
    },
    /// The room has another event of this id, which only room versions allow where servers choose
    /// the ids. The first stays.
    #[error("there is another event of the id `{id:.255}`")]
    OtherEvent {
        /// The id.
        id: EventId,
    },
    /// It is among its own ancestors, which only ids that are not hashes allow.
    #[error("event `{id:.255}` is among its own ancestors")]
    Cycle {
        /// The event.
        id: EventId,
    },
    /// It has to wait, and the events of its server that wait already are as many as
    /// [`Limits`](crate::limits::Limits) allow.
    #[error("too many events of the server are waiting")]
    QueueFull,
    /// The graph has no numbers left.
    #[error("the graph is full")]
    Full,
}

/// Why an event was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Receipt check 4: by its own `auth_events`.
    AuthEvents(Box<Decision>),
    /// Receipt check 5: by the state before it.
    State(Box<Decision>),
    /// This identifier is longer than 255 bytes.
    Overlong(&'static str),
    /// The host said so when it restored the room, and nobody looked.
    Stated,
}

/// Why an event was soft-failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SoftFailure {
    /// Receipt check 6: by the current state.
    CurrentState(Box<Decision>),
    /// Of the checks that follow, and of what the host decides.
    Withheld(Withheld),
    /// The host said so when it restored the room, and nobody looked.
    Stated,
}

/// What became of an event, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It is part of the room.
    Accepted,
    /// It is treated as accepted until members are known that were left out of a claimed state.
    Provisional,
    /// It is part of the room, but no extremity and not shown to clients.
    SoftFailed,
    /// It is kept, but never changes the state.
    Rejected,
    /// It came as part of a claimed state or of an auth chain, or in the place of an altered copy:
    /// its own `auth_events` allow it, and the state before it is not known.
    Outlier,
}

/// News of other events than the one that a call was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// What the event waited for has arrived.
    Settled {
        /// The event.
        event: EventId,
        /// What became of it. Never [`Receipt::Waiting`].
        receipt: Receipt,
    },
    /// The event came with a claimed state, and the room did not have it, or had an altered copy
    /// that it had rejected: keep it. It is shown to nobody on that account.
    ///
    /// It is an outlier until [`Revised`](Self::Revised) says otherwise, which may be among the
    /// same notices: where the events before it are known too, as at the beginning of a room, it
    /// is judged at once.
    Outlier(Admitted),
    /// The event was judged again, and the answer is another one.
    ///
    /// Of an event that is accepted now, the policy server was not asked, as its PDU is the
    /// host's. Where the room has one, ask [`policy_check`](crate::room::policy_check), and
    /// [`Room::soft_fail`](crate::room::Room::soft_fail) what it refuses.
    Revised {
        /// The event.
        event: EventId,
        /// What it was.
        was: Standing,
        /// What it is now.
        is: Standing,
    },
    /// The event waited and had to make room. It may be received again.
    Evicted {
        /// The event.
        event: EventId,
    },
}

impl Notice {
    /// Whether the notice says that this event is something else now.
    pub(super) fn revises(&self, id: &EventId) -> bool {
        matches!(self, Self::Revised { event, .. } if event == id)
    }
}

impl Standing {
    /// The standing that a verdict means for an event of the graph.
    pub(super) fn of(verdict: &Verdict) -> Self {
        use crate::timeline::Status;
        match verdict.status() {
            Status::Accepted if verdict.undecided().is_empty() => Self::Accepted,
            Status::Accepted => Self::Provisional,
            Status::SoftFailed => Self::SoftFailed,
            Status::Rejected => Self::Rejected,
            Status::Waiting => Self::Outlier,
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "accepted",
            Self::Provisional => "provisional",
            Self::SoftFailed => "soft-failed",
            Self::Rejected => "rejected",
            Self::Outlier => "outlier",
        })
    }
}

impl Rejection {
    /// The reason for which a verdict rejects; `None` if it does not.
    pub(super) fn of(verdict: &Verdict) -> Option<Self> {
        match (&verdict.by_auth_events, &verdict.by_state) {
            (Check::Reject(decision), _) => Some(Self::AuthEvents(decision.clone())),
            (_, Check::Reject(decision)) => Some(Self::State(decision.clone())),
            _ => None,
        }
        .or_else(|| verdict.overlong.map(Self::Overlong))
    }
}

impl SoftFailure {
    /// The reason for which a verdict soft-fails; `None` if it does not.
    pub(super) fn of(verdict: &Verdict) -> Option<Self> {
        match (&verdict.by_current_state, verdict.withheld) {
            (Some(Check::Reject(decision)), _) => Some(Self::CurrentState(decision.clone())),
            (_, withheld) => withheld.map(Self::Withheld),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AuthEvents(decision) => write!(f, "by its auth events: {decision}"),
            Self::State(decision) => write!(f, "by the state before it: {decision}"),
            Self::Overlong(field) => write!(f, "`{field}` is longer than 255 bytes"),
            Self::Stated => f.write_str("the host says so"),
        }
    }
}

impl fmt::Display for SoftFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CurrentState(decision) => write!(f, "by the current state: {decision}"),
            Self::Withheld(withheld) => withheld.fmt(f),
            Self::Stated => f.write_str("the host says so"),
        }
    }
}

impl Receipt {
    /// The event that the receipt is of; `None` for one that was dropped.
    #[must_use]
    pub fn event(&self) -> Option<&EventId> {
        match self {
            Self::Accepted(event)
            | Self::Provisional { event, .. }
            | Self::SoftFailed { event, .. }
            | Self::Rejected { event, .. } => Some(&event.id),
            Self::Known { event, .. } => Some(event),
            Self::Waiting(missing) => Some(&missing.event),
            Self::Dropped(_) => None,
        }
    }

    /// The event that was taken up, if one was. The host has to keep its
    /// [`json`](Admitted::json).
    #[must_use]
    pub fn admitted(&self) -> Option<&Admitted> {
        match self {
            Self::Accepted(event)
            | Self::Provisional { event, .. }
            | Self::SoftFailed { event, .. }
            | Self::Rejected { event, .. } => Some(event),
            Self::Known { .. } | Self::Dropped(_) | Self::Waiting(_) => None,
        }
    }

    /// What became of the event; `None` for one that was dropped or waits.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        match self {
            Self::Accepted(_) => Some(Standing::Accepted),
            Self::Provisional { .. } => Some(Standing::Provisional),
            Self::SoftFailed { .. } => Some(Standing::SoftFailed),
            Self::Rejected { .. } => Some(Standing::Rejected),
            Self::Known { standing, .. } => Some(*standing),
            Self::Dropped(_) | Self::Waiting(_) => None,
        }
    }
}
