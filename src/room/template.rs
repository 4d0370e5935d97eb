//! Templates of `/make_join`, `/make_knock` and `/make_leave`, at the server that asks.
//!
//! Who is not in a room cannot tell where in its graph an event of theirs would stand. A server
//! that is tells it, in the form of an event that lacks only a signature; and a server that signed
//! what it is handed could be made to say anything. So the template is never signed. It is held to
//! what was asked for, four things are taken from it, and everything else is our own:
//!
//! | of the event                                   | from whom                              |
//! |------------------------------------------------|----------------------------------------|
//! | `prev_events`, `auth_events`, `depth`          | the template, within the format's bounds |
//! | `content.join_authorised_via_users_server`     | the template, if it is a user of the server that sent it |
//! | `type`, `room_id`, `sender`, `state_key`, `content.membership` | us; the template must say the same |
//! | the rest of `content`, `origin_server_ts`, hashes, id | us                              |
//!
//! What is taken over is the other server's claim. It answers for it when it is sent the event:
//! whether those events exist, and permit this one, it and every other server checks then.
//!
//! Reads [`draft`](crate::room::assemble). Spec:
//! <https://spec.matrix.org/v1.19/server-server-api/#joining-rooms>

use crate::crypto::Timestamp;
use crate::id::{RoomId, ServerName, UserId, truncated};
use crate::json::{Mode, Object, Value};
use crate::limits::Limits;
use crate::pdu::content::{AUTHORISER, Membership};
use crate::pdu::{FormatError, MEMBER};
use crate::room::draft::{Assembled, BuildError, Draft, Signer, assemble};
use crate::room::place::{Cited, Place, parse_references};
use crate::version::{CreateReference, JoinRule, RoomVersionRules, RoomVersions};

/// What a server asks of another that is in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handshake {
    /// To let a user in: `/make_join`, `/send_join`.
    Join,
    /// To pass on that a user asks to be invited: `/make_knock`, `/send_knock`.
    Knock,
    /// To pass on that a user declines an invite, or takes back a knock: `/make_leave`,
    /// `/send_leave`.
    Leave,
}

impl Handshake {
    /// The membership of the event that comes of it.
    #[must_use]
    pub const fn membership(self) -> Membership {
        match self {
            Self::Join => Membership::Join,
            Self::Knock => Membership::Knock,
            Self::Leave => Membership::Leave,
        }
    }

    /// Whether another server can vouch for the event in this room version.
    pub(super) fn can_be_authorised(self, rules: &RoomVersionRules) -> bool {
        self == Self::Join && rules.auth.knows(JoinRule::Restricted)
    }
}

/// What was asked for, to which a template must be the answer.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// What was asked for.
    pub handshake: Handshake,
    /// In which room.
    pub room_id: &'a RoomId,
    /// For which user of our server.
    pub user: &'a UserId,
    /// Of which server.
    pub resident: &'a ServerName,
}

/// What is taken from a template, and what was asked for.
///
/// Where an event stands is the other server's claim, and unverified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    handshake: Handshake,
    room_id: RoomId,
    user: UserId,
    rules: RoomVersionRules,
    prev_events: Vec<Cited>,
    auth_events: Vec<Cited>,
    depth: i64,
    authoriser: Option<UserId>,
}

impl Template {
    /// Reads a response of `/make_join`, `/make_knock` or `/make_leave`.
    ///
    /// Numbers must be such as the room version's canonical JSON allows. A response to a join or a
    /// leave that does not name the room version means version 1 or 2, which make the same event
    /// of a template: it is read as of [version 1](RoomVersions::unnamed). Linear in the response.
    ///
    /// # Errors
    ///
    /// Any [`TemplateError`]: the response is to be discarded. Another server may give a better
    /// one.
    ///
    /// Spec: [`/make_join`][join], [`/make_knock`][knock], [`/make_leave`][leave].
    ///
    /// [join]: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1make_joinroomiduserid
    /// [knock]: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1make_knockroomiduserid
    /// [leave]: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1make_leaveroomiduserid
    pub fn parse(
        response: &[u8],
        expected: &Expected<'_>,
        versions: &RoomVersions,
        limits: &Limits,
    ) -> Result<Self, TemplateError> {
        // Which numbers are allowed is known once the room version is.
        let response =
            Object::parse_within(response, Mode::Lenient, limits).map_err(FormatError::from)?;
        let rules = named_rules(&response, expected.handshake, versions)?;
        response
            .check(rules.canonical_json)
            .map_err(FormatError::from)?;
        let event = object(&response, "event")?;
        let content = object(event, "content")?;
        let membership = expected.handshake.membership().as_str();
        for (field, value, expected) in [
            ("type", event.get("type"), MEMBER),
            ("room_id", event.get("room_id"), expected.room_id.as_str()),
            ("sender", event.get("sender"), expected.user.as_str()),
            ("state_key", event.get("state_key"), expected.user.as_str()),
            ("content.membership", content.get("membership"), membership),
        ] {
            if value.and_then(Value::as_str) != Some(expected) {
                return Err(TemplateError::Unexpected { field });
            }
        }
        let prev_events = parse_references(event, "prev_events", rules, limits.prev_events)?;
        if prev_events.is_empty() {
            return Err(TemplateError::NoPrevEvents);
        }
        let auth_events = parse_references(event, "auth_events", rules, limits.auth_events)?;
        if rules.auth.create_reference == CreateReference::Forbidden {
            let implied = expected.room_id.as_str().get(1..);
            let is_create = |cited: &Cited| cited.id().as_str().get(1..) == implied;
            if auth_events.iter().any(is_create) {
                return Err(FormatError::CitesCreate.into());
            }
        }
        Ok(Self {
            handshake: expected.handshake,
            room_id: expected.room_id.clone(),
            user: expected.user.clone(),
            prev_events,
            auth_events,
            depth: depth(event, rules.max_depth)?,
            authoriser: authoriser(content, expected, rules)?,
            rules: *rules,
        })
    }

    /// The rules of the room version that the other server names.
    #[must_use]
    pub fn rules(&self) -> &RoomVersionRules {
        &self.rules
    }

    /// The user of the other server who is to vouch for a restricted join. If there is one, the
    /// event is complete only with that server's signature, which it adds when it is sent the
    /// event.
    #[must_use]
    pub fn authoriser(&self) -> Option<&UserId> {
        self.authoriser.as_ref()
    }

    /// Makes the event.
    ///
    /// `content` is what the user says: `displayname`, `avatar_url`, `reason`. The membership is
    /// the one that was asked for, the time is `now`, and the sender the user.
    ///
    /// # Errors
    ///
    /// - [`BuildError::ReservedKey`]: the content holds `membership` or
    ///   `join_authorised_via_users_server`.
    /// - [`BuildError::ForeignSender`]: the user is not one of the signer's server.
    /// - [`BuildError::Format`]: as in [`assemble`].
    pub fn build(
        &self,
        mut content: Object,
        signer: Signer<'_>,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<Assembled, BuildError> {
        for key in ["membership", AUTHORISER] {
            if content.contains_key(key) {
                return Err(BuildError::ReservedKey { key });
            }
        }
        content.insert("membership", self.handshake.membership().as_str());
        if let Some(user) = &self.authoriser {
            content.insert(AUTHORISER, user.as_str());
        }
        let draft = Draft::state(self.user.clone(), MEMBER, self.user.as_str(), content);
        let place = Place {
            room_id: self.room_id.clone(),
            prev_events: self.prev_events.clone(),
            auth_events: self.auth_events.clone(),
            depth: self.depth,
            origin_server_ts: now,
        };
        assemble(draft, &place, signer, &self.rules, limits)
    }
}

/// The rules of the room version that a response names, or does not name.
fn named_rules<'a>(
    response: &Object,
    handshake: Handshake,
    versions: &'a RoomVersions,
) -> Result<&'a RoomVersionRules, TemplateError> {
    let field = "room_version";
    let rules = match (response.get(field), handshake) {
        (None, Handshake::Join | Handshake::Leave) => RoomVersions::unnamed(),
        (None, Handshake::Knock) => return Err(FormatError::Missing { field }.into()),
        (Some(version), _) => {
            let expected = "a string";
            let version = version
                .as_str()
                .ok_or(FormatError::WrongType { field, expected })?;
            let unsupported = || TemplateError::UnsupportedVersion {
                version: truncated(version),
            };
            versions.get(version).ok_or_else(unsupported)?
        }
    };
    if handshake == Handshake::Knock && !rules.auth.knows(JoinRule::Knock) {
        return Err(TemplateError::NoKnocking { version: rules.id });
    }
    Ok(rules)
}

fn object<'a>(parent: &'a Object, field: &'static str) -> Result<&'a Object, FormatError> {
    let value = parent.get(field).ok_or(FormatError::Missing { field })?;
    let expected = "an object";
    value
        .as_object()
        .ok_or(FormatError::WrongType { field, expected })
}

fn depth(event: &Object, max: i64) -> Result<i64, FormatError> {
    let field = "depth";
    let depth = event.get(field).ok_or(FormatError::Missing { field })?;
    let expected = "an integer";
    let depth = depth
        .as_number()
        .filter(|depth| depth.is_integer())
        .ok_or(FormatError::WrongType { field, expected })?;
    depth
        .as_i64()
        .filter(|depth| (0..=max).contains(depth))
        .ok_or(FormatError::OutOfRange { field })
}

/// The user who vouches for the join, where the room version knows such a thing.
fn authoriser(
    content: &Object,
    expected: &Expected<'_>,
    rules: &RoomVersionRules,
) -> Result<Option<UserId>, TemplateError> {
    let Some(user) = content
        .get(AUTHORISER)
        .filter(|_| expected.handshake.can_be_authorised(rules))
    else {
        return Ok(None);
    };
    let user = user.as_str().and_then(|user| UserId::parse(user).ok());
    match user {
        Some(user) if user.server_name() == expected.resident.as_str() => Ok(Some(user)),
        _ => Err(TemplateError::ForeignAuthoriser {
            resident: expected.resident.clone(),
        }),
    }
}

/// Why a response is not the template that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The user who is to vouch for the join is not one of the server that was asked.
    #[error("`join_authorised_via_users_server` is not a user of `{resident:.255}`")]
    ForeignAuthoriser {
        /// The server that was asked.
        resident: ServerName,
    },
    /// It is not JSON, or no event of the room's version could look like that.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// There is no knocking in the room version that it names.
    #[error("there is no knocking in room version `{version}`")]
    NoKnocking {
        /// The room version.
        version: &'static str,
    },
    /// The event would follow none, as only a create event does.
    #[error("`prev_events` is empty")]
    NoPrevEvents,
    /// A property has another value than was asked for.
    #[error("`{field}` is not what was asked for")]
    Unexpected {
        /// The property.
        field: &'static str,
    },
    /// The room version that it names is not among ours.
    #[error("room version `{version}` is not supported")]
    UnsupportedVersion {
        /// The room version, cut to 255 bytes.
        version: String,
    },
}
