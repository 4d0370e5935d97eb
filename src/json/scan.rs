//! The one question that most time goes into: how far does plain text reach?

/// How many bytes at the start of `bytes` may stand in a JSON string as they are: everything up
/// to the first quotation mark, backslash or control character.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    bytes.len().saturating_sub(after_plain(bytes).len())
}

/// What follows those bytes.
///
/// Eight bytes at a time.
#[inline]
pub(super) fn after_plain(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        let found = specials(u64::from_le_bytes(*head));
        if found != 0 {
            let within = (found.trailing_zeros() / 8) as usize;
            return rest.get(within..).unwrap_or_default();
        }
        rest = tail;
    }
    let Some(last) = bytes.last_chunk::<8>() else {
        return after_plain_bytewise(rest);
    };
    // The last eight bytes, of which the first are known to be plain.
    let found = specials(u64::from_le_bytes(*last));
    let behind = 8_usize.saturating_sub((found.trailing_zeros() / 8) as usize);
    let start = bytes.len().saturating_sub(behind);
    bytes.get(start..).unwrap_or_default()
}

fn after_plain_bytewise(mut rest: &[u8]) -> &[u8] {
    while let Some((byte, tail)) = rest.split_first() {
        if is_special(*byte) {
            break;
        }
        rest = tail;
    }
    rest
}

/// Whether a byte ends plain text.
const fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..=0x1f)
}

/// The high bit of every special byte of a word, exact up to the first one.
///
/// Subtraction borrows only out of a byte that is itself found, so what lies below the first find
/// is never wrong; what lies above may be, and is not looked at.
const fn specials(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    const BACKSLASHES: u64 = u64::from_ne_bytes([b'\\'; 8]);
    const TWOS: u64 = u64::from_ne_bytes([2; 8]);
    const LOW: u64 = u64::from_ne_bytes([0x21; 8]);
    // With bit 1 flipped the quotation mark is 0x20, the space and `!` are above it, and control
    // characters stay below.
    let low = (word ^ TWOS).wrapping_sub(LOW);
    let backslash = (word ^ BACKSLASHES).wrapping_sub(ONES);
    (low | backslash) & !word & HIGH
}

#[cfg(test)]
mod tests {
    use super::{is_special, plain_prefix};

    #[test]
    fn every_byte_is_classified_alike_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..20 {
                let mut text = [b'x'; 20];
                text[place] = byte;
                let expected = if is_special(byte) { place } else { 20 };
                assert_eq!(plain_prefix(&text), expected, "{byte:#x} at {place}");
            }
        }
    }

    #[test]
    fn the_first_of_two_specials_is_found() {
        for first in [b'"', b'\\', 0, 0x1f] {
            for second in 0..=u8::MAX {
                let text = [b'a', b'!', first, second, b'#', 0x80, 0xff, b']', b'x'];
                assert_eq!(plain_prefix(&text), 2, "{first:#x} {second:#x}");
            }
        }
        for near in [b'!', b'#', b'[', b']', b' ', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
            assert_eq!(plain_prefix(&[near; 19]), 19, "{near:#x}");
        }
    }
}
