//! The room: what a homeserver holds of it, from a PDU on the wire to a receipt.
//!
//! A [`Room`] is the stateful engine. It is given bytes, keys and the time; it answers with a
//! [`Receipt`], or with all that is missing to give one. Network, disk, keys and clock are the
//! host's. What a server otherwise writes itself (event authorisation, state resolution, forward
//! and backward extremities, gaps, soft failure) is in here.
//!
//! | the spec says                                  | here                                      |
//! |------------------------------------------------|-------------------------------------------|
//! | checks performed on receipt of a PDU           | [`Room::receive`], [`Receipt`]            |
//! | dropped, rejected, soft failed                 | [`Fault`], [`Rejection`], [`SoftFailure`] |
//! | joining, `/send_join`, partial state           | [`Room::join`], [`Claim`]                 |
//! | `/make_join`, `/make_knock`, `/make_leave`     | [`Room::make_template`], [`Template`]     |
//! | `/send_join`, `/send_knock`, `/send_leave`     | [`Submission::check`]                     |
//! | `/invite`                                      | [`Submission::check_invite`], [`countersign_invite`] |
//! | restricted rooms                               | [`Room::needs_authoriser`], [`Room::authorise_join`] |
//! | `/state_ids` at a gap                          | [`Room::claim`]                           |
//! | `/backfill`, `/get_missing_events`             | [`Room::backfill`], [`Room::missing_events`] |
//! | `/event_auth`                                  | [`Room::auth_chain`]                      |
//! | hashes and signatures of outgoing events       | [`Room::build`], [`create_event`]         |
//! | handling redactions                            | [`Room::redaction`], [`Room::redactions_of`] |
//! | room history visibility                        | [`Room::is_visible_to_user`], [`Room::is_visible_to_server`] |
//! | server ACLs, `m.federate`                      | [`ServerAcl`], [`Room::federates_with`]   |
//! | policy servers                                 | [`Room::policy_server`], [`with_policy_signature`] |
//! | (going in and out of the host's storage)       | [`Room::changes`], [`Room::restore`], [`Loading`] |
//!
//! # The loop
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use roomdag::json::Object;
//! use roomdag::room::{
//!     Admitted, Checkpoint, Draft, Founding, Notice, Receipt, Room, Setup, Signer, create_event,
//! };
//! use roomdag::{EventId, KeyRing, Limits, version};
//! # use roomdag::{KeyId, ServerName, SigningKey, UserId};
//! # use roomdag::crypto::{Timestamp, Validity};
//!
//! /// A server with one room. The map and the checkpoint stand for tables on disk.
//! struct Server {
//!     keys: KeyRing,
//!     room: Room,
//!     pdus: BTreeMap<EventId, String>,
//!     disk: Checkpoint,
//! }
//!
//! impl Server {
//!     /// A PDU has come, from another server or from our own users.
//!     fn take(&mut self, pdu: &[u8], now: Timestamp) {
//!         let received = self.room.receive(pdu, &self.keys, now);
//!         self.act(received.receipt);
//!         for notice in received.notices {
//!             match notice {
//!                 // Something has come that this event had waited for.
//!                 Notice::Settled { receipt, .. } => self.act(receipt),
//!                 Notice::Outlier(event) => self.keep(&event),
//!                 Notice::Revised { event, was, is } => println!("{event} was {was}, is {is}"),
//!                 Notice::Evicted { event } => println!("{event} may be fetched again"),
//!             }
//!         }
//!         // On a disk, this and what was kept above are one transaction.
//!         self.disk.apply(self.room.changes());
//!         self.room.persisted();
//!     }
//!
//!     fn act(&mut self, receipt: Receipt) {
//!         if let Some(event) = receipt.admitted() {
//!             self.keep(event);
//!         }
//!         match receipt {
//!             Receipt::Accepted(event) => println!("show {} to clients", event.id),
//!             Receipt::Provisional { event, .. } => println!("show {} with care", event.id),
//!             Receipt::SoftFailed { event, because } => println!("hide {}: {because}", event.id),
//!             Receipt::Rejected { event, because } => println!("hide {}: {because}", event.id),
//!             Receipt::Waiting(missing) => println!("fetch {:?} {:?}", missing.events, missing.keys),
//!             Receipt::Known { .. } | Receipt::Dropped(_) => {}
//!         }
//!     }
//!
//!     /// Keeps what the room has taken up, in the form in which it goes on.
//!     fn keep(&mut self, event: &Admitted) {
//!         if let Some(json) = &event.json {
//!             self.pdus.insert(event.id.clone(), json.as_text().to_owned());
//!         }
//!     }
//! }
//! # let (name, alice) = (ServerName::parse("a.org")?, UserId::parse("@alice:a.org")?);
//! # let key = SigningKey::from_seed(KeyId::parse("ed25519:1")?, &[1; 32])?;
//! # let now = Timestamp::from_millis(1_800_000_000_000);
//! # let mut keys = KeyRing::new();
//! # keys.insert(name.clone(), key.key_id().clone(), key.verify_key(), Validity::Forever)?;
//! # let founding = Founding { creator: alice.clone(), room_id: None, content: Object::new(),
//! #     event_id: None, origin_server_ts: now };
//!
//! // Alice of a.org makes a room, joins it and says something.
//! let signer = Signer { server: &name, key: &key };
//! let create = create_event(founding, signer, &version::V12, &Limits::default())?;
//! let (room, receipt) = Room::open(create.json().as_bytes(), &Setup::default(), &keys, now)?;
//! let mut server = Server { keys, disk: room.checkpoint(), room, pdus: BTreeMap::new() };
//! server.act(receipt);
//! let join = Object::from_iter([("membership", "join")]);
//! let hello = Object::from_iter([("body", "hello"), ("msgtype", "m.text")]);
//! for draft in [
//!     Draft::state(alice.clone(), "m.room.member", alice.as_str(), join),
//!     Draft::message(alice.clone(), "m.room.message", hello),
//! ] {
//!     let built = server.room.build(draft, signer, now)?;
//!     // Here it is sent to the other servers, too.
//!     server.take(built.event.json().as_bytes(), now);
//! }
//!
//! // The server starts again, and goes on where it was.
//! let room = Room::restore(server.disk, &Setup::default())?;
//! assert_eq!(room.extremities(), server.room.extremities());
//! assert!(room.current_state()?.get("m.room.member", alice.as_str()).is_some());
//! # assert_eq!(server.pdus.len(), 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `tests/embedding` is the same on `SQLite`, with three servers that lose each other, ask each
//! other for what they missed, and are killed in the middle of their transactions.
//!
//! # What the answers ask of the host
//!
//! | receipt       | keep it | show it to clients | besides                                        |
//! |---------------|---------|--------------------|------------------------------------------------|
//! | `Accepted`    | yes     | yes                | apply its redaction, and those of it           |
//! | `Provisional` | yes     | with care          | complete the partial state                     |
//! | `SoftFailed`  | yes     | no                 | for a policy server: ask it, and receive again |
//! | `Rejected`    | yes     | no                 |                                                |
//! | `Known`       |         |                    | nothing, it was received before                |
//! | `Waiting`     | no      | no                 | fetch what is named; the room has the event    |
//! | `Dropped`     | no      | no                 | nothing, whatever else came with it            |
//!
//! | notice    | what it asks                                                                   |
//! |-----------|--------------------------------------------------------------------------------|
//! | `Settled` | what its receipt asks                                                          |
//! | `Outlier` | keep it, and show it to nobody on that account                                 |
//! | `Revised` | show it, or hide it, by what it is now; the policy server was not asked        |
//! | `Evicted` | nothing; it may be fetched again                                               |
//!
//! A redaction is applied with [`redact`](crate::pdu::redact()), to whatever the host shows: to the
//! room, an event is what it was. After each event that is accepted or revised,
//! [`Room::redaction`] says whether it redacts another, and [`Room::redactions_of`] what redacts
//! it. Where [`Room::build`] names a policy server, its answer is added with
//! [`with_policy_signature`] before the event is received and sent, and the same goes for an event
//! that was soft-failed for want of it.
//!
//! Nothing that arrives is an error of the host's: every receipt is about one event, whatever came
//! before or after it in a transaction. Errors are for calls that cannot be right or lack something:
//! [`OpenError`], [`ClaimError`], [`SendError`], [`BuildError`], [`TemplateError`]. A call that
//! returns an error has changed nothing.
//!
//! # What the host asks first
//!
//! [`Room::receive`] is about the event, not about who brought it. Before it, the host checks the
//! request's own signature, and for each PDU of a transaction asks the room's [`ServerAcl`], if
//! [`Room::server_acl`] names one, about the server that sent it and that of its sender. Requests
//! of other servers, too, are refused by the ACL, and by [`Room::federates_with`]. Those that ask
//! for history are answered only to servers that [are in the room](Room::has_joined).
//!
//! # Answering other servers
//!
//! | request                 | answer                                                             |
//! |-------------------------|--------------------------------------------------------------------|
//! | `/make_join`, and like it | [`Room::make_template`]; if [`Room::needs_authoriser`], with the user that [`restricted_join`] finds |
//! | `/send_join`            | see below                                                          |
//! | `/send_knock`, `/send_leave` | [`Submission::check`], then [`Room::receive`]                 |
//! | `/invite`               | [`Submission::check_invite`], then [`countersign_invite`]; the server that invites builds the invite, and receives what comes back |
//! | `/state`, `/state_ids`  | [`Room::state_before`] the event, and the [`Room::auth_chain`] of that state |
//! | `/event_auth`           | [`Room::auth_chain`]                                               |
//! | `/get_missing_events`, `/backfill` | [`Room::missing_events`], [`Room::backfill`]: of what is not visible, the [redacted](crate::pdu::redact()) form |
//! | `/event`                | the PDU, by [`Room::is_visible_to_server`] in full or redacted     |
//!
//! For `/send_join` the host
//!
//! 1. sees to it that it has the keys of the joining server: a join that waits for them is not
//!    refused but pending, and one that is refused all the same has to be
//!    [abandoned](Room::abandon);
//! 2. reads the [`Pdu`](crate::pdu::Pdu) and holds it against the request: [`Submission::check`];
//! 3. has it [authorised](Room::authorise_join), which says where there is nothing to authorise;
//! 4. [receives](Room::receive) it, and refuses the request unless it is accepted;
//! 5. answers with it as it now is, the state [before it](Room::state_before), and the
//!    [auth chain](Room::auth_chain) of both; and sends it to the
//!    [other servers](Room::joined_servers).
//!
//! The server that joined takes this answer with [`Room::join`] or, if it has the room, with
//! [`Room::receive`].
//!
//! # What the host keeps
//!
//! 1. The PDUs that the room has taken up, by id, in the form that [`Admitted`] has: other servers
//!    and clients ask for them. The room never needs them again.
//! 2. The room, as rows of plain data: [`Room::changes`] are those that are new or have changed,
//!    and [`Room::persisted`] says that they are kept. Both in one transaction with the PDUs; a
//!    process that is killed before it commits has lost what other servers will send again.
//! 3. Its keys, its signing key and what it has not sent yet.
//!
//! [`Room::restore`] makes the room of all its rows, [`Loading`] of those that it takes to go on
//! from the forward extremities, which are few where a room is old. See [`Checkpoint`].
//!
//! # Gaps
//!
//! An event whose `prev_events` or `auth_events` the room does not have waits, and names all that
//! is missing. A host closes the gap in one of two ways:
//!
//! 1. With events. [`Room::gap`] is the request for `/get_missing_events`; the answers go into
//!    [`Room::receive`], in any order. Their own gaps are in [`Room::waiting`]. Where a claimed
//!    state has jumped over them, they go into [`Room::receive_backfilled`] from a server that may
//!    be trusted with what is old, or else the present is held against them.
//! 2. With a state. Where the events cannot be had, another server is asked for the state before
//!    the event (`/state_ids`), which [`Room::claim`] checks as far as it can be checked. What
//!    follows from it is [`Quality::Claimed`](crate::timeline::Quality), a word that
//!    [`RoomState::quality`] passes on. When the events come all the same, everything that rested
//!    on the claim is judged again, and [`Notice::Revised`] tells what comes out differently.
//!
//! A server that joins starts from such a claim: [`Room::join`]. With *partial state* most members
//! are left out of it; a rule that asks for one of them gives [`Receipt::Provisional`] instead of
//! rejecting, and a second, full claim for the same event completes the state; if by that one the
//! join were no good, it is refused ([`ClaimError::NoExtremity`]), and another server is asked.
//! [`Room::backward_extremities`] are where the room's history ends: from there `/backfill` goes on.
//!
//! # Order
//!
//! The room depends on which events it has, not on how they came: receiving an event twice, late or
//! in a batch makes no difference. There are three exceptions, which lie in the matter. Soft failure
//! (checks 6 and 7) is about the moment of arrival. In room versions 1 and 2, where servers choose
//! the ids, the first of two events of one id stays. And what did not fit into
//! [`Limits`] has to come again.
//!
//! An answer that was given changes only if what it rested on does: a claim is replaced or
//! superseded, or an event comes intact that was known in an altered form. The host itself can
//! change one thing, soft failure: [`Room::soft_fail`], [`Room::readmit`].
//!
//! # Two doors
//!
//! This module is one of them. Hosts with a store of their own, who want its parts, find them in
//! the stages below: [`Pdu::parse`](crate::pdu::Pdu::parse) is check 1,
//! [`crypto::verify`](crate::crypto::verify()) checks 2 and 3, [`auth::check`](crate::auth::check)
//! checks 4 to 6 on any [`StateView`](crate::auth::StateView), [`resolve`](crate::resolve::resolve)
//! the state before an event, [`policy_check`] check 7, [`visibility`] and [`ServerAcl`] what they
//! say, [`assemble`] and [`Template`] new events. None of them needs a `Room`.
//!
//! # Memory, threads, bounds
//!
//! Of an event the room keeps some 300 bytes, states included: those before and after an event
//! share all that they have in common. It is `Send` and `Sync`, and has no lock: a host that
//! works on several rooms at once holds each behind a lock of its own. What waits is bounded by
//! [`Limits::waiting_events`](crate::limits::Limits::waiting_events) and
//! [`waiting_bytes`](crate::limits::Limits::waiting_bytes), and the server that makes most events
//! wait is the one that loses some; forward extremities are bounded by
//! [`extremities`](crate::limits::Limits::extremities) and
//! [`extremity_states`](crate::limits::Limits::extremity_states), beyond which an event is
//! soft-failed, which a host can see coming and mend by sending an event that joins them.
//!
//! Reads [`timeline`](crate::timeline) and everything below.

mod acl;
mod admit;
mod checkpoint;
mod claim;
mod draft;
mod founding;
mod open;
mod overrule;
mod past;
mod place;
mod policy;
mod queue;
mod reading;
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
mod waiting;

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
pub use self::policy::{PolicyCheck, PolicyUse, policy_check, policy_use, with_policy_signature};
pub use self::receipt::{
    Admitted, Fault, Missing, Notice, Receipt, Received, Rejection, SoftFailure, Standing,
};
pub use self::receive::Door;
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
///
/// A clone is a room of its own, for asking what would be if: only one of the two should go on
/// writing [changes](Room::changes) to the host's store. O(V + E).
#[derive(Clone, Debug)]
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
    /// Events that were found to lie before others that have their place: they are no
    /// extremities.
    past: BTreeSet<NodeIndex>,
    /// Events that came with a claim, or from a backfill, only. As long as nobody sends them live, or
    /// builds on them, they have no place among the extremities.
    aside: BTreeSet<NodeIndex>,
    /// Whether events have moved between these, so that the extremities are to be found anew.
    is_unsettled: bool,
    /// The reference hash of each event, in room versions where the id is not made of it.
    hashes: BTreeMap<NodeIndex, [u8; 32]>,
    /// The redactions of each event.
    redactions: BTreeMap<EventId, BTreeSet<NodeIndex>>,
    /// The users of each server that have a member event.
    users: BTreeMap<Box<str>, BTreeSet<Box<str>>>,
    /// What the host has kept of it.
    saved: Saved,
}
