//! New events, assembled, hashed and signed.
//!
//! Who wants to say something writes a [`Draft`]; the room knows the [`Place`] at which it is
//! said. [`assemble`] makes an event of the two, which its server signs. No JSON is signed as it
//! comes: of every member that an event has, this module knows where it is from.
//!
//! | the spec says                            | here                                     |
//! |------------------------------------------|------------------------------------------|
//! | event format, event id                   | [`assemble`], by the room version's rules |
//! | hashes and signatures of outgoing events | [`assemble`]                             |
//! | `redacts`, moved into the content        | [`Draft::redaction`]                     |
//! | the first event of a room                | [`create_event`](crate::room::create_event) |
//!
//! Whether the rules allow the event is not asked here. Nothing is drawn at random and no clock is
//! read: the same arguments make the same bytes.
//!
//! Reads [`crypto`](crate::crypto), [`pdu`](crate::pdu). Spec:
//! <https://spec.matrix.org/v1.19/server-server-api/#adding-hashes-and-signatures-to-outgoing-events>

use crate::crypto::{self, SigningKey};
use crate::id::{EventId, RoomId, ServerName, UserId};
use crate::json::{CanonicalObject, Object, Value, base64};
use crate::limits::Limits;
use crate::pdu::{CREATE, FormatError, Pdu, REDACTION};
use crate::room::place::Place;
use crate::version::{EventIdFormat, RedactsIn, RoomVersionRules};

/// Who signs: a server, with one of its keys.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The server.
    pub server: &'a ServerName,
    /// Its key.
    pub key: &'a SigningKey,
}

/// An event as its sender wants it, wherever in the room it may come to stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub(super) sender: UserId,
    pub(super) event_type: Box<str>,
    pub(super) state_key: Option<Box<str>>,
    pub(super) content: Object,
    pub(super) redacts: Option<EventId>,
    pub(super) event_id: Option<EventId>,
}

impl Draft {
    /// A message event. Redactions have a [constructor of their own](Self::redaction).
    #[must_use]
    pub fn message(sender: UserId, event_type: impl Into<Box<str>>, content: Object) -> Self {
        Self {
            sender,
            event_type: event_type.into(),
            state_key: None,
            content,
            redacts: None,
            event_id: None,
        }
    }

    /// A state event.
    #[must_use]
    pub fn state(
        sender: UserId,
        event_type: impl Into<Box<str>>,
        state_key: impl Into<Box<str>>,
        content: Object,
    ) -> Self {
        Self {
            state_key: Some(state_key.into()),
            ..Self::message(sender, event_type, content)
        }
    }

    /// A redaction of `target`, which is written where the room version looks for it.
    ///
    /// The content may hold a `reason`. A `redacts` in it must name the target, too.
    #[must_use]
    pub fn redaction(sender: UserId, target: EventId, content: Object) -> Self {
        Self {
            redacts: Some(target),
            ..Self::message(sender, REDACTION, content)
        }
    }

    /// The same under an id of the server's choice, in room versions where it chooses.
    ///
    /// If it does not, the id is made from a hash of the event and the server's name. For that the
    /// name may have 210 bytes; a server of a longer one has to choose.
    #[must_use]
    pub fn with_event_id(mut self, event_id: EventId) -> Self {
        self.event_id = Some(event_id);
        self
    }
}

/// A new event: well-formed, hashed and signed by its sender's server.
#[derive(Clone, Debug, PartialEq)]
pub struct Assembled {
    id: EventId,
    room_id: RoomId,
    pdu: Pdu,
}

impl Assembled {
    /// The event's id.
    #[must_use]
    pub fn id(&self) -> &EventId {
        &self.id
    }

    /// The room: for a create event perhaps the one that its id makes.
    #[must_use]
    pub fn room_id(&self) -> &RoomId {
        &self.room_id
    }

    /// What other servers are sent.
    #[must_use]
    pub fn json(&self) -> &CanonicalObject {
        self.pdu.json()
    }

    /// The event, as if it had just been read.
    #[must_use]
    pub fn pdu(&self) -> &Pdu {
        &self.pdu
    }

    /// The event itself, without what else is known of it.
    #[must_use]
    pub fn into_pdu(self) -> Pdu {
        self.pdu
    }
}

/// Makes an event: writes it as the room version wants it, adds the content hash, signs it, and
/// finds its id.
///
/// What is returned has passed receipt check 1, and passes checks 2 and 3 wherever the key is
/// known. Linear in the size of the content.
///
/// # Errors
///
/// Any [`BuildError`] but those of [`create_event`](crate::room::create_event) and
/// [`template_response`](crate::room::template_response).
///
/// Spec: [adding hashes and signatures to outgoing events][spec].
///
/// [spec]: https://spec.matrix.org/v1.19/server-server-api/#adding-hashes-and-signatures-to-outgoing-events
pub fn assemble(
    draft: Draft,
    place: &Place,
    signer: Signer<'_>,
    rules: &RoomVersionRules,
    limits: &Limits,
) -> Result<Assembled, BuildError> {
    if &*draft.event_type == CREATE {
        return Err(BuildError::SecondCreate);
    }
    if place.prev_events.is_empty() {
        return Err(BuildError::NoPrevEvents);
    }
    seal(draft, place.members(rules)?, signer, rules, limits)
}

/// Adds to `event`, which says where the event stands, what the draft says; hashes and signs it.
pub(super) fn seal(
    mut draft: Draft,
    mut event: Object,
    signer: Signer<'_>,
    rules: &RoomVersionRules,
    limits: &Limits,
) -> Result<Assembled, BuildError> {
    let server = signer.server;
    if draft.sender.server_name() != server.as_str() {
        return Err(BuildError::ForeignSender {
            sender: draft.sender,
            server: server.clone(),
        });
    }
    write_target(&mut draft, &mut event, rules.redacts)?;
    event.insert("content", draft.content);
    event.insert("sender", draft.sender.as_str());
    event.insert("type", &*draft.event_type);
    if let Some(state_key) = &draft.state_key {
        event.insert("state_key", &**state_key);
    }
    match (rules.event_id, draft.event_id) {
        (EventIdFormat::Field, Some(id)) if id.server_name() == Some(server.as_str()) => {
            event.insert("event_id", id.as_str());
        }
        (EventIdFormat::Field, Some(id)) => {
            let server = server.clone();
            return Err(BuildError::ForeignEventId { id, server });
        }
        (EventIdFormat::Field, None) => {
            let id = derived_id(&event, server);
            event.insert("event_id", id);
        }
        (_, Some(_)) => return Err(BuildError::EventIdIsHash),
        (_, None) => {}
    }
    event
        .check(rules.canonical_json)
        .map_err(FormatError::from)?;
    crypto::hash_and_sign_event(&mut event, rules, server.as_str(), signer.key);

    // What is sent is read as its receivers will read it.
    let pdu = Pdu::parse(&event.to_canonical(), rules, limits)?;
    if let Some(field) = pdu.overlong() {
        // Some room versions keep such an event, and reject it.
        return Err(FormatError::TooLong { field }.into());
    }
    let room_id = match pdu.stated_room_id() {
        Some(room_id) => room_id.clone(),
        None => crypto::unverified(pdu.clone(), rules)
            .as_ref()
            .room_id
            .clone(),
    };
    Ok(Assembled {
        id: crypto::event_id(&pdu, rules),
        room_id,
        pdu,
    })
}

/// Writes the target of a redaction where the room version looks for it.
fn write_target(
    draft: &mut Draft,
    event: &mut Object,
    redacts: RedactsIn,
) -> Result<(), BuildError> {
    if &*draft.event_type != REDACTION {
        return Ok(());
    }
    let target = draft.redacts.take().ok_or(BuildError::NoRedactionTarget)?;
    let other = |value: &Value| value.as_str() != Some(target.as_str());
    if draft.content.get("redacts").is_some_and(other) {
        return Err(BuildError::ReservedKey { key: "redacts" });
    }
    match redacts {
        RedactsIn::Event => event.insert("redacts", target.as_str()),
        RedactsIn::Content => draft.content.insert("redacts", target.as_str()),
    };
    Ok(())
}

/// An event id for room versions where the server chooses it. Two events of one server have the
/// same only if they are the same.
///
/// Spec: [event IDs](https://spec.matrix.org/v1.19/rooms/v1/#event-ids).
fn derived_id(event: &Object, server: &ServerName) -> String {
    let hash = base64::encode_url_safe(crypto::content_hash(event).as_bytes());
    format!("${hash}:{server}")
}

/// Why no event can be made of what was given. Each is a mistake of the caller's, or of whoever
/// wrote the content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// `additional_creators` would have the create event rejected.
    #[error("`additional_creators` is not an array of user ids")]
    AdditionalCreators,
    /// An event id was chosen in a room version where the id is a hash.
    #[error("the event id cannot be chosen in this room version")]
    EventIdIsHash,
    /// A user of another server was to vouch for a join.
    #[error("`{user:.255}`, who is to authorise the join, is not a user of `{server:.255}`")]
    ForeignAuthoriser {
        /// The user.
        user: UserId,
        /// The server that answers.
        server: ServerName,
    },
    /// The event id that was chosen names another server, which would have to sign, too.
    #[error("event id `{id:.255}` does not name `{server:.255}`")]
    ForeignEventId {
        /// The id.
        id: EventId,
        /// The server that signs.
        server: ServerName,
    },
    /// The room id that was chosen names another server.
    #[error("room id `{room_id:.255}` does not name `{server:.255}`")]
    ForeignRoomId {
        /// The id.
        room_id: RoomId,
        /// The server that signs.
        server: ServerName,
    },
    /// The sender is a user of another server.
    #[error("`{sender:.255}` is not a user of `{server:.255}`")]
    ForeignSender {
        /// The sender.
        sender: UserId,
        /// The server that signs.
        server: ServerName,
    },
    /// The event would be dropped on receipt.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The event follows none, as only a create event does.
    #[error("`prev_events` is empty")]
    NoPrevEvents,
    /// A redaction does not say what it redacts.
    #[error("the redaction names no event")]
    NoRedactionTarget,
    /// The room version cites events with their reference hashes, and one was not given.
    #[error("the reference hash of `{id:.255}` is needed in this room version")]
    NoReferenceHash {
        /// The event that was to be cited.
        id: EventId,
    },
    /// A user was to vouch for a join in a room version, or on an occasion, where nobody can.
    #[error("nobody can authorise this")]
    NoRestrictedJoin,
    /// The server has to choose the room id in this room version, and has not.
    #[error("the room id must be chosen in this room version")]
    NoRoomId,
    /// The content holds a key that only the library writes, with another value.
    #[error("`content.{key}` is not the sender's to write")]
    ReservedKey {
        /// The key.
        key: &'static str,
    },
    /// A room id was chosen in a room version where it is a hash.
    #[error("the room id cannot be chosen in this room version")]
    RoomIdIsHash,
    /// A create event in a room that has one; [`create_event`](crate::room::create_event) makes
    /// the first.
    #[error("a room has one create event")]
    SecondCreate,
}
