//! Auth events as numbers: what a caller of the peers keeps so as to tell them auth chains.
//!
//! The peers take auth chains, auth differences and subgraphs from their caller. Their users keep
//! such an index, so the caller here is a good one: integers, bit sets, no string but in the end.

/// The auth events of each event. Events are numbered such that what is cited has a lower number.
#[derive(Default)]
pub struct AuthGraph {
    cited: Vec<Vec<u32>>,
}

impl AuthGraph {
    /// Adds the next event.
    pub fn push(&mut self, cited: Vec<u32>) {
        self.cited.push(cited);
    }

    /// The auth chains of some events, taken together.
    pub fn chain(&self, events: impl IntoIterator<Item = u32>) -> Numbers {
        let mut chain = Numbers::below(self.cited.len());
        let mut stack: Vec<u32> = events.into_iter().collect();
        while let Some(event) = stack.pop() {
            for cited in &self.cited[event as usize] {
                if chain.insert(*cited) {
                    stack.push(*cited);
                }
            }
        }
        chain
    }

    /// The conflicted state subgraph: what lies on a way of auth events from one conflicted event
    /// to another, they themselves included.
    pub fn subgraph(&self, conflicted: &[u32]) -> Numbers {
        let mut below = self.chain(conflicted.iter().copied());
        let mut found = Numbers::below(self.cited.len());
        for event in conflicted {
            below.insert(*event);
            found.insert(*event);
        }
        for event in below.iter() {
            let cited = &self.cited[event as usize];
            if cited.iter().any(|cited| found.contains(*cited)) {
                found.insert(event);
            }
        }
        found
    }
}

/// What is in some of the chains and not in all: the auth difference.
pub fn difference(chains: &[Numbers]) -> Vec<u32> {
    let Some((first, rest)) = chains.split_first() else {
        return Vec::new();
    };
    let (mut any, mut all) = (first.clone(), first.clone());
    for chain in rest {
        for (at, word) in chain.words.iter().enumerate() {
            any.words[at] |= word;
            all.words[at] &= word;
        }
    }
    for (any, all) in any.words.iter_mut().zip(&all.words) {
        *any &= !all;
    }
    any.iter().collect()
}

/// A set of numbers.
#[derive(Clone)]
pub struct Numbers {
    words: Vec<u64>,
}

impl Numbers {
    /// The empty set, with room for numbers below `bound`.
    fn below(bound: usize) -> Self {
        Self {
            words: vec![0; bound.div_ceil(64)],
        }
    }

    /// Whether the number is new.
    fn insert(&mut self, number: u32) -> bool {
        let word = &mut self.words[number as usize / 64];
        let bit = 1 << (number % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    fn contains(&self, number: u32) -> bool {
        self.words[number as usize / 64] >> (number % 64) & 1 == 1
    }

    /// The numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..).zip(&self.words).flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(at * 64 + bit)
            })
        })
    }
}
