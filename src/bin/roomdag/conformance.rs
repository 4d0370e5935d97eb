//! `conformance`: the engine against known answers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use roomdag::lab::conformance::{
    FileError, Report, RoomFiles, arrivals, case_room, real_room, vectors,
};
use serde::Serialize;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::output::{Format, FormatArgs, Output};
use crate::table::{Cell, Color, Table};

/// Hold the engine against rooms, cases and vectors with known answers
///
/// Folders are searched. A room is a folder with `events.ndjson` and `expected.json` (the servers'
/// keys are in the nearest `server_keys.json` above); a case is `N.ndjson` with `N.expected.json`;
/// vectors are files with `cases`. What differs because a ruling of this project says so is
/// counted by ruling and is no failure. The exit code is 1 if anything fails.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  roomdag conformance spec-vectors
  roomdag conformance spec-vectors/rooms/v11-small --orders 20 --format json")]
pub(crate) struct Args {
    /// Files and folders
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Also receive the events of each room one by one, in the order of the file and in this many
    /// random orders
    #[arg(long, value_name = "N")]
    orders: Option<u64>,
    #[command(flatten)]
    format: FormatArgs,
}

/// What came of one file.
#[derive(Serialize)]
struct Row {
    file: String,
    cases: usize,
    passed: usize,
    failed: usize,
    excepted: BTreeMap<&'static str, usize>,
    failures: Vec<FailureRow>,
}

#[derive(Serialize)]
struct FailureRow {
    case: String,
    what: String,
    expected: String,
    got: String,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Answer, Failure> {
    let mut files = Vec::new();
    for path in &args.paths {
        find(path, &mut files)?;
    }
    let mut progress = console.progress("holding against known answers", files.len());
    let mut rows = Vec::new();
    let mut total = Report::default();
    for (done, (path, kind)) in files.iter().enumerate() {
        let name = path.display().to_string();
        let report = match kind {
            Kind::Real => read_real(path, args.orders)?,
            Kind::Case => read_case(path, args.orders)?,
            Kind::Vectors => match vectors(&read(path)?) {
                // A folder may hold other JSON; a file that was named may not.
                Err(FileError::Unknown | FileError::Field { field: "cases" })
                    if !args.paths.contains(path) =>
                {
                    continue;
                }
                report => report,
            },
        };
        let report = report.map_err(|error| Failure::input(&name, error))?;
        rows.push(Row::new(name, &report));
        total.add(report);
        progress.done(done.saturating_add(1));
    }
    drop(progress);
    if rows.is_empty() {
        return Err(Failure::Call(
            "no known answers in the given files and folders".into(),
        ));
    }
    let all = Row::new("total".into(), &total);
    print(&rows, &all, args.format.or(Format::Json), console)?;
    let excepted: usize = all.excepted.values().sum();
    console.note(format_args!(
        "{} files, {} cases: {} answers pass, {} fail, {excepted} are excepted by a ruling",
        rows.len(),
        all.cases,
        all.passed,
        all.failed,
    ));
    Ok(if total.is_success() {
        Answer::Positive
    } else {
        Answer::Negative
    })
}

impl Row {
    fn new(file: String, report: &Report) -> Self {
        let failures = report.failures.iter().map(|failure| FailureRow {
            case: failure.case.clone(),
            what: failure.what.clone(),
            expected: failure.expected.clone(),
            got: failure.got.clone(),
        });
        Self {
            file,
            cases: report.cases,
            passed: report.passed,
            failed: report.failures.len(),
            excepted: report.excepted.clone(),
            failures: failures.collect(),
        }
    }
}

fn print(rows: &[Row], total: &Row, format: Format, console: &Console) -> Result<(), Failure> {
    let mut out = Output::open();
    match format {
        Format::Json | Format::Ndjson => {
            // The total repeats no failure.
            let total = Row {
                failures: Vec::new(),
                excepted: total.excepted.clone(),
                file: total.file.clone(),
                ..*total
            };
            out.json_each(rows.iter().chain([&total]), format)?;
        }
        Format::Table => {
            let header = ["file", "cases", "pass", "fail", "excepted by ruling"];
            let mut table = Table::new(&header, console.colors_output());
            for row in rows.iter().chain([total]) {
                let color = if row.failed == 0 {
                    Color::Good
                } else {
                    Color::Bad
                };
                let excepted: Vec<String> = row
                    .excepted
                    .iter()
                    .map(|(ruling, n)| format!("{ruling} ×{n}"))
                    .collect();
                table.row(vec![
                    Cell::new(&row.file),
                    Cell::new(&row.cases.to_string()),
                    Cell::new(&row.passed.to_string()),
                    Cell::new(&row.failed.to_string()).color(color),
                    Cell::new(&excepted.join(", ")),
                ]);
            }
            table.print(&mut out)?;
            let mut failures = Table::new(
                &["file", "case", "what", "expected", "got"],
                console.colors_output(),
            );
            for row in rows {
                for failure in &row.failures {
                    failures.row(vec![
                        Cell::new(&row.file),
                        Cell::short(&failure.case, 48),
                        Cell::new(&failure.what),
                        Cell::short(&failure.expected, 48),
                        Cell::short(&failure.got, 48),
                    ]);
                }
            }
            if total.failed > 0 {
                failures.print(&mut out)?;
            }
        }
    }
    out.finish()
}

/// What a file holds, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// `events.ndjson` with `expected.json` beside it.
    Real,
    /// `N.ndjson` with `N.expected.json` beside it.
    Case,
    /// Other JSON.
    Vectors,
}

/// The files with known answers at or below a path, sorted by name. On a stack: folders may be
/// nested.
fn find(path: &Path, files: &mut Vec<(PathBuf, Kind)>) -> Result<(), Failure> {
    let mut found = Vec::new();
    let mut todo = vec![path.to_owned()];
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            let unusable = |error| Failure::input(path.display().to_string(), error);
            for entry in fs::read_dir(&path).map_err(unusable)? {
                todo.push(entry.map_err(unusable)?.path());
            }
            continue;
        }
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if name == "events.ndjson" && path.with_file_name("expected.json").exists() {
            found.push((path, Kind::Real));
        } else if name.ends_with(".ndjson") && path.with_extension("expected.json").exists() {
            found.push((path, Kind::Case));
        } else if path.extension() == Some("json".as_ref()) && !name.ends_with("expected.json") {
            found.push((path, Kind::Vectors));
        } else if !path.exists() {
            return Err(Failure::input(path.display().to_string(), "no such file"));
        }
    }
    found.sort();
    files.extend(found);
    Ok(())
}

fn read_real(events: &Path, orders: Option<u64>) -> Result<Result<Report, FileError>, Failure> {
    let keys = events
        .ancestors()
        .map(|folder| folder.join("server_keys.json"));
    let keys = match keys.into_iter().find(|path| path.exists()) {
        Some(path) => Some(read(&path)?),
        None => None,
    };
    let trace = events.with_file_name("trace.ndjson");
    let trace = if trace.exists() {
        Some(read(&trace)?)
    } else {
        None
    };
    let files = RoomFiles {
        events: &read(events)?,
        expected: &read(&events.with_file_name("expected.json"))?,
        keys: keys.as_deref(),
        trace: trace.as_deref(),
    };
    Ok(with_arrivals(real_room(&files), &files, orders))
}

fn read_case(events: &Path, orders: Option<u64>) -> Result<Result<Report, FileError>, Failure> {
    let files = RoomFiles {
        events: &read(events)?,
        expected: &read(&events.with_extension("expected.json"))?,
        keys: None,
        trace: None,
    };
    Ok(with_arrivals(case_room(&files), &files, orders))
}

fn with_arrivals(
    report: Result<Report, FileError>,
    files: &RoomFiles<'_>,
    orders: Option<u64>,
) -> Result<Report, FileError> {
    let mut report = report?;
    if let Some(orders) = orders {
        report.add(arrivals(files, orders)?);
    }
    Ok(report)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::input(path.display().to_string(), error))
}
