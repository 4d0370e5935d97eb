//! The keys of a room's state, as numbers.
//!
//! Rooms repeat a few event types endlessly and every state key many times, so each type and each
//! `(type, state_key)` pair is stored once per room and named by a `u32` from then on. The keys
//! that the authorisation rules ask for all the time have numbers that are known beforehand.
//!
//! Numbers are given out in the order of first use. They depend on the order in which events
//! arrived and mean nothing outside their room: they must not reach an output.

use std::collections::hash_map::RandomState;
use std::hash::{Hash, Hasher};

use indexmap::{Equivalent, IndexSet};

use crate::effort::{self, Step};
use crate::pdu::{CREATE, JOIN_RULES, MEMBER, POWER_LEVELS, THIRD_PARTY_INVITE};

/// The number of an event type in one room. See [`StateKeys`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeIx(u32);

impl TypeIx {
    /// `m.room.create`, in every room.
    pub const CREATE: Self = Self(0);
    /// `m.room.power_levels`, in every room.
    pub const POWER_LEVELS: Self = Self(1);
    /// `m.room.join_rules`, in every room.
    pub const JOIN_RULES: Self = Self(2);
    /// `m.room.member`, in every room.
    pub const MEMBER: Self = Self(3);
    /// `m.room.third_party_invite`, in every room.
    pub const THIRD_PARTY_INVITE: Self = Self(4);

    /// The type with this number.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The number itself.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.0
    }
}

/// The number of a `(type, state_key)` pair in one room. See [`StateKeys`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyIx(u32);

impl KeyIx {
    /// `("m.room.create", "")`, in every room.
    pub const CREATE: Self = Self(0);
    /// `("m.room.power_levels", "")`, in every room.
    pub const POWER_LEVELS: Self = Self(1);
    /// `("m.room.join_rules", "")`, in every room.
    pub const JOIN_RULES: Self = Self(2);

    /// The key with this number.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The number itself.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.0
    }
}

/// Gives every event type and every `(type, state_key)` pair of one room a number.
///
/// Both tables only grow. Looking a number up is an index, looking a string up is one hash.
#[derive(Clone, Debug)]
pub struct StateKeys {
    types: IndexSet<Box<str>, RandomState>,
    /// The type that was interned last, as the next one often is it again.
    recent: usize,
    keys: IndexSet<Key, RandomState>,
}

/// A pair as it is stored: the type is a number already.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    event_type: TypeIx,
    state_key: Box<str>,
}

/// A pair as it is asked for. Hashes as [`Key`] does, as the two have the same fields.
struct KeyRef<'a> {
    event_type: TypeIx,
    state_key: &'a str,
}

impl Hash for KeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.event_type.hash(state);
        self.state_key.hash(state);
    }
}

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.event_type == key.event_type && self.state_key == &*key.state_key
    }
}

impl StateKeys {
    /// A table that holds the well-known types and keys and nothing else.
    #[must_use]
    pub fn new() -> Self {
        let mut table = Self {
            types: IndexSet::default(),
            recent: 0,
            keys: IndexSet::default(),
        };
        // INVARIANT: the order is that of the constants of `TypeIx` and `KeyIx`.
        for event_type in WELL_KNOWN_TYPES {
            table.types.insert(event_type.into());
        }
        for event_type in [TypeIx::CREATE, TypeIx::POWER_LEVELS, TypeIx::JOIN_RULES] {
            table.keys.insert(Key {
                event_type,
                state_key: Box::default(),
            });
        }
        table
    }

    /// The number of the pair, which is a new one if the pair is new.
    ///
    /// Memory ends long before the numbers do: a pair takes some fifty bytes.
    pub fn intern(&mut self, event_type: &str, state_key: &str) -> KeyIx {
        let event_type = self.intern_type(event_type);
        self.intern_of(event_type, state_key)
    }

    /// As [`intern`](Self::intern), for a type that has a number.
    pub fn intern_of(&mut self, event_type: TypeIx, state_key: &str) -> KeyIx {
        if let Some(known) = well_known(event_type, state_key) {
            return known;
        }
        effort::step(Step::Lookup);
        let index = match self.keys.get_index_of(&KeyRef {
            event_type,
            state_key,
        }) {
            Some(index) => index,
            None => {
                self.keys
                    .insert_full(Key {
                        event_type,
                        state_key: state_key.into(),
                    })
                    .0
            }
        };
        KeyIx(number(index))
    }

    /// The number of the pair, if it was interned before.
    #[must_use]
    pub fn lookup(&self, event_type: &str, state_key: &str) -> Option<KeyIx> {
        self.lookup_of(self.lookup_type(event_type)?, state_key)
    }

    /// As [`lookup`](Self::lookup), for a type that has a number.
    #[must_use]
    pub fn lookup_of(&self, event_type: TypeIx, state_key: &str) -> Option<KeyIx> {
        if let Some(known) = well_known(event_type, state_key) {
            return Some(known);
        }
        effort::step(Step::Lookup);
        let index = self.keys.get_index_of(&KeyRef {
            event_type,
            state_key,
        })?;
        Some(KeyIx(number(index)))
    }

    /// The type and the state key with this number; `None` for the number of another room.
    #[must_use]
    pub fn resolve(&self, key: KeyIx) -> Option<(&str, &str)> {
        let key = self.key(key)?;
        Some((self.resolve_type(key.event_type)?, &key.state_key))
    }

    /// The type of the pair with this number.
    #[must_use]
    pub fn type_of(&self, key: KeyIx) -> Option<TypeIx> {
        Some(self.key(key)?.event_type)
    }

    /// The number of the event type, which is a new one if the type is new.
    pub fn intern_type(&mut self, event_type: &str) -> TypeIx {
        let recent = self.types.get_index(self.recent);
        if recent.is_none_or(|recent| **recent != *event_type) {
            let known = self.types.get_index_of(event_type);
            self.recent = known.unwrap_or_else(|| self.types.insert_full(event_type.into()).0);
        }
        TypeIx(number(self.recent))
    }

    /// The number of the event type, if it was interned before.
    #[must_use]
    pub fn lookup_type(&self, event_type: &str) -> Option<TypeIx> {
        // Comparing a few lengths is quicker than a hash.
        let known = WELL_KNOWN_TYPES
            .iter()
            .position(|known| *known == event_type);
        if let Some(known) = known {
            return Some(TypeIx(number(known)));
        }
        Some(TypeIx(number(self.types.get_index_of(event_type)?)))
    }

    /// The event type with this number; `None` for the number of another room.
    #[must_use]
    pub fn resolve_type(&self, event_type: TypeIx) -> Option<&str> {
        let index = usize::try_from(event_type.0).ok()?;
        self.types.get_index(index).map(|event_type| &**event_type)
    }

    /// How many pairs have a number. The numbers are those below it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no pair has a number; never, as some pairs are known beforehand.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn key(&self, key: KeyIx) -> Option<&Key> {
        self.keys.get_index(usize::try_from(key.0).ok()?)
    }
}

impl Default for StateKeys {
    fn default() -> Self {
        Self::new()
    }
}

/// The number that a key has in every room.
fn well_known(event_type: TypeIx, state_key: &str) -> Option<KeyIx> {
    // INVARIANT: the first keys are those of the first types, in the same order.
    (state_key.is_empty() && event_type <= TypeIx::JOIN_RULES).then_some(KeyIx(event_type.0))
}

/// A position in a table as a `u32`; tables of 2³² entries do not fit any memory.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

const WELL_KNOWN_TYPES: [&str; 5] = [CREATE, POWER_LEVELS, JOIN_RULES, MEMBER, THIRD_PARTY_INVITE];
