//! Cases with the answers of another implementation, and those that others have published.

use std::collections::BTreeMap;

use roomdag::json::Object;
use roomdag::lab::conformance::{Question, answer};

use crate::vectors::fields::{cases_of, files, text};

/// Runs the cases of a file; returns how many there are, and in how many each ruling decides
/// otherwise than the recorded answer.
#[track_caller]
fn run(path: &str) -> (usize, BTreeMap<String, usize>) {
    let (mut count, mut ruled) = (0, BTreeMap::new());
    for case in cases_of(path) {
        let found = answer(case.question, case.room_version.as_deref(), &case.input).unwrap();
        let found = case.compare(&found);
        assert_eq!(found.different, [], "{}", case.address());
        assert!(found.equal > 0, "{}", case.address());
        count += 1;
        if let Some(ruling) = case.ruling.filter(|_| !case.also_allowed.is_empty()) {
            *ruled.entry(ruling).or_default() += 1;
        }
    }
    (count, ruled)
}

#[test]
fn recorded_answers_are_ours_but_for_rulings() {
    for (path, count, rulings) in [
        ("canonical-json/cases.json", 212, &[("CJ-08", 6)][..]),
        ("events/events.json", 570, &[("RD-07", 13)]),
        ("format/format.json", 574, &[("EF-01", 14), ("EF-04", 2)]),
        (
            "auth/cases.json",
            3_192,
            &[("AU-25", 12), ("AU-32", 9), ("AU-34", 4)],
        ),
    ] {
        let (cases, ruled) = run(path);
        assert_eq!(cases, count, "{path}");
        let ruled: Vec<_> = ruled.iter().map(|(id, n)| (id.as_str(), *n)).collect();
        assert_eq!(ruled, rulings, "{path}");
    }
}

#[test]
fn the_answers_that_a_ruling_overrules_are_allowed() {
    for case in cases_of("canonical-json/cases.json") {
        if let [recorded] = case.also_allowed.as_slice() {
            let found = case.compare(recorded);
            assert!(found.is_pass() && found.is_other, "{}", case.address());
        }
    }
}

#[test]
fn the_cases_of_msc4458_come_out_as_one_of_the_right_outcomes() {
    let paths = files("canonical-json/msc4458");
    assert_eq!(paths.len(), 11);
    for path in paths {
        assert_eq!(run(&path).0, 1, "{path}");
    }
}

/// SG-08: low-order and non-canonical points, in keys and in signatures.
#[test]
fn exactly_what_libsodium_accepts_is_accepted() {
    let path = "signatures/ed25519-cctv.json";
    let (mut count, mut valid) = (0, 0);
    for case in cases_of(path) {
        let found = answer(case.question, None, &case.input).unwrap();
        assert_eq!(found, case.expect, "{}", case.address());
        count += 1;
        valid += usize::from(case.expect.get("valid") == Some(&true.into()));
    }
    assert_eq!((count, valid), (914, 43));
}

/// Go and plain `verify` take any point that is a point, and compare the encoding of R.
#[test]
fn what_is_less_strict_by_one_step_is_allowed_and_nothing_else() {
    let mut others = 0;
    for case in cases_of("signatures/ed25519-cctv.json") {
        let hex = |member| hex(text(&case.input, member));
        let key = <[u8; 32]>::try_from(hex("key")).unwrap();
        let signature = <[u8; 64]>::try_from(hex("signature")).unwrap();
        let is_valid = ed25519_dalek::VerifyingKey::from_bytes(&key).is_ok_and(|key| {
            let signature = ed25519_dalek::Signature::from_bytes(&signature);
            ed25519_dalek::Verifier::verify(&key, &hex("message"), &signature).is_ok()
        });
        let plain = Object::from_iter([("valid", is_valid)]);
        let is_other = plain != case.expect;
        let allowed: &[Object] = if is_other { &[plain] } else { &[] };
        assert_eq!(case.also_allowed, allowed, "{}", case.address());
        others += usize::from(is_other);
    }
    assert_eq!(others, 165);
}

fn hex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[test]
fn the_specification_s_examples_are_signed_as_it_says() {
    let path = "events/spec-examples.json";
    assert_eq!(run(path).0, 4);
    assert!(
        cases_of(path)
            .iter()
            .all(|case| case.question == Question::Sign)
    );
}
