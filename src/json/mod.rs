//! JSON: the bytes of the network to values, and values to canonical bytes.
//!
//! Every hash, signature and event ID is taken over canonical JSON, so two servers that read the
//! same bytes as different values, or write the same value as different bytes, disagree about a
//! room. This module has its own parser for that reason: a document is refused wherever two
//! parsers are known to differ (a repeated key, half a surrogate pair, `NaN`), and an integer of
//! any size that early room versions allowed is kept digit by digit.
//!
//! | the spec says                            | here                                           |
//! |------------------------------------------|------------------------------------------------|
//! | canonical JSON                           | [`Value::write_canonical`], into any [`Sink`]  |
//! | rules for room versions 1 to 5, and 6 on | [`Mode`]                                       |
//! | an object without some of its members    | [`Select`], streamed, never a second document  |
//! | the same of bytes that are canonical     | [`CanonicalObject`], which builds no tree      |
//! | unpadded Base64                          | [`base64`]                                     |
//!
//! Nothing here recurses on what it reads: every depth that fits in the input is read, written,
//! copied, compared, printed and dropped on a constant stack. Parsing takes at most sixteen times
//! the memory of its input.
//!
//! Reads [`limits`](crate::limits). Read by every module above.
//! Spec: <https://spec.matrix.org/v1.19/appendices/#canonical-json>

mod array;
mod canonical;
mod error;
mod interop;
mod number;
mod object;
mod parse;
mod raw;
mod scan;
mod select;
mod value;
mod walk;

pub mod base64;

pub use array::Array;
pub use canonical::{ByteCount, Sink};
pub use error::{ParseError, ParseErrorKind};
pub use interop::InteropError;
pub use number::{MAX_INTEGER, Number, NumberError};
pub use object::{Members, Object};
pub use raw::{CanonicalObject, RawValue};
pub use select::Select;
pub use value::Value;

/// How numbers are treated; everything else is the same in both modes.
///
/// What [`Strict`](Mode::Strict) accepts, [`Lenient`](Mode::Lenient) accepts with the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Integers from −(2⁵³ − 1) to 2⁵³ − 1 and no other number: room versions 6 and later, and
    /// everything that is not an event.
    ///
    /// Spec: [canonical JSON](https://spec.matrix.org/v1.19/appendices/#canonical-json).
    Strict,
    /// Integers of any size, digit by digit, and finite floats: events of room versions 1 to 5.
    ///
    /// Spec: [room version 1](https://spec.matrix.org/v1.19/rooms/v1/#canonical-json).
    Lenient,
}
