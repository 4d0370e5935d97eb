//! Files: rooms, keys, states.

use std::io::Read;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use roomdag::crypto::{KeyRing, Timestamp};
use roomdag::json::Value;
use roomdag::lab::formats::{Dump, Position, ReadError, ReadOptions, read, read_keys};

use crate::console::Console;
use crate::failure::{Answer, Failure};

/// How a room is read.
#[derive(Args)]
pub(crate) struct RoomArgs {
    /// The room version; by default that of the create event
    #[arg(long, value_name = "V")]
    pub(crate) room_version: Option<String>,
    /// The servers' signing keys; without them signatures are not checked
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Option<String>,
    /// When it is now, for the validity of keys, in milliseconds since 1970; by default now
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    pub(crate) now: Option<i64>,
    /// Give up at the first line that cannot be used as it is
    #[arg(long)]
    pub(crate) strict: bool,
    /// Call events by the ids that the file gives them, not by their hashes
    #[arg(long)]
    pub(crate) trust_event_ids: bool,
}

impl RoomArgs {
    /// Reads a room from a file or from standard input.
    pub(crate) fn read(&self, path: &str) -> Result<Dump, Failure> {
        let options = ReadOptions {
            room_version: self.room_version.clone(),
            trust_event_ids: self.trust_event_ids,
            ..ReadOptions::default()
        };
        read_dump(path, &options)
    }

    /// Reads events that are looked at one by one.
    pub(crate) fn read_events(&self, path: &str) -> Result<Dump, Failure> {
        let options = ReadOptions {
            room_version: self.room_version.clone(),
            trust_event_ids: self.trust_event_ids,
            bare_events: true,
            ..ReadOptions::default()
        };
        read_dump(path, &options)
    }

    /// The keys that were given, if any.
    pub(crate) fn key_ring(&self, console: &Console) -> Result<Option<KeyRing>, Failure> {
        let Some(path) = &self.keys else {
            return Ok(None);
        };
        let ring = read_keys(&bytes(path)?);
        let ring = ring.map_err(|error| Failure::input(name(path), error))?;
        if ring.iter().next().is_none() {
            let name = name(path);
            console.warn(format_args!(
                "{name}: there are no keys in it, so no signature is valid"
            ));
        }
        Ok(Some(ring))
    }

    /// The time by which the validity of keys is judged.
    pub(crate) fn now(&self) -> Timestamp {
        let clock = || {
            let elapsed = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
        };
        Timestamp::from_millis(self.now.unwrap_or_else(clock))
    }
}

/// Reads a dump from a file or from standard input.
fn read_dump(path: &str, options: &ReadOptions) -> Result<Dump, Failure> {
    let bytes = bytes(path)?;
    let dump = read(&bytes, options).and_then(|dump| {
        let is_empty = dump.events.is_empty() && dump.faults.is_empty();
        if is_empty {
            Err(ReadError::Empty)
        } else {
            Ok(dump)
        }
    });
    dump.map_err(|error| {
        // Where nothing is an event, that is what is wrong, and not that none names the version.
        let any_version = ReadOptions {
            room_version: Some("1".into()),
            ..options.clone()
        };
        let read = read(&bytes, &any_version)
            .ok()
            .filter(|dump| dump.events.is_empty());
        let fault = read.and_then(|dump| dump.faults.into_iter().next());
        if let Some(fault) = fault.filter(|_| error.is_about_room_version()) {
            let reason = format!("{}, and nothing else here is an event", fault.error);
            return Failure::input(place(path, fault.position), reason);
        }
        let hint = match error {
            ReadError::UnknownRoomVersion { .. } => {
                "; give the one whose rules to use with --room-version V (1 to 12)"
            }
            ReadError::SeveralRooms { .. } => {
                "; give one of them alone: a line of `generate --seeds`, or what `--seed` prints"
            }
            _ if error.is_about_room_version() => "; give it with --room-version V",
            _ => "",
        };
        Failure::input(name(path), format!("{error}{hint}"))
    })
}

/// Reads events that are worked on one by one, with a warning for each input that is not an event;
/// the answer is negative if there was one. What redaction leaves, and with it what is signed,
/// depends on the type, so what has none is not an event here.
pub(crate) fn read_events(
    path: &str,
    room_version: Option<&str>,
    console: &Console,
) -> Result<(Dump, Answer), Failure> {
    let options = ReadOptions {
        room_version: room_version.map(str::to_owned),
        bare_events: true,
        ..ReadOptions::default()
    };
    let mut dump = read_dump(path, &options)?;
    let faults = dump.faults.iter();
    let mut problems: Vec<(Position, String)> = faults
        .map(|fault| (fault.position, fault.error.to_string()))
        .collect();
    dump.events.retain(|event| {
        let problem = match event.json.get("type") {
            Some(Value::String(_)) => return true,
            Some(_) => "`type` is not a string",
            None => "`type` is missing",
        };
        problems.push((event.position, problem.to_owned()));
        false
    });
    problems.sort();
    for (position, problem) in &problems {
        console.warn(format_args!("{}: {problem}", place(path, *position)));
    }
    if dump.events.is_empty() {
        return Err(no_event(path));
    }
    let answer = if problems.is_empty() {
        Answer::Positive
    } else {
        Answer::Negative
    };
    Ok((dump, answer))
}

/// The failure where everything in a file is something else than an event.
pub(crate) fn no_event(path: &str) -> Failure {
    Failure::input(name(path), "nothing in it is an event")
}

/// The content of a file, or of standard input.
pub(crate) fn bytes(path: &str) -> Result<Vec<u8>, Failure> {
    let content = if path == STDIN {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map(|_| bytes)
    } else {
        std::fs::read(Path::new(path))
    };
    content.map_err(|error| Failure::input(name(path), error))
}

/// How a file is called in messages.
pub(crate) fn name(path: &str) -> &str {
    if path == STDIN { "<stdin>" } else { path }
}

/// How a place in a file is called in messages.
pub(crate) fn place(path: &str, position: Position) -> String {
    match position {
        Position::Line(line) => format!("{}:{line}", name(path)),
        Position::Event(_) => format!("{}: {position}", name(path)),
        Position::Element { line, .. } => format!("{}:{line}: {position}", name(path)),
    }
}

/// The path that stands for standard input.
pub(crate) const STDIN: &str = "-";
