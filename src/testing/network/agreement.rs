//! The end of the story: everything comes to everybody, and all must hold the same room.

use std::collections::{BTreeMap, BTreeSet};

use crate::crypto;
use crate::event::HashCheck;
use crate::id::EventId;
use crate::json::{Mode, Object};
use crate::limits::Limits;
use crate::pdu::Pdu;
use crate::replay::{Replay, ReplayOptions};
use crate::room::{NoRedaction, RedactionOutcome, Room, Standing};
use crate::testing::network::facts::{Digests, Facts};
use crate::testing::network::server::{Door, Server};
use crate::testing::network::wish::Wish;
use crate::testing::network::{Simulation, Step, words};

impl Simulation {
    /// Heals the network, and lets everything come to everybody.
    pub(super) fn heal(&mut self) -> Step {
        self.mend()?;
        for at in 0..self.weather.population() {
            self.learn(at)?;
        }
        // First as servers do it: they ask for what they miss.
        for at in 0..self.weather.population() {
            let from = self.random.below(self.weather.population());
            let waiting: Vec<EventId> = match &self.server(at)?.room {
                Some(room) => room.waiting().map(|missing| missing.event).collect(),
                None => Vec::new(),
            };
            for event in waiting.into_iter().filter(|_| from != at) {
                self.fill(at, from, &event)?;
            }
            for _ in 0..5 {
                if from == at || self.backfill(at, from)? == 0 {
                    break;
                }
            }
        }
        // One who was not there sees it all at once.
        self.watch()?;
        for at in 0..self.servers.len() {
            self.flood(at)?;
        }
        self.merge()
    }

    /// A server that has seen nothing opens the room.
    fn watch(&mut self) -> Step {
        let (now, create) = (self.now(), self.create.clone());
        let setup = self.server(0)?.setup.clone();
        let mut watcher = Server::new("watcher.example", 255, 1, setup)?;
        watcher.ring = self.server(0)?.ring.clone();
        let opened = Room::open(&create, &watcher.setup, &watcher.ring, now);
        let (room, receipt) = opened.map_err(|error| error.to_string())?;
        let id = receipt.event().ok_or("a create event without an id")?;
        watcher.kept.insert(id.clone(), create);
        watcher.live.insert(id.clone());
        watcher.room = Some(room);
        self.servers.push(watcher);
        Ok(())
    }

    /// A server is given every event as it was made, in any order, until none waits.
    fn flood(&mut self, at: usize) -> Step {
        let now = self.now();
        let mut bodies: Vec<Vec<u8>> = self.made.values().cloned().collect();
        let most = bodies.len().saturating_add(2);
        for round in 0..most {
            self.shuffle(&mut bodies);
            let made: Vec<EventId> = self.made.keys().cloned().collect();
            let server = self.server(at)?;
            for bytes in &bodies {
                server.receive(bytes, Door::Live, now)?;
            }
            let Some(room) = server.room.as_ref() else {
                return Ok(());
            };
            let is_intact = |id: &EventId| {
                let provenance = room
                    .dag()
                    .node(id)
                    .and_then(|node| room.dag().provenance(node));
                provenance.is_some_and(|known| known.content_hash == HashCheck::Ok)
            };
            let is_there =
                |id: &EventId| server.has(id) && is_intact(id) && room.state_before(id).is_some();
            if room.waiting().next().is_none() && made.iter().all(is_there) {
                return Ok(());
            }
            // Where few events may wait, more have to be sent again.
            if round > 1 && server.setup.limits.waiting_events > bodies.len() {
                break;
            }
        }
        let server = self.server(at)?;
        let waiting = server.room.iter().flat_map(Room::waiting);
        let waiting = words::listed(waiting.map(|missing| words::waiting(&missing)));
        Err(format!("{at} has been sent everything: {waiting}"))
    }

    /// The servers send a message each, one after the other, until one event is all that anybody
    /// follows.
    fn merge(&mut self) -> Step {
        for _ in 0..4 {
            for at in 0..self.weather.population() {
                if self.is_merged() {
                    return Ok(());
                }
                self.steps = self.steps.saturating_add(1);
                for user in self.server(at)?.users.clone() {
                    let wish = Wish::message(&user, "closing");
                    let now = self.now();
                    if let Ok((id, bytes)) = self.server(at)?.send(&wish, now)? {
                        self.say(|| format!("{user} closes with {id}"));
                        self.record(id, bytes.clone(), at);
                        for to in (0..self.servers.len()).filter(|to| *to != at) {
                            self.server(to)?.receive(&bytes, Door::Live, now)?;
                        }
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether an event is kept as it was made, but for what no hash covers.
    fn is_as_made(&self, id: &EventId, kept: &[u8]) -> bool {
        let hashed = |bytes: &[u8]| {
            let mut json = Object::parse(bytes, Mode::Lenient).ok()?;
            json.remove("signatures");
            json.remove("unsigned");
            Some(json.to_canonical())
        };
        let made = self.made.get(id);
        made.is_some_and(|made| made == kept || hashed(made) == hashed(kept))
    }

    fn is_merged(&self) -> bool {
        let extremities: BTreeSet<Vec<EventId>> = self.rooms().map(Room::extremities).collect();
        extremities.len() == 1 && extremities.iter().all(|ids| ids.len() == 1)
    }

    fn rooms(&self) -> impl Iterator<Item = &Room> {
        self.servers
            .iter()
            .filter_map(|server| server.room.as_ref())
    }

    /// Compares all replicas, and a replay.
    pub(super) fn agree(&mut self) -> Step {
        let is_merged = self.is_merged();
        self.outcome.merged = usize::from(is_merged);
        self.outcome.events = self.made.len();
        let replay = self.replay();
        let mut digests = Digests::default();
        let mut expected: BTreeMap<&EventId, Facts> = BTreeMap::new();
        let mut soft_failed: BTreeSet<&EventId> = BTreeSet::new();
        for id in self.made.keys() {
            let of_replay = Facts::of_replay(&replay, id, &mut digests);
            expected.insert(
                id,
                of_replay.ok_or_else(|| format!("the replay does not judge {id}"))?,
            );
        }
        let mut redactions: BTreeMap<&EventId, RedactionOutcome> = BTreeMap::new();
        for server in &self.servers {
            let Some(room) = server.room.as_ref() else {
                continue;
            };
            let name = &server.name;
            if let Some(waiting) = room.waiting().next() {
                return Err(format!("{name}: in the end {} waits", waiting.event));
            }
            if let Some(missing) = room.backward_extremities().first() {
                return Err(format!("{name}: in the end {missing} is to be asked for"));
            }
            let known = room.dag().len();
            if known != self.made.len() {
                return Err(format!("{name}: {known} events of {}", self.made.len()));
            }
            let mut digests = Digests::default();
            for id in self.made.keys() {
                let standing = room.standing(id);
                match standing {
                    Some(Standing::SoftFailed) => {
                        soft_failed.insert(id);
                    }
                    Some(Standing::Accepted | Standing::Rejected) => {}
                    other => {
                        let word = words::standing(other);
                        return Err(format!("{name}: in the end {id} is {word}"));
                    }
                }
                match server.kept.get(id) {
                    None => return Err(format!("{name} was never told to keep {id}")),
                    Some(kept) if !self.is_as_made(id, kept) => {
                        return Err(format!(
                            "{name} was told to keep {id} otherwise than it was made"
                        ));
                    }
                    Some(_) => {}
                }
                let found = Facts::of(room, id, &mut digests);
                let mut of_replay = expected
                    .get(id)
                    .cloned()
                    .ok_or_else(|| format!("the replay does not have {id}"))?;
                of_replay.redaction.clone_from(&found.redaction);
                if found != of_replay {
                    let difference = found.difference(&of_replay, id, room, &replay);
                    return Err(format!("{name}: {difference}"));
                }
                let depends_on_arrival = matches!(
                    found.redaction,
                    Some(RedactionOutcome::DoesNotApply(NoRedaction::NotAccepted(
                        Standing::SoftFailed
                    )))
                );
                if let Some(redaction) = found.redaction.filter(|_| !depends_on_arrival) {
                    let first = redactions.entry(id).or_insert_with(|| redaction.clone());
                    if *first != redaction {
                        return Err(format!(
                            "{name}, of the redaction {id}: {}; elsewhere: {}",
                            words::redaction(&redaction),
                            words::redaction(first),
                        ));
                    }
                }
            }
            if is_unsound(room, &server.live) {
                return Err(format!(
                    "{name}: the extremities are not those of its verdicts"
                ));
            }
        }
        self.outcome.rejected = expected.values().filter(|facts| facts.rejected).count();
        self.outcome.soft_failed = soft_failed.len();
        self.outcome.replicas = self.rooms().count();
        self.outcome.revisions = self.servers.iter().map(|server| server.revisions).sum();
        if is_merged {
            self.same_present()?;
        }
        self.present_of_replay(&replay, &soft_failed)
    }

    /// Where one event is all that anybody follows, the current state is the same, whatever each
    /// has soft-failed.
    fn same_present(&self) -> Step {
        let mut present = BTreeSet::new();
        for room in self.rooms() {
            let state = room.current_state().map_err(|error| error.to_string())?;
            let digest = state.digest().ok_or("a room does not know its own state")?;
            present.insert((room.extremities(), digest));
        }
        if present.len() != 1 {
            let present = present.iter().map(|(extremities, state)| {
                let extremities = words::listed(extremities);
                format!("{extremities} with the state {state}")
            });
            let present: Vec<String> = present.collect();
            return Err(format!(
                "the servers follow different events: {}",
                present.join("; ")
            ));
        }
        Ok(())
    }

    /// What a server soft-fails depends on what came first. Once each of them readmits all of it,
    /// as a replay has it, all follow the same events, and the current state is the same.
    fn present_of_replay(&self, replay: &Replay, soft_failed: &BTreeSet<&EventId>) -> Step {
        let extremities: Vec<EventId> = replay
            .extremities()
            .iter()
            .filter_map(|node| replay.dag().id(*node).cloned())
            .collect();
        let current = replay.current_state().map_err(|error| error.to_string())?;
        let digest = replay.dag().digest(&current.state);
        let digest = digest.ok_or("the replay does not know its own state")?;
        let mut redactions: BTreeMap<&EventId, Option<RedactionOutcome>> = BTreeMap::new();
        for room in self.rooms() {
            let mut room = room.clone();
            for id in soft_failed {
                if !matches!(room.readmit(id), Some(Standing::Accepted)) {
                    return Err(format!("{id} is not readmitted"));
                }
            }
            for id in self.made.keys() {
                let redaction = room.redaction(id);
                let first = redactions.entry(id).or_insert_with(|| redaction.clone());
                if *first != redaction {
                    return Err(format!("servers disagree on the redaction {id}"));
                }
            }
            let state = room.current_state().map_err(|error| error.to_string())?;
            let of_room = state.digest().ok_or("a room does not know its own state")?;
            let found = (room.extremities(), of_room);
            if found != (extremities.clone(), digest) {
                let (follows, state) = (words::listed(&found.0), found.1);
                return Err(format!(
                    "a room follows {follows} with the state {state}, the replay {} with {digest}",
                    words::listed(&extremities),
                ));
            }
        }
        Ok(())
    }

    /// All events at once.
    fn replay(&mut self) -> Replay {
        let mut bodies: Vec<Vec<u8>> = self.made.values().cloned().collect();
        self.shuffle(&mut bodies);
        let rules = self.rules;
        let limits = Limits::default();
        let pdus = bodies
            .iter()
            .filter_map(|bytes| Pdu::parse(bytes, &rules, &limits).ok());
        let events = pdus.map(|pdu| crypto::unverified(pdu, &rules));
        Replay::run(events, &rules, ReplayOptions::of(&rules), |_| {})
    }
}

/// Whether the extremities are other events than those accepted ones that came live and that no
/// other such event descends from, whatever lies between.
fn is_unsound(room: &Room, live: &BTreeSet<EventId>) -> bool {
    let dag = room.dag();
    let is_accepted = |node| {
        let id = dag.id(node).filter(|id| live.contains(*id));
        id.and_then(|id| room.standing(id)) == Some(Standing::Accepted)
    };
    let accepted: Vec<_> = dag.events().filter(|node| is_accepted(*node)).collect();
    let mut passed = BTreeSet::new();
    let mut stack: Vec<_> = accepted
        .iter()
        .flat_map(|node| dag.prev_events(*node))
        .collect();
    while let Some(node) = stack.pop() {
        if passed.insert(node) {
            stack.extend(dag.prev_events(node));
        }
    }
    let last = accepted.iter().filter(|node| !passed.contains(node));
    let last: BTreeSet<EventId> = last.filter_map(|node| dag.id(*node).cloned()).collect();
    last != room.extremities().into_iter().collect()
}
