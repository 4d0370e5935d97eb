//! What the laws of the fuzz targets are written in: definitions to hold the library against, and
//! the peers of the differential targets. See `README.md`.

pub mod acl;
pub mod auth;
pub mod json;
pub mod levels;
pub mod room;
pub mod ruma;
pub mod signatures;
