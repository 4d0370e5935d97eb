//! What can be said of events that were dropped, or are none.

use roomdag::crypto::{content_hash, reference_hash};
use roomdag::event::{Event, HashCheck};
use roomdag::id::EventId;
use roomdag::json::{Object, Value, base64};
use roomdag::lab::formats::{GivenId, Position};
use roomdag::version::{EventIdFormat, RoomVersionRules};

/// An event that was dropped at receipt checks 1 or 2.
#[derive(Clone, Debug)]
pub(crate) struct Dropped {
    /// `None` for what is no canonical JSON, which has no hash to be called by, unless it says an id.
    pub(crate) event_id: Option<String>,
    /// Where in the file it is; `None` if the graph refuses it, where one copy stands for all.
    pub(crate) position: Option<Position>,
    pub(crate) header: Header,
    pub(crate) well_formed: bool,
    pub(crate) content_hash: HashCheck,
    pub(crate) signatures: &'static str,
    pub(crate) reason: String,
}

impl Dropped {
    /// The order in which they are told of: by id, those without one last, as the file has them.
    pub(crate) fn rank(&self) -> (bool, Option<String>, Option<Position>) {
        (
            self.event_id.is_none(),
            self.event_id.clone(),
            self.position,
        )
    }
}

/// What an event says of itself, if it says it in strings.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) event_type: Option<String>,
    pub(crate) state_key: Option<String>,
    pub(crate) sender: Option<String>,
}

impl Header {
    pub(crate) fn of(json: &Object) -> Self {
        let text = |key| json.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
        Self {
            event_type: text("type"),
            state_key: text("state_key"),
            sender: text("sender"),
        }
    }
}

/// What is to be said of an event if it is dropped after all.
pub(crate) fn about(event: &Event, json: &Object, verified: bool) -> Dropped {
    Dropped {
        event_id: Some(event.id().to_string()),
        position: None,
        header: Header::of(json),
        well_formed: true,
        content_hash: event.provenance().content_hash,
        signatures: if verified { "valid" } else { "unchecked" },
        reason: String::new(),
    }
}

/// The id of what is not a well-formed event.
pub(crate) fn nominal_id(json: &Object, given_id: &GivenId, rules: &RoomVersionRules) -> EventId {
    if let GivenId::Name(id) = given_id {
        return id.clone();
    }
    let hash = reference_hash(json, rules);
    let stated = json.get("event_id").and_then(Value::as_str);
    EventId::from_trusted(match (rules.event_id, stated) {
        (EventIdFormat::Field, Some(id)) => id.to_owned(),
        (EventIdFormat::ReferenceHashUrlSafe, _) => {
            format!("${}", base64::encode_url_safe(hash.as_bytes()))
        }
        (EventIdFormat::ReferenceHash | EventIdFormat::Field, _) => {
            format!("${}", hash.to_base64())
        }
    })
}

/// Receipt check 3 on what may not be an event.
pub(crate) fn hash_check(json: &Object) -> HashCheck {
    match stated_hash(json).and_then(|text| base64::decode(text).ok()) {
        Some(hash) if hash == content_hash(json).as_bytes() => HashCheck::Ok,
        _ => HashCheck::Mismatch,
    }
}

/// `hashes.sha256`, if it is there.
pub(crate) fn stated_hash(json: &Object) -> Option<&str> {
    json.get("hashes")?.as_object()?.get("sha256")?.as_str()
}
