//! The parser.
//!
//! It goes over the input three times: once to see that it is UTF-8, once to count what each
//! array and object holds ([`shape`]), and once to build. Because the counts are known, each
//! container is allocated once, at the size it will have for good.
//!
//! The containers around the one being filled are not kept on a stack, which at two bytes of input
//! a level could outgrow the document. Each unfinished container has a place that is still free,
//! its last, and holds the one around it there until its own last value is known. Only how far
//! each is filled is kept apart, in the memory of counts that are already used up.
//!
//! Reads [`scan`](crate::json::scan). Read by [`Value::parse`].

mod number;
mod shape;
mod text;

use crate::id::truncated;
use crate::json::Mode;
use crate::json::array::Array;
use crate::json::error::{ParseError, ParseErrorKind};
use crate::json::object::{Member, Object};
use crate::json::parse::shape::Shape;
use crate::json::value::Value;
use crate::json::walk::holds_something;

/// Reads a whole document.
pub(super) fn parse_document(
    input: &[u8],
    mode: Mode,
    max_bytes: usize,
    max_depth: usize,
) -> Result<Value, ParseError> {
    // Counts are kept in 32 bits.
    let limit = max_bytes.min(u32::MAX as usize);
    if input.len() > limit {
        return Err(ParseError::new(
            ParseErrorKind::TooLarge { limit },
            input.len(),
        ));
    }
    let text = std::str::from_utf8(input)
        .map_err(|e| ParseError::new(ParseErrorKind::InvalidUtf8, e.valid_up_to()))?;
    let Some(shape) = Shape::of(input) else {
        return Err(ParseError::new(ParseErrorKind::UnexpectedEnd, input.len()));
    };
    let parser = Parser {
        text,
        at: 0,
        mode,
        shape,
        max_depth,
        depth: 0,
        filled: 0,
    };
    parser.document()
}

struct Parser<'a> {
    text: &'a str,
    /// The next byte to look at.
    at: usize,
    mode: Mode,
    shape: Shape,
    max_depth: usize,
    /// Containers that are open.
    depth: usize,
    /// Values that the innermost one has so far.
    filled: usize,
}

impl<'a> Parser<'a> {
    fn document(mut self) -> Result<Value, ParseError> {
        // The innermost open container, or `Null` outside of all.
        let mut current = Value::Null;
        loop {
            let mut value = self.begin()?;
            if holds_something(&value) {
                let around = std::mem::replace(&mut current, value);
                self.shape.save(self.filled);
                self.filled = 0;
                self.member_name(&mut current)?;
                if let Some(last) = last_place(&mut current) {
                    *last = around;
                }
                continue;
            }
            // Put the value in its place. If it is the last one of its container, that is a
            // complete value in its turn.
            loop {
                self.skip_whitespace();
                match (&current, self.peek()) {
                    (Value::Null, None) => return Ok(value),
                    (Value::Null, Some(_)) => return Err(self.error(ParseErrorKind::TrailingData)),
                    (Value::Array(_) | Value::Object(_), Some(b',')) => {
                        self.put(&mut current, value)?;
                        self.advance(1);
                        self.member_name(&mut current)?;
                        break;
                    }
                    (Value::Array(_), Some(b']')) | (Value::Object(_), Some(b'}')) => {
                        value = self.close(&mut current, value)?;
                    }
                    _ => return Err(self.unexpected()),
                }
            }
        }
    }

    /// Reads a value that holds no other, or opens one that does, with a place for each value that
    /// it will hold.
    fn begin(&mut self) -> Result<Value, ParseError> {
        self.skip_whitespace();
        match self.peek() {
            Some(b'"') => Ok(Value::String(self.string()?.into_owned())),
            Some(b'{') => self.open(b'}'),
            Some(b'[') => self.open(b']'),
            Some(b'-' | b'0'..=b'9') => Ok(Value::Number(self.number()?)),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::Null),
            _ => Err(self.unexpected()),
        }
    }

    /// Opens the container that starts here, and closes it at once if it holds nothing.
    fn open(&mut self, end: u8) -> Result<Value, ParseError> {
        if self.depth >= self.max_depth {
            let limit = self.max_depth;
            return Err(self.error(ParseErrorKind::TooDeep { limit }));
        }
        self.advance(1);
        let count = self.shape.next_count();
        if count == 0 {
            self.skip_whitespace();
            self.expect(end)?;
        } else {
            self.depth = self.depth.saturating_add(1);
        }
        if end == b'}' {
            let places = std::iter::repeat_with(Member::default).take(count);
            Ok(Value::Object(Object(places.collect())))
        } else {
            let places = std::iter::repeat_with(Value::default).take(count);
            Ok(Value::Array(Array(places.collect())))
        }
    }

    /// Puts a value, not the last one, into the innermost container.
    fn put(&mut self, current: &mut Value, value: Value) -> Result<(), ParseError> {
        match place(current, self.filled) {
            Some((place, Place::Inner)) => {
                *place = value;
                self.filled = self.filled.saturating_add(1);
                Ok(())
            }
            // The count was taken from the same bytes, so there is always room.
            _ => Err(self.unexpected()),
        }
    }

    /// Puts the last value into the innermost container, which is thereby complete, and goes on
    /// with the one around it.
    fn close(&mut self, current: &mut Value, value: Value) -> Result<Value, ParseError> {
        let Some((place, Place::Last)) = place(current, self.filled) else {
            return Err(self.unexpected());
        };
        let around = std::mem::replace(place, value);
        let mut complete = std::mem::replace(current, around);
        if let Value::Object(object) = &mut complete {
            self.sort(object)?;
        }
        self.advance(1);
        self.depth = self.depth.saturating_sub(1);
        self.filled = self.shape.restore();
        Ok(complete)
    }

    /// In an object, reads the name of the next member and its colon.
    fn member_name(&mut self, current: &mut Value) -> Result<(), ParseError> {
        let Value::Object(object) = current else {
            return Ok(());
        };
        self.skip_whitespace();
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        let name = self.string()?;
        if let Some((key, _)) = object.0.get_mut(self.filled) {
            *key = name.into();
        }
        self.skip_whitespace();
        self.expect(b':')
    }

    /// Brings the members of a complete object into order, if they are not, and finds names that
    /// appear twice. Names are compared unescaped.
    fn sort(&self, object: &mut Object) -> Result<(), ParseError> {
        if object.0.is_sorted_by(|a, b| a.0 < b.0) {
            return Ok(());
        }
        object.0.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for pair in object.0.windows(2) {
            if let [(first, _), (second, _)] = pair
                && first == second
            {
                return Err(self.error(ParseErrorKind::DuplicateKey(truncated(first))));
            }
        }
        Ok(())
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value, ParseError> {
        for expected in word.bytes() {
            self.expect(expected)?;
        }
        Ok(value)
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.advance(1);
        }
    }

    /// Passes over one byte if it is among these.
    fn skip(&mut self, bytes: &[u8]) {
        if self.peek().is_some_and(|b| bytes.contains(&b)) {
            self.advance(1);
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), ParseError> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected());
        }
        self.advance(1);
        Ok(())
    }

    fn advance(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    fn peek(&self) -> Option<u8> {
        self.byte(self.at)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn error(&self, kind: ParseErrorKind) -> ParseError {
        ParseError::new(kind, self.at)
    }

    /// The error for whatever stands here, or for nothing standing here.
    fn unexpected(&self) -> ParseError {
        let next = self
            .text
            .get(self.at..)
            .and_then(|rest| rest.chars().next());
        self.error(next.map_or(ParseErrorKind::UnexpectedEnd, ParseErrorKind::Unexpected))
    }
}

/// Where in its container a value stands.
enum Place {
    Inner,
    Last,
}

/// The place of the value at `index`.
fn place(container: &mut Value, index: usize) -> Option<(&mut Value, Place)> {
    let (len, value) = match container {
        Value::Array(array) => (array.len(), array.0.get_mut(index)?),
        Value::Object(object) => (
            object.len(),
            object.0.get_mut(index).map(|(_, value)| value)?,
        ),
        _ => return None,
    };
    let is_last = index.saturating_add(1) == len;
    Some((value, if is_last { Place::Last } else { Place::Inner }))
}

/// The last place of a container, where the one around it is kept until it is filled.
fn last_place(container: &mut Value) -> Option<&mut Value> {
    match container {
        Value::Array(array) => array.0.last_mut(),
        Value::Object(object) => object.0.last_mut().map(|(_, value)| value),
        _ => None,
    }
}
