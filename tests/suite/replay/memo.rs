//! What a replay remembers of resolutions is bounded, and changes no answer.

use roomdag::Limits;
use roomdag::event::Event;
use roomdag::id::EventId;
use roomdag::replay::{Replay, ReplayOptions};
use roomdag::testing::rooms::Draft;
use roomdag::version::V11;

use crate::replay::answers;

fn state(id: &str, what: (&str, &str, &str), prev: &[&str], auth: &[&str], depth: usize) -> Event {
    let ids = |ids: &[&str]| {
        let named = ids.iter().map(|id| EventId::from_trusted(format!("${id}")));
        named.collect()
    };
    let (event_type, state_key, content) = what;
    Draft {
        id,
        event_type,
        state_key: Some(state_key),
        sender: "@alice:a",
        content,
        origin_server_ts: 0,
        depth: i64::try_from(depth).unwrap(),
        prev_events: ids(prev),
        auth_events: ids(auth),
    }
    .event(&V11)
}

/// ```text
///          ┌ a0 ┐    ┌ a1 ┐    ┌ a2 ┐
/// levels ──┤    ├ m0 ┤    ├ m1 ┤    ├ m2  …      each a and each b sets the topic
///          └ b0 ┘    └ b1 ┘    └ b2 ┘
/// ```
fn alternating(merges: usize) -> Vec<Event> {
    let join = r#"{"membership":"join"}"#;
    let member = ("m.room.member", "@alice:a", join);
    let mut events = vec![
        state("create", ("m.room.create", "", "{}"), &[], &[], 1),
        state("alice", member, &["create"], &["create"], 2),
        state(
            "levels",
            ("m.room.power_levels", "", r#"{"users":{"@alice:a":100}}"#),
            &["alice"],
            &["create", "alice"],
            3,
        ),
    ];
    let auth = ["create", "alice", "levels"];
    let topic = ("m.room.topic", "", "{}");
    let mut last = "levels".to_owned();
    for at in 0..merges {
        let (a, b, merge) = (format!("a{at}"), format!("b{at}"), format!("m{at}"));
        let depth = 4 + 2 * at;
        events.push(state(&a, topic, &[&last], &auth, depth));
        events.push(state(&b, topic, &[&last], &auth, depth));
        let other = ("org.example.merge", "", "{}");
        events.push(state(&merge, other, &[&a, &b], &auth, depth + 1));
        last = merge;
    }
    events
}

#[test]
fn ten_thousand_alternating_merges_leave_no_more_behind_than_the_limit() {
    const MERGES: usize = 10_000;
    let run = |limit: usize| {
        let mut options = ReplayOptions::of(&V11);
        options.remembered_resolutions = limit;
        Replay::run(alternating(MERGES), &V11, options, |_| {})
    };
    let limit = Limits::default().remembered_resolutions;
    let usual = run(limit);
    assert_eq!(usual.order().len(), 3 * MERGES + 3);
    assert_eq!(usual.rejected().count(), 0);
    assert_eq!(usual.remembered_resolutions(), limit);
    let few = run(3);
    assert_eq!(few.remembered_resolutions(), 3);
    let none = run(0);
    assert_eq!(none.remembered_resolutions(), 0);
    assert_eq!(answers(&usual), answers(&few));
    assert_eq!(answers(&usual), answers(&none));
    let all = run(usize::MAX);
    assert_eq!(all.remembered_resolutions(), MERGES);
}
