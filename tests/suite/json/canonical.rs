//! What the canonical text of a document is.

use roomdag::json::ParseErrorKind;

use crate::json::{becomes, refused};

#[test]
fn the_spec_s_nested_example_is_sorted_at_every_depth() {
    becomes(
        r#"{ "auth": { "success": true, "mxid": "@john.doe:example.com", "profile": {
            "display_name": "John Doe", "three_pids": [
                { "medium": "email", "address": "john.doe@example.org" },
                { "medium": "msisdn", "address": "123456789" } ] } } }"#,
        concat!(
            r#"{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","#,
            r#""three_pids":[{"address":"john.doe@example.org","medium":"email"},"#,
            r#"{"address":"123456789","medium":"msisdn"}]},"success":true}}"#
        ),
    );
}

#[test]
fn the_spec_s_other_examples() {
    becomes("{}", "{}");
    becomes(r#"{"one": 1, "two": "Two"}"#, r#"{"one":1,"two":"Two"}"#);
    becomes(r#"{"b": "2", "a": "1"}"#, r#"{"a":"1","b":"2"}"#);
    becomes(r#"{"a": "日本語"}"#, r#"{"a":"日本語"}"#);
    becomes(r#"{"本": 2, "日": 1}"#, r#"{"日":1,"本":2}"#);
    becomes(r#"{"a": "\u65E5"}"#, r#"{"a":"日"}"#);
    becomes(r#"{"a": null}"#, r#"{"a":null}"#);
    becomes(r#"{"a": -0}"#, r#"{"a":0}"#);
}

#[test]
fn every_control_character_has_one_escape() {
    for code in 0..0x20_u32 {
        let escaped = match code {
            0x08 => r"\b".to_owned(),
            0x09 => r"\t".to_owned(),
            0x0a => r"\n".to_owned(),
            0x0c => r"\f".to_owned(),
            0x0d => r"\r".to_owned(),
            _ => format!(r"\u{code:04x}"),
        };
        let canonical = format!(r#"{{"{escaped}":"{escaped}"}}"#);
        for input in [
            canonical.clone(),
            format!(r#"{{"\u{code:04X}":"\u{code:04x}"}}"#),
        ] {
            becomes(input, &canonical);
        }
        let raw = char::from_u32(code).expect("a character");
        refused(format!("\"ab{raw}\""), &ParseErrorKind::ControlCharacter, 3);
    }
}

#[test]
fn other_characters_stand_for_themselves() {
    for c in [
        '\u{7f}',
        '/',
        '\u{80}',
        '\u{2028}',
        '\u{fdd0}',
        '\u{fffe}',
        '\u{ffff}',
        '\u{10ffff}',
    ] {
        let plain = format!("\"{c}\"");
        becomes(&plain, &plain);
        let mut units = [0; 2];
        let escapes: String = c
            .encode_utf16(&mut units)
            .iter()
            .map(|unit| format!("\\u{unit:04X}"))
            .collect();
        becomes(format!("\"{escapes}\""), &plain);
    }
    becomes(r#""\/\"\\""#, r#""/\"\\""#);
    becomes(r#"["é","é"]"#, r#"["é","é"]"#);
}

#[test]
fn keys_are_sorted_by_code_point() {
    becomes(r#"{"😀":1,"\ufb33":2}"#, "{\"\u{fb33}\":2,\"😀\":1}");
    becomes(
        r#"{"b":1,"":2,"ab":3,"a":4,"B":5}"#,
        r#"{"":2,"B":5,"a":4,"ab":3,"b":1}"#,
    );
}
