//! Canonical text out of text that is not canonical, without a tree.
//!
//! A first pass writes every value canonically where it stands, and notes the members of each
//! object whose names are not in order. If there are such objects, a second pass copies what was
//! written, with their members in order. Neither allocates for a single value, however many there
//! are; what grows is a handful of lists, by a few bytes for each container and member.

use crate::json::canonical;
use crate::json::raw::recognise::{after_integer, name, after_string};
use crate::json::value::Value;
use crate::json::walk::Walk;
use crate::json::{Mode, scan::after_plain};

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
    let Writer { out, shuffled, sorted, .. } = writer;
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
                [b'"', tail @ ..] => break tail.clone_into_rest(self),
                [b'\\', _, tail @ ..] => tail,
                _ => return None,
            }
        }
    }
}
