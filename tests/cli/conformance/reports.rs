//! `conformance`: what is reported, and in which form.

use serde_json::{Value, json};

use super::{answer_through, example_file, examples, failed, fs_read, report};
use crate::{code, file, run, stderr, stdout, temporary};

#[test]
fn the_order_of_the_report_is_that_of_the_files() {
    let filter = r#"sed -u -e 's/"verdict":"reject"/"verdict":"allow"/'"#;
    let command = answer_through(filter);
    let args = [
        "conformance",
        "spec-vectors/auth/rules.json",
        "--command",
        &command,
    ];
    let one = run(&[&args[..], &["--jobs", "1"]].concat());
    let three = run(&[&args[..], &["--jobs", "3"]].concat());
    assert_eq!((code(&one), code(&three)), (1, 1));
    assert_eq!(stdout(&one), stdout(&three));
}

#[test]
fn the_table_has_the_failures_by_ruling() {
    let filter = r#"sed -u -e 's/"allowed":false/"allowed":true/'"#;
    let path = example_file("table.json");
    let command = answer_through(filter);
    let output = run(&[
        "conformance",
        &path,
        "--command",
        &command,
        "--format",
        "table",
    ]);
    let table = stdout(&output);
    let parts: Vec<&str> = table.split("\n\n").collect();
    let [files, questions, group] = parts[..] else {
        panic!("{table}");
    };
    assert!(
        files.starts_with("file ") && questions.starts_with("question "),
        "{table}"
    );
    let words = |line: &str| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let acl = questions.lines().nth(1).unwrap();
    assert_eq!(words(acl), ["acl", "1", "0", "1", "0"]);
    let lines: Vec<&str> = group.lines().collect();
    assert_eq!(lines[0], "acl: 1 failed");
    assert_eq!(
        words(lines[2]),
        [&format!("{path}#acl"), "allowed", "false", "true"]
    );
    assert_eq!(lines.len(), 3, "{group}");
    assert!(
        stderr(&output).contains("16 cases: 15 pass, 1 fail"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn build_servers_can_read_the_report() {
    let mut example: Value =
        serde_json::from_str(&fs_read(&example_file("junit-source.json"))).unwrap();
    let cases = example["cases"].as_array_mut().unwrap();
    cases.retain(|case| case["question"] == "acl");
    let case = cases[0].clone();
    let strange = "<a> & \"b\" 'c' \u{1}\u{fffe}\n]]> ü";
    for (id, allowed) in [(strange, true), ("fails plainly", true)] {
        let mut other = case.clone();
        other["id"] = id.into();
        other["expect"]["allowed"] = allowed.into();
        cases.push(other);
    }
    let path = temporary("junit.json", &example.to_string())
        .display()
        .to_string();
    let xml = temporary("junit.xml", "").display().to_string();
    let output = run(&["conformance", &path, "--junit", &xml]);
    assert_eq!(code(&output), 1);

    let xml = fs_read(&xml);
    let document = roxmltree::Document::parse(&xml).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("tests"), Some("3"));
    assert_eq!(root.attribute("failures"), Some("2"));
    let named = |name: &str| {
        let found = document.descendants().find(|node| {
            node.tag_name().name() == "testcase" && node.attribute("name") == Some(name)
        });
        found.unwrap_or_else(|| panic!("no {name:?} in {xml}"))
    };
    assert!(named("acl").first_element_child().is_none());
    let failure = named("<a> & \"b\" 'c' \\u{1}\\u{fffe}\n]]> ü")
        .first_element_child()
        .unwrap();
    assert_eq!(failure.tag_name().name(), "failure");
    assert_eq!(failure.attribute("type"), Some("acl"));
    assert!(
        failure
            .text()
            .unwrap()
            .contains("allowed: expected true, got false")
    );
    assert_eq!(
        named("fails plainly").attribute("classname"),
        Some(path.as_str())
    );
}

#[test]
fn after_so_many_failures_nothing_more_is_asked() {
    let command = answer_through(r#"sed -u -e 's/"verdict":"reject"/"verdict":"allow"/'"#);
    let xml = temporary("cut.xml", "").display().to_string();
    let of_jobs = |jobs: &str| {
        let args = [
            "spec-vectors/auth/rules.json",
            "--max-failures",
            "3",
            "--jobs",
            jobs,
        ];
        report(&[&args[..], &["--command", &command, "--junit", &xml]].concat())
    };
    let (code, rows, total) = of_jobs("1");
    assert_eq!((code, failed(&rows).len()), (1, 3));
    let asked = total["cases"].as_u64().unwrap();
    let all = asked + total["not_asked"].as_u64().unwrap();
    assert!(asked < 1_000 && all > 2_900, "{asked} of {all}");
    assert!(fs_read(&xml).contains("stopped after 3 failed cases"));
    assert_eq!(of_jobs("3"), (code, rows, total));
}

#[test]
fn differences_are_told_as_values() {
    let (request, _) = examples()
        .into_iter()
        .find(|(request, _)| request["question"] == "redacts")
        .unwrap();
    let mut event = request["input"]["event"].clone();
    event["content"] = json!({});
    let digits = "9".repeat(400);
    let case = |id: &str, expected: &str| {
        let expect = format!(r#"{{"redacts": {expected}}}"#);
        let input = json!({"event": event});
        format!(
            r#"{{"id": "{id}", "room_versions": ["12"], "input": {input}, "expect": {expect}}}"#
        )
    };
    let cases = [
        case("a number", &digits),
        case("an object", r#"{"a": [1]}"#),
    ];
    let file = format!(
        r#"{{"question": "redacts", "cases": [{}]}}"#,
        cases.join(", ")
    );
    let path = temporary("values.json", &file).display().to_string();
    let output = run(&["conformance", &path, "--format", "ndjson"]);
    let text = stdout(&output);
    assert!(
        text.contains(&format!(r#""expected":{digits},"got":null"#)),
        "{text}"
    );
    assert!(
        text.contains(r#""expected":{"a":[1]},"got":null"#),
        "{text}"
    );

    let command = answer_through(r#"sed -u -e 's/"redacts":null//'"#);
    let select = ["--select", "an object", "--command", &command];
    let (_, rows, _) = report(&[&[path.as_str()][..], &select].concat());
    let difference = &rows[0]["failures"][0]["differences"][0];
    assert_eq!(
        difference,
        &json!({"member": "redacts", "expected": {"a": [1]}})
    );
}

#[test]
fn failures_come_with_what_the_ruling_says() {
    let rulings: Value = serde_json::from_str(&file("spec-vectors/rulings.json")).unwrap();
    let (question, ruling) = (&rulings["SG-08"]["question"], &rulings["SG-08"]["ruling"]);
    let command = answer_through(r#"sed -u -e 's/"valid":false/"valid":true/'"#);
    let xml = temporary("ruled.xml", "").display().to_string();
    let path = "spec-vectors/signatures/ed25519-cctv.json";
    let args = [path, "--command", &command, "--junit", &xml];
    let (_, _, total) = report(&args);
    let group = &total["groups"][0];
    assert_eq!(group["by"], "SG-08");
    assert_eq!((&group["unclear"], &group["ruled"]), (question, ruling));
    assert_eq!(total["questions"][0]["question"], "ed25519");
    assert_eq!(total["questions"][0]["failed"], total["failed"]);
    assert!(fs_read(&xml).contains(ruling.as_str().unwrap()));

    let output = run(&[&["conformance"], &args[..3], &["--format", "table"]].concat());
    let table = stdout(&output);
    let lines: Vec<&str> = table.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.starts_with("SG-08: "))
        .unwrap();
    assert_eq!(lines[at], format!("SG-08: {} failed", group["failed"]));
    assert_eq!(
        lines[at + 1..at + 3],
        [question.as_str().unwrap(), ruling.as_str().unwrap()]
    );
    let more = group["failed"].as_u64().unwrap() - 10;
    assert_eq!(
        lines[at + 14..],
        [format!("and {more} more; --format json has all")]
    );
}
