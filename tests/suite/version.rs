//! Room versions: the whole grid, stated a second time.

use std::collections::BTreeSet;

use roomdag::json::{Mode, Select};
use roomdag::version::{
    AliasRule, CreateReference, CreatorRule, EventIdFormat, EventReferences, GuardedLevelMaps,
    JoinRule, KeyValidity, LevelForms, Numbering, OverlongIdentifier, Readings, RedactionRule,
    RedactsIn, RegistryError, RoomIdFormat, RoomVersionRules, RoomVersions, StateResolution, V1,
    V12,
};

fn version(id: &str) -> RoomVersionRules {
    *RoomVersions::stable().get(id).unwrap()
}

/// One row of the grid: a property, and its value in versions 1 to 12.
fn row<T: PartialEq + std::fmt::Debug>(property: fn(&RoomVersionRules) -> T, values: [T; 12]) {
    for (number, value) in (1..).zip(values) {
        assert_eq!(
            property(&version(&number.to_string())),
            value,
            "room version {number}"
        );
    }
}

#[test]
#[rustfmt::skip]
fn the_versions_are_the_grid() {
    use Mode::{Lenient as Len, Strict as Str};
    row(|v| v.canonical_json, [Len, Len, Len, Len, Len, Str, Str, Str, Str, Str, Str, Str]);

    use EventIdFormat::{Field as F, ReferenceHash as H, ReferenceHashUrlSafe as U};
    row(|v| v.event_id, [F, F, H, U, U, U, U, U, U, U, U, U]);

    use EventReferences::{Ids, Pairs};
    row(|v| v.references, [Pairs, Pairs, Ids, Ids, Ids, Ids, Ids, Ids, Ids, Ids, Ids, Ids]);

    use RoomIdFormat::{CreateHash as C, WithServer as S};
    row(|v| v.room_id, [S, S, S, S, S, S, S, S, S, S, S, C]);

    let (big, safe) = (i64::MAX, (1 << 53) - 1);
    row(|v| v.max_depth, [big, big, big, big, big, safe, safe, safe, safe, safe, safe, safe]);

    use OverlongIdentifier::{Drops as D, Rejects as R};
    row(|v| v.overlong_identifier, [R, R, R, R, R, R, R, R, R, R, D, D]);

    use KeyValidity::{Enforced as E, Ignored as I};
    row(|v| v.key_validity, [I, I, I, I, E, E, E, E, E, E, E, E]);

    use RedactsIn::{Content as Con, Event as Ev};
    row(|v| v.redacts, [Ev, Ev, Ev, Ev, Ev, Ev, Ev, Ev, Ev, Ev, Con, Con]);

    use LevelForms::{Integer as Int, IntegerString as IS, IntegerStringFloat as ISF};
    row(|v| v.power_levels, [ISF, ISF, ISF, ISF, ISF, IS, IS, IS, IS, Int, Int, Int]);

    use GuardedLevelMaps::{Events as Evs, EventsAndNotifications as EN};
    row(|v| v.auth.guarded_level_maps, [Evs, Evs, Evs, Evs, Evs, EN, EN, EN, EN, EN, EN, EN]);

    row(|v| v.auth.join_rules.len(), [2, 2, 2, 2, 2, 2, 3, 4, 4, 5, 5, 5]);
    row(|v| v.auth.knows(JoinRule::Knock),
        [false, false, false, false, false, false, true, true, true, true, true, true]);
    row(|v| v.auth.knows(JoinRule::Restricted),
        [false, false, false, false, false, false, false, true, true, true, true, true]);
    row(|v| v.auth.knows(JoinRule::KnockRestricted),
        [false, false, false, false, false, false, false, false, false, true, true, true]);

    use AliasRule::{None as No, OwnServer as Own};
    row(|v| v.auth.aliases, [Own, Own, Own, Own, Own, No, No, No, No, No, No, No]);

    use RedactionRule::{LevelOrDomain as LD, None as Non};
    row(|v| v.auth.redactions, [LD, LD, Non, Non, Non, Non, Non, Non, Non, Non, Non, Non]);

    use CreatorRule::{Content as Cc, Sender as Cs, SenderAndAdditional as Ca};
    row(|v| v.auth.creator, [Cc, Cc, Cc, Cc, Cc, Cc, Cc, Cc, Cc, Cc, Cs, Ca]);

    use CreateReference::{Forbidden as Forb, Required as Req};
    row(|v| v.auth.create_reference, [Req, Req, Req, Req, Req, Req, Req, Req, Req, Req, Req, Forb]);

    use Numbering as N;
    row(|v| v.auth.numbering,
        [N::A, N::A, N::B, N::B, N::B, N::C, N::D, N::E, N::E, N::F, N::G, N::H]);

    let (v1, v2, v2_1) = (StateResolution::V1, StateResolution::V2, StateResolution::V2_1);
    row(|v| v.state_resolution, [v1, v2, v2, v2, v2, v2, v2, v2, v2, v2, v2, v2_1]);

    row(|v| v.readings, [Readings::NETWORK; 12]);
}

/// The keys of an object that are kept.
fn keys(select: Select<'static>) -> BTreeSet<&'static str> {
    match select {
        Select::Only(keys) => keys.iter().map(|(key, _)| *key).collect(),
        Select::All => BTreeSet::from(["*"]),
        Select::Without(_) => panic!("redaction keeps, it does not remove"),
    }
}

fn content_keys(select: Select<'static>) -> BTreeSet<&'static str> {
    match select {
        Select::Only(kept) => keys(kept.iter().find(|(key, _)| *key == "content").unwrap().1),
        _ => panic!("redaction keeps some top-level keys only"),
    }
}

#[test]
#[rustfmt::skip]
fn redaction_keeps_what_the_grid_says() {
    let old = BTreeSet::from([
        "auth_events", "content", "depth", "event_id", "hashes", "membership", "origin",
        "origin_server_ts", "prev_events", "prev_state", "room_id", "sender", "signatures",
        "state_key", "type",
    ]);
    let gone = BTreeSet::from(["membership", "origin", "prev_state"]);
    let new: BTreeSet<_> = old.difference(&gone).copied().collect();
    let levels = "ban events events_default kick redact state_default users users_default";
    let all_levels = format!("{levels} invite");
    let (member, authorised) = ("membership", "membership join_authorised_via_users_server");
    let third = "membership join_authorised_via_users_server third_party_invite";
    let (rule, allow) = ("join_rule", "join_rule allow");
    let visibility = "history_visibility";
    //   versions    member      create     join rules power levels  aliases    visibility  redaction  top level
    let grid = [
        (1..=5,   [member,     "creator", rule,      levels,       "aliases", visibility, ""],        &old),
        (6..=7,   [member,     "creator", rule,      levels,       "",        visibility, ""],        &old),
        (8..=8,   [member,     "creator", allow,     levels,       "",        visibility, ""],        &old),
        (9..=10,  [authorised, "creator", allow,     levels,       "",        visibility, ""],        &old),
        (11..=12, [third,      "*",       allow,     &all_levels,  "",        visibility, "redacts"], &new),
    ];
    let types = [
        "m.room.member", "m.room.create", "m.room.join_rules", "m.room.power_levels",
        "m.room.aliases", "m.room.history_visibility", "m.room.redaction",
    ];
    for (versions, contents, top_level) in grid {
        for number in versions {
            let redaction = version(&number.to_string()).redaction;
            for (event_type, content) in types.iter().zip(contents) {
                let kept = redaction.kept(event_type);
                let expected: BTreeSet<_> = content.split_whitespace().collect();
                assert_eq!(content_keys(kept.redacted), expected, "{event_type}, v{number}");
                assert_eq!(&keys(kept.redacted), top_level, "{event_type}, v{number}");
                let mut signed = keys(kept.signed);
                assert!(signed.insert("signatures"), "{event_type}, v{number}");
                assert_eq!(&signed, top_level, "{event_type}, v{number}");
                assert_eq!(content_keys(kept.signed), expected, "{event_type}, v{number}");
            }
            assert!(content_keys(redaction.kept("m.room.topic").redacted).is_empty());
        }
    }
}

#[test]
fn the_specification_s_ids_cannot_be_registered() {
    for id in ["1", "12", "13", "1.2", "", "m.own"] {
        let custom = RoomVersionRules { id, ..V12 };
        let error = RoomVersions::stable().with(custom).unwrap_err();
        assert_eq!(error, RegistryError::Reserved { id });
    }
}

#[test]
fn an_id_is_registered_once() {
    let custom = RoomVersionRules {
        id: "org.example",
        ..V12
    };
    let versions = RoomVersions::stable().with(custom).unwrap();
    assert_eq!(versions.iter().count(), 13);
    let error = versions.with(custom).unwrap_err();
    assert_eq!(error, RegistryError::Taken { id: "org.example" });
}

#[test]
fn a_room_without_a_version_is_of_version_1() {
    assert_eq!(RoomVersions::unnamed(), &V1);
}
