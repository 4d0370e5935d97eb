//! State resolution by ruma-state-res.

use std::rc::Rc;

use ruma_common::room_version_rules::RoomVersionRules;
use ruma_state_res::StateMap;
use ruma_state_res::utils::event_id_set::EventIdSet;

use crate::graph::Numbers;
use crate::measure::Contender;
use crate::room::Room;
use crate::ruma::{Id, Store, answer, rules};

/// States and events as ruma takes them, and all that its caller has to tell.
pub struct Prepared {
    store: Store,
    rules: RoomVersionRules,
    states: Vec<StateMap<Id>>,
    chains: Vec<EventIdSet<Id>>,
    subgraph: EventIdSet<Id>,
}

impl Prepared {
    pub fn of(room: &Room) -> Rc<Self> {
        let store = Store::of(&room.stored());
        let states = room.states.iter().map(|state| {
            let entries = state.iter().map(|entry| {
                let key = (entry.event_type.as_str().into(), entry.state_key.clone());
                (key, store.event(entry.event).id.clone())
            });
            entries.collect()
        });
        Rc::new(Self {
            rules: rules(&room.workload),
            states: states.collect(),
            chains: room
                .chains
                .iter()
                .map(|chain| ids(&store, chain.iter()))
                .collect(),
            subgraph: ids(&store, room.subgraph.iter().copied()),
            store,
        })
    }

    /// The call alone: auth chains and conflicted subgraph are at hand.
    pub fn bare(self: &Rc<Self>) -> Contender {
        let (this, input) = (Rc::clone(self), Rc::clone(self));
        let subgraph = move |_: &StateMap<Vec<Id>>| Some(input.subgraph.clone());
        let input = Rc::clone(self);
        let run = move |chains| {
            this.store
                .resolve(&this.rules, &this.states, chains, &subgraph)
        };
        Contender::new("ruma bare", move || input.chains.clone(), run, answer)
    }

    /// With the auth chain of every state, and the conflicted subgraph, worked out by the caller.
    pub fn total(self: &Rc<Self>) -> Contender {
        let this = Rc::clone(self);
        let run = move |()| this.store.resolve_in_total(&this.rules, &this.states);
        Contender::new("ruma total", || (), run, answer)
    }
}

impl Store {
    pub(super) fn resolve_in_total<'a>(
        &self,
        rules: &RoomVersionRules,
        states: impl IntoIterator<Item = &'a StateMap<Id>, IntoIter: Clone>,
    ) -> StateMap<Id> {
        let states = states.into_iter();
        let chain = |state: &StateMap<Id>| {
            let chain: Numbers = self.graph.chain(self.numbers(state.values()));
            ids(self, chain.iter())
        };
        let chains = states.clone().map(chain).collect();
        let subgraph = |conflicted: &StateMap<Vec<Id>>| {
            let events = self.numbers(conflicted.values().flatten());
            Some(ids(self, self.graph.subgraph(&events).iter()))
        };
        self.resolve(rules, states, chains, &subgraph)
    }

    fn resolve<'a>(
        &self,
        rules: &RoomVersionRules,
        states: impl IntoIterator<Item = &'a StateMap<Id>, IntoIter: Clone>,
        chains: Vec<EventIdSet<Id>>,
        subgraph: &impl Fn(&StateMap<Vec<Id>>) -> Option<EventIdSet<Id>>,
    ) -> StateMap<Id> {
        let resolution = rules.state_res.v2_rules().expect("it is not version 1");
        let fetch = |id: &_| self.fetch(id);
        ruma_state_res::resolve(
            &rules.authorization,
            resolution,
            states,
            chains,
            fetch,
            subgraph,
        )
        .expect("nothing is missing")
    }
}

fn ids(store: &Store, numbers: impl Iterator<Item = u32>) -> EventIdSet<Id> {
    numbers
        .map(|number| store.event(number).id.clone())
        .collect()
}
