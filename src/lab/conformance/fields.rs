//! Reading the fields of an expectation.

use crate::json::{Mode, Object, ParseError, ParseErrorKind, Value};
use crate::version::{RoomVersionRules, RoomVersions};

/// Why a file of expectations cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It is not JSON.
    #[error("not JSON: {0}")]
    Json(#[from] ParseError),
    /// A field is absent or of another type than its format says.
    #[error("`{field}` is missing or of the wrong type")]
    Field {
        /// The field.
        field: &'static str,
    },
    /// A field has nothing in it, and so asks or expects nothing.
    #[error("`{field}` is empty")]
    Empty {
        /// The field.
        field: &'static str,
    },
    /// A field is there that its format does not know.
    #[error("`{member}` is not known here")]
    Unexpected {
        /// The field.
        member: Box<str>,
    },
    /// It is JSON, but of no format that is known here.
    #[error("not a file of expectations: it has no `cases`")]
    Unknown,
    /// It asks something that is not known here.
    #[error("there is no question `{question}`")]
    Question {
        /// The question.
        question: Box<str>,
    },
    /// Something is named that is not among what is `given`.
    #[error("nothing is given as `{name}`")]
    Name {
        /// The name.
        name: Box<str>,
    },
    /// What should stand for a value does not.
    #[error("`{construct}` stands for nothing")]
    Construct {
        /// The construct.
        construct: Box<str>,
    },
    /// Two cases have the same id.
    #[error("two cases are `{id}`")]
    SameId {
        /// The id.
        id: Box<str>,
    },
    /// No answer to the question has such a member.
    #[error("no answer has `{member}`")]
    Member {
        /// The member.
        member: Box<str>,
    },
    /// A case cannot be used.
    #[error("case `{id}`: {error}")]
    Case {
        /// The case.
        id: Box<str>,
        /// What is wrong with it.
        error: Box<FileError>,
    },
    /// It is for a room version that is not known here.
    #[error("room version `{version}` is not known")]
    RoomVersion {
        /// The version.
        version: String,
    },
}

impl FileError {
    pub(super) fn in_case(self, id: &str) -> Self {
        Self::Case {
            id: id.into(),
            error: Box::new(self),
        }
    }
}

pub(super) fn rules(version: &str) -> Result<&'static RoomVersionRules, FileError> {
    RoomVersions::stable_rules(version).ok_or_else(|| FileError::RoomVersion {
        version: version.to_owned(),
    })
}

pub(super) fn opt_text<'a>(object: &'a Object, field: &str) -> Option<&'a str> {
    object.get(field).and_then(Value::as_str)
}

pub(super) fn opt_object<'a>(object: &'a Object, field: &str) -> Option<&'a Object> {
    object.get(field).and_then(Value::as_object)
}

pub(super) fn opt_integer(object: &Object, field: &str) -> Option<i64> {
    object.get(field).and_then(Value::as_i64)
}

pub(super) fn parse(bytes: &[u8]) -> Result<Object, FileError> {
    Object::parse(bytes, Mode::Lenient).map_err(|error| match error.kind() {
        ParseErrorKind::NotAnObject => FileError::Unknown,
        _ => error.into(),
    })
}

pub(super) fn text<'a>(object: &'a Object, field: &'static str) -> Result<&'a str, FileError> {
    object
        .get(field)
        .and_then(Value::as_str)
        .ok_or(FileError::Field { field })
}

pub(super) fn flag(object: &Object, field: &'static str) -> Result<bool, FileError> {
    object
        .get(field)
        .and_then(Value::as_bool)
        .ok_or(FileError::Field { field })
}

pub(super) fn object<'a>(object: &'a Object, field: &'static str) -> Result<&'a Object, FileError> {
    object
        .get(field)
        .and_then(Value::as_object)
        .ok_or(FileError::Field { field })
}

pub(super) fn list<'a>(
    object: &'a Object,
    field: &'static str,
) -> Result<impl Iterator<Item = &'a Value> + 'a, FileError> {
    let array = object
        .get(field)
        .and_then(Value::as_array)
        .ok_or(FileError::Field { field })?;
    Ok(array.iter())
}

/// A list of strings.
pub(super) fn texts<'a>(
    object: &'a Object,
    field: &'static str,
) -> Result<Vec<&'a str>, FileError> {
    list(object, field)?
        .map(|value| value.as_str().ok_or(FileError::Field { field }))
        .collect()
}

/// A list of numbers of events, lines or pool entries.
pub(super) fn indices(object: &Object, field: &'static str) -> Result<Vec<usize>, FileError> {
    list(object, field)?
        .map(|value| {
            let index = value.as_i64().and_then(|index| usize::try_from(index).ok());
            index.ok_or(FileError::Field { field })
        })
        .collect()
}

/// Bytes that are given as `text` or in `hex`.
pub(super) fn bytes(object: &Object) -> Result<Vec<u8>, FileError> {
    match opt_text(object, "hex") {
        Some(digits) => hex(digits).ok_or(FileError::Field { field: "hex" }),
        None => Ok(text(object, "text")?.into()),
    }
}

/// A PDU as it comes over federation: an event, or an object with only `text` or `hex`, the bytes
/// that should be one.
pub(super) fn wire(value: &Value, field: &'static str) -> Result<Vec<u8>, FileError> {
    let object = value.as_object().ok_or(FileError::Field { field })?;
    if object.len() == 1 && (object.contains_key("text") || object.contains_key("hex")) {
        return bytes(object);
    }
    Ok(object.to_canonical())
}

/// The bytes that are written in hex.
pub(super) fn hex(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let pairs = digits.chunks_exact(2);
    let pairs = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    pairs.collect()
}
