//! `roomdag` is an engine for Matrix rooms: a pure, synchronous library that works out who may do
//! what in a room and what the room's state is, for room versions 1 to 12.

pub mod limits;

pub mod id;
pub mod json;

pub mod version;

pub mod pdu;

pub mod event;

pub mod crypto;

pub mod auth;
pub mod state;

pub mod dag;

pub mod resolve;

pub mod replay;

#[cfg(feature = "lab")]
pub mod lab;

#[cfg(feature = "testing")]
pub mod testing;

pub use crate::auth::{Decision, Rule, StateView};
pub use crate::crypto::{KeyRing, SigningKey, Timestamp};
pub use crate::dag::RoomDag;
pub use crate::event::{Event, EventRef};
pub use crate::id::{EventId, KeyId, RoomId, ServerName, UserId};
pub use crate::json::{Object, Value};
pub use crate::limits::Limits;
pub use crate::pdu::Pdu;
pub use crate::replay::{Replay, ReplayOptions, Status, Verdict};
pub use crate::resolve::{Resolution, Trace};
pub use crate::state::{KeyIx, StateMap};
pub use crate::version::{RoomVersionRules, RoomVersions};
