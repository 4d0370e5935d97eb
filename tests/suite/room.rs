//! The room engine.

mod acl;
mod built;
mod draft;
mod eviction;
mod policy;
mod template;
mod visibility;
