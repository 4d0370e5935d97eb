//! The laboratory: rooms as files.
//!
//! What a researcher, a server administrator or a test has of a room is a file. [`formats`] reads
//! the kinds that are about, and makes of each the same thing: the room version, the events, and
//! a list of what could not be used. [`conformance`] holds the engine against known answers.
//! [`generate`] makes rooms up, of any version, size and nastiness.
//!
//! Nothing here opens a file: bytes come in.

pub mod conformance;
pub mod formats;
pub mod generate;

pub use crate::random::Random;
