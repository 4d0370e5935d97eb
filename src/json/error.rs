//! Why bytes are not a document.

/// Why some bytes were refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} at byte {}", .0.kind, .0.offset)]
pub struct ParseError(Box<Fault>);

/// Behind a pointer, so that a result is no larger than a value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    kind: ParseErrorKind,
    offset: usize,
}

impl ParseError {
    pub(super) fn new(kind: ParseErrorKind, offset: usize) -> Self {
        Self(Box::new(Fault { kind, offset }))
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &ParseErrorKind {
        &self.0.kind
    }

    /// Where it is: bytes from the start of the input.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.0.offset
    }
}

/// What is wrong with some bytes. The offset of a [`ParseError`] says where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// A backslash is followed by something that is no escape.
    #[error("invalid escape")]
    BadEscape,
    /// A control character stands in a string without being escaped.
    #[error("control character in a string")]
    ControlCharacter,
    /// An object has two members of one name; the offset is that of the object's end. Names are
    /// compared after their escapes are resolved.
    #[error("key `{0}` appears twice in the object that ends")]
    DuplicateKey(
        /// The name, cut to 255 bytes.
        String,
    ),
    /// A number has an exponent ([`Mode::Strict`](crate::json::Mode::Strict) only).
    #[error("number with an exponent")]
    Exponent,
    /// A number has a fraction ([`Mode::Strict`](crate::json::Mode::Strict) only).
    #[error("number with a fraction")]
    Fraction,
    /// A float is too large for a double ([`Mode::Lenient`](crate::json::Mode::Lenient) only).
    #[error("float out of range")]
    FloatOutOfRange,
    /// An integer is outside ±(2⁵³ − 1) ([`Mode::Strict`](crate::json::Mode::Strict) only).
    #[error("integer out of range")]
    IntegerOutOfRange,
    /// The bytes are not UTF-8.
    #[error("invalid UTF-8")]
    InvalidUtf8,
    /// An integer starts with a zero that is not its only digit.
    #[error("leading zero")]
    LeadingZero,
    /// The document is well-formed but not an object, and an object was asked for.
    #[error("not an object")]
    NotAnObject,
    /// Arrays and objects are nested deeper than allowed.
    #[error("more than {limit} arrays and objects inside one another")]
    TooDeep {
        /// The bound that was given.
        limit: usize,
    },
    /// The input is longer than allowed; the offset is its length.
    #[error("more than {limit} bytes of input")]
    TooLarge {
        /// The bound that was given.
        limit: usize,
    },
    /// Something follows the document.
    #[error("trailing data")]
    TrailingData,
    /// A character that cannot stand here.
    #[error("unexpected `{}`", .0.escape_debug())]
    Unexpected(
        /// The character.
        char,
    ),
    /// The input ends inside the document.
    #[error("unexpected end of input")]
    UnexpectedEnd,
    /// Half of a surrogate pair, or a pair in the wrong order, is escaped in a string.
    #[error("unpaired surrogate")]
    UnpairedSurrogate,
}
