//! Checks 4 and 5: the rules, by the auth events and by the state before the event.

use serde_json::json;

use crate::vectors::generated::receive::play::{
    Play, Scene, accepted, dropped, known, rejected, waits_for,
};
use crate::vectors::generated::receive::world::{World, by_alice, by_bob};
use crate::vectors::generated::writer::object;

pub(super) fn auth_event_events(world: &mut World) {
    let hello = || json!({"body": "Hello"});
    let levels = by_alice(&["bob"]).state("m.room.power_levels", "");
    let content = world.levels(&json!({"@bob:b": 50}));
    world.add("new levels", levels, content);
    let after = by_alice(&["new levels"]);
    world.add(
        "message",
        after.citing(&["create", "new levels", "alice"]),
        hello(),
    );
    if world.version < 12 {
        let message = by_alice(&["bob"]).citing(&["levels", "alice"]);
        world.add("message without the create event", message, hello());
    } else {
        // The room id names the create event, and nothing else does.
        let mut event = world.signed("message", by_alice(&["bob"]), &hello());
        let auth = event["auth_events"].as_array_mut().unwrap();
        auth.insert(0, world.id("create").into());
        event.remove("signatures");
        let event = roomdag::testing::plain::hashed(event);
        let event = world.signed_by(event, "a", "a");
        world.put("message with the create event", event);
    }
    let both = &["create", "levels", "new levels", "alice"];
    world.add("message with two power levels", after.citing(both), hello());
    let rules = &["create", "levels", "rules", "alice"];
    world.add(
        "message with join rules",
        by_alice(&["bob"]).citing(rules),
        hello(),
    );
    let other = &["create", "levels", "alice", "bob"];
    world.add(
        "message with another member",
        by_alice(&["bob"]).citing(other),
        hello(),
    );

    let grab = by_bob(&["bob"]).state("m.room.power_levels", "");
    let content = world.levels(&json!({"@bob:b": 100}));
    world.add("levels of bob", grab, content);
    let auth = &["create", "levels of bob", "bob"];
    world.add("message of bob", by_bob(&["bob"]).citing(auth), hello());
    world.add(
        "message after it",
        by_alice(&["bob", "levels of bob"]),
        hello(),
    );
    world.add(
        "topic of bob",
        by_bob(&["bob"]).state("m.room.topic", ""),
        json!({}),
    );
}

pub(super) fn auth_events(world: &World) -> Vec<Scene> {
    let by = |rule| rejected("AuthEvents", rule);
    let create = if world.version < 12 {
        Play::new(world, "the create event is cited")
            .receive("message without the create event", by("AuthEventsNoCreate"))
            .end(&[], &["bob"])
    } else {
        let also = object! { "extremities" => vec![world.id("bob")] };
        Play::new(world, "the create event is not cited")
            .ruling("EF-20")
            .receive("message with the create event", dropped("CitesCreate"))
            .end(&[], &["bob"])
            .also_allowed(also)
    };
    vec![
        create,
        Play::new(world, "one auth event for each type and state key")
            .receive("new levels", accepted())
            .receive("message with two power levels", by("AuthEventsDuplicate"))
            .end(&["new levels"], &["new levels"]),
        Play::new(world, "no auth events but those that the selection names")
            .receive("message with join rules", by("AuthEventsUnexpected"))
            .receive("message with another member", by("AuthEventsUnexpected"))
            .end(&[], &["bob"]),
        Play::new(world, "who has not the level has not the event accepted")
            .receive("topic of bob", by("BelowRequiredLevel"))
            .receive("topic of bob", known("rejected"))
            .end(&[], &["bob"]),
        Play::new(world, "nothing rests on what was rejected")
            .ruling("AU-45")
            .receive("levels of bob", by("BelowRequiredLevel"))
            .receive("message of bob", by("AuthEventsRejected"))
            .end(&[], &["bob"]),
        Play::new(
            world,
            "what comes after a rejected event need not be rejected",
        )
        .ruling("SR-34")
        .receive("levels of bob", by("BelowRequiredLevel"))
        .receive("message after it", accepted())
        .end(&[], &["message after it"]),
        Play::new(
            world,
            "an auth event that was never seen is missing, not rejected",
        )
        .receive("message", waits_for(&["new levels"]))
        .receive("new levels", accepted().settling("message", accepted()))
        .end(&["new levels"], &["message"]),
    ]
}

pub(super) fn state_events(world: &mut World) {
    let hello = || json!({"body": "Hello"});
    let kick = by_alice(&["bob"]).state("m.room.member", "@bob:b");
    let auth = &["create", "levels", "alice", "bob"];
    world.add("kick", kick.citing(auth), json!({"membership": "leave"}));
    world.add("message after the kick", by_bob(&["kick"]), hello());
    world.add("message before the kick", by_bob(&["bob"]), hello());
    let both = &["message before the kick", "kick"];
    world.add("message after both", by_bob(both), hello());

    let levels = by_alice(&["bob"]).state("m.room.power_levels", "");
    let content = world.levels(&json!({"@bob:b": 50}));
    world.add("promotion", levels, content);
    let levels = by_alice(&["promotion"]).state("m.room.power_levels", "");
    let content = world.levels(&json!({"@bob:b": 0}));
    world.add(
        "demotion",
        levels.citing(&["create", "promotion", "alice"]),
        content,
    );
    let topic = by_bob(&["demotion"]).state("m.room.topic", "");
    let topic = topic.citing(&["create", "promotion", "bob"]);
    world.add("topic after the demotion", topic, json!({"topic": "Tea"}));
    let last = by_alice(&["topic after the demotion"]);
    world.add(
        "last message",
        last.citing(&["create", "demotion", "alice"]),
        hello(),
    );
}

pub(super) fn state(world: &World) -> Vec<Scene> {
    let by = |rule| rejected("State", rule);
    vec![
        Play::new(
            world,
            "who was removed says nothing afterwards, citing an old join",
        )
        .receive("kick", accepted())
        .receive("message after the kick", by("SenderNotJoined"))
        .end(&["kick"], &["kick"]),
        Play::new(
            world,
            "the state before an event is what those before it resolve to",
        )
        .ruling("AU-52")
        .receive("message before the kick", accepted())
        .receive("kick", accepted())
        .receive("message after both", by("SenderNotJoined"))
        .end(&["kick"], &["message before the kick", "kick"]),
        Play::new(world, "a rejected state event is in no state")
            .receive("promotion", accepted())
            .receive("demotion", accepted())
            .receive("topic after the demotion", by("BelowRequiredLevel"))
            .end(&["demotion"], &["demotion"]),
        Play::new(
            world,
            "a rejected state event is in no state after it either",
        )
        .ruling("SR-34")
        .receive("promotion", accepted())
        .receive("demotion", accepted())
        .receive("topic after the demotion", by("BelowRequiredLevel"))
        .receive("last message", accepted())
        .end(&["demotion"], &["last message"]),
    ]
}
