//! Recipes by name.

use crate::lab::generate::{Deed, Recipe, RecipeError};
use crate::version::RoomVersionRules;

/// A recipe with a name, for every room version in which it makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// What it is called: after what its rooms show.
    pub name: &'static str,
    /// What its rooms show, in a sentence.
    pub about: &'static str,
    /// The deed without which it shows nothing.
    subject: Deed,
    shape: Shape,
    odd_create: bool,
    /// How often each thing happens, besides [`PLAIN`].
    weights: &'static [(Deed, usize)],
}

/// How the branches of a room go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// One after the other.
    Line,
    /// Now and then two servers speak past each other.
    Braid,
    /// Many servers speak past each other all the time.
    Bush,
    /// As [`Shape::Braid`], and events overtake each other on their way.
    Late,
}

impl Preset {
    /// All of them, calm ones first.
    pub const ALL: &'static [Self] = &PRESETS;

    /// The preset of this name.
    ///
    /// # Errors
    ///
    /// [`RecipeError::UnknownPreset`].
    pub fn named(name: &str) -> Result<&'static Self, RecipeError> {
        let preset = PRESETS.iter().find(|preset| preset.name == name);
        preset.ok_or_else(|| RecipeError::UnknownPreset {
            name: name.to_owned(),
        })
    }

    /// The recipe for a room version: 200 events, twelve members, five servers.
    ///
    /// # Errors
    ///
    /// [`RecipeError::Impossible`]: the room version does not know what the preset shows.
    pub fn recipe(&self, rules: &RoomVersionRules) -> Result<Recipe, RecipeError> {
        if !self.subject.is_possible(rules) {
            return Err(RecipeError::Impossible {
                what: self.name,
                room_version: rules.id,
            });
        }
        let (branches, forks, merges, late) = match self.shape {
            Shape::Line => (1, 0, 0, 0),
            Shape::Braid => (3, 8, 10, 0),
            Shape::Bush => (12, 30, 8, 0),
            Shape::Late => (4, 12, 12, 25),
        };
        let weights = PLAIN.iter().chain(self.weights).copied();
        Ok(Recipe {
            rules: *rules,
            members: 12,
            servers: 5,
            events: 200,
            branches,
            forks,
            merges,
            late,
            odd_create: self.odd_create,
            weights: weights
                .filter(|(deed, _)| deed.is_possible(rules))
                .collect(),
        })
    }

    const fn new(
        name: &'static str,
        about: &'static str,
        subject: Deed,
        shape: Shape,
        weights: &'static [(Deed, usize)],
    ) -> Self {
        Self {
            name,
            about,
            subject,
            shape,
            odd_create: false,
            weights,
        }
    }
}

/// What happens in every room.
const PLAIN: [(Deed, usize); 4] = [
    (Deed::Message, 40),
    (Deed::State, 8),
    (Deed::Profile, 4),
    (Deed::Membership, 4),
];

/// What happens where nobody is at peace.
const STORMY: [(Deed, usize); 6] = [
    (Deed::Message, 20),
    (Deed::State, 20),
    (Deed::Membership, 25),
    (Deed::Levels, 12),
    (Deed::JoinRules, 8),
    (Deed::Duel, 3),
];

/// Everything at once.
const EVERYTHING: [(Deed, usize); 21] = [
    (Deed::Membership, 10),
    (Deed::Levels, 5),
    (Deed::JoinRules, 3),
    (Deed::Visibility, 2),
    (Deed::Acl, 2),
    (Deed::Redaction, 4),
    (Deed::Duel, 3),
    (Deed::Backdating, 4),
    (Deed::BanEvasion, 3),
    (Deed::SoftFail, 3),
    (Deed::OddLevels, 3),
    (Deed::Restricted, 4),
    (Deed::Knock, 4),
    (Deed::ThirdParty, 4),
    (Deed::Gap, 1),
    (Deed::WrongAuth, 4),
    (Deed::Unauthorised, 5),
    (Deed::Invalid, 8),
    (Deed::Copies, 4),
    (Deed::OddText, 3),
    (Deed::Message, 20),
];

const PRESETS: [Preset; 24] = [
    Preset::new(
        "calm",
        "People talk, in one line: no fork, nothing that is not allowed.",
        Deed::Message,
        Shape::Line,
        &[],
    ),
    Preset::new(
        "braid",
        "People talk; now and then two servers speak past each other, and meet again.",
        Deed::Message,
        Shape::Braid,
        &[],
    ),
    Preset::new(
        "late",
        "Events overtake each other, and arrive before what they follow.",
        Deed::Message,
        Shape::Late,
        &[],
    ),
    Preset::new(
        "storm",
        "Many branches change members, levels and rules all the time; up to a dozen meet at once.",
        Deed::Levels,
        Shape::Bush,
        &STORMY,
    ),
    Preset::new(
        "moderation",
        "Moderators kick, ban, pardon, redact and change levels on branches that meet.",
        Deed::Redaction,
        Shape::Braid,
        &[
            (Deed::Membership, 25),
            (Deed::Levels, 10),
            (Deed::Redaction, 10),
            (Deed::Acl, 4),
        ],
    ),
    Preset::new(
        "visibility",
        "Members come and go while the history visibility changes.",
        Deed::Visibility,
        Shape::Braid,
        &[(Deed::Visibility, 12), (Deed::Membership, 20)],
    ),
    Preset::new(
        "acl",
        "Servers are denied and allowed again.",
        Deed::Acl,
        Shape::Braid,
        &[(Deed::Acl, 12)],
    ),
    Preset::new(
        "duel",
        "Those who have power act against each other at the same time; resolution decides.",
        Deed::Duel,
        Shape::Braid,
        &[(Deed::Duel, 15)],
    ),
    Preset::new(
        "backdating",
        "Events follow old ones, with false times and depths, and would undo what came since.",
        Deed::Backdating,
        Shape::Braid,
        &[(Deed::Backdating, 20)],
    ),
    Preset::new(
        "ban-evasion",
        "Banned users act as if from before the ban.",
        Deed::BanEvasion,
        Shape::Braid,
        &[(Deed::BanEvasion, 12)],
    ),
    Preset::new(
        "soft-fail",
        "Events that are allowed where they stand, but no longer by the current state.",
        Deed::SoftFail,
        Shape::Braid,
        &[(Deed::SoftFail, 15)],
    ),
    Preset::new(
        "odd-levels",
        "Power levels in every form that some room version takes, and in some that none takes.",
        Deed::OddLevels,
        Shape::Braid,
        &[(Deed::OddLevels, 20), (Deed::Levels, 4)],
    ),
    Preset {
        odd_create: true,
        ..Preset::new(
            "odd-create",
            "The create event says more, or less, than it has to.",
            Deed::Message,
            Shape::Braid,
            &[(Deed::Unauthorised, 5)],
        )
    },
    Preset::new(
        "odd-text",
        "Long and deep content, and characters that are easily got wrong.",
        Deed::OddText,
        Shape::Braid,
        &[(Deed::OddText, 25)],
    ),
    Preset::new(
        "restricted",
        "Restricted joins: with the authorising server's signature, without, and on the word of one who has none to give.",
        Deed::Restricted,
        Shape::Braid,
        &[(Deed::Restricted, 20), (Deed::Membership, 8)],
    ),
    Preset::new(
        "knocks",
        "Users knock, and are let in, turned away, or think better of it.",
        Deed::Knock,
        Shape::Braid,
        &[(Deed::Knock, 20)],
    ),
    Preset::new(
        "third-party",
        "Third-party invites with real tokens: fulfilled, forged, for somebody else, and revoked.",
        Deed::ThirdParty,
        Shape::Braid,
        &[(Deed::ThirdParty, 15)],
    ),
    Preset::new(
        "gap",
        "Events that others cite are not in the dump.",
        Deed::Gap,
        Shape::Braid,
        &[(Deed::Gap, 10)],
    ),
    Preset::new(
        "wrong-auth",
        "Auth events that are missing, surplus, of another room, doubled, stale, unknown or rejected.",
        Deed::WrongAuth,
        Shape::Braid,
        &[(Deed::WrongAuth, 30)],
    ),
    Preset::new(
        "unauthorised",
        "Users do what the rules forbid, and are rejected.",
        Deed::Unauthorised,
        Shape::Braid,
        &[(Deed::Unauthorised, 25)],
    ),
    Preset::new(
        "invalid",
        "Events that fail each of the receipt checks: format, signatures, content hash, rules.",
        Deed::Invalid,
        Shape::Braid,
        &[(Deed::Invalid, 30)],
    ),
    Preset::new(
        "copies",
        "Events come again: the same, redacted, altered; where servers choose the ids, as another event of the same id.",
        Deed::Copies,
        Shape::Braid,
        &[(Deed::Copies, 25)],
    ),
    Preset::new(
        "ambush",
        "Duels, back-dating and ban evasion together, by somebody who means it.",
        Deed::Duel,
        Shape::Bush,
        &[
            (Deed::Membership, 10),
            (Deed::Levels, 6),
            (Deed::Duel, 6),
            (Deed::Backdating, 12),
            (Deed::BanEvasion, 8),
            (Deed::SoftFail, 4),
        ],
    ),
    Preset {
        odd_create: true,
        ..Preset::new(
            "everything",
            "All of it at once.",
            Deed::Message,
            Shape::Late,
            &EVERYTHING,
        )
    },
];
