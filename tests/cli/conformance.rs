//! `conformance` and `answer`: our own engine, others behind the protocol, and their faults.

mod programs;
mod reports;
mod rooms;

use serde_json::{Value, json};

use crate::{code, file, run, run_with, stderr, stdout, temporary};

/// A command line that serves the protocol with the built-in engine.
fn answer() -> String {
    format!("'{}' answer", env!("CARGO_BIN_EXE_roomdag"))
}

/// The same with something done to each reply.
fn answer_through(filter: &str) -> String {
    let tool = env!("CARGO_BIN_EXE_roomdag");
    format!(
        r#"sh -c "'{tool}' answer | {}""#,
        filter.replace('\\', r"\\").replace('"', r#"\""#)
    )
}

/// The requests and replies of `protocol.md`.
fn examples() -> Vec<(Value, Value)> {
    let page = file("spec-vectors/protocol.md");
    let lines: Vec<Value> = page
        .lines()
        .filter(|line| line.starts_with("{\""))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let pairs = lines.chunks(2);
    pairs
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect()
}

/// A file in which each of the examples is a case, named after its question.
fn example_file(name: &str) -> String {
    let cases = examples().into_iter().map(|(request, reply)| {
        let mut case = json!({
            "id": request["id"], "question": request["question"], "input": request["input"],
            "expect": reply["answer"],
        });
        if let Some(version) = request.get("room_version") {
            case["room_versions"] = json!([version]);
        }
        case
    });
    let file = json!({"about": "Examples.", "cases": cases.collect::<Vec<_>>()});
    temporary(name, &file.to_string()).display().to_string()
}

/// The rows of a report, the total apart.
fn report(args: &[&str]) -> (i32, Vec<Value>, Value) {
    let output = run(&[&["conformance"], args, &["--format", "ndjson"]].concat());
    let mut rows = crate::lines(&output);
    let total = rows.pop().unwrap_or_else(|| panic!("{}", stderr(&output)));
    assert_eq!(total["file"], "total");
    (code(&output), rows, total)
}

/// The addresses of what failed.
fn failed(rows: &[Value]) -> Vec<String> {
    let failures = rows
        .iter()
        .flat_map(|row| row["failures"].as_array().unwrap());
    failures
        .map(|failure| failure["address"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_built_in_engine_passes_everything() {
    let (code, rows, total) = report(&["spec-vectors", "--jobs", "2"]);
    assert_eq!((code, failed(&rows)), (0, Vec::new()));
    assert!(total["cases"].as_u64() > Some(11_000), "{total}");
    assert_eq!(total["passed"], total["cases"]);
    for (ruling, count) in [
        ("AU-25", 12),
        ("AU-32", 9),
        ("AU-34", 4),
        ("CJ-08", 6),
        ("EF-01", 14),
        ("EF-04", 2),
        ("RD-07", 13),
    ] {
        assert_eq!(total["excepted"][ruling], count, "{ruling}");
    }
}

#[test]
fn it_passes_behind_the_protocol_too() {
    let command = answer();
    let args = ["spec-vectors", "--jobs", "2", "--command", &command];
    let (code, rows, total) = report(&args);
    assert_eq!((code, failed(&rows)), (0, Vec::new()));
    assert!(total["cases"].as_u64() > Some(11_000), "{total}");
    assert_eq!(total["passed"], total["cases"]);
    assert_eq!(total["unanswered"], 0);
}

/// The replies with a fault in the answers to one question.
const FAULTS: [(&str, &str); 16] = [
    ("acl", r#"s/"allowed":false/"allowed":true/"#),
    ("auth", r#"s/"verdict":"reject"/"verdict":"allow"/"#),
    ("canonical_json", r#"s/\\"b\\":1/\\"b\\":01/"#),
    ("check", r#"s/"by_state":"allow"/"by_state":"reject"/"#),
    ("ed25519", r#"s/"valid":true/"valid":false/"#),
    (
        "event_id",
        r#"/"id":"event_id"/s/"event_id":"[$]./"event_id":"!/"#,
    ),
    (
        "format",
        r#"s/"verdict":"drop"},"id":"f/"verdict":"accept"},"id":"f/"#,
    ),
    ("hashes", r#"s/"redacted":{/"redacted":{"unsigned":{},/"#),
    ("level", r#"s/"level":"100"/"level":"50"/"#),
    ("receive", r#"s/"outcome":"waiting"/"outcome":"accepted"/"#),
    ("redaction_applies", r#"s/"applies":true/"applies":false/"#),
    ("redacts", r#"s/"redacts":"[^"]*"/"redacts":null/"#),
    ("resolve", r#"/"id":"resolve"/s/.t2"\]\]}/$t1"]]}/"#),
    ("room", r#"/"id":"room"/s/"accepted"/"rejected"/"#),
    ("sign", r#"s/"signed":{"one":1/"signed":{"one":2/"#),
    (
        "signatures",
        r#"s/"verdict":"drop"},"id":"s/"verdict":"valid"},"id":"s/"#,
    ),
];

#[test]
fn a_fault_in_the_answers_to_any_question_is_found() {
    let path = example_file("faults.json");
    let versions: Vec<_> = examples().into_iter().map(|(request, _)| request).collect();
    assert_eq!(versions.len(), FAULTS.len());
    for ((question, fault), request) in FAULTS.into_iter().zip(sorted(versions)) {
        assert_eq!(request["question"], question);
        let filter = format!("sed -u -e '{}'", shown(fault, &path));
        let command = answer_through(&filter);
        let (code, rows, total) = report(&[&path, "--command", &command]);
        let version = request.get("room_version").and_then(Value::as_str);
        let version = version.map_or(String::new(), |version| format!("@{version}"));
        assert_eq!(failed(&rows), [format!("{path}#{question}{version}")]);
        assert_eq!(code, 1, "{question}");
        assert_eq!(total["groups"][0]["by"], question);
    }
}

fn sorted(mut requests: Vec<Value>) -> Vec<Value> {
    requests.sort_by_key(|request| request["question"].as_str().unwrap().to_owned());
    requests
}

/// A fault, where it is told by the id of a request, which is an address.
fn shown(fault: &str, path: &str) -> String {
    let path = path.replace('/', r"\/");
    let fault = fault.replace(r#""id":"f"#, &format!(r#""id":"{path}#f"#));
    let fault = fault.replace(r#""id":"s"#, &format!(r#""id":"{path}#s"#));
    let fault = fault.replace(r#""id":"event_id""#, &format!(r#""id":"{path}#event_id"#));
    let fault = fault.replace(r#""id":"resolve""#, &format!(r#""id":"{path}#resolve"#));
    fault.replace(r#""id":"room""#, &format!(r#""id":"{path}#room"#))
}

/// What one wrong line in an implementation does to each group of files.
#[test]
fn a_fault_shows_in_the_files_that_are_about_it() {
    for (path, fault, group) in [
        (
            "spec-vectors/canonical-json",
            r#"s/"ok":true/"ok":false/"#,
            "CJ-01",
        ),
        (
            "spec-vectors/events",
            r#"s/"content_hash":"./"content_hash":"!/"#,
            "RD-07",
        ),
        (
            "spec-vectors/format",
            r#"s/"verdict":"reject"/"verdict":"drop"/"#,
            "EF-03",
        ),
        (
            "spec-vectors/redaction",
            r#"s/"redacted":{/"redacted":{"x":1,/"#,
            "RD-08",
        ),
        (
            "spec-vectors/signatures",
            r#"s/"valid":false/"valid":true/"#,
            "SG-08",
        ),
        (
            "spec-vectors/auth/rules.json",
            r#"s/"reject"/"allow"/"#,
            "AU-07",
        ),
        (
            "spec-vectors/state-res/v2",
            r#"s/"state":\[/"state":[["x","","$x"],/"#,
            "SR-24",
        ),
        (
            "spec-vectors/cases/v12-6.ndjson",
            r#"s/"rejected"/"accepted"/"#,
            "room",
        ),
        (
            "spec-vectors/rooms/v11-small",
            r#"s/"m.room.topic"/"m.room.name"/"#,
            "room",
        ),
    ] {
        let command = answer_through(&format!("sed -u -e '{fault}'"));
        let (code, rows, total) = report(&[path, "--command", &command]);
        assert_eq!(code, 1, "{path}");
        let groups = total["groups"].as_array().unwrap();
        let found = groups.iter().find(|found| found["by"] == group);
        let found = found.unwrap_or_else(|| panic!("{path}: no {group} in {groups:?}"));
        let first = found["cases"][0].as_str().unwrap().to_owned();
        assert!(
            first.starts_with(path) && failed(&rows).contains(&first),
            "{first}"
        );
        assert_eq!(total["failed"].as_u64(), Some(failed(&rows).len() as u64));
    }
}

#[test]
fn nothing_but_unsupported_is_no_success() {
    let path = example_file("unsupported.json");
    let command = answer_through(r#"sed -u -e 's/"answer":{.*},/"unsupported":true,/'"#);
    let (code, _, total) = report(&[&path, "--command", &command]);
    assert_eq!(code, 1);
    let counts = ["cases", "passed", "failed", "unsupported"].map(|count| &total[count]);
    assert_eq!(counts, [&json!(16), &json!(0), &json!(0), &json!(16)]);
}

#[test]
fn members_that_may_be_left_out_are_not_missed() {
    let path = example_file("optional.json");
    let command = answer_through(r#"sed -u -e 's/"rule":"[A-Za-z]*",//'"#);
    let (code, _, total) = report(&[&path, "--command", &command]);
    assert_eq!(code, 0);
    assert_eq!(
        (&total["passed"], &total["unanswered"]),
        (&json!(16), &json!(1))
    );
}

#[test]
fn cases_are_chosen_by_address_question_version_and_ruling() {
    let cases = |args: &[&str]| {
        let paths = [
            "spec-vectors/signatures",
            "spec-vectors/redaction/targets.json",
        ];
        let (code, rows, total) = report(&[&paths, args].concat());
        assert_eq!(code, 0, "{args:?}");
        (rows.len(), total["cases"].as_u64().unwrap())
    };
    assert_eq!(cases(&["--question", "ed25519"]), (1, 914));
    assert_eq!(cases(&["--ruling", "SG-08"]), (2, 926));
    assert_eq!(cases(&["--select", "cctv.json#7"]).1, 111);
    assert_eq!(cases(&["--select", "sign*cctv*#7"]).1, 111);
    // What is the address of a case is no beginning of others.
    let whole = "spec-vectors/signatures/ed25519-cctv.json#";
    let (seven, nine) = (format!("{whole}7"), format!("{whole}9"));
    assert_eq!(cases(&["--select", &seven]), (1, 1));
    assert_eq!(cases(&["--select", &seven, "--select", &nine]), (1, 2));
    assert_eq!(
        cases(&["--question", "redacts", "--room-version", "12"]),
        (1, 7)
    );
    for nothing in [["--ruling", "CJ-99"], ["--select", "nowhere"]] {
        let output = run(&[&["conformance", "spec-vectors"], &nothing[..]].concat());
        assert_eq!((code(&output), stdout(&output)), (2, String::new()));
    }
    let output = run(&["conformance", "spec-vectors", "--question", "weather"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("canonical_json"),
        "{}",
        stderr(&output)
    );
}

fn fs_read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn answer_says_for_each_line_what_it_makes_of_it() {
    let request = r#"{"id":"1","question":"acl","input":{"content":{"allow":["*"]},"server":"a"}}"#;
    let input =
        format!("{request}\n\nnonsense\n{{\"id\":\"2\",\"question\":\"x\",\"input\":{{}}}}");
    let output = run_with(&["answer"], input.as_bytes());
    assert_eq!(code(&output), 0);
    let replies = crate::lines(&output);
    assert_eq!(
        replies[0],
        json!({"id": "1", "answer": {"allowed": true, "step": 4}})
    );
    assert_eq!(replies[1]["id"], Value::Null);
    assert!(replies[1]["error"].is_string());
    assert_eq!(replies[2], json!({"id": "2", "unsupported": true}));
    assert_eq!(replies.len(), 3);
}

/// The example of an implementation in another language knows two questions, and all answers.
#[test]
fn the_example_adapter_is_right_about_what_it_answers() {
    if std::process::Command::new("python3")
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("skipped: there is no python3 to run spec-vectors/adapter.py with");
        return;
    }
    let command = "python3 spec-vectors/adapter.py";
    let (code, rows, total) = report(&["spec-vectors", "--command", command]);
    assert_eq!((code, failed(&rows)), (0, Vec::new()));
    for row in total["questions"].as_array().unwrap() {
        let is_known = ["canonical_json", "event_id"].contains(&row["question"].as_str().unwrap());
        let outcome = if is_known { "passed" } else { "unsupported" };
        assert_eq!(row[outcome], row["cases"], "{row}");
    }
    assert!(total["passed"].as_u64() > Some(1_300), "{total}");

    let lines = file("spec-vectors/adapter.py");
    let lines = lines.lines().filter(|line| !line.trim().is_empty());
    assert!(lines.count() <= 40, "the example is to be short");
}

#[test]
fn a_file_that_is_no_vector_file_is_named_with_what_is_wrong() {
    for (content, wrong) in [
        (
            r#"{"question": "auth", "cases": [{"id": "a", "expect": {}}]}"#,
            "room_versions",
        ),
        (
            r#"{"question": "weather", "cases": [{"id": "a", "expect": {}}]}"#,
            "weather",
        ),
        (
            r#"{"question": "acl", "cases": [{"id": "a", "expect": {"x": 1}}]}"#,
            "case `a`: no answer has `x`",
        ),
        (
            r#"{"question": "acl", "cases": [{"id": "a", "expect": {"step": 2}}, {"id": "a"}]}"#,
            "two cases are `a`",
        ),
        (
            r#"{"question": "redacts", "cases": [{"id": "a", "room_versions": ["6"], "expect": {},
                "input": {"event": "nobody"}}]}"#,
            "nothing is given as `nobody`",
        ),
        (
            r#"{"question": "acl", "cases": [{"id": "a", "room_versions": [], "expect": {"step": 2}}]}"#,
            "case `a`: `room_versions` is empty",
        ),
        (r#"{"cases": []}"#, "`cases` is empty"),
        ("{}", "not a file of expectations"),
        ("[]", "not a file of expectations"),
        ("{", "not JSON"),
        ("[1,", "not JSON"),
        ("garbage", "not JSON"),
        ("", "not JSON"),
    ] {
        let path = temporary("wrong.json", content).display().to_string();
        let output = run(&["conformance", &path]);
        assert_eq!(code(&output), 2, "{content}");
        assert!(
            stderr(&output).contains(wrong),
            "{wrong}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn a_ruling_chooses_what_shows_it_though_it_rests_on_another() {
    for (ruling, cases) in [
        ("AU-56", 36),
        ("SR-05", 20),
        ("SR-16", 12),
        ("SR-32", 1),
        ("SR-34", 11),
    ] {
        let (code, _, total) = report(&["spec-vectors", "--ruling", ruling]);
        assert_eq!((code, &total["cases"]), (0, &json!(cases)), "{ruling}");
    }
    let all = ["spec-vectors", "--ruling", "SR-32", "--ruling", "AU-56"];
    assert_eq!(report(&all).2["cases"], 37);
}

#[test]
fn a_file_that_is_named_twice_is_taken_once() {
    let path = "spec-vectors/redaction";
    let (_, _, once) = report(&[path]);
    let file = "spec-vectors/redaction/../redaction/targets.json";
    let (_, rows, total) = report(&[path, "spec-vectors/../spec-vectors/redaction", file]);
    assert_eq!(total, once);
    assert_eq!(rows.len(), 3);
}
