//! The authorisation rules: who may do what in a room.
//!
//! A rule judges one event against one set of state events, and says allow or reject. It never
//! fails: whatever is wrong with the event is a reason to reject it. The specification prints the
//! rules as one numbered list per room version, and this module is that list:
//!
//! | of the list                             | here                                  |
//! |-----------------------------------------|---------------------------------------|
//! | all of it, on the event's `auth_events` | [`check_by_auth_events`]              |
//! | what depends on a room state            | [`check`]                             |
//! | what does not                           | [`auth_events_objection`]             |
//! | a rule, and its number in each printing | [`Rule`]                              |
//! | auth events selection                   | [`selection`]                         |
//! | `m.room.create` (1)                     | `create`                              |
//! | the room id and `auth_events` (2, 3)    | `auth_events`                         |
//! | `m.room.member` (5)                     | `member`, a file for each membership  |
//! | `m.room.power_levels` (10)              | `power_levels`                        |
//! | rules of old room versions              | `legacy`                              |
//!
//! Section numbers in comments are those of room version 12, the last printing, except in
//! `legacy`. The files stand in the list's order, one early return for each clause.
//!
//! Reads [`event`](crate::event), [`pdu::content`](crate::pdu::content).
//! Spec: <https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules>

mod auth_events;
mod context;
mod create;
mod decision;
mod legacy;
mod member;
mod power_levels;
mod rule;
mod select;

pub use self::auth_events::{AuthEvent, auth_events_objection, check_by_auth_events};
pub use self::context::{StateView, power};
pub use self::decision::{Decision, Evidence};
pub use self::rule::{Outcome, Rule};
pub use self::select::{Selection, selection};

use crate::auth::context::Context;
use crate::effort::{self, Step};
use crate::event::EventRef;
use crate::pdu::content::NamedLevel;
use crate::pdu::{ALIASES, CREATE, MEMBER, POWER_LEVELS, REDACTION, THIRD_PARTY_INVITE};
use crate::version::{AliasRule, RedactionRule, RoomVersionRules};

/// Judges an event against a room state: receipt checks 5 and 6, and the iterative auth checks of
/// state resolution.
///
/// These are the rules that depend on the state: all but those about `auth_events` and, where the
/// room id is made from the create event, about the room id. Rule 1, which needs no state, is
/// among them, so that a create event gets its verdict here too.
///
/// O(log n) in the size of the power levels; for `m.room.power_levels` events, linear in it. The
/// number of look-ups in `state` is bounded by a constant.
///
/// Spec: [authorisation rules](https://spec.matrix.org/v1.19/server-server-api/#authorisation-rules).
pub fn check(event: &EventRef<'_>, state: &impl StateView, rules: &RoomVersionRules) -> Decision {
    effort::step(Step::Check);
    let cx = Context::new(*event, state, rules);
    // 1
    if event.event_type == CREATE {
        return create::check(&cx);
    }
    // 4
    if let Some(reject) = cx.federation_objection() {
        return reject;
    }
    // 4 of versions 1 to 5
    if event.event_type == ALIASES && rules.auth.aliases == AliasRule::OwnServer {
        return legacy::aliases(&cx);
    }
    // 5
    if event.event_type == MEMBER {
        return member::check(&cx);
    }
    // 6
    let sender = cx.member(event.sender.as_str());
    if !sender.is_joined() {
        return cx.decide(Rule::SenderNotJoined).member(&sender);
    }
    let power = cx.power(event.sender.as_str());
    // 7
    if event.event_type == THIRD_PARTY_INVITE {
        let invite = cx.named(NamedLevel::Invite);
        let rule = if power.reaches(&invite) {
            Rule::ThirdPartyInviteAllowed
        } else {
            Rule::ThirdPartyInviteBelowLevel
        };
        return cx.decide(rule).levels(power, invite);
    }
    // 8
    let required = cx.required();
    if !power.reaches(&required) {
        return cx.decide(Rule::BelowRequiredLevel).levels(power, required);
    }
    // 9
    let state_key = event.state_key.unwrap_or_default();
    if state_key.starts_with('@') && state_key != event.sender.as_str() {
        return cx.decide(Rule::StateKeyOfOther).about(state_key);
    }
    // 10
    if event.event_type == POWER_LEVELS {
        return power_levels::check(&cx, power);
    }
    // 11 of versions 1 and 2
    if event.event_type == REDACTION && rules.auth.redactions == RedactionRule::LevelOrDomain {
        return legacy::redaction(&cx, power);
    }
    // 11
    cx.decide(Rule::Allowed).levels(power, required)
}
