//! Files: rooms, keys, states.

use std::io::Read;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use roomdag::crypto::{KeyRing, Timestamp};
use roomdag::lab::formats::{Dump, Position, ReadError, ReadOptions, read, read_keys};

use crate::console::Console;
use crate::failure::Failure;

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

    /// The keys that were given, if any.
    pub(crate) fn key_ring(&self) -> Result<Option<KeyRing>, Failure> {
        let Some(path) = &self.keys else {
            return Ok(None);
        };
        let ring = read_keys(&bytes(path)?);
        ring.map(Some)
            .map_err(|error| Failure::input(name(path), error))
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
    read(&bytes, options).map_err(|error| {
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
            _ if error.is_about_room_version() => "; give it with --room-version V",
            _ => "",
        };
        Failure::input(name(path), format!("{error}{hint}"))
    })
}

/// Reads events that are worked on one by one, with a warning for each input that is not an event.
pub(crate) fn read_events(
    path: &str,
    room_version: Option<&str>,
    console: &Console,
) -> Result<Dump, Failure> {
    let options = ReadOptions {
        room_version: room_version.map(str::to_owned),
        ..ReadOptions::default()
    };
    let dump = read_dump(path, &options)?;
    for fault in &dump.faults {
        console.warn(format_args!(
            "{}: {}",
            place(path, fault.position),
            fault.error
        ));
    }
    Ok(dump)
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
    }
}

/// The path that stands for standard input.
pub(crate) const STDIN: &str = "-";
