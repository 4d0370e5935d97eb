//! The room: what a homeserver holds of it, from a PDU on the wire to a receipt.
//!
//! (The guide stands here.)

mod acl;
mod admit;
mod checkpoint;
mod claim;
mod draft;
mod founding;
mod open;
mod overrule;
mod place;
mod policy;
mod queue;
mod receipt;
mod receive;
mod redaction;
mod reevaluate;
mod resident;
mod restricted;
mod send;
mod serve;
mod state;
mod template;
mod visibility;

pub use self::acl::{AclDecision, EmptyAllow, ServerAcl};
pub use self::checkpoint::{
    Changes, CheckRow, Checkpoint, DecisionRow, Entry, EventRow, FORMAT, Head, Key, Loading, Needs,
    Pending, RestoreError, Row, RowKind, Rows, StateRow, StatedRoomId, Tense, VerdictRow,
    WaitingRow, WaitsFor,
};
pub use self::claim::{Claim, ClaimDefect, ClaimError, Members};
pub use self::draft::{Assembled, BuildError, Draft, Signer, assemble};
pub use self::founding::{Founding, create_event};
pub use self::open::{OpenError, Setup};
pub use self::place::{Cited, Place, next_depth};
pub use self::policy::{PolicyCheck, PolicyUse, policy_check, policy_use};
pub use self::receipt::{
    Admitted, Fault, Missing, Notice, Receipt, Received, Rejection, SoftFailure, Standing,
};
pub use self::redaction::{NoRedaction, RedactionOutcome, RedactionReason};
pub use self::resident::{Submission, SubmittedError, template_response};
pub use self::restricted::{
    Condition, CountersignError, JoinRefusal, allow_conditions, countersign_invite,
    countersign_join, restricted_join,
};
pub use self::send::{AuthoriseError, Built, SendError};
pub use self::serve::{Gap, Served};
pub use self::state::RoomState;
pub use self::template::{Expected, Handshake, Template, TemplateError};
pub use self::visibility::{
    At, JoinedLater, UserView, Viewer, Visibility, VisibilityRule, server_visibility, visibility,
};

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use crate::id::{EventId, RoomId};
use crate::limits::Limits;
use crate::room::checkpoint::Saved;
use crate::room::queue::Queue;
use crate::timeline::{Extremities, StateIx, Timeline};

/// A room as one server knows it.
///
/// Of an event it keeps what the rules read; the JSON is the host's. It is `Send` and has no
/// interior clock, thread or connection.
#[derive(Debug)]
pub struct Room {
    id: RoomId,
    limits: Limits,
    /// The events that were judged.
    timeline: Timeline,
    /// Those that wait.
    queue: Queue,
    extremities: Extremities,
    /// The current state; `None` where it cannot be resolved.
    current: Option<StateIx>,
    /// Ids of events before which the state is not known, and which lie before events before which
    /// it is: what a claim has jumped over.
    history: BTreeSet<EventId>,
    /// Events that were found in the past of others and are no extremities, whatever cites them.
    past: BTreeSet<NodeIndex>,
    /// The reference hash of each event, in room versions where the id is not made of it.
    hashes: BTreeMap<NodeIndex, [u8; 32]>,
    /// The redactions of each event.
    redactions: BTreeMap<EventId, BTreeSet<NodeIndex>>,
    /// The users of each server that have a member event.
    users: BTreeMap<Box<str>, BTreeSet<Box<str>>>,
    /// What the host has kept of it.
    saved: Saved,
}
