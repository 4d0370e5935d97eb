//! `auth/levels.json`: whatever can stand where a power level should, in every place for one.

mod forms;
pub(super) mod stated;

use crate::vectors::generated::writer::{Json, object};
use crate::vectors::generated::{VERSIONS, grouped, in_words, listed, page};
use forms::{FORMS, Form, Kind, Reading, exists, level};

/// A property that holds a level, or a map from names to levels.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Named(&'static str),
    Entry(&'static str),
}

const PLACES: [Place; 10] = [
    Place::Named("ban"),
    Place::Entry("users"),
    Place::Entry("events"),
    Place::Entry("notifications"),
    Place::Named("users_default"),
    Place::Named("events_default"),
    Place::Named("state_default"),
    Place::Named("kick"),
    Place::Named("redact"),
    Place::Named("invite"),
];

/// The two places that every form goes into.
fn is_main(place: Place) -> bool {
    matches!(place, Place::Named("ban") | Place::Entry("users"))
}

/// What decides, and whether it allows.
type Answer = (&'static str, bool);

/// Somebody of level 50 adds it to the power levels.
fn added(place: Place, form: Form, version: u8, reading: Reading) -> Answer {
    let level = level(form, version, reading);
    let (shape, value, above) = match place {
        Place::Named(_) => ("LevelsNotIntegers", "LevelsUnreadable", "LevelsNewAbove"),
        Place::Entry("users") => (
            "LevelUsersMalformed",
            "LevelUsersMalformed",
            "LevelUsersNewAbove",
        ),
        Place::Entry("notifications") if version < 6 => return ("LevelsAllowed", true),
        Place::Entry(_) => (
            "LevelMapsNotIntegers",
            "LevelMapsUnreadable",
            "LevelMapsNewAbove",
        ),
    };
    match level {
        // From version 10 on it has to be an integer, before anything else is looked at.
        None if version >= 10 => (shape, false),
        None => (value, false),
        Some(level) if level > 50 => (above, false),
        Some(_) => ("LevelsAllowed", true),
    }
}

/// Somebody of level 50 removes it from the power levels.
fn removed(place: Place, form: Form, version: u8, reading: Reading) -> Answer {
    let level = level(form, version, reading);
    match (place, level) {
        (Place::Entry("notifications"), _) if version < 6 => ("LevelsAllowed", true),
        // Not even `null`, which reads as nothing elsewhere, is a level that can be changed; but
        // it is the default where it says what sending the event takes.
        (Place::Named("state_default"), None) if form.kind != Kind::Null => {
            ("BelowRequiredLevel", false)
        }
        (Place::Named("state_default"), Some(51..)) => ("BelowRequiredLevel", false),
        (Place::Named(_), None) => ("LevelsUnreadable", false),
        (Place::Named(_), Some(51..)) => ("LevelsCurrentAbove", false),
        // Nobody takes a level from a user who has as much.
        (Place::Entry("users"), None | Some(50..)) => ("LevelUsersCurrentNotBelow", false),
        (Place::Entry("events" | "notifications"), None) => ("LevelMapsUnreadable", false),
        (Place::Entry("events" | "notifications"), Some(51..)) => ("LevelMapsCurrentAbove", false),
        _ => ("LevelsAllowed", true),
    }
}

/// It stands in the power levels, and somebody does what it is the level for: where it is a user's,
/// the user needs level 50; elsewhere the user has level 50. `None` where nothing rests on it.
fn used(place: Place, form: Form, version: u8, reading: Reading) -> Option<Answer> {
    let default = match place {
        Place::Named("users_default" | "events_default" | "invite") | Place::Entry("users") => 0,
        _ => 50,
    };
    let level = match form.kind {
        Kind::Null => Some(default),
        _ => level(form, version, reading),
    };
    let enough = match place {
        Place::Entry("users") | Place::Named("users_default") => {
            level.is_some_and(|level| level >= 50)
        }
        _ => level.is_some_and(|level| level <= 50),
    };
    let (allows, rejects) = match place {
        Place::Entry("notifications") => return None,
        // The redact level is a matter of authorisation in the first two versions only.
        Place::Named("redact") if version > 2 => return None,
        Place::Named("redact") => ("RedactionByLevel", "RedactionNotPermitted"),
        Place::Named("ban") => ("BanAllowed", "BanNotPermitted"),
        Place::Named("kick") => ("KickAllowed", "KickNotPermitted"),
        Place::Named("invite") => ("InviteAllowed", "InviteBelowLevel"),
        _ => ("Allowed", "BelowRequiredLevel"),
    };
    Some(if enough {
        (allows, true)
    } else {
        (rejects, false)
    })
}

/// What can stand in the place of a whole map.
const MAPS: [&str; 8] = ["null", "[]", "\"\"", "[50]", "\"x\"", "0", "true", "{}"];

/// The map becomes this. The network lets `[]` and `""` pass, in which there is nothing to look
/// at; the text asks for an object.
fn map_added(map: &str, token: &str, version: u8, reading: Reading) -> Answer {
    let empty = reading == Reading::Python && ["[]", "\"\""].contains(&token);
    match map {
        _ if token == "{}" => ("LevelsAllowed", true),
        "users" => ("LevelUsersMalformed", false),
        _ if version >= 10 => ("LevelMapsNotIntegers", false),
        "notifications" if version < 6 => ("LevelsAllowed", true),
        _ if empty => ("LevelsAllowed", true),
        _ => ("LevelMapsUnreadable", false),
    }
}

/// The map is this, and somebody sends a state event that takes no more than they have if they,
/// or the event's type, are not listed.
fn map_used(token: &str) -> Answer {
    if token == "{}" {
        ("Allowed", true)
    } else {
        ("BelowRequiredLevel", false)
    }
}

fn ruling(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Integer => None,
        Kind::LargeInteger => Some("AU-18"),
        Kind::Float => Some("AU-08"),
        Kind::Text | Kind::PythonText => Some("AU-07"),
        Kind::Boolean | Kind::Null => Some("AU-09"),
        Kind::Other => Some("AU-10"),
    }
}

pub(super) fn file() -> String {
    let mut cases = Vec::new();
    for place in PLACES {
        for form in FORMS {
            if is_main(place) || form.everywhere {
                form_cases(place, form, &mut cases);
            }
        }
    }
    for map in ["users", "events", "notifications"] {
        for token in MAPS {
            map_cases(map, token, &mut cases);
        }
    }
    let user = object! {
        "id" => "$user",
        "type" => "m.room.member",
        "state_key" => "@user:a",
        "sender" => "@user:a",
        "content" => object! { "membership" => "join" },
    };
    let target = user.clone().with("id", "$target");
    let target = target
        .with("state_key", "@target:a")
        .with("sender", "@target:a");
    let create = object! {
        "id" => "$create",
        "type" => "m.room.create",
        "state_key" => "",
        "sender" => "@creator:a",
        "content" => object! { "room_version" => "{room_version}", "creator" => "@creator:a" },
    };
    object! {
        "about" => "Whatever can stand where a power level should, in every place for one: added \
                    to the power levels by somebody of level 50; removed by somebody of level 50; \
                    and read by what it is the level for. Numbers are exact: some have 400 digits.",
        "question" => "auth",
        "generated" => "levels",
        "given" => object! { "create" => create, "user" => user, "target" => target },
        "cases" => cases,
    }
    .file()
}

fn form_cases(place: Place, form: Form, cases: &mut Vec<Json>) {
    let token = form.token.replace("<400 digits>", &"9".repeat(400));
    let (name, where_it_is) = match place {
        Place::Named(name) => (name, name.to_owned()),
        Place::Entry(map) => (map, format!("an entry of {map}")),
    };
    let levels = with_level(place, &token);
    let plain = plain_levels();
    let versions = || VERSIONS.filter(|version| exists(form, *version));
    let what = |verb| format!("{verb} as {where_it_is}: {}", form.token);
    let mut add = |id: String, input: &Json, answer: &dyn Fn(u8, Reading) -> Option<Answer>| {
        let asked = versions().filter(|version| answer(*version, Reading::Python).is_some());
        let both = |version| {
            let [ours, other] =
                [Reading::Python, Reading::Specification].map(|reading| answer(version, reading));
            (ours.unwrap(), other.unwrap())
        };
        cases.extend(group(&id, ruling(form.kind), input, grouped(asked, both)));
    };
    let event = levels_event(&levels);
    let input = asked(&plain, &event);
    add(what("added"), &input, &|version, reading| {
        Some(added(place, form, version, reading))
    });
    let input = asked(&levels, &levels_event(&plain));
    add(what("removed"), &input, &|version, reading| {
        Some(removed(place, form, version, reading))
    });
    let levels = match place {
        Place::Entry("users") => levels.with("users", one("@user:a", &token)),
        Place::Named("users_default") => levels.without("users"),
        _ => levels,
    };
    let input = asked(&levels, &event_at_that_level(name));
    add(what("read"), &input, &|version, reading| {
        used(place, form, version, reading)
    });
}

fn map_cases(map: &str, token: &str, cases: &mut Vec<Json>) {
    let plain = plain_levels();
    let levels = plain.clone().with(map, Json::Token(token.to_owned()));
    let ruling = match map {
        "users" => "AU-12",
        _ => "AU-11",
    };
    let both = |version| {
        let [ours, other] = [Reading::Python, Reading::Specification]
            .map(|reading| map_added(map, token, version, reading));
        (ours, other)
    };
    let id = format!("{map} becomes {token}");
    let input = asked(&plain, &levels_event(&levels));
    cases.extend(group(&id, Some(ruling), &input, grouped(VERSIONS, both)));
    if map == "notifications" {
        return;
    }
    let state = levels.with("state_default", 0);
    let input = asked(&state, &event_at_that_level(map));
    let answer = map_used(token);
    let id = format!("{map} is {token}");
    let groups = grouped(VERSIONS, |_| (answer, answer));
    cases.extend(group(&id, Some("AU-10"), &input, groups));
}

/// A case for each group of versions, given the answers by both readings.
fn group(
    id: &str,
    ruling: Option<&str>,
    input: &Json,
    groups: Vec<(Vec<u8>, (Answer, Answer))>,
) -> Vec<Json> {
    let several = groups.len() > 1;
    let case = |(versions, (ours, other)): (Vec<u8>, (Answer, Answer))| {
        let id = if several {
            format!("{id}, {}", in_words(&versions))
        } else {
            id.to_owned()
        };
        let case = object! {
            "id" => id,
            "room_versions" => listed(&versions),
            "spec" => page_of(&versions),
        };
        let verdict = |allow: bool| if allow { "allow" } else { "reject" };
        let expect = object! { "verdict" => verdict(ours.1), "rule" => ours.0 };
        let case = case
            .with_some("ruling", ruling)
            .with("input", input.clone())
            .with("expect", expect);
        let also = object! { "verdict" => verdict(other.1) };
        case.with_some("also_allowed", (other.1 != ours.1).then(|| vec![also]))
    };
    groups.into_iter().map(case).collect()
}

/// Where it says what is a level in these versions.
fn page_of(versions: &[u8]) -> String {
    let last = *versions.last().unwrap();
    let section = if last < 10 {
        "mroompower_levels-events-accept-values-as-strings"
    } else {
        "authorisation-rules"
    };
    page(last, section)
}

/// Power levels by which the user has level 50.
fn plain_levels() -> Json {
    object! { "users" => object! { "@user:a" => 50 } }
}

fn one(key: &str, token: &str) -> Json {
    object! { key => Json::Token(token.to_owned()) }
}

/// The same with something in the place of a level.
fn with_level(place: Place, token: &str) -> Json {
    let levels = plain_levels();
    match place {
        Place::Named(name) => levels.with(name, Json::Token(token.to_owned())),
        Place::Entry("users") => {
            let users = object! { "@user:a" => 50 };
            levels.with(
                "users",
                users.with("@target:a", Json::Token(token.to_owned())),
            )
        }
        Place::Entry("events") => levels.with("events", one("org.example", token)),
        Place::Entry(map) => levels.with(map, one("room", token)),
    }
}

/// An event, by the user, whose level the power levels state under that name.
fn event_at_that_level(name: &str) -> Json {
    let event = |event_type: &str, state_key: Option<&str>, content: Json| {
        let event = object! { "id" => "$event", "type" => event_type };
        let event = event.with_some("state_key", state_key);
        event.with("sender", "@user:a").with("content", content)
    };
    let member = |user: &str, membership: &str| {
        let content = object! { "membership" => membership };
        event("m.room.member", Some(user), content)
    };
    match name {
        "ban" => member("@target:a", "ban"),
        "kick" => member("@target:a", "leave"),
        "invite" => member("@other:a", "invite"),
        "redact" => {
            let event = event("m.room.redaction", None, object! {});
            event.with("id", "$event:a").with("redacts", "$target:b")
        }
        "events_default" => event("m.room.message", None, object! {}),
        _ => event("org.example", Some(""), object! {}),
    }
}

/// Power levels that the user sends.
fn levels_event(levels: &Json) -> Json {
    object! {
        "id" => "$event",
        "type" => "m.room.power_levels",
        "state_key" => "",
        "sender" => "@user:a",
        "content" => levels.clone(),
    }
}

/// An event in a room of these power levels.
fn asked(levels: &Json, event: &Json) -> Json {
    let levels = object! {
        "id" => "$levels",
        "type" => "m.room.power_levels",
        "state_key" => "",
        "sender" => "@creator:a",
        "content" => levels.clone(),
    };
    let state = Json::List(vec![
        "create".into(),
        "user".into(),
        "target".into(),
        levels,
    ]);
    object! { "state" => state, "event" => event.clone() }
}
