//! `generate`: rooms made up.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser};
use roomdag::lab::generate::{Deed, GeneratedRoom, Preset, Recipe, RecipeError, generate};
use roomdag::version::{RoomVersionRules, RoomVersions};
use serde::Serialize;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::output::{Format, Output};
use crate::seeds::{SeedArgs, Seeds};
use crate::table::{Cell, Table};

/// Make up rooms of any room version, size and nastiness, hashed and signed
///
/// The same options and seed make the same bytes everywhere. One room is printed as its events, one
/// PDU a line in an order of arrival; of several, each is an object on a line:
/// `{"seed","preset","room_version","events":[…],"left_out":[…],"server_keys":{…}}`. The events of
/// one room and one such object are what `check` and `resolve` read, and such an object is a list
/// of `--keys`, too. Of several rooms they read one at a time: give them one of the lines, or have
/// each written into a file of its own with `--output DIR`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  roomdag generate --preset duel --room-version 11 --seed 7 | roomdag resolve -
  roomdag generate --preset everything --seeds 0..40 --shard 3/8 | wc -l")]
pub(crate) struct Args {
    /// What the rooms show
    #[arg(long, value_name = "PRESET", required_unless_present = "list",
        value_parser = PossibleValuesParser::new(presets()))]
    preset: Option<String>,
    /// List the presets, and the deeds that have weights
    #[arg(long, conflicts_with = "preset")]
    list: bool,
    /// The room version
    #[arg(long, value_name = "V", default_value = "12")]
    room_version: String,
    #[command(flatten)]
    seeds: SeedArgs,
    /// How many events a room has, counting those that are dropped on receipt or left out: 1 to
    /// 10000000, by default 200
    #[arg(long, value_name = "N")]
    events: Option<usize>,
    /// How many users join at the start: 4 to 1000000, by default 12
    #[arg(long, value_name = "N")]
    members: Option<usize>,
    /// How many servers they are on: 1 to 10000, by default 5
    #[arg(long, value_name = "N")]
    servers: Option<usize>,
    /// How many branches there are at a time, at the most: 1 to 20, by default as the preset has it
    #[arg(long, value_name = "N")]
    branches: Option<usize>,
    /// How often something is done, against the rest: a deed of `--list` and a number
    #[arg(long, value_name = "DEED=N")]
    weight: Vec<String>,
    /// Leave out events that others cite: the same as `--weight gap=5`
    #[arg(long)]
    gaps: bool,
    /// What to print of a room: its events, a line each, or all of it, on one line; by default the
    /// events of a single room, and all of several
    #[arg(long = "as", value_name = "FORM")]
    form: Option<Form>,
    /// Write to a file; or into a folder, with a file for each room and `server_keys.json`, if
    /// there are several seeds or it is one, or ends like one
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Write the servers' keys to a file
    #[arg(long, value_name = "FILE")]
    keys_to: Option<PathBuf>,
    /// The form of the list; by default a table on a terminal and JSON otherwise
    #[arg(long, value_name = "FORMAT", conflicts_with = "preset")]
    format: Option<Format>,
}

/// What is printed of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Events,
    Rooms,
}

/// What is known of a preset or of a deed.
#[derive(Serialize)]
struct Row {
    kind: &'static str,
    name: &'static str,
    room_versions: Vec<&'static str>,
    about: &'static str,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Answer, Failure> {
    let Some(preset) = &args.preset else {
        list(args, console)?;
        return Ok(Answer::Positive);
    };
    let preset = Preset::named(preset).map_err(|error| unmakeable(&error))?;
    let rules = rules(&args.room_version)?;
    let mut recipe = preset.recipe(rules).map_err(|error| unmakeable(&error))?;
    args.adjust(&mut recipe)?;
    recipe.check().map_err(|error| unmakeable(&error))?;
    let task = Task {
        args,
        preset,
        recipe,
        console,
    };
    match &args.output {
        Some(path) if args.seeds.single().is_none() || is_folder(path) => task.to_folder(path)?,
        Some(path) => task.to_file(path)?,
        None => task.to_output()?,
    }
    Ok(Answer::Positive)
}

/// Whether a path is a folder, or is written like one.
fn is_folder(path: &Path) -> bool {
    path.is_dir() || path.to_string_lossy().ends_with(std::path::is_separator)
}

/// Why there is no such room, and what there is instead.
fn unmakeable(error: &RecipeError) -> Failure {
    let hint = match error {
        RecipeError::UnknownPreset { .. } | RecipeError::UnknownDeed { .. } => {
            "; `generate --list` has the names".to_owned()
        }
        RecipeError::Impossible { what, .. } => {
            let of_preset =
                Preset::named(what).map(|preset| versions(|rules| preset.recipe(rules).is_ok()));
            let of_deed = || {
                what.parse()
                    .map(|deed: Deed| versions(|rules| deed.is_possible(rules)))
            };
            let versions = of_preset.or_else(|_| of_deed()).unwrap_or_default();
            format!("; it is in {}", versions.join(", "))
        }
        _ => String::new(),
    };
    Failure::Call(format!("{error}{hint}"))
}

/// The room versions of which something is so.
fn versions(has: impl Fn(&RoomVersionRules) -> bool) -> Vec<&'static str> {
    let versions = RoomVersions::stable();
    versions
        .iter()
        .filter(|rules| has(rules))
        .map(|rules| rules.id)
        .collect()
}

fn rules(version: &str) -> Result<&'static RoomVersionRules, Failure> {
    RoomVersions::stable_rules(version)
        .ok_or_else(|| Failure::Call(format!("there is no room version `{version:.255}`")))
}

fn presets() -> Vec<PossibleValue> {
    let preset = |preset: &Preset| PossibleValue::new(preset.name).help(preset.about);
    Preset::ALL.iter().map(preset).collect()
}

impl Args {
    /// Changes a recipe as the options say.
    fn adjust(&self, recipe: &mut Recipe) -> Result<(), Failure> {
        for (number, option) in [
            (&mut recipe.events, self.events),
            (&mut recipe.members, self.members),
            (&mut recipe.servers, self.servers),
            (&mut recipe.branches, self.branches),
        ] {
            *number = option.unwrap_or(*number);
        }
        if self.gaps {
            recipe.weights.insert(Deed::Gap, 5);
        }
        for weight in &self.weight {
            let wrong = || Failure::Call(format!("`{weight:.255}` is not DEED=N"));
            let (deed, number) = weight.split_once('=').ok_or_else(wrong)?;
            let deed: Deed = deed.parse().map_err(|error| unmakeable(&error))?;
            recipe
                .weights
                .insert(deed, number.parse().map_err(|_| wrong())?);
        }
        Ok(())
    }
}

/// Rooms to be made.
struct Task<'a> {
    args: &'a Args,
    preset: &'a Preset,
    recipe: Recipe,
    console: &'a Console,
}

impl Task<'_> {
    /// Makes room after room, until `write` says that it is enough.
    fn each(
        &self,
        mut write: impl FnMut(u64, &GeneratedRoom) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let seeds = self.args.seeds.all(self.console);
        let count = seeds.map_or(0, Seeds::count);
        let is_one = count == 1;
        let total = if is_one {
            self.recipe.events
        } else {
            usize::try_from(count).unwrap_or(usize::MAX)
        };
        let mut progress = self.console.progress("generating", total);
        let mut keys_to = self.args.keys_to.as_deref();
        for (number, seed) in seeds.into_iter().flat_map(Seeds::iter).enumerate() {
            let room = generate(&self.recipe, seed, |events| {
                if is_one {
                    progress.done(events);
                }
            });
            let room = room.map_err(|error| unmakeable(&error))?;
            if let Some(path) = keys_to.take() {
                save(path, &keys(&room))?;
            }
            if !write(seed, &room)? {
                break;
            }
            if !is_one {
                progress.done(number.saturating_add(1));
            }
        }
        Ok(())
    }

    fn to_output(&self) -> Result<(), Failure> {
        let mut out = Output::open();
        self.each(|seed, room| {
            out.write_all(&self.printed(seed, room))?;
            Ok(!out.is_closed())
        })?;
        out.finish()
    }

    fn to_file(&self, path: &Path) -> Result<(), Failure> {
        self.each(|seed, room| {
            save(path, &self.printed(seed, room))?;
            Ok(true)
        })
    }

    /// A file for each room, and one for the keys, which are the same for all of them.
    fn to_folder(&self, folder: &Path) -> Result<(), Failure> {
        fs::create_dir_all(folder).map_err(|error| unwritten(folder, &error))?;
        let as_rooms = self.args.form == Some(Form::Rooms);
        self.each(|seed, room| {
            let (preset, version) = (self.preset.name, self.recipe.rules.id);
            let file = |ending: &str| folder.join(format!("{preset}-v{version}-{seed}{ending}"));
            save(&folder.join("server_keys.json"), &keys(room))?;
            if as_rooms {
                save(&file(".json"), &self.object(seed, room))?;
                return Ok(true);
            }
            save(&file(".ndjson"), &lines(&room.events))?;
            if !room.left_out.is_empty() {
                save(&file(".left-out.ndjson"), &lines(&room.left_out))?;
            }
            Ok(true)
        })
    }

    fn printed(&self, seed: u64, room: &GeneratedRoom) -> Vec<u8> {
        let by_default = match self.args.seeds.single() {
            Some(_) => Form::Events,
            None => Form::Rooms,
        };
        match self.args.form.unwrap_or(by_default) {
            Form::Events => lines(&room.events),
            Form::Rooms => self.object(seed, room),
        }
    }

    /// All of a room, on one line. Its events stay as they are, for they need not be canonical.
    fn object(&self, seed: u64, room: &GeneratedRoom) -> Vec<u8> {
        let (preset, version) = (self.preset.name, self.recipe.rules.id);
        let head = format!(r#"{{"seed":{seed},"preset":"{preset}","room_version":"{version}""#);
        let parts: [&[u8]; 8] = [
            head.as_bytes(),
            br#","events":["#,
            &room.events.join(&b","[..]),
            br#"],"left_out":["#,
            &room.left_out.join(&b","[..]),
            br#"],"server_keys":"#,
            &room.server_keys.to_canonical(),
            b"}\n",
        ];
        parts.concat()
    }
}

fn lines(events: &[Vec<u8>]) -> Vec<u8> {
    let lines = events.iter().flat_map(|event| [event.as_slice(), b"\n"]);
    lines.collect::<Vec<&[u8]>>().concat()
}

fn keys(room: &GeneratedRoom) -> Vec<u8> {
    let mut bytes = room.server_keys.to_canonical();
    bytes.push(b'\n');
    bytes
}

fn save(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|error| unwritten(path, &error))
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Call(format!("cannot write {}: {error}", path.display()))
}

fn list(args: &Args, console: &Console) -> Result<(), Failure> {
    let presets = Preset::ALL.iter().map(|preset| Row {
        kind: "preset",
        name: preset.name,
        room_versions: versions(|rules| preset.recipe(rules).is_ok()),
        about: preset.about,
    });
    let deeds = Deed::ALL.iter().map(|deed| Row {
        kind: "deed",
        name: deed.name(),
        room_versions: versions(|rules| deed.is_possible(rules)),
        about: deed.about(),
    });
    let rows = presets.chain(deeds);
    let mut out = Output::open();
    match args
        .format
        .unwrap_or_else(|| Format::default_or(Format::Json))
    {
        Format::Table => {
            let header = ["KIND", "NAME", "ROOM VERSIONS", "WHAT HAPPENS"];
            let mut table = Table::new(&header, console.colors_output());
            for row in rows {
                let (first, last) = (row.room_versions.first(), row.room_versions.last());
                let range = format!(
                    "{}–{}",
                    first.copied().unwrap_or_default(),
                    last.copied().unwrap_or_default()
                );
                table.row(vec![
                    Cell::new(row.kind),
                    Cell::new(row.name),
                    Cell::new(&range),
                    Cell::new(row.about),
                ]);
            }
            table.print(&mut out)?;
        }
        format => out.json_each(rows, format)?,
    }
    out.finish()
}
