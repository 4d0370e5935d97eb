//! Which servers must have signed an event.

use crate::pdu::Pdu;
use crate::pdu::content::{Authoriser, Content, Membership};
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
///   server than the one on which the inviter's user is.
/// - In room versions where the event states its id, the server that the id names.
/// - In room versions with restricted joins, the server of the user who authorised a join.
///
/// Spec: [validating hashes and signatures][spec].
///
/// [spec]: https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events
#[must_use]
pub fn required_signers(pdu: &Pdu, rules: &RoomVersionRules) -> Vec<RequiredSigner> {
    let content = pdu.content(rules);
    let member = match &content {
        Content::Member(member) => Some(member),
        _ => None,
    };
    let membership = member.and_then(|member| member.membership);
    let sender = pdu.sender().server_name();
    let mut signers = Vec::with_capacity(2);

    let third_party = membership == Some(Membership::Invite)
        && member.is_some_and(|member| member.third_party_invite().is_some());
    if !third_party {
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
