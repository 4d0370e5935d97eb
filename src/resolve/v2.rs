//! State resolution v2, of which v2.1 is a setting: the five steps.
//!
//! Spec: [room version 2](https://spec.matrix.org/v1.19/rooms/v2/#state-resolution),
//! [room version 12](https://spec.matrix.org/v1.19/rooms/v12/#state-resolution).

use petgraph::graph::NodeIndex;

use crate::dag::index;
use crate::id::EventId;
use crate::resolve::auth_difference::auth_difference;
use crate::resolve::conflict::Conflict;
use crate::resolve::iterative::Partial;
use crate::resolve::ranked::Ranked;
use crate::resolve::scope::{Scope, sort_by_id};
use crate::resolve::subgraph::conflicted_subgraph;
use crate::resolve::{
    FullConflicted, MissingEvents, Pass, ResolveError, Trace, mainline, power_order,
};
use crate::state::{KeyIx, StateMap};
use crate::version::{ConflictedSubgraph, FirstPass};

pub(super) fn resolve(
    scope: &Scope<'_>,
    states: &[StateMap],
    first_pass: FirstPass,
    subgraph: ConflictedSubgraph,
    trace: &mut Trace,
) -> Result<StateMap, ResolveError> {
    let conflict = Conflict::between(scope, states)?;
    let Some(first) = conflict
        .states
        .first()
        .filter(|_| !conflict.conflicted.is_empty())
    else {
        return Ok(states.first().cloned().unwrap_or_default());
    };
    trace.full_conflicted = full_conflicted_set(scope, &conflict, subgraph);
    trace.missing = missing(scope, &trace.full_conflicted)?;
    let full = Ranked::new(
        scope,
        trace.full_conflicted.iter().map(|member| member.event),
    );

    // 1. The power events and what of the full conflicted set they rest on, in power order.
    let power = power_order::power_events(&full);
    trace.power_order = power_order::sort(&full, &power);
    // 2. Apply them, v2 on top of the unconflicted state map and v2.1 on nothing.
    let mut state = Partial::on(match first_pass {
        FirstPass::Unconflicted => Some(&conflict),
        FirstPass::Empty => None,
    });
    let order = trace.power_order.iter().map(|(event, _)| *event);
    state.apply(scope, order, Pass::Power, &mut trace.checks);
    // 3. Everything else, along the mainline of the power levels just settled.
    let rest = power.iter().enumerate();
    let rest = rest.filter_map(|(rank, is_power)| (!is_power).then_some(rank));
    trace.mainline = state.get(KeyIx::POWER_LEVELS);
    trace.mainline_order = mainline::sort(&full, rest, trace.mainline);
    // 4. Apply that too.
    let order = trace.mainline_order.iter().map(|(event, _)| *event);
    state.apply(scope, order, Pass::Mainline, &mut trace.checks);
    // 5. What was never in dispute has the last word.
    let mut resolved = (*first).clone();
    for entry in &conflict.conflicted {
        if !state.admitted().contains_key(&entry.key) {
            resolved.remove(entry.key);
        }
    }
    for (key, event) in state.admitted() {
        if conflict.unconflicted(*key).is_none() {
            resolved.insert(*key, *event);
        }
    }
    trace.conflicted = conflict.conflicted;
    Ok(resolved)
}

/// The full conflicted set, sorted by event id, with every reason for each member.
fn full_conflicted_set(
    scope: &Scope<'_>,
    conflict: &Conflict<'_>,
    subgraph: ConflictedSubgraph,
) -> Vec<FullConflicted> {
    let (difference, subgraph) = (
        auth_difference(scope, conflict),
        match subgraph {
            ConflictedSubgraph::Included => conflicted_subgraph(scope, conflict),
            ConflictedSubgraph::LeftOut => Vec::new(),
        },
    );
    let mut members = index::map_for(difference.len().max(subgraph.len()));
    let mut member = |event: NodeIndex, reason: fn(&mut FullConflicted) -> &mut bool| {
        let none = FullConflicted {
            event,
            conflicted: false,
            auth_difference: false,
            subgraph: false,
        };
        *reason(members.entry(event).or_insert(none)) = true;
    };
    for event in conflict.events() {
        member(event, |m| &mut m.conflicted);
    }
    for event in difference {
        member(event, |m| &mut m.auth_difference);
    }
    for event in subgraph {
        member(event, |m| &mut m.subgraph);
    }
    let mut members: Vec<_> = members.into_values().collect();
    sort_by_id(scope, &mut members, |member| member.event);
    members
}

/// The auth events of the full conflicted set that are not known, sorted; the create event that a
/// room id implies is one of them.
fn missing(scope: &Scope<'_>, full: &[FullConflicted]) -> Result<Vec<EventId>, ResolveError> {
    if scope.options.missing == MissingEvents::Absent {
        return Ok(Vec::new());
    }
    let implied = full
        .first()
        .and_then(|member| scope.missing_create(member.event));
    let mut events: Vec<EventId> = full
        .iter()
        .flat_map(|member| scope.dag.auth_events(member.event))
        .filter(|cited| !scope.dag.is_known(*cited))
        .filter_map(|cited| scope.dag.id(cited).cloned())
        .chain(implied)
        .collect();
    events.sort_unstable();
    events.dedup();
    if events.is_empty() || scope.options.missing == MissingEvents::Report {
        Ok(events)
    } else {
        Err(ResolveError::Missing { events })
    }
}
