//! The room engine.

mod acl;
mod built;
mod claimed_past;
mod convergence;
mod draft;
mod eviction;
mod policy;
mod template;
mod visibility;
