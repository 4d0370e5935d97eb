//! Objects that are kept as their canonical bytes.
//!
//! Hashes and signatures are taken over bytes, and what servers send each other mostly is canonical
//! already. [`CanonicalObject`] keeps such bytes as they are, knows where each member stands, and
//! writes selections of itself by copying. What is not canonical is rewritten. What neither knows,
//! or is no JSON, goes through the tree: the parser's [`Object`], which says what is wrong with it,
//! or is written canonically.
//!
//! [`recognise`] and [`rewrite`] are the fast paths, and their law is that nobody can tell which
//! path was taken.
//!
//! Reads [`scan`](crate::json::scan), [`Object`]. Read by `pdu` and `crypto`.

mod recognise;
mod rewrite;
mod scan;
mod value;

pub use self::value::RawValue;

use std::borrow::Cow;

use crate::json::Mode;
use crate::json::canonical::Sink;
use crate::json::error::ParseError;
use crate::json::object::Object;
use crate::json::raw::recognise::recognise;
use crate::json::raw::rewrite::rewrite;
use crate::json::raw::scan::Members;
use crate::json::raw::value::unescaped;
use crate::json::select::Select;
use crate::limits::Limits;

/// An object as its canonical text, with its members found.
///
/// Takes the memory of its text and 32 bytes a member. Equality is that of the text, which is that
/// of the [`Object`] too. Prints as its text.
#[derive(Clone)]
pub struct CanonicalObject {
    text: Box<str>,
    members: Vec<Member>,
}

/// Where a member stands in the text of its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Member {
    /// Where its name begins, after the quotation mark.
    name: usize,
    /// Where its value begins. The name ended two bytes earlier.
    value: usize,
    /// Where its value ends.
    end: usize,
    /// Whether there may be escapes in its name or its value.
    escaped: bool,
}

impl Member {
    /// The name, its escapes resolved.
    fn name(self, text: &str) -> Cow<'_, str> {
        let end = self.value.saturating_sub(2);
        unescaped(text.get(self.name..end).unwrap_or_default(), self.escaped)
    }

    /// The name as it stands in the text.
    #[inline]
    fn name_in(self, text: &[u8]) -> &[u8] {
        let end = self.value.saturating_sub(2);
        text.get(self.name..end).unwrap_or_default()
    }

    #[inline]
    fn value(self, text: &str) -> RawValue<'_> {
        RawValue {
            text: text.get(self.value..self.end).unwrap_or_default(),
            escaped: self.escaped,
        }
    }
}

impl CanonicalObject {
    /// Reads a document that is an object and keeps to the limits: the same object, or the same
    /// error, as of [`Object::parse_within`].
    ///
    /// If the input is canonical already, that costs one pass and no more memory than what is
    /// returned. Another document is rewritten, in O(n · log n); only one with floats, integers of
    /// 16 digits or more, or names with escapes is read into a tree in between.
    ///
    /// # Errors
    ///
    /// A [`ParseError`] of any kind.
    pub fn parse_within(input: &[u8], mode: Mode, limits: &Limits) -> Result<Self, ParseError> {
        if input.len() <= limits.input_bytes
            && let Some(object) = Self::without_tree(input, limits.json_depth)
        {
            return Ok(object);
        }
        Ok(Object::parse_within(input, mode, limits)?.into())
    }

    fn without_tree(input: &[u8], max_depth: usize) -> Option<Self> {
        let text = std::str::from_utf8(input).ok()?;
        match recognise(text, max_depth) {
            Some(members) => Some(Self {
                text: text.into(),
                members,
            }),
            None => rewrite(text, max_depth).map(Self::from_canonical),
        }
    }

    /// Takes text that is known to be an object in canonical JSON.
    fn from_canonical(bytes: Vec<u8>) -> Self {
        // The writer puts only whole strings and ASCII.
        let text = String::from_utf8(bytes).unwrap_or_default();
        let members = Members::of(whole(&text)).collect();
        Self {
            text: text.into_boxed_str(),
            members,
        }
    }

    /// The canonical text.
    #[must_use]
    pub fn as_text(&self) -> &str {
        &self.text
    }

    /// The canonical bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The value called `key`. Linear in the number of members.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<RawValue<'_>> {
        self.members
            .iter()
            .find(|member| member.name(&self.text) == key)
            .map(|member| member.value(&self.text))
    }

    /// The members in canonical order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Cow<'_, str>, RawValue<'_>)> + Clone {
        self.members
            .iter()
            .map(|member| (member.name(&self.text), member.value(&self.text)))
    }

    /// The members, with their names as they stand in the text: without regard to escapes, which
    /// none of the names that the format of events knows has.
    pub(crate) fn iter_as_written(&self) -> impl Iterator<Item = (&[u8], RawValue<'_>)> {
        self.members
            .iter()
            .map(|member| (member.name_in(self.as_bytes()), member.value(&self.text)))
    }

    /// The object as a tree. As slow as parsing it.
    #[must_use]
    pub fn to_object(&self) -> Object {
        whole(&self.text)
            .to_value()
            .into_object()
            .unwrap_or_default()
    }

    /// Writes into `sink` the canonical bytes of what `select` chooses, as
    /// [`Object::write_selected`] does, in pieces as large as the choice allows.
    pub fn write_selected(&self, select: &Select<'_>, sink: &mut impl Sink) {
        write_selected(&self.text, self.members.iter().copied(), select, sink);
    }

    /// A copy of what `select` chooses.
    #[must_use]
    pub fn selected(&self, select: &Select<'_>) -> Self {
        let mut bytes = Vec::with_capacity(self.text.len());
        self.write_selected(select, &mut bytes);
        Self::from_canonical(bytes)
    }
}

/// The value that a text is.
fn whole(text: &str) -> RawValue<'_> {
    let escaped = text.contains('\\');
    RawValue { text, escaped }
}

/// Recurses into the choice, which is as deep as whoever wrote it made it, and not into the text.
fn write_selected(
    text: &str,
    members: impl Iterator<Item = Member>,
    select: &Select<'_>,
    sink: &mut impl Sink,
) {
    if matches!(select, Select::All) {
        return sink.put(text.as_bytes());
    }
    if matches!(select, Select::Only([])) {
        return sink.put(b"{}");
    }
    let bytes = text.as_bytes();
    let piece = |start: usize, end: usize| bytes.get(start..end).unwrap_or_default();
    let mut next = 0;
    // What is not yet written begins here; what is left out is passed over.
    let mut start = 0_usize;
    let mut is_first = true;
    for member in members {
        let is_object = || bytes.get(member.value) == Some(&b'{');
        let resolved;
        let name = if member.escaped {
            resolved = member.name(text);
            resolved.as_bytes()
        } else {
            member.name_in(bytes)
        };
        match select.of_next(name, is_object, &mut next) {
            // It goes with the comma before it or, if nothing was chosen yet, with that after it.
            None => {
                let comma = member.name.saturating_sub(2);
                sink.put(piece(start, if is_first { 1 } else { comma }));
                start = member.end;
                if is_first {
                    start = start.saturating_add(1);
                }
            }
            Some(choice) => {
                is_first = false;
                if !matches!(choice, Select::All) && is_object() {
                    sink.put(piece(start, member.value));
                    let value = member.value(text);
                    write_selected(value.text, Members::of(value), choice, sink);
                    start = member.end;
                }
            }
        }
    }
    sink.put(piece(start, bytes.len()));
    if start >= bytes.len() {
        sink.put(b"}");
    }
}

impl From<Object> for CanonicalObject {
    fn from(object: Object) -> Self {
        let bytes = object.to_canonical();
        // The tree is the largest part, and is not needed while members are found.
        drop(object);
        Self::from_canonical(bytes)
    }
}

impl From<&Object> for CanonicalObject {
    fn from(object: &Object) -> Self {
        Self::from_canonical(object.to_canonical())
    }
}

impl PartialEq for CanonicalObject {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for CanonicalObject {}

impl std::fmt::Display for CanonicalObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::fmt::Debug for CanonicalObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}
