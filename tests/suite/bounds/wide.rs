//! What is wide costs its bytes: the events that fill their 64 KiB in the worst ways.

use std::time::{Duration, Instant};

use roomdag::Event;
use roomdag::crypto::{self, KeyRing, Timestamp};
use roomdag::limits::Limits;
use roomdag::pdu::Pdu;
use roomdag::version::{RoomVersionRules, V3, V12};

use crate::bounds::{on_a_small_stack, signed};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// What a content may be filled with, and a word for each.
fn fillings() -> Vec<(&'static str, String)> {
    let list = |unit: &str, bytes: usize| {
        let units = vec![unit; bytes / (unit.len() + 1)];
        format!("[{}]", units.join(","))
    };
    let members = |count: usize, member: &dyn Fn(usize) -> String| {
        // The last first: all of them are in the wrong order.
        let members: Vec<String> = (0..count).rev().map(member).collect();
        format!("{{{}}}", members.join(","))
    };
    vec![
        ("arrays in arrays", "[".repeat(32_300) + &"]".repeat(32_300)),
        (
            "objects in objects",
            r#"{"":"#.repeat(12_800) + "0" + &"}".repeat(12_800),
        ),
        ("digits", list("0", 64_600)),
        ("empty arrays", list("[]", 64_600)),
        ("empty texts", list("\"\"", 64_600)),
        ("large numbers", list("-9007199254740991", 64_600)),
        ("keys", members(7_600, &|at| format!(r#""{at:x}":0"#))),
        (
            "long keys that differ at their ends",
            members(230, &|at| format!(r#""{}{at:03}":0"#, "k".repeat(270))),
        ),
        (
            "users with levels",
            members(5_700, &|at| format!(r#""@{at:x}:a":1"#)),
        ),
        ("escapes", format!("\"{}\"", "\\n".repeat(32_000))),
        (
            "control characters",
            format!("\"{}\"", "\\u0001".repeat(10_700)),
        ),
        ("wide characters", format!("\"{}\"", "😀".repeat(16_000))),
    ]
}

/// A signed event with this content under `users`, as it may come over the wire.
fn event(filling: &str, rules: &RoomVersionRules) -> (Vec<u8>, KeyRing) {
    let room = "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM";
    let text = format!(
        r#"{{"auth_events":[],"content":{{"users":{filling}}},"depth":5,"origin_server_ts":5,
            "prev_events":["$a"],"room_id":"{room}","sender":"@alice:example.org",
            "state_key":"","type":"m.room.power_levels"}}"#
    );
    let (event, keys) = signed(&text, rules);
    // The members of the text as they were written, and then the seals.
    let seal = |member: &str| format!(r#","{member}":{}"#, event.get(member).unwrap());
    let open = text.strip_suffix('}').unwrap();
    let wire = format!("{open}{}{}}}", seal("hashes"), seal("signatures"));
    (wire.into_bytes(), keys)
}

/// Every stage that all events pass: parsing, hashing, the signature, the typed content.
fn passes(bytes: &[u8], keys: &KeyRing, rules: &RoomVersionRules) -> Event {
    let limits = Limits::default();
    let pdu = Pdu::parse(bytes, rules, &limits).expect("an event");
    crypto::verify(pdu, rules, keys, NOW, &limits).expect("signed")
}

#[test]
fn the_widest_events_pass_every_stage_on_a_small_stack() {
    on_a_small_stack(|| {
        for rules in [&V3, &V12] {
            for (word, filling) in fillings() {
                let (bytes, keys) = event(&filling, rules);
                assert!(bytes.len() > 62_000, "{word}: {} bytes", bytes.len());
                let event = passes(&bytes, &keys, rules);
                let intact = roomdag::event::HashCheck::Ok;
                assert_eq!(event.provenance().content_hash, intact, "{word}");
            }
        }
    });
}

/// Two milliseconds, where the library is optimised; tests are not, and share their processor.
#[test]
fn the_worst_event_takes_two_milliseconds() {
    let limit = Duration::from_millis(if cfg!(debug_assertions) { 2_000 } else { 2 });
    for rules in [&V3, &V12] {
        for (word, filling) in fillings() {
            let (bytes, keys) = event(&filling, rules);
            let times = (0..20).map(|_| {
                let start = Instant::now();
                let event = passes(&bytes, &keys, rules);
                let time = start.elapsed();
                drop(event);
                time
            });
            let best = times.min().unwrap();
            println!("{word}, version {}: {best:?}", rules.id);
            assert!(best <= limit, "{word}, version {}: {best:?}", rules.id);
        }
    }
}
