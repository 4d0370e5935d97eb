//! `m.room.join_rules`.

use crate::json::{Object, Value};
use crate::version::{JoinRule, RoomVersionRules};

/// The join rule, or `None` where it lets nobody in: a value that this room version gives no
/// meaning. Without a `join_rule` the room is invite-only.
///
/// Spec: [`m.room.join_rules`](https://spec.matrix.org/v1.19/client-server-api/#mroomjoin_rules).
#[must_use]
pub fn join_rule(content: &Object, rules: &RoomVersionRules) -> Option<JoinRule> {
    match content.get("join_rule") {
        None => Some(JoinRule::Invite),
        Some(Value::String(text)) => JoinRule::ALL
            .into_iter()
            .find(|rule| rule.as_str() == text.as_str())
            .filter(|rule| rules.auth.knows(*rule)),
        Some(_) => None,
    }
}
