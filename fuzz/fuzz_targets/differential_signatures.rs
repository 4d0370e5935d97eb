//! `ruma-common` and `ruma-signatures` read the same JSON, write it alike, and make the same
//! hashes, id, redacted form and verdict on signatures of an event, in the room versions whose
//! canonical JSON is strict; but for the known differences.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomdag::json::Mode;
use roomdag::testing::{Random, drawn};
use roomdag_fuzz::ruma::json;
use roomdag_fuzz::signatures::with_mischief;

fuzz_target!(|bytes: &[u8]| {
    let mut random = Random::of_bytes(bytes);
    if random.chance(40) {
        json::read(&random.into_bytes());
        return;
    }
    let rules = drawn::rules(&mut random);
    if rules.canonical_json != Mode::Strict {
        return;
    }
    let event = drawn::event(&mut random, rules);
    let mut event = drawn::signed(&event, &["a", "b", "c"], rules);
    with_mischief(&mut random, &mut event);
    let Some((ours, theirs)) = json::read(&event.to_canonical()) else {
        return;
    };
    json::assert_hashed_alike(&ours, &theirs, rules);
    json::assert_verified_alike(&ours, &theirs, rules, &drawn::keys(), drawn::now());
});
