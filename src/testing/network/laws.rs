//! The rules that need no more than a page, written out again.
//!
//! Not all of the authorisation rules: those that somebody who wants to take a room over would
//! break. They are read from the JSON and from the specification's words, with nothing of
//! [`auth`](crate::auth), and say nothing where a level is no integer or there are no power levels.
//!
//! Spec: [authorisation rules](https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules).

use crate::id::{EventId, UserId};
use crate::json::{Mode, Object, Value};
use crate::pdu::{ALIASES, CREATE, MEMBER, POWER_LEVELS};
use crate::testing::network::Check;
use crate::version::{AliasRule, CreatorRule, GuardedLevelMaps, RoomVersionRules};

/// What an event says.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub(super) event_type: String,
    pub(super) state_key: Option<String>,
    pub(super) sender: UserId,
    pub(super) content: Object,
    pub(super) prev_events: Vec<EventId>,
    pub(super) auth_events: Vec<EventId>,
}

/// What the laws read of the state in which an event happens.
#[derive(Clone, Debug, Default)]
pub(super) struct Before {
    /// Users of infinite power; before there was that, the one user who has power without any
    /// power levels is no matter.
    pub(super) creators: Vec<String>,
    /// The content of the power levels.
    pub(super) levels: Option<Object>,
    /// The membership of the sender.
    pub(super) sender: String,
    /// The membership of the user whom a member event is about.
    pub(super) target: String,
}

/// A law that is broken, and how.
pub(super) type Broken = (Check, String);

impl Fact {
    pub(super) fn parse(json: &[u8]) -> Option<Self> {
        let event = Object::parse(json, Mode::Lenient).ok()?;
        let text = |key: &str| Some(event.get(key)?.as_str()?.to_owned());
        let ids = |key: &str| {
            let list = event.get(key).and_then(Value::as_array);
            let entries = list.into_iter().flat_map(|list| list.iter());
            let ids = entries.filter_map(|entry| match entry.as_array() {
                Some(pair) => pair.iter().next()?.as_str(),
                None => entry.as_str(),
            });
            ids.map(EventId::from_trusted).collect()
        };
        Some(Self {
            event_type: text("type")?,
            state_key: text("state_key"),
            sender: UserId::parse(&text("sender")?).ok()?,
            content: event.get("content")?.as_object()?.clone(),
            prev_events: ids("prev_events"),
            auth_events: ids("auth_events"),
        })
    }

    /// The type, and the state key if there is one.
    pub(super) fn title(&self) -> String {
        let event_type = &self.event_type;
        match (self.membership(), self.state_key.as_deref()) {
            (Some(membership), Some(key)) => format!("{event_type} {key} {membership}"),
            (None, Some(key)) if !key.is_empty() => format!("{event_type} {key}"),
            _ => event_type.clone(),
        }
    }

    /// The membership that a member event gives its user.
    pub(super) fn membership(&self) -> Option<&str> {
        let is_member = self.event_type == MEMBER && self.state_key.is_some();
        self.content
            .get("membership")
            .filter(|_| is_member)?
            .as_str()
    }

    /// The users to whom a create event gives infinite power.
    pub(super) fn creators(&self, rules: &RoomVersionRules) -> Vec<String> {
        if rules.auth.creator != CreatorRule::SenderAndAdditional {
            return Vec::new();
        }
        let more = self.content.get("additional_creators");
        let more = more
            .and_then(Value::as_array)
            .into_iter()
            .flat_map(|list| list.iter());
        let more = more.filter_map(Value::as_str).map(str::to_owned);
        more.chain([self.sender.to_string()]).collect()
    }
}

/// The first law that an event breaks, if it happens in such a state.
pub(super) fn broken(event: &Fact, before: &Before, rules: &RoomVersionRules) -> Option<Broken> {
    match event.event_type.as_str() {
        CREATE => return None,
        ALIASES if rules.auth.aliases == AliasRule::OwnServer => return None,
        MEMBER => {
            let bans = banned(event, before).map(|what| (Check::Bans, what));
            return bans.or_else(|| Some((Check::Levels, member(event, before)?)));
        }
        _ => {}
    }
    if before.sender != "join" {
        let what = format!("{} is not in the room", event.sender);
        return Some((Check::Levels, what));
    }
    let levels = before.levels.as_ref()?;
    let power = power(event.sender.as_str(), before, levels)?;
    let required = required(event, levels)?;
    if power < required {
        let (sender, event_type) = (&event.sender, &event.event_type);
        let what = format!("{sender} has {power} and sends {event_type}, which takes {required}");
        return Some((Check::Levels, what));
    }
    if event.event_type == POWER_LEVELS && event.state_key.as_deref() == Some("") {
        return Some((Check::Grants, raised(event, power, levels, rules)?));
    }
    None
}

/// Whether somebody who is banned comes back, or is let back by nobody who may.
fn banned(event: &Fact, before: &Before) -> Option<String> {
    let membership = event.membership()?;
    let user = event.state_key.as_deref()?;
    if before.target != "ban" || membership == "ban" {
        return None;
    }
    let sender = event.sender.as_str();
    if membership != "leave" || sender == user {
        return Some(format!(
            "{user} is banned, and {sender} makes that `{membership}`"
        ));
    }
    let levels = before.levels.as_ref()?;
    let (power, ban) = (power(sender, before, levels)?, level(levels, "ban", 50)?);
    (power < ban).then(|| format!("{sender} has {power} and lets back {user}, which takes {ban}"))
}

/// Whether somebody invites, kicks or bans who may not, or speaks for another.
fn member(event: &Fact, before: &Before) -> Option<String> {
    let membership = event.membership()?;
    let user = event.state_key.as_deref()?;
    let sender = event.sender.as_str();
    // Whose signature counts is more than a page.
    if membership == "invite" && event.content.contains_key("third_party_invite") {
        return None;
    }
    let refused = || Some(format!("{sender} may not make {user} `{membership}`"));
    match membership {
        "join" | "knock" => return (sender != user).then(refused)?,
        "leave" if sender == user => {
            let was_there = ["join", "invite", "knock"].contains(&before.target.as_str());
            return (!was_there).then(refused)?;
        }
        "invite" | "leave" | "ban" => {}
        _ => return refused(),
    }
    if before.sender != "join" || (membership == "invite" && before.target == "join") {
        return refused();
    }
    let levels = before.levels.as_ref()?;
    let of_sender = power(sender, before, levels)?;
    let (name, default) = match membership {
        "invite" => ("invite", 0),
        "leave" => ("kick", 50),
        _ => ("ban", 50),
    };
    let is_below = membership == "invite" || power(user, before, levels)? < of_sender;
    let may = of_sender >= level(levels, name, default)? && is_below;
    (!may).then(refused)?
}

/// Whether power levels raise something above the sender's own level, or change what stands there.
fn raised(event: &Fact, power: i64, old: &Object, rules: &RoomVersionRules) -> Option<String> {
    let new = &event.content;
    let names = [
        "users_default",
        "events_default",
        "state_default",
        "ban",
        "redact",
        "kick",
        "invite",
    ];
    let sender = event.sender.as_str();
    for name in names {
        if above(old.get(name), new.get(name), power) {
            return Some(format!("{sender} has {power} and changes `{name}`"));
        }
    }
    let guarded: &[&str] = match rules.auth.guarded_level_maps {
        GuardedLevelMaps::Events => &["events"],
        GuardedLevelMaps::EventsAndNotifications => &["events", "notifications"],
    };
    let empty = Object::new();
    for name in guarded.iter().chain(&["users"]) {
        let map = |content: &'_ Object| content.get(name).and_then(Value::as_object).cloned();
        let was = map(old).unwrap_or_else(|| empty.clone());
        let is = map(new).unwrap_or_else(|| empty.clone());
        for key in was.keys().chain(is.keys()) {
            let (current, next) = (was.get(key), is.get(key));
            let is_equal = *name == "users"
                && key != sender
                && current != next
                && current.and_then(Value::as_i64) == Some(power)
                && power != INFINITE;
            if above(current, next, power) || is_equal {
                return Some(format!(
                    "{sender} has {power} and changes `{name}` of {key}"
                ));
            }
        }
    }
    None
}

/// Whether a level changes that is above a power, or becomes it.
fn above(old: Option<&Value>, new: Option<&Value>, power: i64) -> bool {
    let is_above = |value: Option<&Value>| value.and_then(Value::as_i64).is_some_and(|l| l > power);
    old != new && (is_above(old) || is_above(new))
}

/// The level that it takes to send an event that is no member event.
fn required(event: &Fact, levels: &Object) -> Option<i64> {
    let stated = levels.get("events").and_then(Value::as_object);
    match (
        stated.and_then(|stated| stated.get(&event.event_type)),
        &event.state_key,
    ) {
        (Some(stated), _) => stated.as_i64(),
        (None, Some(_)) => level(levels, "state_default", 50),
        (None, None) => level(levels, "events_default", 0),
    }
}

/// A user's power.
fn power(user: &str, before: &Before, levels: &Object) -> Option<i64> {
    if before.creators.iter().any(|creator| creator == user) {
        return Some(INFINITE);
    }
    let stated = levels.get("users").and_then(Value::as_object);
    match stated.and_then(|stated| stated.get(user)) {
        Some(stated) => stated.as_i64(),
        None => level(levels, "users_default", 0),
    }
}

/// A level by name; `None` for what is no integer.
fn level(levels: &Object, name: &str, default: i64) -> Option<i64> {
    levels.get(name).map_or(Some(default), Value::as_i64)
}

/// The power of a creator where it has no bound.
const INFINITE: i64 = i64::MAX;

#[cfg(test)]
mod tests {
    use super::{Before, Broken, Fact, broken};
    use crate::json::{Mode, Object};
    use crate::testing::network::Check;
    use crate::version::{V11, V12};

    /// What becomes of an event of `@a:x` (level 50), where `@b:x` has 50 and the target 0.
    fn check(target: &str, event_type: &str, key: &str, content: &str) -> Option<Check> {
        let of = |(check, _): Broken| check;
        broken(&event(event_type, key, content), &before(target), &V11).map(of)
    }

    fn event(event_type: &str, key: &str, content: &str) -> Fact {
        let json = format!(
            r#"{{"type":"{event_type}","state_key":"{key}","sender":"@a:x","content":{content}}}"#
        );
        Fact::parse(json.as_bytes()).unwrap()
    }

    fn before(target: &str) -> Before {
        let levels = r#"{"users":{"@a:x":50,"@b:x":50},"ban":60,"kick":50,"redact":70,
            "events":{"org.example":51}}"#;
        Before {
            creators: Vec::new(),
            levels: Some(Object::parse(levels.as_bytes(), Mode::Lenient).unwrap()),
            sender: "join".into(),
            target: target.into(),
        }
    }

    #[test]
    fn who_does_what_takes_more_power_is_found() {
        assert_eq!(check("", "m.room.topic", "", "{}"), None);
        assert_eq!(check("", "org.example", "", "{}"), Some(Check::Levels));
        let kick = r#"{"membership":"leave"}"#;
        assert_eq!(check("join", "m.room.member", "@c:x", kick), None);
        assert_eq!(
            check("join", "m.room.member", "@b:x", kick),
            Some(Check::Levels)
        );
        let ban = r#"{"membership":"ban"}"#;
        assert_eq!(
            check("join", "m.room.member", "@c:x", ban),
            Some(Check::Levels)
        );
    }

    #[test]
    fn an_invite_to_a_third_party_excuses_no_other_member_event() {
        let content = |membership: &str| {
            format!(r#"{{"membership":"{membership}","third_party_invite":{{}}}}"#)
        };
        let found = |membership| check("", "m.room.member", "@b:x", &content(membership));
        assert_eq!(found("invite"), None);
        assert_eq!(found("join"), Some(Check::Levels));
        assert_eq!(found("ban"), Some(Check::Levels));
    }

    #[test]
    fn who_is_not_in_the_room_is_found() {
        let outside = Before {
            sender: "invite".into(),
            ..before("")
        };
        let message = event("m.room.message", "", "{}");
        let found = broken(&message, &outside, &V11).map(|(check, _)| check);
        assert_eq!(found, Some(Check::Levels));
    }

    #[test]
    fn who_comes_back_from_a_ban_is_found() {
        for (key, membership) in [
            ("@a:x", "join"),
            ("@a:x", "knock"),
            ("@a:x", "leave"),
            ("@c:x", "invite"),
            ("@c:x", "leave"),
        ] {
            let content = format!(r#"{{"membership":"{membership}"}}"#);
            let found = check("ban", "m.room.member", key, &content);
            assert_eq!(found, Some(Check::Bans), "{key} {membership}");
        }
        let stays = check("ban", "m.room.member", "@c:x", r#"{"membership":"ban"}"#);
        assert_eq!(stays, Some(Check::Levels), "a ban takes 60");
    }

    #[test]
    fn who_gives_more_than_they_have_is_found() {
        let rest = r#""ban":60,"kick":50,"redact":70,"events":{"org.example":51}"#;
        for (users, rest, expected) in [
            (r#""@a:x":50,"@b:x":50,"@c:x":50"#, rest, None),
            (
                r#""@a:x":50,"@b:x":50,"@c:x":51"#,
                rest,
                Some(Check::Grants),
            ),
            (r#""@a:x":50,"@b:x":0"#, rest, Some(Check::Grants)),
            (r#""@a:x":0,"@b:x":50"#, rest, None),
            (
                r#""@a:x":50,"@b:x":50"#,
                &rest.replace("60", "50"),
                Some(Check::Grants),
            ),
            (
                r#""@a:x":50,"@b:x":50"#,
                &rest.replace(",\"redact\":70", ""),
                Some(Check::Grants),
            ),
            (
                r#""@a:x":50,"@b:x":50"#,
                &rest.replace("51", "50"),
                Some(Check::Grants),
            ),
        ] {
            let content = format!(r#"{{"users":{{{users}}},{rest}}}"#);
            let found = check("", "m.room.power_levels", "", &content);
            assert_eq!(found, expected, "{content}");
        }
    }

    #[test]
    fn a_creator_of_infinite_power_may_do_it() {
        let create = event("m.room.create", "", r#"{"additional_creators":["@b:x"]}"#);
        let creators = create.creators(&V12);
        assert_eq!(creators, ["@b:x", "@a:x"]);
        let before = Before {
            creators,
            ..before("join")
        };
        assert!(broken(&event("org.example", "", "{}"), &before, &V12).is_none());
    }
}
