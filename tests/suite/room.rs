//! The room engine.

mod acl;
mod claims;
mod copies;
mod draft;
mod extremities;
mod policy;
mod receiving;
mod redactions;
mod sending;
mod support;
mod template;
mod visibility;
mod waiting;
