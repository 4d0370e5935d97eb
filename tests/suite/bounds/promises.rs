//! Each promise in `tests/promises.json` is proven by what it names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use roomdag::json::{Mode, Object, Value};

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn promises() -> Vec<Object> {
    let bytes = fs::read(project("tests/promises.json")).unwrap();
    let file = Object::parse(&bytes, Mode::Strict).unwrap();
    let list = file.get("promises").and_then(Value::as_array).unwrap();
    list.iter()
        .map(|entry| entry.as_object().unwrap().clone())
        .collect()
}

fn texts<'a>(promise: &'a Object, member: &str) -> Vec<&'a str> {
    let list = promise.get(member).and_then(Value::as_array);
    let list = list.into_iter().flatten();
    list.map(|entry| entry.as_str().unwrap()).collect()
}

/// Whether a test of the suite is there: its file, or that of the module around it, declares it.
fn is_test(path: &str) -> bool {
    let (mut module, name) = path.rsplit_once("::").unwrap_or(("", path));
    let declares = |file: PathBuf| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let (open, plain) = (format!("fn {name}("), format!("fn {name}<"));
        text.contains(&open) || text.contains(&plain)
    };
    while !module.is_empty() {
        if declares(project(&format!(
            "tests/suite/{}.rs",
            module.replace("::", "/")
        ))) {
            return true;
        }
        module = module.rsplit_once("::").map_or("", |(around, _)| around);
    }
    false
}

#[test]
fn every_promise_is_proven_by_what_is_there() {
    let promises = promises();
    let ids: Vec<&str> = promises
        .iter()
        .map(|promise| promise.get("id").and_then(Value::as_str).unwrap())
        .collect();
    let expected: Vec<String> = (1..=15).map(|number| format!("G{number}")).collect();
    assert_eq!(ids, expected);
    for (promise, id) in promises.iter().zip(ids) {
        let known: BTreeSet<&str> = [
            "id",
            "promise",
            "tests",
            "other_tests",
            "files",
            "commands",
            "note",
        ]
        .into();
        for member in promise.keys() {
            assert!(known.contains(member), "{id}: {member}");
        }
        let tests = texts(promise, "tests");
        let others = texts(promise, "other_tests");
        let files = texts(promise, "files");
        assert!(tests.len() + others.len() + files.len() > 0, "{id}");
        for test in tests {
            assert!(is_test(test), "{id}: no test `{test}`");
        }
        for other in others {
            let (file, name) = other.split_once('#').expect(other);
            let text = fs::read_to_string(project(file)).expect(file);
            assert!(text.contains(&format!("fn {name}(")), "{id}: {other}");
        }
        for file in files {
            assert!(project(file).exists(), "{id}: no file `{file}`");
        }
    }
}
