//! What tests, benches and fuzz targets share: a room builder, random rooms, rooms to be measured,
//! the oracle, a second statement of hashes and redaction, a federation, and whatever can be drawn
//! from a seed or from a fuzzer's bytes.
//!
//! Nothing in the library imports this module; it uses the public interface only.

pub mod drawn;
pub mod network;
pub mod oracle;
pub mod plain;
pub mod rooms;
pub mod workload;

pub use crate::random::Random;
