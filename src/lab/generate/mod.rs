//! Rooms made up: of any room version, size and nastiness.
//!
//! A [`Recipe`] says what a room is to be like, as data: how many members, servers, events and
//! branches, and how often each [`Deed`] is done, from small talk to forged signatures. With a seed
//! it makes a room: PDUs as they come over federation, hashed and signed, in an order of arrival.
//! The same recipe and seed make the same bytes everywhere. A [`Preset`] is a recipe with a name.
//!
//! What an honest server would not send is made on purpose, and everything else is what an honest
//! server would send: it follows what that server knows, cites what it must, and is allowed. What
//! different servers know are the branches of the room, which fork and meet.
//!
//! ```
//! use roomdag::lab::generate::{Preset, generate};
//! use roomdag::version::V12;
//!
//! let recipe = Preset::named("duel")?.recipe(&V12)?;
//! let room = generate(&recipe, 7, |_| {})?;
//! assert_eq!(room.events.len(), 200);
//! assert_eq!(room.events, generate(&recipe, 7, |_| {})?.events);
//! # Ok::<(), roomdag::lab::generate::RecipeError>(())
//! ```
//!
//! Reads everything; read by the tool.

mod cast;
mod compose;
mod deed;
mod founding;
mod preset;
mod recipe;
mod scenes;
mod world;

pub use self::deed::Deed;
pub use self::preset::Preset;
pub use self::recipe::{Recipe, RecipeError};

use std::collections::BTreeMap;

use crate::crypto::KeyRing;
use crate::json::Object;
use crate::lab::Random;
use crate::lab::generate::world::{Line, World};
use crate::version::RoomVersionRules;

/// A room that was made up.
#[derive(Clone, Debug)]
pub struct GeneratedRoom {
    /// Its room version.
    pub rules: RoomVersionRules,
    /// The events as they come over federation, in an order of arrival, each one JSON value on one
    /// line. What is no event of the room version is among them.
    pub events: Vec<Vec<u8>>,
    /// Events that others cite and that the dump lacks.
    pub left_out: Vec<Vec<u8>>,
    /// The public keys of the servers.
    pub keys: KeyRing,
    /// The same as a file has them: `{"server": {"ed25519:id": "<Base64>"}}`.
    pub server_keys: Object,
    /// How often each deed was done.
    pub done: BTreeMap<Deed, usize>,
}

/// Makes the room of a seed.
///
/// `progress` is called with the number of events so far. Some 100 µs an event, most of it for
/// signatures.
///
/// # Errors
///
/// [`RecipeError`]: the recipe makes no room.
pub fn generate(
    recipe: &Recipe,
    seed: u64,
    mut progress: impl FnMut(usize),
) -> Result<GeneratedRoom, RecipeError> {
    recipe.check()?;
    let mut world = World::new(recipe, seed);
    world.found();
    let mut in_vain = 0_usize;
    while world.lines.len() < recipe.events && in_vain < PATIENCE {
        if world.step() {
            in_vain = 0;
        } else {
            in_vain = in_vain.saturating_add(1);
        }
        progress(world.lines.len().min(recipe.events));
    }
    Ok(world.finish())
}

/// After how many deeds that came to nothing a room is taken to be dead.
const PATIENCE: usize = 2_000;

impl World {
    /// Branches fork or meet, or something is done on one. Returns whether anything was.
    fn step(&mut self) -> bool {
        let count = self.branches.len();
        let at = self.random.below(count);
        if count < self.recipe.branches && self.random.chance(self.recipe.forks) {
            let branch = self.branches.get(at).cloned();
            self.branches.extend(branch);
            return false;
        }
        if count > 1 && self.random.chance(self.recipe.merges) {
            self.meet(at);
            return false;
        }
        let Some(deed) = self.deed() else {
            return false;
        };
        // While it is played the other branches may meet, and it may add its own.
        let mut branch = self.branches.remove(at);
        let is_done = self.play(deed, &mut branch);
        let at = at.min(self.branches.len());
        self.branches.insert(at, branch);
        if is_done {
            let count = self.done.entry(deed).or_default();
            *count = count.saturating_add(1);
        }
        is_done
    }

    /// A branch meets some of the others.
    fn meet(&mut self, at: usize) {
        let branch = self.branches.remove(at);
        let most = if self.random.chance(30) {
            self.branches.len()
        } else {
            1
        };
        let mut all = vec![branch];
        for _ in 0..most {
            if !self.branches.is_empty() {
                let other = self.random.below(self.branches.len());
                all.push(self.branches.remove(other));
            }
        }
        let merged = self.merged(&all);
        self.branches.push(merged);
    }

    /// A deed, by weight.
    fn deed(&mut self) -> Option<Deed> {
        let sum = self
            .recipe
            .weights
            .values()
            .fold(0, |sum: usize, w| sum.saturating_add(*w));
        let mut number = self.random.below(sum);
        let mut weights = self.recipe.weights.iter();
        let found = weights.find(|(_, weight)| {
            let is_this = number < **weight;
            number = number.saturating_sub(**weight);
            is_this
        });
        found.map(|(deed, _)| *deed)
    }

    fn finish(mut self) -> GeneratedRoom {
        self.lines.truncate(self.recipe.events);
        let lines = delayed(self.lines, self.recipe.late, &mut self.random);
        let (left_out, events): (Vec<Line>, Vec<Line>) =
            lines.into_iter().partition(|line| line.is_left_out);
        let bytes = |lines: Vec<Line>| lines.into_iter().map(|line| line.bytes).collect();
        GeneratedRoom {
            rules: self.recipe.rules,
            events: bytes(events),
            left_out: bytes(left_out),
            keys: self.cast.keys(),
            server_keys: self.cast.server_keys(),
            done: self.done,
        }
    }
}

/// The lines in an order of arrival: of so many of 100, each is overtaken by up to 30 others. The
/// create event comes first.
fn delayed(lines: Vec<Line>, percent: usize, random: &mut Random) -> Vec<Line> {
    let mut arrivals: Vec<(usize, usize, Line)> = Vec::with_capacity(lines.len());
    for (sent, line) in lines.into_iter().enumerate() {
        let is_late = sent > 0 && random.chance(percent);
        let delay = if is_late {
            random.below(30).saturating_add(1)
        } else {
            0
        };
        arrivals.push((sent.saturating_add(delay), sent, line));
    }
    arrivals.sort_by_key(|(arrival, sent, _)| (*arrival, *sent));
    arrivals.into_iter().map(|(_, _, line)| line).collect()
}
