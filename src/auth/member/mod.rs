//! Rule 5: `m.room.member`. Section numbers are room version 12's.

mod ban;
mod invite;
mod join;
mod knock;
mod leave;

use crate::auth::context::Context;
use crate::auth::{Decision, Rule, StateView};
use crate::event::AuthoriserSigned;
use crate::id::UserId;
use crate::pdu::content::{Content, Member, Membership};
use crate::version::{AuthoriserSignature, JoinRule};

pub(super) fn check<S: StateView>(cx: &Context<'_, S>) -> Decision {
    // 5.1
    let (Some(target), Content::Member(member)) = (cx.event.state_key, cx.event.content) else {
        return cx.decide(Rule::MemberIncomplete);
    };
    let Some(membership) = member.membership else {
        return cx.decide(Rule::MemberIncomplete);
    };
    if !UserId::is_loose(target) {
        return cx.decide(Rule::MemberIncomplete).about(target);
    }
    // 5.2
    if let Some(reject) = authoriser_objection(cx, member, membership) {
        return reject;
    }
    match membership.meaning(cx.rules) {
        // 5.3
        Membership::Join => join::check(cx, target, member),
        // 5.4
        Membership::Invite => invite::check(cx, target, member),
        // 5.5
        Membership::Leave => leave::check(cx, target),
        // 5.6
        Membership::Ban => ban::check(cx, target),
        // 5.7
        Membership::Knock => knock::check(cx, target),
        // 5.8
        Membership::Unknown => cx.decide(Rule::MembershipUnknown),
    }
}

/// 5.2: the server of the authorising user must have signed.
fn authoriser_objection<S: StateView>(
    cx: &Context<'_, S>,
    member: &Member,
    membership: Membership,
) -> Option<Decision> {
    member.authoriser()?;
    let concerned = match cx.rules.readings.authoriser_signature {
        AuthoriserSignature::Joins => membership == Membership::Join,
        AuthoriserSignature::AllMemberEvents => true,
    };
    let unsigned = cx.event.authoriser_signature == AuthoriserSigned::Invalid;
    (cx.rules.auth.knows(JoinRule::Restricted) && concerned && unsigned)
        .then(|| cx.decide(Rule::MemberAuthoriserUnsigned))
}
