//! What is written down of a story, for somebody who wants to know.

use std::collections::BTreeSet;

use crate::id::EventId;
use crate::room::{Room, Standing};
use crate::testing::network::server::Server;
use crate::testing::network::{Chronicle, Simulation, Told};
use crate::timeline::Quality;

impl Simulation {
    pub(super) fn say(&mut self, what: impl FnOnce() -> String) {
        let step = self.steps;
        if let Some(story) = &mut self.story {
            story.push(format!("{step:3} {}", shortened(&what())));
        }
    }

    /// Whether servers that have worked out the state before an event say different things of it.
    fn is_disputed(&self, id: &EventId) -> bool {
        let says = |room: &Room| {
            let (before, after) = (room.state_before(id)?, room.state_after(id)?);
            let is_rejected = room.standing(id) == Some(Standing::Rejected);
            let is_known = before.quality() == Quality::Computed;
            is_known.then(|| (is_rejected, before.digest(), after.digest()))
        };
        let rooms = self
            .servers
            .iter()
            .filter_map(|server| server.room.as_ref());
        rooms.filter_map(says).collect::<BTreeSet<_>>().len() > 1
    }

    /// What every server has of the room.
    pub(super) fn chronicle(&self) -> Chronicle {
        let events = self.order.iter().filter_map(|(id, server, step)| {
            let json = self.made.get(id)?.clone();
            let fact = self.facts.get(id)?;
            let standing = |server: &Server| server.room.as_ref()?.standing(id);
            Some(Told {
                id: id.clone(),
                server: *server,
                step: *step,
                sender: fact.sender.clone(),
                title: fact.title(),
                prev_events: fact.prev_events.clone(),
                json,
                standings: self.servers.iter().map(standing).collect(),
                is_disputed: self.is_disputed(id),
            })
        });
        Chronicle {
            servers: self
                .servers
                .iter()
                .map(|server| server.name.to_string())
                .collect(),
            events: events.collect(),
        }
    }
}

/// A line with the hashes in it cut to what tells them apart.
fn shortened(line: &str) -> String {
    let is_of_id = |c: char| c.is_ascii_alphanumeric() || "$-_+/".contains(c);
    let mut run = 0_usize;
    let kept = line.chars().filter(|c| {
        run = match *c {
            '$' => 1,
            c if is_of_id(c) && run > 0 => run.saturating_add(1),
            _ => 0,
        };
        run <= 7
    });
    kept.collect()
}
