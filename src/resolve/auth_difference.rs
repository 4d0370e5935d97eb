//! The auth difference: what the auth chains of some states hold, but not those of all.
//!
//! Let U be the unconflicted events and Dᵢ the other events of state i, and ↓ the events that a
//! set cites, directly or not, with the set itself. The full auth chain of state i is ↓U ∪ ↓Dᵢ,
//! so the auth difference is what lies in some ↓Dᵢ, but neither in every ↓Dᵢ nor in ↓U.
//!
//! The Dᵢ are walked down together, newest generation first, with a bit for each state. When an
//! event is reached, all that cite it have been; so its bits are final. A member of U has every
//! bit, as it and what it cites are in every chain, and an event passes on the bits that it has.
//! The walk ends when no event that lacks a bit is waiting: nothing below can lack one.
//!
//! What is left may still be cited by a member of U from above; that is found by walking up the
//! citations, with a memo.
//!
//! In the exclusive reading (SR-01) the chains hold what the states' events cite, but not those
//! events: the walk starts one step further down, and a member of U has only the bits that it was
//! passed, but passes on every bit.

use std::collections::BinaryHeap;
use std::collections::hash_map::Entry;

use petgraph::graph::NodeIndex;

use crate::dag::index::IndexMap;
use crate::resolve::AuthDifference;
use crate::resolve::conflict::Conflict;
use crate::resolve::scope::Scope;

/// The auth difference of the states, in no particular order.
///
/// Linear in the auth edges of what is walked: the events between the conflicted ones and what
/// the states have in common, and what cites them.
pub(super) fn auth_difference(scope: &Scope<'_>, conflict: &Conflict<'_>) -> Vec<NodeIndex> {
    let mut walk = Walk::new(scope, conflict);
    let sets = conflict.states.len();
    for (first, others) in conflict.differences() {
        // The first state's event is that of all who do not differ.
        let mut mask = walk.full.clone();
        for other in others {
            mask.remove(other.state);
            if let Some(event) = other.event {
                walk.start(event, &Mask::bit(other.state, sets));
            }
        }
        if let Some(event) = first {
            walk.start(event, &mask);
        }
    }
    let mut candidates = Vec::new();
    while let Some((event, mask)) = walk.next() {
        if !mask.is_full() {
            candidates.push(event);
        }
        let passed = match scope.options.auth_difference {
            AuthDifference::Exclusive if conflict.is_unconflicted(scope, event) => &walk.full,
            _ => &mask,
        };
        let passed = passed.clone();
        for cited in scope.dag.auth_events(event) {
            walk.reach(cited, &passed);
        }
    }
    let mut above = Above {
        scope,
        conflict,
        cited: IndexMap::default(),
    };
    candidates.retain(|event| !above.is_cited_by_unconflicted(*event));
    candidates
}

/// The walk down from the conflicted events.
struct Walk<'a> {
    scope: &'a Scope<'a>,
    conflict: &'a Conflict<'a>,
    masks: IndexMap<NodeIndex, Mask>,
    /// By generation, so that whatever cites an event comes before it.
    queue: BinaryHeap<(u32, NodeIndex)>,
    /// How many events in the queue lack a bit.
    open: usize,
    full: Mask,
}

impl<'a> Walk<'a> {
    fn new(scope: &'a Scope<'a>, conflict: &'a Conflict<'a>) -> Self {
        Self {
            scope,
            conflict,
            masks: IndexMap::default(),
            queue: BinaryHeap::new(),
            open: 0,
            full: Mask::full(conflict.states.len()),
        }
    }

    /// An event that the states of `bits` hold.
    fn start(&mut self, event: NodeIndex, bits: &Mask) {
        match self.scope.options.auth_difference {
            AuthDifference::Inclusive => self.reach(event, bits),
            AuthDifference::Exclusive => {
                for cited in self.scope.dag.auth_events(event) {
                    self.reach(cited, bits);
                }
            }
        }
    }

    fn reach(&mut self, event: NodeIndex, bits: &Mask) {
        if !self.scope.dag.is_known(event) {
            return;
        }
        match self.masks.entry(event) {
            Entry::Occupied(mut mask) => {
                let was_full = mask.get().is_full();
                mask.get_mut().insert(bits);
                if mask.get().is_full() && !was_full {
                    self.open = self.open.saturating_sub(1);
                }
            }
            Entry::Vacant(mask) => {
                self.queue.push((self.scope.dag.generation(event), event));
                // A member of U is in every chain, if the chains hold the states' own events.
                let inclusive = self.scope.options.auth_difference == AuthDifference::Inclusive;
                let common = inclusive && self.conflict.is_unconflicted(self.scope, event);
                let mask = mask.insert(if common {
                    self.full.clone()
                } else {
                    bits.clone()
                });
                if !mask.is_full() {
                    self.open = self.open.saturating_add(1);
                }
            }
        }
    }

    fn next(&mut self) -> Option<(NodeIndex, Mask)> {
        if self.open == 0 {
            return None;
        }
        let (_, event) = self.queue.pop()?;
        let mask = self.masks.get(&event)?.clone();
        if !mask.is_full() {
            self.open = self.open.saturating_sub(1);
        }
        Some((event, mask))
    }
}

/// The walk up to the unconflicted events.
struct Above<'a> {
    scope: &'a Scope<'a>,
    conflict: &'a Conflict<'a>,
    /// Whether an unconflicted event cites this one, directly or not.
    cited: IndexMap<NodeIndex, bool>,
}

impl Above<'_> {
    /// Depth first, on a stack of events and what of their citations is still to be looked at.
    /// An event whose citations are all looked at is not cited; when an unconflicted event is
    /// found, all that are on the stack are.
    fn is_cited_by_unconflicted(&mut self, event: NodeIndex) -> bool {
        if let Some(known) = self.cited.get(&event) {
            return *known;
        }
        let mut stack = vec![(event, self.scope.dag.cited_by(event))];
        while let Some((event, citing)) = stack.last_mut() {
            let Some(citing) = citing.next() else {
                self.cited.insert(*event, false);
                stack.pop();
                continue;
            };
            let found = match self.cited.get(&citing) {
                Some(known) => *known,
                None if self.conflict.is_unconflicted(self.scope, citing) => true,
                None => {
                    stack.push((citing, self.scope.dag.cited_by(citing)));
                    false
                }
            };
            if found {
                self.cited
                    .extend(stack.iter().map(|(event, _)| (*event, true)));
                return true;
            }
        }
        false
    }
}

/// A bit for each state.
#[derive(Clone)]
struct Mask {
    words: Words,
    /// The bits that are not set yet.
    lacking: usize,
}

#[derive(Clone)]
enum Words {
    One(u64),
    Many(Box<[u64]>),
}

impl Mask {
    fn empty(sets: usize) -> Self {
        let words = if sets <= 64 {
            Words::One(0)
        } else {
            Words::Many(vec![0; sets.div_ceil(64)].into())
        };
        Self {
            words,
            lacking: sets,
        }
    }

    fn bit(index: usize, sets: usize) -> Self {
        let mut mask = Self::empty(sets);
        if let Some(word) = mask.word(index) {
            *word = 1 << (index % 64);
            mask.lacking = sets.saturating_sub(1);
        }
        mask
    }

    /// The word that has the bit of a set.
    fn word(&mut self, index: usize) -> Option<&mut u64> {
        match &mut self.words {
            Words::One(word) => Some(word),
            Words::Many(words) => words.get_mut(index / 64),
        }
    }

    fn remove(&mut self, index: usize) {
        let bit = 1_u64 << (index % 64);
        if let Some(word) = self.word(index).filter(|word| **word & bit != 0) {
            *word &= !bit;
            self.lacking = self.lacking.saturating_add(1);
        }
    }

    fn full(sets: usize) -> Self {
        let mut mask = Self::empty(sets);
        for index in 0..sets {
            mask.insert(&Self::bit(index, sets));
        }
        mask
    }

    fn insert(&mut self, bits: &Self) {
        let add = |word: &mut u64, bits: &u64, lacking: &mut usize| {
            let new = (bits & !*word).count_ones() as usize;
            *word |= bits;
            *lacking = lacking.saturating_sub(new);
        };
        match (&mut self.words, &bits.words) {
            (Words::One(word), Words::One(bits)) => add(word, bits, &mut self.lacking),
            (Words::Many(words), Words::Many(bits)) => {
                for (word, bits) in words.iter_mut().zip(bits) {
                    add(word, bits, &mut self.lacking);
                }
            }
            // INVARIANT: all masks of a walk are for the same number of sets.
            _ => {}
        }
    }

    fn is_full(&self) -> bool {
        self.lacking == 0
    }
}
