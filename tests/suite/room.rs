//! The room engine.

mod acl;
mod draft;
mod policy;
mod template;
mod visibility;
