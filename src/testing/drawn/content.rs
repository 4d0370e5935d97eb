//! The content of events: what the rules look for, in and out of shape.

use crate::crypto::{SigningKey, sign_json};
use crate::id::KeyId;
use crate::json::{Array, MAX_INTEGER, Object, Value};
use crate::pdu::{
    ALIASES, CREATE, HISTORY_VISIBILITY, JOIN_RULES, MEMBER, POWER_LEVELS, REDACTION, SERVER_ACL,
    THIRD_PARTY_INVITE,
};
use crate::testing::Random;
use crate::testing::drawn::{USERS, one, value};
use crate::version::{CreatorRule, RoomVersionRules};

/// Types of events that the rules or redaction treat apart, and one that is treated as any.
pub(super) const TYPES: [&str; 10] = [
    MEMBER,
    POWER_LEVELS,
    JOIN_RULES,
    "m.room.message",
    "m.room.topic",
    THIRD_PARTY_INVITE,
    REDACTION,
    ALIASES,
    HISTORY_VISIBILITY,
    SERVER_ACL,
];

/// The content of an event of a type. One property in sixteen is not what it should be.
pub fn content(random: &mut Random, event_type: &str, rules: &RoomVersionRules) -> Object {
    let mut content = match event_type {
        CREATE => create(random, rules),
        MEMBER => member(random),
        JOIN_RULES => join_rules(random),
        POWER_LEVELS => power_levels(random, rules),
        THIRD_PARTY_INVITE => third_party(random),
        SERVER_ACL => server_acl(random),
        REDACTION => Object::from_iter([("redacts", one(random, &["$a", "$b:a", "", "x"]))]),
        HISTORY_VISIBILITY => Object::from_iter([(
            "history_visibility",
            one(random, &["shared", "invited", "joined", "world_readable"]),
        )]),
        ALIASES => Object::from_iter([("aliases", Array::new())]),
        _ => Object::from_iter([("body", one(random, &["", "hello", "topic"]))]),
    };
    let keys: Vec<String> = content.keys().map(str::to_owned).collect();
    for key in keys {
        if random.below(16) == 15 {
            content.insert(key, value(random, rules.canonical_json));
        }
    }
    content
}

/// A content with more in it than redaction keeps of any type.
pub fn redactable(random: &mut Random, event_type: &str, rules: &RoomVersionRules) -> Object {
    let mut all = content(random, event_type, rules);
    for other in [CREATE, MEMBER, JOIN_RULES, POWER_LEVELS, HISTORY_VISIBILITY] {
        for (key, value) in &content(random, other, rules) {
            if random.chance(50) {
                all.insert(key, value.clone());
            }
        }
    }
    all
}

fn create(random: &mut Random, rules: &RoomVersionRules) -> Object {
    let mut content = Object::from_iter([("room_version", rules.id)]);
    if rules.auth.creator == CreatorRule::Content {
        content.insert("creator", one(random, &["@alice:a", "@bob:a"]));
    }
    if rules.auth.creator == CreatorRule::SenderAndAdditional && random.chance(30) {
        let users = (0..random.below(3)).map(|_| one(random, &USERS));
        content.insert("additional_creators", users.collect::<Array>());
    }
    if random.chance(10) {
        content.insert("m.federate", random.chance(50));
    }
    content
}

fn member(random: &mut Random) -> Object {
    let memberships = ["join", "join", "invite", "leave", "ban", "knock", "JOIN"];
    let membership = one(random, &memberships);
    let mut content = Object::from_iter([("membership", membership)]);
    if membership == "join" && random.chance(15) {
        content.insert("join_authorised_via_users_server", one(random, &USERS));
    }
    if random.below(16) == 15 {
        let target = one(random, &USERS);
        let mut signed = Object::from_iter([("mxid", target), ("token", "t")]);
        if let Some(key) = identity_server() {
            sign_json(&mut signed, "ids.example", &key);
        }
        content.insert(
            "third_party_invite",
            Object::from_iter([
                ("signed", Value::from(signed)),
                ("display_name", "x".into()),
            ]),
        );
    }
    content
}

fn join_rules(random: &mut Random) -> Object {
    const RULES: [&str; 8] = [
        "public",
        "public",
        "invite",
        "knock",
        "restricted",
        "knock_restricted",
        "private",
        "new",
    ];
    let mut content = Object::from_iter([("join_rule", one(random, &RULES))]);
    if random.chance(20) {
        let room = Object::from_iter([("type", "m.room_membership"), ("room_id", "!o:a")]);
        content.insert("allow", Array::from_iter([room]));
    }
    content
}

fn power_levels(random: &mut Random, rules: &RoomVersionRules) -> Object {
    const NAMES: [&str; 7] = [
        "users_default",
        "events_default",
        "state_default",
        "ban",
        "redact",
        "kick",
        "invite",
    ];
    let mut content = Object::new();
    for name in NAMES {
        if random.below(4) == 3 {
            content.insert(name, level(random, rules));
        }
    }
    for (map, entries) in [
        ("users", &USERS[..]),
        ("events", &["m.room.topic", "m.room.power_levels", "x"]),
        ("notifications", &["room"]),
    ] {
        if random.chance(70) {
            let entries = entries.iter().filter_map(|entry| {
                let is_there = random.chance(50);
                is_there.then(|| (*entry, level(random, rules)))
            });
            content.insert(map, entries.collect::<Object>());
        }
    }
    content
}

fn level(random: &mut Random, rules: &RoomVersionRules) -> Value {
    match random.below(16) {
        0 => one(
            random,
            &["50", " 75 ", "+1", "5_0", "-0", "0x32", "", "1e2"],
        )
        .into(),
        1 => value(random, rules.canonical_json),
        _ => one(
            random,
            &[0, 0, 1, 25, 49, 50, 50, 51, 100, 100, -1, MAX_INTEGER],
        )
        .into(),
    }
}

fn third_party(random: &mut Random) -> Object {
    let key = identity_server().map(|key| key.verify_key().to_base64());
    let key = key.unwrap_or_default();
    if random.chance(50) {
        return Object::from_iter([("public_key", key)]);
    }
    let listed = Object::from_iter([("public_key", key)]);
    Object::from_iter([
        ("public_key", Value::from("AAAA")),
        ("public_keys", Array::from_iter([listed]).into()),
    ])
}

fn server_acl(random: &mut Random) -> Object {
    let mut content = Object::new();
    for list in ["allow", "deny"] {
        if random.chance(85) {
            let patterns = (0..random.below(4)).map(|_| {
                let len = random.below(7);
                let pattern = (0..len).map(|_| one(random, &['*', '?', '.', 'a', 'B', '1', ':']));
                Value::from(pattern.collect::<String>())
            });
            content.insert(list, patterns.collect::<Array>());
        }
    }
    if random.chance(40) {
        content.insert("allow_ip_literals", random.chance(50));
    }
    content
}

/// The key of the identity server behind third-party invites.
fn identity_server() -> Option<SigningKey> {
    SigningKey::from_seed(KeyId::parse("ed25519:0").ok()?, &[9; 32]).ok()
}
