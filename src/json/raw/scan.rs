//! Over canonical text, which needs no second check.

use crate::json::raw::{Member, RawValue};
use crate::json::scan::after_plain;

/// The members of an object, one after the other.
#[derive(Clone)]
pub(super) struct Members<'a> {
    text: &'a [u8],
    escaped: bool,
    /// Where the last member ended.
    at: usize,
}

impl<'a> Members<'a> {
    /// Of anything else than the text of an object there are none.
    pub(super) fn of(value: RawValue<'a>) -> Self {
        let text = value.text.as_bytes();
        let at = if text.first() == Some(&b'{') {
            0
        } else {
            text.len()
        };
        Self {
            text,
            escaped: value.escaped,
            at,
        }
    }
}

impl Iterator for Members<'_> {
    type Item = Member;

    fn next(&mut self) -> Option<Member> {
        // A brace or a comma, and a quotation mark: otherwise the object ends here.
        let mark = self.at.saturating_add(1);
        if self.text.get(mark) != Some(&b'"') {
            return None;
        }
        let name = mark.saturating_add(1);
        let rest = after_string(self.text.get(name..)?);
        // Past the colon.
        let value = self.text.len().saturating_sub(rest.len()).saturating_add(1);
        let end = value.saturating_add(value_len(self.text.get(value..)?));
        self.at = end;
        Some(Member {
            name,
            value,
            end,
            escaped: self.escaped,
        })
    }
}

/// The elements of an array, as the range of each.
#[derive(Clone)]
pub(super) struct Elements<'a> {
    text: &'a [u8],
    /// Where the last element ended.
    at: usize,
}

impl<'a> Elements<'a> {
    /// Of anything else than the text of an array there are none.
    pub(super) fn of(text: &'a str) -> Self {
        let text = text.as_bytes();
        let at = match text {
            [b'[', next, ..] if *next != b']' => 0,
            _ => text.len().saturating_sub(1),
        };
        Self { text, at }
    }
}

impl Iterator for Elements<'_> {
    type Item = std::ops::Range<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        // After the bracket or a comma; the array's last byte is its other bracket.
        let start = self.at.saturating_add(1);
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        self.at = start.saturating_add(value_len(rest));
        Some(start..self.at)
    }
}

/// How long the value is with which `text` begins.
fn value_len(text: &[u8]) -> usize {
    let rest = match text.split_first() {
        Some((b'"', rest)) => after_string(rest),
        Some((b'[' | b'{', rest)) => after_container(rest),
        _ => {
            let is_end = |byte| matches!(byte, b',' | b']' | b'}');
            return text
                .iter()
                .position(|byte| is_end(*byte))
                .unwrap_or(text.len());
        }
    };
    text.len().saturating_sub(rest.len())
}

/// What follows the string whose opening quotation mark was just passed.
#[inline]
fn after_string(mut rest: &[u8]) -> &[u8] {
    loop {
        rest = match after_plain(rest) {
            [b'"', rest @ ..] => return rest,
            // Whatever is escaped does not end the string.
            [_, _, rest @ ..] => rest,
            _ => return &[],
        };
    }
}

/// What follows the array or object whose opening bracket was just passed.
fn after_container(mut rest: &[u8]) -> &[u8] {
    let mut depth = 1_usize;
    while depth > 0 {
        rest = match rest.split_first() {
            Some((b'"', rest)) => after_string(rest),
            Some((byte, rest)) => {
                match byte {
                    b'[' | b'{' => depth = depth.saturating_add(1),
                    b']' | b'}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                rest
            }
            None => break,
        };
    }
    rest
}
