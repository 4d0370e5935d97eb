//! The report: by file, by question, and what failed by ruling; what was not answered, apart.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::outcome::{Got, Outcome, Wrong};
use super::rulings::{Ruling, Rulings};
use crate::console::Console;
use crate::failure::Failure;
use crate::output::{Format, Output};
use roomdag::lab::conformance::{Case, Question};

/// What came of all cases, file by file.
pub(super) struct Report {
    pub(super) files: Vec<Row>,
    pub(super) total: Row,
}

/// What came of the cases of one file, or of all.
#[derive(Default, Serialize)]
pub(super) struct Row {
    pub(super) file: String,
    #[serde(flatten)]
    pub(super) counts: Counts,
    /// Members that are as expected.
    answers: usize,
    /// Members that were left out, as they may be.
    unanswered: usize,
    /// Cases that pass and in which a ruling decides between answers, by ruling.
    pub(super) excepted: BTreeMap<String, usize>,
    pub(super) failures: Vec<FailedCase>,
    /// In the total: what came of each question.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) questions: Vec<QuestionRow>,
    /// In the total: which cases failed, by ruling, or by question where there is none; and which of
    /// them without an answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) groups: Vec<Group>,
    /// In the total: cases that were not asked any more.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) not_asked: usize,
    /// Cases that pass or are not supported, for the `JUnit` report.
    #[serde(skip)]
    pub(super) others: Vec<(String, bool)>,
}

/// How many cases there are, and what came of them.
#[derive(Clone, Copy, Default, Serialize)]
pub(super) struct Counts {
    pub(super) cases: usize,
    pub(super) passed: usize,
    pub(super) failed: usize,
    /// Of those that failed, the cases that got no answer.
    pub(super) no_answer: usize,
    /// Cases whose question is not answered.
    pub(super) unsupported: usize,
}

/// What came of the cases that ask one question.
#[derive(Serialize)]
pub(super) struct QuestionRow {
    pub(super) question: &'static str,
    #[serde(flatten)]
    pub(super) counts: Counts,
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
    #[serde(serialize_with = "differences")]
    pub(super) differences: Vec<Wrong>,
}

/// A difference in JSON, with the values exactly as they are.
#[derive(Serialize)]
struct DifferenceRow<'a> {
    member: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    got: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<&'a str>,
}

/// The cases that failed by one ruling or one question, or for want of an answer.
#[derive(Serialize)]
pub(super) struct Group {
    /// The ruling or the question, or [`NO_ANSWER`].
    pub(super) by: String,
    /// What the specification leaves open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unclear: Option<String>,
    /// What the vectors expect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ruled: Option<String>,
    pub(super) failed: usize,
    cases: Vec<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

fn differences<S: serde::Serializer>(wrong: &[Wrong], serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::Error;
    let raw =
        |value: &roomdag::Value| RawValue::from_string(value.to_string()).map_err(S::Error::custom);
    let rows = wrong.iter().map(|wrong| {
        let (got, trouble) = match &wrong.got {
            Got::Nothing => (None, None),
            Got::Value(value) => (Some(raw(value)?), None),
            Got::Trouble(trouble) => (None, Some(trouble.as_str())),
        };
        Ok(DifferenceRow {
            member: &wrong.member,
            expected: wrong.expected.as_ref().map(raw).transpose()?,
            got,
            trouble,
        })
    });
    let rows: Vec<DifferenceRow<'_>> = rows.collect::<Result<_, S::Error>>()?;
    rows.serialize(serializer)
}

impl Report {
    pub(super) fn of<'a>(
        outcomes: impl Iterator<Item = (&'a Case, Outcome)>,
        not_asked: usize,
        rulings: &Rulings,
    ) -> Self {
        let mut report = Self {
            files: Vec::new(),
            total: Row::new("total"),
        };
        report.total.not_asked = not_asked;
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut questions: BTreeMap<Question, Counts> = BTreeMap::new();
        for (case, outcome) in outcomes {
            if report.files.last().is_none_or(|row| row.file != case.file) {
                report.files.push(Row::new(&case.file));
            }
            report.total.count(case, &outcome);
            questions.entry(case.question).or_default().count(&outcome);
            let Some(row) = report.files.last_mut() else {
                continue;
            };
            row.count(case, &outcome);
            if !outcome.is_failure() {
                row.others.push((case.address(), outcome.is_unsupported));
                continue;
            }
            let failed = FailedCase::new(case, outcome);
            let cases = groups.entry(failed.group().to_owned()).or_default();
            cases.push(failed.address.clone());
            row.failures.push(failed);
        }
        let groups = groups.into_iter();
        let groups = groups.map(|(by, cases)| Group::new(by, cases, rulings));
        report.total.groups = groups.collect();
        let questions = questions.into_iter().map(|(question, counts)| QuestionRow {
            question: question.name(),
            counts,
        });
        report.total.questions = questions.collect();
        report
    }

    /// That not all was asked, in words.
    pub(super) fn cut(&self) -> Option<String> {
        let Row {
            not_asked, counts, ..
        } = &self.total;
        (*not_asked > 0).then(|| {
            format!(
                "stopped after {} failed cases; {not_asked} cases were not asked",
                counts.failed
            )
        })
    }

    pub(super) fn print(&self, format: Format, console: &Console) -> Result<(), Failure> {
        let mut out = Output::open();
        if format == Format::Table {
            self.print_tables(console, &mut out)?;
        } else {
            out.json_each(self.files.iter().chain([&self.total]), format)?;
        }
        out.finish()
    }
}

impl Group {
    fn new(by: String, cases: Vec<String>, rulings: &Rulings) -> Self {
        let ruling = rulings.get(&by).cloned();
        let (unclear, ruled) = ruling
            .map(|ruling: Ruling| (ruling.unclear, ruling.ruled))
            .unzip();
        Self {
            by,
            unclear,
            ruled,
            failed: cases.len(),
            cases,
        }
    }
}

impl Counts {
    fn count(&mut self, outcome: &Outcome) {
        add(&mut self.cases, 1);
        if outcome.is_failure() {
            add(&mut self.failed, 1);
            add(
                &mut self.no_answer,
                usize::from(outcome.trouble().is_some()),
            );
        } else if outcome.is_unsupported {
            add(&mut self.unsupported, 1);
        } else {
            add(&mut self.passed, 1);
        }
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
        self.counts.count(outcome);
        add(&mut self.answers, outcome.equal);
        add(&mut self.unanswered, outcome.unanswered);
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
        Self {
            address: case.address(),
            question: case.question.name(),
            room_version: case.room_version.clone(),
            ruling: case.ruling.clone(),
            spec: case.spec.clone(),
            differences: outcome.failures,
        }
    }

    /// Why there is no answer.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.differences.iter().find_map(Wrong::trouble)
    }

    /// The ruling that the case rests on, or its question. Neither is to blame if there is no answer.
    pub(super) fn group(&self) -> &str {
        match self.trouble() {
            Some(_) => NO_ANSWER,
            None => self.ruling.as_deref().unwrap_or(self.question),
        }
    }
}

/// What groups the cases that got no answer.
const NO_ANSWER: &str = "no answer";
