//! The distinct states of a room, and the resolutions that led to them.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::num::NonZeroU32;

use petgraph::graph::NodeIndex;
use serde::{Deserialize, Serialize};

use crate::state::{KeyIx, StateMap};

/// The number of a distinct state, from 1 up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StateIx(NonZeroU32);

impl StateIx {
    pub(crate) fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    pub(crate) fn number(self) -> u32 {
        self.0.get()
    }
}

/// Whether a state follows from the room's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// It does.
    Computed,
    /// It follows from what somebody claimed a state to be.
    Claimed,
    /// The same, and the claim left members out.
    Partial,
}

/// The distinct states, by number; and the latest resolutions, by the states that were resolved.
///
/// States of the same entries and the same quality are one state. So their numbers follow from
/// which states came up in which order, and from nothing that is forgotten when a room is put away.
#[derive(Clone, Debug)]
pub(crate) struct States {
    distinct: Vec<Distinct>,
    /// How many states there are besides whose numbers are lower, of which some are `loaded`.
    elsewhere: u32,
    loaded: BTreeMap<StateIx, Distinct>,
    /// The first state of each sum and quality.
    by_sum: BTreeMap<(u64, Quality), StateIx>,
    /// What the differences that were kept instead of whole states have saved up for whole ones.
    credit: u64,
    resolved: BTreeMap<Vec<StateIx>, StateIx>,
    /// What is in `resolved`, oldest first.
    remembered: VecDeque<Vec<StateIx>>,
    limit: usize,
}

/// A state.
#[derive(Clone, Debug)]
struct Distinct {
    map: StateMap,
    quality: Quality,
    /// Of the entries: each adds a number of its own, in whatever order they come.
    sum: u64,
    link: Link,
}

/// How a state is kept: whole, or as its difference from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The state that it differs from; `None` for one that is kept whole.
    pub(crate) parent: Option<StateIx>,
    /// How many entries lie between it and the whole state that it comes from.
    pub(crate) length: u32,
}

impl Link {
    const WHOLE: Self = Self {
        parent: None,
        length: 0,
    };
}

impl States {
    /// The first is the empty state.
    pub(crate) const EMPTY: StateIx = StateIx(NonZeroU32::MIN);

    pub(crate) fn new(limit: usize) -> Self {
        let empty = Distinct {
            map: StateMap::default(),
            quality: Quality::Computed,
            sum: 0,
            link: Link::WHOLE,
        };
        Self {
            distinct: vec![empty],
            elsewhere: 0,
            loaded: BTreeMap::new(),
            by_sum: BTreeMap::from([((0, Quality::Computed), Self::EMPTY)]),
            credit: 0,
            resolved: BTreeMap::new(),
            remembered: VecDeque::new(),
            limit,
        }
    }

    pub(crate) fn get(&self, state: StateIx) -> Option<&StateMap> {
        Some(&self.of(state)?.map)
    }

    pub(crate) fn quality(&self, state: StateIx) -> Option<Quality> {
        Some(self.of(state)?.quality)
    }

    pub(crate) fn link(&self, state: StateIx) -> Option<Link> {
        Some(self.of(state)?.link)
    }

    /// Whether there is such a state, here or elsewhere.
    pub(crate) fn is_numbered(&self, state: StateIx) -> bool {
        state.0.get() <= self.last().0.get()
    }

    /// Whether the state of a number is here.
    pub(crate) fn has(&self, state: u32) -> bool {
        StateIx::new(state).is_some_and(|state| self.of(state).is_some())
    }

    fn of(&self, state: StateIx) -> Option<&Distinct> {
        match self.place(state) {
            Some(place) => self.distinct.get(place),
            None => self.loaded.get(&state),
        }
    }

    /// Where the state is in `distinct`; `None` for one that is numbered as being elsewhere.
    fn place(&self, state: StateIx) -> Option<usize> {
        let place = state.0.get().checked_sub(self.elsewhere)?.checked_sub(1)?;
        usize::try_from(place).ok()
    }

    /// The state that came last.
    pub(crate) fn last(&self) -> StateIx {
        let here = u32::try_from(self.distinct.len()).unwrap_or(u32::MAX);
        NonZeroU32::new(self.elsewhere.saturating_add(here)).map_or(Self::EMPTY, StateIx)
    }

    /// The states that are here and came after this one.
    pub(crate) fn numbers_after(&self, state: StateIx) -> impl Iterator<Item = StateIx> + '_ {
        let loaded = self.loaded.range(state..).map(|(state, _)| *state);
        let first = self.elsewhere.max(state.number()).checked_add(1);
        let newer = first.map(|first| first..=self.last().number());
        let newer = newer.into_iter().flatten().filter_map(StateIx::new);
        loaded.filter(move |loaded| *loaded > state).chain(newer)
    }

    /// A state, which is a new one if there is none of that content and quality. It is kept by its
    /// difference from `parent`, where that is less than the whole. `None` once there are 2³²
    /// states, which no room's events can bring about: their own numbers are as large.
    ///
    /// O(d · log n) for a difference of d entries; O(n) without a parent.
    pub(crate) fn add(
        &mut self,
        map: StateMap,
        quality: Quality,
        parent: Option<StateIx>,
    ) -> Option<StateIx> {
        let (sum, changes) = self.sum(&map, parent);
        let known = self.by_sum.get(&(sum, quality)).copied();
        if let Some(known) = known.filter(|known| self.get(*known) == Some(&map)) {
            return Some(known);
        }
        let number = self.last().0.checked_add(1).map(StateIx)?;
        let link = self.linked(&map, parent, changes);
        self.by_sum.entry((sum, quality)).or_insert(number);
        self.distinct.push(Distinct {
            map,
            quality,
            sum,
            link,
        });
        Some(number)
    }

    /// The sum of a state, and in how many entries it differs from its parent, or from nothing.
    fn sum(&self, map: &StateMap, parent: Option<StateIx>) -> (u64, u32) {
        let none = Distinct {
            map: StateMap::new(),
            quality: Quality::Computed,
            sum: 0,
            link: Link::WHOLE,
        };
        let parent = parent.and_then(|parent| self.of(parent)).unwrap_or(&none);
        let (mut sum, mut changes) = (parent.sum, 0_u32);
        for (key, old, new) in parent.map.diff(map) {
            let of = |event: Option<NodeIndex>| event.map_or(0, |event| scattered(key, event));
            sum = sum.wrapping_sub(of(old)).wrapping_add(of(new));
            changes = changes.saturating_add(1);
        }
        (sum, changes)
    }

    /// How a new state is to be kept.
    ///
    /// Whole where the difference is no less, and where the differences on the way to the last
    /// whole state have come to be more than a whole one is, so that the way back is never long.
    /// That alone would let a server that forks a long way again and again make each fork a whole
    /// state; so whole states are paid for by differences, and in all take no more room than these.
    fn linked(&mut self, map: &StateMap, parent: Option<StateIx>, changes: u32) -> Link {
        let whole = u32::try_from(map.len()).unwrap_or(u32::MAX);
        let Some(from) = parent
            .filter(|_| changes < whole)
            .and_then(|parent| self.link(parent))
        else {
            return Link::WHOLE;
        };
        let length = from.length.saturating_add(changes);
        self.credit = self.credit.saturating_add(changes.into());
        if length >= whole.max(SHORT) && self.credit >= whole.into() {
            self.credit = self.credit.saturating_sub(whole.into());
            return Link::WHOLE;
        }
        Link { parent, length }
    }

    /// What has been saved up for whole states.
    pub(crate) fn credit(&self) -> u64 {
        self.credit
    }

    /// Says how many states there are that are not here, of which each may be
    /// [loaded](Self::load), and what has been saved up for whole ones. There are none yet but the
    /// empty one.
    pub(crate) fn set_elsewhere(&mut self, last: StateIx, credit: u64) {
        self.loaded
            .extend(self.distinct.pop().map(|empty| (Self::EMPTY, empty)));
        self.elsewhere = last.0.get();
        self.credit = credit;
    }

    /// Puts all states in their places, if all are loaded. O(s) for s states.
    pub(crate) fn close_ranks(&mut self) {
        let all = u32::try_from(self.loaded.len()).is_ok_and(|loaded| loaded == self.elsewhere);
        if all {
            let loaded = std::mem::take(&mut self.loaded);
            let newer = std::mem::take(&mut self.distinct);
            self.distinct = loaded.into_values().chain(newer).collect();
            self.elsewhere = 0;
        }
    }

    /// Whether no state is elsewhere that is not loaded.
    pub(crate) fn is_whole(&self) -> bool {
        u32::try_from(self.loaded.len()).is_ok_and(|loaded| loaded == self.elsewhere)
    }

    /// Takes in a state under the number that it has. O(d · log n) for a difference of d entries
    /// from its parent; O(n) if it is whole.
    pub(crate) fn load(
        &mut self,
        state: StateIx,
        map: StateMap,
        quality: Quality,
        parent: Option<StateIx>,
    ) {
        let (sum, changes) = self.sum(&map, parent);
        let from = parent.and_then(|parent| self.link(parent));
        let link = from.map_or(Link::WHOLE, |from| Link {
            parent,
            length: from.length.saturating_add(changes),
        });
        let first = self.by_sum.entry((sum, quality)).or_insert(state);
        *first = state.min(*first);
        self.loaded.insert(
            state,
            Distinct {
                map,
                quality,
                sum,
                link,
            },
        );
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
        if self.remembered.len() >= self.limit
            && let Some(oldest) = self.remembered.pop_front()
        {
            self.resolved.remove(&oldest);
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

/// How many entries away from a whole state another is still near, however small it is.
const SHORT: u32 = 64;

/// A number for an entry that looks random: the finaliser of `SplitMix64`. Nobody's choice of it
/// can do harm, for states of one sum are compared before they are taken for one.
fn scattered(key: KeyIx, event: NodeIndex) -> u64 {
    let event = u64::try_from(event.index()).unwrap_or(u64::MAX);
    let mut z = (u64::from(key.index()) << 32 | event).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
