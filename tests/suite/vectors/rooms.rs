//! Whole rooms, by all that is known of them, and as other implementations are asked.

use roomdag::lab::conformance::{self, Report, RoomFiles, answer};

use crate::vectors::fields::{bytes, files, root};

/// Asserts that nothing failed, neither in detail nor by what others are asked.
#[track_caller]
fn assert_passed(name: &str, report: &Report, files: &RoomFiles<'_>) {
    let failures: Vec<_> = report.failures.iter().take(5).collect();
    let count = report.failures.len();
    assert!(
        report.is_success(),
        "{name}: {count} failures, such as {failures:#?}"
    );
    let case = files.case(name).unwrap();
    let found = answer(case.question, case.room_version.as_deref(), &case.input).unwrap();
    let found = case.compare(&found);
    assert_eq!(found.different, [], "{name}");
    let verdicts = case.expect.get("verdicts").and_then(|v| v.as_object());
    assert!(
        found.equal > verdicts.unwrap().len(),
        "{name}: only verdicts"
    );
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
        let files = RoomFiles {
            events: &bytes(&format!("{folder}events.ndjson")),
            expected: &bytes(expected),
            keys: Some(&keys),
            trace: trace.as_deref(),
        };
        let report = conformance::real_room(&files);
        assert_passed(folder, &report.unwrap(), &files);
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
        let files = RoomFiles {
            events: &bytes(&events),
            expected: &bytes(expected),
            keys: None,
            trace: None,
        };
        let report = conformance::case_room(&files);
        assert_passed(&events, &report.unwrap(), &files);
        rooms += 1;
    }
    assert_eq!(rooms, 12);
}
