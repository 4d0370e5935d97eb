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
    for (first, others) in conflict.differences() {
        for other in others {
            if let Some(event) = other.event {
                walk.start(event, &Mask::only(other.state, walk.sets));
            }
        }
        // The first state's event is that of all who do not differ.
        if let Some(event) = first {
            let without = others.iter().map(|other| other.state);
            walk.start(event, &Mask::without(without, walk.sets));
        }
    }
    let mut candidates = Vec::new();
    while let Some((event, mask)) = walk.next() {
        if !mask.is_full() {
            candidates.push(event);
        }
        let passed = match scope.options.auth_difference {
            AuthDifference::Exclusive if conflict.is_unconflicted(scope, event) => Mask::FULL,
            _ => mask,
        };
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
    sets: usize,
}

impl<'a> Walk<'a> {
    fn new(scope: &'a Scope<'a>, conflict: &'a Conflict<'a>) -> Self {
        Self {
            scope,
            conflict,
            masks: IndexMap::default(),
            queue: BinaryHeap::new(),
            open: 0,
            sets: conflict.states.len(),
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
                mask.get_mut().insert(bits, self.sets);
                if mask.get().is_full() && !was_full {
                    self.open = self.open.saturating_sub(1);
                }
            }
            Entry::Vacant(mask) => {
                self.queue.push((self.scope.dag.generation(event), event));
                // A member of U is in every chain, if the chains hold the states' own events.
                let inclusive = self.scope.options.auth_difference == AuthDifference::Inclusive;
                let common = inclusive && self.conflict.is_unconflicted(self.scope, event);
                let mask = mask.insert(if common { Mask::FULL } else { bits.clone() });
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
        let mut stack = vec![(event, self.scope.dag.citing(event))];
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
                    stack.push((citing, self.scope.dag.citing(citing)));
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

/// A bit for each state. Most events are reached from one state, or from all but one, and with
/// many states to resolve these take no more room than a number.
#[derive(Clone)]
struct Mask {
    bits: Bits,
    /// How many bits are not set. Without any, `bits` mean nothing.
    lacking: usize,
}

#[derive(Clone)]
#[cfg_attr(test, derive(Debug, PartialEq))]
enum Bits {
    /// Of up to 64 states.
    Word(u64),
    /// One bit is set.
    Only(usize),
    /// All bits are set but one.
    AllBut(usize),
    Many(Box<[u64]>),
}

impl Mask {
    const FULL: Self = Self {
        bits: Bits::Word(u64::MAX),
        lacking: 0,
    };

    fn only(index: usize, sets: usize) -> Self {
        Self {
            bits: if sets <= 64 {
                Bits::Word(1 << (index % 64))
            } else {
                Bits::Only(index)
            },
            lacking: sets.saturating_sub(1),
        }
    }

    /// All bits but some, each named once.
    fn without(mut indices: impl ExactSizeIterator<Item = usize>, sets: usize) -> Self {
        let lacking = indices.len();
        let bits = if sets <= 64 {
            let clear = |word: u64, index: usize| word & !(1 << (index % 64));
            Bits::Word(indices.fold(up_to(sets), clear))
        } else if lacking == 1 {
            Bits::AllBut(indices.next().unwrap_or_default())
        } else {
            let mut words = words_without(None, sets);
            for index in indices {
                if let Some(word) = words.get_mut(index / 64) {
                    *word &= !(1 << (index % 64));
                }
            }
            Bits::Many(words)
        };
        Self { bits, lacking }
    }

    /// Sets the bits of another mask of the same states.
    fn insert(&mut self, other: &Self, sets: usize) {
        if self.is_full() {
            return;
        }
        if other.is_full() {
            self.lacking = 0;
            return;
        }
        let joined = match (&mut self.bits, &other.bits) {
            (Bits::Word(word), Bits::Word(bits)) => {
                *word |= bits;
                self.lacking = sets.saturating_sub(word.count_ones() as usize);
                return;
            }
            (Bits::Only(one), Bits::Only(other)) if one == other => return,
            (Bits::AllBut(one), Bits::AllBut(other)) if one == other => return,
            (Bits::AllBut(one), Bits::Only(other)) if one != other => return,
            (Bits::AllBut(_), Bits::AllBut(_) | Bits::Only(_)) => Self::FULL,
            (Bits::Only(one), Bits::AllBut(other)) if one == other => Self::FULL,
            (Bits::Only(_), Bits::AllBut(_)) => other.clone(),
            (Bits::Many(words), Bits::Only(index)) => {
                if let Some(word) = words.get_mut(index / 64) {
                    let bit = 1 << (index % 64);
                    self.lacking = self.lacking.saturating_sub(usize::from(*word & bit == 0));
                    *word |= bit;
                }
                return;
            }
            _ => {
                let (mut words, bits) = (self.words(sets), other.words(sets));
                let mut count = 0_usize;
                for (word, bits) in words.iter_mut().zip(bits) {
                    *word |= bits;
                    count = count.saturating_add(word.count_ones() as usize);
                }
                Self {
                    bits: Bits::Many(words),
                    lacking: sets.saturating_sub(count),
                }
            }
        };
        *self = joined;
    }

    /// The bits of more than 64 states, 64 in a word.
    fn words(&self, sets: usize) -> Box<[u64]> {
        match &self.bits {
            Bits::Many(words) => words.clone(),
            Bits::AllBut(index) => words_without(Some(*index), sets),
            Bits::Word(word) => Box::new([*word]),
            Bits::Only(index) => {
                let mut words = vec![0; sets.div_ceil(64)];
                if let Some(word) = words.get_mut(index / 64) {
                    *word = 1 << (index % 64);
                }
                words.into()
            }
        }
    }

    fn is_full(&self) -> bool {
        self.lacking == 0
    }
}

/// All bits but, perhaps, one. Those of no state are not set.
fn words_without(index: Option<usize>, sets: usize) -> Box<[u64]> {
    let mut words = vec![u64::MAX; sets.div_ceil(64)];
    if let Some(last) = words.last_mut().filter(|_| !sets.is_multiple_of(64)) {
        *last = up_to(sets % 64);
    }
    if let Some(index) = index
        && let Some(word) = words.get_mut(index / 64)
    {
        *word &= !(1 << (index % 64));
    }
    words.into()
}

/// A word of which that many bits are set, 64 at most.
fn up_to(bits: usize) -> u64 {
    u32::try_from(bits)
        .ok()
        .and_then(|bits| u64::MAX.checked_shl(bits))
        .map_or(u64::MAX, |rest| !rest)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Bits, Mask};

    /// The states of a mask.
    fn states(mask: &Mask, sets: usize) -> BTreeSet<usize> {
        if mask.is_full() {
            return (0..sets).collect();
        }
        let words = mask.words(sets);
        let is_set = |index: &usize| words[index / 64] >> (index % 64) & 1 == 1;
        let found: BTreeSet<usize> = (0..sets).filter(is_set).collect();
        let ones: u32 = words.iter().map(|word| word.count_ones()).sum();
        assert_eq!(found.len(), ones as usize, "bits of no state");
        assert_eq!(found.len().checked_add(mask.lacking), Some(sets));
        found
    }

    /// Masks of one state, and of all but some, with what they stand for.
    fn masks(sets: usize) -> Vec<(Mask, BTreeSet<usize>)> {
        let some = BTreeSet::from([0, sets / 2, sets.saturating_sub(1)]);
        let some: Vec<usize> = some.into_iter().collect();
        let mut masks: Vec<_> = some
            .iter()
            .map(|index| (Mask::only(*index, sets), BTreeSet::from([*index])))
            .collect();
        for choice in 0..1_usize << some.len() {
            let left_out: Vec<usize> = (0..some.len())
                .filter(|bit| choice >> bit & 1 == 1)
                .map(|bit| some[bit])
                .collect();
            let rest = (0..sets).filter(|index| !left_out.contains(index));
            let rest = rest.collect();
            masks.push((Mask::without(left_out.into_iter(), sets), rest));
        }
        masks
    }

    #[test]
    fn a_mask_is_a_set_of_states_however_many_there_are() {
        for sets in [1, 2, 3, 63, 64, 65, 66, 127, 128, 129, 200] {
            for (a, of_a) in masks(sets) {
                assert_eq!(states(&a, sets), of_a);
                for (b, of_b) in masks(sets) {
                    let mut two = a.clone();
                    two.insert(&b, sets);
                    let of_two: BTreeSet<usize> = &of_a | &of_b;
                    assert_eq!(states(&two, sets), of_two);
                    for (c, of_c) in masks(sets) {
                        let mut three = two.clone();
                        three.insert(&c, sets);
                        assert_eq!(states(&three, sets), &of_two | &of_c);
                    }
                }
            }
        }
    }

    #[test]
    fn masks_of_one_state_or_all_but_one_take_no_list() {
        let sets = 100;
        let all_but = |index| Mask::without(std::iter::once(index), sets);
        let joined = |mut one: Mask, other: Mask| {
            one.insert(&other, sets);
            one.bits
        };
        assert_eq!(
            joined(Mask::only(1, sets), Mask::only(1, sets)),
            Bits::Only(1)
        );
        assert_eq!(joined(Mask::only(1, sets), all_but(2)), Bits::AllBut(2));
        assert_eq!(joined(all_but(2), all_but(2)), Bits::AllBut(2));
        assert_eq!(joined(all_but(2), Mask::only(1, sets)), Bits::AllBut(2));
        for full in [(all_but(1), all_but(2)), (all_but(1), Mask::only(1, sets))] {
            assert_eq!(joined(full.0, full.1), Mask::FULL.bits);
        }
        let word = joined(Mask::only(1, 64), Mask::only(2, 64));
        assert!(matches!(word, Bits::Word(_)), "{word:?}");
    }
}
