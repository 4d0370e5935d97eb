//! Strings.

use crate::json::error::{ParseError, ParseErrorKind};
use crate::json::parse::Parser;
use crate::json::scan::plain_prefix;
use std::borrow::Cow;

impl<'a> Parser<'a> {
    /// Reads the string that starts here. Without escapes, it is a part of the input.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, ParseError> {
        self.advance(1);
        let plain = self.plain();
        if self.peek() == Some(b'"') {
            self.advance(1);
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = plain.to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.advance(1);
                    return Ok(Cow::Owned(text));
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(self.error(ParseErrorKind::ControlCharacter)),
                None => return Err(self.unexpected()),
            }
            text.push_str(self.plain());
        }
    }

    /// Passes over what may stand in a string as it is.
    fn plain(&mut self) -> &'a str {
        let start = self.at;
        self.advance(plain_prefix(self.rest()));
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Reads the escape whose backslash stands here.
    fn escape(&mut self) -> Result<char, ParseError> {
        let start = self.at;
        self.advance(1);
        let Some(letter) = self.peek() else {
            return Err(self.unexpected());
        };
        self.advance(1);
        match letter {
            b'"' => Ok('"'),
            b'\\' => Ok('\\'),
            b'/' => Ok('/'),
            b'b' => Ok('\u{8}'),
            b'f' => Ok('\u{c}'),
            b'n' => Ok('\n'),
            b'r' => Ok('\r'),
            b't' => Ok('\t'),
            b'u' => self.code_point(start),
            _ => Err(ParseError::new(ParseErrorKind::BadEscape, start)),
        }
    }

    /// Reads the digits of a `\u` escape, and a second escape if they are the first half of a
    /// surrogate pair.
    fn code_point(&mut self, start: usize) -> Result<char, ParseError> {
        let first = self.code_unit(start)?;
        if let Some(Ok(c)) = char::decode_utf16([first]).next() {
            return Ok(c);
        }
        // A surrogate: what follows must be its other half.
        let mut pair = None;
        if self.rest().starts_with(b"\\u") {
            let start = self.at;
            self.advance(2);
            pair = char::decode_utf16([first, self.code_unit(start)?]).next();
        }
        let unpaired = ParseError::new(ParseErrorKind::UnpairedSurrogate, start);
        pair.and_then(Result::ok).ok_or(unpaired)
    }

    /// Reads four hexadecimal digits.
    fn code_unit(&mut self, start: usize) -> Result<u16, ParseError> {
        let mut unit = 0;
        for _ in 0..4 {
            let Some(byte) = self.peek() else {
                return Err(self.unexpected());
            };
            let digit = match byte {
                b'0'..=b'9' => byte ^ b'0',
                // Letters of either case count from 1 in their low bits.
                b'a'..=b'f' | b'A'..=b'F' => (byte & 0x0f).wrapping_add(9),
                _ => return Err(ParseError::new(ParseErrorKind::BadEscape, start)),
            };
            unit = (unit << 4) | u16::from(digit);
            self.advance(1);
        }
        Ok(unit)
    }
}
