//! The report: by file, and what failed by ruling.

use std::collections::BTreeMap;

use serde::Serialize;

use super::outcome::Outcome;
use crate::console::Console;
use crate::failure::Failure;
use crate::output::{Format, Output};
use crate::table::{Cell, Color, Table};
use roomdag::lab::conformance::Case;

/// What came of all cases, file by file.
pub(super) struct Report {
    pub(super) files: Vec<Row>,
    pub(super) total: Row,
}

/// What came of the cases of one file.
#[derive(Default, Serialize)]
pub(super) struct Row {
    pub(super) file: String,
    pub(super) cases: usize,
    pub(super) passed: usize,
    pub(super) failed: usize,
    /// Cases whose question is not answered.
    pub(super) unsupported: usize,
    /// Members that are as expected.
    answers: usize,
    /// Members that were left out, as they may be.
    unanswered: usize,
    /// Cases that pass and in which a ruling decides between answers, by ruling.
    pub(super) excepted: BTreeMap<String, usize>,
    pub(super) failures: Vec<FailedCase>,
    /// In the total: which cases failed, by ruling, or by question where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Group>,
    /// Cases that pass or are not supported, for the `JUnit` report.
    #[serde(skip)]
    pub(super) others: Vec<(String, bool)>,
}

#[derive(Serialize)]
pub(super) struct FailedCase {
    pub(super) address: String,
    question: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ruling: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) spec: Option<String>,
    pub(super) differences: Vec<DifferenceRow>,
}

#[derive(Serialize)]
pub(super) struct DifferenceRow {
    pub(super) member: String,
    pub(super) expected: String,
    pub(super) got: String,
}

#[derive(Serialize)]
struct Group {
    /// The ruling or the question.
    by: String,
    failed: usize,
    cases: Vec<String>,
}

impl Report {
    pub(super) fn of<'a>(outcomes: impl Iterator<Item = (&'a Case, Outcome)>) -> Self {
        let mut report = Self {
            files: Vec::new(),
            total: Row::new("total"),
        };
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (case, outcome) in outcomes {
            if report.files.last().is_none_or(|row| row.file != case.file) {
                report.files.push(Row::new(&case.file));
            }
            report.total.count(case, &outcome);
            let Some(row) = report.files.last_mut() else {
                continue;
            };
            row.count(case, &outcome);
            if outcome.failures.is_empty() {
                row.others.push((case.address(), outcome.is_unsupported));
                continue;
            }
            let failed = FailedCase::new(case, outcome);
            let cases = groups.entry(failed.group().to_owned()).or_default();
            cases.push(failed.address.clone());
            row.failures.push(failed);
        }
        let groups = groups.into_iter().map(|(by, cases)| Group {
            by,
            failed: cases.len(),
            cases,
        });
        report.total.groups = groups.collect();
        report
    }

    pub(super) fn print(&self, format: Format, console: &Console) -> Result<(), Failure> {
        let mut out = Output::open();
        if format == Format::Table {
            self.table(console).print(&mut out)?;
            if self.total.failed > 0 {
                self.failures(console).print(&mut out)?;
            }
        } else {
            out.json_each(self.files.iter().chain([&self.total]), format)?;
        }
        out.finish()
    }

    fn table(&self, console: &Console) -> Table {
        let header = [
            "file",
            "cases",
            "pass",
            "fail",
            "unsupported",
            "another answer allowed",
        ];
        let mut table = Table::new(&header, console.colors_output());
        for row in self.files.iter().chain([&self.total]) {
            let color = if row.failed == 0 {
                Color::Good
            } else {
                Color::Bad
            };
            let excepted = row.excepted.iter();
            let excepted: Vec<_> = excepted
                .map(|(ruling, n)| format!("{ruling} ×{n}"))
                .collect();
            table.row(vec![
                Cell::new(&row.file),
                Cell::new(&row.cases.to_string()),
                Cell::new(&row.passed.to_string()),
                Cell::new(&row.failed.to_string()).color(color),
                Cell::new(&row.unsupported.to_string()),
                Cell::new(&excepted.join(", ")),
            ]);
        }
        table
    }

    /// The failures, by ruling.
    fn failures(&self, console: &Console) -> Table {
        let header = ["ruling or question", "case", "what", "expected", "got"];
        let mut table = Table::new(&header, console.colors_output());
        let mut failed: Vec<&FailedCase> =
            self.files.iter().flat_map(|row| &row.failures).collect();
        failed.sort_by_key(|case| case.group());
        for case in failed {
            for difference in &case.differences {
                table.row(vec![
                    Cell::new(case.group()).color(Color::Bad),
                    Cell::short(&case.address, 100),
                    Cell::short(&difference.member, 48),
                    Cell::short(&difference.expected, 48),
                    Cell::short(&difference.got, 48),
                ]);
            }
        }
        table
    }
}

impl Row {
    fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            ..Self::default()
        }
    }

    fn count(&mut self, case: &Case, outcome: &Outcome) {
        add(&mut self.cases, 1);
        add(&mut self.answers, outcome.equal);
        add(&mut self.unanswered, outcome.unanswered);
        if !outcome.failures.is_empty() {
            add(&mut self.failed, 1);
        } else if outcome.is_unsupported {
            add(&mut self.unsupported, 1);
        } else {
            add(&mut self.passed, 1);
        }
        if let Some(ruling) = case.ruling.as_ref().filter(|_| outcome.is_ruled) {
            add(self.excepted.entry(ruling.clone()).or_default(), 1);
        }
    }
}

fn add(count: &mut usize, more: usize) {
    *count = count.saturating_add(more);
}

impl FailedCase {
    fn new(case: &Case, outcome: Outcome) -> Self {
        let differences = outcome.failures.into_iter().map(|wrong| DifferenceRow {
            member: wrong.member,
            expected: wrong.expected,
            got: wrong.got,
        });
        Self {
            address: case.address(),
            question: case.question.name(),
            room_version: case.room_version.clone(),
            ruling: case.ruling.clone(),
            spec: case.spec.clone(),
            differences: differences.collect(),
        }
    }

    /// The ruling that the case rests on, or its question.
    pub(super) fn group(&self) -> &str {
        self.ruling.as_deref().unwrap_or(self.question)
    }
}
