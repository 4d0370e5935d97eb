//! The properties in which room versions differ.

use serde::{Deserialize, Serialize};

use crate::json::Mode;
use crate::version::RedactionRules;
use crate::version::table::STABLE;

/// Everything that a room version decides.
///
/// A plain value: copy it, keep it, change a field to try an idea, and register the result under
/// an id of your own with [`RoomVersions::with`](crate::version::RoomVersions::with).
///
/// Spec: [room versions](https://spec.matrix.org/v1.19/rooms/).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomVersionRules {
    /// The id under which `content.room_version` of the create event names these rules.
    pub id: &'static str,
    /// Which JSON is canonical.
    pub canonical_json: Mode,
    /// Where event ids come from.
    pub event_id: EventIdFormat,
    /// How an event names other events.
    pub references: EventReferences,
    /// Where the room id comes from.
    pub room_id: RoomIdFormat,
    /// The largest `depth` that an event may have.
    pub max_depth: i64,
    /// What happens to an identifier of at most 255 code points but more than 255 bytes.
    pub overlong_identifier: OverlongIdentifier,
    /// Whether signing keys are held to the time for which their server vouched for them.
    pub key_validity: KeyValidity,
    /// What survives redaction.
    pub redaction: RedactionRules,
    /// Where a redaction event names its target.
    pub redacts: RedactsIn,
    /// Which JSON values count as a power level.
    pub power_levels: LevelForms,
    /// The variable parts of the authorisation rules.
    pub auth: AuthRules,
    /// The state resolution algorithm.
    pub state_resolution: StateResolution,
    /// How the text is read where it allows more than one reading.
    pub readings: Readings,
}

impl RoomVersionRules {
    /// Whether a create event may name `id` as the version of a room under these rules: it is
    /// these rules' own id or that of a stable version.
    ///
    /// Spec: rule 1.3 of the
    /// [authorisation rules](https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules).
    #[must_use]
    pub fn recognises(&self, id: &str) -> bool {
        self.id == id || STABLE.iter().any(|rules| rules.id == id)
    }
}

/// How the text is read where it allows more than one reading.
///
/// Every room version starts from [`Readings::NETWORK`], which is what the servers of today's
/// network compute. A researcher sets another reading by changing the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readings {
    /// What an absent named level (`ban`, `kick`, …) is compared as when it is added or removed.
    pub absent_level: AbsentLevel,
    /// Which strings are an integer.
    pub level_string: LevelString,
    /// Whom `m.federate: false` keeps out.
    pub federation: Federation,
    /// Which member events the authorising user's server must have signed.
    pub authoriser_signature: AuthoriserSignature,
}

impl Readings {
    /// What the servers of today's network compute.
    pub const NETWORK: Self = Self {
        absent_level: AbsentLevel::Nothing,
        level_string: LevelString::Python,
        federation: Federation::Senders,
        authoriser_signature: AuthoriserSignature::Joins,
    };
}

/// What an absent named level is compared as when it is added or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbsentLevel {
    /// As nothing: only the value that is there is compared.
    Nothing,
    /// As the level's default.
    Default,
}

/// Which strings are an integer, in room versions that accept strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelString {
    /// Whatever Python's `int()` takes: also digits of other scripts, and `_` between digits.
    Python,
    /// White space, a sign, ASCII digits, white space.
    Specification,
}

/// Whom `m.federate: false` keeps out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Federation {
    /// Senders of other servers.
    Senders,
    /// Senders of other servers, and other servers' users as targets of member events (MSC4361).
    SendersAndTargets,
}

/// Which member events the authorising user's server must have signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthoriserSignature {
    /// Joins.
    Joins,
    /// Every member event that names an authorising user.
    AllMemberEvents,
}

/// The parts of the authorisation rules that differ between room versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthRules {
    /// In which printing of the numbered list a rule is looked up.
    pub numbering: Numbering,
    /// The join rules that mean something. Every other value lets nobody in.
    pub join_rules: &'static [JoinRule],
    /// Whether `m.room.aliases` has a rule of its own.
    pub aliases: AliasRule,
    /// Whether `m.room.redaction` has a rule of its own.
    pub redactions: RedactionRule,
    /// Who counts as the room's creator.
    pub creator: CreatorRule,
    /// Whether events cite the create event.
    pub create_reference: CreateReference,
    /// Which maps of the power levels are guarded entry by entry, besides `users`.
    pub guarded_level_maps: GuardedLevelMaps,
}

impl AuthRules {
    /// Whether `join_rule` means something in this room version.
    #[must_use]
    pub fn knows(&self, join_rule: JoinRule) -> bool {
        self.join_rules.contains(&join_rule)
    }
}

/// A value of `join_rule` that some room version gives a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinRule {
    /// Anybody may join.
    Public,
    /// Only the invited may join.
    Invite,
    /// As `invite`, and anybody may ask to be invited.
    Knock,
    /// The invited may join, and whoever a member's server vouches for.
    Restricted,
    /// `knock` and `restricted` together.
    KnockRestricted,
}

impl JoinRule {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Public,
        Self::Invite,
        Self::Knock,
        Self::Restricted,
        Self::KnockRestricted,
    ];

    /// The value of `join_rule` in an event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Invite => "invite",
            Self::Knock => "knock",
            Self::Restricted => "restricted",
            Self::KnockRestricted => "knock_restricted",
        }
    }
}

/// Where event ids come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventIdFormat {
    /// The sending server chooses it and writes it into the event.
    Field,
    /// The reference hash, in the standard alphabet of Base64.
    ReferenceHash,
    /// The reference hash, in the URL-safe alphabet of Base64.
    ReferenceHashUrlSafe,
}

/// How an event names other events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventReferences {
    /// Pairs of an event id and an object with its hash.
    Pairs,
    /// Event ids.
    Ids,
}

/// Where the room id comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomIdFormat {
    /// The creator's server chooses it; it ends in that server's name.
    WithServer,
    /// It is the id of the create event, which therefore does not state it.
    CreateHash,
}

/// What happens to an identifier of at most 255 code points but more than 255 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverlongIdentifier {
    /// The event is kept, and rejected.
    Rejects,
    /// The event is dropped.
    Drops,
}

/// Whether signing keys are held to the time for which their server vouched for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyValidity {
    /// `valid_until_ts` is ignored.
    Ignored,
    /// A key must have been valid when the event was made.
    Enforced,
}

/// Where a redaction event names its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedactsIn {
    /// In `redacts` of the event itself.
    Event,
    /// In `redacts` of its content.
    Content,
}

/// Which JSON values count as a power level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelForms {
    /// Integers, strings of one, and floats, which are truncated.
    IntegerStringFloat,
    /// Integers and strings of one.
    IntegerString,
    /// Integers.
    Integer,
}

/// Whether `m.room.aliases` has a rule of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AliasRule {
    /// A server may set the aliases under its own name, member or not.
    OwnServer,
    /// It is a state event like any other.
    None,
}

/// Whether `m.room.redaction` has a rule of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedactionRule {
    /// The redact level or a common domain is needed to send one.
    LevelOrDomain,
    /// It is an event like any other; whether it takes effect is another question.
    None,
}

/// Who counts as the room's creator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreatorRule {
    /// The user named by `content.creator` of the create event.
    Content,
    /// The sender of the create event.
    Sender,
    /// The sender of the create event and its `additional_creators`, all of infinite power.
    SenderAndAdditional,
}

/// Whether events cite the create event in `auth_events`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateReference {
    /// They must.
    Required,
    /// They must not: the room id implies it.
    Forbidden,
}

/// Which maps of the power levels are guarded entry by entry, besides `users`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardedLevelMaps {
    /// `events`.
    Events,
    /// `events` and `notifications`.
    EventsAndNotifications,
}

/// The printings of the numbered list of authorisation rules: the specification renumbers it as
/// rules come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Numbering {
    /// Room versions 1 and 2.
    A,
    /// Room versions 3, 4 and 5.
    B,
    /// Room version 6.
    C,
    /// Room version 7.
    D,
    /// Room versions 8 and 9.
    E,
    /// Room version 10.
    F,
    /// Room version 11.
    G,
    /// Room version 12.
    H,
}

impl Numbering {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::A,
        Self::B,
        Self::C,
        Self::D,
        Self::E,
        Self::F,
        Self::G,
        Self::H,
    ];
}

/// The state resolution algorithm.
///
/// Spec: [v1](https://spec.matrix.org/v1.19/rooms/v1/#state-resolution),
/// [v2](https://spec.matrix.org/v1.19/rooms/v2/#state-resolution),
/// [v2.1](https://spec.matrix.org/v1.19/rooms/v12/#state-resolution).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StateResolution {
    /// By depth and event id, type after type.
    V1,
    /// By power, then along the mainline; v2 and v2.1 are settings of one algorithm.
    V2 {
        /// The state on which the first pass of iterative auth checks builds.
        first_pass: FirstPass,
        /// Whether the conflicted state subgraph joins the full conflicted set.
        subgraph: ConflictedSubgraph,
    },
}

impl StateResolution {
    /// The algorithm of room versions 2 to 11.
    pub const V2: Self = Self::V2 {
        first_pass: FirstPass::Unconflicted,
        subgraph: ConflictedSubgraph::LeftOut,
    };

    /// The algorithm of room version 12.
    pub const V2_1: Self = Self::V2 {
        first_pass: FirstPass::Empty,
        subgraph: ConflictedSubgraph::Included,
    };

    /// The algorithm's usual name: `v1`, `v2`, `v2.1`, or `custom` for another setting.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::V2_1 => "v2.1",
            Self::V2 { .. } => "custom",
        }
    }
}

/// The state on which the first pass of iterative auth checks builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FirstPass {
    /// The unconflicted state map.
    Unconflicted,
    /// Nothing.
    Empty,
}

/// Whether the conflicted state subgraph joins the full conflicted set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConflictedSubgraph {
    /// It does not.
    LeftOut,
    /// It does.
    Included,
}
