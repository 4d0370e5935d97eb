//! The redaction algorithm: what is left of an event once all that it need not say is gone.

use crate::json::Object;
use crate::version::RoomVersionRules;

/// The redacted form of an event, by the algorithm of the room version.
///
/// The keys that are kept depend on the event's `type`; an event without one keeps what any type
/// keeps. Redacting twice changes nothing, and never changes what signatures and the event id
/// cover. Costs one pass over what is kept.
///
/// Spec: [redactions](https://spec.matrix.org/v1.19/rooms/v12/#redactions).
#[must_use]
pub fn redact(event: &Object, rules: &RoomVersionRules) -> Object {
    let event_type = event
        .get("type")
        .and_then(|value| value.as_str())
        .unwrap_or_default();
    event.selected(&rules.redaction.kept(event_type).redacted)
}
