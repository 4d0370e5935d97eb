//! `conformance`: programs that do not do as they are asked.

use std::fmt::Write as _;
#[cfg(target_os = "linux")]
use std::time::{Duration, Instant};

use serde_json::json;

use super::{answer, answer_through, example_file, failed, fs_read, report};
use crate::{code, run, stderr, stdout, temporary};

/// Why there was no answer to the only case that failed.
fn only_trouble(command: &str, more: &[&str]) -> String {
    let path = example_file("trouble.json");
    let args = [&[&path, "--question", "acl", "--command", command], more].concat();
    let (code, rows, _) = report(&args);
    assert_eq!(code, 1);
    assert_eq!(failed(&rows), [format!("{path}#acl")]);
    let difference = &rows[0]["failures"][0]["differences"][0];
    assert_eq!(difference["expected"], json!({"allowed": false, "step": 3}));
    assert_eq!(difference.get("got"), None);
    difference["trouble"].as_str().unwrap().to_owned()
}

#[test]
fn a_program_that_ends_is_reported_and_started_again() {
    let trouble = only_trouble("sh -c 'read line; exit 3'", &[]);
    assert!(
        trouble.contains("ended without an answer") && trouble.contains('3'),
        "{trouble}"
    );

    let path = example_file("ends.json");
    let command = format!(
        r##"sh -c 'while read -r line; do case "$line" in *"#check@"*) exit 3;; esac;
            printf "%s\n" "$line" | "{}" answer; done'"##,
        env!("CARGO_BIN_EXE_roomdag")
    );
    let (code, rows, total) = report(&[&path, "--command", &command]);
    assert_eq!((code, failed(&rows)), (1, vec![format!("{path}#check@12")]));
    assert_eq!(total["passed"], 15);
}

#[test]
fn a_program_that_says_nothing_is_reported() {
    let silent = "sh -c 'read line; exec sleep 60'";
    let trouble = only_trouble(silent, &["--timeout", "0.2"]);
    assert_eq!(trouble, "the program gave no answer within 0.2 s");
}

#[test]
fn a_program_that_does_not_read_is_a_silent_one() {
    let mut text = String::from(r#"{"question": "canonical_json", "cases": [{"id": "long", "#);
    let input = r#"{"mode": "strict", "text": {"$repeat": ["x", 1000000]}}"#;
    write!(text, r#""input": {input}, "expect": {{"ok": false}}}}]}}"#).unwrap();
    let path = temporary("long.json", &text).display().to_string();
    let (code, rows, _) = report(&[
        &path,
        "--command",
        "sh -c 'exec sleep 60'",
        "--timeout",
        "0.2",
    ]);
    assert_eq!((code, failed(&rows)), (1, vec![format!("{path}#long")]));
}

#[test]
fn a_line_that_is_no_reply_is_reported() {
    let nonsense = only_trouble("sh -c 'while read line; do echo nonsense; done'", &[]);
    assert!(
        nonsense.starts_with("the reply is not a JSON object")
            && nonsense.ends_with(": `nonsense`"),
        "{nonsense}"
    );
    let other = only_trouble(
        r#"sh -c "while read line; do echo '{\"id\":\"7\"}'; done""#,
        &[],
    );
    assert_eq!(other, r#"the reply is for `"7"`: `{"id":"7"}`"#);
    let none = only_trouble("sh -c 'while read line; do echo {}; done'", &[]);
    assert_eq!(none, "the reply has no `id`: `{}`");
    let empty = only_trouble(&answer_through("sed -u -e 's/answer/reply/'"), &[]);
    let wrong = "the reply has no `answer`, no `unsupported` and no `error`: `{";
    assert!(empty.starts_with(wrong), "{empty}");
    let error = only_trouble(
        &answer_through(r#"sed -u -e 's/"answer":{.*},/"error":"e",/'"#),
        &[],
    );
    assert_eq!(error, "error: e");
}

#[test]
fn a_reply_that_does_not_end_is_too_long() {
    let endless = "sh -c 'read line; exec tr \"\\\\0\" x < /dev/zero'";
    let trouble = only_trouble(endless, &[]);
    assert_eq!(trouble, "the reply is longer than 64 MiB");
}

/// What the vectors are about is not to blame.
#[test]
fn what_got_no_answer_is_told_apart_from_what_is_wrong() {
    let path = "spec-vectors/signatures/ed25519-cctv.json";
    let xml = temporary("no-answer.xml", "").display().to_string();
    let tool = env!("CARGO_BIN_EXE_roomdag");
    let command = format!(
        r#"sh -c 'while read -r line; do case "$line" in *"cctv.json#7\""*) exit 3;; esac;
            printf "%s\n" "$line" | "{tool}" answer | sed "s/\"valid\":false/\"valid\":0/"; done'"#,
    );
    let args = [
        "--select",
        "cctv.json#7*",
        "--command",
        &command,
        "--junit",
        &xml,
    ];
    let (code, _, total) = report(&[&[path], &args[..]].concat());
    assert_eq!(code, 1);
    assert_eq!(total["no_answer"], 1, "{total}");
    let groups = total["groups"].as_array().unwrap();
    let by: Vec<&str> = groups
        .iter()
        .map(|group| group["by"].as_str().unwrap())
        .collect();
    assert_eq!(by, ["SG-08", "no answer"]);
    assert_eq!(groups[1]["cases"], json!([format!("{path}#7")]));
    assert_eq!(groups[1].get("ruled"), None);

    let xml = fs_read(&xml);
    let document = roxmltree::Document::parse(&xml).unwrap();
    let failures = total["failed"].as_u64().unwrap() - 1;
    let root = document.root_element();
    assert_eq!(root.attribute("errors"), Some("1"));
    assert_eq!(root.attribute("failures"), Some(&*failures.to_string()));
    let count = |name: &str| {
        let nodes = document.descendants();
        nodes.filter(|node| node.tag_name().name() == name).count() as u64
    };
    assert_eq!((count("error"), count("failure")), (1, failures));
    let error = document
        .descendants()
        .find(|node| node.tag_name().name() == "error");
    let message = error.unwrap().attribute("message").unwrap();
    assert!(message.contains("ended without an answer"), "{message}");
}

#[test]
fn a_program_that_is_not_there_is_an_unusable_call() {
    for command in ["no-such-program", "", "sh -c '"] {
        let output = run(&["conformance", "spec-vectors/auth", "--command", command]);
        assert_eq!(
            (code(&output), stdout(&output)),
            (2, String::new()),
            "{command}"
        );
    }
}

#[test]
fn standard_error_of_the_program_is_passed_through() {
    let path = example_file("stderr.json");
    let command = format!(r#"sh -c "echo said on the side >&2; exec {}""#, answer());
    let output = run(&["conformance", &path, "--command", &command]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("said on the side"),
        "{}",
        stderr(&output)
    );
}

/// Behind a banner no line is the reply to the request before it.
#[test]
fn a_program_that_never_gives_a_reply_is_given_up() {
    let path = example_file("banner.json");
    let starts = temporary("banner-starts.txt", "");
    for (jobs, most) in [("1", 5), ("3", 11)] {
        std::fs::write(&starts, "").unwrap();
        let command = format!(
            r#"sh -c "echo x >> '{}'; echo on the side >&2; echo Welcome; exec {}""#,
            starts.display(),
            answer()
        );
        let output = run(&["conformance", &path, "--command", &command, "--jobs", jobs]);
        assert_eq!((code(&output), stdout(&output)), (2, String::new()));
        let told = stderr(&output);
        let error = told
            .lines()
            .find(|line| line.starts_with("error: "))
            .unwrap();
        for part in [
            "none of the first 5 requests",
            "not a JSON object",
            "`Welcome`",
            "`on the side`",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        let starts = std::fs::read_to_string(&starts).unwrap().lines().count();
        assert!(
            (5..=most).contains(&starts),
            "{starts} starts with {jobs} jobs"
        );
    }
}

/// The first request after each start is answered, and the second is sent back.
#[test]
fn a_program_that_gives_some_replies_is_asked_to_the_end() {
    let path = example_file("some.json");
    let tool = env!("CARGO_BIN_EXE_roomdag");
    let command =
        format!(r#"sh -c 'read -r line; printf "%s\n" "$line" | "{tool}" answer; exec cat'"#);
    let (code, rows, total) = report(&[&path, "--command", &command]);
    assert_eq!(code, 1);
    assert_eq!((&total["passed"], &total["failed"]), (&json!(8), &json!(8)));
    assert_eq!(failed(&rows).len(), 8);
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_silent_program_has_started_ends_with_it() {
    let path = example_file("children.json");
    let file = temporary("children.txt", "").display().to_string();
    let command = format!(r#"sh -c "sleep 77 & echo $! > '{file}'; wait""#);
    let args = ["--question", "acl", "--timeout", "2", "--command", &command];
    let (code, _, _) = report(&[&[path.as_str()][..], &args].concat());
    assert_eq!(code, 1);
    let child: u32 = fs_read(&file).trim().parse().unwrap();
    let stat = format!("/proc/{child}/stat");
    // Nobody may have asked yet how it ended, and then it is a zombie.
    let has_ended = || {
        let stat = std::fs::read_to_string(&stat).unwrap_or_default();
        let state = stat.rsplit(')').next().unwrap().trim_start();
        state.is_empty() || state.starts_with('Z')
    };
    // What is killed ends when it is its turn to run.
    let started = Instant::now();
    while !has_ended() {
        assert!(started.elapsed() < Duration::from_secs(30), "{child} runs");
        std::thread::sleep(Duration::from_millis(10));
    }
}
