//! What the rules ask of the room state.

use std::cell::OnceCell;

use crate::auth::{Decision, Rule};
use crate::event::EventRef;
use crate::id::EventId;
use crate::pdu::content::{
    AdditionalCreators, Content, Create, Membership, NamedLevel, Power, PowerLevels,
};
use crate::pdu::{CREATE, JOIN_RULES, MEMBER, POWER_LEVELS, THIRD_PARTY_INVITE};
use crate::version::{CreatorRule, Federation, JoinRule, RoomVersionRules};

/// A room state, as the rules read it.
///
/// An implementation answers [`get`](Self::get); it may override the rest where it has a quicker
/// way.
pub trait StateView {
    /// The state event of this type and state key.
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>>;

    /// The create event. In room versions where the room id implies it, it belongs to every
    /// state.
    fn create(&self) -> Option<EventRef<'_>> {
        self.get(CREATE, "")
    }

    /// The join rules.
    fn join_rules(&self) -> Option<EventRef<'_>> {
        self.get(JOIN_RULES, "")
    }

    /// The power levels.
    fn power_levels(&self) -> Option<EventRef<'_>> {
        self.get(POWER_LEVELS, "")
    }

    /// The member event of `user`.
    fn member(&self, user: &str) -> Option<EventRef<'_>> {
        self.get(MEMBER, user)
    }
}

/// One event, one state, and the rules by which the one is held against the other.
pub(super) struct Context<'a, S> {
    pub(super) event: EventRef<'a>,
    pub(super) rules: &'a RoomVersionRules,
    state: &'a S,
    /// Two events that nearly every rule reads, looked up once.
    create: OnceCell<Option<EventRef<'a>>>,
    power_levels: OnceCell<Option<EventRef<'a>>>,
}

/// A user's membership, and the event that says so.
pub(super) struct Member<'a> {
    pub(super) membership: Membership,
    by: Option<&'a EventId>,
}

impl Member<'_> {
    pub(super) fn is_joined(&self) -> bool {
        self.membership == Membership::Join
    }
}

impl Decision {
    pub(super) fn member(self, member: &Member<'_>) -> Self {
        self.membership(member.membership).because_of(member.by)
    }
}

impl<'a, S: StateView> Context<'a, S> {
    pub(super) fn new(event: EventRef<'a>, state: &'a S, rules: &'a RoomVersionRules) -> Self {
        Self {
            event,
            rules,
            state,
            create: OnceCell::new(),
            power_levels: OnceCell::new(),
        }
    }

    fn create_event(&self) -> Option<EventRef<'a>> {
        *self.create.get_or_init(|| self.state.create())
    }

    fn power_levels_event(&self) -> Option<EventRef<'a>> {
        let levels = &self.power_levels;
        *levels.get_or_init(|| self.state.power_levels())
    }

    pub(super) fn decide(&self, rule: Rule) -> Decision {
        Decision::of(rule, self.rules)
    }

    /// A user without a member event is as one who has left.
    pub(super) fn member(&self, user: &str) -> Member<'a> {
        let event = self.state.member(user);
        let membership = match event.map(|event| event.content) {
            Some(Content::Member(member)) => member.membership.unwrap_or(Membership::Unknown),
            Some(_) => Membership::Unknown,
            None => Membership::Leave,
        };
        Member {
            membership: membership.meaning(self.rules),
            by: event.map(|event| event.id),
        }
    }

    /// The create event and its content.
    pub(super) fn create(&self) -> Option<(EventRef<'a>, &'a Create)> {
        let event = self.create_event()?;
        Some((event, create_content(&event)?))
    }

    /// Whether `user` created the room, alone or with others.
    pub(super) fn is_creator(&self, user: &str) -> bool {
        self.create_event()
            .is_some_and(|create| is_creator(user, &create, self.rules))
    }

    /// The power levels event and its content; an event that has none reads as unreadable.
    pub(super) fn power_levels(&self) -> Option<(&'a EventId, Option<&'a PowerLevels>)> {
        let event = self.power_levels_event()?;
        match event.content {
            Content::PowerLevels(levels) => Some((event.id, Some(levels))),
            _ => Some((event.id, None)),
        }
    }

    /// The power of `user`.
    pub(super) fn power(&self, user: &str) -> Power {
        power(
            user,
            self.power_levels_event(),
            self.create_event(),
            self.rules,
        )
    }

    /// What a named level stands for in this state.
    pub(super) fn named(&self, name: NamedLevel) -> Power {
        match self.power_levels() {
            Some((_, Some(levels))) => levels.named(name),
            Some((_, None)) => Power::Unreadable,
            None => name.default_level().into(),
        }
    }

    /// The *required power level* of the event.
    pub(super) fn required(&self) -> Power {
        let is_state = self.event.state_key.is_some();
        match self.power_levels() {
            Some((_, Some(levels))) => levels.required(self.event.event_type, is_state),
            Some((_, None)) => Power::Unreadable,
            None if is_state => NamedLevel::StateDefault.default_level().into(),
            None => NamedLevel::EventsDefault.default_level().into(),
        }
    }

    /// The join rule, `None` where it lets nobody in; and the event that says so.
    pub(super) fn join_rule(&self) -> (Option<JoinRule>, Option<&'a EventId>) {
        match self.state.join_rules() {
            None => (Some(JoinRule::Invite), None),
            Some(event) => match event.content {
                Content::JoinRules(rule) => (*rule, Some(event.id)),
                _ => (None, Some(event.id)),
            },
        }
    }

    /// The third-party invite of this token.
    pub(super) fn third_party_invite(&self, token: &str) -> Option<EventRef<'a>> {
        self.state.get(THIRD_PARTY_INVITE, token)
    }

    /// Rule 4.
    pub(super) fn federation_objection(&self) -> Option<Decision> {
        let (event, create) = self.create()?;
        if create.federates {
            return None;
        }
        let home = event.sender.server_name();
        let target = self
            .event
            .state_key
            .filter(|_| self.event.event_type == MEMBER)
            .filter(|_| self.rules.readings.federation == Federation::SendersAndTargets)
            .and_then(|user| user.split_once(':'))
            .map(|(_, server)| server);
        let foreigner = [Some(self.event.sender.server_name()), target]
            .into_iter()
            .flatten()
            .find(|server| *server != home)?;
        Some(
            self.decide(Rule::NotFederated)
                .about(foreigner)
                .because_of(Some(event.id)),
        )
    }
}

/// The power of `user` where these are the power levels event and the create event of a state.
///
/// Creators have infinite power in room versions that say so. Without power levels the creator
/// has level 100 in the others, and everybody else 0. O(log n) in the number of users listed.
///
/// Spec: [`m.room.power_levels`][levels].
///
/// [levels]: https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels
#[must_use]
pub fn power(
    user: &str,
    power_levels: Option<EventRef<'_>>,
    create: Option<EventRef<'_>>,
    rules: &RoomVersionRules,
) -> Power {
    let creator = || create.is_some_and(|create| is_creator(user, &create, rules));
    if rules.auth.creator == CreatorRule::SenderAndAdditional && creator() {
        return Power::Infinite;
    }
    match power_levels.map(|event| event.content) {
        Some(Content::PowerLevels(levels)) => levels.of_user(user),
        Some(_) => Power::Unreadable,
        None if creator() => CREATOR_LEVEL.into(),
        None => NamedLevel::UsersDefault.default_level().into(),
    }
}

fn create_content<'a>(create: &EventRef<'a>) -> Option<&'a Create> {
    match create.content {
        Content::Create(content) => Some(content),
        _ => None,
    }
}

fn is_creator(user: &str, create: &EventRef<'_>, rules: &RoomVersionRules) -> bool {
    let Some(content) = create_content(create) else {
        return false;
    };
    let sent = create.sender.as_str() == user;
    match rules.auth.creator {
        CreatorRule::Content => content.creator.as_deref() == Some(user),
        CreatorRule::Sender => sent,
        CreatorRule::SenderAndAdditional => {
            sent || matches!(&content.additional_creators,
                AdditionalCreators::Users(users) if users.binary_search_by(|id| id.as_str().cmp(user)).is_ok())
        }
    }
}

/// The creator's level in a room without power levels, before creators had infinite power.
const CREATOR_LEVEL: i64 = 100;
