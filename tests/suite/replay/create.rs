//! Which create event is the room's, and what a copy of an event has to say about it.

use roomdag::event::{Event, EventRef};
use roomdag::id::{EventId, RoomId};
use roomdag::replay::{Replay, ReplayOptions, Status};
use roomdag::state::KeyIx;
use roomdag::testing::rooms::Draft;
use roomdag::version::{CreateReference, RoomVersionRules, V11, V12};

use crate::replay::answers;

const ALICE: &str = "@alice:a";
const JOIN: &str = r#"{"membership":"join"}"#;

fn event(
    rules: &RoomVersionRules,
    id: &str,
    (event_type, state_key, content): (&str, Option<&str>, &str),
    depth: i64,
    (prev, auth): (&[&str], &[&str]),
) -> Event {
    let ids = |ids: &[&str]| {
        let ids = ids.iter().map(|id| EventId::from_trusted(format!("${id}")));
        ids.collect()
    };
    Draft {
        id,
        event_type,
        state_key,
        sender: ALICE,
        content,
        origin_server_ts: depth,
        depth,
        prev_events: ids(prev),
        auth_events: ids(auth),
    }
    .event(rules)
}

fn run(events: &[&Event], rules: &RoomVersionRules) -> Replay {
    let events = events.iter().copied().cloned();
    Replay::run(events, rules, ReplayOptions::of(rules), |_| {})
}

/// ```text
/// create ─ alice ┬ forged, another create event
///                └ 0, 1, 2, 3, 4   all cite the forged one
/// ```
#[test]
fn a_create_event_that_follows_others_is_never_the_room_s() {
    let create = ("m.room.create", Some(""), "{}");
    let message = ("m.room.message", None, "{}");
    let mut events = vec![
        event(&V11, "create", create, 1, (&[], &[])),
        event(
            &V11,
            "alice",
            ("m.room.member", Some(ALICE), JOIN),
            2,
            (&["create"], &["create"]),
        ),
        event(&V11, "forged", create, 3, (&["alice"], &[])),
    ];
    for number in 0..5 {
        let cited: (&[&str], &[&str]) = (&["alice"], &["forged"]);
        events.push(event(&V11, &number.to_string(), message, 3, cited));
    }
    let replay = run(&events.iter().collect::<Vec<_>>(), &V11);
    let dag = replay.dag();
    assert_eq!(replay.create(), dag.node("$create"));
    let status = |id: &str| replay.verdict(dag.node(id).unwrap()).unwrap().status();
    assert_eq!(
        (status("$create"), status("$alice")),
        (Status::Accepted, Status::Accepted)
    );
    assert_eq!(replay.rejected().count(), 6);
}

#[test]
fn what_a_copy_implies_counts_only_if_the_copy_is_taken() {
    let create = event(
        &V12,
        "create",
        ("m.room.create", Some(""), "{}"),
        1,
        (&[], &[]),
    );
    let join = ("m.room.member", Some(ALICE), JOIN);
    let alice = event(&V12, "alice", join, 2, (&["create"], &[]));
    let here = event(
        &V12,
        "x",
        ("m.room.message", None, "{}"),
        3,
        (&["alice"], &[]),
    );
    let parts = EventRef {
        room_id: &RoomId::from_trusted("!elsewhere"),
        ..here.as_ref()
    };
    let there = Event::trusted(&parts, here.prev_events().to_vec(), Vec::new());
    let one = run(&[&create, &alice, &here, &there], &V12);
    let other = run(&[&create, &alice, &there, &here], &V12);
    assert_eq!(answers(&one), answers(&other));
    assert_eq!(one.refused(), other.refused());
}

/// V-A-10: by the rules alone it is a create event (AU-35), and that is all it is.
#[test]
fn a_create_event_under_another_key_is_never_the_room_s() {
    let join = ("m.room.member", Some(ALICE), JOIN);
    let message = ("m.room.message", None, "{}");
    for rules in [&V11, &V12] {
        let create = ("m.room.create", Some(""), r#"{"creator":"@alice:a"}"#);
        let cited: &[&str] = match rules.auth.create_reference {
            CreateReference::Required => &["create"],
            CreateReference::Forbidden => &[],
        };
        let odd = ("m.room.create", Some("odd"), r#"{"creator":"@eve:a"}"#);
        let events = [
            event(rules, "odd", odd, 0, (&[], &[])),
            event(rules, "create", create, 1, (&[], &[])),
            event(rules, "alice", join, 2, (&["create"], cited)),
            event(rules, "cites", message, 3, (&["alice"], &["odd", "alice"])),
            event(
                rules,
                "after",
                message,
                3,
                (&["alice"], &[cited, &["alice"]].concat()),
            ),
        ];
        for order in [[0, 1, 2, 3, 4], [1, 2, 4, 3, 0]] {
            let events: Vec<&Event> = order.iter().map(|at| &events[*at]).collect();
            let replay = run(&events, rules);
            let dag = replay.dag();
            assert_eq!(replay.create(), dag.node("$create"));
            let status = |id: &str| replay.verdict(dag.node(id).unwrap()).unwrap().status();
            assert_eq!(status("$after"), Status::Accepted);
            assert_eq!(status("$cites"), Status::Rejected);
            let state = replay.state_before(dag.node("$after").unwrap()).unwrap();
            assert_eq!(state.get(KeyIx::CREATE), dag.node("$create"));
        }
    }
}
