//! What tests, benches and fuzz targets share: a room builder, random rooms, and the oracle.
//!
//! Nothing in the library imports this module; it uses the public interface only.

pub mod oracle;
mod random;
pub mod rooms;

pub use self::random::Random;
