//! What the rules read of an event's content, parsed once.
//!
//! Five event types affect authorisation. Of each, only the fields that some rule reads are
//! kept, in the form in which the rule reads them; a field of the wrong type is a value of its
//! own here, because rejecting it is the business of the rule that stumbles over it.
//!
//! Two more decide what a server does with an event once it is authorised: who may see it
//! ([`HistoryVisibility`]), and whose signature it should have besides ([`PolicyServer`]). To
//! authorisation and to state resolution they are as any other state.
//!
//! Spec: <https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules>

mod create;
mod history_visibility;
mod join_rules;
mod level;
mod member;
mod policy_server;
mod power_levels;
mod stored;
mod third_party_invite;

pub use self::create::{AdditionalCreators, Create, NamedVersion};
pub use self::history_visibility::HistoryVisibility;
pub use self::join_rules::join_rule;
pub use self::level::{Level, Power};
pub(crate) use self::member::AUTHORISER;
pub use self::member::{Authoriser, Member, Membership, Signed, SignedInvite, ThirdPartyInvite};
pub use self::policy_server::PolicyServer;
pub use self::power_levels::{LevelDefect, LevelMap, NamedLevel, PowerLevels, StatedLevel};
pub use self::third_party_invite::InviteKeys;

use serde::{Deserialize, Serialize};

use self::join_rules::join_rule_of_canonical;
use crate::json::{CanonicalObject, Object, Value};
use crate::pdu::{
    CREATE, HISTORY_VISIBILITY, JOIN_RULES, MEMBER, POLICY, POWER_LEVELS, THIRD_PARTY_INVITE,
};
use crate::version::{JoinRule, RoomVersionRules};

/// The typed content of an event.
///
/// Small to move: whatever is large is behind a pointer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// An event of which the rules read no content.
    #[default]
    Other,
    /// `m.room.create`.
    Create(Box<Create>),
    /// `m.room.history_visibility`.
    HistoryVisibility(HistoryVisibility),
    /// `m.room.join_rules`: the join rule, `None` where it lets nobody in.
    JoinRules(Option<JoinRule>),
    /// `m.room.member`.
    Member(Member),
    /// `m.room.policy`: the policy server that it names, `None` where it is not valid.
    Policy(Option<Box<PolicyServer>>),
    /// `m.room.power_levels`.
    PowerLevels(Box<PowerLevels>),
    /// `m.room.third_party_invite`.
    ThirdPartyInvite(Box<InviteKeys>),
}

/// The event types of which the rules read some content.
const READ_TYPES: [&str; 7] = [
    CREATE,
    HISTORY_VISIBILITY,
    JOIN_RULES,
    MEMBER,
    POLICY,
    POWER_LEVELS,
    THIRD_PARTY_INVITE,
];

impl Content {
    /// Parses the content of an event.
    ///
    /// What has a meaning to the rules is a state event; of a message event of the same type
    /// nothing is read, but for `m.room.create`, `m.room.member` and `m.room.power_levels`, which
    /// have rules of their own whatever they are.
    #[must_use]
    pub fn of(event: &Object, event_type: &str, is_state: bool, rules: &RoomVersionRules) -> Self {
        match event.get("content").and_then(|value| value.as_object()) {
            None => Self::Other,
            Some(content) => Self::read(content, event_type, is_state, rules),
        }
    }

    /// The same of an event in canonical JSON. No content is looked into but of those types.
    #[must_use]
    pub(crate) fn of_canonical(
        event: &CanonicalObject,
        event_type: &str,
        is_state: bool,
        rules: &RoomVersionRules,
    ) -> Self {
        if !READ_TYPES.contains(&event_type) {
            return Self::Other;
        }
        let Some(content) = event.get("content").filter(|content| content.is_object()) else {
            return Self::Other;
        };
        match event_type {
            MEMBER => Self::Member(Member::of_canonical(content)),
            JOIN_RULES if is_state => Self::JoinRules(join_rule_of_canonical(content, rules)),
            HISTORY_VISIBILITY if is_state => {
                Self::HistoryVisibility(HistoryVisibility::of_canonical(content))
            }
            POWER_LEVELS => Self::PowerLevels(Box::new(PowerLevels::of_canonical(content, rules))),
            // Rare, and read in many places.
            CREATE | POLICY | THIRD_PARTY_INVITE => match content.to_value() {
                Value::Object(content) => Self::read(&content, event_type, is_state, rules),
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }

    fn read(content: &Object, event_type: &str, is_state: bool, rules: &RoomVersionRules) -> Self {
        match event_type {
            CREATE => Self::Create(Box::new(Create::of(content))),
            MEMBER => Self::Member(Member::of(content)),
            POWER_LEVELS => Self::PowerLevels(Box::new(PowerLevels::of(content, rules))),
            JOIN_RULES if is_state => Self::JoinRules(join_rule(content, rules)),
            HISTORY_VISIBILITY if is_state => {
                Self::HistoryVisibility(HistoryVisibility::of(content))
            }
            POLICY if is_state => Self::Policy(PolicyServer::of(content).map(Box::new)),
            THIRD_PARTY_INVITE if is_state => {
                Self::ThirdPartyInvite(Box::new(InviteKeys::of(content)))
            }
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::pdu::content::Content;

    #[test]
    fn a_content_takes_two_words() {
        assert_eq!(size_of::<Content>(), 2 * size_of::<usize>());
    }
}
