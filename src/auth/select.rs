//! Auth events selection: which state events an event must, and may, cite.

use crate::event::EventRef;
use crate::pdu::content::{Authoriser, Content, Member, Membership};
use crate::pdu::{CREATE, JOIN_RULES, MEMBER, POWER_LEVELS, THIRD_PARTY_INVITE};
use crate::version::{CreateReference, JoinRule, RoomVersionRules};

/// The `(type, state_key)` pairs that auth events selection names for an event, each once.
#[derive(Clone, Debug, Default)]
pub struct Selection<'a> {
    keys: [Option<(&'static str, &'a str)>; 7],
}

impl<'a> Selection<'a> {
    /// The pairs: create, power levels, sender, then what a member event adds.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'a str)> {
        self.keys.iter().copied().flatten()
    }

    /// Whether an event of this type and state key may be cited.
    #[must_use]
    pub fn contains(&self, event_type: &str, state_key: &str) -> bool {
        self.iter().any(|key| key == (event_type, state_key))
    }
}

/// The state events that give `event` its permission, by type and state key.
///
/// For a create event there are none.
///
/// Spec: [auth events selection][selection].
///
/// [selection]: https://spec.matrix.org/v1.19/server-server-api/#auth-events-selection
#[must_use]
pub fn selection<'a>(event: &EventRef<'a>, rules: &RoomVersionRules) -> Selection<'a> {
    if event.event_type == CREATE {
        return Selection::default();
    }
    let create = rules.auth.create_reference == CreateReference::Required;
    let sender = event.sender.as_str();
    let mut keys = [None; 7];
    let [
        k_create,
        k_levels,
        k_sender,
        k_target,
        k_join_rules,
        k_invite,
        k_authoriser,
    ] = &mut keys;
    *k_create = create.then_some((CREATE, ""));
    *k_levels = Some((POWER_LEVELS, ""));
    *k_sender = Some((MEMBER, sender));
    if event.event_type == MEMBER
        && let (Some(target), Content::Member(member)) = (event.state_key, event.content)
    {
        let membership = member.membership;
        *k_target = (target != sender).then_some((MEMBER, target));
        let needs_join_rule = matches!(
            membership,
            Some(Membership::Join | Membership::Invite | Membership::Knock)
        );
        *k_join_rules = needs_join_rule.then_some((JOIN_RULES, ""));
        if membership == Some(Membership::Invite) {
            *k_invite = token(member).map(|token| (THIRD_PARTY_INVITE, token));
        }
        if membership == Some(Membership::Join) && rules.auth.knows(JoinRule::Restricted) {
            *k_authoriser = match member.authoriser() {
                Some(Authoriser::Named(user)) if **user != *sender && **user != *target => {
                    Some((MEMBER, &**user))
                }
                _ => None,
            };
        }
    }
    Selection { keys }
}

fn token(member: &Member) -> Option<&str> {
    member
        .third_party_invite()?
        .signed
        .as_ref()?
        .token
        .as_deref()
}
