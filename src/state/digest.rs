//! A name for a state that is equal wherever the state is equal.
//!
//! Numbers of keys and events mean nothing outside one [`RoomDag`](crate::dag::RoomDag), so states
//! of two servers, or of two runs, are compared by a hash over the strings behind them: SHA-256
//! over one line `type \0 state_key \0 event_id \n` for each entry, ordered by type, then by
//! state key, both as bytes. The empty state has the hash of nothing.
//!
//! The specification knows no such name; this one is the tool's own.

use std::fmt;

use petgraph::graph::NodeIndex;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::id::EventId;
use crate::state::key::StateKeys;
use crate::state::map::StateMap;

/// The SHA-256 of a state. Prints and serialises as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateDigest([u8; 32]);

impl StateDigest {
    /// The hash of a state given as `(type, state_key, event_id)`, in any order.
    ///
    /// Takes O(n log n). What is given twice counts twice.
    #[must_use]
    pub fn of<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_unstable();
        let mut hash = Sha256::new();
        for (event_type, state_key, event_id) in entries {
            hash.update(event_type);
            hash.update([0]);
            hash.update(state_key);
            hash.update([0]);
            hash.update(event_id);
            hash.update(b"\n");
        }
        Self(hash.finalize().into())
    }

    /// The hash itself.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The digest of a state map whose keys are in `keys` and whose events `id_of` can name.
///
/// `None` if one of them is unknown there, which means that the map belongs to another room.
/// Takes O(n log n).
#[must_use]
pub fn digest<'a>(
    state: &StateMap,
    keys: &'a StateKeys,
    id_of: impl Fn(NodeIndex) -> Option<&'a EventId>,
) -> Option<StateDigest> {
    let entries: Option<Vec<_>> = state
        .iter()
        .map(|(key, event)| {
            let (event_type, state_key) = keys.resolve(key)?;
            Some((event_type, state_key, id_of(event)?.as_str()))
        })
        .collect();
    Some(StateDigest::of(entries?))
}

impl fmt::Display for StateDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for StateDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for StateDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
