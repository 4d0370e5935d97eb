//! State resolution by `ruma-state-res`.

use std::collections::BTreeSet;

use roomdag::testing::oracle::State;
use roomdag::testing::rooms::Disagreement;
use roomdag::version::RoomVersionRules;
use ruma_common::OwnedEventId;
use ruma_state_res::StateMap;

use crate::ruma::event::Store;
use crate::ruma::rules;

/// The state that ruma resolves a disagreement to; `None` where it does not know the algorithm, or
/// has no word for what is in the room.
pub fn resolve(room: &Disagreement, version: &RoomVersionRules) -> Option<State> {
    let rules = rules(version);
    let algorithm = rules.state_res.v2_rules()?;
    let store = Store::of(room)?;
    let map = |state: &State| -> Option<StateMap<OwnedEventId>> {
        let entries = state.iter().map(|((event_type, state_key), id)| {
            let key = (event_type.as_str().into(), state_key.clone());
            Some((key, OwnedEventId::try_from(id.as_str()).ok()?))
        });
        entries.collect()
    };
    let states: Vec<_> = room.states.iter().map(map).collect::<Option<_>>()?;
    let chains = states
        .iter()
        .map(|state| store.chain_of_state(state.values().cloned()));
    let subgraph = |conflicted: &StateMap<Vec<OwnedEventId>>| {
        let events: BTreeSet<OwnedEventId> = conflicted.values().flatten().cloned().collect();
        Some(store.subgraph(&events))
    };
    let resolved = ruma_state_res::resolve(
        &rules.authorization,
        algorithm,
        &states,
        chains.collect(),
        |id| store.get(id),
        subgraph,
    );
    let entries =
        resolved
            .expect("nothing is missing")
            .into_iter()
            .map(|((event_type, state_key), id)| {
                let key = (event_type.to_string(), state_key);
                (key, roomdag::EventId::from_trusted(id.as_str()))
            });
    Some(entries.collect())
}
