//! What the conformance runner of the library runs: whole rooms, and files of single cases.

use roomdag::lab::conformance::{self, Report, RoomFiles};

use crate::vectors::fields::{bytes, files, root};

/// Asserts that nothing failed, and that only these rulings made a difference.
#[track_caller]
fn assert_passed(name: &str, report: &Report, rulings: &[&str]) {
    let failures: Vec<_> = report.failures.iter().take(5).collect();
    let count = report.failures.len();
    assert!(
        report.is_success(),
        "{name}: {count} failures, such as {failures:#?}"
    );
    let excepted: Vec<&str> = report.excepted.keys().copied().collect();
    assert_eq!(excepted, rulings, "{name}");
}

#[test]
fn files_of_cases_come_out_as_written_but_for_rulings() {
    for (name, count, rulings) in [
        ("canonical-json/cases.json", 100, &["CJ-08"][..]),
        ("events/events.json", 190, &["RD-07"]),
        ("format/format.json", 574, &["EF-01", "EF-04"]),
        ("auth/cases.json", 3_192, &["AU-25", "AU-32", "AU-34"]),
    ] {
        let report = conformance::vectors(&bytes(name)).unwrap();
        assert_passed(name, &report, rulings);
        assert!(report.cases >= count, "{name}: {} cases", report.cases);
    }
}

#[test]
fn real_rooms_come_out_as_their_servers_had_them() {
    let keys = bytes("rooms/server_keys.json");
    let mut rooms = 0;
    for expected in files("rooms")
        .iter()
        .filter(|path| path.ends_with("/expected.json"))
    {
        let folder = expected.trim_end_matches("expected.json");
        let trace = format!("{folder}trace.ndjson");
        let trace = root().join(&trace).exists().then(|| bytes(&trace));
        let report = conformance::real_room(&RoomFiles {
            events: &bytes(&format!("{folder}events.ndjson")),
            expected: &bytes(expected),
            keys: Some(&keys),
            trace: trace.as_deref(),
        });
        assert_passed(folder, &report.unwrap(), &[]);
        rooms += 1;
    }
    assert_eq!(rooms, 16);
}

#[test]
fn adversarial_rooms_come_out_as_written() {
    let mut rooms = 0;
    for expected in files("cases")
        .iter()
        .filter(|path| path.ends_with(".expected.json"))
    {
        let events = expected.replace(".expected.json", ".ndjson");
        let report = conformance::case_room(&RoomFiles {
            events: &bytes(&events),
            expected: &bytes(expected),
            keys: None,
            trace: None,
        });
        assert_passed(&events, &report.unwrap(), &[]);
        rooms += 1;
    }
    assert_eq!(rooms, 12);
}
