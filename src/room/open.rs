//! How a server comes to have a room: by its create event, or by joining.

use std::collections::{BTreeMap, BTreeSet};

use crate::crypto::{self, KeyRing, Timestamp, VerifyError};
use crate::event::HashCheck;
use crate::id::{EventId, RoomId};
use crate::json::{Mode, Object, Value};
use crate::limits::Limits;
use crate::pdu::{CREATE, FormatError, Pdu};
use crate::resolve;
use crate::room::checkpoint::Saved;
use crate::room::queue::Queue;
use crate::room::receive::{Door, Verified};
use crate::room::{Claim, ClaimError, Notice, Receipt, Rejection, Room, Standing};
use crate::timeline::{Extremities, Timeline};
use crate::version::{RoomVersionRules, RoomVersions};

/// What the host decides about a room before there is one.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The room versions that the host works with.
    pub versions: RoomVersions,
    /// The room's version, if the host knows it from elsewhere. Otherwise the create event says,
    /// which in room versions before 11 a redacted one does not.
    pub room_version: Option<String>,
    /// The bounds within which the room works.
    pub limits: Limits,
    /// How states are resolved, if not as the room version has it.
    pub resolve: Option<resolve::Options>,
}

/// Why there is no room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// What should be the create event is not an event of the room version.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// It is not a create event with an empty state key.
    #[error("this is not a create event")]
    NotCreate,
    /// The room version is not among those of the host.
    #[error("room version `{id:.255}` is not known")]
    UnknownVersion {
        /// The version that was named.
        id: String,
    },
    /// What the create event says of its room version is no string.
    #[error("the `room_version` of the create event is not a string")]
    RoomVersionNotText,
    /// The create event is altered, so that nobody can tell which room version it named.
    #[error("the create event is not intact and does not say the room version")]
    VersionLost,
    /// It is not signed as it must be, or keys are missing to tell.
    #[error(transparent)]
    Signatures(#[from] VerifyError),
    /// The rules reject it.
    #[error("the create event is rejected: {0}")]
    Rejected(Rejection),
    /// There is no create event in the answer to the join.
    #[error("the answer has no create event")]
    NoCreate,
    /// The join itself does not get in.
    #[error("the join does not get in")]
    NotJoined(Box<Receipt>),
    /// The state that came with the answer was not taken.
    #[error(transparent)]
    Claim(#[from] ClaimError),
}

impl Room {
    /// Opens a room from its create event. Its version comes from there, for good.
    ///
    /// # Errors
    ///
    /// Any [`OpenError`] but [`NoCreate`](OpenError::NoCreate),
    /// [`NotJoined`](OpenError::NotJoined) and [`Claim`](OpenError::Claim).
    ///
    /// Spec: [`m.room.create`](https://spec.matrix.org/v1.19/client-server-api/#mroomcreate).
    pub fn open(
        create: &[u8],
        setup: &Setup,
        keys: &KeyRing,
        now: Timestamp,
    ) -> Result<(Self, Receipt), OpenError> {
        let rules = version_of(create, setup)?;
        let pdu = Pdu::parse(create, &rules, &setup.limits)?;
        if pdu.event_type() != CREATE || pdu.state_key() != Some("") {
            return Err(OpenError::NotCreate);
        }
        let event = crypto::verify(pdu.clone(), &rules, keys, now, &setup.limits)?;
        let is_altered = event.provenance().content_hash == HashCheck::Mismatch;
        if is_altered && setup.room_version.is_none() {
            return Err(OpenError::VersionLost);
        }
        let (create, id) = (event.id().clone(), event.room_id.clone());
        let mut room = Self::without_events(&rules, setup, create, id);
        let verified = Verified {
            door: Door::Live,
            event,
            pdu,
        };
        let (receipt, _) = room.admit(verified, None);
        match receipt {
            Receipt::Rejected { because, .. } => Err(OpenError::Rejected(because)),
            receipt => Ok((room, receipt)),
        }
    }

    /// Opens a room from another server's answer to a join: the join, and the state before it.
    ///
    /// `join` is the event that the answer holds, if it holds one: a restricted join has the
    /// signature of the other server only there. The state is a [`Claim`], full or partial; see
    /// [`Room::claim`]. The join is among what the notices settle.
    ///
    /// # Errors
    ///
    /// Any [`OpenError`]. With [`ClaimError::Missing`] the host fetches what is named, adds the
    /// events to `auth_chain`, and calls again.
    ///
    /// Spec: [`PUT /send_join`][join].
    ///
    /// [join]: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2send_joinroomideventid
    pub fn join(
        join: &[u8],
        claim: &Claim<'_>,
        setup: &Setup,
        keys: &KeyRing,
        now: Timestamp,
    ) -> Result<(Self, Vec<Notice>), OpenError> {
        let bodies = claim.events.iter().chain(&claim.auth_chain);
        let create = bodies
            .copied()
            .find(|bytes| is_create(bytes))
            .ok_or(OpenError::NoCreate)?;
        let (mut room, opened) = Self::open(create, setup, keys, now)?;
        // The create event has come with the claim.
        room.aside.extend(room.extremities.iter());
        room.extremities = Extremities::default();
        room.find_current();
        let mut notices: Vec<Notice> = opened
            .admitted()
            .cloned()
            .map(Notice::Outlier)
            .into_iter()
            .collect();
        let receipt = match room.receive(join, keys, now).receipt {
            Receipt::Waiting(missing) if missing.keys.is_empty() => {
                notices.extend(room.claim(&missing.event, claim, keys, now)?);
                let settled = notices.iter().find_map(|notice| match notice {
                    Notice::Settled { event, receipt } if *event == missing.event => Some(receipt),
                    _ => None,
                });
                settled.cloned().ok_or(ClaimError::UnknownEvent {
                    event: missing.event,
                })?
            }
            Receipt::Waiting(missing) => {
                let mut keys = room.keys_missing_from(claim, keys, now);
                keys.extend(missing.keys);
                return Err(OpenError::Claim(ClaimError::Missing {
                    events: Vec::new(),
                    keys: keys.into_iter().collect(),
                }));
            }
            // It follows the create event, so nothing is missing.
            receipt => {
                if let Some(event) = receipt.event().cloned() {
                    let receipt = receipt.clone();
                    notices.push(Notice::Settled { event, receipt });
                }
                receipt
            }
        };
        room.revise_outliers(&mut notices);
        if receipt.standing().is_some_and(is_in) {
            Ok((room, notices))
        } else {
            Err(OpenError::NotJoined(Box::new(receipt)))
        }
    }

    /// A room of which only the identity is known.
    pub(super) fn without_events(
        rules: &RoomVersionRules,
        setup: &Setup,
        create: EventId,
        id: RoomId,
    ) -> Self {
        let options = setup.resolve.unwrap_or_else(|| resolve::Options::of(rules));
        let remembered = setup.limits.remembered_resolutions;
        Self {
            id,
            limits: setup.limits,
            timeline: Timeline::new(rules, options, Some(create), remembered),
            queue: Queue::default(),
            extremities: Extremities::default(),
            current: None,
            history: BTreeSet::new(),
            past: BTreeSet::new(),
            aside: BTreeSet::new(),
            is_unsettled: false,
            hashes: BTreeMap::new(),
            redactions: BTreeMap::new(),
            users: BTreeMap::new(),
            saved: Saved::default(),
        }
    }
}

fn is_in(standing: Standing) -> bool {
    matches!(standing, Standing::Accepted | Standing::Provisional)
}

/// Whether this is the JSON of a create event with an empty state key.
fn is_create(bytes: &[u8]) -> bool {
    let word = CREATE.as_bytes();
    let may_be = bytes.windows(word.len()).any(|window| window == word);
    let json = may_be
        .then(|| Object::parse(bytes, Mode::Lenient).ok())
        .flatten();
    json.is_some_and(|json| {
        let text = |key| json.get(key).and_then(Value::as_str);
        text("type") == Some(CREATE) && text("state_key") == Some("")
    })
}

/// The rules of the room version that the host or the create event names.
fn version_of(create: &[u8], setup: &Setup) -> Result<RoomVersionRules, OpenError> {
    let id = match &setup.room_version {
        Some(id) => id.clone(),
        None => stated_version(create, &setup.limits)?,
    };
    let rules = setup.versions.get(&id).copied();
    rules.ok_or(OpenError::UnknownVersion { id })
}

fn stated_version(create: &[u8], limits: &Limits) -> Result<String, OpenError> {
    let json = Object::parse_within(create, Mode::Lenient, limits).map_err(FormatError::from)?;
    if json.get("type").and_then(Value::as_str) != Some(CREATE) {
        return Err(OpenError::NotCreate);
    }
    let content = json.get("content").and_then(Value::as_object);
    match content.and_then(|content| content.get("room_version")) {
        None => Ok(RoomVersions::unnamed().id.to_owned()),
        Some(Value::String(id)) => Ok(id.as_str().to_owned()),
        Some(_) => Err(OpenError::RoomVersionNotText),
    }
}
