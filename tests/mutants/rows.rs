//! The rows: known weaknesses of implementations, by subject.

/// Each subject with the number of its last row, and the numbers that are not used.
const ROWS: [(&str, u32, &[u32]); 10] = [
    // canonical JSON and parsing
    ("J", 19, &[]),
    // the event format and its limits
    ("F", 20, &[]),
    // hashes and event ids
    ("H", 8, &[]),
    // signatures and keys
    ("S", 23, &[13, 22]),
    // authorisation rules
    ("A", 35, &[30]),
    // redaction
    ("R", 12, &[]),
    // state resolution
    ("SR", 28, &[]),
    // the graph, extremities, soft failure, partial state
    ("D", 20, &[]),
    // server access control lists
    ("L", 6, &[]),
    // shapes that cost much
    ("X", 14, &[]),
];

/// Rows of which no broken build can be made by one change, and why.
pub(crate) const WITHOUT_MUTANT: &[(&str, &str)] = &[];

/// The ids of all rows.
pub(crate) fn all() -> Vec<String> {
    let mut all = Vec::new();
    for (letter, last, unused) in ROWS {
        let numbers = (1..=last).filter(|number| !unused.contains(number));
        all.extend(numbers.map(|number| format!("V-{letter}-{number:02}")));
    }
    all
}

/// The subject of a row.
pub(crate) fn letter(row: &str) -> &str {
    row.split('-').nth(1).expect(row)
}
