//! To and from `serde_json`.

use crate::json::value;
use roomdag::json::{InteropError, Object, Value};
use serde_json::json;

#[test]
fn values_cross_over_unchanged() {
    for text in [
        r#"{"a":[null,true,"x",{"b":{}}],"c":-5,"d":[]}"#,
        "18446744073709551615",
        "[1.5,-0.0,1e+16]",
        "null",
    ] {
        let theirs = serde_json::Value::try_from(&value(text)).expect(text);
        assert_eq!(Value::try_from(theirs), Ok(value(text)), "{text}");
    }
    let object = Object::try_from(json!({"b": 1, "a": {"c": [2]}})).expect("an object");
    assert_eq!(object.to_string(), r#"{"a":{"c":[2]},"b":1}"#);
    assert_eq!(
        serde_json::Value::try_from(&object),
        Ok(json!({"a": {"c": [2]}, "b": 1}))
    );
    assert_eq!(Object::try_from(json!([])), Err(InteropError::NotAnObject));
}

#[test]
fn what_cannot_cross_exactly_is_refused() {
    let big = value("[123456789012345678901234567890]");
    assert_eq!(serde_json::Value::try_from(&big), Err(InteropError::Number));
    for (depth, ok) in [(128, true), (129, false)] {
        let deep = value(&["[".repeat(depth), "]".repeat(depth)].concat());
        assert_eq!(serde_json::Value::try_from(&deep).is_ok(), ok, "{depth}");
    }
}
