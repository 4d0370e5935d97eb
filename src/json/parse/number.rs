//! Numbers.

use crate::json::Mode;
use crate::json::error::{ParseError, ParseErrorKind};
use crate::json::number::Number;
use crate::json::parse::Parser;

impl Parser<'_> {
    /// Reads the number that starts here.
    pub(super) fn number(&mut self) -> Result<Number, ParseError> {
        let start = self.at;
        self.skip(b"-");
        let whole = self.at;
        self.digits()?;
        if self.at.saturating_sub(whole) > 1 && self.byte(whole) == Some(b'0') {
            return Err(ParseError::new(ParseErrorKind::LeadingZero, whole));
        }
        let fraction = self.peek() == Some(b'.');
        if fraction {
            self.advance(1);
            self.digits()?;
        }
        let exponent = matches!(self.peek(), Some(b'e' | b'E'));
        if exponent {
            self.advance(1);
            self.skip(b"+-");
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        match self.mode {
            Mode::Strict if exponent => Err(ParseErrorKind::Exponent),
            Mode::Strict if fraction => Err(ParseErrorKind::Fraction),
            Mode::Lenient if exponent || fraction => {
                Number::from_float_text(text).ok_or(ParseErrorKind::FloatOutOfRange)
            }
            mode => {
                let number = Number::from_integer_text(text);
                number
                    .check(mode)
                    .map(|()| number)
                    .map_err(|_| ParseErrorKind::IntegerOutOfRange)
            }
        }
        .map_err(|kind| ParseError::new(kind, start))
    }

    /// Passes over one digit or more.
    fn digits(&mut self) -> Result<(), ParseError> {
        let rest = self.rest();
        match rest
            .iter()
            .position(|b| !b.is_ascii_digit())
            .unwrap_or(rest.len())
        {
            0 => Err(self.unexpected()),
            count => {
                self.advance(count);
                Ok(())
            }
        }
    }
}
