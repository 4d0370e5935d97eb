//! See `src/room/acl.rs`.
