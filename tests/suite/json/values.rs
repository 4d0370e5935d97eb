//! Values under change, and parts of them.

use roomdag::json::{Array, ByteCount, Number, Object, Select, Sink, Value};

use crate::json::object;

#[test]
fn objects_stay_sorted_under_change() {
    let mut object = object(r#"{"b":1,"a":2}"#);

    assert_eq!(object.insert("aa", "x"), None);
    assert_eq!(object.insert("b", true), Some(Value::from(1)));
    assert_eq!(object.remove("a"), Some(Value::from(2)));
    assert_eq!(object.remove("a"), None);
    *object.get_mut("aa").expect("a member") = Value::Null;

    assert_eq!(object.to_string(), r#"{"aa":null,"b":true}"#);
    assert_eq!(object.keys().collect::<Vec<_>>(), ["aa", "b"]);
    assert_eq!(object.iter().next_back(), Some(("b", &Value::Bool(true))));
    assert_eq!(
        (object.len(), object.contains_key("b"), object.get("c")),
        (2, true, None)
    );
    assert_eq!(object.canonical_len(), 20);
    assert_eq!(format!("{object:?}"), object.to_string());
}

#[test]
fn members_know_how_many_of_them_are_left() {
    let object = object(r#"{"a":1,"b":2,"c":3}"#);
    let mut members = object.iter();
    for left in (0..=3).rev() {
        assert_eq!(
            (members.len(), members.size_hint()),
            (left, (left, Some(left)))
        );
        members.next();
    }
}

#[test]
fn values_are_made_of_what_they_hold() {
    assert_eq!(Value::from(7_u32), Value::from(7));
    let number = Number::from(7_i64);
    assert_eq!(Value::from(number.clone()), Value::from(7));
    assert_eq!(format!("{number:?}"), "7");
    assert!(Value::Null.is_null());
    assert!(!Value::from(0).is_null());
}

#[test]
fn the_last_of_collected_members_stays() {
    let object: Object = [("b", 1), ("a", 2), ("b", 3), ("a", 4), ("b", 5)]
        .into_iter()
        .collect();

    assert_eq!(object.to_string(), r#"{"a":4,"b":5}"#);
}

#[test]
fn arrays_grow_at_the_end() {
    let mut array: Array = ["x", "y"].into_iter().collect();
    array.push(vec![Value::Null, Value::from(1)]);

    assert_eq!(format!("{array:?}"), r#"["x","y",[null,1]]"#);
    assert_eq!(
        (array.len(), array.get(1), array.get(3)),
        (3, Some(&Value::from("y")), None)
    );
    assert_eq!(
        array.into_iter().next_back().map(|v| v.to_string()),
        Some("[null,1]".to_owned())
    );
}

#[test]
fn a_selection_names_what_takes_part() {
    let event = object(
        r#"{"content":{"a":{"signed":{"x":1},"y":2},"b":[{"c":1}],"d":5},"hashes":{},"type":"t"}"#,
    );
    let text = |select: Select<'_>| event.selected(&select).to_string();

    assert_eq!(text(Select::All), event.to_string());
    assert_eq!(
        text(Select::Without(&["content", "absent"])),
        r#"{"hashes":{},"type":"t"}"#
    );
    assert_eq!(text(Select::Only(&[])), "{}");
    let a = Select::Only(&[("signed", Select::All)]);
    let content = [
        ("a", a),
        ("b", a),
        ("d", Select::Only(&[])),
        ("e", Select::All),
    ];
    let kept = Select::Only(&[
        ("type", Select::Without(&["x"])),
        ("content", Select::Only(&content)),
    ]);
    assert_eq!(
        text(kept),
        r#"{"content":{"a":{"signed":{"x":1}}},"type":"t"}"#
    );
    let without = [("content", Select::Without(&["a", "b"]))];
    assert_eq!(text(Select::Only(&without)), r#"{"content":{"d":5}}"#);
}

#[test]
fn sinks_get_the_same_bytes() {
    let event = object(&format!(
        r#"{{"long":"{}","s":"a\nb","t":[1,2,{{}}]}}"#,
        "é\\n".repeat(600)
    ));
    let bytes = event.to_canonical();
    let mut hash = <sha2::Sha256 as sha2::Digest>::new();
    let mut count = ByteCount::default();
    event.write_canonical(&mut hash);
    event.write_canonical(&mut count);
    Sink::put(&mut count, b"12");

    assert_eq!(
        sha2::Digest::finalize(hash)[..],
        <sha2::Sha256 as sha2::Digest>::digest(&bytes)[..]
    );
    assert_eq!(count.bytes(), bytes.len() + 2);
    assert_eq!(event.canonical_len(), bytes.len());
}
