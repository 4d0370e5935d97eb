//! What the figures depend on: machine, compiler, versions.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::data::Surroundings;

impl Surroundings {
    pub fn of_now(date: Option<String>) -> Self {
        Self {
            date: date.unwrap_or_else(today),
            processor: processor().unwrap_or_else(|| "an unknown processor".into()),
            compiler: env!("BUILT_BY").into(),
            libraries: LIBRARIES.iter().map(|name| with_version(name)).collect(),
        }
    }
}

const LIBRARIES: [&str; 8] = [
    "roomdag",
    "ruma-state-res",
    "ruma-signatures",
    "ruma-common",
    "ruma-events",
    "rezzy",
    "ed25519-dalek",
    "sha2",
];

/// A library, with its version as it is locked.
fn with_version(name: &str) -> String {
    let lock = include_str!("../Cargo.lock");
    let entry = lock.split_once(&format!("name = \"{name}\"\nversion = \""));
    let version = entry.and_then(|(_, rest)| rest.split('"').next());
    format!("{name} {}", version.unwrap_or("?"))
}

fn processor() -> Option<String> {
    let about = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = about.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().into())
}

/// Today's date in UTC. Years are counted from March, so that leap days come last.
fn today() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let days = now.map_or(0, |now| now.as_secs() / 86_400) + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!("{}-{month:02}-{day:02}", era * 400 + year + carry)
}
