//! The header fields of an event, one reader each.

use std::borrow::Cow;

use crate::id::{EventId, IdError, RoomId, UserId};
use crate::json::{CanonicalObject, RawValue, base64};
use crate::pdu::FormatError;
use crate::version::EventReferences;

/// The longest identifier, in code points and, in newer room versions, in bytes.
///
/// Spec: [size limits](https://spec.matrix.org/v1.19/client-server-api/#size-limits).
const MAX_IDENTIFIER: usize = 255;

/// Bytes that an id which is a hash takes in a list, with its quotation marks and a comma.
const USUAL_REFERENCE: usize = 47;

/// Declares the members of an event that its format knows, and finds them.
macro_rules! fields {
    ($($name:ident: $key:literal),*) => {
        /// The members of an event that its format knows.
        #[derive(Clone, Copy, Default)]
        pub(super) struct Fields<'a> {
            $(pub(super) $name: Field<'a>),*
        }

        impl<'a> Fields<'a> {
            /// Finds them. One pass over the members.
            pub(super) fn of(json: &'a CanonicalObject) -> Self {
                let mut fields = Self { $($name: Field { name: $key, value: None }),* };
                for (name, value) in json.iter_as_written() {
                    // One comparison of words each, where patterns would go byte by byte.
                    $(if name == $key.as_bytes() {
                        fields.$name.value = Some(value);
                    } else)* {
                        // Of no other member is anything known.
                    }
                }
                fields
            }
        }
    };
}

fields! {
    auth_events: "auth_events",
    content: "content",
    depth: "depth",
    event_id: "event_id",
    hashes: "hashes",
    origin_server_ts: "origin_server_ts",
    prev_events: "prev_events",
    room_id: "room_id",
    sender: "sender",
    state_key: "state_key",
    event_type: "type"
}

/// A member, or its absence.
#[derive(Clone, Copy, Default)]
pub(super) struct Field<'a> {
    name: &'static str,
    value: Option<RawValue<'a>>,
}

impl<'a> Field<'a> {
    pub(super) fn is_present(self) -> bool {
        self.value.is_some()
    }

    fn required(self) -> Result<RawValue<'a>, FormatError> {
        // Eager errors would be dropped again, for which there is code to run.
        match self.value {
            Some(value) => Ok(value),
            None => Err(FormatError::Missing { field: self.name }),
        }
    }

    fn wrong_type(self, expected: &'static str) -> FormatError {
        FormatError::WrongType {
            field: self.name,
            expected,
        }
    }

    pub(super) fn string(self) -> Result<Cow<'a, str>, FormatError> {
        let text = self.required()?.as_str();
        text.ok_or_else(|| self.wrong_type("a string"))
    }

    pub(super) fn object(self) -> Result<RawValue<'a>, FormatError> {
        let value = self.required()?;
        let object = value.is_object().then_some(value);
        object.ok_or_else(|| self.wrong_type("an object"))
    }

    pub(super) fn integer(self) -> Result<i64, FormatError> {
        let value = self.required()?;
        value.as_i64().ok_or_else(|| {
            if value.is_integer() {
                FormatError::OutOfRange { field: self.name }
            } else {
                self.wrong_type("an integer")
            }
        })
    }

    pub(super) fn depth(self, max: i64) -> Result<i64, FormatError> {
        let depth = self.integer()?;
        if (0..=max).contains(&depth) {
            Ok(depth)
        } else {
            Err(FormatError::OutOfRange { field: self.name })
        }
    }

    pub(super) fn event_id(self) -> Result<EventId, FormatError> {
        self.identifier(EventId::parse, |id| EventId::from_trusted(id))
    }

    pub(super) fn room_id(self) -> Result<RoomId, FormatError> {
        self.identifier(RoomId::parse, |id| RoomId::from_trusted(id))
    }

    pub(super) fn user_id(self) -> Result<UserId, FormatError> {
        self.identifier(UserId::parse, |id| UserId::from_trusted(id))
    }

    /// An identifier that follows its grammar. [`overlong`] has dealt with those that are too
    /// long.
    fn identifier<T>(
        self,
        parse: fn(&str) -> Result<T, IdError>,
        from_trusted: fn(&str) -> T,
    ) -> Result<T, FormatError> {
        let text = self.string()?;
        match parse(&text) {
            Err(IdError::TooLong { .. }) => Ok(from_trusted(&text)),
            other => other.map_err(|source| FormatError::InvalidId {
                field: self.name,
                source,
            }),
        }
    }

    /// The ids in `prev_events` or `auth_events`. Of a pair only the shape is checked, not the
    /// hash.
    pub(super) fn references(
        self,
        format: EventReferences,
        max: usize,
    ) -> Result<Vec<EventId>, FormatError> {
        let list = self.required()?;
        if !list.is_array() {
            return Err(self.wrong_type("an array"));
        }
        if let (EventReferences::Ids, Some(ids)) = (format, plain_ids(list, max)) {
            return Ok(ids);
        }
        let mut ids = Vec::new();
        for entry in list.elements() {
            let id = self.reference(entry, format);
            match id {
                Ok(id) if ids.len() < max => ids.push(id),
                // That there are too many outweighs what is wrong with one of them.
                id => {
                    let len = list.elements().count();
                    if len > max {
                        let field = self.name;
                        return Err(FormatError::TooMany { field, len, max });
                    }
                    ids.push(id?);
                }
            }
        }
        ids.shrink_to_fit();
        Ok(ids)
    }

    fn reference(
        self,
        entry: RawValue<'_>,
        format: EventReferences,
    ) -> Result<EventId, FormatError> {
        let id = match format {
            EventReferences::Ids => entry.as_str(),
            EventReferences::Pairs => pair(entry),
        };
        let id = id.ok_or_else(|| {
            self.wrong_type(match format {
                EventReferences::Pairs => {
                    "an array of pairs of an event id and an object of hashes"
                }
                EventReferences::Ids => "an array of event ids",
            })
        })?;
        match EventId::parse(&id) {
            // The event of that name is kept in some room versions, so it can be cited.
            Err(IdError::TooLong { .. }) if id.chars().count() <= MAX_IDENTIFIER => {
                Ok(EventId::from_trusted(&*id))
            }
            other => other.map_err(|source| FormatError::InvalidId {
                field: self.name,
                source,
            }),
        }
    }

    /// `sha256` of `hashes`, decoded leniently.
    pub(super) fn sha256(self) -> Result<[u8; 32], FormatError> {
        let field = "hashes.sha256";
        let hashes = self.object()?;
        // Mostly there is no other hash.
        let alone = hashes.as_text().strip_prefix("{\"sha256\":\"");
        if let Some(hash) = alone.and_then(|rest| base64::decode_plain(rest.strip_suffix("\"}")?)) {
            return Ok(hash);
        }
        let Some(hash) = hashes.get("sha256") else {
            return Err(FormatError::Missing { field });
        };
        let wrong_type = |expected| FormatError::WrongType { field, expected };
        let Some(text) = hash.as_str() else {
            return Err(wrong_type("a string"));
        };
        base64::decode_array(&text).map_err(|_| wrong_type("the Base64 of 32 bytes"))
    }
}

/// The ids in a list of nothing else, if none of them has escapes and they are not too many.
fn plain_ids(list: RawValue<'_>, max: usize) -> Option<Vec<EventId>> {
    let usual = list.as_text().len() / USUAL_REFERENCE;
    let mut ids = Vec::with_capacity(usual.min(max));
    list.each_plain_string(|id| {
        let id = EventId::parse(id).ok().filter(|_| ids.len() < max)?;
        ids.push(id);
        Some(())
    })?;
    ids.shrink_to_fit();
    Some(ids)
}

fn pair(entry: RawValue<'_>) -> Option<Cow<'_, str>> {
    let mut entries = entry.elements();
    let (id, hashes) = (entries.next()?, entries.next()?);
    (entries.next().is_none() && hashes.is_object()).then(|| id.as_str())?
}

/// The first identifier field of more than 255 bytes; more than 255 code points are an error.
pub(super) fn overlong(fields: &Fields<'_>) -> Result<Option<&'static str>, FormatError> {
    let identifiers = [
        fields.event_id,
        fields.room_id,
        fields.sender,
        fields.state_key,
        fields.event_type,
    ];
    let mut overlong = None;
    for identifier in identifiers {
        // Quotation marks and escapes only make the text longer than the identifier.
        let long = |value: &RawValue<'_>| value.as_text().len() > MAX_IDENTIFIER;
        let text = identifier.value.filter(long).and_then(RawValue::as_str);
        let Some(text) = text.filter(|text| text.len() > MAX_IDENTIFIER) else {
            continue;
        };
        let field = identifier.name;
        if text.chars().count() > MAX_IDENTIFIER {
            return Err(FormatError::TooLong { field });
        }
        overlong = overlong.or(Some(field));
    }
    Ok(overlong)
}
