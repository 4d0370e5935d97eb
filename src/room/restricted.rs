//! Restricted joins and invites, at the server that lends its signature.
//!
//! A room may let in whoever is in another room. Only servers in both can tell, so one of them
//! vouches for the join: it names a user of its own who may invite, and signs the event besides
//! the joining server. An invite is likewise signed by the server of the user who is invited. In
//! both cases the event is another server's, and is signed only if it is nothing else.
//!
//! Spec: <https://spec.matrix.org/v1.19/server-server-api/#restricted-rooms>

use std::collections::BTreeSet;

use crate::crypto;
use crate::id::{RoomId, ServerName, UserId};
use crate::json::{Object, Value};
use crate::limits::Limits;
use crate::pdu::content::{Authoriser, Content, Member, Membership};
use crate::pdu::{FormatError, Pdu, redact};
use crate::room::draft::Signer;
use crate::version::{JoinRule, RoomVersionRules};

/// The rooms whose members may join, by the content of an `m.room.join_rules` event: each once, in
/// the order of the list.
///
/// An entry of another type, or without a room id, lets nobody in.
///
/// Spec: [conditions](https://spec.matrix.org/v1.19/client-server-api/#conditions).
#[must_use]
pub fn allow_conditions(content: &Object) -> Vec<RoomId> {
    let entries = content.get("allow").and_then(Value::as_array);
    let mut seen = BTreeSet::new();
    let room = |entry: &Value| {
        let entry = entry.as_object()?;
        let is_membership = entry.get("type")?.as_str()? == "m.room_membership";
        let room = RoomId::parse(entry.get("room_id")?.as_str()?).ok()?;
        (is_membership && seen.insert(room.clone())).then_some(room)
    };
    entries.into_iter().flatten().filter_map(room).collect()
}

/// What a server can tell of a condition under which a user may join.
///
/// In order of weight: what comes first decides, whatever the other conditions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// The user satisfies it.
    Satisfied,
    /// The server does not know: it is not in the room that the condition names.
    Unknown,
    /// The user does not satisfy it.
    Failed,
}

/// Whether a user may join by a condition, and who vouches for it: `authoriser`, a user of this
/// server who is joined and may invite, if there is one.
///
/// # Errors
///
/// [`JoinRefusal`]: what to answer instead.
///
/// Spec: [restricted rooms](https://spec.matrix.org/v1.19/server-server-api/#restricted-rooms).
pub fn restricted_join(
    conditions: impl IntoIterator<Item = Condition>,
    authoriser: Option<UserId>,
) -> Result<UserId, JoinRefusal> {
    match conditions.into_iter().min() {
        Some(Condition::Satisfied) => authoriser.ok_or(JoinRefusal::UnableToGrant),
        Some(Condition::Unknown) => Err(JoinRefusal::UnableToAuthorise),
        Some(Condition::Failed) | None => Err(JoinRefusal::Forbidden),
    }
}

/// Why a server does not vouch for a restricted join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum JoinRefusal {
    /// The user satisfies no condition: status 403.
    #[error("the user satisfies none of the room's conditions")]
    Forbidden,
    /// The server cannot tell; another may: status 400.
    #[error("this server cannot tell whether the user satisfies one of the room's conditions")]
    UnableToAuthorise,
    /// The user satisfies a condition, but this server has nobody who may invite; another may:
    /// status 400.
    #[error("no user of this server may invite to the room")]
    UnableToGrant,
}

impl JoinRefusal {
    /// The `errcode` of the response.
    #[must_use]
    pub const fn errcode(self) -> &'static str {
        match self {
            Self::Forbidden => "M_FORBIDDEN",
            Self::UnableToAuthorise => "M_UNABLE_TO_AUTHORISE_JOIN",
            Self::UnableToGrant => "M_UNABLE_TO_GRANT_JOIN",
        }
    }
}

/// Adds to a restricted join the signature of the server that vouches for it.
///
/// Whether the conditions hold, and the authoriser may invite, is for the caller to find out
/// before; whether the joining server has signed, after, when the whole event is verified. Other
/// signatures stay as they are, and so does the event id.
///
/// # Errors
///
/// Any [`CountersignError`] but [`NotAnInvite`](CountersignError::NotAnInvite) and
/// [`ForeignTarget`](CountersignError::ForeignTarget): nothing has been signed.
///
/// Spec: [`/send_join`][join].
///
/// [join]: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2send_joinroomideventid
pub fn countersign_join(
    pdu: &Pdu,
    signer: Signer<'_>,
    rules: &RoomVersionRules,
    limits: &Limits,
) -> Result<Pdu, CountersignError> {
    let member = member(pdu, Membership::Join, rules).ok_or(CountersignError::NotAJoin)?;
    if pdu.state_key() != Some(pdu.sender().as_str()) || !rules.auth.knows(JoinRule::Restricted) {
        return Err(CountersignError::NotAJoin);
    }
    let authoriser = match member.authoriser() {
        Some(Authoriser::Named(user)) => UserId::parse(user).ok(),
        Some(Authoriser::NotText) | None => None,
    };
    if authoriser.is_none_or(|user| user.server_name() != signer.server.as_str()) {
        return Err(CountersignError::ForeignAuthoriser {
            server: signer.server.clone(),
        });
    }
    with_signature(pdu, signer, rules, limits)
}

/// Adds to an invite the signature of the invited user's server.
///
/// # Errors
///
/// - [`CountersignError::NotAnInvite`]: it is something else.
/// - [`CountersignError::ForeignTarget`]: the invited user is not one of the signer's server.
/// - [`CountersignError::ContentHash`], [`CountersignError::Format`].
///
/// Spec: [`/invite`][invite].
///
/// [invite]: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2inviteroomideventid
pub fn countersign_invite(
    pdu: &Pdu,
    signer: Signer<'_>,
    rules: &RoomVersionRules,
    limits: &Limits,
) -> Result<Pdu, CountersignError> {
    member(pdu, Membership::Invite, rules).ok_or(CountersignError::NotAnInvite)?;
    if !target_is_user_of(pdu, signer.server) {
        return Err(CountersignError::ForeignTarget {
            server: signer.server.clone(),
        });
    }
    with_signature(pdu, signer, rules, limits)
}

/// The content of a member event, if it is one of this membership and the room version knows that.
/// It may lack a state key.
pub(super) fn member(
    pdu: &Pdu,
    membership: Membership,
    rules: &RoomVersionRules,
) -> Option<Member> {
    match pdu.content(rules) {
        Content::Member(member) if member.membership == Some(membership) => {
            (membership.meaning(rules) == membership).then_some(member)
        }
        _ => None,
    }
}

/// Whether the state key of an event is a user of `server`.
pub(super) fn target_is_user_of(pdu: &Pdu, server: &ServerName) -> bool {
    let target = pdu.state_key().and_then(|user| UserId::parse(user).ok());
    target.is_some_and(|user| user.server_name() == server.as_str())
}

/// Signs the redacted form, and touches nothing but the one entry under `signatures`.
fn with_signature(
    pdu: &Pdu,
    signer: Signer<'_>,
    rules: &RoomVersionRules,
    limits: &Limits,
) -> Result<Pdu, CountersignError> {
    let mut event = pdu.json().to_object();
    // Everybody else would read the redacted form, which may not say what was asked about.
    if crypto::content_hash(&event).as_bytes() != pdu.stated_content_hash() {
        return Err(CountersignError::ContentHash);
    }
    let mut redacted = redact(&event, rules);
    crypto::sign_json(&mut redacted, signer.server.as_str(), signer.key);
    if let Some(signatures) = redacted.remove("signatures") {
        event.insert("signatures", signatures);
    }
    Ok(Pdu::from_json(event, rules, limits)?)
}

/// Why a server does not sign another server's event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CountersignError {
    /// The content hash is wrong, so that other servers read the event's redacted form.
    #[error("the content hash is wrong")]
    ContentHash,
    /// The user who authorises the join is not one of this server, or there is none.
    #[error("`join_authorised_via_users_server` is not a user of `{server:.255}`")]
    ForeignAuthoriser {
        /// This server.
        server: ServerName,
    },
    /// The user who is invited is not one of this server.
    #[error("`state_key` is not a user of `{server:.255}`")]
    ForeignTarget {
        /// This server.
        server: ServerName,
    },
    /// With the signature the event is no longer well-formed: it is too large.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// It is not somebody's own join, in a room version with restricted joins.
    #[error("not a user's own join that can be authorised")]
    NotAJoin,
    /// It is not an invite.
    #[error("not an invite")]
    NotAnInvite,
}
