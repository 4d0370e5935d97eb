//! The report for people.

use std::io::Write;

use roomdag::json::{Array, Value};

use super::outcome::{Got, Wrong};
use super::report::{Counts, FailedCase, Group, Report};
use crate::console::Console;
use crate::failure::Failure;
use crate::table::{Cell, Color, Table, printable};

impl Report {
    pub(super) fn print_tables(
        &self,
        console: &Console,
        out: &mut impl Write,
    ) -> Result<(), Failure> {
        self.by_file(console).print(out)?;
        writeln!(out)?;
        self.by_question(console).print(out)?;
        for group in &self.total.groups {
            writeln!(out)?;
            self.print_group(group, console, out)?;
        }
        if let Some(cut) = self.cut() {
            writeln!(out, "\n{cut}")?;
        }
        Ok(())
    }

    fn by_file(&self, console: &Console) -> Table {
        let header = [
            "file",
            COUNTS[0],
            COUNTS[1],
            COUNTS[2],
            COUNTS[3],
            "another answer allowed",
        ];
        let mut table = Table::new(&header, console.colors_output());
        for row in self.files.iter().chain([&self.total]) {
            let excepted = row.excepted.iter();
            let excepted: Vec<_> = excepted
                .map(|(ruling, n)| format!("{ruling} ×{n}"))
                .collect();
            let mut cells = vec![Cell::new(&row.file)];
            cells.extend(counted(row.counts));
            cells.push(Cell::new(&excepted.join(", ")));
            table.row(cells);
        }
        table
    }

    fn by_question(&self, console: &Console) -> Table {
        let header = ["question", COUNTS[0], COUNTS[1], COUNTS[2], COUNTS[3]];
        let mut table = Table::new(&header, console.colors_output());
        for row in &self.total.questions {
            let mut cells = vec![Cell::new(row.question)];
            cells.extend(counted(row.counts));
            table.row(cells);
        }
        table
    }

    /// What failed by a ruling, or a question.
    fn print_group(
        &self,
        group: &Group,
        console: &Console,
        out: &mut impl Write,
    ) -> Result<(), Failure> {
        writeln!(out, "{}: {} failed", group.by, group.failed)?;
        for sentence in group.unclear.iter().chain(&group.ruled) {
            writeln!(out, "{}", printable(sentence))?;
        }
        let failed = self.files.iter().flat_map(|row| &row.failures);
        let failed = failed.filter(|case| case.group() == group.by);
        let all = failed.flat_map(|case| case.differences.iter().map(move |wrong| (case, wrong)));
        let mut table = Table::new(
            &["case", "what", "expected", "got"],
            console.colors_output(),
        );
        let mut count = 0_usize;
        for (case, wrong) in all {
            if count < SHOWN {
                table.row(cells(case, wrong));
            }
            count = count.saturating_add(1);
        }
        table.print(out)?;
        let more = count.saturating_sub(SHOWN);
        if more > 0 {
            writeln!(out, "and {more} more; --format json has all")?;
        }
        Ok(())
    }
}

fn counted(counts: Counts) -> [Cell; 4] {
    let color = if counts.failed == 0 {
        Color::Good
    } else {
        Color::Bad
    };
    [
        Cell::new(&counts.cases.to_string()),
        Cell::new(&counts.passed.to_string()),
        Cell::new(&counts.failed.to_string()).color(color),
        Cell::new(&counts.unsupported.to_string()),
    ]
}

/// The address is whole, for it is what `--select` takes.
fn cells(case: &FailedCase, wrong: &Wrong) -> Vec<Cell> {
    let (expected, got) = match &wrong.got {
        Got::Trouble(trouble) => (
            Cell::short(&wrong.expected(), WIDTH),
            Cell::short(trouble, TROUBLE),
        ),
        Got::Nothing | Got::Value(_) => {
            let (expected, got) =
                lengths(wrong).unwrap_or_else(|| parting(&wrong.expected(), &wrong.got()));
            (Cell::short(&expected, WIDTH), Cell::short(&got, WIDTH))
        }
    };
    vec![
        Cell::new(&case.address).color(Color::Bad),
        Cell::new(&wrong.member),
        expected,
        got,
    ]
}

/// Of two lists of different length, how long they are, and the first element that differs.
fn lengths(wrong: &Wrong) -> Option<(String, String)> {
    let expected = wrong.expected.as_ref()?.as_array()?;
    let Got::Value(got) = &wrong.got else {
        return None;
    };
    let got = got.as_array()?;
    if expected.len() == got.len() {
        return None;
    }
    let pairs = expected.iter().zip(got);
    let at = pairs.take_while(|(one, other)| one == other).count();
    let element = |list: &Array| list.get(at).map_or("nothing".to_owned(), Value::to_string);
    let (one, other) = parting(&element(expected), &element(got));
    let told = |list: &Array, element: &str| match list.len() {
        1 => format!("1 element; [{at}] {element}"),
        count => format!("{count} elements; [{at}] {element}"),
    };
    Some((told(expected, &one), told(got, &other)))
}

/// Two texts, and if one of them is too long, only from shortly before where they part.
fn parting(one: &str, other: &str) -> (String, String) {
    let is_long = |text: &str| text.chars().nth(WIDTH).is_some();
    let pairs = one.chars().zip(other.chars());
    let same = pairs.take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(BEFORE);
    if from == 0 || !(is_long(one) || is_long(other)) {
        return (one.to_owned(), other.to_owned());
    }
    let rest = |text: &str| "…".chars().chain(text.chars().skip(from)).collect();
    (rest(one), rest(other))
}

/// What is counted.
const COUNTS: [&str; 4] = ["cases", "pass", "fail", "unsupported"];
/// How many differences a group shows.
const SHOWN: usize = 10;
/// How much is shown of a value, and of a reason why there is none, in characters.
const WIDTH: usize = 48;
const TROUBLE: usize = 400;
/// How much is shown of what two values have in common.
const BEFORE: usize = 12;

#[cfg(test)]
mod tests {
    use roomdag::json::{Array, Value};

    use super::{lengths, parting};
    use crate::conformance::outcome::{Got, Wrong};

    #[test]
    fn of_lists_that_differ_in_length_the_first_element_that_differs_is_shown() {
        let list = |names: &[&str]| Value::from(names.iter().copied().collect::<Array>());
        let told = |expected: &[&str], got: &[&str]| {
            let (expected, got) = (Some(list(expected)), Got::Value(list(got)));
            let member = String::new();
            lengths(&Wrong {
                member,
                expected,
                got,
            })
        };
        let text = |text: &str| text.to_owned();
        assert_eq!(
            told(&["a", "b", "c"], &["a", "c"]),
            Some((text("3 elements; [1] \"b\""), text("2 elements; [1] \"c\"")))
        );
        assert_eq!(
            told(&["a"], &["a", "b"]),
            Some((
                text("1 element; [1] nothing"),
                text("2 elements; [1] \"b\"")
            ))
        );
        assert_eq!(told(&["a"], &["b"]), None);
    }

    #[test]
    fn long_texts_are_shown_from_shortly_before_where_they_part() {
        let same = "x".repeat(60);
        let (one, other) = parting(&format!("{same}ä1"), &format!("{same}ä22"));
        assert_eq!(one, "…xxxxxxxxxxxä1");
        assert_eq!(other, "…xxxxxxxxxxxä22");
        let (one, other) = parting(&same, &format!("{same}!"));
        assert_eq!((&*one, &*other), ("…xxxxxxxxxxxx", "…xxxxxxxxxxxx!"));
    }

    #[test]
    fn short_texts_and_those_that_part_early_are_shown_whole() {
        let long = "y".repeat(60);
        for (one, other) in [
            ("true", "false"),
            ("aaaaaaaaaaaaaaaaaa1", "aaaaaaaaaaaaaaaaaa2"),
            ("x", &long),
        ] {
            assert_eq!(parting(one, other), (one.to_owned(), other.to_owned()));
        }
    }
}
