//! To and from `serde_json`, for hosts and readers that hold values of that crate.
//!
//! Numbers are compared by their text, so the answer does not depend on which features of
//! `serde_json` another crate has switched on.

use crate::json::Mode;
use crate::json::number::Number;
use crate::json::object::Object;
use crate::json::select::Select;
use crate::json::value::Value;
use crate::json::walk::{Assembly, Step, Walk};

/// Why a value has no counterpart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InteropError {
    /// A number that the other side cannot hold exactly, or that is not finite.
    #[error("a number cannot be converted exactly")]
    Number,
    /// The value is not an object, and an object was asked for.
    #[error("not an object")]
    NotAnObject,
    /// More than 128 arrays and objects inside one another; `serde_json` recurses on its values.
    #[error("more than {MAX_DEPTH} arrays and objects inside one another")]
    TooDeep,
}

/// How deep a `serde_json` value may be, which is the bound of that crate's parser.
const MAX_DEPTH: usize = 128;

impl TryFrom<&serde_json::Value> for Value {
    type Error = InteropError;

    fn try_from(value: &serde_json::Value) -> Result<Self, InteropError> {
        let mut assembly = Assembly::default();
        let mut open = Vec::new();
        let mut next = Some(value);
        loop {
            match next {
                Some(serde_json::Value::Null) => assembly.value(Self::Null),
                Some(serde_json::Value::Bool(b)) => assembly.value(Self::Bool(*b)),
                Some(serde_json::Value::String(text)) => assembly.value(text.as_str().into()),
                Some(serde_json::Value::Number(number)) => {
                    assembly.value(Self::Number(from_serde_number(number)?));
                }
                Some(serde_json::Value::Array(items)) => {
                    assembly.open_array(items.len());
                    open.push(Level::Array(items.iter()));
                }
                Some(serde_json::Value::Object(members)) => {
                    assembly.open_object(members.len());
                    open.push(Level::Object(members.iter()));
                }
                None => {
                    open.pop();
                    assembly.close();
                }
            }
            next = match open.last_mut() {
                None => return Ok(assembly.finish()),
                Some(Level::Array(items)) => items.next(),
                Some(Level::Object(members)) => members.next().map(|(key, value)| {
                    assembly.key(key.as_str().into());
                    value
                }),
            };
        }
    }
}

/// What is left of a container.
enum Level<'a> {
    Array(std::slice::Iter<'a, serde_json::Value>),
    Object(serde_json::map::Iter<'a>),
}

impl TryFrom<serde_json::Value> for Value {
    type Error = InteropError;

    fn try_from(value: serde_json::Value) -> Result<Self, InteropError> {
        Self::try_from(&value)
    }
}

impl TryFrom<&serde_json::Value> for Object {
    type Error = InteropError;

    fn try_from(value: &serde_json::Value) -> Result<Self, InteropError> {
        Value::try_from(value)?
            .into_object()
            .ok_or(InteropError::NotAnObject)
    }
}

impl TryFrom<serde_json::Value> for Object {
    type Error = InteropError;

    fn try_from(value: serde_json::Value) -> Result<Self, InteropError> {
        Self::try_from(&value)
    }
}

impl TryFrom<&Value> for serde_json::Value {
    type Error = InteropError;

    fn try_from(value: &Value) -> Result<Self, InteropError> {
        to_serde(Walk::of(value))
    }
}

impl TryFrom<&Object> for serde_json::Value {
    type Error = InteropError;

    fn try_from(object: &Object) -> Result<Self, InteropError> {
        to_serde(Walk::of_object(object, &Select::All))
    }
}

fn to_serde(walk: Walk<'_>) -> Result<serde_json::Value, InteropError> {
    // Each open container, with the name of its member that comes next.
    let mut open: Vec<(serde_json::Value, String)> = Vec::new();
    for step in walk {
        let mut complete = match step {
            Step::Key(name) => {
                if let Some((_, key)) = open.last_mut() {
                    name.clone_into(key);
                }
                continue;
            }
            Step::Array(_) | Step::Object(_) if open.len() >= MAX_DEPTH => {
                return Err(InteropError::TooDeep);
            }
            Step::Array(len) => {
                open.push((
                    serde_json::Value::Array(Vec::with_capacity(len)),
                    String::new(),
                ));
                continue;
            }
            Step::Object(_) => {
                open.push((serde_json::Map::new().into(), String::new()));
                continue;
            }
            Step::ArrayEnd | Step::ObjectEnd => open.pop().unwrap_or_default().0,
            Step::Leaf(value) => to_serde_leaf(value)?,
        };
        match open.last_mut() {
            None => return Ok(complete),
            Some((serde_json::Value::Array(items), _)) => items.push(complete),
            Some((serde_json::Value::Object(members), key)) => {
                members.insert(std::mem::take(key), complete.take());
            }
            Some(_) => {}
        }
    }
    Ok(serde_json::Value::Null)
}

fn to_serde_leaf(value: &Value) -> Result<serde_json::Value, InteropError> {
    match value {
        Value::Bool(b) => Ok((*b).into()),
        Value::String(text) => Ok(text.as_str().into()),
        Value::Number(number) => to_serde_number(number).map(Into::into),
        Value::Null | Value::Array(_) | Value::Object(_) => Ok(serde_json::Value::Null),
    }
}

fn from_serde_number(number: &serde_json::Number) -> Result<Number, InteropError> {
    match Value::parse(number.to_string().as_bytes(), Mode::Lenient) {
        Ok(Value::Number(number)) => Ok(number),
        _ => Err(InteropError::Number),
    }
}

fn to_serde_number(number: &Number) -> Result<serde_json::Number, InteropError> {
    let converted = match (number.as_i64(), number.as_f64()) {
        (Some(n), _) => Some(n.into()),
        (None, Some(x)) => serde_json::Number::from_f64(x),
        (None, None) => serde_json::from_str(&number.to_string()).ok(),
    };
    converted
        .filter(|n| from_serde_number(n).as_ref() == Ok(number))
        .ok_or(InteropError::Number)
}
