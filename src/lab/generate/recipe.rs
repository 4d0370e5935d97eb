//! What a room is to be like.

use std::collections::BTreeMap;

use crate::lab::generate::Deed;
use crate::limits::Limits;
use crate::version::RoomVersionRules;

/// What a room is to be like. With a seed it makes a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The room version.
    pub rules: RoomVersionRules,
    /// How many users join at the start, the creator among them; at least [`Recipe::MIN_MEMBERS`].
    /// Their joins take up no more than half of the events.
    pub members: usize,
    /// How many servers they are on.
    pub servers: usize,
    /// How many events there are, counting what is dropped on receipt.
    pub events: usize,
    /// How many branches there are at a time, at the most: what different servers see of the room.
    pub branches: usize,
    /// In how many of 100 steps a branch forks.
    pub forks: usize,
    /// In how many of 100 steps branches meet.
    pub merges: usize,
    /// How many of 100 events arrive after some that were sent later.
    pub late: usize,
    /// Whether the create event says more than it has to.
    pub odd_create: bool,
    /// How often each thing happens, against the others.
    pub weights: BTreeMap<Deed, usize>,
}

impl Recipe {
    /// The fewest members: a creator, an administrator, and two others.
    pub const MIN_MEMBERS: usize = 4;

    /// Whether a room can be made of it.
    ///
    /// # Errors
    ///
    /// [`RecipeError`].
    pub fn check(&self) -> Result<(), RecipeError> {
        let most_branches = Limits::default().prev_events;
        for (what, is, least, most) in [
            ("members", self.members, Self::MIN_MEMBERS, 1_000_000),
            ("servers", self.servers, 1, 10_000),
            ("events", self.events, 1, 10_000_000),
            ("branches", self.branches, 1, most_branches),
            ("forks", self.forks, 0, 100),
            ("merges", self.merges, 0, 100),
            ("late", self.late, 0, 100),
        ] {
            if !(least..=most).contains(&is) {
                return Err(RecipeError::OutOfRange { what, least, most });
            }
        }
        let weighty = self.weights.iter().filter(|(_, weight)| **weight > 0);
        let mut deeds = weighty.map(|(deed, _)| *deed).peekable();
        if deeds.peek().is_none() {
            return Err(RecipeError::NothingHappens);
        }
        match deeds.find(|deed| !deed.is_possible(&self.rules)) {
            Some(deed) => Err(RecipeError::Impossible {
                what: deed.name(),
                room_version: self.rules.id,
            }),
            None => Ok(()),
        }
    }
}

/// Why no room can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// There is no preset of this name.
    #[error("there is no preset `{name:.255}`")]
    UnknownPreset {
        /// The name.
        name: String,
    },
    /// There is no deed of this name.
    #[error("there is nothing called `{name:.255}` that could happen")]
    UnknownDeed {
        /// The name.
        name: String,
    },
    /// The room version does not know such a thing.
    #[error("there is no `{what}` in room version `{room_version}`")]
    Impossible {
        /// The deed or the preset.
        what: &'static str,
        /// The room version.
        room_version: &'static str,
    },
    /// A number is too small or too large.
    #[error("`{what}` is not from {least} to {most}")]
    OutOfRange {
        /// The number.
        what: &'static str,
        /// The smallest that it may be.
        least: usize,
        /// The largest.
        most: usize,
    },
    /// No deed has a weight.
    #[error("every weight is 0")]
    NothingHappens,
}
