//! What the events of a workload say.

use crate::json::{Object, Value};

/// How many users, after the creator, are moderators.
pub(super) const MODERATORS: usize = 25;

/// A user of one of twenty servers.
pub(super) fn user(number: usize) -> String {
    format!("@user{number}:server{}.example.org", number % 20)
}

pub(super) fn message(number: usize) -> Object {
    let body = format!("Message {number}: and so they went on talking about nothing in particular");
    [("body", Value::from(body)), ("msgtype", "m.text".into())]
        .into_iter()
        .collect()
}

/// A member event of the user's own, which changes the profile.
pub(super) fn profile(user: usize, edition: usize) -> Object {
    let avatar = format!("mxc://server{}.example.org/av{user}x{edition}", user % 20);
    let name = format!("User {user}, as of {edition}");
    [
        ("avatar_url", avatar.into()),
        ("displayname", name.into()),
        ("membership", Value::from("join")),
    ]
    .into_iter()
    .collect()
}

pub(super) fn membership(membership: &str) -> Object {
    [("membership", membership)].into_iter().collect()
}

pub(super) fn join_rule(rule: &str) -> Object {
    [("join_rule", rule)].into_iter().collect()
}

/// Content of one string.
pub(super) fn text(key: &str, number: usize) -> Object {
    [(key, format!("{key} number {number}"))]
        .into_iter()
        .collect()
}

/// Power levels: the creator at 100 where that can be said, the moderators at 50 but for one who
/// may be `demoted`; `edition` tells them apart.
pub(super) fn power_levels(edition: usize, demoted: Option<usize>, lists_creator: bool) -> Object {
    let moderators = (1..=MODERATORS).filter(|number| Some(*number) != demoted);
    let mut users: Object = moderators.map(|number| (user(number), 50)).collect();
    if lists_creator {
        users.insert(user(0), 100);
    }
    let edition = i64::try_from(edition).unwrap_or_default();
    let events: Object = [
        ("m.room.history_visibility", 100),
        ("m.room.name", 50),
        ("m.room.topic", 50),
        ("org.example.edition", edition.saturating_neg()),
    ]
    .into_iter()
    .map(|(event_type, level)| (event_type, Value::from(level)))
    .collect();
    let mut levels: Object = [("ban", 50), ("invite", 0), ("kick", 50), ("redact", 50)]
        .into_iter()
        .chain([
            ("events_default", 0),
            ("state_default", 50),
            ("users_default", 0),
        ])
        .collect();
    levels.insert("events", events);
    levels.insert("users", users);
    levels
}
