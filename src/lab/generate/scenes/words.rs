//! What events say.

use crate::json::{Object, Value};
use crate::lab::generate::compose::json;
use crate::lab::generate::world::World;

const SENTENCES: [&str; 12] = [
    "Has anybody seen the minutes of last week?",
    "I'll be ten minutes late",
    "That works for me 👍",
    "Could you try again with the new build, please",
    "lol",
    "The train is cancelled; I'm taking the bus and shall be there by noon, if there is a bus",
    "Danke schön, das war's",
    "¿Quién viene mañana?",
    "明日は休みです",
    "No, that is a different problem: the first one is fixed since Tuesday",
    "```\nerror: cannot borrow `room` as mutable more than once\n```",
    "ok",
];

/// A message of text.
pub(super) fn message(world: &mut World) -> Object {
    let body = sentence(world);
    Object::from_iter([("body", body), ("msgtype", "m.text")])
}

pub(super) fn sentence(world: &mut World) -> &'static str {
    world.random.pick(&SENTENCES).copied().unwrap_or_default()
}

/// What a member event says of a user who is joined.
pub(in crate::lab::generate) fn profile(world: &mut World, user: usize) -> Object {
    let name = world.cast.user(user);
    let avatar = world.letters(24);
    let avatar = format!("mxc://{}/{avatar}", name.server_name());
    let display = match world.random.below(4) {
        0 => name.localpart().to_uppercase(),
        1 => format!("{} (away)", name.localpart()),
        2 => format!("{} 🏳", name.localpart()),
        _ => name.localpart().to_owned(),
    };
    Object::from_iter([
        ("avatar_url", Value::from(avatar)),
        ("displayname", display.into()),
        ("membership", "join".into()),
    ])
}

/// The type and the content of something that a member says, perhaps about an event.
pub(super) fn utterance(world: &mut World, about: Option<&str>) -> (&'static str, Object) {
    let body = sentence(world);
    let (about, kind) = match about {
        Some(about) => (about, world.random.below(10)),
        None => ("", 9),
    };
    let relation = |text: &str| {
        let mut relation = json(text);
        relation.insert("event_id", about);
        relation
    };
    let mut content = Object::from_iter([("body", body), ("msgtype", "m.text")]);
    match kind {
        0 => {
            let key = world.random.pick(&["👍", "❤️", "+1"]).copied();
            let mut relation = relation(r#"{"rel_type":"m.annotation"}"#);
            relation.insert("key", key.unwrap_or_default());
            (
                "m.reaction",
                Object::from_iter([("m.relates_to", relation)]),
            )
        }
        1 => {
            content.insert("m.new_content", content.clone());
            content.insert("body", format!("* {body}"));
            content.insert("m.relates_to", relation(r#"{"rel_type":"m.replace"}"#));
            ("m.room.message", content)
        }
        2 => {
            let reply = Object::from_iter([("event_id", about)]);
            let reply = Object::from_iter([("m.in_reply_to", reply)]);
            content.insert("m.relates_to", reply);
            ("m.room.message", content)
        }
        3 => {
            let (len, session) = (
                world.random.below(300).saturating_add(60),
                world.letters(43),
            );
            let content = Object::from_iter([
                ("algorithm", Value::from("m.megolm.v1.aes-sha2")),
                ("ciphertext", world.letters(len).into()),
                ("session_id", session.into()),
            ]);
            ("m.room.encrypted", content)
        }
        4 => {
            content.insert("format", "org.matrix.custom.html");
            content.insert("formatted_body", format!("<p><em>{body}</em></p>"));
            ("m.room.message", content)
        }
        5 => {
            content.insert("msgtype", "m.notice");
            ("m.room.message", content)
        }
        _ => ("m.room.message", content),
    }
}

/// The type, the state key and the content of some state.
pub(super) fn some_state(world: &mut World) -> (&'static str, String, Object) {
    let body = sentence(world);
    let opaque = world.letters(12);
    let text = |key: &'static str| Object::from_iter([(key, body)]);
    let (event_type, content) = match world.random.below(9) {
        0 => ("m.room.name", text("name")),
        1 | 2 => ("m.room.topic", text("topic")),
        3 => {
            let content = json(&format!(r#"{{"url":"mxc://example.org/{opaque}"}}"#));
            ("m.room.avatar", content)
        }
        4 => {
            let content = json(&format!(r##"{{"alias":"#{opaque}:example.org"}}"##));
            ("m.room.canonical_alias", content)
        }
        5 => {
            let pinned = world.nodes.last().and_then(|node| world.dag.id(*node));
            let pinned: Vec<Value> = pinned.map(|id| id.as_str().into()).into_iter().collect();
            (
                "m.room.pinned_events",
                Object::from_iter([("pinned", pinned)]),
            )
        }
        6 => {
            let content = json(r#"{"via":["example.org"],"order":"a"}"#);
            return ("m.space.child", format!("!{opaque}:example.org"), content);
        }
        7 => {
            let kind = r#"{"type":"m.custom","url":"https://example.org/w","data":{"n":1}}"#;
            let key = world.random.pick(&["poll", "map", "notes"]).copied();
            return (
                "im.vector.modular.widgets",
                key.unwrap_or_default().into(),
                json(kind),
            );
        }
        _ => (
            "m.room.guest_access",
            json(r#"{"guest_access":"forbidden"}"#),
        ),
    };
    (event_type, String::new(), content)
}
