//! The room: what a homeserver holds of it, from a PDU on the wire to a receipt.

mod acl;
mod draft;
mod policy;
mod template;
mod visibility;

pub use self::policy::{PolicyCheck, PolicyUse, policy_check, policy_use};
pub use self::visibility::{
    At, JoinedLater, UserView, Viewer, Visibility, VisibilityRule, server_visibility, visibility,
};
