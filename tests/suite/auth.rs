//! Authorisation rules: the laws of the rule table, and of the decisions.

mod orders;

use proptest::prelude::*;
use roomdag::auth::{self, AuthEvent, Rule};
use roomdag::event::{Event, EventRef};
use roomdag::id::EventId;
use roomdag::pdu::content::Power;
use roomdag::testing::rooms::{Disagreement, Draft};
use roomdag::version::{
    AbsentLevel, Federation, Numbering, Readings, RoomVersionRules, RoomVersions, V1, V6, V11, V12,
};

fn number(text: &str) -> Vec<u32> {
    text.split('.').map(|part| part.parse().unwrap()).collect()
}

#[test]
fn every_rule_has_a_number_in_some_printing() {
    for rule in Rule::ALL {
        assert!(
            Numbering::ALL
                .iter()
                .any(|printing| rule.number(*printing).is_some()),
            "{rule}"
        );
    }
}

#[test]
fn the_rules_stand_in_the_order_of_each_printing() {
    for printing in Numbering::ALL {
        let numbers: Vec<_> = Rule::ALL
            .iter()
            .filter(|rule| **rule != Rule::CreateSecond)
            .filter_map(|rule| Some((number(rule.number(printing)?), rule)))
            .collect();
        for pair in numbers.windows(2) {
            assert!(
                pair[0].0 <= pair[1].0,
                "{printing:?}: {} after {}",
                pair[1].1,
                pair[0].1
            );
        }
    }
}

/// Two rules may share a number only if one allows and the other rejects by the same clause.
#[test]
fn a_number_means_one_clause() {
    for printing in Numbering::ALL {
        for a in Rule::ALL {
            for b in Rule::ALL.iter().filter(|b| *b > a) {
                let shared =
                    a.number(printing).is_some() && a.number(printing) == b.number(printing);
                assert!(
                    !shared || a.outcome() != b.outcome(),
                    "{printing:?}: {a} and {b}"
                );
            }
        }
    }
}

/// The clauses of one list are numbered without a gap, but for clauses that only lead to others.
#[test]
fn no_number_is_skipped() {
    for printing in Numbering::ALL {
        let mut numbers: Vec<_> = Rule::ALL
            .iter()
            .filter_map(|rule| rule.number(printing))
            .map(number)
            .collect();
        numbers.sort();
        numbers.dedup();
        for pair in numbers.windows(2) {
            let (a, b) = (&pair[0], &pair[1]);
            let common = a.iter().zip(b).take_while(|(a, b)| a == b).count();
            let next = b.get(common).copied().unwrap_or(1);
            let expected = a.get(common).map_or(1, |a| a + 1);
            assert_eq!(next, expected, "{printing:?}: {a:?} then {b:?}");
            assert!(
                b[common + 1..].iter().all(|part| *part == 1),
                "{printing:?}: {a:?}, {b:?}"
            );
        }
    }
}

/// A small room by parts: create, members, power levels.
struct Room {
    rules: RoomVersionRules,
    state: Vec<Event>,
}

impl Room {
    fn new(rules: &RoomVersionRules, create: &str) -> Self {
        let mut room = Self {
            rules: *rules,
            state: Vec::new(),
        };
        room.add("m.room.create", Some(""), "@alice:a", create);
        room.add(
            "m.room.member",
            Some("@alice:a"),
            "@alice:a",
            r#"{"membership":"join"}"#,
        );
        room
    }

    fn event(&self, t: &str, key: Option<&str>, sender: &str, content: &str) -> Event {
        let id = if t == "m.room.create" {
            "create".into()
        } else {
            format!("e{}", self.state.len())
        };
        Draft {
            id: &id,
            event_type: t,
            state_key: key,
            sender,
            content,
            origin_server_ts: 0,
            depth: 1,
            prev_events: vec![EventId::from_trusted("$x"), EventId::from_trusted("$y")],
            auth_events: Vec::new(),
        }
        .event(&self.rules)
    }

    fn add(&mut self, t: &str, key: Option<&str>, sender: &str, content: &str) {
        let event = self.event(t, key, sender, content);
        self.state.push(event);
    }

    fn decide(&self, t: &str, key: Option<&str>, sender: &str, content: &str) -> auth::Decision {
        let state = State(&self.state);
        auth::check(
            &self.event(t, key, sender, content).as_ref(),
            &state,
            &self.rules,
        )
    }
}

struct State<'a>(&'a [Event]);

impl auth::StateView for State<'_> {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        let mut events = self.0.iter().map(Event::as_ref);
        events.find(|e| e.event_type == event_type && e.state_key == Some(state_key))
    }
}

#[test]
fn a_decision_carries_what_was_compared() {
    let mut room = Room::new(&V6, r#"{"creator":"@alice:a"}"#);
    room.add(
        "m.room.member",
        Some("@bob:b"),
        "@bob:b",
        r#"{"membership":"join"}"#,
    );
    room.add(
        "m.room.power_levels",
        Some(""),
        "@alice:a",
        r#"{"users":{"@alice:a":100}}"#,
    );
    let decision = room.decide("m.room.topic", Some(""), "@bob:b", "{}");
    assert_eq!(decision.rule, Rule::BelowRequiredLevel);
    assert_eq!(decision.number, "7");
    assert_eq!(decision.evidence.power, Some(Power::from(0)));
    assert_eq!(decision.evidence.required, Some(Power::from(50)));

    let decision = room.decide("m.room.message", None, "@carol:c", "{}");
    assert_eq!(decision.rule, Rule::SenderNotJoined);
    assert_eq!(decision.evidence.event, None);
    let ban = r#"{"membership":"ban"}"#;
    room.add("m.room.member", Some("@carol:c"), "@alice:a", ban);
    let decision = room.decide("m.room.message", None, "@carol:c", "{}");
    assert_eq!(decision.evidence.event.unwrap(), "$e4");
    assert_eq!(decision.evidence.membership.unwrap().as_str(), "ban");
}

#[test]
fn a_decision_reads_as_its_rule_and_the_evidence() {
    let mut room = Room::new(&V6, r#"{"creator":"@alice:a"}"#);
    let message = |room: &Room| {
        room.decide("m.room.message", None, "@bob:b", "{}")
            .to_string()
    };
    let says = Rule::SenderNotJoined.says();
    assert_eq!(message(&room), format!("{says} (membership leave)"));
    room.add(
        "m.room.member",
        Some("@bob:b"),
        "@bob:b",
        r#"{"membership":"leave"}"#,
    );
    assert_eq!(message(&room), format!("{says} (membership leave, by $e2)"));
    // Nothing in evidence, nothing in brackets.
    let event = room.event("m.room.message", None, "@bob:b", "{}");
    let decision = auth::check_by_auth_events(&event.as_ref(), &[], None, &V6);
    assert_eq!(decision.to_string(), Rule::AuthEventsNoCreate.says());
    assert_eq!(Rule::SenderNotJoined.to_string(), "SenderNotJoined");
}

#[test]
fn a_selection_names_no_key_twice() {
    let join = r#"{"membership":"join","join_authorised_via_users_server":"@bob:b"}"#;
    for (sender, target) in [
        ("@bob:b", "@carol:c"),
        ("@carol:c", "@bob:b"),
        ("@bob:b", "@bob:b"),
    ] {
        let room = Room::new(&V11, "{}");
        let event = room.event("m.room.member", Some(target), sender, join);
        let parts = event.as_ref();
        let selection = auth::selection(&parts, &V11);
        let keys: Vec<_> = selection.iter().collect();
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len(), "{keys:?}");
    }
}

#[test]
fn the_readings_change_what_they_say_and_nothing_else() {
    let old = r#"{"users":{"@alice:a":40},"events":{"m.room.power_levels":0}}"#;
    let new = r#"{"users":{"@alice:a":40},"events":{"m.room.power_levels":0},"ban":40}"#;
    let decide = |readings: Readings| {
        let mut room = Room::new(&V6, r#"{"creator":"@alice:a"}"#);
        room.rules.readings = readings;
        room.add("m.room.power_levels", Some(""), "@alice:a", old);
        room.decide("m.room.power_levels", Some(""), "@alice:a", new)
            .rule
    };
    assert_eq!(decide(Readings::NETWORK), Rule::LevelsAllowed);
    let strict = Readings {
        absent_level: AbsentLevel::Default,
        ..Readings::NETWORK
    };
    assert_eq!(decide(strict), Rule::LevelsCurrentAbove);

    let decide = |readings: Readings| {
        let mut room = Room::new(&V6, r#"{"creator":"@alice:a","m.federate":false}"#);
        room.rules.readings = readings;
        let invite = r#"{"membership":"invite"}"#;
        room.decide("m.room.member", Some("@bob:b"), "@alice:a", invite)
            .rule
    };
    assert_eq!(decide(Readings::NETWORK), Rule::InviteAllowed);
    let targets = Readings {
        federation: Federation::SendersAndTargets,
        ..Readings::NETWORK
    };
    assert_eq!(decide(targets), Rule::NotFederated);
}

#[test]
fn creators_of_newer_rooms_are_above_every_level() {
    let create = r#"{"room_version":"12","additional_creators":["@bob:b"]}"#;
    let mut room = Room::new(&V12, create);
    room.add(
        "m.room.member",
        Some("@bob:b"),
        "@bob:b",
        r#"{"membership":"join"}"#,
    );
    let levels = r#"{"users":{"@carol:c":9007199254740991},"state_default":9007199254740991}"#;
    room.add("m.room.power_levels", Some(""), "@alice:a", levels);
    let ban = r#"{"membership":"ban"}"#;
    for creator in ["@alice:a", "@bob:b"] {
        let decision = room.decide("m.room.member", Some("@carol:c"), creator, ban);
        assert_eq!(decision.rule, Rule::BanAllowed);
        assert_eq!(decision.evidence.power, Some(Power::Infinite));
    }
    // One creator is not above another.
    let decision = room.decide("m.room.member", Some("@alice:a"), "@bob:b", ban);
    assert_eq!(decision.rule, Rule::BanNotPermitted);
}

proptest! {
    /// Whatever decides, decides in the printing of the room's version.
    #[test]
    fn every_decision_s_rule_exists_in_its_version(seed in any::<u64>(), version in 1..=12_u8) {
        let rules = RoomVersions::stable_rules(&version.to_string()).unwrap();
        let room = Disagreement::random(seed, 60, rules);
        for event in room.events.values() {
            for state in &room.states {
                let events: Vec<Event> =
                    state.values().map(|id| room.events[id].clone()).collect();
                let decision = auth::check(&event.as_ref(), &State(&events), rules);
                prop_assert_eq!(decision.rule.number(rules.auth.numbering), Some(decision.number));
            }
        }
    }

    /// The list of auth events is a set: its order does not matter.
    #[test]
    fn the_order_of_auth_events_does_not_matter(seed in any::<u64>(), turn in 0_usize..6) {
        for rules in [&V1, &V11, &V12] {
            let room = Disagreement::random(seed, 60, rules);
            for event in room.events.values() {
                let cited = |id: &EventId| AuthEvent { event: room.events[id].as_ref(), rejected: false };
                let create = room.events.get("$create").map(|e| AuthEvent {
                    event: e.as_ref(),
                    rejected: false,
                });
                let mut auth_events: Vec<_> = event.auth_events().iter().map(cited).collect();
                let check = |list: &[AuthEvent<'_>]| {
                    auth::check_by_auth_events(&event.as_ref(), list, create, rules)
                };
                let before = check(&auth_events);
                if !auth_events.is_empty() {
                    let turn = turn % auth_events.len();
                    auth_events.rotate_left(turn);
                }
                prop_assert_eq!(before.rule, check(&auth_events).rule);
            }
        }
    }
}
