//! The value: what a document is made of.

use crate::json::Mode;
use crate::json::array::Array;
use crate::json::canonical::{Sink, print, write};
use crate::json::error::ParseError;
use crate::json::number::{Number, NumberError};
use crate::json::object::Object;
use crate::json::parse::parse_document;
use crate::json::walk::{Step, Walk, copy};
use crate::limits::Limits;

/// A JSON value.
///
/// Prints as its canonical text, with [`Display`](std::fmt::Display) as well as with
/// [`Debug`](std::fmt::Debug).
#[derive(Default)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// An array.
    Array(Array),
    /// An object.
    Object(Object),
}

impl Value {
    /// Reads a document, at any depth and of any length below 4 GiB.
    ///
    /// Takes time linear in the input (but for sorting keys) and memory of at most sixteen times
    /// its length.
    ///
    /// # Errors
    ///
    /// A [`ParseError`] of every kind but
    /// [`NotAnObject`](crate::json::ParseErrorKind::NotAnObject) and
    /// [`TooDeep`](crate::json::ParseErrorKind::TooDeep).
    pub fn parse(input: &[u8], mode: Mode) -> Result<Self, ParseError> {
        parse_document(input, mode, usize::MAX, usize::MAX)
    }

    /// Reads a document that keeps to [`Limits::input_bytes`] and [`Limits::json_depth`].
    ///
    /// # Errors
    ///
    /// A [`ParseError`] of every kind but
    /// [`NotAnObject`](crate::json::ParseErrorKind::NotAnObject).
    pub fn parse_within(input: &[u8], mode: Mode, limits: &Limits) -> Result<Self, ParseError> {
        parse_document(input, mode, limits.input_bytes, limits.json_depth)
    }

    /// Whether `mode` allows every number in here. What was parsed in a mode passes in that mode;
    /// this is for values that code has put together. Linear in the size of the value.
    ///
    /// # Errors
    ///
    /// The [`NumberError`] of the first number that is not allowed.
    pub fn check(&self, mode: Mode) -> Result<(), NumberError> {
        Walk::of(self).try_for_each(|step| match step {
            Step::Leaf(Self::Number(number)) => number.check(mode),
            _ => Ok(()),
        })
    }

    /// The canonical bytes, which are UTF-8.
    #[must_use]
    pub fn to_canonical(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write_canonical(&mut bytes);
        bytes
    }

    /// Writes the canonical bytes into `sink`. Linear in the size of the value.
    ///
    /// Spec: [canonical JSON](https://spec.matrix.org/v1.19/appendices/#canonical-json).
    pub fn write_canonical(&self, sink: &mut impl Sink) {
        write(Walk::of(self), sink);
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The boolean, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The number, if this is one.
    #[must_use]
    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The integer, if this is one that fits. Never a converted float.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number().and_then(Number::as_i64)
    }

    /// The string, if this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The array, if this is one.
    #[must_use]
    pub fn as_array(&self) -> Option<&Array> {
        match self {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }

    /// The object, if this is one.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The object, to be changed, if this is one.
    #[must_use]
    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The object, if this is one.
    #[must_use]
    pub fn into_object(self) -> Option<Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        match self {
            Self::Null => Self::Null,
            Self::Bool(b) => Self::Bool(*b),
            Self::Number(number) => Self::Number(number.clone()),
            Self::String(text) => Self::String(text.clone()),
            Self::Array(_) | Self::Object(_) => copy(Walk::of(self)),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Array(_), Self::Array(_)) | (Self::Object(_), Self::Object(_)) => {
                Walk::of(self).eq(Walk::of(other))
            }
            _ => false,
        }
    }
}

impl Eq for Value {}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        print(Walk::of(self), f)
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Number(n.into())
    }
}

impl From<i32> for Value {
    fn from(n: i32) -> Self {
        Self::from(i64::from(n))
    }
}

impl From<u32> for Value {
    fn from(n: u32) -> Self {
        Self::from(i64::from(n))
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<Array> for Value {
    fn from(array: Array) -> Self {
        Self::Array(array)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::Array(items.into())
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}
