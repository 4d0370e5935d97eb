//! The room engine.

mod acl;
mod draft;
mod extremities;
mod policy;
mod receiving;
mod support;
mod template;
mod visibility;
