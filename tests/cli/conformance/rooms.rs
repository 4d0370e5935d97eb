//! `conformance`: finding rooms and other files, and what is missing from them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::report;
use crate::{code, file, run, stderr, stdout, tool};

/// A folder of this test run with these files in it.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    folder
}

const ROOM: &str = "spec-vectors/rooms/v11-small";

/// The files of a real room; its trace is a test's own.
fn real_room(name: &str, trace: &str) -> PathBuf {
    let part = |name: &str| file(&format!("{ROOM}/{name}"));
    let keys = file("spec-vectors/rooms/server_keys.json");
    let files = [
        ("events.ndjson", part("events.ndjson")),
        ("expected.json", part("expected.json")),
        ("trace.ndjson", trace.to_owned()),
        ("server_keys.json", keys),
    ];
    folder(name, &files.each_ref().map(|(name, text)| (*name, &**text)))
}

#[test]
fn a_room_has_the_keys_above_it_however_it_is_named() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join(ROOM);
    let mut command = tool();
    command.current_dir(&here).args(["conformance", "."]);
    let output = command.output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

#[test]
fn a_room_of_which_nothing_is_known_does_not_pass() {
    let expected = r#"{"events":{},"room_version":"11","servers":{}}"#;
    let files = [
        ("events.ndjson", ""),
        ("expected.json", expected),
        ("server_keys.json", "{}"),
    ];
    let path = folder("unknown-room", &files);
    let (code, rows, total) = report(&[path.to_str().unwrap()]);
    assert_eq!((code, &total["failed"]), (1, &Value::from(1)));
    let difference = &rows[0]["failures"][0]["differences"][0];
    assert_eq!(difference["trouble"], "there is nothing to compare");
}

#[test]
fn a_trace_that_belongs_to_no_event_is_a_difference() {
    let trace = file(&format!("{ROOM}/trace.ndjson"));
    let traced = trace.lines().count();
    let renamed = trace.replace(r#""event_id":"$"#, r#""event_id":"$not"#);
    assert_ne!(renamed, trace);
    let path = real_room("renamed-trace", &renamed);
    let (code, rows, _) = report(&[path.to_str().unwrap()]);
    let differences = rows[0]["failures"][0]["differences"].as_array().unwrap();
    assert_eq!((code, differences.len()), (1, traced));

    let mut line: Value = serde_json::from_str(trace.lines().next().unwrap()).unwrap();
    line["conflicted"] = Value::from(vec![100_000]);
    let path = real_room("absurd-trace", &line.to_string());
    let output = run(&["conformance", path.to_str().unwrap()]);
    assert_eq!(crate::code(&output), 2);
    assert!(
        stderr(&output).contains("conflicted"),
        "{}",
        stderr(&output)
    );
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_or_back_are_no_matter() {
    use std::os::unix::fs::symlink;
    let cases = r#"{"about":"ACLs.","question":"acl","cases":[{"id":"denied",
        "input":{"server":"b","content":{"allow":["*"],"deny":["b"]}},
        "expect":{"allowed":false}}]}"#;
    let path = folder("links", &[("acl.json", cases)]);
    symlink(&path, path.join("back")).unwrap();
    symlink(&path, path.join("again")).unwrap();
    symlink(path.join("gone"), path.join("nowhere.json")).unwrap();
    let (code, _, total) = report(&[path.to_str().unwrap()]);
    assert_eq!((code, &total["cases"]), (0, &Value::from(1)));
    let output = run(&["conformance", path.join("nowhere.json").to_str().unwrap()]);
    assert_eq!(crate::code(&output), 2);
    assert!(stderr(&output).contains("no such file"));
}

/// A campaign of hours is not lost to a folder that does not exist.
#[test]
fn a_report_that_cannot_be_written_is_refused_before_anything_is_asked() {
    let path = folder("junit", &[]);
    let marker = path.join("asked");
    let command = format!("sh -c \"touch '{}'; cat\"", marker.display());
    let junit = path.join("none/report.xml");
    let args = [
        "conformance",
        "spec-vectors/canonical-json",
        "--junit",
        junit.to_str().unwrap(),
        "--command",
        &command,
    ];
    let output = run(&args);
    assert_eq!((code(&output), stdout(&output)), (2, String::new()));
    assert!(stderr(&output).contains("none/report.xml"));
    assert!(!marker.exists());
}

#[test]
fn a_folder_may_hold_other_json_but_none_that_is_broken() {
    let good = r#"{"question": "acl", "cases": [{"id": "a", "expect": {"allowed": true},
        "input": {"server": "a", "content": {"allow": ["*"]}}}]}"#;
    let others = [
        ("good.json", good),
        ("other.json", "{}"),
        ("list.json", "[1]"),
        ("text.json", "\"text\""),
        ("LICENSE", "Do as you like."),
        ("notes.txt", "{"),
    ];
    let path = folder("other-files", &others);
    let (exit, rows, _) = report(&[path.to_str().unwrap()]);
    assert_eq!((exit, rows.len()), (0, 1));

    for (number, broken) in ["", "garbage", "{", "[1,"].into_iter().enumerate() {
        let files = [("good.json", good), ("broken.json", broken)];
        let path = folder(&format!("broken-file-{number}"), &files);
        let output = run(&["conformance", path.to_str().unwrap()]);
        let told = stderr(&output);
        assert_eq!(code(&output), 2, "{broken}");
        assert!(told.contains("broken.json: not JSON"), "{broken}: {told}");
    }
}
