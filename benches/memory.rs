//! How much memory a replayed room holds: the graph, all verdicts, and the state before and after
//! every event. The text of the events is not counted, nor is what made it.
//!
//! Every byte of heap is counted, so one run is enough. The last figure is what the operating
//! system sees, with what allocator and vectors set aside: it takes a process of its own that counts
//! nothing, and Linux.

#![expect(clippy::arithmetic_side_effects, reason = "the counts are not zero")]

use std::io::Write;
use std::process::{Command, Stdio};

use roomdag::testing::workload::{Shape, Workload};
use roomdag::version::{RoomVersionRules, V11, V12};
use roomdag::{Event, EventId, Limits, Pdu, Replay, ReplayOptions, StateMap, crypto};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const SHAPES: [Shape; 3] = [
    Shape::Calm(10_000),
    Shape::Calm(100_000),
    Shape::Storm(10_000),
];

fn main() {
    if std::env::args().any(|argument| argument == RESIDENT) {
        let text = std::io::read_to_string(std::io::stdin()).unwrap_or_default();
        let stored: Vec<(&str, &[u8])> = text.lines().filter_map(line).collect();
        let before = resident();
        let replay = replay(stored.iter().copied(), &V11);
        let held = resident().saturating_sub(before);
        println!("{} {held}", replay.order().len());
        return;
    }
    println!("| room | events | distinct states | heap held | an event | peak | an event |");
    println!("|---|---|---|---|---|---|---|");
    for shape in SHAPES {
        for rules in [&V11, &V12] {
            let (stored, rules) = text_of(shape, rules);
            let _profiler = dhat::Profiler::builder().testing().build();
            let replay = replay(
                stored
                    .iter()
                    .map(|(id, bytes)| (id.as_str(), bytes.as_slice())),
                rules,
            );
            let stats = dhat::HeapStats::get();
            let events = replay.order().len();
            assert_eq!(events, stored.len(), "an event was refused");
            let (held, peak) = (stats.curr_bytes, stats.max_bytes);
            println!(
                "| {shape}-v{} | {events} | {} | {:.1} MiB | {} B | {:.1} MiB | {} B |",
                rules.id,
                distinct(&replay),
                mebibytes(held),
                held / events,
                mebibytes(peak),
                peak / events,
            );
        }
    }
    if let Some((events, bytes)) = of_another_process() {
        let over = mebibytes(bytes);
        println!("\nresident, calm/100000-v11: {over:.1} MiB over the text of {events} events");
    }
}

/// How many events a process that starts afresh replays, and how many bytes it takes for it.
fn of_another_process() -> Option<(usize, usize)> {
    let (stored, _) = text_of(Shape::Calm(100_000), &V11);
    let mut child = Command::new(std::env::current_exe().ok()?)
        .arg(RESIDENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut input = child.stdin.take()?;
    for (id, bytes) in stored {
        writeln!(input, "{id} {}", String::from_utf8(bytes).ok()?).ok()?;
    }
    drop(input);
    let output = String::from_utf8(child.wait_with_output().ok()?.stdout).ok()?;
    let (events, bytes) = output.trim().split_once(' ')?;
    Some((events.parse().ok()?, bytes.parse().ok()?))
}

fn line(line: &str) -> Option<(&str, &[u8])> {
    let (id, pdu) = line.split_once(' ')?;
    Some((id, pdu.as_bytes()))
}

/// The argument with which this calls itself.
const RESIDENT: &str = "--resident";

fn text_of(
    shape: Shape,
    rules: &'static RoomVersionRules,
) -> (Vec<(String, Vec<u8>)>, &'static RoomVersionRules) {
    let Workload { pdus, events, .. } = Workload::new(shape, rules);
    let ids = events.iter().map(|event| event.id().to_string());
    (ids.zip(pdus).collect(), rules)
}

fn replay<'a>(
    stored: impl Iterator<Item = (&'a str, &'a [u8])>,
    rules: &RoomVersionRules,
) -> Replay {
    let event = |(id, bytes)| -> Option<Event> {
        let pdu = Pdu::parse(bytes, rules, &Limits::default()).ok()?;
        Some(crypto::stored(pdu, EventId::parse(id).ok()?, rules))
    };
    let events = stored.filter_map(event);
    Replay::run(events, rules, ReplayOptions::of(rules), |_| {})
}

/// How often the state after an event is another than that before it and that after the one that
/// was judged before it.
fn distinct(replay: &Replay) -> usize {
    let mut last: Option<&StateMap> = None;
    let mut count = 0;
    for node in replay.order() {
        let states = [replay.state_before(*node), replay.state_after(*node)];
        for state in states.into_iter().flatten() {
            if last.is_none_or(|last| !last.same(state)) {
                count += 1;
            }
            last = Some(state);
        }
    }
    count
}

#[expect(clippy::cast_precision_loss, reason = "it is printed with one decimal")]
fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// Bytes of memory that this process holds and that are its own, in pages of 4 KiB; 0 where the
/// operating system does not say.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let mut pages = statm.split(' ').map(|pages| pages.parse().unwrap_or(0));
    let (resident, shared): (Option<usize>, _) = (pages.nth(1), pages.next());
    resident.unwrap_or(0).saturating_sub(shared.unwrap_or(0)) * 4_096
}
