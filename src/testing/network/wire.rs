//! What becomes of a PDU on its way.

use std::collections::BTreeMap;

use crate::testing::network::{Simulation, Step, words};

/// A network.
#[derive(Debug)]
pub(super) struct Wire {
    /// What is under way.
    letters: Vec<Letter>,
    /// The part of the network that each server is in.
    parts: Vec<usize>,
    /// When the last PDU from one server to another is due that none overtakes, and how many were
    /// sent.
    queues: BTreeMap<(usize, usize), usize>,
    sent: u64,
}

/// A PDU under way.
#[derive(Clone, Debug)]
struct Letter {
    due: usize,
    /// Among those that are due at once.
    rank: u64,
    from: usize,
    to: usize,
    bytes: Vec<u8>,
}

impl Wire {
    /// A network of so many servers, all of which reach each other.
    pub(super) fn new(servers: usize) -> Self {
        Self {
            letters: Vec::new(),
            parts: vec![0; servers],
            queues: BTreeMap::new(),
            sent: 0,
        }
    }

    /// Whether one server reaches another.
    pub(super) fn reaches(&self, from: usize, to: usize) -> bool {
        from != to && self.parts.get(from) == self.parts.get(to)
    }
}

impl Simulation {
    /// Sends a PDU on its way, if it does not get lost at once.
    pub(super) fn post(&mut self, from: usize, to: usize, bytes: &[u8]) {
        if !self.wire.reaches(from, to) || self.random.chance(self.weather.loss) {
            return;
        }
        let copies = 1_usize.saturating_add(usize::from(self.random.chance(self.weather.repeats)));
        for _ in 0..copies {
            let delay = self.random.below(self.weather.delay);
            let mut due = self.steps.saturating_add(delay);
            self.wire.sent = self.wire.sent.saturating_add(1);
            let mut rank = self.wire.sent;
            if self.random.chance(self.weather.reordering) {
                // Among those before it and some after it, too.
                let before = rank.saturating_sub(10);
                rank = before.saturating_add(self.random.bits() % 20);
            } else {
                let last = self.wire.queues.entry((from, to)).or_insert(due);
                due = due.max(*last);
                *last = due;
            }
            self.wire.letters.push(Letter {
                due,
                rank,
                from,
                to,
                bytes: bytes.to_vec(),
            });
        }
    }

    /// Delivers what is due, in its order.
    pub(super) fn deliver(&mut self) -> Step {
        let letters = std::mem::take(&mut self.wire.letters);
        let (mut due, later): (Vec<Letter>, Vec<Letter>) = letters
            .into_iter()
            .partition(|letter| letter.due <= self.steps);
        self.wire.letters = later;
        due.sort_by_key(|letter| (letter.due, letter.rank));
        for letter in due {
            self.take(letter.to, letter.from, &letter.bytes)?;
        }
        Ok(())
    }

    /// The network falls apart in two, or comes together.
    pub(super) fn part(&mut self) {
        let is_whole = self.wire.parts.iter().all(|part| *part == 0);
        let (population, random) = (self.weather.population(), &mut self.random);
        self.wire.parts = (0..population)
            .map(|_| if is_whole { random.below(2) } else { 0 })
            .collect();
        let part = |which: usize| {
            let parts = self.wire.parts.iter().enumerate();
            let servers = parts.filter(|(_, part)| **part == which);
            words::listed(servers.map(|(at, _)| at))
        };
        let (one, other) = (part(0), part(1));
        self.say(|| {
            if is_whole {
                format!("the network falls apart: here {one}, there {other}")
            } else {
                "the network comes together".to_owned()
            }
        });
    }

    /// The network is whole, and all that was under way arrives.
    pub(super) fn mend(&mut self) -> Step {
        self.wire.parts = vec![0; self.weather.population()];
        self.steps = self.steps.saturating_add(self.weather.delay);
        self.deliver()
    }
}
