//! Base64: written in one way, read in every way that is unambiguous.
//!
//! Written without padding, in the standard alphabet (hashes, signatures, keys) or in the URL-safe
//! one (event IDs since room version 4). Read in either alphabet, with padding, without, or with half of it, and
//! whatever the unused bits of the last character are: all of these occur on the network, and what
//! counts is the bytes. Whitespace is refused.
//!
//! Reads nothing. Read by `pdu` and `crypto`.
//! Spec: <https://spec.matrix.org/v1.19/appendices/#unpadded-base64>

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine};

/// Why a string is not Base64, or not Base64 of the right length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Base64Error {
    /// A character of neither alphabet, or padding before the end.
    #[error("not base64 at byte {offset}")]
    Character {
        /// Where it stands.
        offset: usize,
    },
    /// No bytes are written with that many characters, or with that much padding.
    #[error("base64 of impossible length")]
    Length,
    /// The bytes are not as many as they should be.
    #[error("{found} bytes where {expected} belong")]
    Size {
        /// How many bytes should be there.
        expected: usize,
        /// How many there are.
        found: usize,
    },
}

/// Writes bytes in the standard alphabet, without padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Writes bytes in the URL-safe alphabet, without padding.
#[must_use]
pub fn encode_url_safe(bytes: &[u8]) -> String {
    URL_SAFE.encode(bytes)
}

/// Reads either alphabet, even mixed, with padding or without.
///
/// # Errors
///
/// - [`Base64Error::Character`]: something that is not Base64.
/// - [`Base64Error::Length`]: one character too few or too many.
pub fn decode(text: &str) -> Result<Vec<u8>, Base64Error> {
    if !text.contains(['-', '_']) {
        return STANDARD
            .decode(text)
            .map_err(|e| Base64Error::from_engine(&e));
    }
    let standard: Vec<u8> = text
        .bytes()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    STANDARD
        .decode(standard)
        .map_err(|e| Base64Error::from_engine(&e))
}

/// Writes 32 bytes, the length of a hash, in the standard alphabet or the URL-safe one, behind a
/// first character: without an allocation.
pub(crate) fn encode_hash<'b>(
    first: u8,
    hash: &[u8; 32],
    url_safe: bool,
    buffer: &'b mut [u8; 44],
) -> &'b str {
    let engine = if url_safe { &URL_SAFE } else { &STANDARD };
    let [start, rest @ ..] = &mut *buffer;
    *start = first;
    // 32 bytes make 43 characters.
    let _ = engine.encode_slice(hash, rest);
    std::str::from_utf8(buffer).unwrap_or_default()
}

/// Reads exactly `N` bytes; otherwise as [`decode`].
///
/// # Errors
///
/// Those of [`decode`], and [`Base64Error::Size`] if there are more bytes or fewer.
pub fn decode_array<const N: usize>(text: &str) -> Result<[u8; N], Base64Error> {
    if let Some(bytes) = decode_plain(text) {
        return Ok(bytes);
    }
    let bytes = decode(text)?;
    let found = bytes.len();
    bytes
        .try_into()
        .map_err(|_| Base64Error::Size { expected: N, found })
}

/// Reads exactly `N` bytes as they mostly are written: without padding.
pub(crate) fn decode_plain<const N: usize>(text: &str) -> Option<[u8; N]> {
    // Four characters for three bytes, and one more character than bytes for what is left.
    if text.len() != N.saturating_mul(4).div_ceil(3) {
        return None;
    }
    let mut bytes = [0; N];
    // A character of no alphabet sets a bit that no value has.
    let mut seen = 0;
    for (three, four) in bytes.chunks_mut(3).zip(text.as_bytes().chunks(4)) {
        let mut word = 0_u32;
        for place in 0..4 {
            let value = four.get(place).map_or(0, |byte| {
                VALUES.get(usize::from(*byte)).copied().unwrap_or(NONE)
            });
            seen |= value;
            word = (word << 6) | u32::from(value & 63);
        }
        let [_, decoded @ ..] = word.to_be_bytes();
        for (to, from) in three.iter_mut().zip(decoded) {
            *to = from;
        }
    }
    (seen < NONE).then_some(bytes)
}

/// What each character stands for, in either alphabet.
static VALUES: [u8; 256] = values();

/// Of a character that stands for nothing.
const NONE: u8 = 64;

const fn values() -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut rest: &mut [u8] = &mut values;
    let mut byte = 0_u8;
    while let [value, tail @ ..] = rest {
        *value = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => NONE,
        };
        rest = tail;
        byte = byte.wrapping_add(1);
    }
    values
}

impl Base64Error {
    fn from_engine(error: &base64::DecodeError) -> Self {
        match error {
            base64::DecodeError::InvalidByte(offset, _)
            | base64::DecodeError::InvalidLastSymbol { offset, .. } => {
                Self::Character { offset: *offset }
            }
            _ => Self::Length,
        }
    }
}

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

static STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
static URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);
