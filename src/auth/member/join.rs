//! Rule 5.3: `membership` is `join`.

use crate::auth::context::Context;
use crate::auth::{Decision, Rule, StateView};
use crate::event::PrevEvents;
use crate::pdu::content::{Authoriser, Member, Membership, NamedLevel};
use crate::version::{CreatorRule, JoinRule};

pub(super) fn check<S: StateView>(cx: &Context<'_, S>, target: &str, event: &Member) -> Decision {
    // 5.3.1
    if is_first_join(cx, target) {
        return cx.decide(Rule::JoinFirstMember);
    }
    // 5.3.2
    if cx.event.sender.as_str() != target {
        return cx.decide(Rule::JoinSenderIsNotTarget).about(target);
    }
    let member = cx.member(target);
    // 5.3.3
    if member.membership == Membership::Ban {
        return cx.decide(Rule::JoinBanned).member(&member);
    }
    let is_expected = matches!(member.membership, Membership::Invite | Membership::Join);
    let (join_rule, by) = cx.join_rule();
    match join_rule {
        // 5.3.4
        Some(JoinRule::Invite | JoinRule::Knock) if is_expected => {
            cx.decide(Rule::JoinWasInvited).member(&member)
        }
        // 5.3.5.1
        Some(JoinRule::Restricted | JoinRule::KnockRestricted) if is_expected => {
            cx.decide(Rule::JoinRestrictedMember).member(&member)
        }
        // 5.3.5.2, 5.3.5.3
        Some(JoinRule::Restricted | JoinRule::KnockRestricted) => authorised(cx, event),
        // 5.3.6
        Some(JoinRule::Public) => cx.decide(Rule::JoinPublic).because_of(by),
        // 5.3.7
        _ => cx
            .decide(Rule::JoinNotPermitted)
            .membership(member.membership)
            .because_of(by),
    }
}

/// 5.3.1: the creator, and only the one who sent the create event, comes straight after it.
fn is_first_join<S: StateView>(cx: &Context<'_, S>, target: &str) -> bool {
    let Some((create, content)) = cx.create() else {
        return false;
    };
    let creator = match cx.rules.auth.creator {
        CreatorRule::Content => content.creator.as_deref(),
        CreatorRule::Sender | CreatorRule::SenderAndAdditional => Some(create.sender.as_str()),
    };
    cx.event.prev_events == PrevEvents::One(create.id) && creator == Some(target)
}

/// 5.3.5.2 and 5.3.5.3: a member who may invite must have authorised the join.
fn authorised<S: StateView>(cx: &Context<'_, S>, event: &Member) -> Decision {
    let Some(Authoriser::Named(authoriser)) = event.authoriser() else {
        return cx.decide(Rule::JoinNoAuthoriser);
    };
    let member = cx.member(authoriser);
    if !member.is_joined() {
        return cx
            .decide(Rule::JoinNoAuthoriser)
            .about(authoriser)
            .member(&member);
    }
    let (power, invite) = (cx.power(authoriser), cx.named(NamedLevel::Invite));
    let rule = if power.reaches(&invite) {
        Rule::JoinAuthorised
    } else {
        Rule::JoinNoAuthoriser
    };
    cx.decide(rule).about(authoriser).levels(power, invite)
}
