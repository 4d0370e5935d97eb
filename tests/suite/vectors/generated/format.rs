//! `format/matrix.json`: every field of the event format, absent and with values of every kind.

use crate::vectors::generated::writer::{Json, list, object};
use crate::vectors::generated::{VERSIONS, grouped, in_words, listed, page};

/// What the event format asks of a field.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    /// An id with this sigil.
    Id(char),
    Object,
    /// An integer of up to 64 bits.
    Integer,
    /// The same, and not negative.
    Depth,
    /// An object with a `sha256` of 32 bytes.
    Hashes,
    /// Ids, or pairs of them and hashes.
    References,
    /// Anything.
    Any,
}

#[derive(Clone, Copy)]
struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
    ruling: Option<&'static str>,
}

const fn field(name: &'static str, kind: Kind, ruling: Option<&'static str>) -> Field {
    Field {
        name,
        kind,
        required: true,
        ruling,
    }
}

const fn optional(field: Field) -> Field {
    Field {
        required: false,
        ..field
    }
}

const FIELDS: [Field; 14] = [
    field("event_id", Kind::Id('$'), Some("EF-09")),
    field("type", Kind::Text, None),
    optional(field("state_key", Kind::Text, Some("EF-14"))),
    field("room_id", Kind::Id('!'), None),
    field("sender", Kind::Id('@'), Some("EF-23")),
    field("content", Kind::Object, Some("EF-10")),
    field("origin_server_ts", Kind::Integer, Some("EF-15")),
    field("depth", Kind::Depth, Some("EF-06")),
    field("prev_events", Kind::References, Some("EF-18")),
    field("auth_events", Kind::References, Some("EF-18")),
    field("hashes", Kind::Hashes, Some("EF-12")),
    optional(field("signatures", Kind::Any, Some("EF-16"))),
    optional(field("unsigned", Kind::Any, Some("EF-17"))),
    optional(field("origin", Kind::Any, Some("EF-22"))),
];

/// Values of every JSON type.
const VALUES: [&str; 12] = [
    "null", "true", "false", "0", "-1", "1.5", "\"\"", "\"x\"", "\"0\"", "[]", "[0]", "{}",
];

/// Integers beside the bounds of canonical JSON and of 64 bits.
const INTEGERS: [&str; 12] = [
    "1",
    "9007199254740990",
    "9007199254740991",
    "9007199254740992",
    "-9007199254740990",
    "-9007199254740991",
    "-9007199254740992",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "1e3",
];

/// Lists that are references in some room versions, or nearly.
const REFERENCES: [&str; 11] = [
    "[null]",
    "[\"x\"]",
    "[\"\"]",
    "[\"$p:a\"]",
    "[[]]",
    "[[\"$p:a\"]]",
    "[[\"$p:a\", {}]]",
    "[[\"$p:a\", {\"sha256\": \"x\"}]]",
    "[[\"$p:a\", {}, {}]]",
    "[[\"x\", {}]]",
    "[[{}, \"$p:a\"]]",
];

/// Hashes that are none, and others that are.
const HASHES: [(&str, bool); 7] = [
    ("{\"sha256\": null}", false),
    ("{\"sha256\": 0}", false),
    ("{\"sha256\": \"\"}", false),
    (
        "{\"sha256\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        false,
    ),
    (
        "{\"sha256\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}",
        true,
    ),
    (
        "{\"sha256\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-_\"}",
        true,
    ),
    (
        "{\"SHA256\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        false,
    ),
];

/// What becomes of the event: nothing, or what is wrong with which field.
type Answer = Option<(&'static str, Option<&'static str>)>;

/// The answer where the field has this value; `None` stands for no value at all.
fn answer(field: &Field, value: Option<&str>, version: u8) -> Answer {
    let wrong_type = Some(("WrongType", Some(field.name)));
    let Some(value) = value else {
        let required = field.required && (field.name != "event_id" || version < 3);
        return required.then_some(("Missing", Some(field.name)));
    };
    // Strict canonical JSON has integers of 53 bits only, wherever they stand.
    if version >= 6 && !is_strict(value) {
        return Some(("Json", None));
    }
    // Where an id is a hash, the event does not state it.
    if field.name == "event_id" && version >= 3 {
        return Some(("UnexpectedEventId", None));
    }
    let text = value
        .strip_prefix('"')
        .map(|text| text.trim_end_matches('"'));
    match field.kind {
        Kind::Any => None,
        Kind::Text if text.is_some() => None,
        Kind::Object if value.starts_with('{') => None,
        Kind::Id(sigil) => match text {
            Some(text) if text.starts_with(sigil) => None,
            Some(_) => Some(("InvalidId", Some(field.name))),
            None => wrong_type,
        },
        Kind::Integer | Kind::Depth => match value.parse::<i128>() {
            Err(_) => wrong_type,
            Ok(number) => {
                let least = if field.kind == Kind::Depth {
                    0
                } else {
                    i64::MIN
                };
                let fits = (i128::from(least)..=i128::from(i64::MAX)).contains(&number);
                (!fits).then_some(("OutOfRange", Some(field.name)))
            }
        },
        Kind::Hashes if !value.starts_with('{') => wrong_type,
        Kind::Hashes => {
            let known = HASHES.iter().find(|(hashes, _)| *hashes == value);
            match known {
                Some((_, true)) => None,
                Some(_) if value.contains("sha256") => Some(("WrongType", Some("hashes.sha256"))),
                _ => Some(("Missing", Some("hashes.sha256"))),
            }
        }
        Kind::References => references(field.name, value, version),
        Kind::Text | Kind::Object => wrong_type,
    }
}

fn references(name: &'static str, value: &str, version: u8) -> Answer {
    let wrong_type = Some(("WrongType", Some(name)));
    let invalid = Some(("InvalidId", Some(name)));
    if version < 3 {
        // Pairs of an id and an object, whose hashes nobody looks at.
        return match value {
            "[]" | "[[\"$p:a\", {}]]" | "[[\"$p:a\", {\"sha256\": \"x\"}]]" => None,
            "[[\"x\", {}]]" => invalid,
            _ => wrong_type,
        };
    }
    match value {
        "[]" | "[\"$p:a\"]" => None,
        "[\"x\"]" | "[\"\"]" => invalid,
        _ => wrong_type,
    }
}

fn is_strict(value: &str) -> bool {
    let is_number = value
        .trim_start_matches('-')
        .starts_with(|c: char| c.is_ascii_digit());
    let integer = value.parse::<i128>();
    !is_number || integer.is_ok_and(|number| number.abs() < 1 << 53)
}

fn values(field: &Field) -> Vec<Option<&'static str>> {
    let more: Vec<&str> = match field.kind {
        Kind::Integer | Kind::Depth => INTEGERS.to_vec(),
        Kind::References => REFERENCES.to_vec(),
        Kind::Hashes => HASHES.iter().map(|(hashes, _)| *hashes).collect(),
        _ => Vec::new(),
    };
    let all = VALUES.into_iter().chain(more);
    std::iter::once(None).chain(all.map(Some)).collect()
}

pub(super) fn file() -> String {
    let mut cases: Vec<Json> = Vec::new();
    for field in &FIELDS {
        for value in values(field) {
            // Versions 1 and 2 ask for an event id; all others are asked whether they refuse one.
            let versions = VERSIONS
                .filter(|version| value.is_some() || field.name != "event_id" || *version < 3);
            for (versions, answer) in grouped(versions, |version| answer(field, value, version)) {
                cases.push(case(field, value, &versions, answer));
            }
        }
    }
    cases.extend([beyond_doubles(1, &[1, 2]), beyond_doubles(3, &[3, 4, 5])]);
    object! {
        "about" => "Every field of the event format, absent and with values of every JSON type and \
                    at the bounds of integers.",
        "question" => "format",
        "generated" => "format",
        "given" => given(),
        "cases" => cases,
    }
    .file()
}

fn case(field: &Field, value: Option<&str>, versions: &[u8], answer: Answer) -> Json {
    let what = match value {
        None => format!("no {}", field.name),
        Some(value) => format!("{}: {value}", field.name),
    };
    let input = object! { "base" => "plain" };
    let input = match value {
        None if field.required => input.with("remove", list![field.name]),
        None => input,
        Some(value) => {
            let value = Json::Token(value.to_owned());
            input.with("change", object! { field.name => value })
        }
    };
    let expect = match answer {
        None => object! { "verdict" => "accept" },
        Some((kind, field)) => {
            let error = object! { "kind" => kind }.with_some("field", field);
            object! { "verdict" => "drop", "error" => error }
        }
    };
    let case = object! {
        "id" => format!("{what}, {}", in_words(versions)),
        "room_versions" => listed(versions),
        "spec" => page(*versions.last().unwrap(), "event-format"),
    };
    let case = case.with_some("ruling", field.ruling);
    case.with("input", input).with("expect", expect)
}

/// A power level that is no double, in versions in which levels can be floats.
fn beyond_doubles(version: u8, versions: &[u8]) -> Json {
    let level = object! { "ban" => Json::Token("1e400".to_owned()) };
    let event = plain(version).with("type", "m.room.power_levels");
    let event = event.with("state_key", "").with("content", level);
    let error = object! { "kind" => "Json" };
    object! {
        "id" => format!("a power level of 1e400, {}", in_words(versions)),
        "room_versions" => listed(versions),
        "spec" => page(version, "mroompower_levels-events-accept-values-as-floats"),
        "ruling" => "AU-08",
        "input" => object! { "text" => event.line() },
        "expect" => object! { "verdict" => "drop", "error" => error },
    }
}

fn given() -> Json {
    let of = |versions: &[u8]| {
        object! { "room_versions" => listed(versions), "value" => plain(versions[0]) }
    };
    let middle: Vec<u8> = (3..=11).collect();
    let plain = list![of(&[1, 2]), of(&middle), of(&[12])];
    object! { "plain" => object! { "$by_version" => plain } }
}

/// A plain event, which has every field that its room version requires.
fn plain(version: u8) -> Json {
    let zeros = "A".repeat(43);
    let hash = || object! { "sha256" => zeros.clone() };
    let event = |room_id: String, prev: Json, auth: Json| {
        object! {
            "type" => "m.room.message",
            "sender" => "@alice:a",
            "room_id" => room_id,
            "content" => object! { "body" => "Hello" },
            "origin_server_ts" => 1,
            "depth" => 5,
            "prev_events" => list![prev],
            "auth_events" => list![auth],
            "hashes" => hash(),
            "signatures" => object! { "a" => object! { "ed25519:1" => "x" } },
        }
    };
    let id = |letter: &str| format!("${}", letter.repeat(43));
    let pairs = event(
        "!room:a".to_owned(),
        list!["$p:a", hash()],
        list!["$q:a", hash()],
    );
    let ids = |room_id: String| event(room_id, id("p").into(), id("q").into());
    match version {
        ..3 => pairs.with("event_id", "$event:a"),
        3..12 => ids("!room:a".to_owned()),
        12.. => ids(format!("!{}", "r".repeat(43))),
    }
}
