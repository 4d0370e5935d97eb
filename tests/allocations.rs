//! How much memory things take, byte by byte of heap: JSON at most sixteen times the input, an
//! event not much more, nothing for what a number in the input says, and a graph a fifth more than
//! it needs. A binary of its own that knows one thread, so that nothing else is counted: the usual
//! runner waits in a thread beside the test, and sets memory aside there when it likes.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

mod messages;

use libtest_mimic::{Arguments, Trial};
use messages::message;
use roomdag::dag::RoomDag;
use roomdag::json::{Mode, Object, Value};
use roomdag::limits::Limits;
use roomdag::pdu::Pdu;
use roomdag::version::{V3, V12};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

macro_rules! trials {
    ($($name:ident),+ $(,)?) => {
        vec![$(Trial::test(stringify!($name), || {
            $name();
            Ok(())
        })),+]
    };
}

fn main() {
    let mut arguments = Arguments::from_args();
    // In the main thread, one test after another.
    arguments.test_threads = Some(1);
    let trials = trials![
        reading_json_takes_at_most_sixteen_times_its_bytes,
        reading_an_event_takes_at_most_sixteen_times_its_bytes,
        reading_an_event_with_floats_takes_at_most_twenty_six_times_its_bytes,
        nothing_is_set_aside_for_what_a_number_says,
        a_graph_sets_little_aside_and_gives_it_back,
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

/// What an answer may take besides: an error, and what a text of a few bytes is rounded up to.
const ASIDE: usize = 1_024;

/// The most bytes of heap at any time while something is done.
fn peak<T>(action: impl FnOnce() -> T) -> usize {
    let _profiler = dhat::Profiler::builder().testing().build();
    let before = dhat::HeapStats::get().curr_bytes;
    let result = action();
    let most = dhat::HeapStats::get().max_bytes;
    drop(result);
    most - before
}

#[track_caller]
fn is_bounded<T>(word: &str, times: usize, bytes: usize, action: impl FnOnce() -> T) {
    let most = peak(action);
    assert!(
        most <= times * bytes + ASIDE,
        "{word}: {most} bytes for {bytes}"
    );
}

/// Texts of some 64 KiB, the worst of their kinds; whole and cut off.
fn texts() -> Vec<(&'static str, String)> {
    let list = |unit: &str| format!("[{}0]", unit.repeat(64_000 / unit.len()));
    let members = |count: usize, name: &dyn Fn(usize) -> String| {
        let members: Vec<String> = (0..count)
            .rev()
            .map(|at| format!(r#""{}":0"#, name(at)))
            .collect();
        format!("{{{}}}", members.join(","))
    };
    let mut texts = vec![
        ("numbers", list("0,")),
        ("empty arrays", list("[],")),
        ("empty objects", list("{},")),
        ("arrays of one", list("[0],")),
        ("objects of one", list(r#"{"":0},"#)),
        ("empty texts", list("\"\",")),
        ("short texts", list("\"a\",")),
        ("escapes", list(r#""\n","#)),
        ("long numbers", list("-9007199254740991,")),
        ("arrays in arrays", "[".repeat(32_000) + &"]".repeat(32_000)),
        (
            "objects in objects",
            r#"{"":"#.repeat(12_800) + "0" + &"}".repeat(12_800),
        ),
        ("short keys", members(7_000, &|at| format!("{at:x}"))),
        ("one key again and again", members(7_000, &|_| "a".into())),
        ("one long text", format!("\"{}\"", "\\n".repeat(32_000))),
        ("one long number", "9".repeat(64_000)),
        ("many digits", list(&format!("{},", "9".repeat(400)))),
        ("white space", format!("[{}]", " ".repeat(64_000))),
        ("commas", ",".repeat(64_000)),
        ("commas in an array", format!("[{}]", ",".repeat(64_000))),
        (
            "commas in an object",
            format!("{{\"a\":0{}}}", ",".repeat(64_000)),
        ),
        (
            "numbers in an object",
            format!("{{{}0}}", "0,".repeat(32_000)),
        ),
        (
            "texts in an object",
            format!("{{{}0}}", "\"\",".repeat(21_000)),
        ),
        (
            "colons in an object",
            format!("{{{}0}}", ":".repeat(64_000)),
        ),
        ("brackets that open", "[".repeat(64_000)),
    ];
    let cut: Vec<_> = texts
        .iter()
        .map(|(word, text)| (*word, text[..text.len() - 1].to_owned()))
        .collect();
    texts.extend(cut);
    texts
}

fn reading_json_takes_at_most_sixteen_times_its_bytes() {
    for (word, text) in texts() {
        for mode in [Mode::Strict, Mode::Lenient] {
            is_bounded(word, 16, text.len(), || Value::parse(text.as_bytes(), mode));
        }
    }
}

/// A signed event with this in its content, not in canonical form.
fn event(text: &str) -> String {
    format!(
        r#"{{"auth_events":[],"content":{{"a":{text}}},"depth":5,"hashes":{{"sha256":
            "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo"}},"origin_server_ts":5,
            "prev_events":["$a"],"room_id":"!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM",
            "sender":"@alice:x","signatures":{{}},"type":"m.room.message"}}"#
    )
}

fn reading_an_event_takes_at_most_sixteen_times_its_bytes() {
    for (word, text) in texts() {
        let event = event(&text);
        for rules in [&V3, &V12] {
            is_bounded(word, 16, event.len(), || {
                Pdu::parse(event.as_bytes(), rules, &Limits::default())
            });
        }
    }
}

/// It is read into a tree and written anew, and the way through a tree that is nothing but depth
/// takes as much again as the tree.
fn reading_an_event_with_floats_takes_at_most_twenty_six_times_its_bytes() {
    let event = event(&format!("{}1.5{}", "[".repeat(32_000), "]".repeat(32_000)));
    is_bounded("a float, deep", 26, event.len(), || {
        Pdu::parse(event.as_bytes(), &V3, &Limits::default())
    });
}

/// No more than for other numbers of as many digits.
fn nothing_is_set_aside_for_what_a_number_says() {
    let event = |number: &str| {
        format!(
            r#"{{"auth_events":[],"content":{{"count":{number},"users_default":{number}}},
                "depth":{number},"hashes":{{"sha256":"qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo"}},
                "origin_server_ts":{number},"prev_events":["$a"],"room_id":"!r:x",
                "sender":"@alice:x","signatures":{{}},"state_key":"",
                "type":"m.room.power_levels","unsigned":{{"age":{number}}}}}"#
        )
    };
    let reading = |number: &str| {
        let text = event(number);
        peak(|| {
            let json = Object::parse(text.as_bytes(), Mode::Lenient).unwrap();
            let pdu = Pdu::from_json(json, &V3, &Limits::default());
            pdu.map(|pdu| pdu.content(&V3))
        })
    };
    let large = reading("9007199254740991");
    assert!(large <= reading("1000000000000000") + ASIDE, "{large}");
    // Input beyond the limit is not looked at.
    let long = vec![b'['; (1 << 20) + 1];
    let most = peak(|| Pdu::parse(&long, &V12, &Limits::default()));
    assert!(most <= ASIDE, "{most}");
}

/// Tables grow by an eighth, not to twice their size. The number of events is a little above one
/// at which those that double do so.
fn a_graph_sets_little_aside_and_gives_it_back() {
    const EVENTS: usize = 8_400;
    let _profiler = dhat::Profiler::builder().testing().build();
    let before = dhat::HeapStats::get().curr_bytes;
    let each = |events: usize| (dhat::HeapStats::get().curr_bytes - before) / events;
    let mut dag = RoomDag::new();
    for events in 1..=EVENTS {
        dag.insert(message(1_000 + events)).unwrap();
        if events % 400 == 0 && events >= 4_000 {
            assert!(each(events) <= 305, "{} bytes at {events}", each(events));
        }
    }
    dag.shrink_to_fit();
    assert!(each(EVENTS) <= 255, "{} bytes", each(EVENTS));
}
