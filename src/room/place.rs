//! Where an event stands: in which room, after which events, by permission of which.

use crate::crypto::{ReferenceHash, Timestamp};
use crate::id::{EventId, RoomId};
use crate::json::{Array, Object, Value, base64};
use crate::pdu::FormatError;
use crate::room::draft::BuildError;
use crate::version::{EventReferences, RoomVersionRules};

/// What the room, and not its sender, says of a new event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The room.
    pub room_id: RoomId,
    /// The events that nothing follows yet, as far as the sender knows.
    pub prev_events: Vec<Cited>,
    /// The state events that give the event its permission.
    pub auth_events: Vec<Cited>,
    /// One more than the depths of `prev_events`: [`next_depth`].
    pub depth: i64,
    /// The time at the server.
    pub origin_server_ts: Timestamp,
}

impl Place {
    /// The members of an event, or of a template of one, that say where it stands.
    pub(super) fn members(&self, rules: &RoomVersionRules) -> Result<Object, BuildError> {
        Ok(Object::from_iter([
            ("auth_events", references(&self.auth_events, rules)?.into()),
            ("depth", Value::from(self.depth)),
            ("origin_server_ts", self.origin_server_ts.millis().into()),
            ("prev_events", references(&self.prev_events, rules)?.into()),
            ("room_id", self.room_id.as_str().into()),
        ]))
    }
}

/// An event as another event cites it.
///
/// Room versions whose events cite pairs need the reference hash beside the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cited {
    id: EventId,
    sha256: Option<[u8; 32]>,
}

impl Cited {
    /// An event in a room version whose events cite ids.
    #[must_use]
    pub fn by_id(id: EventId) -> Self {
        Self { id, sha256: None }
    }

    /// An event and its [reference hash](crate::crypto::reference_hash): fit for all room
    /// versions.
    #[must_use]
    pub fn with_hash(id: EventId, hash: &ReferenceHash) -> Self {
        let sha256 = Some(*hash.as_bytes());
        Self { id, sha256 }
    }

    /// The event's id.
    #[must_use]
    pub fn id(&self) -> &EventId {
        &self.id
    }

    /// Reads what another server cites. Of a pair, nothing but the id and the hash is kept.
    fn parse(
        value: &Value,
        field: &'static str,
        format: EventReferences,
    ) -> Result<Self, FormatError> {
        let wrong_type = |expected| FormatError::WrongType { field, expected };
        let (id, sha256) = match format {
            EventReferences::Ids => (value.as_str(), None),
            EventReferences::Pairs => {
                let pair = value.as_array().filter(|pair| pair.len() == 2);
                let hash = pair.and_then(|pair| pair.get(1)?.as_object()?.get("sha256")?.as_str());
                let hash = hash.and_then(|text| base64::decode_array(text).ok());
                let hash = hash.ok_or_else(|| {
                    wrong_type("an array of pairs of an event id and its reference hash")
                })?;
                (pair.and_then(|pair| pair.get(0)?.as_str()), Some(hash))
            }
        };
        let id = id.ok_or_else(|| wrong_type("an array of event ids"))?;
        let id = EventId::parse(id).map_err(|source| FormatError::InvalidId { field, source })?;
        Ok(Self { id, sha256 })
    }
}

/// The depth of an event that follows events of these depths: one more than the greatest.
///
/// Depths do not go beyond the largest that the room version allows: an event that follows one of
/// that depth has it too. An event that follows nothing has depth 1.
///
/// ```
/// use roomdag::room::next_depth;
/// use roomdag::version::V6;
///
/// assert_eq!(next_depth([], &V6), 1);
/// assert_eq!(next_depth([3, 7], &V6), 8);
/// assert_eq!(next_depth([V6.max_depth], &V6), V6.max_depth);
/// ```
///
/// Spec: [event format](https://spec.matrix.org/v1.19/rooms/v12/#event-format).
#[must_use]
pub fn next_depth(depths: impl IntoIterator<Item = i64>, rules: &RoomVersionRules) -> i64 {
    let deepest = depths.into_iter().fold(0, i64::max);
    deepest.saturating_add(1).min(rules.max_depth)
}

/// A list of cited events as the room version writes it.
fn references(cited: &[Cited], rules: &RoomVersionRules) -> Result<Array, BuildError> {
    let reference = |cited: &Cited| match (rules.references, cited.sha256) {
        (EventReferences::Ids, _) => Ok(Value::from(cited.id.as_str())),
        (EventReferences::Pairs, Some(sha256)) => {
            let hashes = Object::from_iter([("sha256", base64::encode(&sha256))]);
            Ok(vec![cited.id.as_str().into(), hashes.into()].into())
        }
        (EventReferences::Pairs, None) => Err(BuildError::NoReferenceHash {
            id: cited.id.clone(),
        }),
    };
    cited.iter().map(reference).collect()
}

/// The events that another server cites under `field`, at most `max` of them.
pub(super) fn parse_references(
    event: &Object,
    field: &'static str,
    rules: &RoomVersionRules,
    max: usize,
) -> Result<Vec<Cited>, FormatError> {
    let list = event.get(field).ok_or(FormatError::Missing { field })?;
    let expected = "an array";
    let list = list
        .as_array()
        .ok_or(FormatError::WrongType { field, expected })?;
    let len = list.len();
    if len > max {
        return Err(FormatError::TooMany { field, len, max });
    }
    let parse = |value| Cited::parse(value, field, rules.references);
    list.iter().map(parse).collect()
}
