//! What the reader of files says of one that is not as the format has it.

use roomdag::lab::conformance::{FileError, cases};

#[track_caller]
fn refused(file: &str) -> String {
    match cases(file.as_bytes(), "file.json", |_| None) {
        Ok(cases) => panic!("{} cases in {file}", cases.len()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_wrong_with_a_file_is_named() {
    let case = r#"{"id": "a", "expect": {"allowed": true}}"#;
    for (file, member) in [
        (
            r#"{"question": "acl", "cases": []}"#.to_owned(),
            "`cases` is empty",
        ),
        (r#"{"cases": []}"#.to_owned(), "`cases` is empty"),
        (
            r#"{"question": "acl", "cases": {}}"#.to_owned(),
            "`cases` is missing or of the wrong type",
        ),
        (r#"{"question": "acl"}"#.to_owned(), "it has no `cases`"),
        (format!(r#"{{"cases": [{case}]}}"#), "`question` is missing"),
        (
            format!(r#"{{"question": "acl", "casse": 1, "cases": [{case}]}}"#),
            "`casse` is not known",
        ),
    ] {
        let told = refused(&file);
        assert!(told.contains(member), "{file}: {told}");
    }
}

#[test]
fn what_is_wrong_with_a_case_is_named_with_its_id() {
    for (case, member) in [
        (
            r#"{"id": "a", "expct": {"allowed": true}}"#,
            "`expct` is not known",
        ),
        (r#"{"id": "a"}"#, "`expect` is missing"),
        (r#"{"id": "a", "expect": {}}"#, "`expect` is empty"),
        (
            r#"{"id": "a", "expect": {"allow": true}}"#,
            "no answer has `allow`",
        ),
        (
            r#"{"id": "a", "expect": {"allowed": true}, "also_allowed": [{}]}"#,
            "`also_allowed` is empty",
        ),
    ] {
        let told = refused(&format!(r#"{{"question": "acl", "cases": [{case}]}}"#));
        assert!(
            told.starts_with("case `a`: ") && told.contains(member),
            "{case}: {told}"
        );
    }
}

#[test]
fn other_json_is_no_file_of_cases() {
    for file in ["{}", r#"{"tests": ["a"]}"#, "[]"] {
        let read = cases(file.as_bytes(), "file.json", |_| None);
        assert_eq!(read, Err(FileError::Unknown), "{file}");
    }
}
