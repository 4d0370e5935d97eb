//! Rooms whose events arrive one by one, in the order of the file and in random orders.

use std::collections::{BTreeMap, BTreeSet};

use crate::crypto;
use crate::id::EventId;
use crate::json::{Object, Value};
use crate::lab::conformance::fields::{object, parse, rules, text, texts};
use crate::lab::conformance::keys::{self, NOW};
use crate::lab::conformance::rooms::{RoomFiles, lines};
use crate::lab::conformance::{FileError, Report};
use crate::limits::Limits;
use crate::pdu::Pdu;
use crate::replay::{Replay, ReplayOptions, Status, Verdict};
use crate::room::{Room, Setup, Standing};
use crate::state::StateDigest;
use crate::version::{EventIdFormat, RoomVersionRules};

/// Receives a room's events one by one, in the order of the file and in `orders` random ones, and
/// holds what becomes of each, and the states around it, against a replay of all of them. Where
/// the answers tell what each server made of the room, the extremities and the current state are
/// held against that too.
///
/// # Errors
///
/// [`FileError`]: a file is not of the format.
pub fn arrivals(files: &RoomFiles<'_>, orders: u64) -> Result<Report, FileError> {
    let expected = parse(files.expected)?;
    let rules = rules(text(&expected, "room_version")?)?;
    let ring = match files.keys {
        Some(bytes) => keys::key_ring(&parse(bytes)?)?,
        None => keys::key_ring(object(&expected, "server_keys")?)?,
    };
    let mut report = Report::default();
    let pdus: Vec<Vec<u8>> = lines(files.events)
        .map(|line| federated(line, rules))
        .collect();
    let verified = pdus.iter().filter_map(|bytes| {
        let pdu = Pdu::parse(bytes, rules, &Limits::default()).ok()?;
        crypto::verify(pdu, rules, &ring, NOW, &Limits::default()).ok()
    });
    let replay = Replay::run(verified, rules, ReplayOptions::of(rules), |_| {});
    let create = replay.create().and_then(|node| replay.dag().id(node));
    let Some(create) = pdus
        .iter()
        .find(|bytes| id(bytes, rules).as_ref() == create)
    else {
        return Ok(report);
    };
    let known = Known::of(&replay);
    let setup = Setup {
        room_version: Some(rules.id.to_owned()),
        ..Setup::default()
    };
    for order in 0..=orders {
        let mut room = match Room::open(create, &setup, &ring, NOW) {
            Ok((room, _)) => room,
            Err(error) => {
                report.compare("room", "create event", &"ok", &error.to_string().as_str());
                return Ok(report);
            }
        };
        for bytes in shuffled(&pdus, order) {
            let _ = room.receive(bytes, &ring, NOW);
        }
        known.compare(&mut report, &room, order);
        if order == 0 && expected.contains_key("servers") {
            compare_servers(&mut report, &mut room, &expected)?;
        }
    }
    Ok(report)
}

/// An event as it comes over federation: dumps add an id where it is no part of the event.
fn federated(line: &[u8], rules: &RoomVersionRules) -> Vec<u8> {
    match Object::parse(line, rules.canonical_json) {
        Ok(mut json) if rules.event_id != EventIdFormat::Field => {
            json.remove("event_id");
            json.to_canonical()
        }
        _ => line.to_owned(),
    }
}

fn id(bytes: &[u8], rules: &RoomVersionRules) -> Option<EventId> {
    let pdu = Pdu::parse(bytes, rules, &Limits::default()).ok()?;
    Some(crypto::event_id(&pdu, rules))
}

/// The order of a seed; seed 0 is the order that is given.
fn shuffled(pdus: &[Vec<u8>], seed: u64) -> Vec<&[u8]> {
    let mut order: Vec<(u64, usize)> = (0..pdus.len())
        .map(|at| (if seed == 0 { 0 } else { scattered(seed, at) }, at))
        .collect();
    order.sort_unstable();
    let pdus = order.iter().filter_map(|(_, at)| pdus.get(*at));
    pdus.map(Vec::as_slice).collect()
}

/// A number that looks random.
fn scattered(seed: u64, at: usize) -> u64 {
    let mut z = seed
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(at as u64);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What a replay says of each event: whether it is rejected, and the states around it.
struct Known {
    events: BTreeMap<EventId, (bool, Option<StateDigest>, Option<StateDigest>)>,
    /// How many wait for ever, because what they cite was dropped.
    waiting: usize,
}

impl Known {
    fn of(replay: &Replay) -> Self {
        let dag = replay.dag();
        let entry = |node: &crate::dag::NodeIndex| {
            let digest = |state: Option<&crate::state::StateMap>| state.and_then(|s| dag.digest(s));
            let rejected = replay.verdict(*node).map(Verdict::status) == Some(Status::Rejected);
            let before = digest(replay.state_before(*node));
            let after = digest(replay.state_after(*node));
            Some((dag.id(*node)?.clone(), (rejected, before, after)))
        };
        Self {
            events: replay.order().iter().filter_map(entry).collect(),
            waiting: replay.waiting().count(),
        }
    }

    fn compare(&self, report: &mut Report, room: &Room, order: u64) {
        for (id, (rejected, before, after)) in &self.events {
            let name = format!("{id} in order {order}");
            let standing = room.standing(id);
            let is = standing.map(|standing| standing == Standing::Rejected);
            report.compare(&name, "rejected on arrival", &Some(*rejected), &is);
            let digest = |state: Option<crate::room::RoomState<'_>>| state.and_then(|s| s.digest());
            let is = digest(room.state_before(id));
            report.compare(&name, "state before on arrival", before, &is);
            let is = digest(room.state_after(id));
            report.compare(&name, "state after on arrival", after, &is);
        }
        // Signed with keys that nobody has, some are dropped there and wait for keys here.
        let waiting = room.waiting().filter(|missing| missing.keys.is_empty());
        let waiting = waiting.count();
        report.compare(
            &format!("order {order}"),
            "left waiting",
            &self.waiting,
            &waiting,
        );
    }
}

/// Soft-fails what each server did, and compares its extremities and its current state.
///
/// An event that a server fetched only because another one cites it is no extremity there either,
/// which the answers do not say of it; but then another server had soft-failed it, or missed it.
fn compare_servers(
    report: &mut Report,
    room: &mut Room,
    expected: &Object,
) -> Result<(), FileError> {
    let servers = object(expected, "servers")?.iter();
    let servers: Vec<(&str, &Object)> = servers
        .filter_map(|(letter, server)| Some((letter, server.as_object()?)))
        .collect();
    let mut set_aside: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (letter, server) in &servers {
        set_aside.insert(letter, texts(server, "soft_failed")?.into_iter().collect());
    }
    for (id, answer) in object(expected, "events")? {
        let flags = answer.as_object().and_then(|answer| answer.get("flags"));
        for (letter, flag) in flags.and_then(Value::as_object).into_iter().flatten() {
            if matches!(flag.as_str(), Some("absent" | "outlier")) {
                set_aside.entry(letter).or_default().insert(id);
            }
        }
    }
    for (letter, server) in servers {
        // A server that has left forgets its current state.
        if server.get("current_state_size").and_then(Value::as_i64) == Some(0) {
            continue;
        }
        let own = set_aside.get(letter);
        for (id, _) in object(expected, "events")? {
            let event = EventId::from_trusted(id);
            let _ = if own.is_some_and(|own| own.contains(id)) {
                room.soft_fail(&event)
            } else {
                room.readmit(&event)
            };
        }
        let tips: BTreeSet<&str> = texts(server, "forward_extremities")?.into_iter().collect();
        for tip in room.extremities() {
            let fetched = set_aside.values().any(|ids| ids.contains(tip.as_str()));
            if fetched && !tips.contains(tip.as_str()) {
                let _ = room.soft_fail(&tip);
            }
        }
        let ours = room.extremities();
        let ours: BTreeSet<&str> = ours.iter().map(EventId::as_str).collect();
        let name = format!("server {letter}");
        report.compare(&name, "extremities on arrival", &tips, &ours);
        let current = room.current_state().ok().and_then(|state| state.digest());
        let current = current.map(|digest| digest.to_string()).unwrap_or_default();
        let theirs = text(server, "current_state")?;
        report.compare(
            &name,
            "current state on arrival",
            &theirs,
            &current.as_str(),
        );
    }
    Ok(())
}
