//! JSON5, as far as it can be read without running out of stack.

use crate::lab::formats::ReadError;
use crate::lab::formats::span::line_of;

/// How deep a document may be. The reader of JSON5 recurses.
const MAX_DEPTH: usize = 100;

/// Reads a JSON5 document.
pub(super) fn parse(bytes: &[u8]) -> Result<serde_json::Value, ReadError> {
    let text = std::str::from_utf8(bytes).map_err(|error| ReadError::Json5 {
        line: line_of(bytes, error.valid_up_to()),
        message: "invalid UTF-8".to_owned(),
    })?;
    if depth(text) > MAX_DEPTH {
        return Err(ReadError::TooDeep { limit: MAX_DEPTH });
    }
    ::json5::from_str(text).map_err(|error| ReadError::Json5 {
        line: error
            .position()
            .map_or(1, |position| position.line.saturating_add(1)),
        message: error.to_string(),
    })
}

/// How many arrays and objects are inside one another, at most. Brackets in strings and comments do
/// not count.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let mut inside = Inside::Document;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        inside = match (inside, c) {
            (Inside::Document, '{' | '[') => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
                Inside::Document
            }
            (Inside::Document, '}' | ']') => {
                depth = depth.saturating_sub(1);
                Inside::Document
            }
            (Inside::Document, '"' | '\'') => Inside::String(c),
            (Inside::Document, '/') if chars.next_if_eq(&'/').is_some() => Inside::LineComment,
            (Inside::Document, '/') if chars.next_if_eq(&'*').is_some() => Inside::Comment,
            (Inside::String(quote), '\\') => {
                chars.next();
                Inside::String(quote)
            }
            (Inside::String(quote), c) if c == quote => Inside::Document,
            (Inside::LineComment, '\n' | '\r' | '\u{2028}' | '\u{2029}') => Inside::Document,
            (Inside::Comment, '*') if chars.next_if_eq(&'/').is_some() => Inside::Document,
            (inside, _) => inside,
        };
    }
    deepest
}

#[derive(Clone, Copy)]
enum Inside {
    Document,
    String(char),
    LineComment,
    Comment,
}
