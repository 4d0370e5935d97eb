//! The first event of a room.

use crate::crypto::Timestamp;
use crate::id::{EventId, RoomId, UserId};
use crate::json::{Array, Object, Value};
use crate::limits::Limits;
use crate::pdu::CREATE;
use crate::pdu::content::{AdditionalCreators, Content};
use crate::room::draft::{Assembled, BuildError, Draft, Signer, seal};
use crate::version::{CreatorRule, RoomIdFormat, RoomVersionRules};

/// A room that is yet to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founding {
    /// Who creates it.
    pub creator: UserId,
    /// Its id, in room versions where the server chooses it. It must name the creator's server,
    /// and no other room may have it.
    pub room_id: Option<RoomId>,
    /// What else the create event says: `type`, `predecessor`, `m.federate`, and in room versions
    /// that know them `additional_creators`.
    pub content: Object,
    /// The id of the create event, in room versions where the server chooses it; derived where it
    /// does not.
    pub event_id: Option<EventId>,
    /// The time at the server.
    pub origin_server_ts: Timestamp,
}

/// Makes the create event of a room.
///
/// `room_version`, and `creator` where the room version has it, are written here; content that
/// holds either is refused rather than corrected. Where the room id is the hash of this event, two
/// rooms that are founded alike, by one user in the same millisecond, are one room.
///
/// # Errors
///
/// - [`BuildError::ReservedKey`]: the content holds `room_version`, `creator`, or
///   `additional_creators` in a room version in which they mean nothing.
/// - [`BuildError::AdditionalCreators`]: they are not a list of user ids.
/// - [`BuildError::NoRoomId`], [`BuildError::RoomIdIsHash`], [`BuildError::ForeignRoomId`]: of the
///   room id, by room version.
/// - Those of [`assemble`](crate::room::assemble) that concern the sender, the event id and the
///   format.
///
/// Spec: rule 1 of the [authorisation rules][rules]; [`m.room.create`][create].
///
/// [rules]: https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules
/// [create]: https://spec.matrix.org/v1.19/client-server-api/#mroomcreate
pub fn create_event(
    founding: Founding,
    signer: Signer<'_>,
    rules: &RoomVersionRules,
    limits: &Limits,
) -> Result<Assembled, BuildError> {
    let mut event = Object::from_iter([
        ("auth_events", Value::from(Array::new())),
        ("depth", Value::from(1)),
        (
            "origin_server_ts",
            founding.origin_server_ts.millis().into(),
        ),
        ("prev_events", Array::new().into()),
    ]);
    match (rules.room_id, founding.room_id) {
        (RoomIdFormat::WithServer, None) => return Err(BuildError::NoRoomId),
        (RoomIdFormat::WithServer, Some(id)) => {
            if id.server_name() != Some(signer.server.as_str()) {
                let (room_id, server) = (id, signer.server.clone());
                return Err(BuildError::ForeignRoomId { room_id, server });
            }
            event.insert("room_id", id.as_str());
        }
        (RoomIdFormat::CreateHash, None) => {}
        (RoomIdFormat::CreateHash, Some(_)) => return Err(BuildError::RoomIdIsHash),
    }
    let content = content(founding.content, &founding.creator, rules)?;
    let draft = Draft {
        event_id: founding.event_id,
        ..Draft::state(founding.creator, CREATE, "", content)
    };
    seal(draft, event, signer, rules, limits)
}

fn content(
    mut content: Object,
    creator: &UserId,
    rules: &RoomVersionRules,
) -> Result<Object, BuildError> {
    let additional = match rules.auth.creator {
        CreatorRule::SenderAndAdditional => None,
        CreatorRule::Content | CreatorRule::Sender => Some("additional_creators"),
    };
    for key in ["creator", "room_version"].into_iter().chain(additional) {
        if content.contains_key(key) {
            return Err(BuildError::ReservedKey { key });
        }
    }
    content.insert("room_version", rules.id);
    if rules.auth.creator == CreatorRule::Content {
        content.insert("creator", creator.as_str());
    }
    let event = Object::from_iter([("content", content.clone())]);
    match Content::of(&event, CREATE, true, rules) {
        Content::Create(create)
            if create.additional_creators == AdditionalCreators::Malformed
                && additional.is_none() =>
        {
            Err(BuildError::AdditionalCreators)
        }
        _ => Ok(content),
    }
}
