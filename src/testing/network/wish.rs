//! What the users of the simulation want.

use crate::id::{EventId, UserId};
use crate::json::{Mode, Object, Value};
use crate::pdu::content::Membership;
use crate::pdu::{ALIASES, HISTORY_VISIBILITY, JOIN_RULES, MEMBER, POWER_LEVELS};
use crate::room::{Draft, Room};
use crate::testing::Random;
use crate::testing::network::server::Server;
use crate::version::{AliasRule, CreatorRule, JoinRule, RoomVersionRules};

/// An event that somebody would like to send.
#[derive(Clone, Debug)]
pub(in crate::testing) struct Wish {
    pub(in crate::testing) sender: UserId,
    pub(in crate::testing) event_type: &'static str,
    pub(in crate::testing) state_key: Option<String>,
    pub(in crate::testing) content: Object,
    pub(in crate::testing) redacts: Option<EventId>,
}

impl Wish {
    pub(in crate::testing) fn draft(&self) -> Draft {
        let (sender, content) = (self.sender.clone(), self.content.clone());
        match (&self.redacts, &self.state_key) {
            (Some(target), _) => Draft::redaction(sender, target.clone(), content),
            (None, Some(key)) => Draft::state(sender, self.event_type, key.as_str(), content),
            (None, None) => Draft::message(sender, self.event_type, content),
        }
    }

    pub(super) fn message(sender: &UserId, body: &str) -> Self {
        Self {
            sender: sender.clone(),
            event_type: "m.room.message",
            state_key: None,
            content: Object::from_iter([("body", body)]),
            redacts: None,
        }
    }

    pub(super) fn state(
        sender: &UserId,
        event_type: &'static str,
        state_key: impl Into<String>,
        content: Object,
    ) -> Self {
        Self {
            state_key: Some(state_key.into()),
            event_type,
            content,
            ..Self::message(sender, "")
        }
    }

    pub(super) fn member(sender: &UserId, user: &UserId, membership: Membership) -> Self {
        let content = Object::from_iter([("membership", membership.as_str())]);
        Self::state(sender, MEMBER, user.as_str(), content)
    }
}

/// JSON that this module writes.
pub(super) fn json(text: &str) -> Object {
    Object::parse(text.as_bytes(), Mode::Lenient).unwrap_or_default()
}

/// The join rules that a room version knows, as an event's content.
pub(super) fn join_rule(random: &mut Random, rules: &RoomVersionRules) -> Object {
    let known: Vec<(JoinRule, &str)> = [
        (JoinRule::Public, "public"),
        (JoinRule::Public, "public"),
        (JoinRule::Invite, "invite"),
        (JoinRule::Knock, "knock"),
        (JoinRule::Restricted, "restricted"),
        (JoinRule::Restricted, "restricted"),
        (JoinRule::KnockRestricted, "knock_restricted"),
    ]
    .into_iter()
    .filter(|(rule, _)| rules.auth.knows(*rule))
    .collect();
    let rule = random.pick(&known).map_or("public", |(_, name)| name);
    let allow = r#"[{"type":"m.room_membership","room_id":"!other:a.example"}]"#;
    json(&format!(r#"{{"join_rule":"{rule}","allow":{allow}}}"#))
}

/// The content of the create event; a second creator where there can be one.
pub(super) fn creation(is_shared: bool, rules: &RoomVersionRules) -> Object {
    match rules.auth.creator {
        CreatorRule::SenderAndAdditional if is_shared => {
            json(r#"{"additional_creators":["@one:b.example"]}"#)
        }
        _ => Object::new(),
    }
}

/// The first power levels of a room; a creator of infinite power is not among them.
pub(super) fn first_levels(creator: &UserId, rules: &RoomVersionRules) -> Object {
    let users = match rules.auth.creator {
        CreatorRule::SenderAndAdditional => String::new(),
        CreatorRule::Content | CreatorRule::Sender => format!(r#""{creator}":100,"#),
    };
    json(&format!(
        r#"{{"users":{{{users}"@two:a.example":30,"@one:c.example":50,"@two:c.example":30,"@one:evil.example":50}},"state_default":25,"events":{{"m.room.topic":0,"org.example":0}},
            "events_default":0,"invite":0,"redact":50,"kick":25,"ban":25}}"#
    ))
}

/// The power levels of now with one of them changed.
fn levels(random: &mut Random, server: &Server, users: &[UserId]) -> Option<Object> {
    let state = server.room.as_ref()?.current_state().ok()?;
    let current = state.get(POWER_LEVELS, "")?.id.clone();
    let event = Object::parse(server.kept.get(&current)?, Mode::Lenient).ok()?;
    let mut content = event.get("content")?.as_object()?.clone();
    let level = random.pick(&[0, 25, 50, 50, 75, 100])?;
    if random.chance(60) {
        let user = random.pick(users)?;
        let of_users = content.get_mut("users")?.as_object_mut()?;
        of_users.insert(user.as_str(), *level);
        return Some(content);
    }
    let names = [
        "invite",
        "redact",
        "kick",
        "ban",
        "state_default",
        "notifications",
        "notifications",
    ];
    match *random.pick(&names)? {
        "notifications" => {
            content.insert("notifications", Object::from_iter([("room", *level)]));
        }
        // Where nothing is stated there is a default.
        name if random.chance(40) => {
            content.remove(name);
        }
        name => {
            content.insert(name, (*level).min(50));
        }
    }
    Some(content)
}

/// A random thing that a user of a server may want, allowed or not.
pub(super) fn random(
    random: &mut Random,
    server: &Server,
    everybody: &[UserId],
    number: usize,
    rules: &RoomVersionRules,
) -> Option<Wish> {
    let room = server.room.as_ref()?;
    let user = sender(random, room, &server.users)?;
    let other = random.pick(everybody)?.clone();
    let user = &user;
    Some(match random.below(100) {
        0..24 => Wish::message(user, &format!("message {number}")),
        24..34 => {
            let content = Object::from_iter([("topic", format!("topic {number}"))]);
            Wish::state(user, "m.room.topic", "", content)
        }
        34..40 => {
            let key = random.pick(&["x", "y", "z"])?;
            let content = Object::from_iter([("value", i64::try_from(number).ok()?)]);
            Wish::state(user, "org.example", *key, content)
        }
        40..52 => join(random, server, user, rules),
        52..55 => Wish::member(user, user, Membership::Leave),
        55..62 => Wish::member(user, &other, Membership::Invite),
        62..66 => Wish::member(user, &other, Membership::Leave),
        66..71 => Wish::member(user, &other, Membership::Ban),
        71..73 => Wish::member(user, user, Membership::Knock),
        73..82 => Wish::state(user, POWER_LEVELS, "", levels(random, server, everybody)?),
        82..88 => Wish::state(user, JOIN_RULES, "", join_rule(random, rules)),
        88..91 => {
            let visibility = random.pick(&["shared", "shared", "joined", "invited"])?;
            let content = Object::from_iter([("history_visibility", *visibility)]);
            Wish::state(user, HISTORY_VISIBILITY, "", content)
        }
        91..96 => {
            let known: Vec<EventId> = server.kept.keys().cloned().collect();
            let target = random.pick(&known)?.clone();
            Wish {
                redacts: Some(target),
                content: Object::new(),
                ..Wish::message(user, "")
            }
        }
        96..98 => {
            let content = json(r#"{"allow":["*"],"deny":["*.evil.example"]}"#);
            Wish::state(user, "m.room.server_acl", "", content)
        }
        _ if rules.auth.aliases == AliasRule::OwnServer => {
            let content = Object::from_iter([("aliases", Value::Array(Vec::new().into()))]);
            Wish::state(user, ALIASES, server.name.as_str(), content)
        }
        _ => Wish::state(
            user,
            "m.room.tombstone",
            "",
            Object::from_iter([("body", "on")]),
        ),
    })
}

/// One who is joined, mostly.
fn sender(random: &mut Random, room: &Room, users: &[UserId]) -> Option<UserId> {
    let state = room.current_state().ok()?;
    let joined: Vec<UserId> = users
        .iter()
        .filter(|user| state.membership(user.as_str()) == Membership::Join)
        .cloned()
        .collect();
    let among = if joined.is_empty() || random.chance(15) {
        users
    } else {
        &joined
    };
    random.pick(among).cloned()
}

/// A join, on the word of a user of the same server where that may be needed.
fn join(random: &mut Random, server: &Server, user: &UserId, rules: &RoomVersionRules) -> Wish {
    let mut wish = Wish::member(user, user, Membership::Join);
    if rules.auth.knows(JoinRule::Restricted) && random.chance(50) {
        let room = server.room.as_ref();
        if let Some(authoriser) = room.and_then(|room| room.authoriser_of(&server.name)) {
            let key = "join_authorised_via_users_server";
            wish.content.insert(key, authoriser.as_str());
        }
    }
    wish
}
