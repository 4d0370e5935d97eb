//! Bytes as they come over federation, and as they might: read in place or through a tree, they
//! are the same event, or no event for the same reason.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use roomdag::Limits;
use roomdag::json::{CanonicalObject, Object};
use roomdag::pdu::Pdu;
use roomdag::version::{EventIdFormat, RoomVersionRules, RoomVersions};

use crate::pdu::tree;
use crate::vectors::fields::{bytes, files};

/// A PDU of a real room, with its members in the order in which its server wrote them.
type Wire = (&'static RoomVersionRules, String);

/// The PDUs of all real rooms, as they would come over federation.
static PDUS: LazyLock<Vec<Wire>> = LazyLock::new(|| {
    let rooms = files("rooms");
    let rooms = rooms.iter().filter(|path| path.ends_with("/events.ndjson"));
    rooms.flat_map(|room| pdus(room)).collect()
});

fn pdus(room: &str) -> Vec<Wire> {
    let version = room.trim_start_matches("rooms/v").split('-').next();
    let rules = RoomVersions::stable_rules(version.unwrap()).unwrap();
    let dump = String::from_utf8(bytes(room)).unwrap();
    let lines = dump.lines().map(|line| {
        // The dump names each event; over federation most go without.
        let (name, rest) = line.split_once(',').unwrap();
        assert!(name.starts_with(r#"{"event_id":"#));
        let line = match rules.event_id {
            EventIdFormat::Field => line.to_owned(),
            _ => format!("{{{rest}"),
        };
        (rules, line)
    });
    lines.collect()
}

/// Holds what is read in place against the tree.
#[track_caller]
fn assert_read_alike(bytes: &[u8], rules: &RoomVersionRules, limits: &Limits) -> bool {
    let shown = String::from_utf8_lossy(bytes);
    let found = Pdu::parse(bytes, rules, limits);
    match (found, tree::read(bytes, rules, limits)) {
        (Ok(pdu), Ok((expected, json))) => {
            assert_eq!(pdu.json().to_object(), json, "{shown}");
            let again = Pdu::from_json(json, rules, limits);
            assert_eq!(again.as_ref(), Ok(&pdu), "{shown}");
            assert_eq!(tree::of(pdu, rules), expected, "{shown}");
            true
        }
        (found, expected) => {
            assert_eq!(found.err(), expected.err(), "{shown}");
            false
        }
    }
}

#[test]
fn real_events_are_read_alike_however_they_are_written() {
    let limits = Limits::default();
    for (rules, wire) in &*PDUS {
        let json = Object::parse(wire.as_bytes(), rules.canonical_json).unwrap();
        let value = serde_json::Value::try_from(&json).unwrap();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        for text in [wire, &json.to_string(), &pretty] {
            assert!(assert_read_alike(text.as_bytes(), rules, &limits));
        }
    }
}

/// A change of a PDU's text.
#[derive(Clone, Debug)]
enum Change {
    /// The byte there becomes another.
    Byte(Index, u8),
    /// Some bytes go.
    Cut(Index, usize),
    /// Something is put there.
    Insert(Index, &'static str),
    /// The letter, the slash or the digit there is written as an escape.
    Escape(Index, &'static str),
    /// The number there becomes another.
    Number(Index, &'static str),
    /// Two members change places, or one is written twice.
    Members(Index, Index, bool),
    /// A member gets another value.
    Value(Index, &'static str),
}

fn any_change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (index(), select(&b"\"\\{}[],:\x00\x1f\xc3"[..]))
            .prop_map(|(at, byte)| Change::Byte(at, byte)),
        (index(), 1_usize..40).prop_map(|(at, len)| Change::Cut(at, len)),
        (index(), select(&[" ", "\n", "\t\r", "{}", "[]", "[[{", "é", "𝄞", "\\n", "\\u001f",
            "\\u001F", "\\u000a", "\\ud834\\udd1e", "\\ud834", "\u{7f}", ",\"a\":1", "\"", "-", "0"][..]))
            .prop_map(|(at, text)| Change::Insert(at, text)),
        (index(), select(&["\\u00", "\\u00upper", "\\/"][..]))
            .prop_map(|(at, form)| Change::Escape(at, form)),
        (index(), select(&["0", "-0", "-1", "007", "1.0", "1.5", "1e3", "1E400", "999999999999999",
            "9007199254740991", "9007199254740992", "-9007199254740991", "9223372036854775807",
            "9223372036854775808", "123456789012345678901234567890", "+1", "-", "NaN"][..]))
            .prop_map(|(at, number)| Change::Number(at, number)),
        (index(), index(), any::<bool>()).prop_map(|(a, b, twice)| Change::Members(a, b, twice)),
        (index(), select(&["null", "true", "\"\"", "[]", "{}", "[1,\"$a\"]", "[\"$a\",\"$b\"]",
            "{\"b\":1,\"a\":2}", "{\"a\":1,\"a\":2}", "{\"a\":{\"b\":[{}]}}", "[[[[[[[[[[]]]]]]]]]]",
            "[[\"$a\",{}],[\"$b:c\",{\"sha256\":\"\"}]]", "[[\"$a\",{},1]]", "\"$\"", "\"@\\\\:a\"",
            "{\"redacts\":\"$x\"}", "{\"sha256\":\"ungood\"}",
            "{\"sha256\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA_-_9\"}",
            "{\"sha256\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}",
            "[\"$a\",\"$\\n\"]", "[\"$a\",\"b\"]", "[\"$a\",1]",
            "{\"membership\":\"invite\",\
            \"third_party_invite\":{\"display_name\":\"x\",\"signed\":{\"mxid\":\"@a:b\",\"token\":\"t\\n\"}}}"][..]))
            .prop_map(|(at, value)| Change::Value(at, value)),
    ]
}

impl Change {
    fn of(&self, text: &[u8]) -> Vec<u8> {
        let mut text = text.to_vec();
        if text.is_empty() {
            return text;
        }
        match self {
            Self::Byte(at, byte) => {
                let at = at.index(text.len());
                text[at] = *byte;
            }
            Self::Cut(at, len) => {
                let at = at.index(text.len());
                text.drain(at..(at + len).min(text.len()));
            }
            Self::Insert(at, piece) => {
                let at = at.index(text.len());
                text.splice(at..at, piece.bytes());
            }
            Self::Escape(at, form) => {
                let at = at.index(text.len());
                let Some(at) = (at..text.len()).find(|at| text[*at].is_ascii_alphanumeric()) else {
                    return text;
                };
                let escape = match *form {
                    "\\u00" => format!("\\u00{:02x}", text[at]),
                    "\\/" => "\\/".to_owned(),
                    _ => format!("\\u00{:02X}", text[at]),
                };
                text.splice(at..=at, escape.bytes());
            }
            Self::Number(at, number) => {
                let at = at.index(text.len());
                let Some(start) = (at..text.len()).find(|at| text[*at].is_ascii_digit()) else {
                    return text;
                };
                let len = text[start..].iter().take_while(|b| b.is_ascii_digit());
                let end = start + len.count();
                text.splice(start..end, number.bytes());
            }
            Self::Members(a, b, twice) => {
                return rewritten(&text, |members| {
                    let (a, b) = (a.index(members.len()), b.index(members.len()));
                    if *twice {
                        let copy = members[a].clone();
                        members.insert(b, copy);
                    } else {
                        members.swap(a, b);
                    }
                });
            }
            Self::Value(at, value) => {
                return rewritten(&text, |members| {
                    let at = at.index(members.len());
                    (*value).clone_into(&mut members[at].1);
                });
            }
        }
        text
    }
}

/// The text with other members, if it has any.
fn rewritten(text: &[u8], change: impl FnOnce(&mut Vec<(String, String)>)) -> Vec<u8> {
    let mode = roomdag::json::Mode::Lenient;
    let Ok(json) = CanonicalObject::parse_within(text, mode, &Limits::default()) else {
        return text.to_vec();
    };
    let members = json.iter().map(|(name, value)| {
        let name = roomdag::Value::from(&*name).to_string();
        (name, value.as_text().to_owned())
    });
    let mut members: Vec<_> = members.collect();
    if members.is_empty() {
        return text.to_vec();
    }
    change(&mut members);
    let members = members
        .iter()
        .map(|(name, value)| format!("{name}:{value}"));
    format!("{{{}}}", members.collect::<Vec<_>>().join(",")).into_bytes()
}

fn changed(canonical: bool, at: Index, changes: &[Change]) -> (&'static RoomVersionRules, Vec<u8>) {
    let (rules, wire) = &PDUS[at.index(PDUS.len())];
    let mut text = wire.clone().into_bytes();
    if canonical {
        let json = Object::parse(&text, rules.canonical_json).unwrap();
        text = json.to_canonical();
    }
    for change in changes {
        text = change.of(&text);
    }
    (rules, text)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn events_that_were_tampered_with_are_read_alike(
        canonical in prop::bool::weighted(0.8),
        at in any::<Index>(),
        changes in prop::collection::vec(any_change(), 0..4),
    ) {
        let (rules, text) = changed(canonical, at, &changes);
        assert_read_alike(&text, rules, &Limits::default());
    }

    /// Limits are met in the same order, whichever it is that is exceeded.
    #[test]
    fn limits_are_applied_alike(
        at in any::<Index>(),
        changes in prop::collection::vec(any_change(), 0..2),
        input in 500_usize..900,
        pdu in 500_usize..900,
        depth in 0_usize..6,
        ids in 0_usize..4,
    ) {
        let (rules, text) = changed(true, at, &changes);
        let limits = Limits {
            input_bytes: input,
            pdu_bytes: pdu,
            json_depth: depth,
            prev_events: ids,
            auth_events: ids,
            ..Limits::default()
        };
        assert_read_alike(&text, rules, &limits);
        let limits = Limits { json_depth: usize::MAX, ..limits };
        assert_read_alike(&text, rules, &limits);
    }
}
