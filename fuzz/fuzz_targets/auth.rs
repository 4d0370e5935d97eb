//! Every decision is by a rule that the room version has. The state that an event's auth events
//! selection names decides as the whole state does, and so does no more of it than was looked at;
//! by the cited events themselves, in whatever order. A user who is banned does not join, and who
//! has not joined does nothing but what concerns membership.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomdag::auth::{self, AuthEvent, StateView};
use roomdag::testing::{Random, drawn};
use roomdag_fuzz::auth::{Watched, assert_sound};

fuzz_target!(|bytes: &[u8]| {
    let mut random = Random::of_bytes(bytes);
    let rules = drawn::rules(&mut random);
    let scene = drawn::Scene::drawn(&mut random, rules);
    let event = scene.event.as_ref();
    let watched = Watched::new(&scene);
    let decision = auth::check(&event, &watched, rules);
    assert_eq!(
        decision.rule.number(rules.auth.numbering),
        Some(decision.number)
    );
    assert_sound(&scene, &decision);

    let asked = watched.asked();
    let seen = scene.with_state(|t, key| asked.contains(&(t.to_owned(), key.to_owned())));
    assert_eq!(auth::check(&event, &seen, rules), decision);
    if event.event_type == "m.room.create" {
        return;
    }
    let selection = auth::selection(&event, rules);
    let is_selected = |t: &str, key: &str| selection.contains(t, key) || t == "m.room.create";
    assert_eq!(
        auth::check(&event, &scene.with_state(is_selected), rules),
        decision
    );

    let Some(create) = scene.get("m.room.create", "") else {
        return;
    };
    let cited = |event| AuthEvent {
        event,
        rejected: false,
    };
    let selected = selection.iter().filter_map(|(t, key)| scene.get(t, key));
    let mut list: Vec<AuthEvent<'_>> = selected.map(cited).collect();
    for _ in 0..list.len() {
        let by_list = auth::check_by_auth_events(&event, &list, Some(cited(create)), rules);
        assert_eq!(by_list, decision);
        list.rotate_left(1);
    }
});
