//! Room states: what holds each `(type, state_key)` at one point of the room.
//!
//! A room has a state before and after every event, and most of these states differ from their
//! neighbour in one entry or in none. So nothing here is ever copied: a state is a [`StateMap`],
//! a persistent map from a small number to a small number, which shares everything but one path
//! with the state it was made from.
//!
//! | the spec says                   | here                                         |
//! |---------------------------------|----------------------------------------------|
//! | `(event_type, state_key)` tuple | [`KeyIx`], a number given out by [`StateKeys`] |
//! | state map, room state           | [`StateMap`]                                 |
//! | event type                      | [`TypeIx`], where only the type matters      |
//!
//! Strings are compared at the borders only: when a key is interned, and when a state is named
//! by its [`StateDigest`].
//!
//! Reads [`id`](crate::id) and the event types of [`pdu`](crate::pdu). Read by [`dag`](crate::dag) and everything above it.
//! Spec: <https://spec.matrix.org/v1.19/rooms/v12/#state-resolution>

mod digest;
mod key;
mod map;
mod node;
mod walk;

pub use digest::{StateDigest, digest};
pub use key::{KeyIx, StateKeys, TypeIx};
pub use map::StateMap;
pub use walk::{Changes, Entries};
