//! The shape of the source tree: layers, purity, and where room versions may be named.

use std::fs;
use std::path::{Path, PathBuf};

/// Bottom first. A module may import only from modules that stand before it; modules of one row do
/// not see each other.
const LAYERS: [&[&str]; 11] = [
    &["effort", "limits", "id"],
    &["json"],
    &["version"],
    &["pdu"],
    &["event"],
    &["crypto"],
    &["auth", "state"],
    &["dag"],
    &["resolve"],
    &["timeline"],
    &["replay", "room"],
];

/// Modules that see the whole library; nothing in it sees them.
const ABOVE: [&str; 3] = ["lab", "random", "testing"];

/// The sources below a folder, sorted.
pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn source(folder: &str) -> Vec<PathBuf> {
    rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
}

/// The module of the library that a file belongs to; `None` for `lib.rs` and the tool.
fn module(path: &Path) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let first = path.strip_prefix(root).ok()?.components().next()?;
    let name = first
        .as_os_str()
        .to_str()?
        .trim_end_matches(".rs")
        .to_owned();
    (name != "lib" && name != "bin").then_some(name)
}

/// The lines of a file that are code: no comments, no unit tests.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    let lines = code
        .lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line.to_owned()));
    lines
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .collect()
}

fn height(module: &str) -> usize {
    let found = LAYERS.iter().position(|row| row.contains(&module));
    found.unwrap_or_else(|| panic!("`{module}` stands in no layer"))
}

#[test]
fn modules_import_downwards_only() {
    let mut seen = 0;
    for path in source("src") {
        let Some(module) = module(&path).filter(|name| !ABOVE.contains(&name.as_str())) else {
            continue;
        };
        for (line, text) in code(&path) {
            for used in text.split("crate::").skip(1) {
                let used: String = used
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                let downwards = used == module || height(&used) < height(&module);
                assert!(
                    downwards,
                    "{}:{line}: `{module}` imports `{used}`",
                    path.display()
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 200, "the scan saw only {seen} imports");
}

#[test]
fn the_library_is_pure() {
    let forbidden = [
        "std::time",
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "std::io",
        "println!",
        "print!",
        "eprintln!",
        "eprint!",
        "dbg!",
        "Instant",
        "SystemTime",
        "unsafe ",
        "thread_rng",
        "static mut",
        "verify_batch",
    ];
    for path in source("src").iter().filter(|path| module(path).is_some()) {
        for (line, text) in code(path) {
            for word in forbidden {
                assert!(!text.contains(word), "{}:{line}: `{word}`", path.display());
            }
        }
    }
}

#[test]
fn only_the_version_module_names_room_versions() {
    let constants: Vec<String> = (1..=12).map(|number| format!("V{number}")).collect();
    for path in source("src") {
        let concerned =
            module(&path).is_some_and(|name| name != "version" && !ABOVE.contains(&name.as_str()));
        if !concerned {
            continue;
        }
        for (line, text) in code(&path) {
            // The names of state resolution algorithms and redaction rows are not room versions.
            let text = text
                .replace("StateResolution::V", "")
                .replace("RedactionRules::V", "");
            let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            for word in words {
                let named = constants.iter().any(|constant| constant == word);
                assert!(
                    !named,
                    "{}:{line}: names a room version: {text}",
                    path.display()
                );
            }
        }
    }
}

/// Strings of other servers are compared, or hashed with a key that they do not know. Only indices,
/// and addresses, which nobody chooses, meet a plain hash.
#[test]
fn what_others_choose_meets_no_hash_without_a_key() {
    const PLAIN: [&str; 5] = [
        "HashMap",
        "HashSet",
        "BuildHasherDefault",
        "DefaultHasher",
        "with_hasher",
    ];
    let mut seen = 0;
    for path in source("src").iter().filter(|path| module(path).is_some()) {
        let is_home = path.ends_with("dag/index.rs");
        for (line, text) in code(path) {
            let found = PLAIN.iter().find(|word| text.contains(**word));
            assert!(
                found.is_none() || is_home,
                "{}:{line}: {text}",
                path.display()
            );
            for map in ["IndexMap<", "IndexSet<"] {
                for entries in text.split(map).skip(1).filter(|_| !is_home) {
                    let of_indices = ["NodeIndex", "KeyIx", "usize"];
                    let is_plain = of_indices.iter().any(|index| entries.starts_with(index));
                    let is_keyed = entries.contains("RandomState");
                    assert!(is_plain || is_keyed, "{}:{line}: {text}", path.display());
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 10, "the scan saw only {seen} maps");
}

#[test]
fn links_to_the_specification_pin_one_version() {
    let mut seen = 0;
    for path in source("src") {
        for (line, text) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            for link in text.split("spec.matrix.org/").skip(1) {
                seen += 1;
                let (path, line) = (path.display(), line + 1);
                assert!(
                    link.starts_with("v1.19/"),
                    "{path}:{line}: spec.matrix.org/{link}"
                );
            }
        }
    }
    assert!(seen > 50, "the scan saw only {seen} links");
}

#[test]
fn nothing_is_left_unfinished() {
    for path in source("src").into_iter().chain(source("tests")) {
        if path.ends_with("structure.rs") {
            continue;
        }
        for (line, text) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            for mark in [
                "TODO",
                "FIXME",
                "XXX",
                "unimplemented!",
                "todo!",
                // With a reason: what takes too long is run by a command of its own.
                "#[ignore]",
            ] {
                assert!(
                    !text.contains(mark),
                    "{}:{}: {mark}",
                    path.display(),
                    line + 1
                );
            }
        }
    }
}
