//! Replay by a caller of ruma-state-res, which leaves that to its users.
//!
//! States are maps that move along with the events, shared while nothing changes them and dropped
//! when no event needs them any more. Where branches meet with different states they are resolved,
//! with full auth chains, as ruma asks for them.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use ruma_common::room_version_rules::{AuthorizationRules, RoomVersionRules};
use ruma_events::StateEventType;
use ruma_state_res::{
    StateMap, check_state_dependent_auth_rules, check_state_independent_auth_rules,
};

use crate::measure::Contender;
use crate::room::{Room, Stored};
use crate::ruma::{Id, Pdu, Store, answer, rules};

const NAME: &str = "ruma";

/// States only.
pub fn unchecked(room: &Rc<Room>) -> Contender {
    let (stored, rules) = (room.stored(), rules(&room.workload));
    let run = move |()| replay(&stored, &rules, |_, _, _| true);
    Contender::new(NAME, || (), run, |(_, state)| answer(state))
}

/// With the checks of each event by its auth events and by the state before it.
pub fn checked(room: &Rc<Room>) -> Contender {
    let (stored, rules) = (room.stored(), rules(&room.workload));
    let run = move |()| {
        let auth = rules.authorization.clone();
        replay(&stored, &rules, |store, event, before| {
            is_allowed(store, &auth, event, before)
        })
    };
    Contender::new(
        NAME,
        || (),
        run,
        |(store, state): &(Store, _)| {
            let rejected = store.events.iter().filter(|event| event.rejected);
            answer(state).with("rejected", "", rejected.count())
        },
    )
}

fn replay(
    stored: &[Stored],
    rules: &RoomVersionRules,
    is_allowed: impl Fn(&Store, &Pdu, &StateMap<Id>) -> bool,
) -> (Store, StateMap<Id>) {
    let mut store = Store::of(stored);
    let mut children = vec![0_usize; store.events.len()];
    for prev in store.prev.iter().flatten() {
        children[*prev as usize] += 1;
    }
    let is_tip: Vec<bool> = children.iter().map(|count| *count == 0).collect();
    let mut after: Vec<Option<Arc<StateMap<Id>>>> = vec![None; store.events.len()];
    for at in 0..store.events.len() {
        let states = store.prev[at].iter().filter_map(|prev| {
            let prev = *prev as usize;
            children[prev] -= 1;
            match children[prev] {
                0 => after[prev].take(),
                _ => after[prev].clone(),
            }
        });
        let mut state = merged(&store, rules, states.collect());
        let event = &store.events[at];
        let rejected = !is_allowed(&store, event, &state);
        if let Some(key) = event.key.as_ref().filter(|_| !rejected) {
            Arc::make_mut(&mut state).insert(key.clone(), event.id.clone());
        }
        store.events[at].rejected = rejected;
        after[at] = Some(state);
    }
    let tips = after.into_iter().zip(is_tip).filter(|(_, is_tip)| *is_tip);
    let state = merged(&store, rules, tips.filter_map(|(state, _)| state).collect());
    (store, Arc::unwrap_or_clone(state))
}

fn merged(
    store: &Store,
    rules: &RoomVersionRules,
    mut states: Vec<Arc<StateMap<Id>>>,
) -> Arc<StateMap<Id>> {
    let Some(first) = states.pop() else {
        return Arc::new(HashMap::new());
    };
    states.retain(|state| !Arc::ptr_eq(state, &first));
    if states.is_empty() {
        return first;
    }
    states.push(first);
    Arc::new(store.resolve_in_total(rules, states.iter().map(|state| &**state)))
}

fn is_allowed(
    store: &Store,
    rules: &AuthorizationRules,
    event: &Pdu,
    before: &StateMap<Id>,
) -> bool {
    let fetch = |id: &_| store.fetch(id);
    let cited = event.auth_events.iter().filter_map(|id| fetch(id.borrow()));
    let mut cited: Vec<&Pdu> = cited.collect();
    if rules.room_create_event_id_as_room_id {
        // The room id says it.
        cited.extend(store.events.first());
    }
    let by_auth_events = |event_type: &StateEventType, state_key: &str| {
        let is = |event: &&&Pdu| {
            let key = event.key.as_ref();
            key.is_some_and(|(t, k)| t == event_type && k == state_key)
        };
        cited.iter().find(is).copied()
    };
    let by_state = |event_type: &StateEventType, state_key: &str| {
        fetch(
            before
                .get(&(event_type.clone(), state_key.to_owned()))?
                .borrow(),
        )
    };
    check_state_independent_auth_rules(rules, event, fetch).is_ok()
        && check_state_dependent_auth_rules(rules, event, by_auth_events).is_ok()
        && check_state_dependent_auth_rules(rules, event, by_state).is_ok()
}
