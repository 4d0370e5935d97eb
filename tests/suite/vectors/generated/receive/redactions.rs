//! `receive/redactions.json`: which redactions take effect.

use serde_json::json;

use crate::vectors::generated::receive::world::{self, Draft, World, by_alice, by_bob};
use crate::vectors::generated::receive::{PLAYED, page};
use crate::vectors::generated::writer::{Json, list, object};

/// A redaction, what has arrived and in which order, and what decides whether it takes effect:
/// in versions 1 and 2 the authorisation rules, later the redact level and the servers' names.
struct Scene {
    id: &'static str,
    ruling: Option<&'static str>,
    redaction: &'static str,
    events: Vec<&'static str>,
    by_rules: (&'static str, bool),
    later: (&'static str, bool),
}

const BEGINNING: [&str; 6] = ["create", "alice", "levels", "rules", "bob", "carol"];

fn events(world: &mut World) {
    let carol = Draft {
        sender: "@carol:c",
        auth: &["create", "levels", "rules"],
        ..by_alice(&["bob"])
    };
    let join = carol.state("m.room.member", "@carol:c");
    world.add("carol", join, json!({"membership": "join"}));
    world.add("message", by_bob(&["carol"]), json!({"body": "Hello"}));
    world.add(
        "levels of bob",
        levels_of_bob(),
        world.levels(&json!({"@bob:b": 100})),
    );
    let redaction = |draft: Draft<'static>, target| Draft {
        event_type: "m.room.redaction",
        redacts: Some(target),
        ..draft
    };
    let carol = Draft {
        auth: &["create", "levels", "carol"],
        prev: &["carol"],
        ..carol
    };
    for (name, draft) in [
        (
            "redaction by alice",
            redaction(by_alice(&["carol"]), "message"),
        ),
        ("redaction by bob", redaction(by_bob(&["carol"]), "message")),
        ("redaction by carol", redaction(carol, "message")),
        (
            "redaction afterwards",
            redaction(by_alice(&["message"]), "message"),
        ),
        (
            "redaction of the create event",
            redaction(by_alice(&["carol"]), "create"),
        ),
        (
            "redaction of a rejected event",
            redaction(by_alice(&["carol"]), "levels of bob"),
        ),
        ("redaction of no redaction", by_alice(&["carol"])),
    ] {
        world.add(name, draft, json!({}));
    }
}

fn levels_of_bob() -> Draft<'static> {
    by_bob(&["carol"]).state("m.room.power_levels", "")
}

fn scenes() -> Vec<Scene> {
    let scene = |id, redaction, events: &[&'static str], by_rules, later| Scene {
        id,
        ruling: None,
        redaction,
        events: events.to_vec(),
        by_rules,
        later,
    };
    let ruled = |scene| Scene {
        ruling: Some("RD-14"),
        ..scene
    };
    let alice = "redaction by alice";
    vec![
        scene(
            "who has the redact level redacts what others sent",
            "redaction afterwards",
            &["message", "redaction afterwards"],
            ("Rules", true),
            ("Power", true),
        ),
        scene(
            "a redaction that comes before its target",
            alice,
            &[alice, "message"],
            ("Rules", true),
            ("Power", true),
        ),
        ruled(scene(
            "who has no such level redacts what is of the same server",
            "redaction by bob",
            &["redaction by bob", "message"],
            ("Rules", true),
            ("SameServer", true),
        )),
        ruled(scene(
            "who has no such level redacts nothing of another server",
            "redaction by carol",
            &["message", "redaction by carol"],
            ("NotAccepted", false),
            ("NotPermitted", false),
        )),
        scene(
            "a redaction whose target never came",
            alice,
            &[alice],
            ("TargetUnknown", false),
            ("TargetUnknown", false),
        ),
        scene(
            "nobody redacts the create event",
            "redaction of the create event",
            &["redaction of the create event"],
            ("TargetIsCreate", false),
            ("TargetIsCreate", false),
        ),
        scene(
            "a rejected event is shown to nobody, and so not redacted",
            "redaction of a rejected event",
            &["levels of bob", "redaction of a rejected event"],
            ("TargetRejected", false),
            ("TargetRejected", false),
        ),
        scene(
            "a message redacts nothing",
            "redaction of no redaction",
            &["redaction of no redaction"],
            ("NotARedaction", false),
            ("NotARedaction", false),
        ),
    ]
}

pub(super) fn file() -> String {
    let mut given = object! {};
    let mut cases: Vec<Json> = Vec::new();
    for version in PLAYED {
        let mut world = World::new(version);
        events(&mut world);
        for name in world.names() {
            given = given.with(&world.given(name), world.json(name));
        }
        for scene in scenes() {
            cases.push(case(&world, &scene));
        }
    }
    object! {
        "about" => "Which redactions take effect, whatever comes first.",
        "question" => "redaction_applies",
        "generated" => "receive",
        "given" => given,
        "input" => object! { "server_keys" => world::server_keys(&["a", "b", "c"]) },
        "cases" => cases,
    }
    .file()
}

fn case(world: &World, scene: &Scene) -> Json {
    let version = world.version;
    let (because, applies) = if version < 3 {
        scene.by_rules
    } else {
        scene.later
    };
    let section = if version < 3 {
        "authorisation-rules"
    } else {
        "handling-redactions"
    };
    let names = BEGINNING.iter().chain(&scene.events);
    let names: Vec<String> = names.map(|name| world.given(name)).collect();
    let case = object! {
        "id" => format!("{}, version {version}", scene.id),
        "room_versions" => list![version.to_string()],
        "spec" => page(version, section),
    };
    let input = object! { "events" => names, "redaction" => world.id(scene.redaction) };
    let expect = object! { "applies" => applies, "because" => because };
    let case = case.with_some("ruling", scene.ruling);
    case.with("input", input).with("expect", expect)
}
