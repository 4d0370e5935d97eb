//! Objects: members in the order of canonical JSON, found by bisection.

use crate::json::Mode;
use crate::json::canonical::{ByteCount, Sink, print, write};
use crate::json::error::{ParseError, ParseErrorKind};
use crate::json::number::NumberError;
use crate::json::select::Select;
use crate::json::value::Value;
use crate::json::walk::{Walk, copy, dismantle, is_deep};
use crate::limits::Limits;

/// A name and its value.
pub(super) type Member = (Box<str>, Value);

/// A JSON object.
///
/// Its members are sorted by the bytes of their names, which is the order of canonical JSON, and
/// no two have the same name. It holds exactly the memory that they need, so a large object is
/// better collected than inserted together. When members are collected, the last of a name stays.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Object(pub(super) Box<[Member]>);

impl Object {
    /// An object without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a document that is an object; see [`Value::parse`].
    ///
    /// # Errors
    ///
    /// A [`ParseError`] of every kind but [`TooDeep`](ParseErrorKind::TooDeep).
    pub fn parse(input: &[u8], mode: Mode) -> Result<Self, ParseError> {
        Self::from_document(Value::parse(input, mode)?)
    }

    /// Reads a document that is an object and keeps to the limits; see [`Value::parse_within`].
    ///
    /// # Errors
    ///
    /// A [`ParseError`] of any kind.
    pub fn parse_within(input: &[u8], mode: Mode, limits: &Limits) -> Result<Self, ParseError> {
        Self::from_document(Value::parse_within(input, mode, limits)?)
    }

    fn from_document(document: Value) -> Result<Self, ParseError> {
        document
            .into_object()
            .ok_or_else(|| ParseError::new(ParseErrorKind::NotAnObject, 0))
    }

    /// Whether `mode` allows every number in the object.
    ///
    /// # Errors
    ///
    /// As [`Value::check`].
    pub fn check(&self, mode: Mode) -> Result<(), NumberError> {
        self.iter().try_for_each(|(_, value)| value.check(mode))
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value called `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let index = self.find(key).ok()?;
        self.0.get(index).map(|(_, value)| value)
    }

    /// The value called `key`, to be changed.
    #[must_use]
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let index = self.find(key).ok()?;
        self.0.get_mut(index).map(|(_, value)| value)
    }

    /// Whether there is a member called `key`.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// Sets the value called `key` and gives back the one it replaces. Linear in the number of
    /// members if there was none.
    pub fn insert(&mut self, key: impl Into<Box<str>>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        match self.find(&key) {
            Ok(index) => {
                let (_, old) = self.0.get_mut(index)?;
                Some(std::mem::replace(old, value))
            }
            Err(index) => {
                let mut members = std::mem::take(&mut self.0).into_vec();
                members.reserve_exact(1);
                members.insert(index, (key, value));
                self.0 = members.into_boxed_slice();
                None
            }
        }
    }

    /// Takes out the value called `key`. Linear in the number of members.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let index = self.find(key).ok()?;
        let mut members = std::mem::take(&mut self.0).into_vec();
        let (_, value) = members.remove(index);
        self.0 = members.into_boxed_slice();
        Some(value)
    }

    /// The members in canonical order.
    #[must_use]
    pub fn iter(&self) -> Members<'_> {
        Members(self.0.iter())
    }

    /// The names in canonical order.
    #[must_use]
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        self.0.iter().map(|(key, _)| &**key)
    }

    /// The canonical bytes, which are UTF-8.
    #[must_use]
    pub fn to_canonical(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write_canonical(&mut bytes);
        bytes
    }

    /// Writes the canonical bytes into `sink`. Linear in the size of the object.
    ///
    /// Spec: [canonical JSON](https://spec.matrix.org/v1.19/appendices/#canonical-json).
    pub fn write_canonical(&self, sink: &mut impl Sink) {
        self.write_selected(&Select::All, sink);
    }

    /// Writes into `sink` the canonical bytes of what `select` chooses: the same bytes as those of
    /// [`selected`](Self::selected), without building that object. Linear in the size of the
    /// object, times the number of names in `select`.
    pub fn write_selected(&self, select: &Select<'_>, sink: &mut impl Sink) {
        write(Walk::of_object(self, select), sink);
    }

    /// A copy of what `select` chooses.
    #[must_use]
    pub fn selected(&self, select: &Select<'_>) -> Self {
        copy(Walk::of_object(self, select))
            .into_object()
            .unwrap_or_default()
    }

    /// How many bytes the canonical form has. As slow as writing it.
    #[must_use]
    pub fn canonical_len(&self) -> usize {
        let mut count = ByteCount::default();
        self.write_canonical(&mut count);
        count.bytes()
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(name, _)| (**name).cmp(key))
    }

    /// Sorts members; the last of a name stays.
    pub(super) fn from_members(mut members: Vec<Member>) -> Self {
        if !members.is_sorted_by(|a, b| a.0 < b.0) {
            // Stable, so that the last of a name is the last that was given.
            members.sort_by(|a, b| a.0.cmp(&b.0));
            members.reverse();
            members.dedup_by(|a, b| a.0 == b.0);
            members.reverse();
        }
        Self(members.into_boxed_slice())
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if self.0.iter().any(|(_, value)| is_deep(value)) {
            dismantle(Value::Object(Self(std::mem::take(&mut self.0))));
        }
    }
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        print(Walk::of_object(self, &Select::All), f)
    }
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl<K: Into<Box<str>>, V: Into<Value>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(members: I) -> Self {
        Self::from_members(
            members
                .into_iter()
                .map(|(k, v)| (k.into(), v.into()))
                .collect(),
        )
    }
}

impl<'a> IntoIterator for &'a Object {
    type Item = (&'a str, &'a Value);
    type IntoIter = Members<'a>;

    fn into_iter(self) -> Members<'a> {
        self.iter()
    }
}

/// The members of an [`Object`] in canonical order, made by [`Object::iter`].
#[derive(Clone, Debug)]
pub struct Members<'a>(std::slice::Iter<'a, Member>);

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (&**key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Members<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(key, value)| (&**key, value))
    }
}

impl ExactSizeIterator for Members<'_> {}
