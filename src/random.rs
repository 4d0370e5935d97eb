//! Choices: pseudo-random ones that are the same everywhere, or those that a fuzzer makes.

/// A source of choices.
///
/// One of a seed is the `SplitMix64` generator: the same seed gives the same numbers on every
/// machine. One of [bytes](Self::of_bytes) makes the choices that the bytes say, so that whoever
/// changes the bytes, as fuzzers do, changes single choices.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
    /// What is left of the bytes, last one first.
    bytes: Vec<u8>,
}

impl Random {
    /// The numbers of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            state: seed,
            bytes: Vec::new(),
        }
    }

    /// The choices that bytes make, each of as many of them as it takes to tell its outcomes apart.
    /// When they are used up, it goes on with the numbers of the seed 0: whoever draws until they
    /// like what comes is not kept for ever.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self {
            state: 0,
            bytes: bytes.iter().rev().copied().collect(),
        }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        if !self.bytes.is_empty() {
            return self.taken(8);
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 if `bound` is.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        let bits = if self.bytes.is_empty() {
            self.bits()
        } else {
            let significant = bound.saturating_sub(1).checked_ilog2();
            self.taken(significant.map_or(0, |bits| (bits >> 3).saturating_add(1)))
        };
        usize::try_from(bits.checked_rem(bound).unwrap_or_default()).unwrap_or_default()
    }

    /// Whether something happens that does so in `percent` of 100 cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of `choices`; `None` if there are none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.below(choices.len()))
    }

    /// Whether there are bytes left whose choices nobody has asked for. Never of a seed.
    #[must_use]
    pub fn has_bytes(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// What is left of the bytes, as it stands.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes.into_iter().rev().collect()
    }

    /// The next `count` bytes, or those that are left, as one number.
    fn taken(&mut self, count: u32) -> u64 {
        let next = (0..count).filter_map(|_| self.bytes.pop());
        next.fold(0, |number, byte| (number << 8) | u64::from(byte))
    }
}
