//! What is found about a room that went wrong, as files.

use std::fs;
use std::path::{Path, PathBuf};

use roomdag::testing::network::{Check, Chronicle, Conditions, Minimised, Story, dot, svg};
use serde::Serialize;

use crate::failure::Failure;
use crate::simulate::conditions::{Steps, options};
use crate::simulate::statistics::Failed;

/// A room that went wrong, in short.
#[derive(Serialize)]
struct Report<'a> {
    seed: u64,
    room_version: &'a str,
    conditions: &'a Conditions,
    check: Check,
    step: usize,
    what: &'a str,
    /// The events of the whole story.
    events: usize,
    minimised: Shorter<'a>,
}

/// The shortest story that was found.
#[derive(Serialize)]
struct Shorter<'a> {
    /// How to tell it.
    command: String,
    step: usize,
    what: &'a str,
    steps: &'a [usize],
    events: usize,
    trials: usize,
}

/// Writes a folder about a room: `report.json`, `events.ndjson`, `story.txt`, `room.svg` and
/// `room.dot` of the shortest story, `whole.ndjson` and `whole.svg` of the one that was told.
/// Nothing, if the story does not go wrong again.
pub(super) fn write(
    folder: &Path,
    failed: &Failed,
    story: &Story,
    conditions: &Conditions,
) -> Result<Option<(PathBuf, Minimised)>, Failure> {
    let (Err(whole), Some(minimised)) = (story.tell(), story.minimised(TRIALS)) else {
        return Ok(None);
    };
    let shortest = &minimised.divergence;
    let folder = folder.join(format!("v{}-seed-{}", failed.room_version, failed.seed));
    let name = folder.display().to_string();
    fs::create_dir_all(&folder).map_err(|error| Failure::input(&name, error))?;
    let report = Report {
        seed: failed.seed,
        room_version: &failed.room_version,
        conditions,
        check: failed.check,
        step: failed.step,
        what: &failed.what,
        events: whole.chronicle.events.len(),
        minimised: Shorter {
            command: command(failed, conditions, Some(&Steps(shortest.without.clone()))),
            step: shortest.step,
            what: &shortest.what,
            steps: &minimised.steps,
            events: shortest.chronicle.events.len(),
            trials: minimised.trials,
        },
    };
    let mut json = serde_json::to_string_pretty(&report).map_err(std::io::Error::other)?;
    json.push('\n');
    let text = format!("{shortest}\n");
    for (name, content) in [
        ("report.json", json.into_bytes()),
        ("story.txt", text.into_bytes()),
        ("events.ndjson", ndjson(&shortest.chronicle)),
        ("room.svg", svg(&shortest.chronicle).into_bytes()),
        ("room.dot", dot(&shortest.chronicle).into_bytes()),
        ("whole.ndjson", ndjson(&whole.chronicle)),
        ("whole.svg", svg(&whole.chronicle).into_bytes()),
    ] {
        let path = folder.join(name);
        let written = fs::write(&path, content);
        written.map_err(|error| Failure::input(path.display().to_string(), error))?;
    }
    Ok(Some((folder, minimised)))
}

/// The call that tells a story again.
pub(super) fn command(failed: &Failed, conditions: &Conditions, without: Option<&Steps>) -> String {
    let (seed, version) = (failed.seed, &failed.room_version);
    let mut command = format!("roomdag simulate --seed {seed} --room-version {version}");
    command.push_str(&options(conditions));
    if let Some(Steps(steps)) = without.filter(|steps| !steps.0.is_empty()) {
        let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
        command.push_str(" --without ");
        command.push_str(&steps.join(","));
    }
    command
}

fn ndjson(chronicle: &Chronicle) -> Vec<u8> {
    let lines = chronicle.events.iter().map(|event| event.json.as_slice());
    lines
        .flat_map(|line| [line, b"\n"])
        .flatten()
        .copied()
        .collect()
}

/// How many shorter stories are tried.
const TRIALS: usize = 400;
