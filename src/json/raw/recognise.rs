//! Whether bytes already are canonical JSON, found out in one pass.

use crate::json::raw::Member;
use crate::json::scan::after_plain;

/// How deep the documents are that are recognised. Events are seldom as deep as ten.
const MAX_DEPTH: usize = 32;

/// The digits of which every number that many digits long keeps to 2⁵³ − 1.
const SAFE_DIGITS: usize = 15;

/// The members of a document that is an object in canonical JSON, and neither too deep nor in any
/// way uncommon. `None` does not mean that it is something else: floats, very long integers and
/// names with escapes are not looked into, and what is wrong with a document that is no JSON at
/// all is for the parser to say.
///
/// One pass, in constant memory but for what is returned.
pub(super) fn recognise(text: &str, max_depth: usize) -> Option<Vec<Member>> {
    let mut rest = text.as_bytes();
    if rest.first() != Some(&b'{') {
        return None;
    }
    let max_depth = max_depth.min(MAX_DEPTH);
    let mut members: Vec<Member> = Vec::with_capacity(USUAL);
    // The names that were read last in the objects around the innermost container.
    let mut around: [&[u8]; MAX_DEPTH] = [&[]; MAX_DEPTH];
    let mut last: &[u8] = &[];
    // One bit for each open container, the innermost lowest: whether it is an object.
    let mut objects = 0_u32;
    let mut depth = 0_usize;
    // Whether a string had escapes since the last member began.
    let mut escaped = false;
    loop {
        // A value.
        let (first, tail) = rest.split_first()?;
        rest = match first {
            b'"' => after_string(tail, &mut escaped)?,
            b'{' | b'[' => {
                if depth >= max_depth {
                    return None;
                }
                match (first, tail) {
                    (b'{', [b'}', tail @ ..]) | (b'[', [b']', tail @ ..]) => tail,
                    (b'{', _) => {
                        *around.get_mut(depth)? = last;
                        depth = depth.saturating_add(1);
                        objects = (objects << 1) | 1;
                        (last, rest) = name(tail)?;
                        if depth == 1 {
                            members.push(Member::begin(text, last, rest));
                        }
                        continue;
                    }
                    _ => {
                        *around.get_mut(depth)? = last;
                        depth = depth.saturating_add(1);
                        objects <<= 1;
                        rest = tail;
                        continue;
                    }
                }
            }
            b'-' | b'0'..=b'9' => after_integer(rest)?,
            b't' => rest.strip_prefix(b"true")?,
            b'f' => rest.strip_prefix(b"false")?,
            b'n' => rest.strip_prefix(b"null")?,
            _ => return None,
        };
        // What follows a value: the next one, or the end of containers.
        loop {
            if depth == 1 {
                members
                    .last_mut()?
                    .end(text, rest, std::mem::take(&mut escaped));
            }
            let in_object = objects & 1 == 1;
            rest = match rest.split_first() {
                Some((b',', tail)) if in_object => {
                    let before = last;
                    (last, rest) = name(tail)?;
                    if !is_before(before, last) {
                        return None;
                    }
                    if depth == 1 {
                        members.push(Member::begin(text, last, rest));
                    }
                    break;
                }
                Some((b',', tail)) if depth > 0 => {
                    rest = tail;
                    break;
                }
                Some((b'}', tail)) if in_object => tail,
                Some((b']', tail)) if !in_object && depth > 0 => tail,
                None if depth == 0 => return Some(members),
                _ => return None,
            };
            depth = depth.saturating_sub(1);
            objects >>= 1;
            last = *around.get(depth)?;
        }
    }
}

/// Members that an event usually has at most.
const USUAL: usize = 16;

impl Member {
    /// The member of a name, given what of the text follows the colon.
    fn begin(text: &str, name: &[u8], rest: &[u8]) -> Self {
        let value = text.len().saturating_sub(rest.len());
        Self {
            name: value.saturating_sub(2).saturating_sub(name.len()),
            value,
            end: value,
            escaped: false,
        }
    }

    /// Ends the member where the rest of the text begins.
    fn end(&mut self, text: &str, rest: &[u8], escaped: bool) {
        self.end = text.len().saturating_sub(rest.len());
        self.escaped = escaped;
    }
}

/// Whether one name stands before another. Mostly the first bytes tell.
#[inline]
fn is_before(name: &[u8], next: &[u8]) -> bool {
    match (name.first(), next.first()) {
        (Some(first), Some(second)) if first != second => first < second,
        _ => name < next,
    }
}

/// The name that stands here, if it has no escapes, and what follows its colon.
#[inline]
fn name(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (b'"', start) = rest.split_first()? else {
        return None;
    };
    let end = after_plain(start);
    let [b'"', b':', rest @ ..] = end else {
        return None;
    };
    let name = start.get(..start.len().saturating_sub(end.len()))?;
    Some((name, rest))
}

/// What follows the string whose opening quotation mark was just passed.
#[inline]
pub(super) fn after_string<'a>(rest: &'a [u8], escaped: &mut bool) -> Option<&'a [u8]> {
    match after_plain(rest) {
        [b'"', rest @ ..] => Some(rest),
        [b'\\', ..] => {
            *escaped = true;
            after_escapes(rest)
        }
        _ => None,
    }
}

/// The same for a string with escapes.
fn after_escapes(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        rest = match after_plain(rest) {
            [b'"', rest @ ..] => return Some(rest),
            [b'\\', b'u', b'0', b'0', digits @ ..] => after_control(digits)?,
            [b'\\', letter, rest @ ..] if b"\"\\btnfr".contains(letter) => rest,
            _ => return None,
        }
    }
}

/// What follows the last two digits of an escape, if they are those of a control character that has
/// no shorter escape, with small letters.
fn after_control(digits: &[u8]) -> Option<&[u8]> {
    let (digits, rest) = digits.split_first_chunk::<2>()?;
    match digits {
        [b'0', b'0'..=b'7' | b'b' | b'e' | b'f'] | [b'1', b'0'..=b'9' | b'a'..=b'f'] => Some(rest),
        _ => None,
    }
}

/// What follows the integer that stands here, if it is written as canonical JSON writes it and is
/// short enough for every mode.
pub(super) fn after_integer(rest: &[u8]) -> Option<&[u8]> {
    let digits = rest.strip_prefix(b"-").unwrap_or(rest);
    // A zero stands alone, and has no sign.
    if digits.first() == Some(&b'0') {
        let is_alone = !digits.get(1).is_some_and(u8::is_ascii_digit);
        return digits
            .get(1..)
            .filter(|_| is_alone && digits.len() == rest.len());
    }
    let count = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    (1..=SAFE_DIGITS).contains(&count).then_some(())?;
    digits.get(count..)
}

#[cfg(test)]
mod tests {
    use super::{MAX_DEPTH, recognise};

    fn count(text: &str) -> Option<usize> {
        recognise(text, usize::MAX).map(|members| members.len())
    }

    /// That the answer is never wrong is a law of the suite; this is that it is not always `None`.
    #[test]
    fn what_events_consist_of_is_recognised() {
        for (members, text) in [
            (0, "{}"),
            (1, r#"{"":""}"#),
            (3, r#"{"a":null,"b":true,"c":false}"#),
            (3, r#"{"a":[],"b":{},"c":[1,[2],{"x":{}},"y"]}"#),
            (3, r#"{"a":0,"b":-1,"c":999999999999999}"#),
            (2, r#"{"a":"\"\\\b\t\n\f\r\u0000\u001f","b":"é𝄞/"}"#),
            (
                2,
                r#"{"content":{"body":"x","z":{"a":1}},"hashes":{"sha256":"y"}}"#,
            ),
        ] {
            assert_eq!(count(text), Some(members), "{text}");
        }
    }

    #[test]
    fn what_is_doubtful_is_not() {
        for text in [
            "",
            "[]",
            "1",
            "{} ",
            r#"{"a":1,}"#,
            r#"{"b":1,"a":2}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1},"a":2}"#,
            r#"{"a":-0}"#,
            r#"{"a":1.0}"#,
            r#"{"a":9999999999999999}"#,
            r#"{"\u0001":1}"#,
            r#"{"a":"\u000a"}"#,
            r#"{"a":"\/"}"#,
            r#"{"a":[1}"#,
            r#"{"a":{]}"#,
        ] {
            assert_eq!(count(text), None, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded_by_the_lower_limit() {
        let deep = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert_eq!(count(&deep(MAX_DEPTH)), Some(1));
        assert_eq!(count(&deep(MAX_DEPTH + 1)), None);
        assert!(recognise(&deep(3), 3).is_some());
        assert!(recognise(&deep(3), 2).is_none());
    }
}
