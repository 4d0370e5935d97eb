//! The room: what a homeserver holds of it, from a PDU on the wire to a receipt.

mod acl;
mod draft;
mod founding;
mod place;
mod policy;
mod resident;
mod restricted;
mod template;
mod visibility;

pub use self::draft::{Assembled, BuildError, Draft, Signer, assemble};
pub use self::founding::{Founding, create_event};
pub use self::place::{Cited, Place, next_depth};
pub use self::resident::{Submission, SubmittedError, template_response};
pub use self::restricted::{
    Condition, CountersignError, JoinRefusal, allow_conditions, countersign_invite,
    countersign_join, restricted_join,
};
pub use self::template::{Expected, Handshake, Template, TemplateError};
