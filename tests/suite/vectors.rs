//! Everything in `spec-vectors`, run.

mod canonical_json;
pub(crate) mod fields;
mod format;
mod redaction;
mod rooms;
mod rules;
mod rulings;
mod signatures;
mod state_res;
mod symbolic;
