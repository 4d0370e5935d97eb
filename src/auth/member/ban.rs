//! Rule 5.6: `membership` is `ban`.

use crate::auth::context::Context;
use crate::auth::{Decision, Rule, StateView};
use crate::pdu::content::NamedLevel;

pub(super) fn check<S: StateView>(cx: &Context<'_, S>, target: &str) -> Decision {
    // 5.6.1
    let sender = cx.member(cx.event.sender.as_str());
    if !sender.is_joined() {
        return cx.decide(Rule::BanSenderNotJoined).member(&sender);
    }
    // 5.6.2, 5.6.3
    let power = cx.power(cx.event.sender.as_str());
    let (target_power, ban) = (cx.power(target), cx.named(NamedLevel::Ban));
    let rule = if power.reaches(&ban) && power.exceeds(&target_power) {
        Rule::BanAllowed
    } else {
        Rule::BanNotPermitted
    };
    cx.decide(rule).levels(power, ban).against(target_power)
}
