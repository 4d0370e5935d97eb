//! The rows: what a host keeps of a room.

use serde::{Deserialize, Serialize};

use crate::event::{AuthoriserSigned, Provenance, Signatures};
use crate::id::{EventId, KeyId, RoomId, ServerName};
use crate::pdu::content::Content;
use crate::room::checkpoint::verdict::VerdictRow;
use crate::room::receive::Door;
use crate::timeline::Quality;

/// What there is one of for each room: some 500 bytes where nothing is unusual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The [version](FORMAT) of the format of all rows.
    pub format: u32,
    /// The id of the room's version.
    pub room_version: String,
    /// A hash over the rules of the room version, the readings and the options of state resolution.
    /// What was found under others is not taken for what these would find.
    pub fingerprint: String,
    /// The room's id.
    pub room_id: RoomId,
    /// The create event.
    pub create: EventId,
    /// How many events the room has; their numbers are those below.
    pub events: u32,
    /// The number of the state that came last; the first is 1, the empty state, which has no row.
    pub last_state: u32,
    /// How many events wait.
    pub waiting: u32,
    /// The number that the next event to wait gets.
    pub next_waiting: u64,
    /// The forward extremities, in the order of their ids.
    pub extremities: Vec<EventId>,
    /// The number of the current state; `None` where it cannot be resolved.
    pub current: Option<u32>,
    /// The events before which a state is claimed, in the order of their ids.
    pub claims: Vec<EventId>,
    /// Events that lie before events before which the state is known, and before which it is not.
    pub history: Vec<EventId>,
    /// The same of events that the room does not have: the backward extremities, and what waits.
    pub backward: Vec<EventId>,
    /// Redactions of what the current state, or one after a forward extremity, has as the policy
    /// server.
    pub policy_redactions: Vec<EventId>,
    /// What has been saved up for states that are kept whole.
    pub credit: u64,
    /// Whether something is to be judged again as soon as the room is loaded whole.
    pub pending: Pending,
    /// A hash over the rest of the row and the room's id: see [`Checkpoint`](crate::room::Checkpoint).
    pub seal: String,
}

/// Whether events are to be judged again as soon as a room is loaded whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pending {
    /// None are.
    #[default]
    Nothing,
    /// Events may be: a room that was loaded in part has taken up events, and any of them may have
    /// closed a gap.
    Gaps,
}

/// An event of the room: some 650 bytes of JSON for a message. Key: `event`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventRow {
    /// The event's id.
    pub event: String,
    /// The place of the event in the order of arrival, from 0 up. It never changes.
    pub number: u32,
    /// `type`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// `state_key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_key: Option<String>,
    /// `sender`.
    pub sender: String,
    /// `origin_server_ts`.
    pub origin_server_ts: i64,
    /// `depth`.
    pub depth: i64,
    /// `prev_events`, each once.
    pub prev_events: Vec<String>,
    /// `auth_events`, duplicates included.
    pub auth_events: Vec<String>,
    /// What the rules read of the content.
    #[serde(default, skip_serializing_if = "is_other")]
    pub content: Content,
    /// The event that a redaction names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacts: Option<String>,
    /// Whether the event states its room id.
    #[serde(default, skip_serializing_if = "is_stated")]
    pub room_id: StatedRoomId,
    /// What is known of its signatures and its content hash.
    pub provenance: Provenance,
    /// Whether the server of the user who authorised a restricted join has signed it.
    #[serde(default, skip_serializing_if = "is_unchecked")]
    pub authoriser_signature: AuthoriserSigned,
    /// The identifier field of more than 255 bytes for which it is rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlong: Option<String>,
    /// What the checks said.
    pub verdict: VerdictRow,
    /// The number of the state before it.
    pub before: Option<u32>,
    /// The number of the state after it.
    pub after: Option<u32>,
    /// The number of the state that is claimed to be before it, as long as nobody knows better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<u32>,
    /// Whether it may be a forward extremity.
    #[serde(default, skip_serializing_if = "is_present")]
    pub tense: Tense,
    /// Its reference hash in unpadded Base64, in room versions where the id is not made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_hash: Option<String>,
    /// A hash over the rest of the row and the room's id: see [`Checkpoint`](crate::room::Checkpoint).
    pub seal: String,
}

/// Whether an event states the id of its room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatedRoomId {
    /// It does.
    #[default]
    Stated,
    /// It is the create event, whose id makes the room id.
    Implied,
}

/// How an event came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tense {
    /// By itself, and before what builds on it.
    #[default]
    Present,
    /// When others had it behind them already: it is no forward extremity.
    Past,
    /// With a claim or from a backfill only: it is none, and takes no other's place, until it comes
    /// live.
    Aside,
}

/// A state: whole, or as its difference from an earlier one. Key: `state`. Never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateRow {
    /// The number of the state, from 2 up.
    pub state: u32,
    /// The number of the state that it differs from, which is lower; `None` if it is whole.
    pub parent: Option<u32>,
    /// The entries that the parent does not have, or has otherwise.
    pub set: Vec<Entry>,
    /// The keys that the parent has and this state has not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<Key>,
    /// How far it can be trusted.
    pub quality: Quality,
    /// A hash over the rest of the row and the room's id: see [`Checkpoint`](crate::room::Checkpoint).
    pub seal: String,
}

/// An entry of a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// `type`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// `state_key`.
    pub state_key: String,
    /// The event.
    pub event: String,
}

/// A key of a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// `type`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// `state_key`.
    pub state_key: String,
}

/// An event that waits. Key: `number`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitingRow {
    /// The place in the order of arrival of all that ever waited.
    pub number: u64,
    /// The event's id.
    pub event: String,
    /// The event in canonical JSON.
    pub json: String,
    /// By which door it came.
    #[serde(default, skip_serializing_if = "is_live")]
    pub door: Door,
    /// What it waits for.
    pub needs: WaitsFor,
    /// A hash over the rest of the row and the room's id: see [`Checkpoint`](crate::room::Checkpoint).
    pub seal: String,
}

/// What an event waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// Events, or the states after them.
    #[serde(rename_all = "snake_case")]
    Events {
        /// Their ids, sorted.
        events: Vec<EventId>,
        /// Receipt check 2.
        signatures: Signatures,
        /// Whether the server of the user who authorised a restricted join has signed it.
        authoriser_signature: AuthoriserSigned,
    },
    /// Keys.
    Keys(Vec<(ServerName, KeyId)>),
}

/// The version of the format of rows that this library writes and reads.
pub const FORMAT: u32 = 1;

fn is_other(content: &Content) -> bool {
    *content == Content::Other
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn is_stated(room_id: &StatedRoomId) -> bool {
    *room_id == StatedRoomId::Stated
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn is_unchecked(signed: &AuthoriserSigned) -> bool {
    *signed == AuthoriserSigned::Unchecked
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn is_present(tense: &Tense) -> bool {
    *tense == Tense::Present
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn is_live(door: &Door) -> bool {
    *door == Door::Live
}
