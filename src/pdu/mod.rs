//! PDUs: what servers send each other, held to the event format of the room version.
//!
//! A [`Pdu`] is well-formed for its room version, which is receipt check 1. Nothing more is known
//! of it: neither who signed it nor whether its hash is right. [`crypto`](crate::crypto) finds
//! that out and makes an [`Event`](crate::event::Event) of it.
//!
//! | the spec says                    | here                                     |
//! |----------------------------------|------------------------------------------|
//! | event format, size limits        | [`Pdu::parse`], [`FormatError`]          |
//! | redaction                        | [`redact()`], [`RedactionRules`](crate::version::RedactionRules) |
//! | what the rules read              | [`content`]                              |
//!
//! Reads [`json`](crate::json), [`version`](crate::version). Spec:
//! <https://spec.matrix.org/v1.19/server-server-api/#pdus>

pub mod content;
mod fields;
mod format;
mod redact;

pub use self::format::{FormatError, Pdu};
pub use self::redact::redact;

/// The event type `m.room.aliases`.
pub const ALIASES: &str = "m.room.aliases";
/// The event type `m.room.create`.
pub const CREATE: &str = "m.room.create";
/// The event type `m.room.history_visibility`.
pub const HISTORY_VISIBILITY: &str = "m.room.history_visibility";
/// The event type `m.room.join_rules`.
pub const JOIN_RULES: &str = "m.room.join_rules";
/// The event type `m.room.member`.
pub const MEMBER: &str = "m.room.member";
/// The event type `m.room.policy`.
pub const POLICY: &str = "m.room.policy";
/// The event type `m.room.power_levels`.
pub const POWER_LEVELS: &str = "m.room.power_levels";
/// The event type `m.room.redaction`.
pub const REDACTION: &str = "m.room.redaction";
/// The event type `m.room.server_acl`.
pub const SERVER_ACL: &str = "m.room.server_acl";
/// The event type `m.room.third_party_invite`.
pub const THIRD_PARTY_INVITE: &str = "m.room.third_party_invite";
