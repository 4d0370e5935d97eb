//! The event format and the hashes once more, slowly: read from a tree of JSON values, hashed
//! through the walk that writes them. What reads canonical bytes in place is held against this.

use roomdag::Limits;
use roomdag::crypto::{content_hash, reference_hash};
use roomdag::event::HashCheck;
use roomdag::id::{EventId, IdError, RoomId, UserId};
use roomdag::json::{Object, Value, base64};
use roomdag::pdu::content::Content;
use roomdag::pdu::{CREATE, FormatError, Pdu, REDACTION, redact};
use roomdag::version::{
    EventIdFormat, EventReferences, OverlongIdentifier, RedactsIn, RoomIdFormat, RoomVersionRules,
};

/// Everything that can be asked of a PDU and of the event that it becomes.
#[derive(Debug, PartialEq)]
pub(super) struct Read {
    pub(super) canonical: String,
    pub(super) stated_event_id: Option<EventId>,
    pub(super) stated_room_id: Option<RoomId>,
    pub(super) event_type: String,
    pub(super) state_key: Option<String>,
    pub(super) sender: UserId,
    pub(super) numbers: (i64, i64),
    pub(super) prev_events: Vec<EventId>,
    pub(super) auth_events: Vec<EventId>,
    pub(super) stated_content_hash: [u8; 32],
    pub(super) overlong: Option<&'static str>,
    pub(super) id: EventId,
    pub(super) content_hash: HashCheck,
    pub(super) content: Content,
    pub(super) redacts: Option<EventId>,
    pub(super) room_id: RoomId,
}

pub(super) fn read(
    bytes: &[u8],
    rules: &RoomVersionRules,
    limits: &Limits,
) -> Result<(Read, Object), FormatError> {
    if bytes.len() > limits.input_bytes {
        let (bytes, max) = (bytes.len(), limits.input_bytes);
        return Err(FormatError::TooLarge { bytes, max });
    }
    let json = Object::parse_within(bytes, rules.canonical_json, limits)?;
    let bytes = json.canonical_len();
    if bytes > limits.pdu_bytes {
        let max = limits.pdu_bytes;
        return Err(FormatError::TooLarge { bytes, max });
    }
    let overlong = overlong(&json)?;
    if let (Some(field), OverlongIdentifier::Drops) = (overlong, rules.overlong_identifier) {
        return Err(FormatError::TooLong { field });
    }
    let event_type = string(&json, "type")?;
    let stated_event_id = match rules.event_id {
        EventIdFormat::Field => Some(identifier(&json, "event_id", EventId::parse, |id| {
            EventId::from_trusted(id)
        })?),
        _ if json.contains_key("event_id") => return Err(FormatError::UnexpectedEventId),
        _ => None,
    };
    let stated_room_id = match (rules.room_id, json.get("room_id")) {
        (RoomIdFormat::CreateHash, None) if event_type == CREATE => None,
        _ => Some(identifier(&json, "room_id", RoomId::parse, |id| {
            RoomId::from_trusted(id)
        })?),
    };
    let state_key = match json.get("state_key") {
        None => None,
        Some(_) => Some(string(&json, "state_key")?.to_owned()),
    };
    object(&json, "content")?;
    let prev_events = references(&json, "prev_events", rules.references, limits.prev_events)?;
    let auth_events = references(&json, "auth_events", rules.references, limits.auth_events)?;
    if let (RoomIdFormat::CreateHash, Some(room_id)) = (rules.room_id, &stated_room_id) {
        let implied = room_id.as_str().replacen('!', "$", 1);
        if auth_events.iter().any(|id| *id == *implied) {
            return Err(FormatError::CitesCreate);
        }
    }
    let sender = identifier(&json, "sender", UserId::parse, |id| {
        UserId::from_trusted(id)
    })?;
    let ts = integer(&json, "origin_server_ts")?;
    let depth = integer(&json, "depth")?;
    if !(0..=rules.max_depth).contains(&depth) {
        return Err(FormatError::OutOfRange { field: "depth" });
    }
    let stated_content_hash = stated_content_hash(&json)?;

    let hash = reference_hash(&json, rules);
    let id = match (rules.event_id, &stated_event_id) {
        (_, Some(id)) => id.clone(),
        (EventIdFormat::ReferenceHashUrlSafe, None) => {
            EventId::from_trusted(format!("${}", base64::encode_url_safe(hash.as_bytes())))
        }
        (_, None) => EventId::from_trusted(format!("${}", hash.to_base64())),
    };
    let intact = *content_hash(&json).as_bytes() == stated_content_hash;
    let effective = if intact {
        json.clone()
    } else {
        redact(&json, rules)
    };
    let redacts = match rules.redacts {
        RedactsIn::Event => effective.get("redacts"),
        RedactsIn::Content => object(&effective, "content")?.get("redacts"),
    };
    let redacts = redacts
        .filter(|_| event_type == REDACTION)
        .and_then(|id| EventId::parse(id.as_str()?).ok());
    let implied_room = || RoomId::from_trusted(id.as_str().replacen('$', "!", 1));
    let read = Read {
        canonical: json.to_string(),
        room_id: stated_room_id.clone().unwrap_or_else(implied_room),
        stated_event_id,
        stated_room_id,
        event_type: event_type.to_owned(),
        content: Content::of(&effective, event_type, state_key.is_some(), rules),
        state_key,
        sender,
        numbers: (ts, depth),
        prev_events,
        auth_events,
        stated_content_hash,
        overlong,
        id,
        content_hash: if intact {
            HashCheck::Ok
        } else {
            HashCheck::Mismatch
        },
        redacts,
    };
    Ok((read, json))
}

/// The same of a PDU and its event.
pub(super) fn of(pdu: Pdu, rules: &RoomVersionRules) -> Read {
    let canonical = pdu.json().as_text().to_owned();
    let stated = (
        pdu.stated_event_id().cloned(),
        pdu.stated_room_id().cloned(),
    );
    let stated_content_hash = *pdu.stated_content_hash();
    let prev_events = pdu.prev_events().to_vec();
    let auth_events = pdu.auth_events().to_vec();
    let id = roomdag::crypto::event_id(&pdu, rules);
    let header = (
        pdu.event_type().to_owned(),
        pdu.state_key().map(ToOwned::to_owned),
        pdu.sender().clone(),
        (pdu.origin_server_ts(), pdu.depth()),
        pdu.overlong(),
    );
    let event = roomdag::crypto::unverified(pdu, rules);
    let parts = event.as_ref();
    // The event says the same of itself as the PDU did.
    assert_eq!(
        header,
        (
            parts.event_type.to_owned(),
            parts.state_key.map(ToOwned::to_owned),
            parts.sender.clone(),
            (parts.origin_server_ts, parts.depth),
            event.overlong(),
        )
    );
    assert_eq!(*parts.id, id);
    assert_eq!(
        (event.prev_events(), event.auth_events()),
        (&*prev_events, &*auth_events)
    );
    let (event_type, state_key, sender, numbers, overlong) = header;
    Read {
        canonical,
        stated_event_id: stated.0,
        stated_room_id: stated.1,
        event_type,
        state_key,
        sender,
        numbers,
        prev_events,
        auth_events,
        stated_content_hash,
        overlong,
        id,
        content_hash: event.provenance().content_hash,
        content: parts.content.clone(),
        redacts: parts.redacts.cloned(),
        room_id: parts.room_id.clone(),
    }
}

fn overlong(json: &Object) -> Result<Option<&'static str>, FormatError> {
    let mut overlong = None;
    for field in ["event_id", "room_id", "sender", "state_key", "type"] {
        let Some(text) = json.get(field).and_then(Value::as_str) else {
            continue;
        };
        if text.chars().count() > 255 {
            return Err(FormatError::TooLong { field });
        }
        if text.len() > 255 {
            overlong = overlong.or(Some(field));
        }
    }
    Ok(overlong)
}

fn required<'a>(json: &'a Object, field: &'static str) -> Result<&'a Value, FormatError> {
    json.get(field).ok_or(FormatError::Missing { field })
}

fn string<'a>(json: &'a Object, field: &'static str) -> Result<&'a str, FormatError> {
    let expected = "a string";
    let text = required(json, field)?.as_str();
    text.ok_or(FormatError::WrongType { field, expected })
}

fn object<'a>(json: &'a Object, field: &'static str) -> Result<&'a Object, FormatError> {
    let expected = "an object";
    let object = required(json, field)?.as_object();
    object.ok_or(FormatError::WrongType { field, expected })
}

fn integer(json: &Object, field: &'static str) -> Result<i64, FormatError> {
    let expected = "an integer";
    let number = required(json, field)?.as_number();
    let number = number
        .filter(|number| number.is_integer())
        .ok_or(FormatError::WrongType { field, expected })?;
    number.as_i64().ok_or(FormatError::OutOfRange { field })
}

fn identifier<T>(
    json: &Object,
    field: &'static str,
    parse: fn(&str) -> Result<T, IdError>,
    from_trusted: fn(&str) -> T,
) -> Result<T, FormatError> {
    let text = string(json, field)?;
    match parse(text) {
        Err(IdError::TooLong { .. }) => Ok(from_trusted(text)),
        other => other.map_err(|source| FormatError::InvalidId { field, source }),
    }
}

fn references(
    json: &Object,
    field: &'static str,
    format: EventReferences,
    max: usize,
) -> Result<Vec<EventId>, FormatError> {
    let wrong = |expected| FormatError::WrongType { field, expected };
    let list = required(json, field)?.as_array().ok_or(wrong("an array"))?;
    if list.len() > max {
        let len = list.len();
        return Err(FormatError::TooMany { field, len, max });
    }
    let expected = match format {
        EventReferences::Pairs => "an array of pairs of an event id and an object of hashes",
        EventReferences::Ids => "an array of event ids",
    };
    let id_of = |entry: &Value| {
        let pair = entry.as_array().map(|pair| pair.iter().collect::<Vec<_>>());
        match (format, pair.as_deref()) {
            (EventReferences::Ids, _) => entry.as_str().map(ToOwned::to_owned),
            (EventReferences::Pairs, Some([id, Value::Object(_)])) => {
                id.as_str().map(ToOwned::to_owned)
            }
            (EventReferences::Pairs, _) => None,
        }
    };
    list.iter()
        .map(|entry| {
            let id = id_of(entry).ok_or(wrong(expected))?;
            match EventId::parse(&id) {
                Err(IdError::TooLong { .. }) if id.chars().count() <= 255 => {
                    Ok(EventId::from_trusted(id))
                }
                other => other.map_err(|source| FormatError::InvalidId { field, source }),
            }
        })
        .collect()
}

fn stated_content_hash(json: &Object) -> Result<[u8; 32], FormatError> {
    let field = "hashes.sha256";
    let hash = object(json, "hashes")?.get("sha256");
    let hash = hash.ok_or(FormatError::Missing { field })?;
    let wrong = |expected| FormatError::WrongType { field, expected };
    let text = hash.as_str().ok_or(wrong("a string"))?;
    let bytes = base64::decode(text).ok().and_then(|b| b.try_into().ok());
    bytes.ok_or(wrong("the Base64 of 32 bytes"))
}
