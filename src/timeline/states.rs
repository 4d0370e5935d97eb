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
    distinct: Vec<Distinct>,
    resolved: BTreeMap<Vec<StateIx>, StateIx>,
    /// What is in `resolved`, oldest first.
    remembered: VecDeque<Vec<StateIx>>,
    limit: usize,
}

#[derive(Debug)]
struct Distinct {
    map: StateMap,
    quality: Quality,
    /// The state from which it differs in little.
    parent: Option<StateIx>,
}

impl States {
    /// The first is the empty state.
    pub(crate) const EMPTY: StateIx = StateIx(NonZeroU32::MIN);

    pub(crate) fn new(limit: usize) -> Self {
        Self {
            distinct: vec![Distinct {
                map: StateMap::default(),
                quality: Quality::Computed,
                parent: None,
            }],
            resolved: BTreeMap::new(),
            remembered: VecDeque::new(),
            limit,
        }
    }

    pub(crate) fn get(&self, state: StateIx) -> Option<&StateMap> {
        Some(&self.distinct.get(state.place()?)?.map)
    }

    pub(crate) fn quality(&self, state: StateIx) -> Option<Quality> {
        Some(self.distinct.get(state.place()?)?.quality)
    }

    /// `parent` is the state from which the new one differs in little. `None` once there are 2³²
    /// of them, which no room's events can bring about: their own numbers are as large.
    pub(crate) fn add(
        &mut self,
        map: StateMap,
        quality: Quality,
        parent: Option<StateIx>,
    ) -> Option<StateIx> {
        self.distinct.push(Distinct {
            map,
            quality,
            parent,
        });
        let number = u32::try_from(self.distinct.len()).ok()?;
        NonZeroU32::new(number).map(StateIx)
    }

    /// As [`add`](Self::add), unless it is the state that it `was`.
    pub(crate) fn add_unless(
        &mut self,
        was: Option<StateIx>,
        map: StateMap,
        quality: Quality,
        parent: Option<StateIx>,
    ) -> Option<StateIx> {
        let is = |was: &StateIx| {
            self.quality(*was) == Some(quality) && self.get(*was).is_some_and(|old| *old == map)
        };
        was.filter(is).or_else(|| self.add(map, quality, parent))
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

    /// Forgets all resolutions: for when events mean something else than they did.
    pub(crate) fn forget_resolutions(&mut self) {
        self.resolved.clear();
        self.remembered.clear();
    }
}
