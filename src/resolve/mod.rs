//! State resolution: many room states in, one room state out.
//!
//! A room forks whenever two servers speak before hearing each other. When the forks meet
//! again their states may disagree, and every server must settle the matter alone, alike.
//!
//! | the spec says                            | here                                       |
//! |------------------------------------------|--------------------------------------------|
//! | unconflicted map, conflicted set         | `conflict`                                 |
//! | auth difference                          | `auth_difference`                          |
//! | conflicted state subgraph                | `subgraph`                                 |
//! | full conflicted set                      | [`FullConflicted`]                         |
//! | reverse topological power ordering       | `power_order`, [`PowerKey`]                |
//! | mainline ordering                        | `mainline`, [`MainlineKey`]                |
//! | iterative auth checks                    | `iterative`                                |
//! | the algorithms                           | `v1`, `v2` (v2.1 is a setting of it)       |
//!
//! Work follows the conflict, not the room: the states share structure, so only what differs is
//! visited; the unconflicted state is never copied, only asked. `testing::oracle` has the
//! same definitions written out over plain sets, and properties hold the two equal.
//!
//! Every answer carries its [`Trace`]: what was in conflict, why each event took part, in which
//! order, and what each check said.
//!
//! Reads [`auth`](crate::auth), [`dag`](crate::dag), [`state`](crate::state).
//! Spec: <https://spec.matrix.org/v1.19/rooms/v12/#state-resolution>

mod auth_difference;
mod conflict;
mod iterative;
mod mainline;
mod options;
mod power_order;
mod ranked;
mod scope;
mod subgraph;
mod trace;
mod v1;
mod v2;

pub use self::mainline::{MainlineKey, Position, mainline};
pub use self::options::{AuthDifference, MissingEvents, Options, RejectedEvents};
pub use self::power_order::{PowerKey, SenderPower};
pub use self::trace::{AuthCheck, Conflicted, FullConflicted, Pass, Trace};

use crate::dag::RoomDag;
use crate::id::EventId;
use crate::resolve::scope::Scope;
use crate::state::StateMap;
use crate::version::{RoomVersionRules, StateResolution};

/// A resolved state, and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolution {
    /// The state.
    pub state: StateMap,
    /// How it came about.
    pub trace: Trace,
    /// The algorithm and readings that were used.
    pub options: Options,
}

/// Resolves any number of room states.
///
/// The order of `states` does not matter, nor how often one occurs. No state resolves to the
/// empty one, and one state to itself.
///
/// With states that share structure the cost is O(c · log c) in the number c of events in the
/// full conflicted set, and linear in the auth edges between them and what the states have in
/// common; the size of the room does not enter. States that were built apart from each other cost
/// their length besides, for finding out in what they differ. An event that more than one state of
/// more than 64 leads to, but not all of them, costs a bit for each state.
///
/// # Errors
///
/// - [`ResolveError::Missing`]: auth events that the answer needs are not in `dag`.
/// - [`ResolveError::NotAStateEvent`]: a state has an entry that its event does not belong in.
///
/// Spec: [state resolution](https://spec.matrix.org/v1.19/rooms/v12/#state-resolution).
pub fn resolve(
    dag: &RoomDag,
    states: &[StateMap],
    rules: &RoomVersionRules,
    options: &Options,
) -> Result<Resolution, ResolveError> {
    let scope = Scope::new(dag, rules, options);
    let mut trace = Trace::default();
    let state = match (states, options.algorithm) {
        ([], _) => StateMap::default(),
        ([only], _) => only.clone(),
        ([first, rest @ ..], _) if rest.iter().all(|state| state.same(first)) => first.clone(),
        (_, StateResolution::V1) => v1::resolve(&scope, states, &mut trace)?,
        (
            _,
            StateResolution::V2 {
                first_pass,
                subgraph,
            },
        ) => v2::resolve(&scope, states, first_pass, subgraph, &mut trace)?,
    };
    Ok(Resolution {
        state,
        trace,
        options: *options,
    })
}

/// Why states cannot be resolved. It is the caller who can mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// Auth events of the full conflicted set are not known; all of them are listed, sorted.
    #[error("{} auth events are missing, the first of them `{}`", events.len(), first(events))]
    Missing {
        /// The events to find and add.
        events: Vec<EventId>,
    },
    /// An entry of a state names an event that is unknown, or not a state event of this type and
    /// state key.
    #[error("the state's entry for (`{event_type}`, `{state_key}`) is not such an event")]
    NotAStateEvent {
        /// The entry's event type.
        event_type: Box<str>,
        /// The entry's state key.
        state_key: Box<str>,
    },
}

fn first(events: &[EventId]) -> &str {
    events.first().map(EventId::as_str).unwrap_or_default()
}
