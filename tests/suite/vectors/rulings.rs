//! `rulings.json`: where each ruling shows; and that no file lies about unused.

use std::collections::BTreeSet;

use roomdag::json::Value;

use crate::vectors::fields::{cases, file, files, list, opt_text, root, text, texts};
use crate::vectors::own::{own, own_files};

/// How many rulings there are of each kind.
const KINDS: [(&str, usize); 6] = [
    ("AU", 56),
    ("CJ", 20),
    ("EF", 23),
    ("RD", 16),
    ("SG", 10),
    ("SR", 34),
];

/// Who runs the files whose paths begin and end like this;
/// those of the own format are run by [`own`](super::own).
const RUNNERS: [(&str, &str, &str); 19] = [
    ("README.md", "", "read by people"),
    ("protocol.md", "", "vectors::protocol"),
    ("adapter.py", "", "tests/cli"),
    ("schema/", ".json", "vectors::schema"),
    ("rules.json", "", "vectors::generated"),
    ("rulings.json", "", "vectors::rulings"),
    ("canonical-json/cases.json", "", "vectors::others"),
    ("canonical-json/msc4458/", "", "vectors::others"),
    ("events/events.json", "", "vectors::others"),
    (
        "events/example.",
        "",
        "vectors::signatures, the tool's help",
    ),
    ("events/spec-examples.json", "", "vectors::others"),
    ("format/format.json", "", "vectors::others"),
    // Those of them that have no cases name tests.
    ("security/", ".json", "tests/mutants"),
    ("signatures/ed25519-", ".json", "vectors::others"),
    ("auth/cases.json", "", "vectors::others"),
    ("rooms/server_keys.json", "", "vectors::rooms"),
    ("rooms/", "/expected.json", "vectors::rooms"),
    ("rooms/", ".ndjson", "vectors::rooms"),
    ("cases/", "", "vectors::rooms"),
];

#[test]
fn every_file_is_run_by_somebody() {
    let own = own_files();
    for path in files("").iter().filter(|path| !own.contains(path)) {
        let known = RUNNERS.iter().any(|(start, end, _)| {
            if end.is_empty() && !start.ends_with(['/', '.']) {
                path == start
            } else {
                path.starts_with(start) && path.ends_with(end)
            }
        });
        assert!(known, "nobody runs {path}");
    }
    for room in ["rooms", "cases"] {
        // What stands beside an expectation is read with it; anything else is not.
        for path in files(room).iter().filter(|path| path.ends_with(".ndjson")) {
            let (folder, _) = path.rsplit_once('/').unwrap();
            let case = path.trim_end_matches(".ndjson");
            let beside = [
                format!("{folder}/expected.json"),
                format!("{case}.expected.json"),
            ];
            assert!(
                beside.iter().any(|other| root().join(other).is_file()),
                "{path}"
            );
        }
    }
}

#[test]
fn every_ruling_is_shown_or_says_why_it_cannot_be() {
    let table = file("rulings.json");
    let mut expected = BTreeSet::new();
    for (kind, count) in KINDS {
        expected.extend((1..=count).map(|number| format!("{kind}-{number:02}")));
    }
    let found: BTreeSet<String> = table.keys().map(str::to_owned).collect();
    assert_eq!(found, expected);
    for (ruling, entry) in &table {
        let entry = entry.as_object().unwrap();
        let vectors = texts(entry, "vectors");
        let reason = opt_text(entry, "not_observed");
        assert_ne!(vectors.is_empty(), reason.is_none(), "{ruling}");
        for vector in vectors {
            check(ruling, vector);
        }
    }
}

/// Whoever meets an id in a vector, of whatever format, can read what it says.
#[test]
fn every_ruling_of_a_vector_is_told_in_two_sentences() {
    let table = file("rulings.json");
    let others = [
        "auth/cases.json",
        "canonical-json/cases.json",
        "events/events.json",
        "format/format.json",
        "signatures/ed25519-cctv.json",
    ];
    let others = others.map(str::to_owned);
    let mut used = BTreeSet::new();
    for path in own_files().into_iter().chain(others) {
        used.extend(own(&path).into_iter().filter_map(|case| case.ruling));
    }
    assert!(used.len() > 130, "only {} rulings", used.len());
    for ruling in used {
        let entry = table.get(&ruling).and_then(Value::as_object);
        let entry = entry.unwrap_or_else(|| panic!("there is no {ruling}"));
        assert!(text(entry, "question").contains('?'), "{ruling}");
        assert!(text(entry, "ruling").ends_with('.'), "{ruling}");
    }
}

/// A file, which must exist, and perhaps a case of it, which must exist too.
fn check(ruling: &str, vector: &str) {
    let (path, case) = vector.split_once('#').unwrap_or((vector, ""));
    assert!(root().join(path).is_file(), "{ruling}: there is no {path}");
    if !case.is_empty() {
        let vectors = file(path);
        let mut names =
            cases(&vectors).map(|c| opt_text(c, "name").unwrap_or_else(|| text(c, "id")));
        let by_id = cases(&vectors).any(|c| opt_text(c, "id") == Some(case));
        assert!(
            by_id || names.any(|name| name == case),
            "{ruling}: no {case} in {path}"
        );
    }
}

/// The table is complete: every case that is marked with a ruling is in a file that it lists. What
/// is in `security/` is listed by what it guards against.
#[test]
fn every_case_of_a_ruling_is_in_the_table() {
    let table = file("rulings.json");
    let mut marked = BTreeSet::new();
    for path in own_files() {
        for case in own(&path) {
            let Some(ruling) = &case.ruling else {
                continue;
            };
            let entry = table.get(ruling).and_then(Value::as_object).expect(ruling);
            if path.starts_with("security/") {
                continue;
            }
            let listed = list(entry, "vectors").any(|vector| vector.as_str() == Some(&path));
            assert!(listed, "{ruling}: {path} is not in the table");
            marked.insert((path.clone(), case.id));
        }
    }
    assert!(marked.len() > 400, "only {} cases", marked.len());
}
