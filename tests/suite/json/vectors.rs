//! The vectors in `spec-vectors/canonical-json`.

use crate::json::{canonical, sha256};
use roomdag::json::{Mode, ParseErrorKind};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("spec-vectors/canonical-json")
}

#[derive(serde::Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    input: String,
    strict: Expect,
    lenient: Expect,
}

#[derive(serde::Deserialize)]
struct Expect {
    output: Option<String>,
    sha256: Option<String>,
}

/// Vectors taken from a parser that keeps the last of two members; ruling CJ-08 refuses both.
const REPEATED_KEYS: [&str; 3] = [
    "duplicate keys",
    "duplicate keys nested",
    "duplicate via escape",
];

#[test]
fn the_cases_come_out_as_written() {
    let text = std::fs::read_to_string(folder().join("cases.json")).expect("readable");
    let cases: Cases = serde_json::from_str(&text).expect("the vector format");
    assert!(cases.cases.len() > 100);
    for case in cases.cases {
        for (mode, expect) in [(Mode::Strict, &case.strict), (Mode::Lenient, &case.lenient)] {
            let found = canonical(&case.input, mode);
            if REPEATED_KEYS.contains(&case.name.as_str()) {
                assert!(
                    matches!(found, Err(ParseErrorKind::DuplicateKey(_))),
                    "{}",
                    case.name
                );
                continue;
            }
            let digest = found.as_ref().ok().map(|text| sha256(text.as_bytes()));
            assert_eq!(found.ok(), expect.output, "{} {mode:?}", case.name);
            assert_eq!(digest, expect.sha256, "{} {mode:?}", case.name);
        }
    }
}

/// Each file names the outcomes that are right; ours must be one of them.
#[test]
fn the_cases_of_msc4458_come_out_as_one_of_the_right_outcomes() {
    let mut files = 0;
    for entry in std::fs::read_dir(folder().join("msc4458")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("readable");
        let mut lines = bytes
            .split(|b| *b == b'\n')
            .filter(|line| !line.starts_with(b"#"));
        let input: Vec<_> = lines.by_ref().take_while(|line| *line != b"---").collect();
        let right: Vec<_> = lines.filter(|line| !line.is_empty()).collect();

        let found = canonical(input.join(&b'\n'), Mode::Strict).unwrap_or("REJECT".to_owned());

        assert!(
            right.contains(&found.as_bytes()),
            "{}: {found}",
            path.display()
        );
        files += 1;
    }
    assert_eq!(files, 11);
}
