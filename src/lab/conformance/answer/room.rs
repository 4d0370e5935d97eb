//! Whole rooms.

use crate::crypto::{self, unverified};
use crate::id::EventId;
use crate::json::{Object, Value};
use crate::lab::conformance::answer::receive::opened;
use crate::lab::conformance::answer::{NoAnswer, list, rows};
use crate::lab::conformance::fields::{self, opt_object, text, texts, wire};
use crate::lab::conformance::{FileError, keys};
use crate::limits::Limits;
use crate::pdu::{CREATE, Pdu};
use crate::replay::{Refusal, Replay, ReplayOptions};
use crate::resolve::{Options, Resolution, resolve};
use crate::room::{NoRedaction, RedactionOutcome, RedactionReason};
use crate::state::StateMap;
use crate::timeline::{Status, Verdict};
use crate::version::RoomVersionRules;

/// Without `server_keys` nobody looks at signatures.
pub(super) fn answer(input: &Object, rules: &RoomVersionRules) -> Result<Object, NoAnswer> {
    let limits = Limits::default();
    let ring = match opt_object(input, "server_keys") {
        Some(servers) => Some(keys::key_ring(servers)?),
        None => None,
    };
    let mut verdicts = Object::new();
    let mut events = Vec::new();
    for event in fields::list(input, "events")? {
        let Ok(pdu) = Pdu::parse(&wire(event, "events")?, rules, &limits) else {
            continue;
        };
        let event = match &ring {
            Some(ring) => {
                let id = crypto::event_id(&pdu, rules);
                let verified = crypto::verify(pdu, rules, ring, keys::now(input), &limits);
                let Ok(event) = verified else {
                    verdicts.insert(id.as_str(), "dropped");
                    continue;
                };
                event
            }
            None => unverified(pdu, rules),
        };
        events.push(event);
    }
    let replay = Replay::run(events, rules, ReplayOptions::of(rules), |_| {});
    let id = |node| replay.dag().id(node).map_or("", EventId::as_str);
    for node in replay.dag().events() {
        let verdict = match replay.verdict(node).map(Verdict::status) {
            Some(Status::Accepted) => "accepted",
            Some(Status::Rejected) => "rejected",
            Some(Status::SoftFailed) => "soft_failed",
            Some(Status::Waiting) => "waiting",
            None => "dropped",
        };
        verdicts.insert(id(node), verdict);
    }
    let refused = replay.refused().iter();
    for refused in refused.filter(|refused| refused.refusal == Refusal::Cycle) {
        verdicts.insert(refused.event.as_str(), "dropped");
    }
    let mut answer = Object::from_iter([("verdicts", verdicts)]);
    let resolution = if input.contains_key("heads") {
        state_at(&replay, &texts(input, "heads")?)?
    } else {
        replay.current_state().ok()
    };
    if let Some(resolution) = resolution {
        let keys = replay.dag().keys();
        let state = resolution.state.iter();
        let state = state.filter_map(|(key, node)| Some((keys.resolve(key)?, id(node))));
        answer.insert("state", rows(state));
    }
    let mut extremities: Vec<&str> = replay.extremities().iter().map(|node| id(*node)).collect();
    extremities.sort_unstable();
    answer.insert("extremities", list(extremities));
    Ok(answer)
}

/// The state after these events.
fn state_at(replay: &Replay, heads: &[&str]) -> Result<Option<Resolution>, FileError> {
    let states = heads.iter().map(|id| {
        let node = replay.dag().node(id);
        let state = node.and_then(|node| replay.state_after(node));
        state.cloned().ok_or(FileError::Field { field: "heads" })
    });
    let states: Vec<StateMap> = states.collect::<Result<_, _>>()?;
    let options = Options::of(replay.rules());
    Ok(resolve(replay.dag(), &states, replay.rules(), &options).ok())
}

/// The events come in the order of the list, in which the create event is.
pub(super) fn redaction_applies(
    input: &Object,
    rules: &RoomVersionRules,
) -> Result<Object, NoAnswer> {
    let mut events = Vec::new();
    for event in fields::list(input, "events")? {
        events.push(wire(event, "events")?);
    }
    let is_create = |bytes: &&Vec<u8>| {
        let pdu = Pdu::parse(bytes, rules, &Limits::default());
        pdu.is_ok_and(|pdu| pdu.event_type() == CREATE)
    };
    let create = events.iter().find(is_create);
    let create = create.ok_or(FileError::Field { field: "events" })?;
    let ring = keys::key_ring(fields::object(input, "server_keys")?)?;
    let now = keys::now(input);
    let Ok((mut room, _)) = opened(create, rules, &ring, now) else {
        return Err(FileError::Field { field: "events" }.into());
    };
    for event in &events {
        let _ = room.receive(event, &ring, now);
    }
    let redaction = EventId::from_trusted(text(input, "redaction")?);
    let outcome = room.redaction(&redaction);
    let mut answer = Object::new();
    let applies = matches!(outcome, Some(RedactionOutcome::Applies { .. }));
    answer.insert("applies", applies);
    answer.insert("because", Value::from(because(outcome.as_ref())));
    Ok(answer)
}

fn because(outcome: Option<&RedactionOutcome>) -> &'static str {
    match outcome {
        None => "RedactionUnknown",
        Some(RedactionOutcome::TargetUnknown { .. }) => "TargetUnknown",
        Some(RedactionOutcome::Applies { because, .. }) => match because {
            RedactionReason::Power { .. } => "Power",
            RedactionReason::SameServer => "SameServer",
            RedactionReason::Rules => "Rules",
        },
        Some(RedactionOutcome::DoesNotApply(because)) => match because {
            NoRedaction::NotARedaction => "NotARedaction",
            NoRedaction::NoTarget => "NoTarget",
            NoRedaction::NotAccepted(_) => "NotAccepted",
            NoRedaction::TargetRejected => "TargetRejected",
            NoRedaction::OtherRoom => "OtherRoom",
            NoRedaction::TargetIsCreate => "TargetIsCreate",
            NoRedaction::TargetIsRedaction => "TargetIsRedaction",
            NoRedaction::NotPermitted { .. } => "NotPermitted",
        },
    }
}
