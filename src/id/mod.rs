//! Identifiers: cheap to clone, checked once, ordered by their bytes.
//!
//! Events, rooms, users, servers and keys are all named by strings. Each has its own type here, so
//! that one cannot be taken for another, and each is checked against its grammar when it is parsed
//! and never again. A clone shares the text.
//!
//! | the spec says                 | here           | what is checked                              |
//! |-------------------------------|----------------|----------------------------------------------|
//! | event ID                      | [`EventId`]    | sigil and length; the rest is opaque         |
//! | room ID                       | [`RoomId`]     | sigil and length; the rest is opaque         |
//! | user ID, historical ones too  | [`UserId`]     | sigil, length, localpart, server name        |
//! | server name                   | [`ServerName`] | the whole grammar                            |
//! | signing key identifier        | [`KeyId`]      | algorithm, one colon, version                |
//!
//! Reads nothing. Read by every other module.
//! Spec: <https://spec.matrix.org/v1.19/appendices/#identifier-grammar>

mod error;
mod event_id;
mod key_id;
mod newtype;
mod room_id;
mod server_name;
mod user_id;

pub(crate) use error::truncated;

pub use error::IdError;
pub use event_id::EventId;
pub use key_id::KeyId;
pub use room_id::RoomId;
pub use server_name::ServerName;
pub use user_id::UserId;

/// Bytes an identifier may have, sigil and server name included.
pub const MAX_ID_BYTES: usize = 255;
