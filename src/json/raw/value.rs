//! One value of canonical text.

use std::borrow::Cow;

use crate::json::Mode;
use crate::json::raw::scan::{Elements, Members};
use crate::json::scan::plain_prefix;
use crate::json::value::Value;

/// A value inside a [`CanonicalObject`](crate::json::CanonicalObject): its canonical text, and
/// nothing else.
///
/// Prints as its text.
#[derive(Clone, Copy)]
pub struct RawValue<'a> {
    pub(super) text: &'a str,
    /// Whether there may be escapes in it.
    pub(super) escaped: bool,
}

impl<'a> RawValue<'a> {
    /// The canonical text.
    #[must_use]
    pub fn as_text(self) -> &'a str {
        self.text
    }

    /// Whether this is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        self.text.starts_with('{')
    }

    /// Whether this is an array.
    #[must_use]
    pub fn is_array(self) -> bool {
        self.text.starts_with('[')
    }

    /// Whether this is an integer, of any size. `1.0` is a float.
    #[must_use]
    pub fn is_integer(self) -> bool {
        let digits = self.text.strip_prefix('-').unwrap_or(self.text);
        digits.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// The integer, if this is one that fits.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        self.text.parse().ok()
    }

    /// The string, if this is one. Without escapes, it is a part of the text.
    #[must_use]
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        let inner = self.text.strip_prefix('"')?.strip_suffix('"')?;
        Some(unescaped(inner, self.escaped))
    }

    /// The elements, if this is an array. What is not has none. Linear in the length of the text.
    pub fn elements(self) -> impl Iterator<Item = RawValue<'a>> + Clone {
        Elements::of(self.text).map(move |range| Self {
            text: self.text.get(range).unwrap_or_default(),
            escaped: self.escaped,
        })
    }

    /// Hands over the elements of an array of strings, up to one for which `each` gives `None`.
    /// `None` also if this is anything else, or a string may have escapes.
    pub(crate) fn each_plain_string(
        self,
        mut each: impl FnMut(&'a str) -> Option<()>,
    ) -> Option<()> {
        let mut rest = self.text.strip_prefix('[').filter(|_| !self.escaped)?;
        if rest == "]" {
            return Some(());
        }
        loop {
            let string = rest.strip_prefix('"')?;
            let (string, after) = string.split_at_checked(plain_prefix(string.as_bytes()))?;
            each(string)?;
            match after.strip_prefix("\",") {
                Some(after) => rest = after,
                None => return (after == "\"]").then_some(()),
            }
        }
    }

    /// The members in canonical order, if this is an object. What is not has none. Linear in the
    /// length of the text.
    pub fn members(self) -> impl Iterator<Item = (Cow<'a, str>, RawValue<'a>)> + Clone {
        Members::of(self).map(move |member| (member.name(self.text), member.value(self.text)))
    }

    /// The member called `key`, if this is an object that has one. Linear in the length of the
    /// text.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Self> {
        Members::of(self)
            .find(|member| member.name(self.text) == key)
            .map(|member| member.value(self.text))
    }

    /// The value as a tree. As slow as parsing it.
    #[must_use]
    pub fn to_value(self) -> Value {
        // Canonical text is JSON, and the lenient mode has room for every number.
        Value::parse(self.text.as_bytes(), Mode::Lenient).unwrap_or_default()
    }
}

impl PartialEq for RawValue<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for RawValue<'_> {}

impl std::fmt::Display for RawValue<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text)
    }
}

impl std::fmt::Debug for RawValue<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text)
    }
}

/// What stands between two quotation marks, its escapes resolved.
#[inline]
pub(super) fn unescaped(inner: &str, escaped: bool) -> Cow<'_, str> {
    if escaped && inner.contains('\\') {
        resolved(inner)
    } else {
        Cow::Borrowed(inner)
    }
}

#[cold]
fn resolved(inner: &str) -> Cow<'_, str> {
    match Value::parse(format!("\"{inner}\"").as_bytes(), Mode::Lenient).unwrap_or_default() {
        Value::String(text) => Cow::Owned(text),
        _ => Cow::Borrowed(inner),
    }
}
