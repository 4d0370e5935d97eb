//! roomdag at each task.

use std::collections::BTreeSet;
use std::rc::Rc;

use roomdag::crypto::{self, Timestamp};
use roomdag::dag::NodeIndex;
use roomdag::event::HashCheck;
use roomdag::replay::Verdicts;
use roomdag::resolve::{self, Options};
use roomdag::version::RoomVersionRules;
use roomdag::{
    Event, EventId, KeyIx, Limits, Pdu, Replay, ReplayOptions, Resolution, RoomDag, StateMap,
};

use crate::answer::Answer;
use crate::measure::Contender;
use crate::room::{Room, Stored};

const NAME: &str = "roomdag";

/// From states that share what they have in common, as a replay makes them.
pub fn resolve(room: &Rc<Room>) -> Contender {
    let (room, read) = (Rc::clone(room), answer_of(room));
    Contender::new(
        NAME,
        || (),
        move |()| resolved(&room, &room.workload.states),
        read,
    )
}

/// From lists of numbers that are not known to have anything in common.
pub fn lists(room: &Rc<Room>) -> Contender {
    let states = &room.workload.states;
    let lists: Vec<Vec<(KeyIx, NodeIndex)>> = states.iter().map(|s| s.iter().collect()).collect();
    let (room, read) = (Rc::clone(room), answer_of(room));
    let run = move |()| {
        let states = lists.iter().map(|list| list.iter().copied().collect());
        resolved(&room, &states.collect::<Vec<StateMap>>())
    };
    Contender::new(NAME, || (), run, read)
}

/// From lists of strings: type, state key, event id.
pub fn lists_of_text(room: &Rc<Room>) -> Contender {
    let lists = room.states.iter().map(|state| {
        let rows = state.iter().map(|entry| {
            let id = room.id(entry.event).to_owned();
            (entry.event_type.clone(), entry.state_key.clone(), id)
        });
        rows.collect()
    });
    let lists: Vec<Vec<(String, String, String)>> = lists.collect();
    let (room, read) = (Rc::clone(room), answer_of(room));
    let run = move |()| {
        let dag = &room.workload.dag;
        let states = lists.iter().map(|list| {
            let entries = list.iter().filter_map(|(event_type, state_key, id)| {
                Some((dag.keys().lookup(event_type, state_key)?, dag.node(id)?))
            });
            entries.collect()
        });
        resolved(&room, &states.collect::<Vec<StateMap>>())
    };
    Contender::new(NAME, || (), run, read)
}

fn resolved(room: &Room, states: &[StateMap]) -> Resolution {
    let (dag, rules) = (&room.workload.dag, &room.workload.rules);
    resolve::resolve(dag, states, rules, &Options::of(rules)).expect("nothing is missing")
}

fn answer_of(room: &Rc<Room>) -> impl Fn(&Resolution) -> Answer + 'static {
    let room = Rc::clone(room);
    move |resolution| answer(&room.workload.dag, &resolution.state)
}

fn answer(dag: &RoomDag, state: &StateMap) -> Answer {
    let entries = state.iter().filter_map(|(key, node)| {
        let (event_type, state_key) = dag.keys().resolve(key)?;
        Some((event_type, state_key, dag.id(node)?.as_str()))
    });
    entries.collect()
}

/// From stored PDUs to the state after each event and the final one, by verdicts that are known.
pub fn replay(room: &Rc<Room>) -> Contender {
    let options = ReplayOptions {
        verdicts: Verdicts::Stated {
            rejected: BTreeSet::new(),
            soft_failed: BTreeSet::new(),
        },
        ..ReplayOptions::of(&room.workload.rules)
    };
    replay_with(room, options, |_, answer| answer)
}

/// The same with each event checked by its auth events and by the state before it.
pub fn replay_checked(room: &Rc<Room>) -> Contender {
    let options = ReplayOptions::of(&room.workload.rules);
    replay_with(room, options, |replay, answer| {
        answer.with("rejected", "", replay.rejected().count())
    })
}

fn replay_with(
    room: &Rc<Room>,
    options: ReplayOptions,
    complete: impl Fn(&Replay, Answer) -> Answer + 'static,
) -> Contender {
    let (stored, rules) = (room.stored(), room.workload.rules);
    let run = move |()| {
        let events = stored.iter().map(|stored| stored_event(stored, &rules));
        let replay = Replay::run(events, &rules, options.clone(), |_| {});
        let state = replay.current_state().expect("nothing is missing").state;
        (replay, state)
    };
    let read =
        move |(replay, state): &(Replay, StateMap)| complete(replay, answer(replay.dag(), state));
    Contender::new(NAME, || (), run, read)
}

/// An event that the host has had before, under the id that it had then.
fn stored_event(stored: &Stored, rules: &RoomVersionRules) -> Event {
    let pdu = Pdu::parse(&stored.pdu, rules, &Limits::default()).expect("it was stored");
    crypto::stored(pdu, EventId::from_trusted(stored.id.as_str()), rules)
}

/// From bytes to verdicts on format and content hash, and the event id.
pub fn intake(room: &Rc<Room>) -> Contender {
    let room = Rc::clone(room);
    let run = move |()| {
        let (pdus, rules) = (&room.workload.pdus, &room.workload.rules);
        let taken_in = pdus.iter().map(|bytes| {
            let pdu = Pdu::parse(bytes, rules, &Limits::default()).expect("it is well-formed");
            crypto::unverified(pdu, rules)
        });
        taken_in.collect()
    };
    Contender::new(NAME, || (), run, |events: &Vec<Event>| verdicts(events))
}

/// As [`intake`], and the signature of the sender's server.
pub fn intake_signed(room: &Rc<Room>) -> Contender {
    let room = Rc::clone(room);
    let run = move |()| {
        let (workload, limits) = (&room.workload, Limits::default());
        let taken_in = workload.pdus.iter().map(|bytes| {
            let pdu = Pdu::parse(bytes, &workload.rules, &limits).expect("it is well-formed");
            let (rules, keys) = (&workload.rules, &workload.keys);
            crypto::verify(pdu, rules, keys, NOW, &limits).expect("it is signed")
        });
        taken_in.collect()
    };
    Contender::new(NAME, || (), run, |events: &Vec<Event>| verdicts(events))
}

fn verdicts(events: &[Event]) -> Answer {
    let verdict = |(at, event): (usize, &Event)| {
        let hash = event.provenance().content_hash == HashCheck::Ok;
        (at, hash, event.id().clone())
    };
    events.iter().enumerate().map(verdict).collect()
}

/// When signatures are checked: after all events were sent.
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
