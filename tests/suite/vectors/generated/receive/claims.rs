//! Claimed states.

use serde_json::json;

use crate::vectors::generated::receive::play::{
    Becomes, Play, Scene, accepted, claimed, refused, waits_for,
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
}

const STATE: [&str; 5] = ["create", "alice", "levels", "rules", "bob"];

pub(super) fn scenes(world: &World) -> Vec<Scene> {
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
    let events: Vec<Json> = state.iter().map(|name| world.given(name).into()).collect();
    let claim = object! { "event" => world.id(event), "events" => events };
    play.naming(state).other(object! { "claim" => claim }, what)
}
