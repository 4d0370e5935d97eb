//! Every way in which the library can refuse something is one that a test has seen.

use std::fs;
use std::path::{Path, PathBuf};

/// Variants that no test can produce, and why.
const UNSEEN: [(&str, &str); 3] = [
    ("Fault::Full", "it takes 2³² events or edges"),
    ("RestoreError::Full", "it takes 2³² events or edges"),
    (
        "SendError::State",
        "every state that a room has can be resolved; it is there for what a resolution returns",
    ),
];

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            // The readers' errors are for people, and are tested by what they say.
            if !path.ends_with("src/lab") && !path.ends_with("src/bin") {
                rust_files(&path, files);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

/// The files of a folder of the project.
fn texts(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    rust_files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
        &mut files,
    );
    files
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// The variants of the error enums that a file declares, each with the name of its enum.
fn variants(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut is_error = false;
    let mut of: Option<String> = None;
    let word = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    for line in text.lines() {
        if let Some(name) = &of {
            let member = line.strip_prefix("    ").map(word).unwrap_or_default();
            if member.starts_with(char::is_uppercase) {
                found.push((name.clone(), member));
            }
            if line == "}" {
                of = None;
            }
        } else if line.starts_with("#[derive(") {
            is_error = line.contains("thiserror::Error");
        } else if let Some(rest) = line.strip_prefix("pub enum ") {
            of = is_error.then(|| word(rest));
        }
    }
    found
}

/// Whether a text names a variant with its enum, alone or in a list that is imported.
fn names(text: &str, name: &str, variant: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric());
    let path = format!("{name}::{variant}");
    let alone = text.match_indices(&path);
    let mut alone = alone.map(|(at, _)| &text[at + path.len()..]);
    let list = format!("{name}::{{");
    let mut listed = text.split(&list).skip(1).map(|rest| {
        let list = rest.split('}').next().unwrap_or_default();
        list.split(',').any(|entry| entry.trim() == variant)
    });
    alone.any(ends) || listed.any(|is_listed| is_listed)
}

#[test]
fn every_variant_of_every_error_is_one_that_a_test_has_seen() {
    let sources = texts("src");
    let unit_tests = sources
        .iter()
        .filter_map(|text| Some(text.split_once("#[cfg(test)]")?.1.to_owned()));
    let tests: Vec<String> = texts("tests").into_iter().chain(unit_tests).collect();
    let own = "every_variant_of_every_error_is_one_that_a_test_has_seen";
    let tests: Vec<&String> = tests.iter().filter(|text| !text.contains(own)).collect();
    let all: Vec<(String, String)> = sources.iter().flat_map(|text| variants(text)).collect();
    assert!(all.len() > 150, "the scan saw only {} variants", all.len());
    let unseen: Vec<String> = all
        .iter()
        .filter(|(name, variant)| !tests.iter().any(|text| names(text, name, variant)))
        .map(|(name, variant)| format!("{name}::{variant}"))
        .collect();
    let mut explained: Vec<&str> = UNSEEN.iter().map(|(variant, _)| *variant).collect();
    explained.sort_unstable();
    let mut unseen: Vec<&str> = unseen.iter().map(String::as_str).collect();
    unseen.sort_unstable();
    assert_eq!(unseen, explained);
}
