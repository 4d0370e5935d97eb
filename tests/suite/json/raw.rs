//! Objects that are kept as bytes, against the tree.

use proptest::prelude::*;
use roomdag::Limits;
use roomdag::json::{CanonicalObject, Mode, Number, Object, RawValue, Select, Value};

use crate::json::laws::{any_text, any_tokens, any_value};
use crate::json::object;

fn parse(input: &[u8], mode: Mode, limits: &Limits) -> Option<CanonicalObject> {
    let found = CanonicalObject::parse_within(input, mode, limits);
    let expected = Object::parse_within(input, mode, limits);
    let shown = String::from_utf8_lossy(input);
    match (found, expected) {
        (Ok(found), Ok(expected)) => {
            assert_eq!(found.as_text(), expected.to_string(), "{shown}");
            assert_eq!(found.to_object(), expected, "{shown}");
            assert_eq!(found, CanonicalObject::from(&expected), "{shown}");
            assert_eq!(found.iter().len(), expected.len(), "{shown}");
            for ((name, value), (key, member)) in found.iter().zip(&expected) {
                assert_eq!(name, key, "{shown}");
                assert_same(value, member);
                assert_eq!(found.get(key), Some(value), "{shown}");
            }
            Some(found)
        }
        (found, expected) => {
            assert_eq!(found.err(), expected.err(), "{shown}");
            None
        }
    }
}

/// Everything that can be asked of a value has the answer that the tree gives.
fn assert_same(raw: RawValue<'_>, value: &Value) {
    assert_eq!(raw.as_text(), value.to_string());
    assert_eq!(raw.to_value(), *value);
    assert_eq!(raw.as_str().as_deref(), value.as_str());
    assert_eq!(raw.as_i64(), value.as_i64());
    let is_integer = value.as_number().is_some_and(Number::is_integer);
    assert_eq!(raw.is_integer(), is_integer);
    assert_eq!(raw.is_array(), value.as_array().is_some());
    assert_eq!(raw.is_object(), value.as_object().is_some());
    let elements = value.as_array().into_iter().flatten();
    assert_eq!(raw.elements().count(), elements.clone().count());
    for (raw, value) in raw.elements().zip(elements) {
        assert_same(raw, value);
    }
    let members = value.as_object().into_iter().flatten();
    assert_eq!(raw.members().count(), members.clone().count());
    for ((name, member), (key, value)) in raw.members().zip(members) {
        assert_eq!(name, key);
        assert_same(member, value);
        assert_eq!(raw.get(key), Some(member));
    }
    assert_eq!(raw.get("no such name"), None);
}

fn any_object() -> impl Strategy<Value = Object> {
    prop::collection::vec((any_text(), any_value()), 0..8)
        .prop_map(|members| members.into_iter().collect())
}

proptest! {
    #[test]
    fn an_object_in_place_is_the_object_of_the_tree(x in any_object()) {
        for mode in [Mode::Strict, Mode::Lenient] {
            parse(&x.to_canonical(), mode, &Limits::default());
        }
    }

    #[test]
    fn what_is_nearly_json_is_refused_alike(text in any_tokens(), depth in 0_usize..8) {
        for text in [text.clone(), format!("{{\"a\":{text}}}"), format!("{{\"a\":[{text}],\"b\":0}}")] {
            for limits in [Limits::default(), Limits { json_depth: depth, ..Limits::default() }] {
                parse(text.as_bytes(), Mode::Strict, &limits);
                parse(text.as_bytes(), Mode::Lenient, &limits);
            }
        }
    }

    #[test]
    fn one_wrong_byte_is_noticed_alike(x in any_object(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = x.to_canonical();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        parse(&bytes, Mode::Strict, &Limits::default());
        parse(&bytes, Mode::Lenient, &Limits::default());
    }

    /// Pieces of the text are what the walk writes.
    #[test]
    fn a_selection_of_the_text_is_that_of_the_tree(
        x in any_object(),
        others in prop::collection::vec(any_text(), 0..3),
        seed in any::<u64>(),
    ) {
        let own = x.keys().chain(x.iter().filter_map(|(_, v)| v.as_object()).flat_map(Object::keys));
        let names = own.enumerate().filter(|(i, _)| seed >> (i % 64) & 1 == 1).map(|(_, name)| name);
        let names: Vec<&str> = names.chain(others.iter().map(String::as_str)).collect();
        let inner: Vec<_> = names.iter().map(|name| (*name, Select::Without(&names))).collect();
        let only: Vec<_> = names.iter().map(|name| (*name, Select::Only(&inner))).collect();
        let whole: Vec<_> = names.iter().map(|name| (*name, Select::All)).collect();
        let text = CanonicalObject::from(&x);
        for select in [
            Select::All,
            Select::Without(&names),
            Select::Only(&whole),
            Select::Only(&inner),
            Select::Only(&only),
        ] {
            let mut written = Vec::new();
            text.write_selected(&select, &mut written);
            let expected = x.selected(&select);
            prop_assert_eq!(String::from_utf8(written).unwrap(), expected.to_string());
            prop_assert_eq!(text.selected(&select), CanonicalObject::from(&expected));
        }
    }
}

#[test]
fn every_way_of_writing_a_character_is_read_alike() {
    let hex = "0123456789abcdefABCDEF".chars();
    for c in hex
        .clone()
        .flat_map(|high| hex.clone().map(move |low| (high, low)))
    {
        for prefix in ["\\u00", "\\u01", "\\u10", "\\ud8"] {
            for name in ["a", "content"] {
                let text = format!("{{\"{name}\":\"x{prefix}{}{}y\"}}", c.0, c.1);
                parse(text.as_bytes(), Mode::Strict, &Limits::default());
            }
        }
    }
    for byte in 0..=u8::MAX {
        for (before, after) in [("", ""), ("\\", ""), ("\\", "0041"), ("é", "é")] {
            let text = [
                b"{\"a\":\"",
                before.as_bytes(),
                &[byte],
                after.as_bytes(),
                b"\"}",
            ]
            .concat();
            parse(&text, Mode::Strict, &Limits::default());
            let text = [
                b"{\"",
                before.as_bytes(),
                &[byte],
                after.as_bytes(),
                b"\":0}",
            ]
            .concat();
            parse(&text, Mode::Strict, &Limits::default());
        }
    }
}

#[test]
fn numbers_and_literals_are_read_alike() {
    for number in [
        "0",
        "-0",
        "00",
        "01",
        "-1",
        "-01",
        "1",
        "10",
        "-",
        "--1",
        "+1",
        "1.",
        ".5",
        "1.0",
        "1e1",
        "999999999999999",
        "-999999999999999",
        "1000000000000000",
        "9007199254740991",
        "9007199254740992",
        "-9007199254740992",
        "99999999999999999999",
        "1a",
        "true",
        "false",
        "null",
        "tru",
        "truee",
        "nul",
        "True",
        "",
        " 1",
        "1 ",
    ] {
        for text in [
            format!("{{\"a\":{number}}}"),
            format!("{{\"a\":[{number},{number}]}}"),
            number.to_owned(),
        ] {
            parse(text.as_bytes(), Mode::Strict, &Limits::default());
            parse(text.as_bytes(), Mode::Lenient, &Limits::default());
        }
    }
}

/// From some depth on the tree is built, which nobody can tell.
#[test]
fn every_depth_is_read_alike() {
    for depth in (0..40).chain([100, 1_000]) {
        for (open, inner, close) in [
            ("[", "", "]"),
            ("[0,", "0", ",0]"),
            ("{\"a\":", "{}", "}"),
            ("{\"a\":0,\"b\":", "{}", ",\"c\":1}"),
            ("{\"a\":[", "", "],\"b\":{}}"),
        ] {
            let text = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
            let text = format!("{{\"a\":0,\"x\":{text},\"y\":[]}}");
            for json_depth in [0, 1, 2, 31, 32, 33, 34, usize::MAX] {
                let limits = Limits {
                    json_depth,
                    ..Limits::default()
                };
                parse_shallow(&text, &limits);
            }
        }
    }
}

/// As [`parse`], without a look inside.
fn parse_shallow(text: &str, limits: &Limits) {
    let found = CanonicalObject::parse_within(text.as_bytes(), Mode::Strict, limits);
    let expected = Object::parse_within(text.as_bytes(), Mode::Strict, limits);
    let found = found.map(|found| {
        let names: Vec<_> = found.iter().map(|(name, _)| name.into_owned()).collect();
        assert_eq!(names, ["a", "x", "y"]);
        found.to_object()
    });
    assert_eq!(found, expected);
}

#[test]
fn a_deep_object_in_place_needs_no_stack() {
    let depth = 100_000;
    let deep = format!("{}{}", "{\"a\":[".repeat(depth), "]}".repeat(depth));
    let thread = std::thread::Builder::new().stack_size(64 * 1024);
    let test = move || {
        let limits = Limits::default();
        let found = CanonicalObject::parse_within(deep.as_bytes(), Mode::Strict, &limits).unwrap();
        assert_eq!(found.as_text(), deep);
        let inner = found.get("a").unwrap();
        assert_eq!(inner.elements().count(), 1);
        assert_eq!(found.selected(&Select::Without(&["b"])), found);
        assert_eq!(found.to_object().to_string(), deep);
    };
    thread.spawn(test).unwrap().join().unwrap();
}

#[test]
fn an_object_in_place_prints_as_its_text() {
    let found = CanonicalObject::from(&object(r#"{"b":[1,"x\n"],"a":{}}"#));

    let text = r#"{"a":{},"b":[1,"x\n"]}"#;
    assert_eq!(format!("{found} {found:?}"), format!("{text} {text}"));
    let value = found.get("b").unwrap();
    assert_eq!(format!("{value} {value:?}"), r#"[1,"x\n"] [1,"x\n"]"#);
}

#[test]
fn names_out_of_order_and_repeated_ones_are_noticed_at_every_level() {
    let values = ["1", "{}", "{\"a\":1}", "{\"z\":{\"a\":[]}}", "[{\"a\":1}]"];
    for names in [
        ["a", "b"],
        ["b", "a"],
        ["b", "aa"],
        ["a", "a"],
        ["", "a"],
        ["a", ""],
        ["é", "z"],
    ] {
        for first in values {
            for second in values {
                let text = format!("{{\"{}\":{first},\"{}\":{second}}}", names[0], names[1]);
                for text in [
                    text.clone(),
                    format!("{{\"c\":{text},\"d\":{text}}}"),
                    format!("{{\"c\":[{text},{text}]}}"),
                ] {
                    parse(text.as_bytes(), Mode::Strict, &Limits::default());
                }
            }
        }
    }
}

/// Whatever brackets, commas and values follow one another.
#[test]
fn every_short_text_is_read_alike() {
    const TOKENS: [&str; 8] = ["{", "}", "[", "]", ",", "1", "\"a\":", "\"b\":"];
    let limits = Limits::default();
    let mut accepted = 0;
    for start in ["", "{\"a\":"] {
        for len in 0..=5 {
            for mut number in 0..TOKENS.len().pow(len) {
                let mut text = String::from(start);
                for _ in 0..len {
                    text.push_str(TOKENS[number % TOKENS.len()]);
                    number /= TOKENS.len();
                }
                accepted += usize::from(parse(text.as_bytes(), Mode::Strict, &limits).is_some());
            }
        }
    }
    assert!(accepted > 10, "{accepted}");
}

#[test]
fn objects_are_equal_if_their_texts_are() {
    let read = |text: &str| CanonicalObject::from(&object(text));
    assert_eq!(read(r#"{"a":1,"b":2}"#), read(r#"{"b":2,"a":1}"#));
    let (one, two) = (read(r#"{"a":1}"#), read(r#"{"a":2}"#));
    assert_ne!(one, two);
    assert_ne!(one.get("a"), two.get("a"));
}
