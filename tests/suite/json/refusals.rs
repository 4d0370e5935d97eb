//! What is not a document, and where it goes wrong.

use roomdag::json::{Mode, Object, ParseErrorKind, Value};
use roomdag::limits::Limits;

use crate::json::{becomes, canonical, refused};

#[test]
fn half_a_surrogate_pair_is_refused_in_keys_and_values() {
    let unpaired = ParseErrorKind::UnpairedSurrogate;
    for half in [
        r"\ud83d",
        r"\ude00",
        r"\ud83d\u0041",
        r"\ude00\ud83d",
        r"\ud83dA",
        r"\ud83d\n",
        r"\uDFFF",
    ] {
        refused(format!(r#""x{half}""#), &unpaired, 2);
        refused(format!(r#"{{"{half}":1}}"#), &unpaired, 2);
    }
    refused(b"\"\xed\xa0\xbd\"", &ParseErrorKind::InvalidUtf8, 1);
}

#[test]
fn what_is_not_utf_8_is_refused() {
    for bytes in [
        &b"\xff"[..],
        b"\xc0\x80",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
        b"\x80",
    ] {
        let input = [b"[\"", bytes, b"\"]"].concat();
        refused(input, &ParseErrorKind::InvalidUtf8, 2);
    }
    refused("\u{feff}{}", &ParseErrorKind::Unexpected('\u{feff}'), 0);
}

#[test]
fn a_repeated_key_is_refused_wherever_it_is_and_however_it_is_spelt() {
    for (input, key) in [
        (r#"{"a":1,"a":2}"#, "a"),
        (r#"{"apple":1,"appl\u0065":2}"#, "apple"),
        (r#"{"a":1,"b":2,"a":1}"#, "a"),
        (r#"[{"x":{"":1,"b":0,"":2}}]"#, ""),
        (r#"{"z":[],"é":[],"\u00e9":null}"#, "é"),
    ] {
        let end = input.find('}').expect("an end");
        refused(input, &ParseErrorKind::DuplicateKey(key.to_owned()), end);
    }
    becomes("{\"é\":1,\"e\u{301}\":2}", "{\"e\u{301}\":2,\"é\":1}");
    let long = "k".repeat(300);
    let cut = ParseErrorKind::DuplicateKey("k".repeat(255));
    assert_eq!(
        canonical(format!(r#"{{"{long}":1,"{long}":2}}"#), Mode::Strict),
        Err(cut)
    );
}

#[test]
fn what_is_not_json_is_refused_where_it_goes_wrong() {
    let end = ParseErrorKind::UnexpectedEnd;
    for input in [
        "",
        " ",
        "[",
        "[1",
        "[1,",
        "{",
        r#"{"a""#,
        r#"{"a":"#,
        r#"{"a":1"#,
        r#"{"a":1,"#,
    ] {
        refused(input, &end, input.len());
    }
    for input in [
        "\"", "\"a", r#""\"#, r#""\u00"#, "-", "t", "fals", "nul", "[[]", "[{}",
    ] {
        refused(input, &end, input.len());
    }
    for (input, c, offset) in [
        ("[1,]", ']', 3),
        ("[,1]", ',', 1),
        ("[1 2]", '2', 3),
        ("[}", '}', 1),
        ("{]", ']', 1),
        ("[1}", '}', 2),
        (r#"{"a":1]"#, ']', 6),
        (r#"{"a":1,}"#, '}', 7),
        (r#"{"a" 1}"#, '1', 5),
        (r#"{"a":}"#, '}', 5),
        ("{1:2}", '1', 1),
        ("{a:1}", 'a', 1),
        ("{,}", ',', 1),
        ("]", ']', 0),
        (",", ',', 0),
        ("NaN", 'N', 0),
        ("Infinity", 'I', 0),
        ("-Infinity", 'I', 1),
        ("nan", 'a', 1),
        ("TRUE", 'T', 0),
        ("truE", 'E', 3),
        ("+1", '+', 0),
        (".5", '.', 0),
        ("[1.]", ']', 3),
        ("[1e]", ']', 3),
        ("[1.e1]", 'e', 3),
        ("[0x10]", 'x', 2),
        ("[1é]", 'é', 2),
        ("'a'", '\'', 0),
        ("[1/*x*/]", '/', 2),
        ("\u{a0}1", '\u{a0}', 0),
        ("\u{c}1", '\u{c}', 0),
    ] {
        refused(input, &ParseErrorKind::Unexpected(c), offset);
    }
    for (input, offset) in [
        ("{}x", 2),
        ("1 2", 2),
        ("[] []", 3),
        ("\"\"\0", 2),
        ("truee", 4),
    ] {
        refused(input, &ParseErrorKind::TrailingData, offset);
    }
    for (input, offset) in [
        (r#""\x41""#, 1),
        (r#""a\u12g4""#, 2),
        (r#""\'""#, 1),
        (r#""\u+123""#, 1),
    ] {
        refused(input, &ParseErrorKind::BadEscape, offset);
    }
    for (input, offset) in [("01", 0), ("[-00]", 2), ("-01.5", 1), ("00", 0)] {
        refused(input, &ParseErrorKind::LeadingZero, offset);
    }
    becomes(" \t\r\n[ 1 , { \"a\" : [ ] } ] ", r#"[1,{"a":[]}]"#);
}

#[test]
fn limits_bound_the_input_and_the_depth() {
    let limits = Limits {
        input_bytes: 8,
        json_depth: 2,
        ..Limits::default()
    };
    let parse = |text: &str| match Value::parse_within(text.as_bytes(), Mode::Strict, &limits) {
        Ok(value) => Ok(value.to_string()),
        Err(error) => Err((error.kind().clone(), error.offset())),
    };
    assert_eq!(parse("[[]]    "), Ok("[[]]".to_owned()));
    assert_eq!(
        parse("[[]]     "),
        Err((ParseErrorKind::TooLarge { limit: 8 }, 9))
    );
    assert_eq!(
        parse("[[[]]]"),
        Err((ParseErrorKind::TooDeep { limit: 2 }, 2))
    );
    assert_eq!(
        parse("[[{}]]"),
        Err((ParseErrorKind::TooDeep { limit: 2 }, 2))
    );
    let error = Object::parse_within(b"[]", Mode::Strict, &limits).expect_err("not an object");
    assert_eq!(error.kind(), &ParseErrorKind::NotAnObject);
}

#[test]
fn the_wording_of_errors() {
    for (input, text) in [
        (
            r#"{"a":1,"a":2}"#,
            "key `a` appears twice in the object that ends at byte 12",
        ),
        ("[1.5]", "number with a fraction at byte 1"),
        ("[\u{7f}]", r"unexpected `\u{7f}` at byte 1"),
        ("[", "unexpected end of input at byte 1"),
    ] {
        let error = Value::parse(input.as_bytes(), Mode::Strict).expect_err("refused");
        assert_eq!(error.to_string(), text);
    }
}
