//! The twelve stable room versions, each written as its difference from the one before.

use crate::json::Mode;
use crate::version::{
    AliasRule, AuthRules, CreateReference, CreatorRule, EventIdFormat, EventReferences,
    GuardedLevelMaps, JoinRule, KeyValidity, LevelForms, Numbering, OverlongIdentifier, Readings,
    RedactionRule, RedactionRules, RedactsIn, RoomIdFormat, RoomVersionRules, StateResolution,
};

/// [Room version 1](https://spec.matrix.org/v1.19/rooms/v1/): where it all began.
pub const V1: RoomVersionRules = RoomVersionRules {
    id: "1",
    canonical_json: Mode::Lenient,
    event_id: EventIdFormat::Field,
    references: EventReferences::Pairs,
    room_id: RoomIdFormat::WithServer,
    max_depth: i64::MAX,
    overlong_identifier: OverlongIdentifier::Rejects,
    key_validity: KeyValidity::Ignored,
    redaction: RedactionRules::V1,
    redacts: RedactsIn::Event,
    power_levels: LevelForms::IntegerStringFloat,
    auth: AuthRules {
        numbering: Numbering::A,
        join_rules: &[JoinRule::Public, JoinRule::Invite],
        aliases: AliasRule::OwnServer,
        redactions: RedactionRule::LevelOrDomain,
        creator: CreatorRule::Content,
        create_reference: CreateReference::Required,
        guarded_level_maps: GuardedLevelMaps::Events,
    },
    state_resolution: StateResolution::V1,
    readings: Readings::NETWORK,
};

/// [Room version 2](https://spec.matrix.org/v1.19/rooms/v2/): a new state resolution.
pub const V2: RoomVersionRules = RoomVersionRules {
    id: "2",
    state_resolution: StateResolution::V2,
    ..V1
};

/// [Room version 3](https://spec.matrix.org/v1.19/rooms/v3/): event ids are hashes, and whether
/// a redaction takes effect is no longer a matter of authorisation.
pub const V3: RoomVersionRules = RoomVersionRules {
    id: "3",
    event_id: EventIdFormat::ReferenceHash,
    references: EventReferences::Ids,
    auth: AuthRules {
        numbering: Numbering::B,
        redactions: RedactionRule::None,
        ..V2.auth
    },
    ..V2
};

/// [Room version 4](https://spec.matrix.org/v1.19/rooms/v4/): event ids are safe in URLs.
pub const V4: RoomVersionRules = RoomVersionRules {
    id: "4",
    event_id: EventIdFormat::ReferenceHashUrlSafe,
    ..V3
};

/// [Room version 5](https://spec.matrix.org/v1.19/rooms/v5/): signing keys expire.
pub const V5: RoomVersionRules = RoomVersionRules {
    id: "5",
    key_validity: KeyValidity::Enforced,
    ..V4
};

/// [Room version 6](https://spec.matrix.org/v1.19/rooms/v6/): canonical JSON is enforced,
/// `m.room.aliases` loses its own rule, and `notifications` levels are guarded like `events`.
pub const V6: RoomVersionRules = RoomVersionRules {
    id: "6",
    canonical_json: Mode::Strict,
    max_depth: (1 << 53) - 1,
    redaction: RedactionRules::V6,
    power_levels: LevelForms::IntegerString,
    auth: AuthRules {
        numbering: Numbering::C,
        aliases: AliasRule::None,
        guarded_level_maps: GuardedLevelMaps::EventsAndNotifications,
        ..V5.auth
    },
    ..V5
};

/// [Room version 7](https://spec.matrix.org/v1.19/rooms/v7/): knocking.
pub const V7: RoomVersionRules = RoomVersionRules {
    id: "7",
    auth: AuthRules {
        numbering: Numbering::D,
        join_rules: &[JoinRule::Public, JoinRule::Invite, JoinRule::Knock],
        ..V6.auth
    },
    ..V6
};

/// [Room version 8](https://spec.matrix.org/v1.19/rooms/v8/): restricted joins.
pub const V8: RoomVersionRules = RoomVersionRules {
    id: "8",
    redaction: RedactionRules::V8,
    auth: AuthRules {
        numbering: Numbering::E,
        join_rules: &[
            JoinRule::Public,
            JoinRule::Invite,
            JoinRule::Knock,
            JoinRule::Restricted,
        ],
        ..V7.auth
    },
    ..V7
};

/// [Room version 9](https://spec.matrix.org/v1.19/rooms/v9/): redacted joins keep the user who
/// authorised them.
pub const V9: RoomVersionRules = RoomVersionRules {
    id: "9",
    redaction: RedactionRules::V9,
    ..V8
};

/// [Room version 10](https://spec.matrix.org/v1.19/rooms/v10/): power levels are integers, and
/// knocking and restricted joins can be had together.
pub const V10: RoomVersionRules = RoomVersionRules {
    id: "10",
    power_levels: LevelForms::Integer,
    auth: AuthRules {
        numbering: Numbering::F,
        join_rules: &JoinRule::ALL,
        ..V9.auth
    },
    ..V9
};

/// [Room version 11](https://spec.matrix.org/v1.19/rooms/v11/): clearer redactions, and the
/// creator is the sender of the create event.
pub const V11: RoomVersionRules = RoomVersionRules {
    id: "11",
    overlong_identifier: OverlongIdentifier::Drops,
    redaction: RedactionRules::V11,
    redacts: RedactsIn::Content,
    auth: AuthRules {
        numbering: Numbering::G,
        creator: CreatorRule::Sender,
        ..V10.auth
    },
    ..V10
};

/// [Room version 12](https://spec.matrix.org/v1.19/rooms/v12/): the room id is the hash of the
/// create event, creators have infinite power, and state resolution v2.1.
pub const V12: RoomVersionRules = RoomVersionRules {
    id: "12",
    room_id: RoomIdFormat::CreateHash,
    auth: AuthRules {
        numbering: Numbering::H,
        creator: CreatorRule::SenderAndAdditional,
        create_reference: CreateReference::Forbidden,
        ..V11.auth
    },
    state_resolution: StateResolution::V2_1,
    ..V11
};

/// The stable versions, in order.
pub(super) const STABLE: [&RoomVersionRules; 12] = [
    &V1, &V2, &V3, &V4, &V5, &V6, &V7, &V8, &V9, &V10, &V11, &V12,
];
