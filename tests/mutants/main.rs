//! Broken builds: what shows a known weakness must notice a build that has it.
//!
//! `spec-vectors/security/ROW.json` shows one weakness each, by cases or by the tests that it
//! names. `LETTER.json` beside this file lists changes to the source that bring a weakness back:
//!
//! ```json
//! {"row": "V-J-01", "file": "src/…", "from": "what stands there once", "to": "what is put there",
//!  "run": "conformance", "why": "what such a build does"}
//! ```
//!
//! | `run`                | what must fail                                                 |
//! |----------------------|----------------------------------------------------------------|
//! | `conformance`        | `roomdag conformance spec-vectors/security/ROW.json`           |
//! | `conformance PATH`   | `roomdag conformance PATH`                                     |
//! | `suite FILTER`       | the tests of `tests/suite` of that name; so for other targets  |
//! | `lib FILTER`         | the library's unit tests of that name                          |
//! | `doc FILTER`         | the examples of that item                                      |
//!
//! With `"hangs": true`, running for ever counts as failing.
//!
//! `cargo test --all-features --test mutants -- --ignored --nocapture` makes each change in a copy,
//! builds it and runs that. `ROOMDAG_MUTANTS=V-J,V-F-0` runs only rows that begin like this.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

mod rows;
mod table;
mod workshop;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use table::{Mutant, proof, proofs};
use workshop::{Outcome, Workshop};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_mutant_changes_one_place() {
    for mutant in table::mutants(root()) {
        let name = format!("{}: {}", mutant.row, mutant.why);
        let text = std::fs::read_to_string(root().join(&mutant.file)).expect(&name);
        assert_eq!(text.matches(&mutant.from).count(), 1, "{name}");
        assert_ne!(mutant.from, mutant.to, "{name}");
        assert!(!mutant.why.is_empty(), "{name}");
        assert!(rows::all().contains(&mutant.row), "{name}: no such row");
    }
}

#[test]
fn every_row_is_shown_and_has_a_mutant_that_must_be_noticed() {
    let mutants = table::mutants(root());
    let rows = rows::all();
    let subjects: BTreeSet<String> = rows.iter().map(|row| rows::letter(row).into()).collect();
    assert_eq!(table::letters(root()), subjects);
    for row in rows {
        assert!(proof(root(), &row).is_some(), "nothing shows {row}");
        let has_one = mutants.iter().any(|mutant| mutant.row == row);
        let reason = rows::WITHOUT_MUTANT.iter().find(|(name, _)| *name == row);
        assert_ne!(has_one, reason.is_some(), "{row}: a mutant, or a reason");
    }
}

#[test]
fn what_shows_a_row_exists() {
    for (row, proof) in proofs(root()) {
        assert!(rows::all().contains(&row), "{row} is no row");
        assert_eq!(proof.row, row, "the row that the file itself names");
        let count = proof.cases + proof.tests.len() + proof.vectors.len();
        assert!(count > 0, "{row} is shown by nothing");
        for path in &proof.vectors {
            let there = root().join("spec-vectors").join(path).exists();
            assert!(there, "{row}: there is no {path}");
        }
        for test in &proof.tests {
            assert!(table::test_exists(root(), test), "{row}: no test {test}");
        }
    }
}

#[test]
#[ignore = "builds the library once for each mutant; see the head of this file"]
fn every_mutant_is_noticed() {
    let wanted = std::env::var("ROOMDAG_MUTANTS").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(',').map(str::trim).collect();
    let chosen = |mutant: &Mutant| wanted.iter().any(|start| mutant.row.starts_with(start));
    let mutants: Vec<Mutant> = table::mutants(root()).into_iter().filter(chosen).collect();
    assert!(!mutants.is_empty(), "no mutants of {wanted:?}");

    let workshop = Workshop::open(root());
    let runs: BTreeSet<_> = mutants.iter().map(Mutant::run).collect();
    for run in &runs {
        let outcome = workshop.run(run);
        println!("unbroken: {run}: {outcome}");
        assert_eq!(outcome, Outcome::Passes, "the unbroken build must pass");
    }
    let mut rows = Vec::new();
    for (number, mutant) in mutants.iter().enumerate() {
        let begin = Instant::now();
        let outcome = workshop.with(mutant, |workshop| workshop.run(&mutant.run()));
        let noticed = outcome == Outcome::Fails || (outcome == Outcome::Hangs && mutant.hangs);
        let verdict = match outcome {
            _ if noticed => "noticed".to_owned(),
            Outcome::Passes => "SURVIVES".to_owned(),
            other => other.to_string(),
        };
        let seconds = begin.elapsed().as_secs();
        let (row, why, of) = (&mutant.row, &mutant.why, mutants.len());
        println!("{}/{of} {row} {verdict} ({seconds} s): {why}", number + 1);
        rows.push((mutant, noticed, verdict));
    }
    println!("\n| row | broken build | run | verdict |\n|---|---|---|---|");
    for (mutant, _, verdict) in &rows {
        println!(
            "| {} | {} | {} | {verdict} |",
            mutant.row,
            mutant.why,
            mutant.run()
        );
    }
    let noticed = rows.iter().filter(|(_, noticed, _)| *noticed).count();
    println!("\n{noticed} of {} mutants are noticed", rows.len());
    assert_eq!(noticed, rows.len(), "some mutants are not noticed");
}
