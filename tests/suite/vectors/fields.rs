//! Reading vector files.

use std::fs;
use std::path::{Path, PathBuf};

use roomdag::json::{Mode, Object, Value};
use roomdag::lab::conformance::{self, Case};

/// The folder of all vectors.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("spec-vectors")
}

pub(crate) fn bytes(path: &str) -> Vec<u8> {
    fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(super) fn file(path: &str) -> Object {
    Object::parse(&bytes(path), Mode::Lenient).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The cases of a file of any format.
#[track_caller]
pub(super) fn cases_of(path: &str) -> Vec<Case> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let beside = |name: &str| fs::read(root().join(folder).join(name)).ok();
    let found = conformance::cases(&bytes(path), path, beside);
    found.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All files below a folder, by their paths within `spec-vectors`, sorted.
pub(crate) fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .strip_prefix(root())
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        if path.is_dir() {
            found.extend(files(&name));
        } else {
            found.push(name);
        }
    }
    found.sort();
    found
}

/// The cases of a file.
pub(super) fn cases(file: &Object) -> impl Iterator<Item = &Object> {
    list(file, "cases").map(|case| case.as_object().unwrap())
}

pub(super) fn list<'a>(object: &'a Object, field: &str) -> impl Iterator<Item = &'a Value> {
    let list = object.get(field).and_then(Value::as_array);
    list.unwrap_or_else(|| panic!("no list `{field}` in {object:?}"))
        .iter()
}

/// A list that may be absent, and then is empty.
pub(super) fn texts<'a>(object: &'a Object, field: &str) -> Vec<&'a str> {
    if !object.contains_key(field) {
        return Vec::new();
    }
    list(object, field)
        .map(|value| value.as_str().expect(field))
        .collect()
}

pub(super) fn text<'a>(object: &'a Object, field: &str) -> &'a str {
    opt_text(object, field).unwrap_or_else(|| panic!("no text `{field}` in {object:?}"))
}

pub(super) fn opt_text<'a>(object: &'a Object, field: &str) -> Option<&'a str> {
    object.get(field).and_then(Value::as_str)
}

pub(super) fn object<'a>(object: &'a Object, field: &str) -> &'a Object {
    let found = object.get(field).and_then(Value::as_object);
    found.unwrap_or_else(|| panic!("no object `{field}` in {object:?}"))
}
