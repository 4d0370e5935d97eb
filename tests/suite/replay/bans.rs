//! V-SR-26: who arrives first decides what is soft-failed, and nothing about any state.

use roomdag::replay::{Arrival, Replay, Status};
use roomdag::version::{RoomVersionRules, V2, V11};

use crate::replay::{BAN, JOIN, Story, status};

/// ```text
///             ┌ a   Alice, 100, bans Bob
/// … carol ────┼ b   Bob, 75, bans Carol        merge ─ follows all three
///             └ c   Carol, 50, sets join rules
/// ```
fn story(rules: &RoomVersionRules) -> Story {
    let mut story = Story::begin(rules);
    let levels = r#"{"users":{"@alice:a":100,"@bob:b":75,"@carol:c":50}}"#;
    let cite = ["create", "alice", "levels"];
    let key = ("m.room.power_levels", Some(""), "@alice:a");
    story.say("new", key, levels, &["bob"], &cite);
    let key = ("m.room.member", Some("@carol:c"), "@carol:c");
    story.say("carol", key, JOIN, &["new"], &["create", "new", "rules"]);
    let key = ("m.room.member", Some("@bob:b"), "@alice:a");
    story.say(
        "a",
        key,
        BAN,
        &["carol"],
        &["create", "new", "alice", "bob"],
    );
    let key = ("m.room.member", Some("@carol:c"), "@bob:b");
    story.say(
        "b",
        key,
        BAN,
        &["carol"],
        &["create", "new", "bob", "carol"],
    );
    let key = ("m.room.join_rules", Some(""), "@carol:c");
    let invite = r#"{"join_rule":"invite"}"#;
    story.say("c", key, invite, &["carol"], &["create", "new", "carol"]);
    story.message(
        "merge",
        "@alice:a",
        &["a", "b", "c"],
        &["create", "new", "alice"],
    );
    story
}

/// The story with its three events in this order.
fn arrived(rules: &RoomVersionRules, order: [&str; 3]) -> Replay {
    let mut story = story(rules);
    let merge = story.events.pop().unwrap();
    let three = story.events.split_off(story.events.len() - 3);
    for name in order {
        let id = format!("${name}");
        let event = three.iter().find(|event| event.id().as_str() == id);
        story.events.push(event.unwrap().clone());
    }
    story.events.push(merge);
    story.replay(|options| options.arrival = Arrival::InOrder)
}

#[test]
fn a_chain_of_bans_ends_in_one_state_whatever_came_first() {
    for rules in [&V2, &V11] {
        let orders = [
            ["a", "b", "c"],
            ["b", "c", "a"],
            ["c", "a", "b"],
            ["c", "b", "a"],
        ];
        let replays = orders.map(|order| arrived(rules, order));
        let end = |replay: &Replay| {
            let dag = replay.dag();
            let state = replay.state_before(dag.node("$merge").unwrap()).unwrap();
            let holder = |event_type, key| {
                let key = dag.keys().lookup(event_type, key).unwrap();
                dag.id(state.get(key).unwrap()).unwrap().to_string()
            };
            let bob = holder("m.room.member", "@bob:b");
            let carol = holder("m.room.member", "@carol:c");
            (
                bob,
                carol,
                holder("m.room.join_rules", ""),
                dag.digest(state),
            )
        };
        let first = end(&replays[0]);
        assert_eq!((&*first.0, &*first.1, &*first.2), ("$a", "$carol", "$c"));
        for replay in &replays {
            assert_eq!(end(replay), first);
            assert_ne!(status(replay, "c"), Status::Rejected);
        }
        // Where Bob's ban is there first and Alice's is not, Carol's join rules are soft-failed.
        let of_c = |replay: &Replay| status(replay, "c");
        assert_eq!(of_c(&replays[0]), Status::Accepted);
        assert_eq!(of_c(&replays[1]), Status::SoftFailed);
        assert_eq!(status(&replays[0], "b"), Status::SoftFailed);
        assert_eq!(status(&replays[1], "b"), Status::Accepted);
    }
}
