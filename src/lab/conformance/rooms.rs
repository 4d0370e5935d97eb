//! Whole rooms with known answers.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use crate::crypto::{self, KeyRing, content_hash, reference_hash, unverified, unverified_named};
use crate::event::{Event, HashCheck};
use crate::id::EventId;
use crate::json::{Object, Value};
use crate::lab::conformance::fields::{flag, indices, list, object, parse, rules, text, texts};
use crate::lab::conformance::keys::{self, NOW};
use crate::lab::conformance::{FileError, Report, trace};
use crate::limits::Limits;
use crate::pdu::{Pdu, redact};
use crate::replay::{Check, Replay, ReplayOptions, Status, Verdict};
use crate::resolve::{Options, resolve};
use crate::state::StateMap;
use crate::version::{EventIdFormat, RoomVersionRules};

/// A room with its answers, as bytes.
#[derive(Clone, Copy, Debug)]
pub struct RoomFiles<'a> {
    /// One PDU a line.
    pub events: &'a [u8],
    /// The answers.
    pub expected: &'a [u8],
    /// The keys of the servers, for [`real_room`]; a [`case_room`]'s answers hold them.
    pub keys: Option<&'a [u8]>,
    /// The intermediate results of each resolution, where there are any.
    pub trace: Option<&'a [u8]>,
}

/// Holds the engine against a room that real servers made: ids, hashes and signatures of every
/// event, verdicts, the states before and after each event, every step of every resolution, the
/// forward extremities and the current state.
///
/// # Errors
///
/// [`FileError`]: a file is not of the format.
pub fn real_room(files: &RoomFiles<'_>) -> Result<Report, FileError> {
    let expected = parse(files.expected)?;
    let rules = rules(text(&expected, "room_version")?)?;
    let ring = match files.keys {
        Some(bytes) => keys::key_ring(&parse(bytes)?)?,
        None => KeyRing::new(),
    };
    let mut report = Report::default();
    let mut room = Room::default();
    for line in lines(files.events) {
        let mut json = Object::parse(line, rules.canonical_json)?;
        let id = EventId::from_trusted(text(&json, "event_id")?);
        if rules.event_id != EventIdFormat::Field {
            json.remove("event_id");
        }
        let name = id.as_str();
        match Pdu::from_json(json, rules, &Limits::default()) {
            Err(error) => {
                let format = error.to_string();
                report.compare(name, "format", &"ok", &format.as_str());
            }
            Ok(pdu) => {
                // What arrived with a wrong hash was stored redacted.
                let mut stored = pdu.json().to_object();
                stored.remove("unsigned");
                let stored_redacted = redact(&stored, rules) == stored;
                let verified = crypto::verify(pdu.clone(), rules, &ring, NOW, &Limits::default());
                let signatures = verified.as_ref().map(|_| ()).map_err(ToString::to_string);
                report.compare(name, "signatures", &Ok(()), &signatures);
                let event = unverified(pdu, rules);
                report.compare(name, "event id", &&id, &event.id());
                let hash = event.provenance().content_hash;
                if !stored_redacted {
                    report.compare(name, "content hash", &HashCheck::Ok, &hash);
                }
                room.events.push(event);
            }
        }
        room.ids.push(id);
    }
    let replay = room.replay(rules);
    // A replay knows of no soft failure, and of events that never reached some server.
    let mut no_tips = BTreeSet::new();
    for (id, answer) in object(&expected, "events")? {
        let Some(answer) = answer.as_object() else {
            continue;
        };
        compare_real_event(&mut report, &replay, id, answer);
        if has_flag(answer, "absent") {
            no_tips.insert(id);
        }
    }
    let mut tips = BTreeSet::new();
    let mut current = BTreeSet::new();
    for (_, server) in object(&expected, "servers")? {
        let Some(server) = server.as_object() else {
            continue;
        };
        no_tips.extend(texts(server, "soft_failed")?);
        tips.insert(
            texts(server, "forward_extremities")?
                .into_iter()
                .collect::<BTreeSet<_>>(),
        );
        // A server that has left forgets its current state.
        if server.get("current_state_size").and_then(Value::as_i64) != Some(0) {
            current.insert(text(server, "current_state")?);
        }
    }
    let ours: BTreeSet<&str> = replay
        .extremities()
        .iter()
        .filter_map(|node| id(&replay, *node))
        .collect();
    if let (1, Some(tips), 1, Some(current)) =
        (tips.len(), tips.first(), current.len(), current.first())
    {
        let comparable = ours.difference(&no_tips).copied().collect();
        report.compare("room", "forward extremities", tips, &comparable);
        if ours == *tips {
            report.compare(
                "room",
                "current state",
                current,
                &current_digest(&replay).as_str(),
            );
        }
    }
    if let Some(trace) = files.trace {
        report.add(trace::compare(&replay, &room.ids, trace)?);
    }
    Ok(report)
}

fn compare_real_event(report: &mut Report, replay: &Replay, name: &str, answer: &Object) {
    if !answer.contains_key("after") {
        return;
    }
    let node = replay.dag().node(name);
    for (field, what) in [("before", "state before"), ("after", "state after")] {
        let Some(expected) = answer.get(field).and_then(Value::as_str) else {
            continue;
        };
        report.compare(name, what, &expected, &digest(replay, node, field).as_str());
    }
    let status = node
        .and_then(|node| replay.verdict(node))
        .map(Verdict::status);
    let expected = if has_flag(answer, "rejected") {
        Status::Rejected
    } else {
        Status::Accepted
    };
    report.compare(name, "verdict", &Some(expected), &status);
}

/// Whether some server says this of an event.
fn has_flag(answer: &Object, name: &str) -> bool {
    let flags = answer.get("flags").and_then(Value::as_object);
    flags.is_some_and(|flags| flags.iter().any(|(_, flag)| flag.as_str() == Some(name)))
}

fn current_digest(replay: &Replay) -> String {
    let state = replay.current_state().ok();
    let digest = state.and_then(|resolution| replay.dag().digest(&resolution.state));
    digest.map(|digest| digest.to_string()).unwrap_or_default()
}

/// Holds the engine against an adversarial room: hashes, ids, redaction and signatures of every
/// event, both auth checks, the states before and after each event, the forward extremities, the
/// resolved state, and resolutions of explicit states.
///
/// # Errors
///
/// [`FileError`]: a file is not of the format.
pub fn case_room(files: &RoomFiles<'_>) -> Result<Report, FileError> {
    let expected = parse(files.expected)?;
    let rules = rules(text(&expected, "room_version")?)?;
    let ring = keys::key_ring(object(&expected, "server_keys")?)?;
    let mut answers: BTreeMap<usize, (&str, &Object)> = BTreeMap::new();
    for (name, answer) in object(&expected, "events")? {
        let Some(answer) = answer.as_object() else {
            continue;
        };
        let line = answer
            .get("line")
            .and_then(Value::as_i64)
            .and_then(|n| usize::try_from(n).ok());
        answers.insert(
            line.ok_or(FileError::Field { field: "line" })?,
            (name, answer),
        );
    }
    let mut report = Report::default();
    let mut room = Room::default();
    for (line, bytes) in lines(files.events).enumerate() {
        let Some((name, answer)) = answers.get(&line) else {
            // It is no event; nothing refers to it.
            room.ids.push(EventId::from_trusted(""));
            continue;
        };
        room.ids.push(EventId::from_trusted(*name));
        match Pdu::parse(bytes, rules, &Limits::default()) {
            Err(_) if text(answer, "status")? == "dropped" => {}
            Err(error) => report.compare(name, "format", &"ok", &error.to_string().as_str()),
            Ok(pdu) => {
                if let Some(event) = compare_pdu(&mut report, name, answer, pdu, rules, &ring)? {
                    room.events.push(event);
                }
            }
        }
    }
    let replay = room.replay(rules);
    for (name, answer) in answers.values() {
        compare_case_event(&mut report, &replay, name, answer)?;
    }
    let extremities: Vec<&str> = replay
        .extremities()
        .iter()
        .filter_map(|node| id(&replay, *node))
        .collect();
    report.compare(
        "room",
        "extremities",
        &texts(&expected, "extremities")?,
        &extremities,
    );
    let state = current_digest(&replay);
    report.compare(
        "room",
        "resolved state",
        &text(&expected, "resolved_state_hash")?,
        &state.as_str(),
    );
    for (number, case) in list(&expected, "resolve_cases")?.enumerate() {
        let Some(case) = case.as_object() else {
            continue;
        };
        let name = format!("resolve case {number}");
        let result = resolve_case(&replay, &room.ids, case)?;
        report.compare(
            &name,
            "resolution",
            &text(case, "result_hash")?,
            &result.as_str(),
        );
    }
    Ok(report)
}

/// Compares what can be said of a PDU alone; `None` if it is dropped.
fn compare_pdu(
    report: &mut Report,
    name: &str,
    answer: &Object,
    pdu: Pdu,
    rules: &RoomVersionRules,
    ring: &KeyRing,
) -> Result<Option<Event>, FileError> {
    let json = pdu.json().to_object();
    let hash = content_hash(&json).to_base64();
    report.compare(
        name,
        "content hash",
        &text(answer, "content_hash")?,
        &hash.as_str(),
    );
    let hash = reference_hash(&json, rules).to_base64();
    report.compare(
        name,
        "reference hash",
        &text(answer, "reference_hash")?,
        &hash.as_str(),
    );
    let mut redacted = redact(&json, rules);
    redacted.remove("unsigned");
    let redacted = keys::sha256_hex(&redacted.to_canonical());
    report.compare(
        name,
        "redacted form",
        &text(answer, "redacted_sha256")?,
        &redacted.as_str(),
    );
    let verified = crypto::verify(pdu.clone(), rules, ring, NOW, &Limits::default());
    report.compare(
        name,
        "signatures",
        &flag(answer, "signatures_ok")?,
        &verified.is_ok(),
    );
    let id = crypto::event_id(&pdu, rules);
    report.compare(name, "event id", &name, &id.as_str());
    let event = unverified_named(pdu, id, rules);
    let ok = event.provenance().content_hash == HashCheck::Ok;
    report.compare(
        name,
        "content hash check",
        &flag(answer, "content_hash_ok")?,
        &ok,
    );
    Ok(verified.ok())
}

fn compare_case_event(
    report: &mut Report,
    replay: &Replay,
    name: &str,
    answer: &Object,
) -> Result<(), FileError> {
    let node = replay.dag().node(name);
    let verdict = node.and_then(|node| replay.verdict(node));
    let status = match verdict.map(Verdict::status) {
        Some(Status::Accepted) => "accepted",
        Some(Status::Rejected) => "rejected",
        Some(_) => "waiting",
        None => "dropped",
    };
    report.compare(name, "verdict", &text(answer, "status")?, &status);
    let Some(verdict) = verdict.filter(|_| answer.contains_key("state_before")) else {
        return Ok(());
    };
    let allows = |check: &Check| matches!(check, Check::Allow(_));
    let checks = [
        (
            "auth_ok_by_auth_events",
            "by auth events",
            &verdict.by_auth_events,
        ),
        ("auth_ok_by_state", "by state", &verdict.by_state),
    ];
    for (field, what, check) in checks {
        report.compare(name, what, &flag(answer, field)?, &allows(check));
    }
    for (field, key, what) in [
        ("before", "state_before", "state before"),
        ("after", "state_after", "state after"),
    ] {
        report.compare(
            name,
            what,
            &text(answer, key)?,
            &digest(replay, node, field).as_str(),
        );
    }
    Ok(())
}

fn resolve_case(replay: &Replay, ids: &[EventId], case: &Object) -> Result<String, FileError> {
    let mut sets = Vec::new();
    for set in list(case, "sets")? {
        let set = set.as_object().ok_or(FileError::Field { field: "sets" })?;
        if set.contains_key("after") {
            let node = replay.dag().node(text(set, "after")?);
            sets.extend(node.and_then(|node| replay.state_after(node)).cloned());
        } else {
            sets.push(state_of(replay, ids, &indices(set, "lines")?)?);
        }
    }
    let options = Options::of(replay.rules());
    let result = resolve(replay.dag(), &sets, replay.rules(), &options);
    let digest = result
        .ok()
        .and_then(|result| replay.dag().digest(&result.state));
    Ok(digest.map(|digest| digest.to_string()).unwrap_or_default())
}

/// The state map of the events with these numbers.
fn state_of(replay: &Replay, ids: &[EventId], lines: &[usize]) -> Result<StateMap, FileError> {
    let wrong = FileError::Field { field: "lines" };
    let mut state = StateMap::default();
    for line in lines {
        let id = ids.get(*line).ok_or(wrong.clone())?;
        // That the engine does not have it, its verdict says.
        if let Some(node) = replay.dag().node(id) {
            state.insert(replay.dag().key(node).ok_or(wrong.clone())?, node);
        }
    }
    Ok(state)
}

#[derive(Default)]
struct Room {
    events: Vec<Event>,
    /// The id of each line.
    ids: Vec<EventId>,
}

impl Room {
    fn replay(&mut self, rules: &RoomVersionRules) -> Replay {
        let events = std::mem::take(&mut self.events);
        Replay::run(events, rules, ReplayOptions::of(rules), |_| {})
    }
}

/// The lines of a file: only LF ends one, since U+2028 and others may stand in strings.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
}

fn id(replay: &Replay, node: NodeIndex) -> Option<&str> {
    replay.dag().id(node).map(EventId::as_str)
}

fn digest(replay: &Replay, node: Option<NodeIndex>, field: &str) -> String {
    let state = node.and_then(|node| match field {
        "before" => replay.state_before(node),
        _ => replay.state_after(node),
    });
    let digest = state.and_then(|state| replay.dag().digest(state));
    digest.map(|digest| digest.to_string()).unwrap_or_default()
}
