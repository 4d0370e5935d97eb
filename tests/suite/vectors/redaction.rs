//! `redaction`: laws besides what the cases say.

use std::collections::{BTreeMap, BTreeSet};

use roomdag::json::Value;
use roomdag::pdu::redact;
use roomdag::version::RoomVersions;

use crate::vectors::own::own;

#[test]
fn each_row_says_what_becomes_of_it_in_every_version() {
    for path in ["redaction/rows.json", "redaction/targets.json"] {
        let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for case in own(path) {
            let (row, _) = case.id.rsplit_once(" (").unwrap();
            let version = case.room_version.unwrap();
            assert!(
                versions.entry(row.to_owned()).or_default().insert(version),
                "{row}"
            );
        }
        for (row, versions) in versions {
            assert_eq!(versions.len(), 12, "{row}");
        }
    }
}

#[test]
fn what_is_redacted_stays_as_it_is() {
    for case in own("redaction/rows.json") {
        let rules = RoomVersions::stable_rules(case.room_version.as_deref().unwrap()).unwrap();
        let redacted = case
            .expect
            .get("redacted")
            .and_then(Value::as_object)
            .unwrap();
        assert_eq!(redact(redacted, rules), *redacted, "{}", case.address());
    }
}
