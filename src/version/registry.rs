//! From the id of a room version to its rules.

use crate::version::table::STABLE;
use crate::version::{RoomVersionRules, V1};

/// The room versions that an embedder works with: the twelve stable ones and any of its own.
///
/// ```
/// use roomdag::version::{RoomVersionRules, RoomVersions, V12};
///
/// // Version 12, but with state resolution as it was in version 11.
/// let rules = RoomVersionRules {
///     id: "org.example.v12-old-resolution",
///     state_resolution: roomdag::version::V11.state_resolution,
///     ..V12
/// };
/// let versions = RoomVersions::stable().with(rules)?;
/// assert_eq!(versions.get("org.example.v12-old-resolution"), Some(&rules));
/// assert_eq!(versions.get("12"), Some(&V12));
/// # Ok::<(), roomdag::version::RegistryError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RoomVersions {
    custom: Vec<RoomVersionRules>,
}

impl RoomVersions {
    /// The twelve stable room versions.
    #[must_use]
    pub fn stable() -> Self {
        Self::default()
    }

    /// Adds a room version of the embedder's.
    ///
    /// # Errors
    ///
    /// - [`RegistryError::Reserved`]: the id consists of what the specification reserves for
    ///   itself (digits, or the `m.` namespace) or is empty.
    /// - [`RegistryError::Taken`]: there already is a version of this id.
    pub fn with(mut self, rules: RoomVersionRules) -> Result<Self, RegistryError> {
        let reserved = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        if rules.id.bytes().all(reserved) || rules.id.starts_with("m.") {
            return Err(RegistryError::Reserved { id: rules.id });
        }
        if self.get(rules.id).is_some() {
            return Err(RegistryError::Taken { id: rules.id });
        }
        self.custom.push(rules);
        Ok(self)
    }

    /// The rules of the room version `id`.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&RoomVersionRules> {
        STABLE
            .into_iter()
            .chain(&self.custom)
            .find(|rules| rules.id == id)
    }

    /// The rules of the stable room version `id`.
    #[must_use]
    pub fn stable_rules(id: &str) -> Option<&'static RoomVersionRules> {
        STABLE.into_iter().find(|rules| rules.id == id)
    }

    /// The rules of a room whose create event does not name its version.
    ///
    /// Spec: [`m.room.create`](https://spec.matrix.org/v1.19/client-server-api/#mroomcreate).
    #[must_use]
    pub fn unnamed() -> &'static RoomVersionRules {
        &V1
    }

    /// All of them, the stable ones first.
    pub fn iter(&self) -> impl Iterator<Item = &RoomVersionRules> {
        STABLE.into_iter().chain(&self.custom)
    }
}

/// Why a room version cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The id belongs to the specification.
    #[error("room version id `{id}` is reserved by the specification")]
    Reserved {
        /// The id.
        id: &'static str,
    },
    /// The id is already in use.
    #[error("room version id `{id}` is already registered")]
    Taken {
        /// The id.
        id: &'static str,
    },
}
