//! A real embedding: three homeservers, each with a room in memory and its tables in `SQLite`,
//! that send each other PDUs.
//!
//! The story is the one that Matrix promises. One server goes down in the middle of a conversation;
//! the others go on, fork and ban each other; it comes back from its database file, catches up
//! through gaps, and all three end with the same state, verdicts and extremities. On the way each
//! process is killed again and again in the middle of its database work.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

mod server;
mod store;
mod story;
mod world;
