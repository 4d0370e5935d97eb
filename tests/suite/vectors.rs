//! Everything in `spec-vectors`, run.

pub(crate) mod fields;
mod generated;
mod others;
mod own;
mod protocol;
mod reader;
mod redaction;
mod rooms;
mod rules;
mod rulings;
mod schema;
mod signatures;
mod state_res;
