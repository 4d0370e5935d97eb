//! Crashes: a server loses its memory, and goes on from what it has written to its disk.
//!
//! What it had not written yet it has never heard of. Some of that the network brings again by
//! itself; the rest are gaps.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::EventId;
use crate::room::{Checkpoint, Room, RoomState};
use crate::testing::network::facts::Digests;
use crate::testing::network::invariants::LookedAt;
use crate::testing::network::server::Server;
use crate::testing::network::{Check, Flaw, Plant, Simulation, Step, words};

/// What a server has written.
#[derive(Debug)]
pub(super) struct Disk {
    checkpoint: Checkpoint,
    kept: BTreeMap<EventId, Vec<u8>>,
    live: BTreeSet<EventId>,
    /// The room that was written: the one that must come back.
    room: Room,
}

impl Server {
    /// Writes what has changed since the last time, as one transaction.
    pub(super) fn save(&mut self, plant: Option<Plant>) {
        let Some(room) = self.room.as_mut() else {
            return;
        };
        let checkpoint = match self.disk.take() {
            None => room.checkpoint(),
            Some(Disk { checkpoint, .. }) if plant == Some(Plant::Disk) => checkpoint,
            Some(Disk { mut checkpoint, .. }) => {
                checkpoint.apply(room.changes());
                checkpoint
            }
        };
        room.persisted();
        self.disk = Some(Disk {
            checkpoint,
            kept: self.kept.clone(),
            live: self.live.clone(),
            room: room.clone(),
        });
    }

    /// Starts again from the disk; returns how many events are forgotten.
    fn start_again(&mut self) -> Step<usize> {
        let had = self.room.as_ref().map_or(0, |room| room.dag().len());
        self.looked_at = LookedAt::default();
        let Some(disk) = &self.disk else {
            (self.room, self.kept, self.live) = (None, BTreeMap::new(), BTreeSet::new());
            return Ok(had);
        };
        // As text, which is how a disk has it.
        let text = serde_json::to_string(&disk.checkpoint).map_err(|error| error.to_string())?;
        let read: Checkpoint = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let room = Room::restore(read, &self.setup).map_err(|error| error.to_string())?;
        if let Some(difference) = difference(&disk.room, &room) {
            return Err(format!("{} comes back otherwise: {difference}", self.name));
        }
        let has = room.dag().len();
        (self.kept, self.live) = (disk.kept.clone(), disk.live.clone());
        self.room = Some(room);
        Ok(had.saturating_sub(has))
    }
}

impl Simulation {
    /// A server loses its memory.
    pub(super) fn crash(&mut self, at: usize) -> Result<(), Flaw> {
        let server = self.server(at).map_err(|what| (Check::Promise, what))?;
        if server.room.is_none() {
            return Ok(());
        }
        let forgotten = server.start_again();
        let forgotten = forgotten.map_err(|what| (Check::Restore, what))?;
        self.say(|| format!("{at} loses its memory, and forgets {forgotten} events"));
        let outcome = &mut self.outcome;
        outcome.crashes = outcome.crashes.saturating_add(1);
        outcome.forgotten = outcome.forgotten.saturating_add(forgotten);
        Ok(())
    }

    /// Some servers write to their disks.
    pub(super) fn save_some(&mut self) -> Result<(), Flaw> {
        let plant = self.plant;
        for at in 0..self.weather.population() {
            if self.random.chance(self.weather.saves) {
                let server = self.server(at).map_err(|what| (Check::Promise, what))?;
                server.save(plant);
            }
        }
        Ok(())
    }

    /// In the end, where there were crashes, all write and start again: the rooms that are compared
    /// are those that came back.
    pub(super) fn put_away(&mut self) -> Result<(), Flaw> {
        if self.weather.crashes == 0 {
            return Ok(());
        }
        let plant = self.plant;
        for server in &mut self.servers {
            server.save(plant);
            let again = server.start_again();
            again.map_err(|what| (Check::Restore, what))?;
        }
        Ok(())
    }
}

/// What a room that came back says otherwise than the room that was put away.
fn difference(was: &Room, is: &Room) -> Option<String> {
    if was.extremities() != is.extremities() {
        return Some("other extremities".into());
    }
    if was.waiting().ne(is.waiting()) {
        return Some("other events wait".into());
    }
    let current = |room: &Room| Some(room.current_state().ok()?.digest());
    if current(was) != current(is) {
        return Some("another current state".into());
    }
    if was.dag().len() != is.dag().len() {
        return Some("other events".into());
    }
    let (mut of_was, mut of_is) = (Digests::default(), Digests::default());
    let ids = was.dag().events().filter_map(|node| was.dag().id(node));
    for id in ids {
        let says = |room: &Room| {
            let quality = room.state_before(id).map(|state| state.quality());
            (room.verdict(id).cloned(), quality)
        };
        let states = |room: &Room, digests: &mut Digests| {
            [room.state_before(id), room.state_after(id)]
                .map(|state| state.map(|state| digests.of(state.map(), |_| state.digest())))
        };
        let (were, are) = (states(was, &mut of_was), states(is, &mut of_is));
        if says(was) != says(is) || were != are {
            let told = |room: &Room| {
                let size = |state: Option<RoomState<'_>>| state.map_or(0, |state| state.len());
                let before = room.state_before(id);
                format!(
                    "{}, after a state of {} entries that is {}, before one of {}",
                    words::standing(room.standing(id)),
                    size(before),
                    words::quality(before.map(|state| state.quality())),
                    size(room.state_after(id)),
                )
            };
            let (now, then) = (told(is), told(was));
            let why = match (now == then, were == are) {
                (true, true) => "for other reasons ",
                (true, false) => "in other states ",
                _ => "",
            };
            return Some(format!("{id} is {why}{now}; it was {then}"));
        }
    }
    None
}
