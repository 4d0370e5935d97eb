//! Power levels as numbers: integers of any size, compared exactly.

use serde::{Deserialize, Serialize};

use std::cmp::Ordering;
use std::fmt;

use crate::json::{Number, Value};
use crate::version::{LevelForms, LevelString, RoomVersionRules};

/// A power level.
///
/// Old room versions allow integers of any size. They are compared exactly, so that two servers
/// never differ over which of two absurd levels is the higher one.
#[derive(Clone, PartialEq, Eq)]
pub struct Level(Repr);

#[derive(Clone, PartialEq, Eq)]
enum Repr {
    Small(i64),
    /// Behind a pointer, for hardly any is.
    Big(Box<Big>),
}

/// A level beyond `i64`: the digits, without leading zeros.
#[derive(Clone, PartialEq, Eq)]
struct Big {
    negative: bool,
    digits: Box<str>,
}

impl Level {
    /// The level that `value` states, if the room version takes it for one.
    ///
    /// Spec: [values as strings][strings], [values as floats][floats]. Booleans count as 0 and 1
    /// where strings are taken, as they do on the network.
    ///
    /// [strings]: https://spec.matrix.org/v1.19/rooms/v1/#mroompower_levels-events-accept-values-as-strings
    /// [floats]: https://spec.matrix.org/v1.19/rooms/v1/#mroompower_levels-events-accept-values-as-floats
    #[must_use]
    pub fn of(value: &Value, rules: &RoomVersionRules) -> Option<Self> {
        let forms = rules.power_levels;
        match value {
            Value::Number(number) if number.is_integer() => Some(Self::integer(number)),
            Value::Number(number) if forms == LevelForms::IntegerStringFloat => {
                Some(Self::truncated(number.as_f64()?))
            }
            Value::String(text) if forms != LevelForms::Integer => {
                Self::parse(text, rules.readings.level_string)
            }
            Value::Bool(value) if forms != LevelForms::Integer => Some(i64::from(*value).into()),
            _ => None,
        }
    }

    fn integer(number: &Number) -> Self {
        number
            .as_i64()
            .map_or_else(|| Self::digits(&number.to_string()), Into::into)
    }

    /// Truncated at the decimal point; every finite double has an exact decimal expansion.
    fn truncated(number: f64) -> Self {
        Self::digits(&format!("{:.0}", number.trunc()))
    }

    /// `text` is an optional `-` and at least one ASCII digit.
    fn digits(text: &str) -> Self {
        if let Ok(small) = text.parse::<i64>() {
            return small.into();
        }
        let (negative, digits) = text
            .strip_prefix('-')
            .map_or((false, text), |digits| (true, digits));
        let digits = digits.trim_start_matches('0').into();
        Self(Repr::Big(Box::new(Big { negative, digits })))
    }

    /// The level, if it is within 64 bits.
    pub(super) fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Small(level) => Some(*level),
            Repr::Big(_) => None,
        }
    }

    /// The level that prints as `text`, but for leading zeros.
    pub(super) fn from_decimal(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_decimal.then(|| Self::digits(text))
    }

    /// The integer that a string states.
    fn parse(text: &str, reading: LevelString) -> Option<Self> {
        let text = text.trim();
        let (sign, body) = match text.strip_prefix('-') {
            Some(body) => ("-", body),
            None => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        let mut ascii = String::from(sign);
        let mut after_digit = false;
        for c in body.chars() {
            match (digit(c, reading), c) {
                (Some(digit), _) => ascii.push(char::from(digit)),
                (None, '_') if after_digit && reading == LevelString::Python => {
                    after_digit = false;
                    continue;
                }
                _ => return None,
            }
            after_digit = true;
        }
        // A number neither is empty nor ends in `_`.
        after_digit.then(|| Self::digits(&ascii))
    }
}

/// The ASCII digit of the same value.
fn digit(c: char, reading: LevelString) -> Option<u8> {
    if c.is_ascii_digit() {
        return u8::try_from(c).ok();
    }
    if reading == LevelString::Specification {
        return None;
    }
    let index = ZEROS.partition_point(|zero| *zero <= c).checked_sub(1)?;
    let value = u32::from(c).checked_sub(u32::from(*ZEROS.get(index)?))?;
    u8::try_from(value)
        .ok()
        .filter(|value| *value < 10)
        .map(|value| b'0'.saturating_add(value))
}

impl From<i64> for Level {
    fn from(level: i64) -> Self {
        Self(Repr::Small(level))
    }
}

impl Ord for Level {
    fn cmp(&self, other: &Self) -> Ordering {
        // INVARIANT: a big level is beyond every small one, and has no leading zeros.
        match (&self.0, &other.0) {
            (Repr::Small(a), Repr::Small(b)) => a.cmp(b),
            (Repr::Small(_), Repr::Big(big)) => {
                if big.negative {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (Repr::Big(_), Repr::Small(_)) => other.cmp(self).reverse(),
            (Repr::Big(a), Repr::Big(b)) => match (a.negative, b.negative) {
                (false, true) => Ordering::Greater,
                (true, false) => Ordering::Less,
                (false, false) => (a.digits.len(), &a.digits).cmp(&(b.digits.len(), &b.digits)),
                (true, true) => (b.digits.len(), &b.digits).cmp(&(a.digits.len(), &a.digits)),
            },
        }
    }
}

impl PartialOrd for Level {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Small(level) => level.fmt(f),
            Repr::Big(big) => {
                let sign = if big.negative { "-" } else { "" };
                write!(f, "{sign}{}", big.digits)
            }
        }
    }
}

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a user can do, or what doing something takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// The power levels event states something that is not a level. Nobody has such power, and
    /// such power is never enough.
    Unreadable,
    /// This level.
    Level(Level),
    /// More than any level: what the creators of newer rooms have.
    Infinite,
}

impl Power {
    /// Whether this is at least `required`.
    #[must_use]
    pub fn reaches(&self, required: &Self) -> bool {
        match (self, required) {
            (Self::Infinite, Self::Level(_) | Self::Infinite) => true,
            (Self::Level(level), Self::Level(required)) => level >= required,
            _ => false,
        }
    }

    /// Whether this is more than `other`.
    #[must_use]
    pub fn exceeds(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Infinite, Self::Level(_)) => true,
            (Self::Level(level), Self::Level(other)) => level > other,
            _ => false,
        }
    }
}

impl From<i64> for Power {
    fn from(level: i64) -> Self {
        Self::Level(level.into())
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str("unreadable"),
            Self::Level(level) => level.fmt(f),
            Self::Infinite => f.write_str("infinite"),
        }
    }
}

/// The digits zero of Unicode 14's other scripts, in order; one to nine follow each.
#[rustfmt::skip]
const ZEROS: [char; 65] = [
    '\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}',
    '\u{be6}', '\u{c66}', '\u{ce6}', '\u{d66}', '\u{de6}', '\u{e50}', '\u{ed0}', '\u{f20}',
    '\u{1040}', '\u{1090}', '\u{17e0}', '\u{1810}', '\u{1946}', '\u{19d0}', '\u{1a80}',
    '\u{1a90}', '\u{1b50}', '\u{1bb0}', '\u{1c40}', '\u{1c50}', '\u{a620}', '\u{a8d0}',
    '\u{a900}', '\u{a9d0}', '\u{a9f0}', '\u{aa50}', '\u{abf0}', '\u{ff10}', '\u{104a0}',
    '\u{10d30}', '\u{11066}', '\u{110f0}', '\u{11136}', '\u{111d0}', '\u{112f0}', '\u{11450}',
    '\u{114d0}', '\u{11650}', '\u{116c0}', '\u{11730}', '\u{118e0}', '\u{11950}', '\u{11c50}',
    '\u{11d50}', '\u{11da0}', '\u{16a60}', '\u{16ac0}', '\u{16b50}', '\u{1d7ce}', '\u{1d7d8}',
    '\u{1d7e2}', '\u{1d7ec}', '\u{1d7f6}', '\u{1e140}', '\u{1e2f0}', '\u{1e950}', '\u{1fbf0}',
];
