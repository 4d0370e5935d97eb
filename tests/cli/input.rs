//! What the verbs make of input that is not quite a room or an event, and how they call its parts.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    KEYS, V1, V11, code, document, events, file, lines, run, run_with, stderr, stdout, temporary,
};

/// Objects that are no events of room version 6, all on one line; two are not even canonical JSON.
const MIXED: &str = r#"[{"type":"a","n":0.5},{"type":"b","sender":"@a:x"},{"type":"c","n":0.5}]"#;

#[test]
fn elements_of_an_array_on_one_line_are_told_apart() {
    let check = |input: &str| run_with(&["check", "-", "--room-version", "6"], input.as_bytes());
    let output = check(MIXED);
    assert_eq!(code(&output), 1);
    for index in 0..3 {
        let place = format!("warning: <stdin>:1: [{index}]: ");
        assert!(stderr(&output).contains(&place), "{}", stderr(&output));
    }
    let rows = lines(&output);
    let told = |row: &Value| (row["event_id"].is_null(), row["position"].clone());
    let rows: Vec<_> = rows.iter().map(told).collect();
    assert_eq!(
        rows,
        [
            (false, json!("[1]")),
            (true, json!("[0]")),
            (true, json!("[2]"))
        ]
    );

    let object = check(&format!(r#"{{"pdus":[],"auth_chain":{MIXED}}}"#));
    assert!(stderr(&object).contains("<stdin>:1: auth_chain[2]: "));
    let ndjson = check("{\"type\":\"a\",\"n\":0.5}\n{\"type\":\"c\",\"n\":0.5}\n");
    assert_eq!(lines(&ndjson)[1]["position"], "line 2");

    let resolved = run_with(&["resolve", "-", "--room-version", "6"], MIXED.as_bytes());
    let answer: Value = serde_json::from_slice(&resolved.stdout).unwrap();
    assert_eq!(answer["dropped"].as_array().unwrap().len(), 1);
    assert_eq!(answer["dropped_without_id"], json!(["[0]", "[2]"]));
}

#[test]
fn input_without_an_event_is_unusable_to_every_verb() {
    for verb in ["check", "resolve", "event", "redact"] {
        for input in ["", "[]", "{\"events\":[]}", "junk\n"] {
            let args = match verb {
                "check" | "resolve" => vec![verb, "-", "--room-version", "6"],
                _ => vec![verb, "--room-version", "6"],
            };
            let output = run_with(&args, input.as_bytes());
            assert_eq!(code(&output), 2, "{verb} {input:?}");
            assert_eq!(stdout(&output), "", "{verb} {input:?}");
            assert!(
                stderr(&output).contains("error: <stdin>: "),
                "{verb} {input:?}"
            );
        }
    }
}

#[test]
fn where_single_events_are_expected_an_object_is_one() {
    let room_version = ["--room-version", "6"];
    let bare = br#"{"content":{}}"#;
    let event = run_with(&[&["event"][..], &room_version].concat(), bare);
    assert_eq!(code(&event), 1);
    let report: Value = serde_json::from_slice(&event.stdout).unwrap();
    assert_eq!(report["reason"], "`type` is missing");
    let redact = run_with(&[&["redact"][..], &room_version].concat(), bare);
    assert_eq!((code(&redact), stdout(&redact)), (2, String::new()));
    assert!(stderr(&redact).contains("<stdin>:1: `type` is missing"));
    // What is no canonical JSON has no hashes, but is told of.
    let event = run_with(&[&["event"][..], &room_version].concat(), MIXED.as_bytes());
    assert_eq!(code(&event), 1);
    let reports: Value = serde_json::from_slice(&event.stdout).unwrap();
    let types: Vec<_> = reports
        .as_array()
        .unwrap()
        .iter()
        .map(|report| &report["type"])
        .collect();
    assert_eq!(types, ["a", "b", "c"]);
    assert_eq!(
        (&reports[0]["format"], &reports[0]["event_id"]),
        (&json!("invalid"), &Value::Null)
    );
}

#[test]
fn another_room_version_than_the_create_event_states_is_warned_of() {
    let output = run(&["resolve", V11, "--room-version", "1"]);
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("states room version `11`"),
        "{}",
        stderr(&output)
    );
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["state"], json!([]));
    for (room, version) in [(V11, "11"), (V1, "1")] {
        let output = run(&["resolve", room, "--room-version", version]);
        assert_eq!(code(&output), 0);
        assert!(!stderr(&output).contains("states room version"));
    }
}

#[test]
fn a_list_of_keys_without_keys_is_warned_of() {
    for (name, keys) in [("none.json", "{}"), ("none-of-any.json", "[]")] {
        let path = temporary(name, keys);
        let output = run(&["check", V11, "--keys", path.to_str().unwrap()]);
        assert!(
            stderr(&output).contains("there are no keys in it"),
            "{keys}"
        );
    }
    assert!(!stderr(&run(&["check", V11, "--keys", KEYS])).contains("no keys"));
}

#[test]
fn a_table_tells_events_apart() {
    for room in [V1, V11] {
        let table = stdout(&run(&["check", room, "--format", "table"]));
        let ids = table
            .lines()
            .skip(1)
            .map(|line| line.split(' ').next().unwrap());
        let ids: BTreeSet<&str> = ids.collect();
        assert_eq!(ids.len(), events(room).len(), "{room}");
    }
}

#[test]
fn several_rooms_are_not_read_as_one() {
    let args = [
        "generate", "--preset", "duel", "--seeds", "0..2", "--events", "30",
    ];
    let rooms = run(&args);
    for more in [&[][..], &["--room-version", "12"]] {
        for verb in ["check", "resolve"] {
            let output = run_with(&[&[verb, "-"], more].concat(), &rooms.stdout);
            assert_eq!((code(&output), stdout(&output)), (2, String::new()));
            assert!(
                stderr(&output).contains("holds 2 rooms"),
                "{}",
                stderr(&output)
            );
        }
    }
    let mixed = run(&[&args[..], &["--as", "events"]].concat());
    let output = run_with(&["check", "-"], &mixed.stdout);
    assert!(
        stderr(&output).contains("events of 2 rooms"),
        "{}",
        stderr(&output)
    );
    for room in stdout(&rooms).lines() {
        let resolved = document(&run_with(&["resolve", "-"], room.as_bytes()));
        assert_eq!(resolved["dropped"], json!([]));
    }
}

#[test]
fn a_room_has_its_own_keys_however_broken_its_events_are() {
    let args = [
        "generate", "--preset", "invalid", "--as", "rooms", "--seed", "0",
    ];
    let room = stdout(&run(&args));
    assert!(serde_json::from_str::<Value>(&room).is_ok());
    let path = temporary("with-keys.json", &room);
    let path = path.to_str().unwrap();
    let output = run(&["check", path, "--keys", path]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let signatures = |word: &str| lines(&output).iter().any(|row| row["signatures"] == word);
    assert!(signatures("valid") && signatures("invalid"));
}

#[test]
fn the_form_of_an_answer_is_the_one_that_the_help_names() {
    let piped = stdout(&run(&["check", V11]));
    assert_eq!(piped, stdout(&run(&["check", V11, "--format", "ndjson"])));
    assert!(stdout(&run(&["check", "--help"])).contains("NDJSON otherwise"));
    for verb in ["resolve", "event", "simulate"] {
        let help = stdout(&run(&[verb, "--help"]));
        assert!(
            help.contains("JSON otherwise") && !help.contains("NDJSON otherwise"),
            "{verb}"
        );
    }
    let two: String = file(V11).split_inclusive('\n').take(2).collect();
    let array = document(&run_with(&["event"], two.as_bytes()));
    assert_eq!(array.as_array().unwrap().len(), 2);
}

#[test]
fn help_is_a_verb_like_any_other() {
    let help = run(&["help", "--help"]);
    assert_eq!(code(&help), 0);
    assert_eq!(
        stdout(&run(&["help", "check"])),
        stdout(&run(&["check", "--help"]))
    );
    assert_eq!(stdout(&run(&["help"])), stdout(&run(&["--help"])));
    assert_eq!(code(&run(&["help", "nope"])), 2);
}
