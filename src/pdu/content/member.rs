//! `m.room.member`.

use serde::{Deserialize, Serialize};

use std::fmt;

use crate::json::{Object, RawValue, Select, Value, base64};
use crate::pdu::content::stored::{arrays, bytes};
use crate::version::{JoinRule, RoomVersionRules};

/// What the rules read of a member event's content.
///
/// Spec: [`m.room.member`](https://spec.matrix.org/v1.19/client-server-api/#mroommember).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// `membership`; `None` if there is no such key.
    pub membership: Option<Membership>,
    /// What few member events have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    details: Option<Box<Details>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Details {
    authoriser: Option<Authoriser>,
    third_party_invite: Option<ThirdPartyInvite>,
}

/// A user's relation to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// Barred from it.
    Ban,
    /// Invited to it.
    Invite,
    /// In it.
    Join,
    /// Asking to be invited. No rule allows it before room version 7.
    Knock,
    /// Gone from it, or never there.
    Leave,
    /// A value that means nothing.
    Unknown,
}

impl Membership {
    /// The value of `membership` in an event; `unknown` for [`Membership::Unknown`].
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ban => "ban",
            Self::Invite => "invite",
            Self::Join => "join",
            Self::Knock => "knock",
            Self::Leave => "leave",
            Self::Unknown => "unknown",
        }
    }

    /// What it means in a room version, of which not all know `knock`.
    pub(crate) fn meaning(self, rules: &RoomVersionRules) -> Self {
        match self {
            Self::Knock if !rules.auth.knows(JoinRule::Knock) => Self::Unknown,
            known => known,
        }
    }

    fn of(text: &str) -> Self {
        match text {
            "ban" => Self::Ban,
            "invite" => Self::Invite,
            "join" => Self::Join,
            "knock" => Self::Knock,
            "leave" => Self::Leave,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `join_authorised_via_users_server`: the user whose server vouches for a restricted join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authoriser {
    /// A string, which should be a user id.
    Named(Box<str>),
    /// Something that is not a string, and so names nobody.
    NotText,
}

impl Authoriser {
    fn of(text: Option<&str>) -> Self {
        text.map_or(Self::NotText, |user| Self::Named(user.into()))
    }
}

/// `third_party_invite` of an invite: somebody was invited by an address elsewhere, and an
/// identity server says that this user is who was meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThirdPartyInvite {
    /// `signed`, if there is one.
    pub signed: Option<Signed>,
}

/// `signed` of a third-party invite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// `mxid`: the user whom the identity server vouches for, if it is a string.
    pub mxid: Option<Box<str>>,
    /// `token`: the state key of the third-party invite, if it is a string.
    pub token: Option<Box<str>>,
    /// What was signed, and the signatures that could be ed25519's.
    pub invite: SignedInvite,
}

/// The signed bytes of a third-party invite with its signatures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedInvite {
    /// The canonical JSON of `signed` without `signatures` and `unsigned`.
    #[serde(with = "bytes")]
    pub message: Box<[u8]>,
    /// The ed25519 signatures, of whatever server, that are 64 bytes long.
    #[serde(with = "arrays")]
    pub signatures: Vec<[u8; 64]>,
}

/// The key of the user whose server vouches for a restricted join.
pub(crate) const AUTHORISER: &str = "join_authorised_via_users_server";

impl Member {
    pub(super) fn of(content: &Object) -> Self {
        // What is not text has no more meaning than the empty text.
        let membership = content.get("membership").map(Value::as_str);
        Self::from_parts(
            membership.map(Option::unwrap_or_default),
            content
                .get(AUTHORISER)
                .map(|user| Authoriser::of(user.as_str())),
            content.get("third_party_invite"),
        )
    }

    /// The same of canonical text. One pass, and no tree but of a third-party invite.
    pub(super) fn of_canonical(content: RawValue<'_>) -> Self {
        let (mut membership, mut authoriser, mut invite) = (None, None, None);
        for (name, value) in content.members() {
            match &*name {
                "membership" => membership = Some(value.as_str().unwrap_or_default()),
                AUTHORISER => authoriser = Some(Authoriser::of(value.as_str().as_deref())),
                "third_party_invite" => invite = Some(value.to_value()),
                _ => {}
            }
        }
        Self::from_parts(membership.as_deref(), authoriser, invite.as_ref())
    }

    fn from_parts(
        membership: Option<&str>,
        authoriser: Option<Authoriser>,
        third_party_invite: Option<&Value>,
    ) -> Self {
        let third_party_invite = third_party_invite.map(|value| ThirdPartyInvite {
            signed: Signed::of(value),
        });
        let details = Details {
            authoriser,
            third_party_invite,
        };
        Self {
            membership: membership.map(Membership::of),
            details: (details != Details::default()).then(|| Box::new(details)),
        }
    }

    /// `join_authorised_via_users_server`, if there is such a key.
    #[must_use]
    pub fn authoriser(&self) -> Option<&Authoriser> {
        self.details.as_ref()?.authoriser.as_ref()
    }

    /// `third_party_invite`, if there is such a key.
    #[must_use]
    pub fn third_party_invite(&self) -> Option<&ThirdPartyInvite> {
        self.details.as_ref()?.third_party_invite.as_ref()
    }
}

impl Signed {
    fn of(third_party_invite: &Value) -> Option<Self> {
        let signed = third_party_invite.as_object()?.get("signed")?;
        let text = |key| Some(signed.as_object()?.get(key)?.as_str()?.into());
        Some(Self {
            mxid: text("mxid"),
            token: text("token"),
            invite: signed.as_object().map(SignedInvite::of).unwrap_or_default(),
        })
    }
}

impl SignedInvite {
    fn of(signed: &Object) -> Self {
        let mut message = Vec::new();
        signed.write_selected(&Select::Without(&["signatures", "unsigned"]), &mut message);
        let servers = signed.get("signatures").and_then(Value::as_object);
        let signatures = servers
            .into_iter()
            .flat_map(Object::iter)
            .filter_map(|(_, keys)| keys.as_object())
            .flat_map(Object::iter)
            .filter(|(key_id, _)| key_id.starts_with("ed25519:"))
            .filter_map(|(_, signature)| base64::decode(signature.as_str()?).ok()?.try_into().ok())
            .collect();
        Self {
            message: message.into(),
            signatures,
        }
    }
}
