//! Tables for people: aligned columns, and nothing that a terminal would act upon.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write;

/// A table that is printed once it is complete, when the widths are known.
pub(crate) struct Table {
    header: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
    color: bool,
}

/// A cell, and its colour.
pub(crate) struct Cell {
    text: String,
    color: Option<Color>,
}

/// What a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Color {
    Good,
    Bad,
    Doubtful,
    Faint,
}

impl Table {
    pub(crate) fn new(header: &[&str], color: bool) -> Self {
        let header = header
            .iter()
            .map(|name| Cell::new(name).color(Color::Faint))
            .collect();
        Self {
            header,
            rows: Vec::new(),
            color,
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    pub(crate) fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        let mut widths = vec![0; self.header.len()];
        for row in std::iter::once(&self.header).chain(&self.rows) {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        for row in std::iter::once(&self.header).chain(&self.rows) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                cell.write(&mut line, self.color);
                let gap = width.saturating_sub(cell.width()).saturating_add(2);
                line.extend(std::iter::repeat_n(' ', gap));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl Cell {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: printable(text).into_owned(),
            color: None,
        }
    }

    /// The text, cut to some length.
    pub(crate) fn short(text: &str, length: usize) -> Self {
        let text = printable(text);
        let mut kept: String = text.chars().take(length).collect();
        match text.chars().nth(length) {
            None => {}
            // The sign would take up as much.
            Some(last) if text.chars().nth(length.saturating_add(1)).is_none() => kept.push(last),
            Some(_) => kept.push('…'),
        }
        Self {
            text: kept,
            color: None,
        }
    }

    pub(crate) fn color(mut self, color: Color) -> Self {
        self.color = Some(color);
        self
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }

    fn write(&self, line: &mut String, colored: bool) {
        let code = match self.color {
            Some(Color::Good) => "32",
            Some(Color::Bad) => "31",
            Some(Color::Doubtful) => "33",
            Some(Color::Faint) => "2",
            None => "",
        };
        if colored && !code.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(line, "\x1b[{code}m{}\x1b[0m", self.text);
        } else {
            line.push_str(&self.text);
        }
    }
}

/// Text as a terminal may be given it: what is not to be seen, and what would change the direction
/// of writing, is escaped.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let is_unsafe = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// How many characters of some texts tell all of them apart, if `least` do not.
pub(crate) fn telling_length<'a>(texts: impl Iterator<Item = &'a str>, least: usize) -> usize {
    let texts: BTreeSet<&str> = texts.collect();
    let pairs = texts.iter().zip(texts.iter().skip(1));
    let common = |(one, other): (&&str, &&str)| {
        let pairs = one.chars().zip(other.chars());
        pairs.take_while(|(one, other)| one == other).count()
    };
    let most = pairs.map(common).max().unwrap_or_default();
    most.saturating_add(1).max(least)
}

/// How much of an event id a table shows at least.
pub(crate) const ID_LENGTH: usize = 12;
/// How much of any other identifier a table shows.
pub(crate) const NAME_LENGTH: usize = 36;

#[cfg(test)]
mod tests {
    use super::{Cell, telling_length};

    #[test]
    fn what_is_shortened_can_be_told_apart() {
        let length = |texts: &[&str]| telling_length(texts.iter().copied(), 4);
        assert_eq!(length(&[]), 4);
        assert_eq!(length(&["$abcdef", "$xyzdef", "$abcdef"]), 4);
        assert_eq!(length(&["$abcdef", "$abcdxy", "$b"]), 6);
        assert_eq!(length(&["$abcde", "$abcdef"]), 7);
    }

    #[test]
    fn no_sign_stands_for_a_single_character() {
        assert_eq!(Cell::short("$abcd", 4).text, "$abcd");
        assert_eq!(Cell::short("$abcde", 4).text, "$abc…");
    }
}
