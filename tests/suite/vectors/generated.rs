//! The generated files: what writes them, and that they are what it writes.
//!
//! Every expectation comes from a second statement of the rules, written from the specification's
//! pages and sharing nothing with the engine, or was written down by hand. The runner then holds
//! the engine against the files, as against all others.

mod format;
mod golden;
mod levels;
mod membership;
mod receive;
mod redaction;
mod rules;
mod state_res;
mod writer;

use std::{env, fs};

use crate::vectors::fields::{files, root};
use writer::Json;

/// The room versions.
const VERSIONS: std::ops::RangeInclusive<u8> = 1..=12;

/// Every generated file, and what it should hold.
fn generated() -> Vec<(String, String)> {
    let alone = [
        ("auth/level.json", levels::stated::file()),
        ("auth/levels.json", levels::file()),
        ("auth/membership.json", membership::file()),
        ("events/golden.json", golden::file()),
        ("format/matrix.json", format::file()),
        ("redaction/matrix.json", redaction::file()),
        ("rules.json", rules::file()),
    ];
    let alone = alone.map(|(path, text)| (path.to_owned(), text));
    alone
        .into_iter()
        .chain(receive::files())
        .chain(state_res::files())
        .collect()
}

/// With `ROOMDAG_BLESS` in the environment the files are written instead.
#[test]
fn generated_vectors_are_what_the_command_writes() {
    let bless = env::var_os("ROOMDAG_BLESS").is_some();
    let generated = generated();
    for path in ["receive", "state-res/generated"]
        .into_iter()
        .flat_map(files)
    {
        let known = generated.iter().any(|(known, _)| *known == path);
        assert!(known, "nothing writes {path}");
    }
    for (path, text) in generated {
        let file = root().join(&path);
        if bless {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &text).unwrap();
        }
        let found = fs::read_to_string(&file).unwrap_or_default();
        let line = found.lines().zip(text.lines()).position(|(a, b)| a != b);
        assert!(
            found == text,
            "{path} is not what `ROOMDAG_BLESS=1 cargo test --all-features --test suite \
             generated_vectors` writes; the first difference is in line {line:?}"
        );
    }
}

/// The versions of `VERSIONS` in groups for which `answer` is the same, in the order of the first
/// of each.
fn grouped<T: PartialEq>(
    versions: impl IntoIterator<Item = u8>,
    answer: impl Fn(u8) -> T,
) -> Vec<(Vec<u8>, T)> {
    let mut groups: Vec<(Vec<u8>, T)> = Vec::new();
    for version in versions {
        let found = answer(version);
        match groups.iter_mut().find(|(_, answer)| *answer == found) {
            Some((versions, _)) => versions.push(version),
            None => groups.push((vec![version], found)),
        }
    }
    groups
}

/// Room versions as a case lists them.
fn listed(versions: &[u8]) -> Json {
    versions
        .iter()
        .map(u8::to_string)
        .collect::<Vec<_>>()
        .into()
}

/// Room versions in words: `version 6`, `versions 1 to 5`, `versions 3 and 11`.
fn in_words(versions: &[u8]) -> String {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for version in versions {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *version => *last = *version,
            _ => runs.push((*version, *version)),
        }
    }
    let runs = runs.into_iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first} and {last}"),
        _ => format!("{first} to {last}"),
    });
    let runs = runs.collect::<Vec<_>>().join(", ");
    let plural = if versions.len() == 1 { "" } else { "s" };
    format!("version{plural} {runs}")
}

/// A section of a room version's page.
fn page(version: u8, section: &str) -> String {
    format!("https://spec.matrix.org/v1.19/rooms/v{version}/#{section}")
}
