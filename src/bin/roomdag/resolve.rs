//! `resolve`: what the state of a room is.

use petgraph::graph::NodeIndex;
use roomdag::id::EventId;
use roomdag::lab::formats::read_state_list;
use roomdag::replay::{Arrival, Replay, Status, Verdict};
use roomdag::resolve::{self, Options};
use roomdag::state::{StateDigest, StateMap};
use serde::Serialize;

use crate::console::{Console, counted};
use crate::failure::{Answer, Failure};
use crate::input::{RoomArgs, bytes, name};
use crate::options::{Echo, ResolveArgs};
use crate::output::{Format, FormatArgs, Output};
use crate::replay::{Entry, entries, replay, room_id, sorted_ids};
use crate::room::Room;
use crate::table::{Cell, NAME_LENGTH, Table};

/// Print the state of a room
///
/// Replays the room and prints the state at its forward extremities: those that the file names, else
/// those that the replay finds. Of a federation response, which has a state but not its history, the
/// claimed state is printed as it is. The exit code is 1 if no event is accepted, so that there is no
/// state.
#[derive(clap::Args)]
#[command(
    // The room first: what follows `--states` is a state.
    override_usage = "roomdag resolve <ROOM> [OPTIONS] [--states <FILE>...]",
    after_help = "Examples:
  roomdag resolve spec-vectors/rooms/v11-small/events.ndjson --format table
  roomdag resolve spec-vectors/rooms/v1-small/events.ndjson --algorithm v2 | jq .digest"
)]
pub(crate) struct Args {
    /// The room: a file, or `-` for standard input
    room: String,
    /// Print the state after this event
    #[arg(long, value_name = "EVENT_ID", conflicts_with = "states")]
    at: Option<String>,
    /// With --at: print the state before the event
    #[arg(long, requires = "at")]
    before: bool,
    /// Resolve these states instead: files with a list of events each. ROOM stands before them:
    /// `resolve ROOM --states A.json B.json`
    #[arg(long, value_name = "FILE", num_args = 1..)]
    states: Vec<String>,
    #[command(flatten)]
    input: RoomArgs,
    #[command(flatten)]
    resolve: ResolveArgs,
    #[command(flatten)]
    format: FormatArgs,
}

/// The answer.
#[derive(Serialize)]
struct Resolved<'a> {
    room_id: Option<&'a str>,
    room_version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed: Option<bool>,
    events: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    extremities: Option<Vec<&'a EventId>>,
    rejected: Vec<&'a EventId>,
    soft_failed: Vec<&'a EventId>,
    dropped: Vec<&'a str>,
    /// The places in the file of those that were dropped and have no id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dropped_without_id: Vec<String>,
    waiting: Vec<&'a EventId>,
    missing: Vec<&'a EventId>,
    /// Only where it was asked for: the auth events that the resolution did without.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_auth_events: Option<Vec<EventId>>,
    state: Vec<Entry<'a>>,
    digest: StateDigest,
    options: Echo,
}

/// A state, and where it is from.
struct Found {
    state: StateMap,
    source: Source,
    missing: Vec<EventId>,
}

enum Source {
    At,
    Claimed,
    Extremities(Vec<NodeIndex>),
    States,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Answer, Failure> {
    let mut room = Room::load(&args.room, &args.input, console)?;
    let options = args.resolve.of(&room.rules);
    let replay = replay(&mut room, options, Arrival::Unknown, console);
    let found = find(args, &room, &replay, options, console)?;
    if !found.missing.is_empty() {
        let missing = counted(found.missing.len(), "missing auth event");
        console.warn(format_args!("the resolution did without {missing}"));
    }
    let is_accepted =
        |node: &NodeIndex| replay.verdict(*node).map(Verdict::status) == Some(Status::Accepted);
    let has_state = replay.order().iter().any(is_accepted) || room.claimed_state.is_some();
    if !has_state {
        console.warn("no event is accepted, so there is no state; `check` says why");
    }
    let answer = answer(args, &room, &replay, &found, options)?;
    print(args, console, &answer)?;
    console.note(format_args!(
        "{}: {}, {} rejected, {} dropped, {} waiting; {} in the state, digest {}",
        name(&args.room),
        counted(answer.events, "event"),
        answer.rejected.len(),
        room.dropped.len(),
        answer.waiting.len(),
        answer.state.len(),
        answer.digest,
    ));
    Ok(if has_state {
        Answer::Positive
    } else {
        Answer::Negative
    })
}

fn answer<'a>(
    args: &'a Args,
    room: &'a Room,
    replay: &'a Replay,
    found: &'a Found,
    options: Options,
) -> Result<Resolved<'a>, Failure> {
    let foreign = || Failure::Call("the state is not of this room".to_owned());
    let is_at = matches!(found.source, Source::At);
    let reports = options.missing == resolve::MissingEvents::Report;
    Ok(Resolved {
        room_id: room_id(replay),
        room_version: room.rules.id,
        at: args.at.as_deref(),
        before: is_at.then_some(args.before),
        claimed: matches!(found.source, Source::Claimed).then_some(true),
        events: replay.dag().len(),
        extremities: match &found.source {
            Source::States => None,
            Source::Extremities(nodes) => Some(sorted_ids(replay, nodes.iter().copied())),
            Source::Claimed => Some(Vec::new()),
            Source::At => Some(sorted_ids(replay, replay.extremities().iter().copied())),
        },
        rejected: sorted_ids(replay, replay.rejected()),
        soft_failed: sorted_ids(replay, replay.soft_failed()),
        dropped: room
            .dropped
            .iter()
            .filter_map(|event| event.event_id.as_deref())
            .collect(),
        dropped_without_id: room
            .dropped
            .iter()
            .filter(|event| event.event_id.is_none())
            .filter_map(|event| Some(event.position?.to_string()))
            .collect(),
        waiting: sorted_ids(replay, replay.waiting()),
        missing: replay.missing().collect(),
        missing_auth_events: reports.then(|| found.missing.clone()),
        state: entries(replay, &found.state),
        digest: replay.dag().digest(&found.state).ok_or_else(foreign)?,
        options: (&options).into(),
    })
}

fn print(args: &Args, console: &Console, answer: &Resolved<'_>) -> Result<(), Failure> {
    let mut out = Output::open();
    match args.format.or_json() {
        Format::Table => {
            let mut table = Table::new(&["TYPE", "STATE KEY", "EVENT"], console.colors_output());
            for entry in &answer.state {
                table.row(vec![
                    Cell::short(entry.event_type, NAME_LENGTH),
                    Cell::short(entry.state_key, NAME_LENGTH),
                    Cell::new(entry.event_id),
                ]);
            }
            table.print(&mut out)?;
            if answer.claimed == Some(true) {
                console.note("this state is claimed: the file does not have its history");
            }
        }
        format => out.json(answer, format)?,
    }
    out.finish()
}

fn find(
    args: &Args,
    room: &Room,
    replay: &Replay,
    options: Options,
    console: &Console,
) -> Result<Found, Failure> {
    if let Some(id) = &args.at {
        return at(args, room, replay, id);
    }
    if !args.states.is_empty() {
        let states: Result<Vec<_>, _> = args
            .states
            .iter()
            .map(|path| given_state(replay, path))
            .collect();
        return resolved(args, replay, &states?, options, Source::States);
    }
    if let Some(claimed) = &room.claimed_state {
        let state = claimed_state(replay, claimed, console);
        return Ok(Found {
            state,
            source: Source::Claimed,
            missing: Vec::new(),
        });
    }
    let mut heads = heads(room, replay, console);
    if heads.is_empty() {
        heads = replay.extremities().to_vec();
    }
    let states: Vec<_> = heads
        .iter()
        .filter_map(|head| replay.state_after(*head))
        .collect();
    let states: Vec<_> = states.into_iter().cloned().collect();
    resolved(args, replay, &states, options, Source::Extremities(heads))
}

fn at(args: &Args, room: &Room, replay: &Replay, id: &str) -> Result<Found, Failure> {
    let node = replay
        .dag()
        .node(id)
        .filter(|node| replay.dag().is_known(*node));
    let Some(node) = node else {
        let dropped = room
            .dropped
            .iter()
            .find(|event| event.event_id.as_deref() == Some(id));
        return Err(Failure::Call(match dropped {
            Some(event) => format!("event `{id}` was dropped: {}", event.reason),
            None => format!("event `{id}` is not in {}", name(&args.room)),
        }));
    };
    let state = if args.before {
        replay.state_before(node)
    } else {
        replay.state_after(node)
    };
    let unknown = || {
        let side = if args.before { "before" } else { "after" };
        Failure::Call(format!(
            "the state {side} `{id}` cannot be told: events before it are missing"
        ))
    };
    Ok(Found {
        state: state.ok_or_else(unknown)?.clone(),
        source: Source::At,
        missing: Vec::new(),
    })
}

fn resolved(
    args: &Args,
    replay: &Replay,
    states: &[StateMap],
    options: Options,
    source: Source,
) -> Result<Found, Failure> {
    let resolution = resolve::resolve(replay.dag(), states, replay.rules(), &options);
    let resolution = resolution.map_err(|error| {
        let hint = match error {
            resolve::ResolveError::Missing { .. } => "; --missing report does without them",
            _ => "",
        };
        Failure::input(name(&args.room), format!("{error}{hint}"))
    })?;
    Ok(Found {
        state: resolution.state,
        source,
        missing: resolution.trace.missing,
    })
}

/// The forward extremities that the dump names, as far as there is a state after them.
fn heads(room: &Room, replay: &Replay, console: &Console) -> Vec<NodeIndex> {
    let mut heads = Vec::new();
    for id in &room.heads {
        let node = replay
            .dag()
            .node(id)
            .filter(|node| replay.state_after(*node).is_some());
        match node {
            Some(node) => heads.push(node),
            None => console.warn(format_args!(
                "no state after `{id:.255}`, one of the `heads`"
            )),
        }
    }
    heads
}

/// A state from a file.
fn given_state(replay: &Replay, path: &str) -> Result<StateMap, Failure> {
    let dag = replay.dag();
    let list = read_state_list(&bytes(path)?).map_err(|error| Failure::input(name(path), error))?;
    let mut state = StateMap::new();
    for entry in list {
        let id = &entry.event_id;
        let wrong = |what: &str| Failure::input(name(path), format!("event `{id:.255}` {what}"));
        let node = dag.node(id).filter(|node| dag.is_known(*node));
        let node = node.ok_or_else(|| wrong("is not in the room"))?;
        let key = dag.key(node).ok_or_else(|| wrong("is not a state event"))?;
        let of = |(event_type, state_key): &(String, String)| {
            dag.keys().resolve(key) == Some((event_type, state_key))
        };
        if !entry.key.as_ref().is_none_or(of) {
            return Err(wrong("has another type or state key"));
        }
        if state.insert(key, node).is_some_and(|other| other != node) {
            return Err(wrong("is not the only one with its type and state key"));
        }
    }
    Ok(state)
}

/// The state that a response claims. Of two events for one key the one with the smaller id stands.
fn claimed_state(replay: &Replay, claimed: &[EventId], console: &Console) -> StateMap {
    let dag = replay.dag();
    let mut ids: Vec<&EventId> = claimed.iter().collect();
    ids.sort_unstable();
    ids.dedup();
    let mut state = StateMap::new();
    for id in ids {
        let entry = dag.node(id).and_then(|node| Some((dag.key(node)?, node)));
        match entry {
            Some((key, node)) if !state.contains_key(key) => _ = state.insert(key, node),
            Some(_) => console.warn(format_args!("`{id}` is a second claim for its state key")),
            None => console.warn(format_args!("`{id:.255}` is claimed as state and is none")),
        }
    }
    state
}
