//! State resolution v1, of room version 1.
//!
//! There is no conflict where a state merely lacks a key that others have. What is in conflict is
//! settled type after type, by depth and by the SHA-1 of the event id, against the state resolved
//! so far; the results of one type join that state together.
//!
//! Spec: [room version 1](https://spec.matrix.org/v1.19/rooms/v1/#state-resolution).

use std::cmp::Reverse;

use petgraph::graph::NodeIndex;
use sha1::{Digest, Sha1};

use crate::auth::{self, StateView};
use crate::dag::index::IndexMap;
use crate::event::EventRef;
use crate::id::EventId;
use crate::pdu::{JOIN_RULES, MEMBER};
use crate::resolve::conflict::Conflict;
use crate::resolve::scope::Scope;
use crate::resolve::{AuthCheck, Conflicted, Pass, ResolveError, Trace};
use crate::state::{KeyIx, StateMap};

pub(super) fn resolve(
    scope: &Scope<'_>,
    states: &[StateMap],
    trace: &mut Trace,
) -> Result<StateMap, ResolveError> {
    let conflict = Conflict::between(scope, states)?;
    let mut resolved = Resolved {
        conflict: &conflict,
        settled: IndexMap::default(),
    };
    // A key that some states lack and the others agree on is not in conflict.
    for entry in &conflict.conflicted {
        if let [only] = *entry.events {
            resolved.settled.insert(entry.key, only);
        }
    }
    let disputed: Vec<&Conflicted> = conflict
        .conflicted
        .iter()
        .filter(|entry| entry.events.len() > 1)
        .collect();
    for pass in [
        Pass::PowerLevels,
        Pass::JoinRules,
        Pass::Members,
        Pass::Others,
    ] {
        let of_pass = disputed
            .iter()
            .filter(|entry| pass_of(scope, entry.key) == pass);
        let results: Vec<(KeyIx, NodeIndex)> = of_pass
            .filter_map(|entry| {
                let chosen = if pass == Pass::Others {
                    newest_allowed(scope, &resolved, entry, &mut trace.checks)
                } else {
                    last_allowed(scope, &resolved, entry, pass, &mut trace.checks)
                };
                Some((entry.key, chosen?))
            })
            .collect();
        resolved.settled.extend(results);
    }
    let mut state = conflict
        .states
        .first()
        .map(|state| (*state).clone())
        .unwrap_or_default();
    for (key, event) in &resolved.settled {
        state.insert(*key, *event);
    }
    trace.conflicted = disputed.into_iter().cloned().collect();
    Ok(state)
}

/// The room's power levels come first, then join rules and members of whatever state key.
fn pass_of(scope: &Scope<'_>, key: KeyIx) -> Pass {
    match scope.dag.keys().resolve(key) {
        _ if key == KeyIx::POWER_LEVELS => Pass::PowerLevels,
        Some((JOIN_RULES, _)) => Pass::JoinRules,
        Some((MEMBER, _)) => Pass::Members,
        _ => Pass::Others,
    }
}

/// For events that affect authorisation: from the least depth upwards, each must be allowed by
/// the one before it; the first that is not ends the search.
fn last_allowed(
    scope: &Scope<'_>,
    resolved: &Resolved<'_>,
    entry: &Conflicted,
    pass: Pass,
    checks: &mut Vec<AuthCheck>,
) -> Option<NodeIndex> {
    let mut events = by_depth(scope, entry);
    events.reverse();
    let mut events = events.into_iter();
    let mut chosen = events.next()?;
    checks.push(AuthCheck {
        event: chosen,
        pass,
        decision: None,
        admitted: true,
    });
    for event in events {
        let view = View {
            scope,
            resolved,
            candidate: Some((entry.key, chosen)),
        };
        if !check(scope, event, &view, pass, checks) {
            break;
        }
        chosen = event;
    }
    Some(chosen)
}

/// For all other events: the one of the greatest depth that is allowed; if none is, the one of
/// the least depth, as on the network (SR-28).
fn newest_allowed(
    scope: &Scope<'_>,
    resolved: &Resolved<'_>,
    entry: &Conflicted,
    checks: &mut Vec<AuthCheck>,
) -> Option<NodeIndex> {
    let events = by_depth(scope, entry);
    let view = View {
        scope,
        resolved,
        candidate: None,
    };
    for event in &events {
        if check(scope, *event, &view, Pass::Others, checks) {
            return Some(*event);
        }
    }
    let last = *events.last()?;
    checks.push(AuthCheck {
        event: last,
        pass: Pass::Others,
        decision: None,
        admitted: true,
    });
    Some(last)
}

fn check(
    scope: &Scope<'_>,
    node: NodeIndex,
    view: &View<'_>,
    pass: Pass,
    checks: &mut Vec<AuthCheck>,
) -> bool {
    let event = scope.dag.event(node).filter(|_| !scope.skips(node));
    let decision = event.map(|event| auth::check(&event, view, scope.rules));
    let admitted = decision.as_ref().is_some_and(auth::Decision::is_allowed);
    checks.push(AuthCheck {
        event: node,
        pass,
        decision,
        admitted,
    });
    admitted
}

/// The greatest depth first, then the smallest SHA-1 of the event id.
fn by_depth(scope: &Scope<'_>, entry: &Conflicted) -> Vec<NodeIndex> {
    let mut events = entry.events.clone();
    events.sort_by_cached_key(|event| {
        let depth = scope.dag.event(*event).map(|event| event.depth);
        let id = scope
            .dag
            .id(*event)
            .map(EventId::as_str)
            .unwrap_or_default();
        let hash: [u8; 20] = Sha1::digest(id).into();
        (Reverse(depth), hash)
    });
    events
}

/// What is settled so far.
struct Resolved<'a> {
    conflict: &'a Conflict<'a>,
    settled: IndexMap<KeyIx, NodeIndex>,
}

/// The state against which an event is held: what is settled, and for the key in question the
/// event chosen so far.
struct View<'a> {
    scope: &'a Scope<'a>,
    resolved: &'a Resolved<'a>,
    candidate: Option<(KeyIx, NodeIndex)>,
}

impl StateView for View<'_> {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        let key = self.scope.dag.keys().lookup(event_type, state_key)?;
        let candidate = self.candidate.filter(|(candidate, _)| *candidate == key);
        let node = candidate
            .map(|(_, node)| node)
            .or_else(|| self.resolved.settled.get(&key).copied())
            .or_else(|| self.resolved.conflict.unconflicted(key))?;
        self.scope.dag.event(node)
    }
}
