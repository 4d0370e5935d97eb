//! Check 7: policy servers.

use serde_json::{Value, json};

use crate::vectors::generated::receive::play::{
    Play, Scene, accepted, accepted_redacted, rejected, withheld,
};
use crate::vectors::generated::receive::world::{Draft, World, by_alice, by_bob, public_key};

/// The policy server is `c`, as long as carol is in the room, with a key of its own.
pub(super) fn events(world: &mut World) {
    let hello = || json!({"body": "Hello"});
    let carol = Draft {
        sender: "@carol:c",
        auth: &["create", "levels", "rules"],
        ..by_alice(&["bob"])
    };
    let join = carol.state("m.room.member", "@carol:c");
    world.add("carol", join, json!({"membership": "join"}));
    let policy = |via: &str| json!({"via": via, "public_keys": {"ed25519": public_key("policy")}});
    let named = by_alice(&["carol"]).state("m.room.policy", "");
    world.add("policy", named, policy("c"));
    world.add("policy without a key", named, json!({"via": "c"}));
    world.add("policy of a stranger", named, policy("d"));
    world.add(
        "policy under another key",
        named.state("m.room.policy", "x"),
        policy("c"),
    );
    let mut event = world.event("policy").clone();
    event["content"]["via"] = "d".into();
    world.put("policy, altered", event);

    let after = by_bob(&["policy"]);
    world.add("message", after, hello());
    let message = world.event("message").clone();
    world.put(
        "endorsed message",
        world.endorsed(message.clone(), "c", "policy"),
    );
    world.put(
        "message endorsed with another key",
        world.endorsed(message.clone(), "c", "c"),
    );
    world.put(
        "message endorsed by another server",
        world.endorsed(message, "b", "policy"),
    );
    let of_carol = Draft {
        prev: &["policy"],
        auth: &["create", "levels", "carol"],
        ..carol
    };
    world.add("message of carol", of_carol, hello());
    let topic = after.state("m.room.topic", "");
    let topic = world.signed("topic", topic, &json!({"topic": "Tea"}));
    world.put(
        "endorsed topic of bob",
        world.endorsed(topic, "c", "policy"),
    );

    let leave = of_carol.state("m.room.member", "@carol:c");
    let leave = world.signed("leave", leave, &json!({"membership": "leave"}));
    world.put(
        "endorsed leave of carol",
        world.endorsed(leave, "c", "policy"),
    );
    world.add(
        "message after the leave",
        by_bob(&["endorsed leave of carol"]),
        hello(),
    );
    let gone = by_alice(&["policy"]).state("m.room.policy", "");
    world.add("no policy", gone, json!({}));
    world.add("message after all", by_bob(&["no policy"]), hello());
    for (name, prev) in [
        ("message without a policy", &["carol"]),
        (
            "message after a policy without a key",
            &["policy without a key"],
        ),
        (
            "message after a policy of a stranger",
            &["policy of a stranger"],
        ),
        (
            "message after a policy under another key",
            &["policy under another key"],
        ),
    ] {
        world.add(name, by_bob(prev), Value::from(serde_json::Map::new()));
    }
}

pub(super) fn scenes(world: &World) -> Vec<Scene> {
    let play = |id| Play::new(world, id).receive("carol", accepted());
    let policed = |id| play(id).receive("policy", accepted());
    let unused = |id, policy, message| {
        play(id)
            .receive(policy, accepted())
            .receive(message, accepted())
            .end(&["carol", policy], &[message])
    };
    let state = ["carol", "policy"];
    vec![
        policed("what the policy server has not signed is soft-failed")
            .receive("message", withheld("PolicyUnsigned"))
            .end(&state, &["policy"]),
        policed("what the policy server has signed is accepted")
            .receive("endorsed message", accepted())
            .end(&state, &["endorsed message"]),
        policed("the policy server signs with the key that the room names")
            .receive(
                "message endorsed with another key",
                withheld("PolicyInvalid"),
            )
            .end(&state, &["policy"]),
        policed("nobody signs for the policy server")
            .receive(
                "message endorsed by another server",
                withheld("PolicyUnsigned"),
            )
            .end(&state, &["policy"]),
        policed("a server's own signature is not the policy server's")
            .ruling("SG-09")
            .receive("message of carol", withheld("PolicyUnsigned"))
            .end(&state, &["policy"]),
        policed("what the policy server has signed is authorised like any other event")
            .receive(
                "endorsed topic of bob",
                rejected("AuthEvents", "BelowRequiredLevel"),
            )
            .end(&state, &["policy"]),
        policed("a room is rid of its policy server without asking it")
            .receive("no policy", accepted())
            .receive("message after all", accepted())
            .end(&["carol", "no policy"], &["message after all"]),
        policed("a policy server with nobody in the room is none")
            .receive("endorsed leave of carol", accepted())
            .receive("message after the leave", accepted())
            .end(
                &["endorsed leave of carol", "policy"],
                &["message after the leave"],
            ),
        play("without a policy there is nobody to sign")
            .receive("message without a policy", accepted())
            .end(&["carol"], &["message without a policy"]),
        unused(
            "a policy without a key is none",
            "policy without a key",
            "message after a policy without a key",
        ),
        unused(
            "a policy server that is not in the room is none",
            "policy of a stranger",
            "message after a policy of a stranger",
        ),
        unused(
            "a policy with a state key is none",
            "policy under another key",
            "message after a policy under another key",
        ),
        play("a policy that was altered is redacted, and so none")
            .receive("policy, altered", accepted_redacted())
            .receive("message", accepted())
            .end(&state, &["message"]),
    ]
}
