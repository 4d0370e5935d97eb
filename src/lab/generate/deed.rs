//! What can happen in a generated room.

use std::fmt;
use std::str::FromStr;

use crate::lab::generate::RecipeError;
use crate::version::{JoinRule, RoomVersionRules};

/// Declares the deeds with their names and what they are.
macro_rules! deeds {
    ($($variant:ident: $name:literal, $about:literal;)*) => {
        /// Something that happens in a generated room: one event, or a scene of a few.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Deed {
            $(#[doc = $about] $variant,)*
        }

        impl Deed {
            /// All of them: the plain ones first, then the nasty ones.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// What it is called where it is asked for.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// What happens, in a sentence.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about),* }
            }
        }
    };
}

deeds! {
    Message: "message", "A member says something: a message, a reply, a reaction, an edit or what is encrypted.";
    State: "state", "Somebody sets a name, a topic, an alias, a widget or another piece of state.";
    Profile: "profile", "A member changes the display name or the avatar.";
    Membership: "membership", "Users come, go, are invited, kicked, banned and pardoned.";
    Levels: "levels", "Somebody with power changes the power levels.";
    JoinRules: "join-rules", "Somebody with power changes the join rules.";
    Visibility: "visibility", "Somebody with power changes who may see the history.";
    Acl: "acl", "Somebody with power denies or allows servers.";
    Redaction: "redaction", "An event is redacted, by its sender's server or by a moderator.";
    Duel: "duel", "Two who have power act against each other at the same time, and their branches meet.";
    Backdating: "backdating", "An event that may change the state follows old events, with a false time or a false depth.";
    BanEvasion: "ban-evasion", "A user is banned, and acts as if from before the ban.";
    SoftFail: "soft-fail", "Somebody loses a power, and uses it as if from before.";
    OddLevels: "odd-levels", "Power levels hold strings, floats, booleans, negative and huge numbers, and what is no level.";
    Restricted: "restricted", "Users join a restricted room on the word of a member whose server signs, or does not.";
    Knock: "knock", "Users knock, and are let in, turned away, or think better of it.";
    ThirdParty: "third-party", "Users are invited by an address; an identity server's signature is right, or not.";
    Gap: "gap", "An event that others cite is left out of the dump.";
    WrongAuth: "wrong-auth", "Auth events are missing, surplus, of another room, doubled, stale, unknown or rejected.";
    Unauthorised: "unauthorised", "Somebody does what the rules forbid.";
    Invalid: "invalid", "An event fails a receipt check: the format, the signatures, the content hash or the rules.";
    Copies: "copies", "An event comes again: the same, redacted, altered, or as another event of the same id.";
    OddText: "odd-text", "Content is long, deep, or in characters that are easily got wrong.";
}

impl Deed {
    /// Whether there is such a thing in a room version.
    #[must_use]
    pub fn is_possible(self, rules: &RoomVersionRules) -> bool {
        match self {
            Self::Restricted => rules.auth.knows(JoinRule::Restricted),
            Self::Knock => rules.auth.knows(JoinRule::Knock),
            _ => true,
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Deed {
    type Err = RecipeError;

    fn from_str(name: &str) -> Result<Self, RecipeError> {
        let deed = Self::ALL.iter().find(|deed| deed.name() == name);
        deed.copied().ok_or_else(|| RecipeError::UnknownDeed {
            name: name.to_owned(),
        })
    }
}
