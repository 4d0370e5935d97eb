//! Rules that newer room versions no longer have. Section numbers are room version 1's.

use crate::auth::context::Context;
use crate::auth::{Decision, Rule, StateView};
use crate::id::EventId;
use crate::pdu::content::{NamedLevel, Power};

/// Rule 4: `m.room.aliases`.
pub(super) fn aliases<S: StateView>(cx: &Context<'_, S>) -> Decision {
    // 4.1
    let Some(state_key) = cx.event.state_key else {
        return cx.decide(Rule::AliasesNoStateKey);
    };
    // 4.2
    if state_key != cx.event.sender.server_name() {
        return cx.decide(Rule::AliasesOtherServer).about(state_key);
    }
    // 4.3
    cx.decide(Rule::AliasesAllowed)
}

/// Rule 11: `m.room.redaction`.
pub(super) fn redaction<S: StateView>(cx: &Context<'_, S>, power: Power) -> Decision {
    // 11.1
    let redact = cx.named(NamedLevel::Redact);
    if power.reaches(&redact) {
        return cx.decide(Rule::RedactionByLevel).levels(power, redact);
    }
    // 11.2  a redaction that names no event has no domain to share
    let target = cx.event.redacts.and_then(EventId::server_name);
    if target.is_some() && target == cx.event.id.server_name() {
        return cx.decide(Rule::RedactionSameDomain).levels(power, redact);
    }
    // 11.3
    cx.decide(Rule::RedactionNotPermitted).levels(power, redact)
}
