//! Canonical text out of text that is not canonical, without a tree.
//!
//! A first pass writes every value canonically where it stands, and notes the members of each
//! object whose names are not in order. If there are such objects, a second pass copies what was
//! written, with their members in order. Neither allocates for a single value, however many there
//! are; what grows is a handful of lists, by a few bytes for each container and member.

use crate::json::Mode;
use crate::json::canonical;
use crate::json::raw::recognise::{after_integer, after_string};
use crate::json::scan::after_plain;
use crate::json::value::Value;
use crate::json::walk::Walk;

/// The canonical text of a document that is an object, and not deeper than that. `None` does not
/// mean that it is something else: floats, very long integers and names with escapes are not looked
/// into, and what is wrong with a document is for the parser to say.
///
/// O(n · log n).
pub(super) fn rewrite(text: &str, max_depth: usize) -> Option<Vec<u8>> {
    // Places are kept in 32 bits, and escapes may make the canonical text longer.
    u32::try_from(text.len().checked_mul(6)?).ok()?;
    let mut writer = Writer {
        rest: text.as_bytes(),
        out: Vec::with_capacity(text.len()),
        open: Vec::new(),
        objects: Vec::new(),
        members: Vec::new(),
        shuffled: Vec::new(),
        sorted: Vec::new(),
    };
    writer.document(max_depth)?;
    let Writer {
        out,
        shuffled,
        sorted,
        ..
    } = writer;
    if shuffled.is_empty() {
        Some(out)
    } else {
        in_order(&out, shuffled, &sorted)
    }
}

/// The first pass.
struct Writer<'a> {
    /// What is not yet read.
    rest: &'a [u8],
    /// What is written.
    out: Vec<u8>,
    /// The open containers, the innermost last, and whether each is an object.
    open: Vec<bool>,
    /// The open objects.
    objects: Vec<Open>,
    /// The members so far of the open objects.
    members: Vec<Member>,
    /// The complete objects whose members stand in no order.
    shuffled: Vec<Shuffled>,
    /// Their members, those of each object in order.
    sorted: Vec<Member>,
}

/// An object that is being written.
struct Open {
    /// Where it begins.
    start: u32,
    /// Its first member.
    first: u32,
}

/// Where a member was written.
#[derive(Clone, Copy)]
struct Member {
    /// Its name's quotation mark.
    start: u32,
    /// What follows its name.
    name_end: u32,
    /// What follows its value.
    end: u32,
}

/// An object whose members have to be brought into order.
struct Shuffled {
    /// Where it begins.
    start: u32,
    /// What follows it.
    end: u32,
    /// Its members among all that are sorted.
    members: (u32, u32),
}

impl Writer<'_> {
    fn document(&mut self, max_depth: usize) -> Option<()> {
        self.skip_whitespace();
        if self.rest.first() != Some(&b'{') {
            return None;
        }
        loop {
            self.skip_whitespace();
            match self.rest.first()? {
                bracket @ (b'{' | b'[') => {
                    if self.open.len() >= max_depth {
                        return None;
                    }
                    if !self.begin(*bracket)? {
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            // A value is complete, and perhaps the containers around it.
            loop {
                let Some(in_object) = self.open.last().copied() else {
                    self.skip_whitespace();
                    return self.rest.is_empty().then_some(());
                };
                if in_object {
                    let end = place(&self.out)?;
                    self.members.last_mut()?.end = end;
                }
                self.skip_whitespace();
                let (byte, tail) = self.rest.split_first()?;
                self.rest = tail;
                match (byte, in_object) {
                    (b',', _) => {
                        self.out.push(b',');
                        if in_object {
                            self.name()?;
                        }
                        break;
                    }
                    (b'}', true) => self.end_object()?,
                    (b']', false) => self.out.push(b']'),
                    _ => return None,
                }
                self.open.pop();
            }
        }
    }

    /// Begins a container; whether it holds nothing, and is complete.
    fn begin(&mut self, bracket: u8) -> Option<bool> {
        let start = place(&self.out)?;
        self.out.push(bracket);
        self.rest = self.rest.get(1..)?;
        self.skip_whitespace();
        let is_object = bracket == b'{';
        let end = if is_object { b'}' } else { b']' };
        if self.rest.first() == Some(&end) {
            self.rest = self.rest.get(1..)?;
            self.out.push(end);
            return Some(true);
        }
        self.open.push(is_object);
        if is_object {
            let first = u32::try_from(self.members.len()).ok()?;
            self.objects.push(Open { start, first });
            self.name()?;
        }
        Some(false)
    }

    /// The name of a member, and its colon.
    fn name(&mut self) -> Option<()> {
        self.skip_whitespace();
        let start = place(&self.out)?;
        let (b'"', inner) = self.rest.split_first()? else {
            return None;
        };
        let tail = after_plain(inner);
        let name = inner.get(..inner.len().checked_sub(tail.len())?)?;
        self.rest = tail.strip_prefix(b"\"")?;
        self.out.push(b'"');
        self.out.extend_from_slice(name);
        let name_end = place(&self.out)?;
        self.skip_whitespace();
        self.rest = self.rest.strip_prefix(b":")?;
        self.out.extend_from_slice(b"\":");
        self.members.push(Member {
            start,
            name_end,
            end: name_end,
        });
        Some(())
    }

    /// A value that holds no other.
    fn scalar(&mut self) -> Option<()> {
        let tail = match self.rest.split_first()? {
            (b'"', tail) => match after_string(tail, &mut false) {
                Some(tail) => tail,
                None => return self.escaped_string(),
            },
            (b'-' | b'0'..=b'9', _) => after_integer(self.rest)?,
            (b't', _) => self.rest.strip_prefix(b"true")?,
            (b'f', _) => self.rest.strip_prefix(b"false")?,
            (b'n', _) => self.rest.strip_prefix(b"null")?,
            _ => return None,
        };
        let len = self.rest.len().checked_sub(tail.len())?;
        self.out.extend_from_slice(self.rest.get(..len)?);
        self.rest = tail;
        Some(())
    }

    /// A string with escapes that canonical JSON writes otherwise.
    fn escaped_string(&mut self) -> Option<()> {
        let mut tail = self.rest.get(1..)?;
        loop {
            tail = match after_plain(tail) {
                [b'"', after @ ..] => {
                    tail = after;
                    break;
                }
                [b'\\', _, after @ ..] => after,
                _ => return None,
            }
        }
        let len = self.rest.len().checked_sub(tail.len())?;
        let string = Value::parse(self.rest.get(..len)?, Mode::Lenient).ok()?;
        canonical::write(Walk::of(&string), &mut self.out);
        self.rest = tail;
        Some(())
    }

    /// Ends the innermost object; `None` if two of its members have one name.
    fn end_object(&mut self) -> Option<()> {
        self.out.push(b'}');
        let Open { start, first } = self.objects.pop()?;
        let members = self.members.get_mut(first as usize..)?;
        let out = &self.out;
        if !members.is_sorted_by(|one, next| one.name(out) < next.name(out)) {
            members.sort_unstable_by(|one, other| one.name(out).cmp(other.name(out)));
            let is_twice = |pair: &[Member]| match pair {
                [one, next] => one.name(out) == next.name(out),
                _ => false,
            };
            if members.windows(2).any(is_twice) {
                return None;
            }
            let before = place(&self.sorted)?;
            self.sorted.extend_from_slice(members);
            self.shuffled.push(Shuffled {
                start,
                end: place(&self.out)?,
                members: (before, place(&self.sorted)?),
            });
        }
        self.members.truncate(first as usize);
        Some(())
    }

    fn skip_whitespace(&mut self) {
        while let Some((b' ' | b'\n' | b'\r' | b'\t', tail)) = self.rest.split_first() {
            self.rest = tail;
        }
    }
}

impl Member {
    fn name(self, written: &[u8]) -> &[u8] {
        let name = (self.start as usize).saturating_add(1)..self.name_end as usize;
        written.get(name).unwrap_or_default()
    }
}

/// Where the next item of a list will be.
fn place<T>(list: &[T]) -> Option<u32> {
    u32::try_from(list.len()).ok()
}

/// What the second pass has yet to copy.
enum Rest {
    /// What was written from one place to another.
    Text(u32, u32),
    /// The members of a shuffled object from one to another, and its brace.
    Members(u32, u32),
}

/// The second pass.
fn in_order(written: &[u8], mut shuffled: Vec<Shuffled>, sorted: &[Member]) -> Option<Vec<u8>> {
    shuffled.sort_unstable_by_key(|object| object.start);
    let mut out = Vec::with_capacity(written.len());
    let mut rest = vec![Rest::Text(0, place(written)?)];
    while let Some(next) = rest.pop() {
        match next {
            Rest::Text(from, to) => {
                let at = shuffled.partition_point(|object| object.start < from);
                let object = shuffled.get(at).filter(|object| object.start < to);
                let before = object.map_or(to, |object| object.start);
                out.extend_from_slice(written.get(from as usize..before as usize)?);
                if let Some(object) = object {
                    out.push(b'{');
                    rest.push(Rest::Text(object.end, to));
                    rest.push(Rest::Members(object.members.0, object.members.1));
                }
            }
            Rest::Members(at, to) if at == to => out.push(b'}'),
            Rest::Members(at, to) => {
                // Only the first follows the brace.
                if out.last() != Some(&b'{') {
                    out.push(b',');
                }
                let member = sorted.get(at as usize)?;
                rest.push(Rest::Members(at.checked_add(1)?, to));
                rest.push(Rest::Text(member.start, member.end));
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::rewrite;
    use crate::json::{Mode, Object};

    /// That the answer is never wrong is a law of the suite; this is that it is not always `None`.
    #[test]
    fn what_is_not_canonical_is_rewritten_as_the_tree_writes_it() {
        for text in [
            " { } ",
            r#"{"b":1,"a":2}"#,
            r#"{ "a" : [ 1 , [ ] , { } ] , "A" : { "y" : [ { "b" : null , "a" : { "d" : 0 , "c" : "," } } ] , "x" : "}" } }"#,
            r#"{"b":{"b":{"b":{},"a":{"z":1,"y":[{"q":1,"p":2}]}},"a":1},"a":[true,false,{"":0}]}"#,
            r#"{"é":"\u00e9\/\u0001","a":"\ud834\udd1e\\\"","ab":"\u000A"}"#,
            "{\"a\":\t1\r\n}",
        ] {
            let object = Object::parse(text.as_bytes(), Mode::Strict).unwrap();
            let written = rewrite(text, usize::MAX);
            assert_eq!(written, Some(object.to_canonical()), "{text}");
        }
    }

    #[test]
    fn what_is_doubtful_is_not() {
        for text in [
            "",
            "[]",
            "{} x",
            r#"{"a":1,}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"b":1,"a":1,"b":1}"#,
            r#"{"a":[1}"#,
            r#"{"a":{]}"#,
            r#"{"a" 1}"#,
            r#"{"a":01}"#,
            r#"{"a":1.0}"#,
            r#"{"a":-0}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\x"}"#,
            "{\"a\":\"\n\"}",
            r#"{"\u0061":1}"#,
            r#"{"a":tru}"#,
            r#"{"a":"#,
        ] {
            assert_eq!(rewrite(text, usize::MAX), None, "{text}");
        }
        let deep = r#"{"b":[[]], "a":0}"#;
        assert!(rewrite(deep, 3).is_some());
        assert_eq!(rewrite(deep, 2), None);
    }
}
