//! `conformance`: the engine, or any other, against known answers.

mod ask;
mod files;
mod junit;
mod outcome;
mod program;
mod report;
mod rulings;
mod running;
mod select;
mod tables;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use self::files::Work;
use self::outcome::Engine;
use self::program::{Asked, Program};
use self::report::Report;
use self::rulings::Rulings;
use self::select::Selection;
use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::jobs::jobs;
use crate::output::FormatArgs;

/// Hold an implementation against rooms, cases and vectors with known answers
///
/// Folders are searched, and each file is taken once. A room is a folder with `events.ndjson` and `expected.json` (the servers'
/// keys are in the nearest `server_keys.json` above); a made-up room is `N.ndjson` with
/// `N.expected.json`; vectors are JSON files with `cases`, and those of others as they come. The
/// built-in engine is asked, or a program that speaks the protocol of `spec-vectors/protocol.md`.
/// Failures are grouped by the ruling that the case rests on, which is told in the words of the
/// nearest `rulings.json`, and apart from them those that got no answer. The exit code is 1 if
/// anything fails, or if nothing was answered, and 2 if the program replies to none of the first five
/// requests.
///
/// The JSON report has an object for each `file` and one for the `total`: how many `cases` there are
/// and how many of them `passed`, `failed` (`no_answer` of these for want of one) or are
/// `unsupported`; of the members that were compared, how many `answers` are right and how many were
/// left `unanswered`, as they may be; `excepted`, in how many cases that pass a ruling decides between
/// answers; and the `failures`, with each difference: the `member`, and the values `expected` and
/// `got`, either of which is absent if there is none, or the `trouble` because of which there is no
/// answer. The total has `questions`, the counts by question; `groups`, which cases failed `by` ruling
/// (what is `unclear`, and how it is `ruled`) or question, or for want of an answer; and, after
/// `--max-failures`, how many were `not_asked`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  roomdag conformance spec-vectors
  roomdag conformance spec-vectors --question event_id --command 'python3 spec-vectors/adapter.py'")]
pub(crate) struct Args {
    /// Files and folders
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    /// The program that is asked, with its arguments; it is started once for each job
    #[arg(long, value_name = "COMMAND")]
    command: Option<String>,
    /// How long the program may take for an answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    timeout: Duration,
    /// How many questions are asked at a time
    #[arg(long, value_name = "N", default_value = "1", value_parser = jobs)]
    jobs: usize,
    /// Stop after this many failed cases
    #[arg(long, value_name = "N", value_parser = failures)]
    max_failures: Option<usize>,
    /// Also receive the events of each room one by one, in the order of the file and in this many
    /// random orders
    #[arg(long, value_name = "N", conflicts_with = "command")]
    orders: Option<u64>,
    /// Also write the report as `JUnit` XML to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgs,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "not a number")?;
    let duration = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if duration.is_zero() {
        return Err("not a time".to_owned());
    }
    Ok(duration)
}

fn failures(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(failures @ 1..) => Ok(failures),
        _ => Err("not a number above 0".to_owned()),
    }
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Answer, Failure> {
    let mut work = files::find(&args.paths)?;
    if work.is_empty() {
        let message = "no known answers in the given files and folders";
        return Err(Failure::Call(message.into()));
    }
    let rulings = Rulings::near(&args.paths);
    args.selection.choose(&mut work, &rulings);
    if work.is_empty() {
        return Err(Failure::Call("no case is selected".into()));
    }
    // Before hours are spent on what could not be written.
    let junit = args.junit.as_deref().map(|path| {
        let file = File::create(path);
        file.map_err(|error| Failure::input(path.display().to_string(), error))
    });
    let junit = junit.transpose()?;
    let engines = engines(args, work.len())?;
    let mut progress = console.progress("holding against known answers", work.len());
    let outcomes = ask::ask(&work, engines, args.max_failures, &mut progress)?;
    drop(progress);
    let not_asked = work.len().saturating_sub(outcomes.len());
    let asked = work.iter().map(Work::case).zip(outcomes);
    let report = Report::of(asked, not_asked, &rulings);
    report.print(args.format.or_json(), console)?;
    if let (Some(path), Some(mut file)) = (&args.junit, junit) {
        let written = file.write_all(junit::document(&report).as_bytes());
        written.map_err(|error| Failure::input(path.display().to_string(), error))?;
    }
    let total = &report.total;
    let excepted: usize = total.excepted.values().sum();
    console.note(format_args!(
        "{} files, {} cases: {} pass, {} fail, {} are not supported; in {excepted} that pass a \
         ruling decides between answers",
        report.files.len(),
        total.counts.cases,
        total.counts.passed,
        total.counts.failed,
        total.counts.unsupported,
    ));
    if let Some(cut) = report.cut() {
        console.warn(cut);
    }
    Ok(if total.counts.failed == 0 && total.counts.passed > 0 {
        Answer::Positive
    } else {
        Answer::Negative
    })
}

/// Who is asked, once for each job.
fn engines(args: &Args, cases: usize) -> Result<Vec<Engine>, Failure> {
    let jobs = args.jobs.min(cases);
    let Some(command) = &args.command else {
        let engine = || Engine::BuiltIn {
            orders: args.orders,
        };
        return Ok(std::iter::repeat_with(engine).take(jobs).collect());
    };
    let program = Program::new(command, args.timeout);
    let unusable = |why: &dyn std::fmt::Display| Failure::Call(format!("`{command}`: {why}"));
    let program = program.ok_or_else(|| unusable(&"not a command"))?;
    let mut first = Asked::new(&program);
    first.start().map_err(|trouble| unusable(&trouble))?;
    let others = std::iter::repeat_with(|| Asked::new(&program));
    let asked = std::iter::once(first).chain(others).take(jobs);
    Ok(asked.map(Engine::Program).collect())
}
