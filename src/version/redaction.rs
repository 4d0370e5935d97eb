//! What survives redaction, per room version.

use crate::json::Select;

/// The event with the top-level keys that versions 1 to 10 keep, and these keys of its content.
macro_rules! before_v11 {
    ($($key:literal),*) => {
        kept!(
            Select::Only(&[$(($key, Select::All)),*]);
            "membership" "origin" "prev_state"
        )
    };
}

/// The same for the keys that versions 11 and 12 keep.
macro_rules! since_v11 {
    ($($key:literal),+) => {
        since_v11!(Select::Only(&[$(($key, Select::All)),+]))
    };
    ($content:expr) => {
        kept!($content;)
    };
}

/// The event with the top-level keys that every version keeps, these others, and this of its
/// content.
macro_rules! kept {
    ($content:expr; $($key:literal)*) => {
        Kept {
            redacted: top_level!($content; "signatures" $($key)*),
            signed: top_level!($content; $($key)*),
        }
    };
}

/// The keys that every version keeps but for `signatures`, and these others.
macro_rules! top_level {
    ($content:expr; $($key:literal)*) => {
        Select::Only(&[
            ("auth_events", Select::All),
            ("content", $content),
            ("depth", Select::All),
            ("event_id", Select::All),
            ("hashes", Select::All),
            ("origin_server_ts", Select::All),
            ("prev_events", Select::All),
            ("room_id", Select::All),
            ("sender", Select::All),
            ("state_key", Select::All),
            ("type", Select::All),
            $(($key, Select::All)),*
        ])
    };
}

/// The keys that the redaction algorithm keeps.
///
/// Spec: [redactions](https://spec.matrix.org/v1.19/rooms/v12/#redactions).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedactionRules {
    /// What is kept of an event whose type is not in `by_type`.
    pub other: Kept,
    /// What is kept of an event of a type that the algorithm names.
    pub by_type: &'static [(&'static str, Kept)],
}

/// What is kept of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The redacted form.
    pub redacted: Select<'static>,
    /// The same without `signatures`: what signatures and the reference hash cover.
    pub signed: Select<'static>,
}

impl RedactionRules {
    /// What is kept of an event of type `event_type`.
    #[must_use]
    pub fn kept(&self, event_type: &str) -> Kept {
        self.by_type
            .iter()
            .find(|(name, _)| *name == event_type)
            .map_or(self.other, |(_, kept)| *kept)
    }

    /// Room versions 1 to 5.
    pub const V1: Self = Self {
        other: before_v11!(),
        by_type: &[
            ("m.room.member", before_v11!("membership")),
            ("m.room.create", before_v11!("creator")),
            ("m.room.join_rules", before_v11!("join_rule")),
            ("m.room.power_levels", LEVELS_BEFORE_V11),
            ("m.room.aliases", before_v11!("aliases")),
            (
                "m.room.history_visibility",
                before_v11!("history_visibility"),
            ),
        ],
    };

    /// Room versions 6 and 7: `m.room.aliases` is no longer special.
    pub const V6: Self = Self {
        by_type: &[
            ("m.room.member", before_v11!("membership")),
            ("m.room.create", before_v11!("creator")),
            ("m.room.join_rules", before_v11!("join_rule")),
            ("m.room.power_levels", LEVELS_BEFORE_V11),
            (
                "m.room.history_visibility",
                before_v11!("history_visibility"),
            ),
        ],
        ..Self::V1
    };

    /// Room version 8: join rules keep `allow`.
    pub const V8: Self = Self {
        by_type: &[
            ("m.room.member", before_v11!("membership")),
            ("m.room.create", before_v11!("creator")),
            ("m.room.join_rules", before_v11!("join_rule", "allow")),
            ("m.room.power_levels", LEVELS_BEFORE_V11),
            (
                "m.room.history_visibility",
                before_v11!("history_visibility"),
            ),
        ],
        ..Self::V6
    };

    /// Room versions 9 and 10: members keep the authorising user.
    pub const V9: Self = Self {
        by_type: &[
            (
                "m.room.member",
                before_v11!("membership", "join_authorised_via_users_server"),
            ),
            ("m.room.create", before_v11!("creator")),
            ("m.room.join_rules", before_v11!("join_rule", "allow")),
            ("m.room.power_levels", LEVELS_BEFORE_V11),
            (
                "m.room.history_visibility",
                before_v11!("history_visibility"),
            ),
        ],
        ..Self::V8
    };

    /// Room versions 11 and 12: three top-level keys go, the create event keeps its content,
    /// redactions their target, power levels `invite`, members the signed part of a third-party
    /// invite.
    pub const V11: Self = Self {
        other: since_v11!(Select::Only(&[])),
        by_type: &[
            (
                "m.room.member",
                since_v11!(Select::Only(&[
                    ("join_authorised_via_users_server", Select::All),
                    ("membership", Select::All),
                    (
                        "third_party_invite",
                        Select::Only(&[("signed", Select::All)])
                    ),
                ])),
            ),
            ("m.room.create", since_v11!(Select::All)),
            ("m.room.join_rules", since_v11!("join_rule", "allow")),
            (
                "m.room.power_levels",
                since_v11!(
                    "ban",
                    "events",
                    "events_default",
                    "invite",
                    "kick",
                    "redact",
                    "state_default",
                    "users",
                    "users_default"
                ),
            ),
            (
                "m.room.history_visibility",
                since_v11!("history_visibility"),
            ),
            ("m.room.redaction", since_v11!("redacts")),
        ],
    };
}

/// The power levels that redaction keeps before room version 11: all but `invite`.
const LEVELS_BEFORE_V11: Kept = before_v11!(
    "ban",
    "events",
    "events_default",
    "kick",
    "redact",
    "state_default",
    "users",
    "users_default"
);
