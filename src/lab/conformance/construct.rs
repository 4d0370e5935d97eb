//! Constructs: how long values, and values that depend on the room version, are written short.
//!
//! | construct                                             | what it stands for                  |
//! |-------------------------------------------------------|-------------------------------------|
//! | `{"$repeat": ["ab", 3]}`                              | `"ababab"`                          |
//! | `{"$concat": ["a", …]}`                               | the strings, or arrays, in a row    |
//! | `{"$list": [x, 3]}`                                   | `[x, x, x]`                         |
//! | `{"$by_version": [{"room_versions": […], "value": x}]}` | the value for the room version    |
//! | `"{room_version}"`                                    | the room version                    |
//!
//! They may stand anywhere in an input and in an expectation, and inside one another.

use crate::json::{Array, Members, Object, Value};
use crate::lab::conformance::FileError;

/// Writes out the constructs of a value for a room version. On a stack: values may be deep.
pub(super) fn expand(value: &Value, room_version: Option<&str>) -> Result<Value, FileError> {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut next = Some(value);
    loop {
        let done = match next {
            Some(Value::Array(array)) => {
                open.push(Open::Array(array.iter(), Vec::with_capacity(array.len())));
                None
            }
            Some(Value::Object(object)) => {
                open.push(Open::Object(
                    object.iter(),
                    Vec::with_capacity(object.len()),
                ));
                None
            }
            Some(leaf) => Some(written(leaf, room_version)),
            None => match open.pop() {
                Some(Open::Array(_, items)) => Some(Value::from(items)),
                Some(Open::Object(_, members)) => Some(close(members, room_version)?),
                None => return Ok(Value::Null),
            },
        };
        if let Some(done) = done {
            match open.last_mut() {
                None => return Ok(done),
                Some(Open::Array(_, items)) => items.push(done),
                Some(Open::Object(_, members)) => {
                    if let Some((_, slot)) = members.last_mut() {
                        *slot = done;
                    }
                }
            }
        }
        next = match open.last_mut() {
            None => None,
            Some(Open::Array(rest, _)) => rest.next(),
            Some(Open::Object(rest, members)) => rest.next().map(|(key, value)| {
                members.push((key.into(), Value::Null));
                value
            }),
        };
    }
}

/// As [`expand`], of all members of an object, which is no construct itself.
pub(super) fn expand_members(
    object: &Object,
    room_version: Option<&str>,
) -> Result<Object, FileError> {
    let members = object.iter();
    members
        .map(|(key, value)| Ok((key, expand(value, room_version)?)))
        .collect()
}

/// A container, what is left of it, and what is written out already.
enum Open<'a> {
    Array(std::slice::Iter<'a, Value>, Vec<Value>),
    Object(Members<'a>, Vec<(Box<str>, Value)>),
}

fn written(leaf: &Value, room_version: Option<&str>) -> Value {
    match (leaf.as_str(), room_version) {
        (Some("{room_version}"), Some(version)) => version.into(),
        _ => leaf.clone(),
    }
}

/// The object of these members, or what it stands for.
fn close(members: Vec<(Box<str>, Value)>, room_version: Option<&str>) -> Result<Value, FileError> {
    let [(key, value)] = members.as_slice() else {
        return Ok(Value::from(Object::from_iter(members)));
    };
    let found = match &**key {
        "$repeat" => repeated(value),
        "$concat" => joined(value),
        "$list" => listed(value),
        "$by_version" => by_version(value, room_version),
        _ => return Ok(Value::from(Object::from_iter(members))),
    };
    found.ok_or_else(|| FileError::Construct {
        construct: key.clone(),
    })
}

fn repeated(value: &Value) -> Option<Value> {
    let (part, times) = pair(value)?;
    let part = part.as_str()?;
    is_bearable(part.len(), times).then(|| part.repeat(times).into())
}

fn joined(value: &Value) -> Option<Value> {
    let parts = value.as_array()?;
    let text = || parts.iter().map(Value::as_str).collect::<Option<String>>();
    let list = || {
        parts
            .iter()
            .map(Value::as_array)
            .collect::<Option<Vec<_>>>()
    };
    let in_a_row = |lists: Vec<&Array>| lists.into_iter().flatten().cloned().collect::<Array>();
    text()
        .map(Value::from)
        .or_else(|| list().map(in_a_row).map(Value::from))
}

fn listed(value: &Value) -> Option<Value> {
    let (item, times) = pair(value)?;
    is_bearable(1, times).then(|| vec![item.clone(); times].into())
}

fn by_version(value: &Value, room_version: Option<&str>) -> Option<Value> {
    let room_version = room_version?;
    let mut entries = value.as_array()?.iter().filter_map(Value::as_object);
    let entry = entries.find(|entry| {
        let versions = entry.get("room_versions").and_then(Value::as_array);
        versions.is_some_and(|all| {
            all.iter()
                .any(|version| version.as_str() == Some(room_version))
        })
    });
    entry?.get("value").cloned()
}

/// A value, and how often.
fn pair(value: &Value) -> Option<(&Value, usize)> {
    let pair = value.as_array()?;
    let times = usize::try_from(pair.get(1)?.as_i64()?).ok()?;
    (pair.len() == 2).then_some(())?;
    Some((pair.get(0)?, times))
}

fn is_bearable(len: usize, times: usize) -> bool {
    len.checked_mul(times).is_some_and(|len| len <= LONGEST)
}

/// The longest value that a construct may stand for.
const LONGEST: usize = 1 << 26;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Mode;

    fn expanded(text: &str) -> Option<Value> {
        let value = Value::parse(text.as_bytes(), Mode::Strict).ok()?;
        expand(&value, Some("6")).ok()
    }

    fn same(construct: &str, value: &str) {
        assert_eq!(expanded(construct), expanded(value), "{construct}");
        assert!(expanded(construct).is_some(), "{construct}");
    }

    #[test]
    fn constructs_are_written_out_wherever_they_stand() {
        same(
            r#"{"$concat":["a",{"$repeat":["bc",2]},"d"]}"#,
            r#""abcbcd""#,
        );
        same(
            r#"[{"x":{"$list":[{"$repeat":["a",1]},2]}}]"#,
            r#"[{"x":["a","a"]}]"#,
        );
        same(r#"{"$concat":[{"$list":[1,2]},["a"]]}"#, r#"[1,1,"a"]"#);
        same(
            r#"{"a":"{room_version}","$list":[]}"#,
            r#"{"a":"6","$list":[]}"#,
        );
    }

    #[test]
    fn a_value_for_a_version_is_chosen_by_the_version() {
        same(
            r#"{"$by_version":[{"room_versions":["1"],"value":1},{"room_versions":["5","6"],"value":{"v":"{room_version}"}}]}"#,
            r#"{"v":"6"}"#,
        );
        assert_eq!(
            expanded(r#"{"$by_version":[{"room_versions":["1"],"value":1}]}"#),
            None
        );
    }

    #[test]
    fn what_is_no_construct_after_all_is_an_error() {
        for text in [
            r#"{"$repeat":["a"]}"#,
            r#"{"$repeat":["a",-1]}"#,
            r#"{"$repeat":["a",9007199254740991]}"#,
            r#"{"$list":[[],9007199254740991]}"#,
            r#"{"$concat":["a",1]}"#,
        ] {
            assert_eq!(expanded(text), None, "{text}");
        }
    }
}
