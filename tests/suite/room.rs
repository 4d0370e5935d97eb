//! The room engine.

mod acl;
mod checkpoint;
mod draft;
mod policy;
mod template;
mod visibility;
