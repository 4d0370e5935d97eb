//! Everything in `spec-vectors`, run.

pub(crate) mod fields;
mod generated;
mod own;
mod redaction;
mod rooms;
mod rules;
mod rulings;
mod signatures;
mod state_res;
