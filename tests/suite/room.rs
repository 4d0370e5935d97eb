//! The room engine.

mod acl;
mod attacks;
mod backfilling;
mod built;
mod checkpoint;
mod claimed_past;
mod claims;
mod convergence;
mod copies;
mod draft;
mod endorsing;
mod eviction;
mod extremities;
mod outliers;
mod policy;
mod receiving;
mod redactions;
mod refusals;
mod sending;
mod serving;
#[cfg(feature = "counting")]
mod siblings;
mod simulation;
mod small_scope;
mod support;
mod template;
mod vectors;
mod visibility;
mod waiting;
