//! The room: what a homeserver holds of it, from a PDU on the wire to a receipt.

mod acl;
mod draft;
mod policy;
mod template;
mod visibility;

pub use self::acl::{AclDecision, EmptyAllow, ServerAcl};
