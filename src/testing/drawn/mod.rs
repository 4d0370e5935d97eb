//! What a source of choices comes to: JSON, events, states and whole rooms, well-formed or nearly.
//!
//! Fuzz targets draw from their input ([`Random::of_bytes`]), properties from a seed. What is drawn
//! has the shape that the code under test looks for, and goes wrong in one place at a time.
//!
//! | file      | what is drawn                                                      |
//! |-----------|--------------------------------------------------------------------|
//! | `json`    | values with every kind of number and text, and texts nearly JSON    |
//! | `content` | the content of an event by its type, as the rules read it           |
//! | `event`   | a PDU, signed by its servers, and what becomes of it on a bad line  |
//! | `scene`   | an event and a room state that it is judged by                      |
//! | `wild`    | graphs that nobody honest made, with states over them               |
//! | `story`   | PDUs of one room as they come to a server, some of them bad         |
//!
//! `observed` has what a room makes of a story, and what of that must not depend on the telling.

mod content;
mod event;
mod json;
mod observed;
mod scene;
mod story;
mod wild;

pub use self::content::{content, redactable};
pub use self::event::{event, keys, now, server, signed, signing_key, tampered, wire};
pub use self::json::{text, tokens, value};
pub use self::observed::Observed;
pub use self::scene::Scene;
pub use self::story::Story;
pub use self::wild::wild;

use crate::testing::Random;
use crate::version::{RoomVersionRules, RoomVersions};

/// One of the twelve room versions.
pub fn rules(random: &mut Random) -> &'static RoomVersionRules {
    let number = random.below(12).saturating_add(1).to_string();
    RoomVersions::stable_rules(&number).unwrap_or(RoomVersions::unnamed())
}

/// Users of three servers; the last has no localpart.
pub const USERS: [&str; 6] = [
    "@alice:a", "@bob:a", "@carol:b", "@dave:b", "@erin:c", "@:c",
];

/// One of a list that is not empty.
fn one<T: Copy + Default>(random: &mut Random, choices: &[T]) -> T {
    random.pick(choices).copied().unwrap_or_default()
}
