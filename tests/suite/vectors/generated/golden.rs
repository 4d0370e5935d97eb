//! `events/golden.json`: hashes, ids and redacted forms of the same events in every room version.

use roomdag::testing::plain::{self, Object};
use serde_json::{Value, json};

use crate::vectors::generated::writer::{Json, object};
use crate::vectors::generated::{VERSIONS, grouped, in_words, listed, page};

/// An event, what is special about it, and the ruling that it shows, if it does.
struct Golden {
    what: &'static str,
    ruling: Option<&'static str>,
    /// The members in which it differs from a plain message.
    members: Value,
}

fn events() -> Vec<Golden> {
    let golden = |what, ruling, members| Golden {
        what,
        ruling,
        members,
    };
    let member = |content: Value| json!({"type": "m.room.member", "state_key": "@alice:a", "content": content});
    let state = |event_type: &str, content: Value| json!({"type": event_type, "state_key": "", "content": content});
    vec![
        golden("a plain message", None, json!({})),
        golden("a message without content", None, json!({"content": {}})),
        golden(
            "every escape that canonical JSON has, and what it does not escape",
            Some("RD-16"),
            json!({"content": {
                "body": "\u{8}\t\n\u{c}\r\u{0}\u{1}\u{1f}\"\\/<&>'\u{7f}\u{2028}é\u{fffe}😀",
                "\n": "a key is escaped too",
            }}),
        ),
        golden(
            "keys in the order of code points, which is not that of UTF-16",
            None,
            json!({"content": {"\u{ff61}": 1, "😀": 2, "é": 3, "e\u{301}": 4, "Z": 5, "a": 6, "": 7}}),
        ),
        golden(
            "the largest and the smallest integers",
            None,
            json!({
                "depth": 9_007_199_254_740_991_i64,
                "origin_server_ts": -9_007_199_254_740_991_i64,
                "content": {"most": 9_007_199_254_740_991_i64, "least": -9_007_199_254_740_991_i64},
            }),
        ),
        golden(
            "unsigned, signatures and hashes, which the content hash leaves out",
            None,
            json!({
                "unsigned": {"age": 7, "replaces_state": "$old"},
                "signatures": {"a": {"ed25519:1": "x"}, "b": {"ed25519:2": "y", "ed25519:3": "z"}},
            }),
        ),
        golden(
            "age_ts, outlier and destinations, which the content hash does not leave out",
            Some("RD-07"),
            json!({"age_ts": 5, "outlier": true, "destinations": ["b"]}),
        ),
        golden(
            "origin, membership and prev_state, which the id rests on before version 11",
            Some("RD-08"),
            json!({"origin": "a", "membership": "join", "prev_state": []}),
        ),
        golden(
            "keys that nobody knows",
            Some("EF-22"),
            json!({"org.example.key": {"b": [null, true, {"a": ""}]}, "": 0, "Depth": 9}),
        ),
        golden(
            "a join with a name",
            None,
            member(json!({"membership": "join", "displayname": "Alice", "avatar_url": null})),
        ),
        golden(
            "a join that a member has authorised",
            Some("RD-06"),
            member(json!({"membership": "join", "join_authorised_via_users_server": "@bob:b"})),
        ),
        golden(
            "an invite of a third party",
            Some("RD-01"),
            member(json!({"membership": "invite", "third_party_invite": {
                "display_name": "al…",
                "signed": {"mxid": "@alice:a", "token": "t", "signatures": {"id": {"ed25519:0": "s"}}},
            }})),
        ),
        golden(
            "restricted join rules",
            Some("RD-05"),
            state(
                "m.room.join_rules",
                json!({"join_rule": "restricted", "allow": [
                    {"type": "m.room_membership", "room_id": "!other:a"},
                ]}),
            ),
        ),
        golden(
            "power levels with all that they can have",
            None,
            state(
                "m.room.power_levels",
                json!({
                    "users": {"@alice:a": 100, "@bob:b": -1}, "users_default": 0,
                    "events": {"m.room.name": 50}, "events_default": 0, "state_default": 50,
                    "ban": 50, "kick": 50, "redact": 50, "invite": 0,
                    "notifications": {"room": 50}, "org.example.key": 1,
                }),
            ),
        ),
        golden(
            "aliases",
            Some("RD-10"),
            json!({"type": "m.room.aliases", "state_key": "a", "content": {"aliases": ["#r:a"]}}),
        ),
        golden(
            "history visibility",
            None,
            state(
                "m.room.history_visibility",
                json!({"history_visibility": "shared", "x": 1}),
            ),
        ),
        golden(
            "a redaction that names its target in both places",
            Some("RD-15"),
            json!({
                "type": "m.room.redaction",
                "redacts": "$target",
                "content": {"redacts": "$target", "reason": "spam"},
            }),
        ),
        golden(
            "the create event",
            Some("RD-09"),
            json!({
                "type": "m.room.create",
                "state_key": "",
                "depth": 1,
                "prev_events": [],
                "auth_events": [],
                "content": {"creator": "@alice:a", "m.federate": true, "type": "m.space"},
            }),
        ),
    ]
}

/// The event in a room of that version, with its content hash.
fn event(members: &Value, version: u8) -> Object {
    let ids = |name: char| name.to_string().repeat(43);
    let reference = |name: char| match version {
        ..3 => json!([format!("${name}:a"), {"sha256": ids(name)}]),
        3.. => json!(format!("${}", ids(name))),
    };
    let mut event = json!({
        "type": "m.room.message",
        "sender": "@alice:a",
        "room_id": if version < 12 { "!room:a".to_owned() } else { format!("!{}", ids('r')) },
        "content": {"msgtype": "m.text", "body": "Hello"},
        "origin_server_ts": 1_700_000_000_000_i64,
        "depth": 12,
        "prev_events": [reference('p'), reference('q')],
        "auth_events": [reference('l'), reference('m')],
    });
    let event = event.as_object_mut().unwrap();
    if version < 3 {
        event.insert("event_id".to_owned(), "$event:a".into());
    }
    event.append(&mut members.as_object().unwrap().clone());
    if event["type"] == "m.room.create" {
        event["content"]["room_version"] = version.to_string().into();
        if version == 12 {
            event.remove("room_id");
        }
    }
    plain::hashed(event.clone())
}

fn answer(event: &Object, version: u8) -> Json {
    object! {
        "content_hash" => plain::content_hash(event),
        "reference_hash" => plain::reference_hash(event, version),
        "event_id" => plain::event_id(event, version),
        "redacted" => &Value::from(plain::redacted(event, version)),
    }
}

/// The plain message at the first time at which its hash has both digits in which the alphabets
/// of Base64 differ.
fn odd_digits() -> Golden {
    let members = (0_i64..).map(|ts| json!({"origin_server_ts": ts}));
    let odd = |members: &Value| {
        let id = plain::event_id(&event(members, 3), 3);
        id.contains('+') && id.contains('/')
    };
    Golden {
        what: "an id in which the alphabets of Base64 differ",
        ruling: Some("RD-12"),
        members: members.into_iter().find(odd).unwrap(),
    }
}

pub(super) fn file() -> String {
    let mut cases: Vec<Json> = Vec::new();
    for golden in events().into_iter().chain([odd_digits()]) {
        let answers = grouped(VERSIONS, |version| {
            let event = event(&golden.members, version);
            (answer(&event, version), event)
        });
        for (versions, (answer, event)) in answers {
            let last = *versions.last().unwrap();
            let case = object! {
                "id" => format!("{}, {}", golden.what, in_words(&versions)),
                "room_versions" => listed(&versions),
                "spec" => page(last, "event-ids"),
            };
            let case = case.with_some("ruling", golden.ruling);
            let event = object! { "event" => &Value::from(event) };
            cases.push(case.with("input", event).with("expect", answer));
        }
    }
    object! {
        "about" => "The same events in every room version: content hash, reference hash, event id \
                    and redacted form.",
        "question" => "hashes",
        "generated" => "golden",
        "cases" => cases,
    }
    .file()
}
