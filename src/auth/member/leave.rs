//! Rule 5.5: `membership` is `leave`.

use crate::auth::context::Context;
use crate::auth::{Decision, Rule, StateView};
use crate::pdu::content::{Membership, NamedLevel};

pub(super) fn check<S: StateView>(cx: &Context<'_, S>, target: &str) -> Decision {
    let sender = cx.member(cx.event.sender.as_str());
    // 5.5.1
    if cx.event.sender.as_str() == target {
        let can_leave = matches!(
            sender.membership,
            Membership::Invite | Membership::Join | Membership::Knock
        );
        let rule = if can_leave {
            Rule::LeaveOwn
        } else {
            Rule::LeaveNothingToLeave
        };
        return cx.decide(rule).member(&sender);
    }
    // 5.5.2
    if !sender.is_joined() {
        return cx.decide(Rule::KickSenderNotJoined).member(&sender);
    }
    let power = cx.power(cx.event.sender.as_str());
    // 5.5.3
    let member = cx.member(target);
    if member.membership == Membership::Ban {
        let ban = cx.named(NamedLevel::Ban);
        if !power.reaches(&ban) {
            return cx
                .decide(Rule::UnbanBelowBanLevel)
                .member(&member)
                .levels(power, ban);
        }
    }
    // 5.5.4, 5.5.5
    let (target_power, kick) = (cx.power(target), cx.named(NamedLevel::Kick));
    let rule = if power.reaches(&kick) && power.exceeds(&target_power) {
        Rule::KickAllowed
    } else {
        Rule::KickNotPermitted
    };
    cx.decide(rule).levels(power, kick).against(target_power)
}
