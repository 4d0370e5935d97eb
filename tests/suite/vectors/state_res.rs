//! `state-res`: that the order of states does not matter, and that the oracle agrees.

use std::collections::BTreeMap;

use roomdag::event::Event;
use roomdag::id::EventId;
use roomdag::json::{Object, Value};
use roomdag::lab::conformance::{Case, answer, symbolic_event};
use roomdag::resolve::{AuthDifference, Options, Position};
use roomdag::testing::oracle::{Found, Oracle, State};
use roomdag::version::{RoomVersions, StateResolution};

use crate::vectors::fields::{files, list, object, opt_text};
use crate::vectors::own::own;

fn small_rooms() -> Vec<Case> {
    let paths = files("state-res");
    assert!(paths.len() > 80, "only {} rooms", paths.len());
    paths.iter().flat_map(|path| own(path)).collect()
}

#[test]
fn the_order_of_the_states_does_not_matter() {
    for case in small_rooms() {
        let version = case.room_version.as_deref();
        let found = answer(case.question, version, &case.input).unwrap();
        let mut input = case.input.clone();
        let mut states: Vec<Value> = list(&input, "states").cloned().collect();
        states.reverse();
        input.insert("states", states);
        let again = answer(case.question, version, &input).unwrap();
        assert_eq!(found, again, "{}", case.address());
    }
}

#[test]
fn the_oracle_has_the_same_answers() {
    let mut asked = 0;
    for case in small_rooms() {
        let Some(told) = oracle(&case) else { continue };
        asked += 1;
        for (field, expected) in &case.expect {
            if let Some(told) = told.get(field) {
                assert_eq!(told, expected, "{}: {field}", case.address());
            }
        }
    }
    assert!(asked > 300, "only {asked} cases");
}

/// What the oracle says, which knows of no gaps and no rejected events.
fn oracle(case: &Case) -> Option<Object> {
    let rules = RoomVersions::stable_rules(case.room_version.as_deref()?)?;
    let events = list(&case.input, "events").map(|event| {
        let event = symbolic_event(event.as_object().unwrap(), rules).unwrap();
        (event.id().clone(), event)
    });
    let events: BTreeMap<EventId, Event> = events.collect();
    let mut cited = events.values().flat_map(Event::auth_events);
    if case.input.contains_key("rejected") || !cited.all(|id| events.contains_key(id)) {
        return None;
    }
    let mut options = Options::of(rules);
    if case.input.contains_key("options") {
        let changes = object(&case.input, "options");
        match opt_text(changes, "algorithm") {
            None => {}
            Some("v2") => options.algorithm = StateResolution::V2,
            Some("v2.1") => options.algorithm = StateResolution::V2_1,
            Some(other) => panic!("{other}"),
        }
        if opt_text(changes, "auth_difference") == Some("exclusive") {
            options.auth_difference = AuthDifference::Exclusive;
        }
    }
    let state = |ids: &Value| -> State {
        let ids = ids.as_array().unwrap().iter();
        ids.map(|id| {
            let event = events[&EventId::from_trusted(id.as_str().unwrap())].as_ref();
            let state_key = event.state_key.unwrap().to_owned();
            ((event.event_type.to_owned(), state_key), event.id.clone())
        })
        .collect()
    };
    let states: Vec<State> = list(&case.input, "states").map(state).collect();
    let oracle = Oracle {
        events: &events,
        rules,
        options,
    };
    Some(told(&oracle.resolve(&states), options))
}

/// What the oracle found, in the words of the vectors.
fn told(found: &Found, options: Options) -> Object {
    let mut answers = Object::new();
    let state = found.state.iter();
    let state = state.map(|((t, k), id)| texts_of([t.as_str(), k.as_str(), id.as_str()]));
    answers.insert("state", rows(state));
    answers.insert(
        "conflicted",
        texts_of(found.conflicted.iter().map(EventId::as_str)),
    );
    if options.algorithm == StateResolution::V1 {
        return answers;
    }
    let mut full: Vec<&str> = [&found.conflicted, &found.auth_difference, &found.subgraph]
        .into_iter()
        .flatten()
        .map(EventId::as_str)
        .collect();
    full.sort_unstable();
    full.dedup();
    answers.insert("full_conflicted", texts_of(full));
    answers.insert(
        "power_order",
        texts_of(found.power_order.iter().map(EventId::as_str)),
    );
    let order = found
        .mainline_order
        .iter()
        .map(|(id, at)| position(id.as_str(), *at));
    answers.insert("mainline_order", rows(order));
    answers.insert(
        "mainline",
        texts_of(found.mainline.iter().map(EventId::as_str)),
    );
    let checks = found.checks.iter();
    let check =
        |(id, admitted): &(EventId, bool)| vec![Value::from(id.as_str()), Value::from(*admitted)];
    answers.insert(
        "checks",
        rows(checks.map(|entry| Value::from(check(entry)))),
    );
    answers
}

fn texts_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Value {
    Value::from(texts.into_iter().map(Value::from).collect::<Vec<_>>())
}

fn rows(rows: impl Iterator<Item = Value>) -> Value {
    Value::from(rows.collect::<Vec<_>>())
}

fn position(id: &str, position: Position) -> Value {
    let position = match position {
        Position::At(steps) => Value::from(i64::from(steps)),
        Position::Infinite => Value::Null,
    };
    Value::from(vec![Value::from(id), position])
}

/// Each folder is for the room versions of one algorithm.
#[test]
fn each_room_lies_with_its_algorithm() {
    for case in small_rooms() {
        let folder = case.file.rsplit('/').nth(1).unwrap();
        let rules = RoomVersions::stable_rules(case.room_version.as_deref().unwrap()).unwrap();
        assert_eq!(rules.state_resolution.name(), folder, "{}", case.file);
    }
}
