//! Each preset shows what its name says, in every room version in which it makes sense.

use std::collections::BTreeSet;

use roomdag::crypto;
use roomdag::event::HashCheck;
use roomdag::json::{Object, Value};
use roomdag::lab::generate::Preset;
use roomdag::replay::Status;

use super::{Generated, versions};

/// Generates a room of a preset in each room version, and looks at it.
fn in_every_version(name: &str, look: impl Fn(&Generated)) {
    let preset = Preset::named(name).unwrap();
    for (seed, rules) in (0..).zip(versions(preset)) {
        // Shown only where a promise is broken.
        println!("{name}, version {}, seed {seed}", rules.id);
        look(&Generated::of(preset, &rules, seed));
    }
}

fn content(event: &Object) -> &Object {
    event.get("content").unwrap().as_object().unwrap()
}

fn membership(event: &Object) -> Option<&str> {
    content(event).get("membership")?.as_str()
}

fn number(event: &Object, key: &str) -> i64 {
    event.get(key).unwrap().as_i64().unwrap()
}

/// Every event is accepted, and was dropped by nobody.
fn is_valid(room: &Generated) -> bool {
    let all = room.room.events.len();
    room.count(Status::Accepted) == all && room.replay.order().len() == all
}

#[test]
fn calm_rooms_are_a_line_of_allowed_events() {
    in_every_version("calm", |room| {
        assert!(is_valid(room));
        assert_eq!(room.most_prev_events(), 1);
        assert_eq!(room.replay.extremities().len(), 1);
        assert!(room.accepted("m.room.message").len() > 40);
    });
}

#[test]
fn braided_rooms_fork_and_meet() {
    in_every_version("braid", |room| {
        assert!(room.most_prev_events() > 1);
        let doubtful = room.count(Status::SoftFailed);
        assert_eq!(
            room.count(Status::Accepted) + doubtful,
            room.room.events.len()
        );
    });
}

#[test]
fn late_events_arrive_after_what_follows_them() {
    in_every_version("late", |room| {
        let mut seen = BTreeSet::new();
        let mut late = 0;
        for event in &room.events {
            late += usize::from(event.prev_events().iter().any(|prev| !seen.contains(prev)));
            seen.insert(event.id().clone());
        }
        assert!(late > 10, "{late}");
        assert_eq!(room.count(Status::Waiting), 0);
    });
}

#[test]
fn storms_have_many_branches_in_conflict() {
    in_every_version("storm", |room| {
        assert!(room.most_prev_events() >= 4);
        assert!(room.decided_conflicts() > 0);
        assert!(room.accepted("m.room.power_levels").len() > 2);
    });
}

#[test]
fn moderators_ban_and_redact() {
    in_every_version("moderation", |room| {
        let members = room.accepted("m.room.member");
        assert!(members.iter().any(|event| membership(event) == Some("ban")));
        assert!(!room.accepted("m.room.redaction").is_empty());
    });
}

#[test]
fn the_history_visibility_changes() {
    in_every_version("visibility", |room| {
        let changes = room.accepted("m.room.history_visibility");
        let values = changes
            .iter()
            .map(|event| content(event).get("history_visibility"));
        assert!(
            values
                .collect::<Vec<_>>()
                .windows(2)
                .any(|pair| pair[0] != pair[1])
        );
    });
}

#[test]
fn servers_are_denied() {
    in_every_version("acl", |room| {
        assert!(room.accepted("m.room.server_acl").len() > 2);
    });
}

#[test]
fn duels_are_decided_by_resolution() {
    in_every_version("duel", |room| assert!(room.decided_conflicts() > 0));
}

#[test]
fn backdated_events_have_false_times_and_depths() {
    in_every_version("backdating", |room| {
        let events: Vec<Object> = ["m.room.member", "m.room.topic", "m.room.join_rules"]
            .iter()
            .flat_map(|event_type| room.accepted(event_type))
            .collect();
        let times = events.iter().map(|event| number(event, "origin_server_ts"));
        assert!(
            times
                .clone()
                .any(|time| !(1_700_000_000_000..1_800_000_000_000).contains(&time))
        );
        let depth_is_true = |event: &roomdag::event::Event| {
            let dag = room.replay.dag();
            let prev = event
                .prev_events()
                .iter()
                .filter_map(|id| dag.event(dag.node(id)?));
            let deepest = prev.map(|prev| prev.depth).max().unwrap_or_default();
            event.as_ref().depth == deepest.saturating_add(1)
        };
        assert!(!room.events.iter().all(depth_is_true));
    });
}

#[test]
fn banned_users_act_as_if_from_before() {
    in_every_version("ban-evasion", |room| {
        let rules: BTreeSet<&str> = room
            .replay
            .soft_failed()
            .filter_map(|node| Some(room.replay.verdict(node)?.objection()?.rule.name()))
            .collect();
        assert!(!rules.is_empty());
    });
}

#[test]
fn some_events_fail_softly() {
    in_every_version("soft-fail", |room| {
        assert!(room.count(Status::SoftFailed) > 1);
    });
}

#[test]
fn gaps_make_events_wait() {
    in_every_version("gap", |room| {
        assert!(!room.room.left_out.is_empty());
        assert!(room.count(Status::Waiting) > 0);
        assert!(room.replay.missing().count() > 0);
        assert!(room.count(Status::Accepted) > 40);
    });
}

#[test]
fn power_levels_are_odd() {
    let is_odd = |value: &Value| {
        value
            .as_i64()
            .is_none_or(|level| !(0..=100).contains(&level))
    };
    in_every_version("odd-levels", |room| {
        let odd = room.room.events.iter().filter(|bytes| {
            let event = Object::parse(bytes, roomdag::json::Mode::Lenient).unwrap();
            let is_levels = event.get("type").unwrap().as_str() == Some("m.room.power_levels");
            is_levels && {
                let content = content(&event);
                let maps = ["users", "events", "notifications"];
                let named = content.iter().filter(|(key, _)| !maps.contains(key));
                let entries = maps.iter().filter_map(|map| content.get(map)?.as_object());
                let entries = entries.flat_map(Object::iter);
                let is_malformed = maps.iter().any(|map| {
                    content
                        .get(map)
                        .is_some_and(|map| map.as_object().is_none())
                });
                is_malformed || named.chain(entries).any(|(_, level)| is_odd(level))
            }
        });
        assert!(odd.count() > 3);
    });
}

#[test]
fn create_events_are_odd() {
    let preset = Preset::named("odd-create").unwrap();
    for rules in versions(preset) {
        let keys: BTreeSet<String> = (0..5)
            .flat_map(|seed| {
                let room = Generated::of(preset, &rules, seed);
                let create = room.accepted("m.room.create").remove(0);
                let keys = content(&create).keys().map(str::to_owned);
                keys.collect::<Vec<_>>()
            })
            .collect();
        assert!(keys.len() > 3, "{keys:?}");
    }
}

#[test]
fn text_is_odd() {
    in_every_version("odd-text", |room| {
        let is_long = |bytes: &&Vec<u8>| bytes.len() > 1_500;
        assert!(room.room.events.iter().filter(is_long).count() > 1);
        let odd = [
            "\\u0000",
            "\u{2028}",
            "\u{202e}",
            "[[[[",
            "e\u{301}",
            "\u{10ffff}",
            "\\b\\f",
        ];
        let all = room.room.events.concat();
        let all = String::from_utf8(all).unwrap();
        assert!(odd.iter().filter(|odd| all.contains(**odd)).count() > 2);
    });
}

#[test]
fn restricted_joins_need_a_word() {
    in_every_version("restricted", |room| {
        let members = room.accepted("m.room.member");
        let key = "join_authorised_via_users_server";
        let vouched = members
            .iter()
            .filter(|event| content(event).contains_key(key));
        let by_two = vouched
            .filter(|event| event.get("signatures").unwrap().as_object().unwrap().len() == 2);
        assert!(by_two.count() > 0);
        let refused = room.rejections().len() + room.wrongly_signed;
        assert!(refused > 0);
    });
}

#[test]
fn users_knock() {
    in_every_version("knocks", |room| {
        let members = room.accepted("m.room.member");
        let knocks = members
            .iter()
            .filter(|event| membership(event) == Some("knock"));
        assert!(knocks.count() > 2);
    });
}

#[test]
fn addresses_are_invited() {
    in_every_version("third-party", |room| {
        let members = room.accepted("m.room.member");
        let invited = members
            .iter()
            .filter(|event| content(event).contains_key("third_party_invite"));
        assert!(invited.count() > 0);
        let rejections = room.rejections();
        assert!(
            rejections.iter().any(|rule| rule.starts_with("ThirdParty")),
            "{rejections:?}"
        );
    });
}

#[test]
fn auth_events_are_wrong() {
    in_every_version("wrong-auth", |room| {
        let rejections = room.rejections();
        let by_auth_events = rejections
            .iter()
            .filter(|rule| rule.starts_with("AuthEvents"));
        assert!(by_auth_events.count() > 1, "{rejections:?}");
    });
}

#[test]
fn users_overstep() {
    in_every_version("unauthorised", |room| {
        assert!(room.rejections().len() > 4);
    });
}

#[test]
fn each_receipt_check_fails() {
    in_every_version("invalid", |room| {
        assert!(room.malformed > 3, "{}", room.malformed);
        assert!(room.wrongly_signed > 1, "{}", room.wrongly_signed);
        let is_altered =
            |event: &&roomdag::event::Event| event.provenance().content_hash == HashCheck::Mismatch;
        assert!(room.events.iter().filter(is_altered).count() > 0);
        assert!(room.count(Status::Rejected) > 0);
    });
}

#[test]
fn events_come_again() {
    in_every_version("copies", |room| {
        let ids: BTreeSet<_> = room.events.iter().map(roomdag::event::Event::id).collect();
        assert!(ids.len() + 4 < room.events.len());
        let reference = |bytes: &Vec<u8>| {
            let event = Object::parse(bytes, roomdag::json::Mode::Lenient).unwrap();
            let id = event.get("event_id")?.as_str()?.to_owned();
            Some((
                id,
                crypto::reference_hash(&event, &room.room.rules).to_base64(),
            ))
        };
        // Where servers choose the ids, two events of one id.
        let twins: BTreeSet<_> = room.room.events.iter().filter_map(reference).collect();
        let ids: BTreeSet<_> = twins.iter().map(|(id, _)| id).collect();
        assert!(twins.is_empty() || ids.len() < twins.len());
    });
}

#[test]
fn ambushes_come_from_the_past() {
    in_every_version("ambush", |room| {
        assert!(room.count(Status::SoftFailed) > 0);
        assert!(room.decided_conflicts() > 0);
    });
}

#[test]
fn everything_happens_at_once() {
    in_every_version("everything", |room| {
        let refused = room.malformed + room.wrongly_signed + room.count(Status::Rejected);
        assert!(refused > 3, "{refused}");
        assert!(room.count(Status::SoftFailed) + room.count(Status::Waiting) > 0);
        assert!(room.count(Status::Accepted) > 30);
    });
}
