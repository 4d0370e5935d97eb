//! State resolution, on symbolic events.

use crate::dag::RoomDag;
use crate::id::EventId;
use crate::json::{Object, Value};
use crate::lab::conformance::FileError;
use crate::lab::conformance::answer::auth::events;
use crate::lab::conformance::answer::{NoAnswer, list, rows};
use crate::lab::conformance::fields::{self, opt_object, texts};
use crate::resolve::{
    AuthDifference, MissingEvents, Options, Position, RejectedEvents, Resolution, ResolveError,
    mainline, resolve,
};
use crate::state::StateMap;
use crate::version::{RoomVersionRules, StateResolution};

pub(super) fn answer(input: &Object, rules: &RoomVersionRules) -> Result<Object, NoAnswer> {
    let mut dag = RoomDag::new();
    for event in events(input, "events", rules)? {
        dag.insert(event)
            .map_err(|_| FileError::Field { field: "events" })?;
    }
    if input.contains_key("rejected") {
        for id in texts(input, "rejected")? {
            let node = dag.node(id);
            dag.reject(node.ok_or(FileError::Field { field: "rejected" })?);
        }
    }
    let states = fields::list(input, "states")?.map(|state| map(state, &dag));
    let states: Vec<StateMap> = states.collect::<Result<_, _>>()?;
    let options = options(input, rules)?;
    match resolve(&dag, &states, rules, &options) {
        Ok(found) => Ok(told(&dag, found)),
        Err(ResolveError::Missing { events }) => {
            let missing = list(events.iter().map(EventId::as_str));
            Ok(Object::from_iter([("missing", missing)]))
        }
        Err(_) => Err(FileError::Field { field: "events" }.into()),
    }
}

fn map(ids: &Value, dag: &RoomDag) -> Result<StateMap, FileError> {
    let wrong = || FileError::Field { field: "states" };
    let ids = ids.as_array().ok_or_else(wrong)?.iter();
    ids.map(|id| {
        let node = id.as_str().and_then(|id| dag.node(id)).ok_or_else(wrong)?;
        Ok((dag.key(node).ok_or_else(wrong)?, node))
    })
    .collect()
}

fn options(input: &Object, rules: &RoomVersionRules) -> Result<Options, FileError> {
    let mut options = Options::of(rules);
    for (option, value) in opt_object(input, "options").into_iter().flatten() {
        match (option, value.as_str()) {
            ("algorithm", Some("v1")) => options.algorithm = StateResolution::V1,
            ("algorithm", Some("v2")) => options.algorithm = StateResolution::V2,
            ("algorithm", Some("v2.1")) => options.algorithm = StateResolution::V2_1,
            ("auth_difference", Some("exclusive")) => {
                options.auth_difference = AuthDifference::Exclusive;
            }
            ("auth_difference", Some("inclusive")) => {
                options.auth_difference = AuthDifference::Inclusive;
            }
            ("missing", Some("absent")) => options.missing = MissingEvents::Absent,
            ("missing", Some("report")) => options.missing = MissingEvents::Report,
            ("rejected", Some("skip")) => options.rejected = RejectedEvents::Skip,
            _ => return Err(FileError::Field { field: "options" }),
        }
    }
    Ok(options)
}

/// A resolution in the words of the vectors.
fn told(dag: &RoomDag, found: Resolution) -> Object {
    let id = |node| dag.id(node).map_or("", EventId::as_str);
    let mut answer = Object::new();
    let state = found.state.iter();
    let state = state.filter_map(|(key, node)| Some((dag.keys().resolve(key)?, id(node))));
    answer.insert("state", rows(state));
    let trace = found.trace;
    let conflicted = trace.conflicted.iter().flat_map(|entry| &entry.events);
    let mut conflicted: Vec<&str> = conflicted.map(|event| id(*event)).collect();
    conflicted.sort_unstable();
    answer.insert("conflicted", list(conflicted));
    let full = trace.full_conflicted.iter().map(|member| id(member.event));
    answer.insert("full_conflicted", list(full));
    let power = trace.power_order.iter().map(|(event, _)| id(*event));
    answer.insert("power_order", list(power));
    let levels = trace.mainline.into_iter();
    let line = levels.flat_map(|levels| mainline(dag, levels));
    answer.insert("mainline", list(line.map(id)));
    let order = trace.mainline_order.iter().map(|(event, key)| {
        let position = match key.position.0 {
            Position::At(steps) => Value::from(i64::from(steps)),
            Position::Infinite => Value::Null,
        };
        Value::from(vec![Value::from(id(*event)), position])
    });
    answer.insert("mainline_order", order.collect::<Vec<_>>());
    let checks = trace.checks.iter().map(|check| {
        let unchecked = check.admitted && check.decision.is_none();
        let verdict = if unchecked {
            Value::Null
        } else {
            Value::from(check.admitted)
        };
        Value::from(vec![Value::from(id(check.event)), verdict])
    });
    answer.insert("checks", checks.collect::<Vec<_>>());
    answer.insert("reported", list(trace.missing.iter().map(EventId::as_str)));
    answer
}
