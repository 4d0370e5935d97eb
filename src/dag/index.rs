//! Hash maps over indices.
//!
//! Indices are handed out in order of arrival, one after the other, so nobody can choose them to
//! collide, and a hash worth a multiplication will do.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// A map from indices. Never iterated where an answer could depend on the order.
pub(crate) type IndexMap<K, V> = HashMap<K, V, BuildHasherDefault<IndexHasher>>;

/// A set of indices, under the same condition.
pub(crate) type IndexSet<K> = HashSet<K, BuildHasherDefault<IndexHasher>>;

/// A map with room for that many entries.
pub(crate) fn map_for<K, V>(entries: usize) -> IndexMap<K, V> {
    IndexMap::with_capacity_and_hasher(entries, BuildHasherDefault::default())
}

/// A set with room for that many entries.
pub(crate) fn set_for<K>(entries: usize) -> IndexSet<K> {
    IndexSet::with_capacity_and_hasher(entries, BuildHasherDefault::default())
}

/// Fibonacci hashing of one `u32`.
#[derive(Clone, Copy, Default)]
pub(crate) struct IndexHasher(u64);

impl Hasher for IndexHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_usize(&mut self, index: usize) {
        let mixed = (self.0 ^ index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn write_u32(&mut self, index: u32) {
        let mixed = (self.0 ^ u64::from(index)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}
