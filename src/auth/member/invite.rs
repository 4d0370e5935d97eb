//! Rule 5.4: `membership` is `invite`.

use crate::auth::context::Context;
use crate::auth::{Decision, Rule, StateView};
use crate::crypto::{Signature, VerifyKey};
use crate::pdu::content::{
    Content, InviteKeys, Member, Membership, NamedLevel, Signed, SignedInvite, ThirdPartyInvite,
};

pub(super) fn check<S: StateView>(cx: &Context<'_, S>, target: &str, event: &Member) -> Decision {
    let member = cx.member(target);
    // 5.4.1
    if let Some(invite) = event.third_party_invite() {
        // 5.4.1.1
        if member.membership == Membership::Ban {
            return cx.decide(Rule::ThirdPartyTargetBanned).member(&member);
        }
        return third_party(cx, target, invite);
    }
    // 5.4.2
    let sender = cx.member(cx.event.sender.as_str());
    if !sender.is_joined() {
        return cx.decide(Rule::InviteSenderNotJoined).member(&sender);
    }
    // 5.4.3
    if matches!(member.membership, Membership::Join | Membership::Ban) {
        return cx.decide(Rule::InviteTargetInRoom).member(&member);
    }
    // 5.4.4, 5.4.5
    let (power, invite) = (
        cx.power(cx.event.sender.as_str()),
        cx.named(NamedLevel::Invite),
    );
    let rule = if power.reaches(&invite) {
        Rule::InviteAllowed
    } else {
        Rule::InviteBelowLevel
    };
    cx.decide(rule).levels(power, invite)
}

/// 5.4.1.2 to 5.4.1.8: an identity server vouches for the user.
fn third_party<S: StateView>(
    cx: &Context<'_, S>,
    target: &str,
    invite: &ThirdPartyInvite,
) -> Decision {
    // 5.4.1.2
    let Some(signed) = &invite.signed else {
        return cx.decide(Rule::ThirdPartyNoSigned);
    };
    // 5.4.1.3
    let Signed {
        mxid: Some(mxid),
        token: Some(token),
        invite,
    } = signed
    else {
        return cx.decide(Rule::ThirdPartyIncomplete);
    };
    // 5.4.1.4
    if **mxid != *target {
        return cx.decide(Rule::ThirdPartyOtherUser).about(mxid);
    }
    // 5.4.1.5
    let Some(original) = cx.third_party_invite(token) else {
        return cx.decide(Rule::ThirdPartyUnknownToken).about(token);
    };
    // 5.4.1.6
    if original.sender != cx.event.sender {
        return cx
            .decide(Rule::ThirdPartyOtherSender)
            .because_of(Some(original.id));
    }
    // 5.4.1.7, 5.4.1.8
    let valid = match original.content {
        Content::ThirdPartyInvite(keys) => is_signed(invite, keys),
        _ => false,
    };
    let rule = if valid {
        Rule::ThirdPartyValid
    } else {
        Rule::ThirdPartyUnsigned
    };
    cx.decide(rule).because_of(Some(original.id))
}

/// Whether any of the signatures is by any of the keys.
fn is_signed(invite: &SignedInvite, keys: &InviteKeys) -> bool {
    let keys = keys
        .keys
        .iter()
        .filter_map(|key| VerifyKey::from_bytes(key).ok());
    keys.flat_map(|key| {
        invite
            .signatures
            .iter()
            .map(move |signature| (key, signature))
    })
    .take(MAX_VERIFICATIONS)
    .any(|(key, signature)| key.verify(&invite.message, &Signature::from_bytes(*signature)))
}

/// How often a signature is held against a key. The one signature of an honest invite is held
/// against as many keys as an event can name, some 1,100, and so are a dozen more. But 64 KiB of
/// signatures against 64 KiB of keys would be some 700,000, and take the better part of a minute.
const MAX_VERIFICATIONS: usize = 16_384;
