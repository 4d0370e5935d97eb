//! The event format, receipt check 1.

use crate::id::{EventId, IdError, RoomId, UserId};
use crate::json::{CanonicalObject, NumberError, Object, ParseError};
use crate::limits::Limits;
use crate::pdu::CREATE;
use crate::pdu::content::Content;
use crate::pdu::fields::{Fields, overlong};
use crate::version::{EventIdFormat, OverlongIdentifier, RoomIdFormat, RoomVersionRules};

/// An event that is well-formed for its room version.
///
/// It keeps the canonical form of the JSON that it came as, and the header fields parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct Pdu {
    pub(crate) json: CanonicalObject,
    pub(crate) event_id: Option<EventId>,
    pub(crate) room_id: Option<RoomId>,
    pub(crate) event_type: Box<str>,
    pub(crate) state_key: Option<Box<str>>,
    pub(crate) sender: UserId,
    pub(crate) origin_server_ts: i64,
    pub(crate) depth: i64,
    pub(crate) prev_events: Vec<EventId>,
    pub(crate) auth_events: Vec<EventId>,
    pub(crate) content_hash: [u8; 32],
    pub(crate) overlong: Option<&'static str>,
}

impl Pdu {
    /// Reads an event as it comes over federation.
    ///
    /// Linear in the input. An event whose bytes are canonical, as most are, is read from them in
    /// place; any other is written canonically first, in O(n · log n).
    ///
    /// # Errors
    ///
    /// Any [`FormatError`]: the event is to be dropped.
    ///
    /// Spec: [checks performed on receipt of a PDU][checks], check 1; the event format of each
    /// [room version](https://spec.matrix.org/v1.19/rooms/).
    ///
    /// [checks]: https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
    pub fn parse(
        bytes: &[u8],
        rules: &RoomVersionRules,
        limits: &Limits,
    ) -> Result<Self, FormatError> {
        if bytes.len() > limits.input_bytes {
            return Err(FormatError::TooLarge {
                bytes: bytes.len(),
                max: limits.input_bytes,
            });
        }
        Self::checked(
            CanonicalObject::parse_within(bytes, rules.canonical_json, limits)?,
            rules,
            limits,
        )
    }

    /// Takes an event that is already parsed, by whatever policy.
    ///
    /// # Errors
    ///
    /// As [`Pdu::parse`]; in room versions with strict canonical JSON also where `json` holds a
    /// number that such JSON cannot express.
    pub fn from_json(
        json: Object,
        rules: &RoomVersionRules,
        limits: &Limits,
    ) -> Result<Self, FormatError> {
        json.check(rules.canonical_json)?;
        Self::checked(json.into(), rules, limits)
    }

    fn checked(
        json: CanonicalObject,
        rules: &RoomVersionRules,
        limits: &Limits,
    ) -> Result<Self, FormatError> {
        let bytes = json.as_bytes().len();
        if bytes > limits.pdu_bytes {
            return Err(FormatError::TooLarge {
                bytes,
                max: limits.pdu_bytes,
            });
        }
        let fields = Fields::of(&json);
        let overlong = overlong(&fields)?;
        if let (Some(field), OverlongIdentifier::Drops) = (overlong, rules.overlong_identifier) {
            return Err(FormatError::TooLong { field });
        }

        let event_type = fields.event_type.string()?;
        let event_id = match rules.event_id {
            EventIdFormat::Field => Some(fields.event_id.event_id()?),
            _ if fields.event_id.is_present() => return Err(FormatError::UnexpectedEventId),
            _ => None,
        };
        let room_id = match rules.room_id {
            RoomIdFormat::CreateHash if !fields.room_id.is_present() && event_type == CREATE => {
                None
            }
            _ => Some(fields.room_id.room_id()?),
        };
        let state_key = if fields.state_key.is_present() {
            Some(fields.state_key.string()?.into())
        } else {
            None
        };
        fields.content.object()?;
        let prev_events = fields
            .prev_events
            .references(rules.references, limits.prev_events)?;
        let auth_events = fields
            .auth_events
            .references(rules.references, limits.auth_events)?;
        // The create event is implied by the room id, and must not be cited besides.
        if let (RoomIdFormat::CreateHash, Some(room_id)) = (rules.room_id, &room_id) {
            let implied = room_id.as_str().get(1..);
            if auth_events.iter().any(|id| id.as_str().get(1..) == implied) {
                return Err(FormatError::CitesCreate);
            }
        }
        Ok(Self {
            event_id,
            room_id,
            event_type: event_type.into(),
            state_key,
            sender: fields.sender.user_id()?,
            origin_server_ts: fields.origin_server_ts.integer()?,
            depth: fields.depth.depth(rules.max_depth)?,
            prev_events,
            auth_events,
            content_hash: fields.hashes.sha256()?,
            overlong,
            json,
        })
    }

    /// The event, in canonical JSON.
    #[must_use]
    pub fn json(&self) -> &CanonicalObject {
        &self.json
    }

    /// The redacted form, in canonical JSON.
    pub(crate) fn redacted_json(&self, rules: &RoomVersionRules) -> CanonicalObject {
        let kept = rules.redaction.kept(self.event_type());
        self.json.selected(&kept.redacted)
    }

    /// The event as it came, without what was parsed of it.
    #[must_use]
    pub fn into_json(self) -> CanonicalObject {
        self.json
    }

    /// The id that the event states, in room versions where it does. In all others the id is the
    /// reference hash: [`crypto::event_id`](crate::crypto::event_id).
    #[must_use]
    pub fn stated_event_id(&self) -> Option<&EventId> {
        self.event_id.as_ref()
    }

    /// The room id that the event states; absent only from create events of room versions in
    /// which it is made from their id.
    #[must_use]
    pub fn stated_room_id(&self) -> Option<&RoomId> {
        self.room_id.as_ref()
    }

    /// `type`.
    #[must_use]
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// `state_key`; present on state events only.
    #[must_use]
    pub fn state_key(&self) -> Option<&str> {
        self.state_key.as_deref()
    }

    /// `sender`.
    #[must_use]
    pub fn sender(&self) -> &UserId {
        &self.sender
    }

    /// `origin_server_ts`, in milliseconds; may be negative.
    #[must_use]
    pub fn origin_server_ts(&self) -> i64 {
        self.origin_server_ts
    }

    /// `depth`.
    #[must_use]
    pub fn depth(&self) -> i64 {
        self.depth
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

    /// `hashes.sha256`, decoded.
    #[must_use]
    pub fn stated_content_hash(&self) -> &[u8; 32] {
        &self.content_hash
    }

    /// The identifier field that is longer than 255 bytes, though not than 255 code points: in
    /// some room versions such an event is kept, and rejected.
    #[must_use]
    pub fn overlong(&self) -> Option<&'static str> {
        self.overlong
    }

    /// What the authorisation rules read of the content, parsed. Costs one pass over those parts.
    #[must_use]
    pub fn content(&self, rules: &RoomVersionRules) -> Content {
        Content::of_canonical(
            &self.json,
            &self.event_type,
            self.state_key.is_some(),
            rules,
        )
    }
}

/// Why some bytes are not an event of this room version.
///
/// Every variant is something that the sender did. The event is dropped; nothing is stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// It is not JSON, or not JSON that the room version's canonical JSON can express.
    #[error("not canonical JSON: {0}")]
    Json(#[from] ParseError),
    /// It holds a number that the room version's canonical JSON cannot express.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// A property that the event format requires is absent.
    #[error("`{field}` is missing")]
    Missing {
        /// The property.
        field: &'static str,
    },
    /// A property has the wrong JSON type.
    #[error("`{field}` is not {expected}")]
    WrongType {
        /// The property.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A number is outside the range that the format allows.
    #[error("`{field}` is out of range")]
    OutOfRange {
        /// The property.
        field: &'static str,
    },
    /// An identifier does not follow its grammar.
    #[error("`{field}`: {source}")]
    InvalidId {
        /// The property.
        field: &'static str,
        /// What is wrong with it.
        source: IdError,
    },
    /// An identifier is longer than 255 bytes.
    #[error("`{field}` is longer than 255 bytes")]
    TooLong {
        /// The property.
        field: &'static str,
    },
    /// The event, signatures and `unsigned` included, is too large.
    #[error("event is {bytes} bytes, over the limit of {max}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A list names more events than the format allows.
    #[error("`{field}` names {len} events, over the limit of {max}")]
    TooMany {
        /// The property.
        field: &'static str,
        /// How many it names.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// The event states an id in a room version where the id is its hash.
    #[error("`event_id` is stated, but is the event's hash in this room version")]
    UnexpectedEventId,
    /// The event cites the create event in a room version where the room id implies it.
    #[error("`auth_events` names the create event, which the room id implies in this room version")]
    CitesCreate,
}
