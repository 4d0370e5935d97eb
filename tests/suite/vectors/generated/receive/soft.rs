//! Check 6: soft failure.

use serde_json::json;

use crate::vectors::generated::receive::play::{Play, Scene, accepted, known, soft_failed};
use crate::vectors::generated::receive::world::{World, by_alice, by_bob};

pub(super) fn events(world: &mut World) {
    let hello = || json!({"body": "Hello"});
    let auth = &["create", "levels", "alice", "bob"];
    let kick = by_alice(&["bob"]).state("m.room.member", "@bob:b");
    world.add("kick", kick.citing(auth), json!({"membership": "leave"}));
    world.add("late message", by_bob(&["bob"]), hello());
    world.add(
        "message after both",
        by_alice(&["kick", "late message"]),
        hello(),
    );
    world.add(
        "message after the late one",
        by_alice(&["late message"]),
        hello(),
    );

    let levels = by_alice(&["bob"]).state("m.room.power_levels", "");
    let content = world.levels(&json!({"@bob:b": 50}));
    world.add("promotion", levels, content);
    let topic = by_bob(&["promotion"]).state("m.room.topic", "");
    let topic = topic.citing(&["create", "promotion", "bob"]);
    world.add("late topic", topic, json!({"topic": "Tea"}));
    let ban = by_alice(&["promotion"]).state("m.room.member", "@bob:b");
    let ban = ban.citing(&["create", "promotion", "alice", "bob"]);
    world.add("ban", ban, json!({"membership": "ban"}));
    let after = by_alice(&["ban", "late topic"]);
    let after = after.citing(&["create", "promotion", "alice"]);
    world.add("message after the topic", after, hello());
}

pub(super) fn scenes(world: &World) -> Vec<Scene> {
    let late = || soft_failed("SenderNotJoined");
    // Algorithm 1 has no conflict where one of two states lacks a key.
    let topic: &[&str] = if world.version == 1 {
        &["promotion", "ban", "late topic"]
    } else {
        &["promotion", "ban"]
    };
    let verdicts = [("late message", "soft_failed")];
    vec![
        Play::new(world, "who was removed speaks as if before, but too late")
            .receive("kick", accepted())
            .receive("late message", late())
            .end_with(&["kick"], &["kick"], &verdicts),
        Play::new(world, "the same message in time")
            .receive("late message", accepted())
            .receive("kick", accepted())
            .end_with(
                &["kick"],
                &["late message", "kick"],
                &[("late message", "accepted")],
            ),
        Play::new(
            world,
            "a soft-failed event that comes again is soft-failed still",
        )
        .receive("kick", accepted())
        .receive("late message", late())
        .receive("late message", known("soft_failed"))
        .end(&["kick"], &["kick"]),
        Play::new(
            world,
            "what builds on a soft-failed event is judged by itself",
        )
        .receive("kick", accepted())
        .receive("late message", late())
        .receive("message after both", accepted())
        .end_with(&["kick"], &["message after both"], &verdicts),
        Play::new(
            world,
            "what builds on a soft-failed event alone is a branch of its own",
        )
        .receive("kick", accepted())
        .receive("late message", late())
        .receive("message after the late one", accepted())
        .end(&["kick"], &["kick", "message after the late one"]),
        Play::new(
            world,
            "a soft-failed state event takes part once something builds on it",
        )
        .ruling("SR-34")
        .receive("promotion", accepted())
        .receive("ban", accepted())
        .receive("late topic", late())
        .receive("message after the topic", accepted())
        .end_with(
            topic,
            &["message after the topic"],
            &[("late topic", "soft_failed")],
        ),
    ]
}
