//! The room engine.

mod acl;
mod claims;
mod copies;
mod draft;
mod endorsing;
mod extremities;
mod policy;
mod receiving;
mod redactions;
mod sending;
mod serving;
mod support;
mod template;
mod visibility;
mod waiting;
