//! `m.room.power_levels`.

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};

use std::cmp::Ordering;

use crate::id::UserId;
use crate::json::{Object, RawValue, Value};
use crate::pdu::content::{Level, Power};
use crate::version::{LevelForms, RoomVersionRules};

/// A power levels event's content.
///
/// Spec: [`m.room.power_levels`][levels].
///
/// [levels]: https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PowerLevels {
    named: [StatedLevel; 7],
    /// `users`.
    pub users: LevelMap,
    /// `events`.
    pub events: LevelMap,
    /// `notifications`.
    pub notifications: LevelMap,
    /// The first thing that the room version's rules on the content's shape object to.
    pub defect: Option<LevelDefect>,
}

/// The levels that have a property of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedLevel {
    /// `users_default`: of users that `users` does not list.
    UsersDefault,
    /// `events_default`: for sending message events that `events` does not list.
    EventsDefault,
    /// `state_default`: for sending state events that `events` does not list.
    StateDefault,
    /// `ban`.
    Ban,
    /// `redact`.
    Redact,
    /// `kick`.
    Kick,
    /// `invite`.
    Invite,
}

impl NamedLevel {
    /// All of them, in the order in which the specification lists them.
    pub const ALL: [Self; 7] = [
        Self::UsersDefault,
        Self::EventsDefault,
        Self::StateDefault,
        Self::Ban,
        Self::Redact,
        Self::Kick,
        Self::Invite,
    ];

    /// The property.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UsersDefault => "users_default",
            Self::EventsDefault => "events_default",
            Self::StateDefault => "state_default",
            Self::Ban => "ban",
            Self::Redact => "redact",
            Self::Kick => "kick",
            Self::Invite => "invite",
        }
    }

    /// The level where no power levels event states it, or where there is none.
    ///
    /// Spec: [`m.room.power_levels`][levels].
    ///
    /// [levels]: https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels
    #[must_use]
    pub const fn default_level(self) -> i64 {
        match self {
            Self::UsersDefault | Self::EventsDefault | Self::Invite => 0,
            Self::StateDefault | Self::Ban | Self::Redact | Self::Kick => 50,
        }
    }
}

/// What an event states as a level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StatedLevel {
    /// Nothing.
    #[default]
    Absent,
    /// `null`, which reads as nothing where the room version does not forbid it.
    Null,
    /// A level.
    Level(Level),
    /// Something that is not a level.
    Malformed,
}

impl StatedLevel {
    fn of(value: Option<&Value>, rules: &RoomVersionRules) -> Self {
        match value {
            None => Self::Absent,
            Some(Value::Null) => Self::Null,
            Some(value) => Level::of(value, rules).map_or(Self::Malformed, Self::Level),
        }
    }

    /// The same of canonical text. An array or object is no level, and is not looked into.
    fn of_canonical(value: RawValue<'_>, rules: &RoomVersionRules) -> Self {
        if value.is_array() || value.is_object() {
            return Self::Malformed;
        }
        let integer = value.as_i64().filter(|_| value.is_integer());
        let value = integer.map_or_else(|| value.to_value(), Value::from);
        Self::of(Some(&value), rules)
    }

    /// The level, if one is stated.
    #[must_use]
    pub fn level(&self) -> Option<&Level> {
        match self {
            Self::Level(level) => Some(level),
            _ => None,
        }
    }

    /// Whether something else than a level is stated.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        matches!(self, Self::Null | Self::Malformed)
    }
}

/// A map from names to levels: `users`, `events` or `notifications`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "UnsortedLevelMap")]
pub struct LevelMap {
    /// Sorted by name.
    entries: Vec<(Box<str>, StatedLevel)>,
    shape: Shape,
}

/// What a level map is in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    #[default]
    Absent,
    Object,
    /// An empty array or string: it has no entries, but cannot be looked up in either.
    Empty,
    Malformed,
}

/// Entries that nobody has sorted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnsortedLevelMap {
    entries: Vec<(Box<str>, StatedLevel)>,
    shape: Shape,
}

impl TryFrom<UnsortedLevelMap> for LevelMap {
    type Error = &'static str;

    fn try_from(map: UnsortedLevelMap) -> Result<Self, Self::Error> {
        let UnsortedLevelMap { entries, shape } = map;
        if entries.is_sorted_by(|(one, _), (next, _)| one < next) {
            Ok(Self { entries, shape })
        } else {
            Err("the entries are not sorted")
        }
    }
}

impl LevelMap {
    fn of(value: Option<&Value>, rules: &RoomVersionRules) -> Self {
        let shape = match value {
            None => Shape::Absent,
            Some(Value::Object(_)) => Shape::Object,
            Some(Value::Array(list)) if list.is_empty() => Shape::Empty,
            Some(Value::String(text)) if text.is_empty() => Shape::Empty,
            Some(_) => Shape::Malformed,
        };
        let entries = value
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(Object::iter)
            .map(|(name, level)| (name.into(), StatedLevel::of(Some(level), rules)))
            .collect();
        Self { entries, shape }
    }

    /// The same of canonical text. One pass, and no tree.
    fn of_canonical(value: RawValue<'_>, rules: &RoomVersionRules) -> Self {
        let shape = match value.as_text() {
            "[]" | r#""""# => Shape::Empty,
            _ if value.is_object() => Shape::Object,
            _ => Shape::Malformed,
        };
        let level = |level| StatedLevel::of_canonical(level, rules);
        let entries = value.members();
        Self {
            entries: entries
                .map(|(name, value)| (name.into(), level(value)))
                .collect(),
            shape,
        }
    }

    /// What is stated for `name`. O(log n).
    #[must_use]
    pub fn get(&self, name: &str) -> &StatedLevel {
        let found = self
            .entries
            .binary_search_by(|(entry, _)| (**entry).cmp(name));
        found
            .ok()
            .and_then(|index| self.entries.get(index))
            .map_or(&ABSENT, |(_, level)| level)
    }

    /// The entries, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &StatedLevel)> {
        self.entries.iter().map(|(name, level)| (&**name, level))
    }

    /// The entries for which `other` states something else, sorted by name. Linear in both.
    pub fn differing<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = (&'a str, &'a StatedLevel)> {
        let mut theirs = other.iter().peekable();
        self.iter().filter(move |(name, level)| {
            let stated = loop {
                match theirs
                    .peek()
                    .map(|(other, stated)| (other.cmp(name), *stated))
                {
                    Some((Ordering::Less, _)) => drop(theirs.next()),
                    Some((Ordering::Equal, stated)) => break stated,
                    Some((Ordering::Greater, _)) | None => break &ABSENT,
                }
            };
            stated != *level
        })
    }

    /// Whether it can be told which entries there are.
    #[must_use]
    pub fn is_enumerable(&self) -> bool {
        self.shape != Shape::Malformed
    }

    /// Whether entries can be looked up: it is an object, or absent.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        matches!(self.shape, Shape::Absent | Shape::Object)
    }
}

/// What is wrong with the shape of a power levels event's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelDefect {
    /// A named level is not an integer.
    Named(NamedLevel),
    /// `events` or `notifications` is not an object of integers.
    Map {
        /// Which of the two.
        property: &'static str,
        /// The first offending entry, if it is an object.
        entry: Option<Box<str>>,
    },
    /// `users` is not an object from user ids to levels.
    Users {
        /// The first offending entry, if it is an object.
        entry: Option<Box<str>>,
    },
}

/// A defect whose map may be none.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredDefect {
    Named(NamedLevel),
    Map {
        property: String,
        entry: Option<Box<str>>,
    },
    Users {
        entry: Option<Box<str>>,
    },
}

impl<'de> Deserialize<'de> for LevelDefect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match StoredDefect::deserialize(deserializer)? {
            StoredDefect::Named(name) => Self::Named(name),
            StoredDefect::Map { property, entry } => {
                let mut names = ["events", "notifications"].into_iter();
                let known = names.find(|known| *known == property);
                let property =
                    known.ok_or_else(|| D::Error::custom("there is no such map of levels"))?;
                Self::Map { property, entry }
            }
            StoredDefect::Users { entry } => Self::Users { entry },
        })
    }
}

impl PowerLevels {
    /// Reads the content of a power levels event.
    #[must_use]
    pub fn of(content: &Object, rules: &RoomVersionRules) -> Self {
        let map = |name| LevelMap::of(content.get(name), rules);
        Self {
            named: NamedLevel::ALL.map(|name| StatedLevel::of(content.get(name.as_str()), rules)),
            users: map("users"),
            events: map("events"),
            notifications: map("notifications"),
            defect: None,
        }
        .with_defect(rules)
    }

    /// The same of canonical text. One pass, and no tree.
    pub(super) fn of_canonical(content: RawValue<'_>, rules: &RoomVersionRules) -> Self {
        let mut levels = Self {
            named: Default::default(),
            users: LevelMap::default(),
            events: LevelMap::default(),
            notifications: LevelMap::default(),
            defect: None,
        };
        for (name, value) in content.members() {
            match &*name {
                "users" => levels.users = LevelMap::of_canonical(value, rules),
                "events" => levels.events = LevelMap::of_canonical(value, rules),
                "notifications" => levels.notifications = LevelMap::of_canonical(value, rules),
                name => {
                    let known = NamedLevel::ALL.iter().zip(&mut levels.named);
                    let stated = known.into_iter().find(|(known, _)| known.as_str() == name);
                    if let Some((_, stated)) = stated {
                        *stated = StatedLevel::of_canonical(value, rules);
                    }
                }
            }
        }
        levels.with_defect(rules)
    }

    fn with_defect(mut self, rules: &RoomVersionRules) -> Self {
        self.defect = match rules.power_levels {
            LevelForms::Integer => self.shape_defect().or_else(|| self.users_defect()),
            LevelForms::IntegerString | LevelForms::IntegerStringFloat => self.users_defect(),
        };
        self
    }

    fn shape_defect(&self) -> Option<LevelDefect> {
        let named = NamedLevel::ALL
            .into_iter()
            .find(|name| self.stated(*name).is_malformed());
        if let Some(name) = named {
            return Some(LevelDefect::Named(name));
        }
        [
            ("events", &self.events),
            ("notifications", &self.notifications),
        ]
        .into_iter()
        .find_map(|(property, map)| {
            let entry = map.iter().find(|(_, level)| level.is_malformed());
            (entry.is_some() || !map.is_readable()).then(|| LevelDefect::Map {
                property,
                entry: entry.map(|(name, _)| name.into()),
            })
        })
    }

    fn users_defect(&self) -> Option<LevelDefect> {
        let bad = |user: &str, level: &StatedLevel| level.is_malformed() || !UserId::is_loose(user);
        let entry = self.users.iter().find(|(user, level)| bad(user, level));
        (entry.is_some() || !self.users.is_readable()).then(|| LevelDefect::Users {
            entry: entry.map(|(user, _)| user.into()),
        })
    }

    /// What is stated for a named level.
    #[must_use]
    pub fn stated(&self, name: NamedLevel) -> &StatedLevel {
        let [users, events, state, ban, redact, kick, invite] = &self.named;
        match name {
            NamedLevel::UsersDefault => users,
            NamedLevel::EventsDefault => events,
            NamedLevel::StateDefault => state,
            NamedLevel::Ban => ban,
            NamedLevel::Redact => redact,
            NamedLevel::Kick => kick,
            NamedLevel::Invite => invite,
        }
    }

    /// The power that a named level stands for, defaults applied.
    #[must_use]
    pub fn named(&self, name: NamedLevel) -> Power {
        match self.stated(name) {
            StatedLevel::Absent | StatedLevel::Null => name.default_level().into(),
            StatedLevel::Level(level) => Power::Level(level.clone()),
            StatedLevel::Malformed => Power::Unreadable,
        }
    }

    /// The power of `user`, creators aside. O(log n).
    #[must_use]
    pub fn of_user(&self, user: &str) -> Power {
        if !self.users.is_readable() {
            return Power::Unreadable;
        }
        match self.users.get(user) {
            StatedLevel::Level(level) => Power::Level(level.clone()),
            StatedLevel::Malformed => Power::Unreadable,
            StatedLevel::Absent | StatedLevel::Null => self.named(NamedLevel::UsersDefault),
        }
    }

    /// The *required power level* for sending an event of this type. O(log n).
    ///
    /// Spec: [definitions](https://spec.matrix.org/v1.19/server-server-api/#definitions).
    #[must_use]
    pub fn required(&self, event_type: &str, is_state: bool) -> Power {
        if !self.events.is_readable() {
            return Power::Unreadable;
        }
        match self.events.get(event_type) {
            StatedLevel::Level(level) => Power::Level(level.clone()),
            StatedLevel::Malformed => Power::Unreadable,
            StatedLevel::Absent | StatedLevel::Null => self.named(if is_state {
                NamedLevel::StateDefault
            } else {
                NamedLevel::EventsDefault
            }),
        }
    }
}

static ABSENT: StatedLevel = StatedLevel::Absent;
