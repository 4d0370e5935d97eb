//! `m.room.create`.

use serde::{Deserialize, Serialize};

use crate::id::UserId;
use crate::json::{Object, Value};

/// What the rules read of a create event's content.
///
/// Spec: [`m.room.create`](https://spec.matrix.org/v1.19/client-server-api/#mroomcreate).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// `room_version`.
    pub room_version: NamedVersion,
    /// Whether there is a `creator`, of whatever type.
    pub has_creator: bool,
    /// `creator`, if it is a string.
    pub creator: Option<Box<str>>,
    /// Whether servers other than the creator's may take part: `m.federate` is `true` or absent.
    pub federates: bool,
    /// `additional_creators`.
    pub additional_creators: AdditionalCreators,
}

/// The room version that a create event names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedVersion {
    /// None, which means version 1.
    Absent,
    /// This one.
    Id(Box<str>),
    /// Something that is not a string.
    NotText,
}

/// `additional_creators` of a create event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdditionalCreators {
    /// There is no such key.
    Absent,
    /// An array of valid user ids: here sorted, and each once.
    Users(Vec<UserId>),
    /// Anything else.
    Malformed,
}

impl Create {
    pub(super) fn of(content: &Object) -> Self {
        let creator = content.get("creator");
        Self {
            room_version: match content.get("room_version") {
                None => NamedVersion::Absent,
                Some(Value::String(id)) => NamedVersion::Id(id.as_str().into()),
                Some(_) => NamedVersion::NotText,
            },
            has_creator: creator.is_some(),
            creator: creator.and_then(Value::as_str).map(Into::into),
            federates: matches!(content.get("m.federate"), None | Some(Value::Bool(true))),
            additional_creators: additional_creators(content.get("additional_creators")),
        }
    }
}

fn additional_creators(value: Option<&Value>) -> AdditionalCreators {
    let Some(value) = value else {
        return AdditionalCreators::Absent;
    };
    let users = value.as_array().and_then(|list| {
        list.iter()
            .map(|user| UserId::parse(user.as_str()?).ok())
            .collect::<Option<Vec<_>>>()
    });
    users.map_or(AdditionalCreators::Malformed, |mut users| {
        users.sort_unstable();
        users.dedup();
        AdditionalCreators::Users(users)
    })
}
