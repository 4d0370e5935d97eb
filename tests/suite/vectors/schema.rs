//! `schema`: that the files, the requests and the replies are as their schemas say.

use std::collections::BTreeMap;

use boon::{Compiler, SchemaIndex, Schemas};
use roomdag::json::{Array, Mode, Object, Value};
use roomdag::lab::conformance::{Question, reply};

use crate::vectors::fields::{bytes, cases_of, file, files, root};
use crate::vectors::own::{own_files, rows_without_cases};

/// Compiled schemas.
struct Kit {
    schemas: Schemas,
    compiler: Compiler,
}

impl Kit {
    fn new() -> Self {
        let (schemas, compiler) = (Schemas::new(), Compiler::new());
        Self { schemas, compiler }
    }

    fn schema(&mut self, place: &str) -> SchemaIndex {
        let path = root().join("schema");
        let place = format!("{}/{place}", path.display());
        let compiled = self.compiler.compile(&place, &mut self.schemas);
        compiled.unwrap_or_else(|error| panic!("{place}: {error:#}"))
    }

    fn check(&mut self, place: &str, value: &Object) -> Result<(), String> {
        self.check_value(place, &value.clone().into())
    }

    fn check_value(&mut self, place: &str, value: &Value) -> Result<(), String> {
        let schema = self.schema(place);
        let value = plain(value);
        let checked = self.schemas.validate(&value, schema);
        checked.map_err(|error| format!("{error:#}"))
    }

    #[track_caller]
    fn assert(&mut self, name: &str, place: &str, value: &Object) {
        if let Err(error) = self.check(place, value) {
            panic!("{name}: {error}");
        }
    }
}

/// The value in the terms of another crate. Of numbers that it does not have only the kind is kept.
fn plain(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::String(text) => (&**text).into(),
        Value::Number(number) if number.is_integer() => number.as_i64().unwrap_or(i64::MAX).into(),
        Value::Number(number) => number.as_f64().into(),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(key, value)| (key.to_owned(), plain(value)));
            serde_json::Value::Object(members.collect())
        }
    }
}

#[test]
fn every_own_file_is_one_by_its_schema() {
    let mut kit = Kit::new();
    let without = rows_without_cases();
    assert!(!without.is_empty());
    for path in own_files().into_iter().chain(without) {
        kit.assert(&path, "file.json", &file(&path));
    }
}

#[test]
fn a_file_without_cases_names_the_tests_that_it_stands_for() {
    let mut kit = Kit::new();
    let whole = file("security/V-X-01.json");
    let breaks: [Break; 4] = [
        |file| drop(file.remove("tests")),
        |file| drop(file.insert("tests", Vec::new())),
        |file| drop(file.remove("row")),
        |file| drop(file.insert("question", "resolve")),
    ];
    for (number, change) in breaks.into_iter().enumerate() {
        let mut broken = whole.clone();
        change(&mut broken);
        assert!(kit.check("file.json", &broken).is_err(), "change {number}");
    }
}

#[test]
fn the_rulings_are_as_their_schema_says() {
    let breaks: [Break; 3] = [
        |ruling| drop(ruling.remove("question")),
        |ruling| drop(ruling.insert("ruling", "")),
        |ruling| drop(ruling.remove("vectors")),
    ];
    assert_table("rulings.json", "SG-08", &breaks);
}

#[test]
fn the_rules_are_as_their_schema_says() {
    let breaks: [Break; 3] = [
        |rule| drop(rule.remove("verdict")),
        |rule| drop(rule.insert("says", "")),
        |rule| drop(rule.insert("numbers", Object::from_iter([("13", "1")]))),
    ];
    assert_table("rules.json", "SenderNotJoined", &breaks);
}

/// A table is as its schema says, which is of the same name; one whose only entry is this one,
/// broken, is not.
#[track_caller]
fn assert_table(name: &str, entry: &str, breaks: &[Break]) {
    let mut kit = Kit::new();
    let table = file(name);
    kit.assert(name, name, &table);
    let whole = table.get(entry).and_then(Value::as_object).unwrap();
    for (number, change) in breaks.iter().enumerate() {
        let mut broken = whole.clone();
        change(&mut broken);
        let broken = Object::from_iter([(entry, broken)]);
        assert!(kit.check(name, &broken).is_err(), "change {number}");
    }
}

/// What a file holds that is not of the one format, by the name of its schema in `recorded.json`.
fn recorded(path: &str) -> Option<&'static str> {
    Some(match path {
        "auth/cases.json" => "auth",
        "canonical-json/cases.json" => "canonicalJson",
        "events/events.json" => "events",
        "events/spec-examples.json" => "specExamples",
        "format/format.json" => "format",
        "signatures/ed25519-cctv.json" => "ed25519",
        "signatures/ed25519-go-accepts.json" | "signatures/ed25519-libsodium-accepts.json" => {
            "ed25519Accepts"
        }
        "rooms/server_keys.json" => "serverKeys",
        _ if path.starts_with("rooms/") && path.ends_with("/expected.json") => "room",
        _ if path.starts_with("rooms/") && path.ends_with("/trace.ndjson") => "resolution",
        _ if path.starts_with("cases/") && path.ends_with(".expected.json") => "case",
        _ => return None,
    })
}

/// The documents of a file, one or one a line.
fn documents(path: &str) -> Vec<Value> {
    let bytes = bytes(path);
    let parse = |text: &[u8]| Value::parse(text, Mode::Lenient).unwrap();
    if path.ends_with(".ndjson") {
        let lines = bytes.split(|byte| *byte == b'\n');
        lines.filter(|line| !line.is_empty()).map(parse).collect()
    } else {
        vec![parse(&bytes)]
    }
}

/// Events are as a server sends them, so of those files nothing more is to be said.
#[test]
fn every_other_file_is_as_its_schema_says() {
    let mut kit = Kit::new();
    let mut own: Vec<String> = own_files();
    own.extend(rows_without_cases());
    own.extend(["rules.json", "rulings.json", "events/example.json"].map(str::to_owned));
    let mut checked = BTreeMap::new();
    for path in files("") {
        let (_, ending) = path.rsplit_once('.').unwrap_or_default();
        let is_json = ending == "json" || path.ends_with("/trace.ndjson");
        if !is_json || path.starts_with("schema/") || own.contains(&path) {
            continue;
        }
        let kind = recorded(&path).unwrap_or_else(|| panic!("{path} has no schema"));
        for document in documents(&path) {
            let found = kit.check_value(&format!("recorded.json#/$defs/{kind}"), &document);
            found.unwrap_or_else(|error| panic!("{path}: {error}"));
            *checked.entry(kind).or_insert(0_usize) += 1;
        }
    }
    assert_eq!(checked["room"], 16);
    assert_eq!(checked["case"], 12);
    assert_eq!(checked["resolution"], 871);
    assert_eq!(checked.len(), 11);
}

/// Members that are set to something wrong, or taken out, of the first case of a file or of all.
#[test]
fn a_broken_recording_is_refused() {
    let mut kit = Kit::new();
    let text = |text: &str| Some(Value::from(text));
    let of_case = [
        ("auth/cases.json", "expect", None),
        ("auth/cases.json", "disputed", Some(false.into())),
        (
            "canonical-json/cases.json",
            "strict",
            Some(Object::new().into()),
        ),
        ("canonical-json/cases.json", "modes", Some(2.into())),
        ("events/events.json", "content_hash", text("AAAA")),
        ("events/events.json", "redacted", None),
        ("format/format.json", "room_version", text("13")),
        (
            "format/format.json",
            "expect",
            Some(Object::from_iter([("parsed", true)]).into()),
        ),
    ];
    let of_whole = [
        ("events/spec-examples.json", "seed", None),
        ("rooms/v11-small/expected.json", "states", None),
        (
            "rooms/v11-small/expected.json",
            "servers",
            Some(Array::default().into()),
        ),
        ("rooms/v11-small/trace.ndjson", "resolved", text("00")),
        ("rooms/v11-small/trace.ndjson", "power_order", None),
        ("cases/v11-6.expected.json", "extremities", text("$a")),
        (
            "cases/v11-6.expected.json",
            "state_maps",
            Some(Object::from_iter([("00", 1)]).into()),
        ),
    ];
    let spoil = |object: &mut Object, member: &str, value: Option<Value>| {
        match value {
            Some(value) => object.insert(member, value),
            None => object.remove(member),
        };
    };
    let place = |path| format!("recorded.json#/$defs/{}", recorded(path).unwrap());
    for (path, member, value) in of_case {
        let mut broken = file(path);
        let cases = broken.get("cases").and_then(Value::as_array).unwrap();
        let mut case = cases.get(0).cloned().unwrap().into_object().unwrap();
        broken.insert("cases", Array::from_iter([case.clone()]));
        kit.assert(path, &place(path), &broken);
        spoil(&mut case, member, value);
        broken.insert("cases", Array::from_iter([case]));
        let checked = kit.check(&place(path), &broken);
        assert!(checked.is_err(), "{path}: {member}");
    }
    for (path, member, value) in of_whole {
        let mut broken = documents(path).swap_remove(0).into_object().unwrap();
        spoil(&mut broken, member, value);
        let checked = kit.check(&place(path), &broken);
        assert!(checked.is_err(), "{path}: {member}");
    }
}

#[test]
fn every_case_asks_and_expects_what_its_question_has() {
    let mut kit = Kit::new();
    for path in own_files() {
        for case in cases_of(&path) {
            let (name, question) = (case.address(), case.question.name());
            kit.assert(&name, "protocol.json#/$defs/request", &case.request());
            for answer in [&case.expect].into_iter().chain(&case.also_allowed) {
                kit.assert(&name, &format!("{question}.json#/$defs/expect"), answer);
            }
        }
    }
}

/// The examples have every question, so every schema of an answer is used.
#[test]
fn the_replies_of_the_engine_are_as_their_schemas_say() {
    let mut kit = Kit::new();
    let page = String::from_utf8(bytes("protocol.md")).unwrap();
    let lines: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("{\""))
        .collect();
    for pair in lines.chunks(2) {
        let request = Object::parse(pair[0].as_bytes(), Mode::Lenient).unwrap();
        let name = request.get("question").and_then(Value::as_str).unwrap();
        kit.assert(name, "protocol.json#/$defs/request", &request);
        let reply = reply(pair[0].as_bytes());
        kit.assert(name, "protocol.json#/$defs/reply", &reply);
        let answer = reply.get("answer").and_then(Value::as_object).unwrap();
        kit.assert(name, &format!("{name}.json#/$defs/answer"), answer);
        // Our own engine says nothing that is not described.
        kit.assert(name, &format!("{name}.json#/$defs/expect"), answer);
    }
    let others = ["file", "parts", "protocol", "recorded", "rules", "rulings"];
    assert_eq!(files("schema").len(), Question::ALL.len() + others.len());
}

/// A change to something that is right.
type Break = fn(&mut Object);

#[test]
fn a_broken_record_is_refused() {
    let mut kit = Kit::new();
    let whole = file("auth/rules.json");
    kit.assert("whole", "file.json", &whole);
    let first = |file: &Object| {
        file.get("cases")
            .and_then(Value::as_array)
            .unwrap()
            .get(0)
            .cloned()
    };
    let breaks: [Break; 7] = [
        |case| drop(case.remove("id")),
        |case| drop(case.insert("id", 1)),
        |case| drop(case.remove("expect")),
        |case| drop(case.insert("room_versions", vec!["13".into()])),
        |case| drop(case.insert("ruling", "XX-1")),
        |case| drop(case.insert("spec", "no link")),
        |case| drop(case.insert("name", "what it was called once")),
    ];
    for (number, change) in breaks.into_iter().enumerate() {
        let mut case = first(&whole).unwrap().into_object().unwrap();
        change(&mut case);
        let mut broken = whole.clone();
        broken.insert("cases", Array::from_iter([case]));
        assert!(kit.check("file.json", &broken).is_err(), "change {number}");
    }
}

#[test]
fn a_broken_request_is_refused() {
    let mut kit = Kit::new();
    let whole = cases_of("auth/rules.json").swap_remove(0);
    let breaks: [Break; 4] = [
        |input| drop(input.remove("event")),
        |input| drop(input.insert("events", 1)),
        |input| drop(input.insert("state", vec!["create".into()])),
        |input| drop(input.insert("readings", Object::from_iter([("federation", "any")]))),
    ];
    for (number, change) in breaks.into_iter().enumerate() {
        let mut case = whole.clone();
        change(&mut case.input);
        let checked = kit.check("protocol.json#/$defs/request", &case.request());
        assert!(checked.is_err(), "change {number}");
    }
    for wrong in [
        Object::from_iter([("verdict", "perhaps")]),
        Object::from_iter([("verdicts", "allow")]),
        Object::new(),
    ] {
        assert!(
            kit.check("auth.json#/$defs/expect", &wrong).is_err(),
            "{wrong}"
        );
    }
    let mut request = whole.request();
    request.remove("room_version");
    assert!(kit.check("protocol.json#/$defs/request", &request).is_err());
}
