//! Room versions as data: what differs between them, in one row each.
//!
//! A *room version* fixes every algorithm that the servers of a room must share. The rest of the
//! crate never asks which version it is working for; it asks the [`RoomVersionRules`] for the
//! property that it needs. So a rule has one place, and a new version is a new row.
//!
//! | question                                 | here                                    |
//! |------------------------------------------|-----------------------------------------|
//! | what can differ at all?                  | [`RoomVersionRules`], [`AuthRules`]     |
//! | what does version 8 change?              | [`V8`], written as its difference       |
//! | which rules does this id stand for?      | [`RoomVersions::get`]                   |
//! | how do I try an unstable version?        | [`RoomVersions::with`]                  |
//!
//! Read by every layer above. This is the only module that knows version numbers.
//! Spec: <https://spec.matrix.org/v1.19/rooms/>

mod redaction;
mod registry;
mod rules;
mod table;

pub use self::redaction::{Kept, RedactionRules};
pub use self::registry::{RegistryError, RoomVersions};
pub use self::rules::{
    AbsentLevel, AliasRule, AuthRules, AuthoriserSignature, ConflictedSubgraph, CreateReference,
    CreatorRule, EventIdFormat, EventReferences, Federation, FirstPass, GuardedLevelMaps, JoinRule,
    KeyValidity, LevelForms, LevelString, Numbering, OverlongIdentifier, Readings, RedactionRule,
    RedactsIn, RoomIdFormat, RoomVersionRules, StateResolution,
};
pub use self::table::{V1, V2, V3, V4, V5, V6, V7, V8, V9, V10, V11, V12};
