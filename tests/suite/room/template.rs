//! See `src/room/template.rs`.
