//! `state-res`: small rooms whose states disagree, and what becomes of them.

use std::collections::BTreeMap;

use roomdag::dag::RoomDag;
use roomdag::event::Event;
use roomdag::id::EventId;
use roomdag::json::{Object, Value};
use roomdag::resolve::{
    AuthDifference, MissingEvents, Options, Position, RejectedEvents, Resolution, ResolveError,
    mainline, resolve,
};
use roomdag::state::StateMap;
use roomdag::testing::oracle::{Found, Oracle, State};
use roomdag::version::{RoomVersionRules, StateResolution};

use crate::vectors::fields::{file, files, list, object, text, texts, versions};
use crate::vectors::symbolic;

#[test]
fn the_small_rooms_come_out_as_worked_out_by_hand() {
    let mut failures = Vec::new();
    let paths = files("state-res");
    assert!(paths.len() > 80, "only {} rooms", paths.len());
    for path in paths {
        let case = file(&path);
        for rules in versions(&case) {
            let room = Room::new(&case, rules);
            let mut runs = vec![(Options::of(rules), object(&case, "expect"))];
            if case.contains_key("with_options") {
                for variant in list(&case, "with_options").map(|v| v.as_object().unwrap()) {
                    let options = options(object(variant, "options"), rules);
                    runs.push((options, object(variant, "expect")));
                }
            }
            for (options, expect) in runs {
                let name = format!("{path} (version {}, {options:?})", rules.id);
                failures.extend(
                    room.compare(options, expect)
                        .map(|what| format!("{name}: {what}")),
                );
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

struct Room {
    rules: &'static RoomVersionRules,
    events: BTreeMap<EventId, Event>,
    dag: RoomDag,
    states: Vec<State>,
    /// Whether the oracle, which knows of no gaps and no rejected events, can be asked.
    plain: bool,
}

impl Room {
    fn new(case: &Object, rules: &'static RoomVersionRules) -> Self {
        let events = symbolic::by_id(list(case, "events"), rules);
        let mut dag = RoomDag::new();
        for event in events.values() {
            dag.insert(event.clone()).unwrap();
        }
        let state = |ids: &Value| -> State {
            let ids = ids.as_array().unwrap().iter();
            ids.map(|id| {
                let event = events[&EventId::from_trusted(id.as_str().unwrap())].as_ref();
                let key = (
                    event.event_type.to_owned(),
                    event.state_key.unwrap().to_owned(),
                );
                (key, event.id.clone())
            })
            .collect()
        };
        let states = list(case, "states").map(state).collect();
        let rejected = texts(case, "rejected");
        for id in &rejected {
            dag.reject(dag.node(id).unwrap());
        }
        let cited = events.values().flat_map(Event::auth_events);
        let plain = rejected.is_empty() && cited.into_iter().all(|id| events.contains_key(id));
        Self {
            rules,
            events,
            dag,
            states,
            plain,
        }
    }

    fn maps(&self) -> Vec<StateMap> {
        let map = |state: &State| {
            let node = |id: &EventId| self.dag.node(id).unwrap();
            state
                .values()
                .map(|id| (self.dag.key(node(id)).unwrap(), node(id)))
                .collect()
        };
        self.states.iter().map(map).collect()
    }

    /// What differs from the expectation, or between the engine and the oracle.
    fn compare(&self, options: Options, expect: &Object) -> Option<String> {
        let mut maps = self.maps();
        let found = self.answers(resolve(&self.dag, &maps, self.rules, &options));
        for (field, value) in expect {
            let found = found.get(field).cloned().unwrap_or(Value::Null);
            if found != *value {
                return Some(format!("`{field}` is {found:?}, not {value:?}"));
            }
        }
        // The states are a set.
        maps.reverse();
        let again = self.answers(resolve(&self.dag, &maps, self.rules, &options));
        if again != found {
            return Some("the order of the states matters".into());
        }
        if !self.plain {
            return None;
        }
        let oracle = Oracle {
            events: &self.events,
            rules: self.rules,
            options,
        };
        for (field, value) in &told(&oracle.resolve(&self.states), options) {
            if found.get(field) != Some(value) && expect.contains_key(field) {
                return Some(format!("the oracle has `{field}` {value:?}"));
            }
        }
        None
    }

    /// A resolution in the words of the vectors.
    fn answers(&self, found: Result<Resolution, ResolveError>) -> Object {
        let mut answers = Object::new();
        let found = match found {
            Ok(found) => found,
            Err(ResolveError::Missing { events }) => {
                answers.insert("missing", texts_of(events.iter().map(EventId::as_str)));
                return answers;
            }
            Err(error) => panic!("{error}"),
        };
        let id = |node| self.dag.id(node).unwrap().as_str();
        let mut state: Vec<_> = found
            .state
            .iter()
            .map(|(key, node)| (self.dag.keys().resolve(key).unwrap(), id(node)))
            .collect();
        state.sort_unstable();
        answers.insert(
            "state",
            rows(state.into_iter().map(|((t, k), id)| texts_of([t, k, id]))),
        );
        let trace = &found.trace;
        let mut conflicted: Vec<&str> = trace
            .conflicted
            .iter()
            .flat_map(|entry| &entry.events)
            .map(|e| id(*e))
            .collect();
        conflicted.sort_unstable();
        answers.insert("conflicted", texts_of(conflicted));
        let full = trace.full_conflicted.iter().map(|member| id(member.event));
        answers.insert("full_conflicted", texts_of(full));
        answers.insert(
            "power_order",
            texts_of(trace.power_order.iter().map(|(e, _)| id(*e))),
        );
        let base = trace.mainline.into_iter();
        let mainline = base.flat_map(|levels| mainline(&self.dag, levels));
        answers.insert("mainline", texts_of(mainline.map(id)));
        let positions = trace.mainline_order.iter();
        let positions = positions.map(|(e, key)| position(id(*e), key.position.0));
        answers.insert("mainline_order", rows(positions));
        let checks = trace.checks.iter().map(|check| {
            let unchecked = check.admitted && check.decision.is_none();
            let verdict = if unchecked {
                Value::Null
            } else {
                Value::from(check.admitted)
            };
            Value::from(vec![Value::from(id(check.event)), verdict])
        });
        answers.insert("checks", rows(checks));
        answers.insert(
            "reported",
            texts_of(trace.missing.iter().map(EventId::as_str)),
        );
        answers
    }
}

/// What the oracle found, in the words of the vectors.
fn told(found: &Found, options: Options) -> Object {
    let mut answers = Object::new();
    let state = found.state.iter();
    let state = state.map(|((t, k), id)| texts_of([t.as_str(), k.as_str(), id.as_str()]));
    answers.insert("state", rows(state));
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

fn options(changes: &Object, rules: &RoomVersionRules) -> Options {
    let mut options = Options::of(rules);
    for (option, value) in changes {
        match (option, value.as_str().unwrap()) {
            ("algorithm", "v2") => options.algorithm = StateResolution::V2,
            ("algorithm", "v2.1") => options.algorithm = StateResolution::V2_1,
            ("auth_difference", "exclusive") => {
                options.auth_difference = AuthDifference::Exclusive;
            }
            ("missing", "absent") => options.missing = MissingEvents::Absent,
            ("missing", "report") => options.missing = MissingEvents::Report,
            ("rejected", "skip") => options.rejected = RejectedEvents::Skip,
            other => panic!("no such option: {other:?}"),
        }
    }
    options
}

/// Each folder is for the room versions of one algorithm.
#[test]
fn each_room_lies_with_its_algorithm() {
    for path in files("state-res") {
        let folder = path.split('/').nth(1).unwrap();
        let case = file(&path);
        for rules in versions(&case) {
            assert_eq!(rules.state_resolution.name(), folder, "{path}");
        }
        assert!(!text(&case, "name").is_empty());
    }
}
