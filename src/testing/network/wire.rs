//! What becomes of a PDU on its way.

use crate::testing::network::{NAMES, Simulation, Step};

/// A network.
#[derive(Debug)]
pub(super) struct Wire {
    /// What is under way.
    letters: Vec<Letter>,
    /// The part of the network that each server is in.
    parts: Vec<usize>,
}

/// A PDU under way.
#[derive(Clone, Debug)]
struct Letter {
    due: usize,
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
            self.wire.letters.push(Letter {
                due: self.steps.saturating_add(delay),
                from,
                to,
                bytes: bytes.to_vec(),
            });
        }
    }

    /// Delivers what is due, in any order.
    pub(super) fn deliver(&mut self) -> Step {
        let letters = std::mem::take(&mut self.wire.letters);
        let (mut due, later): (Vec<Letter>, Vec<Letter>) = letters
            .into_iter()
            .partition(|letter| letter.due <= self.steps);
        self.wire.letters = later;
        self.shuffle(&mut due);
        for letter in due {
            self.take(letter.to, letter.from, &letter.bytes)?;
        }
        Ok(())
    }

    /// The network falls apart in two, or comes together.
    pub(super) fn part(&mut self) {
        let is_whole = self.wire.parts.iter().all(|part| *part == 0);
        let random = &mut self.random;
        self.wire.parts = (0..NAMES.len())
            .map(|_| if is_whole { random.below(2) } else { 0 })
            .collect();
        let parts = self.wire.parts.clone();
        self.say(|| format!("the network is {parts:?}"));
    }

    /// The network is whole, and all that was under way arrives.
    pub(super) fn mend(&mut self) -> Step {
        self.wire.parts = vec![0; NAMES.len()];
        self.steps = self.steps.saturating_add(self.weather.delay);
        self.deliver()
    }
}
