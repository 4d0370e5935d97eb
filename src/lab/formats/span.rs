//! Cutting a JSON document into the values that it holds, without reading them.
//!
//! Each value is then read on its own, so that one which is broken inside is the fault of its
//! line alone. Quotes and brackets are all that is looked at; whatever lies between them is left
//! to the parser.

/// A value in a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span<'a> {
    /// Where it starts.
    pub(super) start: usize,
    /// Its bytes.
    pub(super) bytes: &'a [u8],
}

/// What should be at some offset of a document, and is not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) offset: usize,
    pub(super) what: &'static str,
}

/// A document, and how far it was looked at.
pub(super) struct Cutter<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next byte that is not a space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let rest = self.bytes.get(self.at..)?;
        let spaces = rest
            .iter()
            .take_while(|byte| b" \t\r\n".contains(byte))
            .count();
        self.at = self.at.saturating_add(spaces);
        self.bytes.get(self.at).copied()
    }

    /// The next value, whatever it is.
    pub(super) fn value(&mut self) -> Result<Span<'a>, Expected> {
        self.peek();
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let len = value_len(rest).ok_or(Expected {
            offset: start,
            what: "a JSON value",
        })?;
        self.at = start.saturating_add(len);
        Ok(Span {
            start,
            bytes: rest.get(..len).unwrap_or_default(),
        })
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Expected> {
        if self.peek() == Some(byte) {
            self.at = self.at.saturating_add(1);
            return Ok(());
        }
        Err(Expected {
            offset: self.at,
            what,
        })
    }
}

/// The elements of the array that starts at `start` of a document.
pub(super) fn elements(document: &[u8], start: usize) -> Result<Vec<Span<'_>>, Expected> {
    let mut cutter = Cutter {
        bytes: document,
        at: start,
    };
    let mut elements = Vec::new();
    cutter.expect(b'[', "an array")?;
    if cutter.peek() == Some(b']') {
        return Ok(elements);
    }
    loop {
        elements.push(cutter.value()?);
        if cutter.peek() == Some(b']') {
            return Ok(elements);
        }
        cutter.expect(b',', "`,` or `]`")?;
    }
}

/// The members of the object that starts at `start` of a document; names are as they are written.
pub(super) fn members(
    document: &[u8],
    start: usize,
) -> Result<Vec<(Span<'_>, Span<'_>)>, Expected> {
    let mut cutter = Cutter {
        bytes: document,
        at: start,
    };
    let mut members = Vec::new();
    cutter.expect(b'{', "an object")?;
    if cutter.peek() == Some(b'}') {
        return Ok(members);
    }
    loop {
        let name = cutter.value()?;
        cutter.expect(b':', "`:`")?;
        members.push((name, cutter.value()?));
        if cutter.peek() == Some(b'}') {
            return Ok(members);
        }
        cutter.expect(b',', "`,` or `}`")?;
    }
}

/// How long the value at the start of `bytes` is; `None` if it does not end, or is none.
fn value_len(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate() {
        let end = at.saturating_add(1);
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => {
                in_string = !in_string;
                if !in_string && depth == 0 {
                    return Some(end);
                }
            }
            _ if in_string => {}
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' if depth > 1 => depth = depth.saturating_sub(1),
            b'}' | b']' if depth == 1 => return Some(end),
            b',' | b':' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => {
                return (at > 0).then_some(at);
            }
            _ => {}
        }
    }
    (depth == 0 && !in_string && !bytes.is_empty()).then_some(bytes.len())
}

/// The line on which the byte at `offset` is, counted from 1.
pub(super) fn line_of(document: &[u8], offset: usize) -> usize {
    let before = document.get(..offset).unwrap_or(document);
    before.split(|byte| *byte == b'\n').count()
}
