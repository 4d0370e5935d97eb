//! Rule 5.7: `membership` is `knock`.

use crate::auth::context::Context;
use crate::auth::{Decision, Rule, StateView};
use crate::pdu::content::Membership;
use crate::version::JoinRule;

pub(super) fn check<S: StateView>(cx: &Context<'_, S>, target: &str) -> Decision {
    // 5.7.1
    let (join_rule, by) = cx.join_rule();
    if !matches!(join_rule, Some(JoinRule::Knock | JoinRule::KnockRestricted)) {
        return cx.decide(Rule::KnockNotEnabled).because_of(by);
    }
    // 5.7.2
    if cx.event.sender.as_str() != target {
        return cx.decide(Rule::KnockSenderIsNotTarget).about(target);
    }
    // 5.7.3, 5.7.4
    let member = cx.member(target);
    let rule = match member.membership {
        Membership::Ban | Membership::Invite | Membership::Join => Rule::KnockNotPossible,
        _ => Rule::KnockAllowed,
    };
    cx.decide(rule).member(&member)
}
