//! `ruma-state-res` resolves any states of any room to the same state as the library, v2 and v2.1,
//! but for the known differences.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomdag::resolve::{Options, resolve};
use roomdag::testing::rooms::{Disagreement, named};
use roomdag::testing::{Random, drawn};
use roomdag_fuzz::ruma;

fuzz_target!(|bytes: &[u8]| {
    let mut random = Random::of_bytes(bytes);
    let rules = drawn::rules(&mut random);
    let room = Disagreement::drawn(&mut random, 40, rules);
    let Some(theirs) = ruma::resolve::resolve(&room, rules) else {
        return;
    };
    let (dag, maps) = room.to_dag();
    let ours = resolve(&dag, &maps, rules, &Options::of(rules)).expect("nothing is missing");
    let ours = named(&dag, &ours.state);
    let known = ruma::known_difference(ruma::Difference::Resolving(&room));
    assert!(
        ours == theirs || known.is_some(),
        "version {}: {ours:?}, ruma {theirs:?}, of {room:#?}",
        rules.id
    );
});
