//! Canonical JSON, written straight to where it is needed.
//!
//! Members are already in order, so writing is one walk. Small pieces are gathered in a buffer
//! first, because a hash function takes few large pieces faster than many small ones.

use crate::json::scan::plain_prefix;
use crate::json::value::Value;
use crate::json::walk::{Step, Walk};

/// Where canonical bytes go: a `Vec<u8>`, a hash function, a [`ByteCount`].
pub trait Sink {
    /// Takes the next bytes. Where a piece ends means nothing.
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl Sink for sha2::Sha256 {
    fn put(&mut self, bytes: &[u8]) {
        sha2::Digest::update(self, bytes);
    }
}

/// A [`Sink`] that counts and keeps nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByteCount(usize);

impl ByteCount {
    /// How many bytes were put.
    #[must_use]
    pub fn bytes(self) -> usize {
        self.0
    }
}

impl Sink for ByteCount {
    fn put(&mut self, bytes: &[u8]) {
        self.0 = self.0.saturating_add(bytes.len());
    }
}

/// Writes the canonical bytes of a walk.
pub(super) fn write(walk: Walk<'_>, sink: &mut impl Sink) {
    let mut out = Buffered::new(sink);
    // Whether a value has just ended, so that the next one or its name needs a comma before it.
    let mut comma = false;
    for step in walk {
        if comma && !matches!(step, Step::ArrayEnd | Step::ObjectEnd) {
            out.put(b",");
        }
        comma = matches!(step, Step::Leaf(_) | Step::ArrayEnd | Step::ObjectEnd);
        match step {
            Step::Array(_) => out.put(b"["),
            Step::Object(_) => out.put(b"{"),
            Step::ArrayEnd => out.put(b"]"),
            Step::ObjectEnd => out.put(b"}"),
            Step::Key(key) => {
                string(key, &mut out);
                out.put(b":");
            }
            Step::Leaf(value) => leaf(value, &mut out),
        }
    }
    out.flush();
}

/// Prints the canonical text of a walk.
pub(super) fn print(walk: Walk<'_>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    let mut bytes = Vec::new();
    write(walk, &mut bytes);
    f.write_str(&String::from_utf8_lossy(&bytes))
}

fn leaf<S: Sink>(value: &Value, out: &mut Buffered<'_, S>) {
    match value {
        Value::Null => out.put(b"null"),
        Value::Bool(true) => out.put(b"true"),
        Value::Bool(false) => out.put(b"false"),
        Value::Number(number) => {
            // Writing to a buffer cannot fail.
            let _ = std::fmt::Write::write_fmt(out, format_args!("{number}"));
        }
        Value::String(text) => string(text, out),
        // A walk never calls a container a leaf.
        Value::Array(_) | Value::Object(_) => {}
    }
}

fn string<S: Sink>(text: &str, out: &mut Buffered<'_, S>) {
    out.put(b"\"");
    let mut rest = text.as_bytes();
    loop {
        let (plain, special) = rest
            .split_at_checked(plain_prefix(rest))
            .unwrap_or((rest, &[]));
        out.put(plain);
        let Some((&byte, tail)) = special.split_first() else {
            break;
        };
        escape(byte, out);
        rest = tail;
    }
    out.put(b"\"");
}

/// The one escape that canonical JSON has for each character that needs one.
///
/// Spec: [grammar](https://spec.matrix.org/v1.19/appendices/#grammar).
fn escape<S: Sink>(byte: u8, out: &mut Buffered<'_, S>) {
    match byte {
        b'"' => out.put(b"\\\""),
        b'\\' => out.put(b"\\\\"),
        0x08 => out.put(b"\\b"),
        b'\t' => out.put(b"\\t"),
        b'\n' => out.put(b"\\n"),
        0x0c => out.put(b"\\f"),
        b'\r' => out.put(b"\\r"),
        _ => {
            let _ = std::fmt::Write::write_fmt(out, format_args!("\\u{byte:04x}"));
        }
    }
}

/// Gathers small pieces for a sink.
struct Buffered<'s, S> {
    sink: &'s mut S,
    buffer: [u8; 512],
    used: usize,
}

impl<'s, S: Sink> Buffered<'s, S> {
    fn new(sink: &'s mut S) -> Self {
        Self {
            sink,
            buffer: [0; 512],
            used: 0,
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.keep(bytes).is_none() {
            self.flush();
            if self.keep(bytes).is_none() {
                self.sink.put(bytes);
            }
        }
    }

    /// Copies bytes into the buffer; `None` if it has not enough room.
    fn keep(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.used.checked_add(bytes.len())?;
        self.buffer.get_mut(self.used..end)?.copy_from_slice(bytes);
        self.used = end;
        Some(())
    }

    fn flush(&mut self) {
        self.sink
            .put(self.buffer.get(..self.used).unwrap_or_default());
        self.used = 0;
    }
}

impl<S: Sink> std::fmt::Write for Buffered<'_, S> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.put(text.as_bytes());
        Ok(())
    }
}
