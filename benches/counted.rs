//! One call of one stage, for `benches/instructions.sh` to count its instructions: makes the room,
//! then runs the stage inside a function that is called `measured` and does nothing else.
//!
//! The arguments are `stage/shape/size-vN`, as of the benches: `resolve`, `lists`, `intake`,
//! `verify`, `receive`, `stated`, `replay`; `resolve-v2.1` resolves a room of any version by that algorithm. Prints a
//! line for each: the name, the number of items, and microseconds. An item is an event of the full
//! conflicted set, an entry of a list, or a PDU.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use roomdag::crypto::Timestamp;
use roomdag::dag::NodeIndex;
use roomdag::replay::Verdicts;
use roomdag::resolve::{Options, resolve};
use roomdag::room::Setup;
use roomdag::testing::workload::{Shape, Workload};
use roomdag::version::{RoomVersionRules, V11, V12};
use roomdag::{EventId, KeyIx, Limits, Pdu, Replay, ReplayOptions, Room, StateMap, crypto};

fn main() -> ExitCode {
    // Cargo adds an argument of its own.
    let names = std::env::args().skip(1).filter(|name| name != "--bench");
    for name in names {
        let Some((stage, shape, rules)) = read(&name) else {
            eprintln!("not a workload: `{name}`; expected one such as `resolve/tip/1000-v11`");
            return ExitCode::from(2);
        };
        let room = Workload::new(shape, rules);
        let Some((items, micros)) = run(stage, room) else {
            eprintln!("not a stage: `{stage}`");
            return ExitCode::from(2);
        };
        println!("{name} {items} {micros:.1}");
    }
    ExitCode::SUCCESS
}

fn read(name: &str) -> Option<(&str, Shape, &'static RoomVersionRules)> {
    let (stage, room) = name.split_once('/')?;
    let (shape, version) = room.rsplit_once("-v")?;
    let rules = match version {
        "11" => &V11,
        "12" => &V12,
        _ => return None,
    };
    Some((stage, shape.parse().ok()?, rules))
}

/// How many items there are, and how long they took.
fn run(stage: &str, room: Workload) -> Option<(usize, f64)> {
    let (rules, limits) = (room.rules, Limits::default());
    let resolved = |states: &[StateMap], options: Options| {
        let full = |states: &[StateMap]| {
            let found = resolve(&room.dag, states, &rules, &options).ok();
            found.map_or(0, |found| found.trace.full_conflicted.len())
        };
        (
            full(states),
            timed(|| resolve(&room.dag, states, &rules, &options)),
        )
    };
    let options = Options::of(&rules);
    match stage {
        "resolve" => Some(resolved(&room.states, options)),
        "resolve-v2.1" => {
            let algorithm = Options::of(&V12).algorithm;
            let options = Options {
                algorithm,
                ..options
            };
            Some(resolved(&room.states, options))
        }
        "lists" => {
            let entries = |state: &StateMap| state.iter().collect();
            let lists: Vec<Vec<(KeyIx, NodeIndex)>> = room.states.iter().map(entries).collect();
            let items = lists.iter().map(Vec::len).sum();
            let time = timed(|| {
                let states = lists.iter().map(|list| list.iter().copied().collect());
                let states: Vec<StateMap> = states.collect();
                resolve(&room.dag, &states, &rules, &options)
            });
            Some((items, time))
        }
        "intake" => {
            let time = timed(|| {
                let parse = |bytes: &Vec<u8>| Pdu::parse(bytes, &rules, &limits).ok();
                let pdus = room.pdus.iter().filter_map(parse);
                let events = pdus.map(|pdu| crypto::unverified(pdu, &rules));
                events.filter(|event| event.overlong().is_none()).count()
            });
            Some((room.pdus.len(), time))
        }
        "verify" => {
            let time = timed(|| {
                let verified = room.pdus.iter().filter(|bytes| {
                    let pdu = Pdu::parse(bytes, &rules, &limits).ok();
                    let verify = |pdu| crypto::verify(pdu, &rules, &room.keys, NOW, &limits).ok();
                    pdu.and_then(verify).is_some()
                });
                verified.count()
            });
            Some((room.pdus.len(), time))
        }
        "receive" => {
            let (create, rest) = room.pdus.split_first()?;
            let opened = Room::open(create, &Setup::default(), &room.keys, NOW);
            let (mut held, _) = opened.ok()?;
            let time = timed(|| {
                for bytes in rest {
                    let _ = held.receive(bytes, &room.keys, NOW);
                }
                held.extremities().len()
            });
            Some((rest.len(), time))
        }
        "stated" | "replay" => {
            let mut options = ReplayOptions::of(&rules);
            if stage == "stated" {
                options.verdicts = Verdicts::Stated {
                    rejected: BTreeSet::new(),
                    soft_failed: BTreeSet::new(),
                };
            }
            let Workload { pdus, events, .. } = room;
            let ids: Vec<EventId> = events.iter().map(|event| event.id().clone()).collect();
            drop(events);
            let time = timed(|| {
                let stored = pdus.iter().zip(&ids).filter_map(|(bytes, id)| {
                    let pdu = Pdu::parse(bytes, &rules, &limits).ok()?;
                    Some(crypto::stored(
                        pdu,
                        EventId::from_trusted(id.as_str()),
                        &rules,
                    ))
                });
                Replay::run(stored, &rules, options, |_| {})
            });
            Some((pdus.len(), time))
        }
        _ => None,
    }
}

/// Some time after every event.
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn timed<T>(stage: impl FnOnce() -> T) -> f64 {
    let mut stage = Some(stage);
    let mut answer = None;
    let begin = Instant::now();
    measured(&mut || answer = stage.take().map(|stage| stage()));
    let time = begin.elapsed().as_secs_f64() * 1e6;
    black_box(&answer);
    time
}

/// What happens in here is counted.
#[inline(never)]
fn measured(stage: &mut dyn FnMut()) {
    stage();
}
