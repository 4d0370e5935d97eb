//! Reading the fields of an expectation.

use crate::json::{Mode, Object, ParseError, ParseErrorKind, Value};

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
    /// It is JSON, but of no format that is known here.
    #[error("not a file of expectations")]
    Unknown,
    /// It is for a room version that is not known here.
    #[error("room version `{version}` is not known")]
    RoomVersion {
        /// The version.
        version: String,
    },
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
