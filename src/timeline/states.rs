//! The distinct states of a room, and the resolutions that led to them.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::num::NonZeroU32;

use crate::state::StateMap;

/// The number of a distinct state, from 1 up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StateIx(NonZeroU32);

impl StateIx {
    /// Where the state is in [`States::distinct`].
    fn place(self) -> Option<usize> {
        usize::try_from(self.0.get()).ok()?.checked_sub(1)
    }
}

/// Whether a state follows from the room's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quality {
    /// It does.
    Computed,
    /// It follows from what somebody claimed a state to be.
    Claimed,
    /// The same, and the claim left members out.
    Partial,
}

/// The distinct states, by number; and the latest resolutions, by the states that were resolved.
#[derive(Debug)]
pub(crate) struct States {
    distinct: Vec<(StateMap, Quality)>,
    resolved: BTreeMap<Vec<StateIx>, StateIx>,
    /// What is in `resolved`, oldest first.
    remembered: VecDeque<Vec<StateIx>>,
    limit: usize,
}

impl States {
    /// The first is the empty state.
    pub(crate) const EMPTY: StateIx = StateIx(NonZeroU32::MIN);

    pub(crate) fn new(limit: usize) -> Self {
        Self {
            distinct: vec![(StateMap::default(), Quality::Computed)],
            resolved: BTreeMap::new(),
            remembered: VecDeque::new(),
            limit,
        }
    }

    pub(crate) fn get(&self, state: StateIx) -> Option<&StateMap> {
        Some(&self.distinct.get(state.place()?)?.0)
    }

    pub(crate) fn quality(&self, state: StateIx) -> Option<Quality> {
        Some(self.distinct.get(state.place()?)?.1)
    }

    /// `None` once there are 2³² of them, which no room's events can bring about: their own
    /// numbers are as large.
    pub(crate) fn add(&mut self, state: StateMap, quality: Quality) -> Option<StateIx> {
        self.distinct.push((state, quality));
        let number = u32::try_from(self.distinct.len()).ok()?;
        NonZeroU32::new(number).map(StateIx)
    }

    /// What these states, sorted and each once, were resolved to.
    pub(crate) fn resolved(&self, states: &[StateIx]) -> Option<StateIx> {
        self.resolved.get(states).copied()
    }

    /// How many resolutions are remembered.
    pub(crate) fn remembered(&self) -> usize {
        self.remembered.len()
    }

    pub(crate) fn remember(&mut self, states: Vec<StateIx>, resolved: StateIx) {
        if self.limit == 0 {
            return;
        }
        if self.remembered.len() >= self.limit {
            if let Some(oldest) = self.remembered.pop_front() {
                self.resolved.remove(&oldest);
            }
        }
        self.remembered.push_back(states.clone());
        self.resolved.insert(states, resolved);
    }
}
