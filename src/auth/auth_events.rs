//! Rules 2 and 3: the room id and the list of `auth_events`.

use crate::auth::{Decision, Rule, StateView, check, selection};
use crate::event::EventRef;
use crate::pdu::CREATE;
use crate::version::{CreateReference, RoomIdFormat, RoomVersionRules};

/// An event that another event cites in its `auth_events`.
#[derive(Clone, Copy, Debug)]
pub struct AuthEvent<'a> {
    /// The event.
    pub event: EventRef<'a>,
    /// Whether it was rejected.
    pub rejected: bool,
}

/// Judges an event by its own `auth_events`: receipt check 4, the whole list of rules.
///
/// `auth_events` are the events that it cites, all of them and as often as it cites them, in its
/// order; the caller has found every one (an unknown one is a gap to fill, not a reason to
/// reject). `create` is the create event that the room id stands for; it matters only in room
/// versions where the room id is made from it, where events do not cite it.
///
/// Costs a constant number of look-ups in a list of at most as many entries as there are
/// `auth_events`.
///
/// Spec: [authorisation rules](https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules).
pub fn check_by_auth_events(
    event: &EventRef<'_>,
    auth_events: &[AuthEvent<'_>],
    create: Option<AuthEvent<'_>>,
    rules: &RoomVersionRules,
) -> Decision {
    let implied = create.filter(|_| rules.auth.create_reference == CreateReference::Forbidden);
    let state = CitedState {
        auth_events,
        create: implied.map(|create| create.event),
    };
    if let Some(reject) = auth_events_objection(event, auth_events, create, rules) {
        return reject;
    }
    check(event, &state, rules)
}

/// The part of the list that needs no room state: what it has against the room id and against the
/// `auth_events` themselves. `None` if nothing, or if the event is a create event, which has
/// neither. The arguments are those of [`check_by_auth_events`].
///
/// At most quadratic in the number of `auth_events`, of which the event format allows ten.
///
/// Spec: rules 2 and 3 of the
/// [authorisation rules](https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules).
#[must_use]
pub fn auth_events_objection(
    event: &EventRef<'_>,
    auth_events: &[AuthEvent<'_>],
    create: Option<AuthEvent<'_>>,
    rules: &RoomVersionRules,
) -> Option<Decision> {
    if event.event_type == CREATE {
        return None;
    }
    let decide = |rule: Rule| Decision::of(rule, rules);
    // 2
    if rules.room_id == RoomIdFormat::CreateHash {
        let accepted = create.is_some_and(|create| {
            !create.rejected
                && (create.event.event_type, create.event.state_key) == (CREATE, Some(""))
                && create.event.id.as_str().get(1..) == event.room_id.as_str().get(1..)
        });
        if !accepted {
            return Some(decide(Rule::RoomIdNotOfCreate).about(event.room_id.as_str()));
        }
    }
    let object =
        |rule: Rule, cited: &AuthEvent<'_>| Some(decide(rule).because_of(Some(cited.event.id)));
    // 3.1
    for (index, cited) in auth_events.iter().enumerate() {
        if auth_events
            .iter()
            .take(index)
            .any(|earlier| same_key(&earlier.event, &cited.event))
        {
            return object(Rule::AuthEventsDuplicate, cited);
        }
    }
    // 3.2
    let selection = selection(event, rules);
    let expected = |cited: &EventRef<'_>| {
        cited
            .state_key
            .is_some_and(|state_key| selection.contains(cited.event_type, state_key))
    };
    if let Some(cited) = auth_events.iter().find(|cited| !expected(&cited.event)) {
        return object(Rule::AuthEventsUnexpected, cited);
    }
    // 3.3
    if let Some(cited) = auth_events.iter().find(|cited| cited.rejected) {
        return object(Rule::AuthEventsRejected, cited);
    }
    // 2.4 up to version 11
    if rules.auth.create_reference == CreateReference::Required
        && !auth_events
            .iter()
            .any(|cited| cited.event.event_type == CREATE)
    {
        return Some(decide(Rule::AuthEventsNoCreate));
    }
    // 3.4
    if let Some(cited) = auth_events
        .iter()
        .find(|cited| cited.event.room_id != event.room_id)
    {
        return object(Rule::AuthEventsOtherRoom, cited);
    }
    None
}

fn same_key(a: &EventRef<'_>, b: &EventRef<'_>) -> bool {
    a.event_type == b.event_type && a.state_key == b.state_key
}

/// The room state that an event's own `auth_events` make up.
struct CitedState<'a> {
    auth_events: &'a [AuthEvent<'a>],
    create: Option<EventRef<'a>>,
}

impl StateView for CitedState<'_> {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        let cited = self.auth_events.iter().map(|cited| cited.event);
        cited
            .chain(self.create)
            .find(|event| event.event_type == event_type && event.state_key == Some(state_key))
    }
}
