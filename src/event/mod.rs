//! Events: what authorisation and state resolution read of a PDU once it is verified.
//!
//! An [`Event`] has an id and a [`Provenance`]: what is known of its signatures and of its content
//! hash. It comes from [`crypto::verify`](crate::crypto::verify), or through the one constructor
//! that takes the caller's word, [`Event::trusted`]. The JSON stays with the embedder.
//!
//! [`EventRef`] is the same in borrowed parts, so that a store of any shape can show its events to
//! the rules without building one.
//!
//! Reads [`pdu`](crate::pdu). Read by every layer above.

use serde::{Deserialize, Serialize};

use crate::id::{EventId, RoomId, UserId};
use crate::pdu::content::Content;

/// What the rules read of an event, borrowed from wherever it is kept.
#[derive(Clone, Copy, Debug)]
pub struct EventRef<'a> {
    /// The event's id.
    pub id: &'a EventId,
    /// The room that it is of. For a create event whose id makes the room id, that room id.
    pub room_id: &'a RoomId,
    /// `type`.
    pub event_type: &'a str,
    /// `state_key`; state events have one.
    pub state_key: Option<&'a str>,
    /// `sender`.
    pub sender: &'a UserId,
    /// `origin_server_ts`, in milliseconds.
    pub origin_server_ts: i64,
    /// `depth`.
    pub depth: i64,
    /// How many `prev_events` it has, and which if it is one.
    pub prev_events: PrevEvents<'a>,
    /// The typed content.
    pub content: &'a Content,
    /// The event that this redaction names, where the room version looks for it.
    pub redacts: Option<&'a EventId>,
    /// Whether the room id was stated by the event itself.
    pub states_room_id: bool,
    /// Whether the server of the user who authorised a restricted join has signed it.
    pub authoriser_signature: AuthoriserSigned,
}

/// The distinct `prev_events` of an event, as far as a rule asks about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrevEvents<'a> {
    /// There are none.
    None,
    /// There is this one.
    One(&'a EventId),
    /// There are more.
    Several,
}

impl<'a> PrevEvents<'a> {
    /// Counts distinct ids.
    pub fn of(ids: impl IntoIterator<Item = &'a EventId>) -> Self {
        let mut ids = ids.into_iter();
        let Some(first) = ids.next() else {
            return Self::None;
        };
        if ids.all(|id| id == first) {
            Self::One(first)
        } else {
            Self::Several
        }
    }
}

/// Whether the server of the user who authorised a restricted join has signed the event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthoriserSigned {
    /// Nobody looked, or there was nothing to look for.
    #[default]
    Unchecked,
    /// It has.
    Valid,
    /// It has not.
    Invalid,
}

/// What is known of an event's signatures and content hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Receipt check 2.
    pub signatures: Signatures,
    /// Receipt check 3.
    pub content_hash: HashCheck,
}

/// The outcome of receipt check 2 for an event that was not dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signatures {
    /// Nobody looked.
    Unchecked,
    /// Every server that must sign has signed.
    Valid,
}

/// The outcome of receipt check 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HashCheck {
    /// The content is what was hashed.
    Ok,
    /// It is not, so the event is its redacted form.
    Mismatch,
}

/// An event: a PDU with an id, verified or trusted, reduced to what the rules read.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_field_names,
    reason = "`type` is a keyword, and `event_type` its name"
)]
pub struct Event {
    pub(crate) id: EventId,
    pub(crate) room_id: RoomId,
    pub(crate) event_type: Box<str>,
    pub(crate) state_key: Option<Box<str>>,
    pub(crate) sender: UserId,
    pub(crate) origin_server_ts: i64,
    pub(crate) depth: i64,
    pub(crate) prev_events: Vec<EventId>,
    pub(crate) auth_events: Vec<EventId>,
    pub(crate) content: Content,
    pub(crate) redacts: Option<EventId>,
    pub(crate) states_room_id: bool,
    pub(crate) authoriser_signature: AuthoriserSigned,
    pub(crate) overlong: Option<&'static str>,
    pub(crate) provenance: Provenance,
}

impl Event {
    /// Takes the caller's word for an event: for a store that kept only events which it had
    /// verified, and for synthetic rooms.
    ///
    /// `parts.prev_events` is ignored in favour of `prev_events`. The event counts as intact and
    /// as one at whose signatures nobody looked, and as one of ordinary length: a store that keeps
    /// events which were rejected for [an identifier](Self::overlong) has to remember that they
    /// were.
    #[must_use]
    pub fn trusted(
        parts: &EventRef<'_>,
        prev_events: Vec<EventId>,
        auth_events: Vec<EventId>,
    ) -> Self {
        Self {
            id: parts.id.clone(),
            room_id: parts.room_id.clone(),
            event_type: parts.event_type.into(),
            state_key: parts.state_key.map(Into::into),
            sender: parts.sender.clone(),
            origin_server_ts: parts.origin_server_ts,
            depth: parts.depth,
            prev_events,
            auth_events,
            content: parts.content.clone(),
            redacts: parts.redacts.cloned(),
            states_room_id: parts.states_room_id,
            authoriser_signature: parts.authoriser_signature,
            overlong: None,
            provenance: Provenance {
                signatures: Signatures::Unchecked,
                content_hash: HashCheck::Ok,
            },
        }
    }

    /// The event in borrowed parts.
    #[must_use]
    pub fn as_ref(&self) -> EventRef<'_> {
        EventRef {
            id: &self.id,
            room_id: &self.room_id,
            event_type: &self.event_type,
            state_key: self.state_key.as_deref(),
            sender: &self.sender,
            origin_server_ts: self.origin_server_ts,
            depth: self.depth,
            prev_events: PrevEvents::of(&self.prev_events),
            content: &self.content,
            redacts: self.redacts.as_ref(),
            states_room_id: self.states_room_id,
            authoriser_signature: self.authoriser_signature,
        }
    }

    /// The event's id.
    #[must_use]
    pub fn id(&self) -> &EventId {
        &self.id
    }

    /// `prev_events`, in order, duplicates included.
    #[must_use]
    pub fn prev_events(&self) -> &[EventId] {
        &self.prev_events
    }

    /// `auth_events`, in order, duplicates included.
    #[must_use]
    pub fn auth_events(&self) -> &[EventId] {
        &self.auth_events
    }

    /// The identifier field of more than 255 bytes for which this room version rejects the event.
    #[must_use]
    pub fn overlong(&self) -> Option<&'static str> {
        self.overlong
    }

    /// What is known of the event's signatures and content hash.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        self.provenance
    }
}
