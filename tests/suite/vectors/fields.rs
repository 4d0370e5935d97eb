//! Reading vector files.

use std::fs;
use std::path::{Path, PathBuf};

use roomdag::json::{Mode, Object, Value};
use roomdag::version::{RoomVersionRules, RoomVersions};

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

pub(super) fn integer(object: &Object, field: &str) -> Option<i64> {
    object.get(field).and_then(Value::as_i64)
}

/// The room versions of a case.
pub(super) fn versions(case: &Object) -> Vec<&'static RoomVersionRules> {
    let versions = texts(case, "room_versions");
    assert!(!versions.is_empty(), "no room versions in {case:?}");
    versions
        .into_iter()
        .map(|id| RoomVersions::stable_rules(id).expect(id))
        .collect()
}

/// Writes out `{"$repeat": [text, times]}`, `{"$concat": [texts]}` and
/// `{"$list": [value, times]}`, which keep long values short.
pub(super) fn expand(value: &Value) -> Value {
    match value {
        Value::Object(object) if object.len() == 1 && object.contains_key("$repeat") => {
            let parts: Vec<Value> = list(object, "$repeat").map(expand).collect();
            Value::from(parts[0].as_str().unwrap().repeat(count(&parts[1])))
        }
        Value::Object(object) if object.len() == 1 && object.contains_key("$concat") => {
            let parts = list(object, "$concat").map(expand);
            Value::from(
                parts
                    .map(|part| part.as_str().unwrap().to_owned())
                    .collect::<String>(),
            )
        }
        Value::Object(object) if object.len() == 1 && object.contains_key("$list") => {
            let parts: Vec<Value> = list(object, "$list").map(expand).collect();
            Value::from(vec![parts[0].clone(); count(&parts[1])])
        }
        Value::Object(object) => Value::from(expand_members(object)),
        Value::Array(array) => Value::from(array.iter().map(expand).collect::<Vec<_>>()),
        _ => value.clone(),
    }
}

pub(super) fn expand_members(object: &Object) -> Object {
    object
        .iter()
        .map(|(key, value)| (key.to_owned(), expand(value)))
        .collect()
}

fn count(value: &Value) -> usize {
    usize::try_from(value.as_i64().unwrap()).unwrap()
}
