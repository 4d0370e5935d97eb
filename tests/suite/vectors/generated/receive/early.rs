//! Checks 1 to 3: format, signatures, hashes.

use serde_json::{Value, json};

use crate::vectors::generated::receive::play::{
    Play, Scene, accepted, accepted_redacted, done, dropped, rejected_overlong, waits_for_keys,
};
use crate::vectors::generated::receive::world::{
    Draft, World, by_alice, by_bob, public_key, server_keys,
};
use crate::vectors::generated::writer::{Json, object};

pub(super) fn format_events(world: &mut World) {
    world.add("message", by_alice(&["bob"]), json!({"body": "Hello"}));
    let mut event = world.event("message").clone();
    event.remove("depth");
    world.put("message without a depth", event);
    let long = "é".repeat(200);
    let draft = Draft {
        event_type: &long,
        ..by_alice(&["bob"])
    };
    world.add("event of a long type", draft, json!({}));
}

pub(super) fn format(world: &World) -> Vec<Scene> {
    let text = |text: &str| object! { "receive" => object! { "text" => text } };
    let message = world.json("message");
    let body = object! { "$repeat" => vec![Json::from("x"), Json::from(65_536)] };
    let large = message.with("content", object! { "body" => body });
    let large = object! { "receive" => large };
    let long = if world.version < 11 {
        rejected_overlong()
    } else {
        dropped("TooLong")
    };
    vec![
        Play::new(world, "what is no JSON is dropped")
            .other(text("{"), &dropped("Json"))
            .receive("message", accepted())
            .end(&[], &["message"]),
        Play::new(world, "an array is no event")
            .other(text("[]"), &dropped("Json"))
            .end(&[], &["bob"]),
        Play::new(
            world,
            "a key twice is no JSON that there could be a hash of",
        )
        .ruling("CJ-08")
        .other(text("{\"type\": \"a\", \"type\": \"b\"}"), &dropped("Json"))
        .end(&[], &["bob"]),
        Play::new(world, "what is dropped leaves no trace")
            .section("event-format")
            .receive("message without a depth", dropped("Missing"))
            .receive("message", accepted())
            .end(&[], &["message"]),
        Play::new(world, "an event of more than 65536 bytes is dropped")
            .ruling("EF-01")
            .other(large, &dropped("TooLarge"))
            .end(&[], &["bob"]),
        Play::new(world, "a type of more than 255 bytes, but not characters")
            .ruling("EF-03")
            .receive("event of a long type", long)
            .end(&[], &["bob"]),
    ]
}

pub(super) fn signature_events(world: &mut World) {
    world.add("message", by_alice(&["bob"]), json!({"body": "Hello"}));
    let mut event = world.event("message").clone();
    event["signatures"] = json!({});
    world.put("message without a signature", event.clone());
    let forged = world.signed_by(event.clone(), "a", "b");
    world.put("message with a forged signature", forged);
    let other = world.signed_by(event, "b", "b");
    world.put("message signed by another server", other);
    world.add("message of bob", by_bob(&["bob"]), json!({"body": "Hello"}));
    let rules = by_alice(&["bob"]).state("m.room.join_rules", "");
    let allow = json!([{"type": "m.room_membership", "room_id": "!other:a"}]);
    world.add(
        "restricted",
        rules,
        json!({"join_rule": "restricted", "allow": allow}),
    );
    let carol = Draft {
        sender: "@carol:c",
        auth: &["create", "levels", "restricted", "alice"],
        ..by_alice(&["restricted"])
    };
    let carol = carol.state("m.room.member", "@carol:c");
    let content = json!({"membership": "join", "join_authorised_via_users_server": "@alice:a"});
    let both = Draft {
        signers: &["a"],
        ..carol
    };
    world.add("carol", both, content);
    let mut event = world.event("carol").clone();
    event["signatures"].as_object_mut().unwrap().remove("a");
    world.put("carol, signed by her server alone", event);
}

pub(super) fn signatures(world: &World) -> Vec<Scene> {
    let alone = object! { "keys" => server_keys(&["b"]) };
    let mut scenes = vec![
        Play::new(
            world,
            "a forged signature is none, and the true one counts later",
        )
        .receive("message with a forged signature", dropped("Invalid"))
        .receive("message", accepted())
        .end(&[], &["message"]),
        Play::new(world, "the sender's server signs")
            .receive("message without a signature", dropped("Unsigned"))
            .receive("message signed by another server", dropped("Unsigned"))
            .end(&[], &["bob"]),
        Play::bare(world, "without the key there is no telling yet")
            .keys(server_keys(&["a"]))
            .receive("alice", accepted())
            .receive("levels", accepted())
            .receive("rules", accepted())
            .receive("bob", waits_for_keys(&["b"]))
            .receive("message of bob", waits_for_keys(&["b"]))
            .other(
                alone,
                &done()
                    .settling("bob", accepted())
                    .settling("message of bob", accepted()),
            )
            .end(&[], &["message of bob"]),
    ];
    if world.version >= 8 {
        scenes.push(
            Play::new(world, "who authorises a restricted join signs it")
                .ruling("SG-02")
                .receive("restricted", accepted())
                .receive("carol, signed by her server alone", dropped("Unsigned"))
                .receive("carol", accepted())
                .end(&["restricted", "carol"], &["carol"]),
        );
    }
    scenes.push(retired(world));
    scenes.push(lapsed(world));
    scenes
}

/// The key that signed is not good for the time of the event.
fn retired(world: &World) -> Scene {
    let key = object! { "key" => public_key("b"), "expired_ts" => sent(world) - 1 };
    let keys = server_keys(&["a"]).with("b", object! { "ed25519:1" => key });
    Play::new(world, "a key that was retired between two events")
        .ruling("SG-06")
        .keys(keys)
        .receive("message of bob", dropped("NoUsableKey"))
        .end(&[], &["bob"])
}

/// From version 5 on a server's word for its key has an end, after which it is asked again.
fn lapsed(world: &World) -> Scene {
    let until = |ts: i64| {
        let key = object! { "key" => public_key("b"), "valid_until_ts" => ts };
        object! { "b" => object! { "ed25519:1" => key } }
    };
    let Json::Object(of_b) = until(sent(world) - 1) else {
        panic!("keys are an object");
    };
    let (server, key) = of_b.into_iter().next().unwrap();
    let play = Play::new(world, "a key that is vouched for up to between two events")
        .ruling("SG-06")
        .now(sent(world))
        .keys(server_keys(&["a"]).with(&server, key));
    let play = if world.version < 5 {
        play.receive("message of bob", accepted())
    } else {
        let again = object! { "keys" => until(sent(world)) };
        play.receive("message of bob", waits_for_keys(&["b"]))
            .other(again, &done().settling("message of bob", accepted()))
    };
    play.end(&[], &["message of bob"])
}

fn sent(world: &World) -> i64 {
    world.event("message of bob")["origin_server_ts"]
        .as_i64()
        .unwrap()
}

pub(super) fn hash_events(world: &mut World) {
    let topic = by_alice(&["bob"]).state("m.room.topic", "");
    world.add("topic", topic, json!({"topic": "Tea"}));
    let mut event = world.event("topic").clone();
    event["content"]["topic"] = "Poison".into();
    world.put("altered topic", event);
    let mut event = world.event("topic").clone();
    event["depth"] = 1.into();
    world.put("topic of another depth", event);

    let levels = by_alice(&["bob"]).state("m.room.power_levels", "");
    let mut content = world.levels(&json!({}));
    content["invite"] = 50.into();
    world.add("strict levels", levels, content);
    let mut event = world.event("strict levels").clone();
    event["content"]["invite"] = 0.into();
    world.put("strict levels, altered", event);
    let invite = by_bob(&["strict levels"]).state("m.room.member", "@carol:c");
    let invite = invite.citing(&["create", "strict levels", "rules", "bob"]);
    world.add("invite", invite, json!({"membership": "invite"}));

    let member = by_bob(&["bob"]).state("m.room.member", "@bob:b");
    let auth = &["create", "levels", "rules", "bob"];
    let content = json!({"membership": "join", "displayname": "Bob"});
    world.add("named bob", member.citing(auth), content);
    let mut event = world.event("named bob").clone();
    event["content"]["displayname"] = "Alice".into();
    world.put("misnamed bob", event);
    let mut event = world.event("named bob").clone();
    event["content"]["membership"] = "leave".into();
    world.put("bob, removed on the way", event);

    let draft = by_alice(&["bob"]);
    let mut message: Value = world
        .signed("message", draft, &json!({"body": "Hello"}))
        .into();
    message["hashes"]["sha256"] = "A".repeat(43).into();
    message["signatures"] = json!({});
    let message = message.as_object().unwrap().clone();
    let message = world.signed_by(message, "a", "a");
    world.put("message with a wrong hash", message);
}

pub(super) fn hashes(world: &World) -> Vec<Scene> {
    let play = Play::new(world, "an invite level that was altered");
    let play = play.section("redactions").ruling("RD-09");
    let levels = if world.version < 11 {
        // The level goes with the redaction, so that anybody may invite.
        play.receive("strict levels, altered", accepted_redacted())
            .receive("invite", accepted())
            .end(&["strict levels", "invite"], &["invite"])
    } else {
        // The level is kept, and so it is signed.
        play.receive("strict levels, altered", dropped("Invalid"))
            .receive("strict levels", accepted())
            .end(&["strict levels"], &["strict levels"])
    };
    vec![
        Play::new(world, "content that was altered is left out, not the event")
            .receive("altered topic", accepted_redacted())
            .end(&["topic"], &["topic"]),
        Play::new(world, "what redaction keeps is signed")
            .receive("topic of another depth", dropped("Invalid"))
            .receive("bob, removed on the way", dropped("Invalid"))
            .end(&[], &["bob"]),
        Play::new(world, "a member whose name was altered is a member")
            .receive("misnamed bob", accepted_redacted())
            .end(&["named bob"], &["named bob"]),
        Play::new(
            world,
            "a wrong hash, though signed, leaves the redacted form",
        )
        .receive("message with a wrong hash", accepted_redacted())
        .end(&[], &["message with a wrong hash"]),
        levels,
    ]
}
