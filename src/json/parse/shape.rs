//! How many values each array and object of a document holds, before any of it is built.

use crate::json::scan::plain_prefix;

/// The number of values of every container, in the order in which the containers begin.
///
/// Counts are right for every container that ends, and never too small for the valid beginning of
/// one that does not; what is not JSON is for the parser to notice. But a comma counts only where
/// there is something for it to follow, or commas alone would make a byte of input a place for a
/// whole member.
///
/// Counts are taken from the front. The memory of those that were taken serves as the stack on
/// which the parser saves how far it has filled the containers around the innermost one: no more
/// containers can be open than have begun.
pub(super) struct Shape {
    counts: Vec<u32>,
    taken: usize,
    saved: usize,
}

impl Shape {
    /// Counts; `None` if the input ends before every container does.
    pub(super) fn of(input: &[u8]) -> Option<Self> {
        counts(input).map(|counts| Self {
            counts,
            taken: 0,
            saved: 0,
        })
    }

    /// The count of the next container to begin.
    pub(super) fn next_count(&mut self) -> usize {
        let count = self.counts.get(self.taken).copied().unwrap_or(0);
        self.taken = self.taken.saturating_add(1);
        count as usize
    }

    /// Saves how many values the innermost container has, before one inside it begins.
    pub(super) fn save(&mut self, filled: usize) {
        if let Some(slot) = self.counts.get_mut(self.saved) {
            *slot = u32::try_from(filled).unwrap_or(u32::MAX);
        }
        self.saved = self.saved.saturating_add(1);
    }

    /// What was saved last.
    pub(super) fn restore(&mut self) -> usize {
        self.saved = self.saved.saturating_sub(1);
        self.counts.get(self.saved).copied().unwrap_or(0) as usize
    }
}

fn counts(input: &[u8]) -> Option<Vec<u32>> {
    let mut counts: Vec<u32> = Vec::with_capacity(USUAL.min(input.len() / 2));
    // The containers around the innermost one, and whether each is an object. Outside of all stands
    // an index that none has.
    let mut around: Vec<(u32, bool)> = Vec::new();
    let mut innermost = u32::MAX;
    let mut in_object = false;
    let mut count = 0_u32;
    // Whether a value, or in an object at least a string or a container, came since the last comma.
    let mut is_filled = false;
    let mut rest = input;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'"' => {
                count = count.max(1);
                is_filled = true;
                rest = after_string(rest);
            }
            b',' => {
                count = count.saturating_add(u32::from(is_filled));
                is_filled = false;
            }
            b'[' | b'{' => {
                set(&mut counts, innermost, count.max(1));
                around.push((innermost, in_object));
                innermost = u32::try_from(counts.len()).unwrap_or(u32::MAX);
                counts.push(0);
                count = 0;
                (in_object, is_filled) = (byte == b'{', false);
                // Each needs a byte to end with.
                if around.len() > rest.len() {
                    return None;
                }
            }
            b']' | b'}' => {
                set(&mut counts, innermost, count);
                (innermost, in_object) = around.pop().unwrap_or((u32::MAX, false));
                count = counts.get(innermost as usize).copied().unwrap_or(0);
                is_filled = true;
            }
            b' ' | b'\n' | b'\r' | b'\t' => {}
            _ => {
                count = count.max(1);
                is_filled |= !in_object;
            }
        }
    }
    counts.shrink_to(USUAL);
    around.is_empty().then_some(counts)
}

/// Containers that an event usually has at most.
const USUAL: usize = 16;

fn set(counts: &mut [u32], index: u32, count: u32) {
    if let Some(slot) = counts.get_mut(index as usize) {
        *slot = count;
    }
}

/// What follows the string whose opening quotation mark was just passed.
fn after_string(text: &[u8]) -> &[u8] {
    let mut rest = text;
    loop {
        let special = rest.get(plain_prefix(rest)..).unwrap_or_default();
        rest = match special {
            [b'"', tail @ ..] => return tail,
            // Whatever is escaped does not end the string.
            [b'\\', _, tail @ ..] | [_, tail @ ..] => tail,
            [] => return &[],
        };
    }
}
