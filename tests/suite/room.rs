//! The room engine.

mod acl;
mod built;
mod claimed_past;
mod draft;
mod eviction;
mod policy;
mod template;
mod visibility;
