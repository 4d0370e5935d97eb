//! The library's tests, as one binary. Files mirror `src/`.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::items_after_statements,
    clippy::panic,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

mod auth;
mod bounds;
mod crypto;
mod dag;
mod formats;
mod generate;
#[cfg(feature = "counting")]
mod growth;
mod id;
mod json;
mod pdu;
mod properties;
mod replay;
mod resolve;
mod room;
mod state;
mod structure;
mod vectors;
mod version;
