//! Receipt check 7: policy servers.
//!
//! A room may name a policy server, which looks at events before they reach anybody and signs
//! those that it has nothing against. Without that signature an event is authorised all the same,
//! but soft-failed by servers that receive it, and not sent by those on which it was made.
//!
//! Two questions, in this order: [`policy_use`] says whether the room uses a policy server, which
//! depends on the *current state* that soft failure is judged by too; [`policy_check`] says what
//! that means for one event. Neither asks anybody for a signature; [`with_policy_signature`] adds
//! the one that the host was given.
//!
//! Reads [`crypto`](crate::crypto), [`pdu::content`](crate::pdu::content). Spec:
//! <https://spec.matrix.org/v1.19/server-server-api/#policy-servers>

use std::fmt;

use petgraph::graph::NodeIndex;

use crate::crypto::{
    self, JsonSignatureError, POLICY_SERVER_KEY, VerifyKey, verify_policy_signature,
};
use crate::event::EventRef;
use crate::id::ServerName;
use crate::json::{Object, Value};
use crate::limits::Limits;
use crate::pdu::content::{Content, PolicyServer};
use crate::pdu::{FormatError, POLICY, Pdu};
use crate::room::Room;
use crate::timeline::Withheld;
use crate::version::RoomVersionRules;

/// Whether a room uses a policy server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum PolicyUse<'a> {
    /// It does not: the state has no `m.room.policy` event with an empty state key.
    Unset,
    /// It does not: that event lacks what it must have.
    Malformed,
    /// It does not: no user of the server that it names is in the room.
    Absent(&'a PolicyServer),
    /// It uses this one.
    Used(&'a PolicyServer),
}

impl<'a> PolicyUse<'a> {
    /// The policy server that the room uses: whom to ask for signatures.
    #[must_use]
    pub fn server(self) -> Option<&'a PolicyServer> {
        match self {
            Self::Used(server) => Some(server),
            Self::Unset | Self::Malformed | Self::Absent(_) => None,
        }
    }
}

impl fmt::Display for PolicyUse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset => f.write_str("The room names no policy server."),
            Self::Malformed => f.write_str("The room's policy event is not valid."),
            Self::Absent(server) => {
                write!(f, "The policy server `{}` is not in the room.", server.via)
            }
            Self::Used(server) => write!(f, "The room uses the policy server `{}`.", server.via),
        }
    }
}

/// Says whether a room uses a policy server.
///
/// `policy` is the `m.room.policy` event with an empty state key in the current state, if there is
/// one. Redaction leaves nothing of its content: once it is redacted it is to be shown as redacted,
/// so that a room can be rid of its policy server that way as well.
///
/// `has_joined_user` says whether any user of a server is joined in the current state. It is called
/// at most once, for the server that a valid event names.
///
/// Spec: [determining if a policy server is enabled in a room][enabled].
///
/// [enabled]: https://spec.matrix.org/v1.19/server-server-api/#determining-if-a-policy-server-is-enabled-in-a-room
pub fn policy_use(
    policy: Option<EventRef<'_>>,
    has_joined_user: impl FnOnce(&ServerName) -> bool,
) -> PolicyUse<'_> {
    let policy = policy.filter(|event| is_policy(event.event_type, event.state_key));
    let Some(event) = policy else {
        return PolicyUse::Unset;
    };
    match event.content {
        Content::Policy(Some(server)) if has_joined_user(&server.via) => PolicyUse::Used(server),
        Content::Policy(Some(server)) => PolicyUse::Absent(server),
        _ => PolicyUse::Malformed,
    }
}

/// Adds to an event the signature that its policy server answered with.
///
/// `response` is the body of the response of `/sign`. Nothing is taken of it but the signature of
/// `server` that is called [`POLICY_SERVER_KEY`], and without that the event stays as it is;
/// whether it is any good is for [`policy_check`] to say, or for the room on receipt. Other
/// signatures stay as they are, and so does the event id.
///
/// # Errors
///
/// Any [`FormatError`]: with the signature the event is no longer well-formed, most likely because
/// it is too large.
///
/// Spec: [`/sign`](https://spec.matrix.org/v1.19/server-server-api/#post_matrixpolicyv1sign).
pub fn with_policy_signature(
    pdu: &Pdu,
    response: &Object,
    server: &ServerName,
    rules: &RoomVersionRules,
    limits: &Limits,
) -> Result<Pdu, FormatError> {
    let keys = response.get(server.as_str()).and_then(Value::as_object);
    let signature = keys.and_then(|keys| keys.get(POLICY_SERVER_KEY)?.as_str());
    let mut event = pdu.json().to_object();
    if let Some(signature) = signature {
        crypto::insert_signature(&mut event, server.as_str(), POLICY_SERVER_KEY, signature);
    }
    Pdu::from_json(event, rules, limits)
}

/// What receipt check 7 says of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum PolicyCheck {
    /// The room uses no policy server.
    NotUsed,
    /// It does, but is not to ask it about the event that names it.
    Exempt,
    /// The policy server has signed the event.
    Signed,
    /// It has not.
    Missing,
    /// There is a signature of the policy server, and it is wrong. The room's key may have changed
    /// since the event was signed.
    Invalid,
    /// What the room names as the policy server's key is none, so that nobody can sign.
    Unverifiable,
}

impl PolicyCheck {
    /// Whether the event is recommended for inclusion in the room. Any other is to be soft-failed
    /// if it was received, and not to be sent if it was made here.
    #[must_use]
    pub const fn is_recommended(self) -> bool {
        matches!(self, Self::NotUsed | Self::Exempt | Self::Signed)
    }

    /// Whether asking the policy server for a new signature may help. Where it has been asked and
    /// this is said again, the event is not recommended.
    #[must_use]
    pub const fn wants_signature(self) -> bool {
        matches!(self, Self::Missing | Self::Invalid)
    }

    /// The verdict in a sentence.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::NotUsed => "The room uses no policy server.",
            Self::Exempt => "The policy server is not asked about the event that names it.",
            Self::Signed => "The policy server has signed the event.",
            Self::Missing => "The policy server has not signed the event.",
            Self::Invalid => "The policy server's signature is wrong.",
            Self::Unverifiable => "The room names no usable key of the policy server.",
        }
    }
}

impl fmt::Display for PolicyCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.says())
    }
}

/// Checks that the policy server of a room, if it uses one, has signed an event (receipt check 7).
///
/// All events need the signature, of whatever type and from whatever time, but for the state event
/// that names the policy server: its room must be able to change its mind. The signature counts
/// for nothing else; in particular it is never the sender's, who signs with another key even on
/// the same server.
///
/// Costs one signature verification where there is a signature.
///
/// Spec: [validating policy server signatures][spec].
///
/// [spec]: https://spec.matrix.org/v1.19/server-server-api/#validating-policy-server-signatures
pub fn policy_check(pdu: &Pdu, policy: PolicyUse<'_>, rules: &RoomVersionRules) -> PolicyCheck {
    let Some(server) = policy.server() else {
        return PolicyCheck::NotUsed;
    };
    if is_policy(pdu.event_type(), pdu.state_key()) {
        return PolicyCheck::Exempt;
    }
    let key = server.key.as_ref().map(VerifyKey::from_bytes);
    let Some(Ok(key)) = key else {
        return PolicyCheck::Unverifiable;
    };
    match verify_policy_signature(pdu, &server.via, &key, rules) {
        Ok(()) => PolicyCheck::Signed,
        Err(JsonSignatureError::Missing) => PolicyCheck::Missing,
        Err(JsonSignatureError::Malformed | JsonSignatureError::Invalid) => PolicyCheck::Invalid,
    }
}

impl Room {
    /// Whether the room uses a policy server by its current state, and which: the host is to ask
    /// it for its signature before it sends an event.
    ///
    /// O(u · log n) in the users of that server.
    pub fn policy_server(&self) -> PolicyUse<'_> {
        let Ok(state) = self.current_state() else {
            return PolicyUse::Unset;
        };
        let policy = state.get(POLICY, "");
        if policy.is_some_and(|policy| self.is_redacted(policy.id)) {
            return PolicyUse::Malformed;
        }
        policy_use(policy, |server| self.has_joined(server.as_str()))
    }

    /// Check 7, which is the last.
    pub(super) fn withheld_by_policy(&self, pdu: &Pdu) -> Option<Withheld> {
        match policy_check(pdu, self.policy_server(), self.rules()) {
            PolicyCheck::NotUsed | PolicyCheck::Exempt | PolicyCheck::Signed => None,
            PolicyCheck::Missing => Some(Withheld::PolicyUnsigned),
            PolicyCheck::Invalid => Some(Withheld::PolicyInvalid),
            PolicyCheck::Unverifiable => Some(Withheld::PolicyUnverifiable),
        }
    }

    /// Whether an event was soft-failed at check 7, and this copy of it would not be.
    pub(super) fn is_endorsed(&self, node: NodeIndex, pdu: &Pdu) -> bool {
        let verdict = self.timeline.verdict(node);
        let failed = matches!(
            verdict.and_then(|verdict| verdict.withheld),
            Some(Withheld::PolicyUnsigned | Withheld::PolicyInvalid | Withheld::PolicyUnverifiable)
        );
        failed && self.withheld_by_policy(pdu).is_none()
    }

    /// Takes back that an event failed check 7.
    pub(super) fn endorse(&mut self, node: NodeIndex) {
        if let Some(mut judged) = self.timeline.records.get(node) {
            judged.verdict.withheld = None;
            self.keep_revised(node, judged);
        }
    }
}

/// Whether this is the event that names a room's policy server. Message events of that type, and
/// those with another state key, are as any other event.
fn is_policy(event_type: &str, state_key: Option<&str>) -> bool {
    event_type == POLICY && state_key == Some("")
}
