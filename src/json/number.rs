//! Numbers: integers of any size, and floats as Python writes them.

use crate::json::Mode;

/// The largest integer of canonical JSON, 2⁵³ − 1; the smallest is its negative.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// A JSON number.
///
/// Integers are exact whatever their size. Floats are finite doubles and print as Python's `repr`
/// does (`50.0`, `1e+16`, `1e-05`, `-0.0`), because that is how the network wrote them when it
/// still allowed them. Two numbers are equal when their canonical texts are: `1` is not `1.0`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Integer(i64),
    /// INVARIANT: outside the range of `i64`.
    Big(Box<Digits>),
    /// The bits of a double. INVARIANT: finite.
    Float(u64),
}

/// The canonical text of an integer. Its own type, so that a number takes two words.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Digits(Box<str>);

/// Why a number has no place in canonical JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberError {
    /// It is a float, even if its value is integral.
    #[error("a float is not canonical JSON")]
    Float,
    /// It is infinite or not a number, which no mode allows.
    #[error("a number must be finite")]
    NotFinite,
    /// It is an integer outside ±(2⁵³ − 1).
    #[error("an integer outside ±(2^53 - 1) is not canonical JSON")]
    OutOfRange,
}

impl Number {
    /// The number as an integer, if it is one that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Integer(n) => Some(n),
            Repr::Big(_) | Repr::Float(_) => None,
        }
    }

    /// The number as a float, if it is one. Integers are never converted.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self.0 {
            Repr::Float(bits) => Some(f64::from_bits(bits)),
            Repr::Integer(_) | Repr::Big(_) => None,
        }
    }

    /// Whether the number is an integer, of any size. `1.0` is a float.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        !matches!(self.0, Repr::Float(_))
    }

    /// Whether `mode` allows the number.
    ///
    /// # Errors
    ///
    /// - [`NumberError::Float`]: a float, in [`Mode::Strict`].
    /// - [`NumberError::OutOfRange`]: an integer outside ±(2⁵³ − 1), in [`Mode::Strict`].
    pub fn check(&self, mode: Mode) -> Result<(), NumberError> {
        match (mode, &self.0) {
            (Mode::Lenient, _) => Ok(()),
            (Mode::Strict, Repr::Integer(n)) if n.unsigned_abs() <= MAX_INTEGER.unsigned_abs() => {
                Ok(())
            }
            (Mode::Strict, Repr::Integer(_) | Repr::Big(_)) => Err(NumberError::OutOfRange),
            (Mode::Strict, Repr::Float(_)) => Err(NumberError::Float),
        }
    }

    /// Reads the text of an integer that JSON's grammar allows, hence without leading zeros.
    pub(super) fn from_integer_text(text: &str) -> Self {
        match text.parse() {
            Ok(n) => Self(Repr::Integer(n)),
            Err(_) => Self(Repr::Big(Box::new(Digits(text.into())))),
        }
    }

    /// Reads the text of a float that JSON's grammar allows. `None` if no double is as large; a
    /// float that is too small for a double is a zero.
    pub(super) fn from_float_text(text: &str) -> Option<Self> {
        Self::try_from(text.parse::<f64>().ok()?).ok()
    }
}

impl From<i64> for Number {
    fn from(n: i64) -> Self {
        Self(Repr::Integer(n))
    }
}

impl TryFrom<f64> for Number {
    type Error = NumberError;

    fn try_from(x: f64) -> Result<Self, NumberError> {
        if x.is_finite() {
            Ok(Self(Repr::Float(x.to_bits())))
        } else {
            Err(NumberError::NotFinite)
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Repr::Integer(n) => std::fmt::Display::fmt(n, f),
            Repr::Big(digits) => f.write_str(&digits.0),
            Repr::Float(bits) => python_repr(f64::from_bits(*bits), f),
        }
    }
}

impl std::fmt::Debug for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// Writes the shortest digits that read back as `x`, with an exponent if that is below −4 or above
/// 15.
fn python_repr(x: f64, f: &mut impl std::fmt::Write) -> std::fmt::Result {
    let scientific = shortest(x)?;
    let (mantissa, exponent) = scientific.as_str().split_once('e').ok_or(std::fmt::Error)?;
    let exponent: i32 = exponent.parse().map_err(|_| std::fmt::Error)?;
    let places = exponent.unsigned_abs() as usize;
    if !(-4..16).contains(&exponent) {
        return write!(f, "{mantissa}e{exponent:+03}");
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if exponent < 0 {
        let (sign, whole) = whole
            .strip_prefix('-')
            .map_or(("", whole), |digit| ("-", digit));
        return write!(
            f,
            "{sign}0.{:0<1$}{whole}{fraction}",
            "",
            places.saturating_sub(1)
        );
    }
    // Move the point to the right by as many places.
    match fraction.split_at_checked(places) {
        Some((left, "")) => write!(f, "{whole}{left}.0"),
        Some((left, right)) => write!(f, "{whole}{left}.{right}"),
        None => write!(f, "{whole}{fraction:0<places$}.0"),
    }
}

/// The shortest digits that read back as `x`, in scientific notation.
///
/// Two texts may be equally short and equally near. Rust then takes the larger, and Python the one
/// with the even last digit, which is what rounding to that many digits gives. It takes sixteen
/// digits to be that near.
fn shortest(x: f64) -> Result<ShortText, std::fmt::Error> {
    let mut shortest = ShortText::default();
    std::fmt::Write::write_fmt(&mut shortest, format_args!("{x:e}"))?;
    let mantissa = shortest.as_str().split('e').next().unwrap_or_default();
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    if digits < 16 {
        return Ok(shortest);
    }
    let mut rounded = ShortText::default();
    let places = digits.saturating_sub(1);
    std::fmt::Write::write_fmt(&mut rounded, format_args!("{x:.places$e}"))?;
    let reads_back = rounded
        .as_str()
        .parse()
        .is_ok_and(|y: f64| y.to_bits() == x.to_bits());
    Ok(if reads_back { rounded } else { shortest })
}

/// Room for a double in scientific notation, which takes 24 bytes at most.
#[derive(Default)]
struct ShortText {
    bytes: [u8; 32],
    len: usize,
}

impl ShortText {
    fn as_str(&self) -> &str {
        self.bytes
            .get(..self.len)
            .and_then(|b| std::str::from_utf8(b).ok())
            .unwrap_or_default()
    }
}

impl std::fmt::Write for ShortText {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.len.saturating_add(text.len());
        let room = self.bytes.get_mut(self.len..end).ok_or(std::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::python_repr;

    #[test]
    fn floats_print_as_python_prints_them() {
        for (x, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (0.5, "0.5"),
            (-0.5, "-0.5"),
            (1.0, "1.0"),
            (50.0, "50.0"),
            (1234.5, "1234.5"),
            (1e15, "1000000000000000.0"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (1e100, "1e+100"),
            (-2.225_073_858_507_201_4e-308, "-2.2250738585072014e-308"),
            (123_456_789_012_345.6, "123456789012345.6"),
            (-1200.0, "-1200.0"),
            (-1.234_567_890_123_456_8e17, "-1.2345678901234568e+17"),
            (0.0001, "0.0001"),
            (0.00012, "0.00012"),
            (0.00001, "1e-05"),
            (-0.000_012, "-1.2e-05"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (0.1 + 0.2, "0.30000000000000004"),
        ] {
            let mut written = String::new();
            python_repr(x, &mut written).unwrap();
            assert_eq!(written, text);
        }
    }

    #[test]
    fn of_two_nearest_floats_the_even_one_is_printed() {
        for (exact, text) in [
            ("667189256246133.25", "667189256246133.2"),
            ("-667189256246133.75", "-667189256246133.8"),
            ("20975996777076.3125", "20975996777076.312"),
            ("2.98023223876953125e-08", "2.9802322387695312e-08"),
            (
                "5.684341886080801486968994140625e-14",
                "5.684341886080802e-14",
            ),
        ] {
            let mut written = String::new();
            python_repr(exact.parse().unwrap(), &mut written).unwrap();
            assert_eq!(written, text);
        }
    }
}
