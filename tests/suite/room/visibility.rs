//! See `src/room/visibility.rs`.
