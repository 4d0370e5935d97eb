//! Which servers must have signed an event.

use std::fmt;

use crate::crypto::hash::is_intact;
use crate::pdu::content::{Authoriser, Content, Membership};
use crate::pdu::{MEMBER, Pdu};
use crate::version::{AuthoriserSignature, EventIdFormat, JoinRule, RoomVersionRules};

/// The reason for which a server must have signed an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignerRole {
    /// The sender is its user.
    Sender,
    /// The event id is its own: room versions 1 and 2.
    EventId,
    /// Its user authorised a restricted join.
    Authoriser,
}

impl fmt::Display for SignerRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sender => "sender",
            Self::EventId => "event id",
            Self::Authoriser => "authoriser",
        })
    }
}

/// A server that must have signed an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequiredSigner {
    /// Why it must.
    pub role: SignerRole,
    /// The server; `None` where what should name it names none, so that nobody can sign.
    pub server: Option<Box<str>>,
}

/// The servers that must have signed an event, by what the event says before it is redacted.
///
/// - The sender's server, unless the event is a third-party invite: that may be sent by another
///   server than the one on which the inviter's user is. It has to be one still in the form in which
///   it goes on after check 3. Where the content hash is wrong and redaction takes the
///   `third_party_invite` away, a plain invite would be left that nobody has signed.
/// - In room versions where the event states its id, the server that the id names.
/// - In room versions with restricted joins, the server of the user who authorised a join.
///
/// Spec: [validating hashes and signatures][spec].
///
/// [spec]: https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events
#[must_use]
pub fn required_signers(pdu: &Pdu, rules: &RoomVersionRules) -> Vec<RequiredSigner> {
    // Other contents have no say, and may be long.
    let content = match pdu.event_type() {
        MEMBER => pdu.content(rules),
        _ => Content::Other,
    };
    let member = match &content {
        Content::Member(member) => Some(member),
        _ => None,
    };
    let membership = member.and_then(|member| member.membership);
    let sender = pdu.sender().server_name();
    let mut signers = Vec::with_capacity(2);

    if !(is_third_party_invite(&content) && stays_third_party_invite(pdu, rules)) {
        signers.push(RequiredSigner {
            role: SignerRole::Sender,
            server: Some(sender.into()),
        });
    }
    if rules.event_id == EventIdFormat::Field {
        let server = pdu.stated_event_id().and_then(|id| id.server_name());
        if server != Some(sender) {
            let server = server.map(Into::into);
            signers.push(RequiredSigner {
                role: SignerRole::EventId,
                server,
            });
        }
    }
    let concerned = match rules.readings.authoriser_signature {
        AuthoriserSignature::Joins => membership == Some(Membership::Join),
        AuthoriserSignature::AllMemberEvents => true,
    };
    let authoriser = member
        .filter(|_| concerned && rules.auth.knows(JoinRule::Restricted))
        .and_then(|member| member.authoriser());
    if let Some(authoriser) = authoriser {
        let server = match authoriser {
            Authoriser::Named(user) => user.split_once(':').map(|(_, server)| server.into()),
            Authoriser::NotText => None,
        };
        signers.push(RequiredSigner {
            role: SignerRole::Authoriser,
            server,
        });
    }
    signers
}

fn is_third_party_invite(content: &Content) -> bool {
    let Content::Member(member) = content else {
        return false;
    };
    member.membership == Some(Membership::Invite) && member.third_party_invite().is_some()
}

/// Whether check 3 leaves a third-party invite one: its content hash is right, or it is one in its
/// redacted form too.
fn stays_third_party_invite(pdu: &Pdu, rules: &RoomVersionRules) -> bool {
    is_intact(pdu, &mut Vec::new()) || {
        let redacted = pdu.redacted_json(rules);
        is_third_party_invite(&Content::of_canonical(&redacted, MEMBER, true, rules))
    }
}
