//! `m.room.join_rules`.

use crate::json::{Object, RawValue, Value};
use crate::version::{JoinRule, RoomVersionRules};

/// The join rule, or `None` where it lets nobody in: a value that this room version gives no
/// meaning. Without a `join_rule` the room is invite-only.
///
/// Spec: [`m.room.join_rules`](https://spec.matrix.org/v1.19/client-server-api/#mroomjoin_rules).
#[must_use]
pub fn join_rule(content: &Object, rules: &RoomVersionRules) -> Option<JoinRule> {
    // What is not text has no more meaning than the empty text.
    let text = content.get("join_rule").map(Value::as_str);
    named(text.map(Option::unwrap_or_default), rules)
}

/// The same of canonical text.
pub(super) fn join_rule_of_canonical(
    content: RawValue<'_>,
    rules: &RoomVersionRules,
) -> Option<JoinRule> {
    let text = content.get("join_rule").map(RawValue::as_str);
    named(text.map(Option::unwrap_or_default).as_deref(), rules)
}

fn named(text: Option<&str>, rules: &RoomVersionRules) -> Option<JoinRule> {
    let Some(text) = text else {
        return Some(JoinRule::Invite);
    };
    JoinRule::ALL
        .into_iter()
        .find(|rule| rule.as_str() == text)
        .filter(|rule| rules.auth.knows(*rule))
}
