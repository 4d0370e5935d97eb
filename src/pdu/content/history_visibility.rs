//! `m.room.history_visibility`.

use serde::{Deserialize, Serialize};

use std::fmt;

use crate::json::{Object, RawValue, Value};

/// From when on a user may see what happens in a room, from the widest to the narrowest.
///
/// Spec: [room history visibility][visibility].
///
/// [visibility]: https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum HistoryVisibility {
    /// Anybody may see it, whether or not they were ever in the room.
    WorldReadable,
    /// Whoever joins sees what went before. This is also what a room without the event has, and
    /// one whose event has a value that is not understood.
    #[default]
    Shared,
    /// From their invitation on.
    Invited,
    /// From their joining on.
    Joined,
}

impl HistoryVisibility {
    /// All of them, from the widest to the narrowest.
    pub const ALL: [Self; 4] = [
        Self::WorldReadable,
        Self::Shared,
        Self::Invited,
        Self::Joined,
    ];

    /// The value of `history_visibility` in an event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WorldReadable => "world_readable",
            Self::Shared => "shared",
            Self::Invited => "invited",
            Self::Joined => "joined",
        }
    }

    pub(super) fn of(content: &Object) -> Self {
        Self::named(content.get("history_visibility").and_then(Value::as_str))
    }

    /// The same of canonical text.
    pub(super) fn of_canonical(content: RawValue<'_>) -> Self {
        let text = content.get("history_visibility").and_then(RawValue::as_str);
        Self::named(text.as_deref())
    }

    fn named(text: Option<&str>) -> Self {
        Self::ALL
            .into_iter()
            .find(|visibility| Some(visibility.as_str()) == text)
            .unwrap_or_default()
    }
}

impl fmt::Display for HistoryVisibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
