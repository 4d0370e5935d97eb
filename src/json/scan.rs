//! The one question that most time goes into: how far does plain text reach?

/// How many bytes at the start of `bytes` may stand in a JSON string as they are: everything up
/// to the first quotation mark, backslash or control character.
///
/// Eight bytes at a time.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        let found = specials(u64::from_le_bytes(*head));
        if found != 0 {
            let within = (found.trailing_zeros() / 8) as usize;
            return bytes
                .len()
                .saturating_sub(rest.len())
                .saturating_add(within);
        }
        rest = tail;
    }
    let within = rest
        .iter()
        .position(|&b| is_special(b))
        .unwrap_or(rest.len());
    bytes
        .len()
        .saturating_sub(rest.len())
        .saturating_add(within)
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
    const QUOTES: u64 = u64::from_ne_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_ne_bytes([b'\\'; 8]);
    const SPACES: u64 = u64::from_ne_bytes([b' '; 8]);
    let quotes = word ^ QUOTES;
    let backslashes = word ^ BACKSLASHES;
    let zero_in_quotes = quotes.wrapping_sub(ONES) & !quotes;
    let zero_in_backslashes = backslashes.wrapping_sub(ONES) & !backslashes;
    let below_space = word.wrapping_sub(SPACES) & !word;
    (zero_in_quotes | zero_in_backslashes | below_space) & HIGH
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
