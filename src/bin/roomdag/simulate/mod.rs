//! `simulate`: rooms over bad networks, and whether all servers come to hold the same one.

mod campaign;
mod conditions;
mod findings;
mod statistics;

use std::fs;
use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;

use roomdag::testing::network::{Divergence, Story};
use roomdag::version::{RoomVersionRules, RoomVersions};
use serde::Serialize;

use crate::console::{Console, counted};
use crate::failure::{Answer, Failure};
use crate::jobs::jobs;
use crate::output::{Format, FormatArgs, Output};
use crate::seeds::{SeedArgs, Seeds};
use crate::simulate::campaign::Ending;
use crate::simulate::conditions::{ConditionArgs, Steps};
use crate::simulate::statistics::{KEPT, Statistics};

/// Simulate servers that hold one room over a bad network, and compare what they hold
///
/// Each seed is a story: servers send, lose, repeat, delay and mix up events, fall apart, join
/// late, crash and go on from their disks, and some of them lie. In the end all must hold the same
/// room, and on the way nobody may do what the rules forbid. The same seed is the same story on
/// every machine. What is not given below is decided by the seed.
///
/// JSON is the statistics of all rooms, which `--merge` adds up, with what went wrong in the first
/// thousand that did; NDJSON is a line for each room, in the order of the seeds. The exit code is 1
/// if a room went wrong, and a panic of the engine is that, too; where it panics is said if
/// `RUST_BACKTRACE` is set. `--out` then has a folder for each of the first ten, with the shortest
/// story that was found to fail the same check: its events, a picture, and what happened.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  roomdag simulate --seeds 0..4 --room-version 11 --format table
  roomdag simulate --seed 3 --room-version 12 --servers 3 --hostile 2 --crashes 10 --format ndjson")]
pub(crate) struct Args {
    #[command(flatten)]
    seeds: SeedArgs,
    /// A room version, or all of them
    #[arg(long, value_name = "V", default_value = "all")]
    room_version: String,
    /// How many rooms are simulated at a time; by default as many as there are processors
    #[arg(long, value_name = "N", value_parser = jobs)]
    jobs: Option<usize>,
    /// Write what is found about rooms that went wrong into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Add up the statistics in these files, and simulate nothing
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["seeds", "seed", "out"])]
    merge: Vec<PathBuf>,
    /// Leave these steps out of the story of the one seed, as a report says it
    #[arg(long, value_name = "N,N,…", conflicts_with_all = ["seeds", "merge"])]
    without: Option<Steps>,
    #[command(flatten)]
    conditions: ConditionArgs,
    #[command(flatten)]
    format: FormatArgs,
}

/// A room in a line.
#[derive(Serialize)]
struct Line<'a> {
    seed: u64,
    room_version: &'static str,
    #[serde(flatten)]
    ending: &'a Ending,
}

impl Args {
    /// The story of a seed, as far as it is given.
    fn story(&self, seed: u64, rules: &RoomVersionRules) -> Story {
        let without = self.without.clone().unwrap_or_default();
        let story = Story::new(seed, rules).under(self.conditions.given());
        story.without(without.0)
    }

    /// Whether the story has the steps that are to be left out.
    fn can_do_without(&self, story: &Story) -> Result<(), Failure> {
        let last = story.steps();
        let without = self.without.iter().flat_map(|steps| &steps.0);
        match without.into_iter().find(|step| !(1..=last).contains(*step)) {
            Some(step) => Err(Failure::Call(format!(
                "there is no step {step} to leave out: they go from 1 to {last}"
            ))),
            None => Ok(()),
        }
    }
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Answer, Failure> {
    let format = args.format.or_json();
    // Before the work, which would be for nothing.
    if let Some(folder) = &args.out {
        let made = fs::create_dir_all(folder);
        made.map_err(|error| Failure::input(folder.display().to_string(), error))?;
    }
    // A panic is told of like anything else that goes wrong.
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        std::panic::set_hook(Box::new(|_| {}));
    }
    let statistics = if args.merge.is_empty() {
        simulate(args, format, console)?
    } else {
        merge(&args.merge)?
    };
    let mut out = Output::open();
    match format {
        Format::Json => out.json(&statistics, Format::Json)?,
        Format::Ndjson if args.merge.is_empty() => {}
        Format::Ndjson => out.json(&statistics, Format::Ndjson)?,
        Format::Table => statistics.print(&mut out, console)?,
    }
    out.finish()?;
    if args.merge.is_empty() {
        report(args, &statistics, console)?;
    }
    console.note(format_args!(
        "{}, {}: {} went wrong",
        counted(statistics.rooms, "room"),
        counted(statistics.total.events, "event"),
        statistics.diverged,
    ));
    Ok(if statistics.diverged == 0 {
        Answer::Positive
    } else {
        Answer::Negative
    })
}

fn simulate(args: &Args, format: Format, console: &Console) -> Result<Statistics, Failure> {
    let versions = versions(&args.room_version)?;
    let seeds = args.seeds.all(console);
    if let (Some(seed), Some(rules)) = (args.seeds.single(), versions.first()) {
        args.can_do_without(&args.story(seed, rules))?;
    }
    let of_each = u64::try_from(versions.len()).unwrap_or(u64::MAX);
    let room = |at: u64| {
        let seed = seeds?.nth(at.checked_div(of_each)?)?;
        let version = usize::try_from(at.checked_rem(of_each)?).ok()?;
        Some((seed, versions.get(version)?))
    };
    let count = seeds.map_or(0, Seeds::count);
    let count = count.saturating_mul(u128::from(of_each));
    let processors = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let jobs = args.jobs.unwrap_or_else(processors);
    let total = usize::try_from(count).unwrap_or(usize::MAX);
    let mut progress = console.progress("simulating rooms", total);
    let without = args.without.clone().unwrap_or_default();
    let mut statistics = Statistics::new(args.conditions.given(), without, &versions, seeds);
    let mut lines = (format == Format::Ndjson).then(Output::open);
    let tell = |at: u64| {
        let (seed, rules) = room(at)?;
        Some((seed, rules.id, Ending::of(&args.story(seed, rules))))
    };
    campaign::run(count, jobs, tell, |(seed, room_version, ending)| {
        statistics.add(seed, room_version, &ending);
        progress.done(statistics.rooms);
        let Some(lines) = &mut lines else {
            return Ok(ControlFlow::Continue(()));
        };
        let line = Line {
            seed,
            room_version,
            ending: &ending,
        };
        lines.json(&line, Format::Ndjson)?;
        // At once, so that a reader who has gone is found to have.
        lines.flush()?;
        Ok(if lines.is_closed() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    if let Some(lines) = lines {
        lines.finish()?;
    }
    drop(progress);
    Ok(statistics)
}

/// Says what went wrong, and how to see it; writes what is found about it.
fn report(args: &Args, statistics: &Statistics, console: &Console) -> Result<(), Failure> {
    let conditions = args.conditions.given();
    for failed in statistics.failures.iter().take(REPORTED) {
        let story = args.story(failed.seed, &rules(&failed.room_version)?);
        let again = findings::command(failed, &conditions, args.without.as_ref());
        console.warn(format_args!(
            "seed {}, room version {}, step {}: {}",
            failed.seed, failed.room_version, failed.step, failed.what,
        ));
        console.note(format_args!("  {again}"));
        if let Some(folder) = &args.out {
            if let Some((written, minimised)) =
                findings::write(folder, failed, &story, &conditions)?
            {
                let Divergence { chronicle, .. } = &minimised.divergence;
                console.note(format_args!(
                    "  {}: left of it: {} in {}",
                    written.display(),
                    counted(chronicle.events.len(), "event"),
                    counted(minimised.steps.len(), "step"),
                ));
            } else {
                console.warn("  it does not go wrong a second time, and nothing is written");
            }
        } else if args.seeds.single().is_some()
            && let Err(divergence) = story.tell()
        {
            for line in &divergence.story {
                console.note(line);
            }
        }
    }
    let rest = statistics.diverged.saturating_sub(REPORTED);
    if rest > 0 {
        console.warn(format_args!(
            "{rest} more went wrong; the statistics name the first {KEPT}"
        ));
    }
    Ok(())
}

fn merge(files: &[PathBuf]) -> Result<Statistics, Failure> {
    let mut sum: Option<Statistics> = None;
    for path in files {
        let name = path.display().to_string();
        let text = fs::read(path).map_err(|error| Failure::input(&name, error))?;
        let statistics = Statistics::read(&text).map_err(|error| {
            let hint = "`simulate --format json` prints such a file, `--format ndjson` does not";
            Failure::input(&name, format!("{error}; {hint}"))
        })?;
        sum = Some(match sum {
            None => statistics,
            Some(sum) => sum
                .merged(statistics)
                .map_err(|error| Failure::input(&name, error))?,
        });
    }
    sum.ok_or_else(|| Failure::Call("there is nothing to merge".into()))
}

fn versions(name: &str) -> Result<Vec<RoomVersionRules>, Failure> {
    if name == "all" {
        return Ok(RoomVersions::stable().iter().copied().collect());
    }
    Ok(vec![rules(name)?])
}

fn rules(name: &str) -> Result<RoomVersionRules, Failure> {
    let known = RoomVersions::stable_rules(name).copied();
    known.ok_or_else(|| Failure::Call(format!("room version `{name}` is not known")))
}

/// How many rooms that went wrong are looked into.
const REPORTED: usize = 10;
