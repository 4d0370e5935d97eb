//! `check`: one verdict per event.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;
use roomdag::auth::Outcome;
use roomdag::event::{HashCheck, Signatures};
use roomdag::replay::{Arrival, Check, Replay, Status, Verdict};
use roomdag::state::StateDigest;
use serde::Serialize;

use crate::console::Console;
use crate::dropped::Dropped;
use crate::failure::{Answer, Failure};
use crate::input::{RoomArgs, name};
use crate::options::{Echo, ResolveArgs};
use crate::output::{Format, ListFormatArgs, Output};
use crate::replay::{Digests, replay};
use crate::room::Room;
use crate::table::{Cell, Color, ID_LENGTH, NAME_LENGTH, Table, telling_length};

/// Print one verdict per event, in topological order
///
/// Dropped events come last, with their place in the file. The exit code is 1 if any event is not
/// accepted.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  roomdag check spec-vectors/rooms/v11-small/events.ndjson \\
      --keys spec-vectors/rooms/server_keys.json
  roomdag check spec-vectors/rooms/v1-small/events.ndjson --arrival-order --format table")]
pub(crate) struct Args {
    /// The room: a file, or `-` for standard input
    room: String,
    /// Take the order of the file as that of arrival, and tell which events are soft-failed
    #[arg(long)]
    arrival_order: bool,
    #[command(flatten)]
    input: RoomArgs,
    #[command(flatten)]
    resolve: ResolveArgs,
    #[command(flatten)]
    format: ListFormatArgs,
}

/// The verdict on one event.
#[derive(Serialize)]
struct Row<'a> {
    /// `None` for what was dropped as no canonical JSON and says no id.
    event_id: Option<&'a str>,
    /// Of what was dropped: where in the file it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<String>,
    #[serde(rename = "type")]
    event_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_key: Option<&'a str>,
    sender: Option<&'a str>,
    format: &'static str,
    content_hash: &'static str,
    signatures: &'static str,
    auth_events: &'static str,
    auth_state: &'static str,
    /// Receipt check 6, where the order of arrival is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_current_state: Option<&'static str>,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_before: Option<StateDigest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_after: Option<StateDigest>,
    options: Echo,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Answer, Failure> {
    let mut room = Room::load(&args.room, &args.input, console)?;
    let options = args.resolve.of(&room.rules);
    let arrival = if args.arrival_order {
        Arrival::InOrder
    } else {
        Arrival::Unknown
    };
    let replay = replay(&mut room, options, arrival, console);
    let echo = Echo::from(&options);

    let format = args.format.or_ndjson();
    let mut digests = (format != Format::Table).then(Digests::default);
    let judged = replay.order().iter();
    let judged =
        judged.filter_map(|node| judged_row(&room, &replay, *node, digests.as_mut(), echo));
    let dropped = room
        .dropped
        .iter()
        .map(|dropped| dropped_row(dropped, echo));
    print(judged.chain(dropped), format, console)?;
    // Where the reader has gone the rest was not looked at; the answer is about all of it.
    let accepted =
        |node: &NodeIndex| replay.verdict(*node).map(Verdict::status) == Some(Status::Accepted);
    let all_accepted =
        replay.order().iter().all(accepted) && room.dropped.is_empty() && room.unreadable == 0;

    let mut counts = BTreeMap::new();
    let judged = replay
        .order()
        .iter()
        .filter_map(|node| replay.verdict(*node));
    let dropped = room.dropped.iter().map(|_| "dropped");
    for verdict in judged.map(|verdict| word(verdict.status())).chain(dropped) {
        let count = counts.entry(verdict).or_insert(0_usize);
        *count = count.saturating_add(1);
    }
    if room.unreadable > 0 {
        counts.insert("unreadable", room.unreadable);
    }
    let summary: Vec<String> = counts
        .iter()
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    console.note(format_args!("{}: {}", name(&args.room), summary.join(", ")));
    Ok(if all_accepted {
        Answer::Positive
    } else {
        Answer::Negative
    })
}

fn print<'a>(
    rows: impl Iterator<Item = Row<'a>>,
    format: Format,
    console: &Console,
) -> Result<(), Failure> {
    let mut out = Output::open();
    if format == Format::Table {
        let header = [
            "EVENT",
            "TYPE",
            "STATE KEY",
            "SENDER",
            "VERDICT",
            "RULE",
            "REASON",
        ];
        let mut table = Table::new(&header, console.colors_output());
        let rows: Vec<Row<'_>> = rows.collect();
        let length = telling_length(rows.iter().filter_map(|row| row.event_id), ID_LENGTH);
        for row in rows {
            let color = match row.verdict {
                "accepted" => Color::Good,
                "waiting" | "soft_failed" => Color::Doubtful,
                _ => Color::Bad,
            };
            table.row(vec![
                Cell::short(
                    row.event_id.or(row.position.as_deref()).unwrap_or_default(),
                    length,
                ),
                Cell::short(row.event_type.unwrap_or_default(), NAME_LENGTH),
                Cell::short(row.state_key.unwrap_or_default(), NAME_LENGTH),
                Cell::short(row.sender.unwrap_or_default(), NAME_LENGTH),
                Cell::new(row.verdict).color(color),
                Cell::new(row.rule.unwrap_or_default()),
                Cell::new(row.reason.as_deref().unwrap_or_default()),
            ]);
        }
        table.print(&mut out)?;
    } else {
        out.json_each(rows, format)?;
    }
    out.finish()
}

fn judged_row<'a>(
    room: &Room,
    replay: &'a Replay,
    node: NodeIndex,
    digests: Option<&mut Digests>,
    options: Echo,
) -> Option<Row<'a>> {
    let event = replay.dag().event(node)?;
    let provenance = replay.dag().provenance(node)?;
    let verdict = replay.verdict(node)?;
    let valid = provenance.signatures == Signatures::Valid || room.verified.contains(event.id);
    let objection = verdict.objection().filter(|_| verdict.overlong.is_none());
    let reason = match (verdict.overlong, objection) {
        (Some(field), _) => Some(format!("`{field}` is longer than 255 bytes")),
        (None, Some(decision)) => Some(decision.to_string()),
        (None, None) if verdict.status() == Status::Waiting => Some(awaited(replay, node)),
        (None, None) => None,
    };
    let (mut before, mut after) = (None, None);
    if let Some(digests) = digests {
        before = replay
            .state_before(node)
            .and_then(|state| digests.of(replay, state));
        after = replay
            .state_after(node)
            .and_then(|state| digests.of(replay, state));
    }
    Some(Row {
        event_id: Some(event.id.as_str()),
        position: None,
        event_type: Some(event.event_type),
        state_key: event.state_key,
        sender: Some(event.sender.as_str()),
        format: if verdict.overlong.is_some() {
            "invalid"
        } else {
            "ok"
        },
        content_hash: hash_word(provenance.content_hash),
        signatures: if valid { "valid" } else { "unchecked" },
        auth_events: check_word(&verdict.by_auth_events),
        auth_state: check_word(&verdict.by_state),
        auth_current_state: verdict.by_current_state.as_ref().map(check_word),
        verdict: word(verdict.status()),
        rule: objection
            .map(|decision| decision.number)
            .filter(|number| !number.is_empty()),
        rule_name: objection.map(|decision| decision.rule.name()),
        reason,
        state_before: before,
        state_after: after,
        options,
    })
}

/// What an event without a verdict is waiting for.
fn awaited(replay: &Replay, node: NodeIndex) -> String {
    let dag = replay.dag();
    let cited = dag.prev_events(node).chain(dag.auth_events(node));
    let missing = cited
        .filter(|cited| !dag.is_known(*cited))
        .filter_map(|cited| dag.id(cited));
    match missing.min() {
        Some(id) => format!("`{id:.255}` is missing"),
        None => "an event that it follows is waiting".to_owned(),
    }
}

fn dropped_row(dropped: &Dropped, options: Echo) -> Row<'_> {
    Row {
        event_id: dropped.event_id.as_deref(),
        position: dropped.position.map(|position| position.to_string()),
        event_type: dropped.header.event_type.as_deref(),
        state_key: dropped.header.state_key.as_deref(),
        sender: dropped.header.sender.as_deref(),
        format: if dropped.well_formed { "ok" } else { "invalid" },
        content_hash: hash_word(dropped.content_hash),
        signatures: dropped.signatures,
        auth_events: "missing",
        auth_state: "missing",
        auth_current_state: None,
        verdict: "dropped",
        rule: None,
        rule_name: None,
        reason: Some(dropped.reason.clone()),
        state_before: None,
        state_after: None,
        options,
    }
}

fn hash_word(check: HashCheck) -> &'static str {
    match check {
        HashCheck::Ok => "ok",
        HashCheck::Mismatch => "mismatch",
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Accepted => "accepted",
        Status::Rejected => "rejected",
        Status::SoftFailed => "soft_failed",
        Status::Waiting => "waiting",
    }
}

fn check_word(check: &Check) -> &'static str {
    match check {
        Check::Allow(_) | Check::Stated(Outcome::Allow) => "allow",
        Check::Reject(_) | Check::Stated(Outcome::Reject) => "reject",
        Check::Missing | Check::Undecided(_) => "missing",
    }
}
