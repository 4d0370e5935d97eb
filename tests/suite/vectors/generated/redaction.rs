//! `redaction/matrix.json`: of every key of every kind of event, what each room version keeps.

use roomdag::testing::plain::{self, Object};
use serde_json::{Value, json};

use crate::vectors::generated::writer::{Json, object};
use crate::vectors::generated::{VERSIONS, grouped, in_words, listed, page};

/// The types that some version has a rule for, and some that none has.
const TYPES: [&str; 13] = [
    "m.room.member",
    "m.room.create",
    "m.room.join_rules",
    "m.room.power_levels",
    "m.room.aliases",
    "m.room.history_visibility",
    "m.room.redaction",
    "m.room.message",
    "m.room.canonical_alias",
    "m.room.server_acl",
    "m.room.third_party_invite",
    "org.example.unknown",
    "M.Room.Member",
];

/// An event of that type with every key that any kind of event has, and then some.
fn event(event_type: &str) -> Object {
    let event = json!({
        "type": event_type,
        "event_id": "$event:a",
        "room_id": "!room:a",
        "sender": "@alice:a",
        "state_key": "",
        "content": content(),
        "hashes": {"sha256": "hash", "other": "hash"},
        "signatures": {"a": {"ed25519:1": "signature"}, "b": {"ed25519:2": "signature"}},
        "depth": 7,
        "prev_events": ["$prev"],
        "prev_state": ["$state"],
        "auth_events": ["$auth"],
        "origin": "a",
        "origin_server_ts": 8,
        "membership": "join",
        "redacts": "$redacted",
        "unsigned": {"age": 9},
        "age": 9,
        "age_ts": 10,
        "destinations": ["b"],
        "outlier": true,
        "prev_content": {"body": "before"},
        "replaces_state": "$replaced",
        "user_id": "@alice:a",
        "Sender": "@bob:a",
        "": 0,
        "org.example.key": {"sender": "@carol:a"},
    });
    event.as_object().unwrap().clone()
}

fn content() -> Value {
    let mut content = json!({
        "membership": "join",
        "displayname": "Alice",
        "avatar_url": "mxc://a/b",
        "is_direct": false,
        "reason": "why not",
        "join_authorised_via_users_server": "@bob:b",
        "third_party_invite": {
            "display_name": "al…",
            "signed": {"mxid": "@alice:a", "token": "t", "signatures": {}, "more": 1},
        },
        "creator": "@alice:a",
        "additional_creators": ["@bob:b"],
        "room_version": "1",
        "m.federate": true,
        "predecessor": {"room_id": "!before:a"},
        "type": "m.space",
        "join_rule": "restricted",
        "allow": [{"type": "m.room_membership", "room_id": "!other:a"}],
        "aliases": ["#room:a"],
        "alias": "#room:a",
        "history_visibility": "shared",
        "redacts": "$redacted",
        "body": "Hello",
        "msgtype": "m.text",
        "org.example.key": {"membership": "ban"},
    });
    let levels = json!({
        "users": {"@alice:a": 100},
        "users_default": 1,
        "events": {"m.room.name": 50},
        "events_default": 2,
        "state_default": 3,
        "ban": 4,
        "kick": 5,
        "redact": 6,
        "invite": 7,
        "notifications": {"room": 8},
    });
    let content_members = content.as_object_mut().unwrap();
    content_members.append(&mut levels.as_object().unwrap().clone());
    content
}

pub(super) fn file() -> String {
    let mut cases: Vec<Json> = Vec::new();
    for event_type in TYPES {
        let event = event(event_type);
        for (versions, redacted) in grouped(VERSIONS, |version| plain::redacted(&event, version)) {
            let redacted = Value::from(redacted);
            let last = *versions.last().unwrap();
            let case = object! {
                "id" => format!("{event_type}, {}", in_words(&versions)),
                "room_versions" => listed(&versions),
                "spec" => page(last, "redactions"),
                "input" => object! { "event" => &Value::from(event.clone()) },
                "expect" => object! { "redacted" => &redacted },
            };
            cases.push(case);
        }
    }
    object! {
        "about" => "What redaction keeps of an event that has every key, at the top level and in \
                    its content, that any kind of event has: by type and room version.",
        "question" => "hashes",
        "generated" => "redaction",
        "cases" => cases,
    }
    .file()
}
