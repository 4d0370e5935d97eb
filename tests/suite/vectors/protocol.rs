//! `protocol.md`: that its examples are true.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use roomdag::json::{Mode, Object, Value};
use roomdag::lab::conformance::{Question, Reply, ReplyError, answer, cases, reply};

use crate::vectors::fields::{bytes, file, files, text};

#[test]
fn each_question_has_an_example_that_is_answered_as_it_says() {
    let page = String::from_utf8(bytes("protocol.md")).unwrap();
    let mut lines = page.lines().filter(|line| line.starts_with("{\""));
    let mut shown = BTreeSet::new();
    while let Some(request) = lines.next() {
        let told = Object::parse(lines.next().unwrap().as_bytes(), Mode::Lenient).unwrap();
        assert_eq!(reply(request.as_bytes()), told, "{request}");
        let request = Object::parse(request.as_bytes(), Mode::Lenient).unwrap();
        let question = Question::of(text(&request, "question")).unwrap();
        assert!(page.contains(&format!("### `{}`", question.name())));
        shown.insert(question);
    }
    assert_eq!(shown, BTreeSet::from(Question::ALL));
}

#[test]
fn the_example_of_a_file_is_one_that_passes() {
    let page = String::from_utf8(bytes("README.md")).unwrap();
    let (_, example) = page.split_once("```json\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let cases = cases(example.as_bytes(), "README.md", |_| None).unwrap();
    assert_eq!(cases.len(), 2);
    for case in cases {
        let found = answer(case.question, case.room_version.as_deref(), &case.input).unwrap();
        let found = case.compare(&found);
        assert_eq!((found.different.as_slice(), found.equal), (&[][..], 1));
    }
}

#[test]
fn what_is_no_request_is_answered_with_an_error() {
    for line in [
        "",
        "x",
        "[]",
        "{}",
        r#"{"id":1,"question":"acl","input":{}}"#,
        r#"{"id":"1","question":"acl","input":[]}"#,
        r#"{"id":"1","question":"acl","input":{}}"#,
        r#"{"id":"1","question":"hashes","input":{"event":{}}}"#,
        r#"{"id":"1","question":"hashes","room_version":"0","input":{"event":{}}}"#,
    ] {
        let reply = reply(line.as_bytes());
        assert!(reply.contains_key("error"), "{line}: {reply}");
        assert!(reply.contains_key("id"), "{line}: {reply}");
        assert!(!reply.contains_key("answer"), "{line}: {reply}");
    }
}

#[test]
fn a_question_that_is_not_known_is_not_supported() {
    let reply = reply(br#"{"id":"1","question":"weather","input":{}}"#);
    assert_eq!(reply.to_string(), r#"{"id":"1","unsupported":true}"#);
}

#[test]
fn a_reply_is_read_as_what_it_says() {
    let read = |line: &str| Reply::parse(line.as_bytes(), "1");
    let answer = Object::from_iter([("ok", true)]);
    assert_eq!(
        read(r#"{"id":"1","answer":{"ok":true}}"#),
        Ok(Reply::Answer(answer))
    );
    assert_eq!(
        read(r#"{"id":"1","unsupported":true}"#),
        Ok(Reply::Unsupported)
    );
    assert_eq!(
        read(r#"{"id":"1","error":"e"}"#),
        Ok(Reply::Error("e".into()))
    );
    assert_eq!(read(r#"{"answer":{}}"#), Err(ReplyError::NoId));
    for line in [r#"{"id":"2","answer":{}}"#, r#"{"id":1,"answer":{}}"#] {
        assert!(
            matches!(read(line), Err(ReplyError::OtherId { .. })),
            "{line}"
        );
    }
    for line in [
        r#"{"id":"1"}"#,
        r#"{"id":"1","answer":[]}"#,
        r#"{"id":"1","unsupported":1}"#,
    ] {
        assert_eq!(read(line), Err(ReplyError::Empty), "{line}");
    }
    assert!(matches!(read("nonsense"), Err(ReplyError::Json(_))));
}

/// The words that the schemas of answers list. The schemas hold the vectors to them.
fn listed() -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for path in files("schema") {
        let schema = file(&path);
        let parts = schema.get("$defs").and_then(Value::as_object);
        for (name, part) in parts.into_iter().flatten() {
            let is_of_answers = match path.as_str() {
                "schema/parts.json" => name != "roomVersion" && name != "readings",
                "schema/file.json" | "schema/protocol.json" => false,
                _ => name == "members",
            };
            if is_of_answers {
                enumerated(part, &mut words);
            }
        }
    }
    words
}

/// The words in every `enum` of a schema.
fn enumerated(schema: &Value, words: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_array().filter(|_| name == "enum") {
                    Some(list) => {
                        let texts = list.iter().filter_map(Value::as_str);
                        words.extend(texts.map(str::to_owned));
                    }
                    None => enumerated(value, words),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| enumerated(item, words)),
        _ => {}
    }
}

#[test]
fn every_word_of_an_answer_is_on_the_page() {
    let page = String::from_utf8(bytes("protocol.md")).unwrap();
    let words = listed();
    assert!(words.len() > 70, "only {}: {words:?}", words.len());
    for word in words {
        assert!(page.contains(&format!("`{word}`")), "{word}");
    }
}

/// Every reason that stands in the source of the answers, whether a vector asks for it or not.
#[test]
fn every_word_that_the_engine_can_answer_is_listed() {
    let listed = listed();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lab/conformance/answer");
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        let code = source
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for text in code.flat_map(|line| line.split('"').skip(1).step_by(2)) {
            let is_word = text.starts_with(|c: char| c.is_ascii_uppercase())
                && text.chars().all(|c| c.is_ascii_alphabetic());
            if is_word {
                found.insert(text.to_owned());
            }
        }
    }
    assert!(found.len() > 50, "only {}: {found:?}", found.len());
    assert_eq!(found.difference(&listed).collect::<Vec<_>>(), [""; 0]);
}
