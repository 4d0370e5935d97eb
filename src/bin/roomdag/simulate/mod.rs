//! `simulate`: rooms over bad networks, and whether all servers come to hold the same one.

mod campaign;
mod conditions;
mod findings;
mod statistics;

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use roomdag::testing::network::{Conditions, Divergence, Story};
use roomdag::version::{RoomVersionRules, RoomVersions};
use serde::Serialize;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::output::{Format, FormatArgs, Output};
use crate::seeds::SeedArgs;
use crate::simulate::campaign::{Told, Wrong};
use crate::simulate::conditions::{ConditionArgs, Steps};
use crate::simulate::statistics::Statistics;

/// Simulate servers that hold one room over a bad network, and compare what they hold
///
/// Each seed is a story: servers send, lose, repeat, delay and mix up events, fall apart, join
/// late, crash and go on from their disks, and some of them lie. In the end all must hold the same
/// room, and on the way nobody may do what the rules forbid. The same seed is the same story on
/// every machine. What is not given below is decided by the seed.
///
/// JSON is the statistics of all rooms, which `--merge` adds up; NDJSON is a line for each room,
/// in the order of the seeds. The exit code is 1 if a room went wrong; `--out` then has a folder
/// for each of the first ten, with the shortest story in which it still does: its events, a
/// picture, and what happened.
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
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Write what is found about rooms that went wrong into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Add up the statistics in these files, and simulate nothing
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["seeds", "seed", "out"])]
    merge: Vec<PathBuf>,
    /// Leave these steps out of the story, as a report says it
    #[arg(long, value_name = "N,N,…", requires = "seed")]
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
    told: &'a Told,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Answer, Failure> {
    let format = args.format.or(Format::Json);
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
    console.note(format_args!(
        "{} rooms, {} events: {} went wrong",
        statistics.rooms, statistics.total.events, statistics.diverged,
    ));
    Ok(if statistics.diverged == 0 {
        Answer::Positive
    } else {
        Answer::Negative
    })
}

fn simulate(args: &Args, format: Format, console: &Console) -> Result<Statistics, Failure> {
    let versions = versions(&args.room_version)?;
    let seeds: Vec<u64> = args.seeds.iter().collect();
    let conditions = args.conditions.given();
    let story = |seed: u64, rules: &RoomVersionRules| {
        let without = args.without.clone().unwrap_or_default();
        Story::new(seed, rules).under(conditions).without(without.0)
    };
    let rooms: Vec<(u64, RoomVersionRules)> = seeds
        .iter()
        .flat_map(|seed| versions.iter().map(|rules| (*seed, *rules)))
        .collect();
    let jobs = match args.jobs {
        Some(jobs) => jobs,
        None => std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
    };
    let mut progress = console.progress(
        "simulating rooms",
        args.seeds.count().saturating_mul(versions.len()),
    );
    let mut statistics = Statistics::new(conditions, &versions, &seeds);
    let mut lines = (format == Format::Ndjson).then(Output::open);
    let tell = |at: usize| {
        rooms
            .get(at)
            .map(|(seed, rules)| Told::of(&story(*seed, rules)))
    };
    let mut done = 0_usize;
    campaign::run(rooms.len(), jobs, tell, |at, told| {
        let Some((seed, rules)) = rooms.get(at) else {
            return Ok(());
        };
        done = done.saturating_add(1);
        progress.done(done);
        statistics.add(*seed, rules.id, &told);
        match &mut lines {
            Some(lines) if !lines.is_closed() => {
                let (seed, room_version, told) = (*seed, rules.id, &told);
                let line = Line {
                    seed,
                    room_version,
                    told,
                };
                lines.json(&line, Format::Ndjson)
            }
            _ => Ok(()),
        }
    })?;
    if let Some(lines) = lines {
        lines.finish()?;
    }
    drop(progress);
    report(args, &conditions, &statistics, &story, console)?;
    Ok(statistics)
}

/// Says what went wrong, and how to see it; writes what is found about it.
fn report(
    args: &Args,
    conditions: &Conditions,
    statistics: &Statistics,
    story: &impl Fn(u64, &RoomVersionRules) -> Story,
    console: &Console,
) -> Result<(), Failure> {
    for failed in statistics.failures.iter().take(REPORTED) {
        let again = findings::command(failed, conditions, args.without.as_ref());
        console.warn(format_args!(
            "seed {}, room version {}, step {}: {}",
            failed.seed, failed.room_version, failed.step, failed.what,
        ));
        console.note(format_args!("  {again}"));
        if let Some(folder) = &args.out {
            let rules = rules(&failed.room_version)?;
            let written = findings::write(folder, failed, &story(failed.seed, &rules), conditions)?;
            if let Some((written, minimised)) = written {
                let Divergence { chronicle, .. } = &minimised.divergence;
                console.note(format_args!(
                    "  {}: {} events in {} steps are left of it",
                    written.display(),
                    chronicle.events.len(),
                    minimised.steps.len(),
                ));
            }
        } else if args.seeds.single().is_some()
            && let Err(divergence) = story(failed.seed, &rules(&failed.room_version)?).tell()
        {
            for line in &divergence.story {
                console.note(line);
            }
        }
    }
    let rest = statistics.failures.len().saturating_sub(REPORTED);
    if rest > 0 {
        console.warn(format_args!("{rest} more are in the statistics"));
    }
    Ok(())
}

fn merge(files: &[PathBuf]) -> Result<Statistics, Failure> {
    let mut sum: Option<Statistics> = None;
    for path in files {
        let name = path.display().to_string();
        let text = fs::read(path).map_err(|error| Failure::input(&name, error))?;
        let statistics: Statistics =
            serde_json::from_slice(&text).map_err(|error| Failure::input(&name, error))?;
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

impl Told {
    /// A story, told; what a room does that panics is a broken promise like any other.
    fn of(story: &Story) -> Self {
        match std::panic::catch_unwind(|| story.tell()) {
            Ok(Ok(outcome)) => Self::Converged(outcome),
            Ok(Err(divergence)) => Self::Diverged(Wrong {
                check: divergence.check,
                step: divergence.step,
                what: divergence.what,
            }),
            Err(_) => Self::Panicked,
        }
    }
}

/// How many rooms that went wrong are looked into.
const REPORTED: usize = 10;
