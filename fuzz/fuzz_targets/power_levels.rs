//! Levels are in a total order, in which what they are written as makes no difference. A change of
//! power levels that is allowed moves nothing that is above its sender, nobody who is not below
//! them but themself, and nothing to above them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomdag::auth;
use roomdag::event::Event;
use roomdag::testing::{Random, drawn};
use roomdag_fuzz::levels::{assert_total_order, assert_within, levels_of};

fuzz_target!(|bytes: &[u8]| {
    let mut random = Random::of_bytes(bytes);
    let rules = drawn::rules(&mut random);
    assert_total_order(&mut random, rules);
    let scene = drawn::Scene::of_levels(&mut random, rules);
    let event = scene.event.as_ref();
    let decision = auth::check(&event, &scene, rules);
    if !decision.is_allowed() {
        return;
    }
    let state = |t: &str| scene.state.get(&(t.to_owned(), String::new()));
    let old = state("m.room.power_levels").map(Event::as_ref);
    let create = state("m.room.create").map(Event::as_ref);
    if let (Some(old), Some(new)) = (old.as_ref().and_then(levels_of), levels_of(&event)) {
        let sender = event.sender.as_str();
        let power = auth::power(
            sender,
            state("m.room.power_levels").map(Event::as_ref),
            create,
            rules,
        );
        assert_within(sender, &power, old, new, rules);
    }
});
