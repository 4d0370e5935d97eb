//! The files of this project's own format, run on the built-in engine.

use roomdag::lab::conformance::{Case, Question, answer};

use crate::vectors::fields::{cases_of, file, files};

/// Files that are of other formats; see the table in `spec-vectors/README.md`.
const OTHERS: [&str; 18] = [
    "README.md",
    "adapter.py",
    "auth/cases.json",
    "canonical-json/cases.json",
    "canonical-json/msc4458/",
    "cases/",
    "events/events.json",
    "events/example.",
    "events/spec-examples.json",
    "format/format.json",
    "protocol.md",
    "rooms/",
    "rules.json",
    "rulings.json",
    "schema/",
    "signatures/ed25519-cctv.json",
    "signatures/ed25519-go-accepts.json",
    "signatures/ed25519-libsodium-accepts.json",
];

/// The files of the own format that have cases.
pub(super) fn own_files() -> Vec<String> {
    let has_cases = |path: &String| !path.starts_with("security/") || with_cases(path);
    let own = |path: &String| !OTHERS.iter().any(|other| path.starts_with(other));
    let files = files("").into_iter().filter(own);
    files.filter(has_cases).collect()
}

/// The files in `security/` that have no cases, but name tests.
pub(super) fn rows_without_cases() -> Vec<String> {
    let files = files("security").into_iter();
    files.filter(|path| !with_cases(path)).collect()
}

fn with_cases(path: &str) -> bool {
    file(path).contains_key("cases")
}

/// The cases of a file.
#[track_caller]
pub(super) fn own(path: &str) -> Vec<Case> {
    cases_of(path)
}

#[test]
fn the_own_files_come_out_as_written() {
    let mut count = 0;
    let mut failures = Vec::new();
    for path in own_files() {
        for case in own(&path) {
            count += 1;
            let found = answer(case.question, case.room_version.as_deref(), &case.input);
            let found = match found {
                Ok(found) => case.compare(&found),
                Err(error) => panic!("{}: {error}", case.address()),
            };
            assert!(
                found.equal > 0 || !found.is_pass(),
                "{}: nothing is expected",
                case.address()
            );
            if !found.is_pass() {
                failures.push((case.address(), found.different));
            }
            // Our own engine answers as the rulings have it, and everything.
            assert!(!found.is_other, "{}", case.address());
            assert_eq!(found.unanswered, [""; 0], "{}", case.address());
        }
    }
    let shown = &failures[..failures.len().min(5)];
    assert!(
        failures.is_empty(),
        "{} failures: {shown:#?}",
        failures.len()
    );
    assert!(count > 6_000, "only {count} cases");
}

/// Each kind of file asks what its folder is about, and of many cases.
#[test]
fn each_folder_has_its_cases() {
    for (path, question, least) in [
        ("canonical-json/rulings.json", Question::CanonicalJson, 300),
        ("format/limits.json", Question::Format, 1_500),
        ("redaction/rows.json", Question::Hashes, 360),
        ("redaction/targets.json", Question::Redacts, 84),
        ("signatures/cases.json", Question::Signatures, 400),
        ("auth/rules.json", Question::Auth, 2_900),
        ("auth/membership.json", Question::Auth, 12_960),
        ("auth/levels.json", Question::Auth, 6_000),
        ("auth/level.json", Question::Level, 2_000),
        ("events/golden.json", Question::Hashes, 228),
        ("format/matrix.json", Question::Format, 2_800),
        ("redaction/matrix.json", Question::Hashes, 156),
    ] {
        let cases = own(path);
        assert!(cases.len() >= least, "{path}: {} cases", cases.len());
        assert!(cases.iter().all(|case| case.question == question), "{path}");
    }
}

#[test]
fn every_case_says_what_it_rests_on() {
    for path in own_files() {
        for case in own(&path) {
            let spec = case.spec.as_deref().unwrap_or_default();
            assert!(
                spec.starts_with("https://"),
                "{}: no `spec`",
                case.address()
            );
        }
    }
}
