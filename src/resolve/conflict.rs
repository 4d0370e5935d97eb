//! Unconflicted state map and conflicted state set.

use petgraph::graph::NodeIndex;

use crate::dag::index::{self, IndexSet};
use crate::resolve::scope::{Scope, sort_by_id};
use crate::resolve::{Conflicted, ResolveError};
use crate::state::{KeyIx, StateMap};

/// The states to resolve, taken apart.
///
/// A key is unconflicted if every state has the same event for it. The unconflicted state map is
/// not built: it is the first state without the conflicted keys.
pub(super) struct Conflict<'a> {
    /// The distinct states.
    pub(super) states: Vec<&'a StateMap>,
    /// The keys on which they disagree, sorted by type and state key.
    pub(super) conflicted: Vec<Conflicted>,
    keys: IndexSet<KeyIx>,
    /// Where a state holds something else than the first, and what, by key.
    differences: Vec<Difference>,
}

/// What one state holds where it differs from the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Difference {
    pub(super) key: KeyIx,
    /// Which of the states.
    pub(super) state: usize,
    /// Its event for the key.
    pub(super) event: Option<NodeIndex>,
}

impl<'a> Conflict<'a> {
    /// Costs what differs between the first state and each other one.
    pub(super) fn between(scope: &Scope<'_>, states: &'a [StateMap]) -> Result<Self, ResolveError> {
        let mut distinct: Vec<&StateMap> = Vec::with_capacity(states.len());
        let mut entries: Vec<(KeyIx, NodeIndex)> = Vec::new();
        let mut differences: Vec<Difference> = Vec::new();
        // All are borrowed, so no address can come to be another state's.
        let mut addresses: IndexSet<usize> = index::set_for(states.len());
        for state in states {
            if !addresses.insert(state.address()) {
                continue;
            }
            if let Some(first) = distinct.first() {
                let known = differences.len();
                for (key, ours, event) in first.diff(state) {
                    let events = ours.into_iter().chain(event);
                    entries.extend(events.map(|event| (key, event)));
                    let state = distinct.len();
                    differences.push(Difference { key, state, event });
                }
                if differences.len() == known {
                    continue;
                }
            }
            distinct.push(state);
        }
        entries.sort_unstable();
        entries.dedup();
        differences.sort_unstable();
        let of_one_key = |entries: &[(KeyIx, NodeIndex)]| {
            let mut events: Vec<NodeIndex> = entries.iter().map(|(_, event)| *event).collect();
            sort_by_id(scope, &mut events, |event| *event);
            Some(Conflicted {
                key: entries.first()?.0,
                events,
            })
        };
        let mut conflicted: Vec<Conflicted> = entries
            .chunk_by(|(one, _), (other, _)| one == other)
            .filter_map(of_one_key)
            .collect();
        conflicted.sort_by_cached_key(|entry| scope.dag.keys().resolve(entry.key));
        for entry in &conflicted {
            for event in &entry.events {
                check_entry(scope, entry.key, *event)?;
            }
        }
        let mut keys = index::set_for(conflicted.len());
        keys.extend(conflicted.iter().map(|entry| entry.key));
        Ok(Self {
            states: distinct,
            conflicted,
            keys,
            differences,
        })
    }

    pub(super) fn is_conflicted(&self, key: KeyIx) -> bool {
        self.keys.contains(&key)
    }

    /// The event of the unconflicted state map for `key`.
    pub(super) fn unconflicted(&self, key: KeyIx) -> Option<NodeIndex> {
        if self.is_conflicted(key) {
            return None;
        }
        self.states.first()?.get(key)
    }

    /// Whether `event` is in the unconflicted state map.
    pub(super) fn is_unconflicted(&self, scope: &Scope<'_>, event: NodeIndex) -> bool {
        let key = scope.dag.key(event);
        key.is_some_and(|key| self.unconflicted(key) == Some(event))
    }

    /// For each conflicted key what the first state holds, and where the others differ from it.
    pub(super) fn differences(
        &self,
    ) -> impl Iterator<Item = (Option<NodeIndex>, &[Difference])> + '_ {
        let of_one_key = self.differences.chunk_by(|one, other| one.key == other.key);
        of_one_key.filter_map(|others| {
            let first = self.states.first()?.get(others.first()?.key);
            Some((first, others))
        })
    }

    /// The events of the conflicted state set, each once.
    pub(super) fn events(&self) -> impl Iterator<Item = NodeIndex> {
        // An event has one key, so the keys' lists are disjoint.
        self.conflicted
            .iter()
            .flat_map(|entry| entry.events.iter().copied())
    }
}

/// An entry must be what its key says.
fn check_entry(scope: &Scope<'_>, key: KeyIx, event: NodeIndex) -> Result<(), ResolveError> {
    if scope.dag.key(event) == Some(key) {
        return Ok(());
    }
    let (event_type, state_key) = scope.dag.keys().resolve(key).unwrap_or_default();
    Err(ResolveError::NotAStateEvent {
        event_type: event_type.into(),
        state_key: state_key.into(),
    })
}
