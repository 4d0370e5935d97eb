//! Canonical JSON.

use crate::json::{Mode, Object, Value};
use crate::lab::conformance::FileError;
use crate::lab::conformance::answer::NoAnswer;
use crate::lab::conformance::fields::{bytes, text};

pub(super) fn answer(input: &Object) -> Result<Object, NoAnswer> {
    let mode = match text(input, "mode")? {
        "strict" => Mode::Strict,
        "lenient" => Mode::Lenient,
        _ => return Err(FileError::Field { field: "mode" }.into()),
    };
    let mut answer = Object::new();
    let value = Value::parse(&bytes(input)?, mode).ok();
    answer.insert("ok", value.is_some());
    if let Some(value) = value {
        answer.insert("output", value.to_string());
    }
    Ok(answer)
}
