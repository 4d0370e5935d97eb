//! `auth/level.json`: what a power levels event states as a level, by the same table of forms.

use super::forms::{FORMS, Form, Kind, Reading, exists, level};
use super::{MAPS, PLACES, Place, is_main, page_of, ruling};
use crate::vectors::generated::writer::{Json, object};
use crate::vectors::generated::{VERSIONS, grouped, in_words, listed};

/// A verdict, and the level's digits.
type Stated = (&'static str, Option<String>);

pub(in crate::vectors::generated) fn file() -> String {
    let mut cases = Vec::new();
    for place in PLACES {
        for form in FORMS {
            if is_main(place) || form.everywhere {
                cases.extend(form_cases(place, form));
            }
        }
        cases.push(absent(place));
    }
    for map in ["users", "events", "notifications"] {
        cases.extend(MAPS.map(|token| map_case(map, token)));
    }
    cases.extend(keys());
    object! {
        "about" => "What a power levels event states as a level: whatever can stand where one \
                    should, in every place for one. Numbers are exact: some have 400 digits.",
        "question" => "level",
        "generated" => "levels",
        "cases" => cases,
    }
    .file()
}

/// What a form states in a room version.
fn stated(form: Form, version: u8, reading: Reading) -> Stated {
    match level(form, version, reading) {
        Some(value) => ("level", Some(digits(form, value))),
        None if form.kind == Kind::Null => ("null", None),
        None => ("malformed", None),
    }
}

/// All digits of the integer that a form stands for.
fn digits(form: Form, value: i128) -> String {
    if form.token == "1e308" {
        // Every double is an integer at this size, and not the one that the token says.
        format!("{:.0}", 1e308)
    } else if form.token.contains("<400 digits>") {
        let sign = if value < 0 { "-" } else { "" };
        format!("{sign}{}", "9".repeat(400))
    } else {
        value.to_string()
    }
}

fn form_cases(place: Place, form: Form) -> Vec<Json> {
    let token = form.token.replace("<400 digits>", &"9".repeat(400));
    let entry = entry(place);
    let content = match place {
        Place::Named(name) => format!("{{\"{name}\": {token}}}"),
        Place::Entry(map) => format!("{{\"{map}\": {{\"{}\": {token}}}}}", entry.unwrap()),
    };
    let versions = VERSIONS.filter(|version| exists(form, *version));
    let groups = grouped(versions, |version| {
        [Reading::Python, Reading::Specification].map(|reading| stated(form, version, reading))
    });
    let several = groups.len() > 1;
    let mut cases = Vec::new();
    for (versions, [ours, other]) in groups {
        let when = if several {
            format!(", {}", in_words(&versions))
        } else {
            String::new()
        };
        let id = format!("{} that is {}{when}", place_in_words(place), form.token);
        let asked = asked(&content, place_name(place), entry);
        let case = case(&id, &versions, ruling(form.kind), asked.clone(), &ours);
        let differs = ours != other;
        cases.push(case.with_some("also_allowed", differs.then(|| vec![answer(&other)])));
        if differs && form.kind == Kind::PythonText {
            let id = format!("{id}, by the letter");
            let readings = object! { "level_string" => "specification" };
            let input = asked.with("readings", readings);
            cases.push(self::case(&id, &versions, ruling(form.kind), input, &other));
        }
    }
    cases
}

/// Nothing stands there, but in other places.
fn absent(place: Place) -> Json {
    let others = match place {
        Place::Named("ban") => "{\"kick\": 50}".to_owned(),
        Place::Named(_) => "{\"ban\": 50}".to_owned(),
        Place::Entry(map) => format!("{{\"{map}\": {{\"@other:b\": 50}}}}"),
    };
    let rests_on = match place {
        Place::Named("state_default") => Some("AU-16"),
        Place::Named("invite") => Some("AU-17"),
        _ => None,
    };
    let id = format!("{} that is absent", place_in_words(place));
    let input = asked(&others, place_name(place), entry(place));
    case(&id, &all(), rests_on, input, &("absent", None))
}

/// Something stands in the place of a whole map. Where it is no object, nobody can tell what is
/// stated in it.
fn map_case(map: &'static str, token: &str) -> Json {
    let found = match token {
        "{}" => ("absent", None),
        _ => ("malformed", None),
    };
    let content = format!("{{\"{map}\": {token}}}");
    let input = asked(&content, map, entry(Place::Entry(map)));
    let id = format!("an entry of {map} where that is {token}");
    case(&id, &all(), Some("AU-10"), input, &found)
}

/// Names are compared exactly, and by what they stand for.
fn keys() -> Vec<Json> {
    let found = [
        ("of another case", r#"{"users": {"@User:a": 50}}"#, false),
        ("with a space", r#"{"users": {"@user:a ": 50}}"#, false),
        (
            "in escapes",
            r#"{"users": {"\u0040user\u003aa": 50}}"#,
            true,
        ),
        ("beside the map", r#"{"users": {}, "@user:a": 50}"#, false),
    ];
    let cases = found.map(|(what, content, is_it)| {
        let stated = if is_it {
            ("level", Some("50".to_owned()))
        } else {
            ("absent", None)
        };
        let id = format!("an entry of users under the name {what}");
        let input = asked(content, "users", Some("@user:a"));
        case(&id, &all(), None, input, &stated)
    });
    cases.into()
}

fn all() -> Vec<u8> {
    VERSIONS.collect()
}

fn case(id: &str, versions: &[u8], ruling: Option<&str>, input: Json, stated: &Stated) -> Json {
    object! {
        "id" => id,
        "room_versions" => listed(versions),
        "spec" => page_of(versions),
    }
    .with_some("ruling", ruling)
    .with("input", input)
    .with("expect", answer(stated))
}

fn answer((verdict, level): &Stated) -> Json {
    object! { "verdict" => *verdict }.with_some("level", level.clone())
}

fn asked(content: &str, field: &str, entry: Option<&str>) -> Json {
    object! { "content" => content, "field" => field }.with_some("entry", entry)
}

fn place_name(place: Place) -> &'static str {
    match place {
        Place::Named(name) | Place::Entry(name) => name,
    }
}

fn place_in_words(place: Place) -> String {
    match place {
        Place::Named(name) => name.to_owned(),
        Place::Entry(map) => format!("an entry of {map}"),
    }
}

/// The entry that is asked for.
fn entry(place: Place) -> Option<&'static str> {
    match place {
        Place::Named(_) => None,
        Place::Entry("users") => Some("@user:a"),
        Place::Entry("events") => Some("org.example"),
        Place::Entry(_) => Some("room"),
    }
}
