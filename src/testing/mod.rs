//! What tests, benches and fuzz targets share: a room builder, random rooms, rooms to be measured,
//! and the oracle.
//!
//! Nothing in the library imports this module; it uses the public interface only.

pub mod oracle;
mod random;
pub mod rooms;
pub mod workload;

pub use self::random::Random;
