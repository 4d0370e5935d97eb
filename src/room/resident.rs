//! The other side of a handshake: what a server in the room answers, and what it takes.
//!
//! Spec: <https://spec.matrix.org/v1.19/server-server-api/#joining-rooms>

use crate::crypto;
use crate::id::{EventId, RoomId, ServerName, UserId};
use crate::json::Object;
use crate::pdu::content::{AUTHORISER, Membership};
use crate::pdu::{MEMBER, Pdu};
use crate::room::draft::BuildError;
use crate::room::place::Place;
use crate::room::restricted::{member, target_is_user_of};
use crate::room::template::Handshake;
use crate::version::RoomVersionRules;

/// The body of a response of `/make_join`, `/make_knock` or `/make_leave`.
///
/// `place` is where the event would stand, and `authoriser` the user of this server who vouches
/// for a restricted join. That the user is one of the server that asks, and may do what they ask
/// for, is for the caller to check before.
///
/// # Errors
///
/// - [`BuildError::NoReferenceHash`]: the room version cites events with their hashes.
/// - [`BuildError::NoRestrictedJoin`]: there is an authoriser, but nothing to authorise.
/// - [`BuildError::ForeignAuthoriser`]: the authoriser is not a user of `resident`.
///
/// Spec: [`/make_join`][join], [`/make_knock`][knock], [`/make_leave`][leave].
///
/// [join]: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1make_joinroomiduserid
/// [knock]: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1make_knockroomiduserid
/// [leave]: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1make_leaveroomiduserid
pub fn template_response(
    handshake: Handshake,
    user: &UserId,
    place: &Place,
    authoriser: Option<&UserId>,
    resident: &ServerName,
    rules: &RoomVersionRules,
) -> Result<Object, BuildError> {
    let mut content = Object::from_iter([("membership", handshake.membership().as_str())]);
    if let Some(authoriser) = authoriser {
        if !handshake.can_be_authorised(rules) {
            return Err(BuildError::NoRestrictedJoin);
        }
        if authoriser.server_name() != resident.as_str() {
            let (user, server) = (authoriser.clone(), resident.clone());
            return Err(BuildError::ForeignAuthoriser { user, server });
        }
        content.insert(AUTHORISER, authoriser.as_str());
    }
    let mut event = place.members(rules)?;
    event.insert("content", content);
    event.insert("origin", resident.as_str());
    event.insert("sender", user.as_str());
    event.insert("state_key", user.as_str());
    event.insert("type", MEMBER);
    let mut response = Object::from_iter([("event", event)]);
    response.insert("room_version", rules.id);
    Ok(response)
}

/// What a request says of the event that it submits: its path, and who has signed it.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// The room that the path names.
    pub room_id: &'a RoomId,
    /// The event that the path names, if it is to be compared.
    pub event_id: Option<&'a EventId>,
    /// The server that made the request.
    pub origin: &'a ServerName,
}

impl Submission<'_> {
    /// Checks what a server must before it takes an event of `/send_join`, `/send_knock` or
    /// `/send_leave`, but for the signatures.
    ///
    /// # Errors
    ///
    /// [`SubmittedError`], with the first thing that is wrong: the request is to be refused with
    /// `M_INVALID_PARAM`.
    ///
    /// Spec: [`/send_join`][join], [`/send_knock`][knock], [`/send_leave`][leave].
    ///
    /// [join]: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2send_joinroomideventid
    /// [knock]: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1send_knockroomideventid
    /// [leave]: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2send_leaveroomideventid
    pub fn check(
        &self,
        pdu: &Pdu,
        handshake: Handshake,
        rules: &RoomVersionRules,
    ) -> Result<(), SubmittedError> {
        self.member_event(pdu, handshake.membership(), rules)?;
        if pdu.state_key() != Some(pdu.sender().as_str()) {
            return Err(SubmittedError::NotOwnMembership);
        }
        Ok(())
    }

    /// Checks what a server must before it signs an event of `/invite` for a user of its own, but
    /// for the signatures and the state that comes with it.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    ///
    /// Spec: [`/invite`][invite].
    ///
    /// [invite]: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2inviteroomideventid
    pub fn check_invite(
        &self,
        pdu: &Pdu,
        receiver: &ServerName,
        rules: &RoomVersionRules,
    ) -> Result<(), SubmittedError> {
        self.member_event(pdu, Membership::Invite, rules)?;
        if !target_is_user_of(pdu, receiver) {
            return Err(SubmittedError::ForeignTarget {
                receiver: receiver.clone(),
            });
        }
        Ok(())
    }

    fn member_event(
        &self,
        pdu: &Pdu,
        expected: Membership,
        rules: &RoomVersionRules,
    ) -> Result<(), SubmittedError> {
        if pdu.event_type() != MEMBER || pdu.state_key().is_none() {
            return Err(SubmittedError::NotMemberEvent);
        }
        if member(pdu, expected, rules).is_none() {
            return Err(SubmittedError::Membership { expected });
        }
        if pdu.sender().server_name() != self.origin.as_str() {
            return Err(SubmittedError::ForeignSender {
                sender: pdu.sender().clone(),
                origin: self.origin.clone(),
            });
        }
        if pdu.stated_room_id() != Some(self.room_id) {
            return Err(SubmittedError::OtherRoom {
                expected: self.room_id.clone(),
            });
        }
        match self.event_id {
            Some(expected) if crypto::event_id(pdu, rules) != *expected => {
                let expected = expected.clone();
                Err(SubmittedError::OtherEvent { expected })
            }
            _ => Ok(()),
        }
    }
}

/// Why a submitted event is not what the request may submit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmittedError {
    /// The sender is not a user of the server that made the request.
    #[error("`{sender:.255}` is not a user of `{origin:.255}`")]
    ForeignSender {
        /// The sender.
        sender: UserId,
        /// The server that made the request.
        origin: ServerName,
    },
    /// The invite is not for a user of this server.
    #[error("`state_key` is not a user of `{receiver:.255}`")]
    ForeignTarget {
        /// This server.
        receiver: ServerName,
    },
    /// The membership is another, or there is none.
    #[error("`content.membership` is not `{expected}`")]
    Membership {
        /// What it should be.
        expected: Membership,
    },
    /// It is not a state event of type `m.room.member`.
    #[error("not an `m.room.member` state event")]
    NotMemberEvent,
    /// The member is somebody else than the sender.
    #[error("`state_key` is not the sender")]
    NotOwnMembership,
    /// The event's id is not the one in the path.
    #[error("the event is not `{expected:.255}`")]
    OtherEvent {
        /// The id in the path.
        expected: EventId,
    },
    /// The event's room is not the one in the path.
    #[error("the event is not of room `{expected:.255}`")]
    OtherRoom {
        /// The room in the path.
        expected: RoomId,
    },
}
