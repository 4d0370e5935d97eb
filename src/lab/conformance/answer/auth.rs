//! The authorisation rules, on symbolic events.

use crate::auth::{self, AuthEvent, Decision, Outcome, Rule, StateView};
use crate::event::{Event, EventRef};
use crate::id::EventId;
use crate::json::{Object, Value};
use crate::lab::conformance::FileError;
use crate::lab::conformance::answer::{NoAnswer, with_readings};
use crate::lab::conformance::fields::{list, object, texts};
use crate::lab::conformance::symbolic::symbolic_event;
use crate::replay::{Replay, ReplayOptions};
use crate::timeline::Check;
use crate::version::RoomVersionRules;

pub(super) fn answer(input: &Object, rules: &RoomVersionRules) -> Result<Object, NoAnswer> {
    let rules = with_readings(input, rules)?;
    let event = symbolic_event(object(input, "event")?, &rules)?;
    if input.contains_key("room") {
        return replayed(events(input, "room", &rules)?, event, &rules);
    }
    let decision = if input.contains_key("auth_events") {
        by_auth_events(input, &event, &rules)?
    } else {
        let state = events(input, "state", &rules)?;
        auth::check(&event.as_ref(), &State(&state), &rules)
    };
    Ok(told(decision.rule, Some(decision.number)))
}

fn told(rule: Rule, number: Option<&str>) -> Object {
    let mut answer = Object::new();
    let is_allowed = rule.outcome() == Outcome::Allow;
    answer.insert("verdict", if is_allowed { "allow" } else { "reject" });
    answer.insert("rule", rule.name());
    answer.insert("number", number.map_or(Value::Null, Value::from));
    answer
}

pub(super) fn verdict(decision: &Decision) -> &'static str {
    if decision.is_allowed() {
        "allow"
    } else {
        "reject"
    }
}

fn by_auth_events(
    input: &Object,
    event: &Event,
    rules: &RoomVersionRules,
) -> Result<Decision, NoAnswer> {
    let cited = events(input, "auth_events", rules)?;
    let known = if input.contains_key("state") {
        events(input, "state", rules)?
    } else {
        Vec::new()
    };
    let rejected = if input.contains_key("rejected") {
        texts(input, "rejected")?
    } else {
        Vec::new()
    };
    let judged = |event| -> AuthEvent<'_> {
        let event = Event::as_ref(event);
        AuthEvent {
            event,
            rejected: rejected.contains(&event.id.as_str()),
        }
    };
    // Where the room id implies the create event, nobody cites it, but everybody rests on it.
    let room = event.as_ref().room_id.as_str();
    let implied = |event: &&Event| event.id().as_str().get(1..) == room.get(1..);
    let create = known.iter().find(implied).map(judged);
    let cited: Vec<AuthEvent<'_>> = cited.iter().map(judged).collect();
    Ok(auth::check_by_auth_events(
        &event.as_ref(),
        &cited,
        create,
        rules,
    ))
}

/// The decision on an event of a whole room.
fn replayed(
    mut room: Vec<Event>,
    event: Event,
    rules: &RoomVersionRules,
) -> Result<Object, NoAnswer> {
    let id = event.id().clone();
    room.push(event);
    let replay = Replay::run(room, rules, ReplayOptions::of(rules), |_| {});
    let broken = |id: &EventId| NoAnswer::Premise {
        id: id.as_str().into(),
    };
    let node = replay.dag().node(&id).ok_or_else(|| broken(&id))?;
    for other in replay.order().iter().filter(|other| **other != node) {
        let verdict = replay.verdict(*other);
        if verdict.is_none_or(|verdict| verdict.objection().is_some()) {
            return Err(broken(replay.dag().id(*other).unwrap_or(&id)));
        }
    }
    let verdict = replay.verdict(node).ok_or_else(|| broken(&id))?;
    match (verdict.objection(), &verdict.by_state) {
        (Some(decision), _) => Ok(told(decision.rule, Some(decision.number))),
        (None, Check::Allow(rule)) => Ok(told(*rule, rule.number(rules.auth.numbering))),
        (None, _) => Err(broken(&id)),
    }
}

/// The symbolic events in a list.
pub(super) fn events(
    input: &Object,
    field: &'static str,
    rules: &RoomVersionRules,
) -> Result<Vec<Event>, FileError> {
    list(input, field)?
        .map(Value::as_object)
        .map(|event| symbolic_event(event.ok_or(FileError::Field { field })?, rules))
        .collect()
}

/// A state as a list of events.
#[derive(Debug)]
pub(super) struct State<'a>(pub(super) &'a [Event]);

impl StateView for State<'_> {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        let mut events = self.0.iter().map(Event::as_ref);
        events.find(|e| e.event_type == event_type && e.state_key == Some(state_key))
    }
}
