//! See `src/room/policy.rs`.
