//! See `src/room/draft.rs`.
