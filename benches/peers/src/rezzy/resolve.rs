//! State resolution by rezzy.
//!
//! Of its entry points `resolve_iterative_sort` is the fastest: it leaves it to the caller to tell
//! what the states agree on, which persistent maps tell without a look at what they share.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use ::rezzy::{SharedState, StateResVersion, resolve_iterative_sort};
use imbl::ordmap::DiffItem;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::graph::difference;
use crate::measure::Contender;
use crate::rezzy::{Events, version};
use crate::room::{Entry, Room};

/// States and events as rezzy takes them, and all that its caller has to tell.
pub struct Prepared {
    room: Rc<Room>,
    events: Events,
    version: StateResVersion,
    states: Vec<SharedState<u32>>,
    numbers: Vec<u32>,
    /// What takes part besides the conflicted state set.
    enlisted: Vec<u32>,
}

impl Prepared {
    pub fn of(room: &Rc<Room>) -> Rc<Self> {
        let events = Events::of(&room.stored());
        let mut numbers = vec![0; events.ranks.len()];
        for (number, rank) in (0..).zip(&events.ranks) {
            numbers[*rank as usize] = number;
        }
        let version = version(&room.workload);
        let subgraph = room.subgraph.iter().filter(|_| version.is_v2_1_plus());
        let enlisted = room.difference.iter().chain(subgraph);
        Rc::new(Self {
            version,
            states: sharing(room, &events),
            enlisted: enlisted
                .map(|number| events.ranks[*number as usize])
                .collect(),
            room: Rc::clone(room),
            events,
            numbers,
        })
    }

    /// The call, with what the states agree on: auth difference and conflicted subgraph are at
    /// hand.
    pub fn bare(self: &Rc<Self>) -> Contender {
        let (this, reader) = (Rc::clone(self), Rc::clone(self));
        let run = move |()| {
            let (agreed, conflicted) = this.split();
            this.resolve(agreed, conflicted.iter().chain(&this.enlisted))
        };
        let read = move |state: &_| reader.events.answer(state);
        Contender::new("rezzy bare", || (), run, read)
    }

    /// With auth difference and conflicted subgraph worked out by the caller.
    pub fn total(self: &Rc<Self>) -> Contender {
        let (this, reader) = (Rc::clone(self), Rc::clone(self));
        let run = move |()| {
            let (agreed, conflicted) = this.split();
            let enlisted = this.enlist(&conflicted);
            this.resolve(agreed, conflicted.iter().chain(&enlisted))
        };
        let read = move |state: &_| reader.events.answer(state);
        Contender::new("rezzy total", || (), run, read)
    }

    /// The call that takes states and all events of the room, and nothing else.
    pub fn maps(self: &Rc<Self>) -> Contender {
        let (this, reader) = (Rc::clone(self), Rc::clone(self));
        let run =
            move |()| ::rezzy::resolve_state_maps(&this.states, &this.events.by_rank, this.version);
        let read = move |state: &_| reader.events.answer(state);
        Contender::new("rezzy maps", || (), run, read)
    }

    /// What all states agree on, and the events at the other keys.
    fn split(&self) -> (SharedState<u32>, BTreeSet<u32>) {
        let mut agreed = self.states[0].clone();
        let mut conflicted = BTreeSet::new();
        for other in &self.states[1..] {
            for item in self.states[0].diff(other) {
                let key = match item {
                    DiffItem::Add(key, event) | DiffItem::Remove(key, event) => {
                        conflicted.insert(*event);
                        key
                    }
                    DiffItem::Update { old, new } => {
                        conflicted.extend([*old.1, *new.1]);
                        new.0
                    }
                };
                agreed.remove(key);
            }
        }
        (agreed, conflicted)
    }

    fn enlist(&self, conflicted: &BTreeSet<u32>) -> Vec<u32> {
        let graph = &self.room.graph;
        let number = |rank: &u32| self.numbers[*rank as usize];
        let chains = self
            .states
            .iter()
            .map(|state| graph.chain(state.values().map(number)));
        let mut enlisted = difference(&chains.collect::<Vec<_>>());
        if self.version.is_v2_1_plus() {
            let conflicted: Vec<u32> = conflicted.iter().map(number).collect();
            enlisted.extend(graph.subgraph(&conflicted).iter());
        }
        let ranks = enlisted
            .into_iter()
            .map(|number| self.events.ranks[number as usize]);
        ranks.collect()
    }

    fn resolve<'a>(
        &self,
        agreed: SharedState<u32>,
        full_conflicted: impl Iterator<Item = &'a u32>,
    ) -> SharedState<u32> {
        let events = &self.events.by_rank;
        let ranks: FxHashSet<u32> = full_conflicted.copied().collect();
        let full_conflicted = ranks.into_iter().map(|rank| (rank, events[&rank].clone()));
        let full_conflicted: FxHashMap<u32, _> = full_conflicted.collect();
        resolve_iterative_sort(
            agreed,
            full_conflicted,
            events,
            self.version,
            &mut HashMap::new(),
        )
    }
}

/// The states, made from the first by what is different in each: so they share all else, as states
/// do that come of one history.
fn sharing(room: &Room, events: &Events) -> Vec<SharedState<u32>> {
    let entry = |entry: &Entry| {
        let key = (entry.event_type.clone(), entry.state_key.clone());
        (key, events.ranks[entry.event as usize])
    };
    let mut states = room.states.iter().map(|state| state.iter().map(entry));
    let first: SharedState<u32> = states.next().into_iter().flatten().collect();
    let others = states.map(|state| {
        let wanted: SharedState<u32> = state.collect();
        let mut shared = first.clone();
        for item in first.diff(&wanted) {
            match item {
                DiffItem::Add(key, event)
                | DiffItem::Update {
                    new: (key, event), ..
                } => {
                    shared.insert(key.clone(), *event);
                }
                DiffItem::Remove(key, _) => {
                    shared.remove(key);
                }
            }
        }
        shared
    });
    let others: Vec<_> = others.collect();
    [first].into_iter().chain(others).collect()
}
