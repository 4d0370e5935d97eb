//! Claimed states.

use serde_json::json;

use crate::vectors::generated::receive::play::{
    Becomes, Play, Scene, accepted, claimed, done, provisional, refused, waits_for,
};
use crate::vectors::generated::receive::world::{World, by_alice, by_bob};
use crate::vectors::generated::writer::{Json, object};

pub(super) fn events(world: &mut World) {
    let body = |body: &str| json!({"body": body});
    world.add("gap", by_alice(&["bob"]), body("lost"));
    world.add("message", by_bob(&["gap"]), body("Hello"));
    let kick = by_alice(&["bob"]).state("m.room.member", "@bob:b");
    let auth = &["create", "levels", "alice", "bob"];
    world.add("kick", kick.citing(auth), json!({"membership": "leave"}));
    world.add("other message", by_alice(&["bob"]), body("Hello"));
    let topic = by_alice(&["gap"]).state("m.room.topic", "");
    world.add("lost topic", topic, json!({"topic": "Tea"}));
    world.add(
        "message on the topic",
        by_bob(&["lost topic"]),
        body("Hello"),
    );
}

const STATE: [&str; 5] = ["create", "alice", "levels", "rules", "bob"];

pub(super) fn scenes(world: &World) -> Vec<Scene> {
    let mut scenes = states(world);
    scenes.push(abandoned(world));
    scenes.push(outlier(world));
    scenes.push(without_members(world));
    scenes
}

fn abandoned(world: &World) -> Scene {
    let give_up = object! { "abandon" => world.id("message") };
    Play::new(
        world,
        "what is abandoned waits no longer, and may come again",
    )
    .receive("message", waits_for(&["gap"]))
    .other(give_up, &done())
    .receive("gap", accepted())
    .receive("message", accepted())
    .end(&[], &["message"])
}

fn outlier(world: &World) -> Scene {
    let play = Play::new(world, "an event that comes with a state only is an outlier")
        .receive("message on the topic", waits_for(&["lost topic"]));
    let state = ["create", "alice", "levels", "rules", "bob", "lost topic"];
    let what = claimed()
        .bringing("lost topic")
        .settling("message on the topic", accepted());
    claiming(world, play, "message on the topic", &state, &what).end_with(
        &["lost topic"],
        &["bob", "message on the topic"],
        &[("lost topic", "outlier")],
    )
}

/// Whether bob is a member is left out first.
fn without_members(world: &World) -> Scene {
    let few = ["create", "alice", "levels", "rules"];
    let claim = claim(world, "message", &few).with("members", "omitted");
    let undecided = claimed().settling("message", provisional(&["@bob:b"]));
    let play = Play::new(world, "an event is provisional until members are known")
        .receive("message", waits_for(&["gap"]))
        .other(object! { "claim" => claim }, &undecided);
    let decided = claimed().revising("message", "provisional", "accepted");
    claiming(world, play, "message", &STATE, &decided).end_with(
        &[],
        &["bob", "message"],
        &[("message", "accepted")],
    )
}

fn states(world: &World) -> Vec<Scene> {
    let waiting = |id| Play::new(world, id).receive("message", waits_for(&["gap"]));
    vec![
        claiming(
            world,
            waiting("a state is taken for the state"),
            "message",
            &STATE,
            &{ claimed().settling("message", accepted()) },
        )
        .receive("gap", accepted())
        .end(&[], &["message"]),
        claiming(
            world,
            waiting("a state without the create event is none"),
            "message",
            &STATE[1..],
            &refused("NoCreate"),
        )
        .end_with(&[], &["bob"], &[("message", "waiting")]),
        claiming(
            world,
            waiting("a state has one event for each key"),
            "message",
            &["create", "alice", "levels", "rules", "bob", "kick"],
            &refused("SameKey"),
        )
        .end(&[], &["bob"]),
        claiming(
            world,
            waiting("a state has state events only"),
            "message",
            &["create", "alice", "levels", "rules", "bob", "other message"],
            &refused("NotState"),
        )
        .end(&[], &["bob"]),
        claiming(
            world,
            Play::new(world, "no state is asked for before what nobody has seen"),
            "message",
            &STATE,
            &refused("UnknownEvent"),
        )
        .end(&[], &["bob"]),
        claiming(
            world,
            Play::new(world, "no state is asked for where the state is known")
                .receive("other message", accepted()),
            "other message",
            &STATE,
            &refused("NotNeeded"),
        )
        .end(&[], &["other message"]),
    ]
}

/// A claim that these events are the state before that one.
fn claiming<'a>(
    world: &World,
    play: Play<'a>,
    event: &str,
    state: &[&str],
    what: &Becomes,
) -> Play<'a> {
    let claim = claim(world, event, state);
    play.naming(state).other(object! { "claim" => claim }, what)
}

fn claim(world: &World, event: &str, state: &[&str]) -> Json {
    let events: Vec<Json> = state.iter().map(|name| world.given(name).into()).collect();
    object! { "event" => world.id(event), "events" => events }
}
