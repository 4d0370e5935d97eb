//! `auth/rules.json`: the authorisation rules, clause by clause.

use std::collections::BTreeSet;

use roomdag::auth::{self, AuthEvent, Decision, Outcome, Rule};
use roomdag::event::Event;
use roomdag::id::EventId;
use roomdag::json::{Object, Value};
use roomdag::replay::{Replay, ReplayOptions};
use roomdag::version::{
    AbsentLevel, AuthoriserSignature, Federation, LevelString, Numbering, RoomVersionRules,
};

use crate::vectors::fields::{cases, file, list, object, text, texts, versions};
use crate::vectors::symbolic::{self, State};

fn rule(case: &Object) -> Rule {
    let name = text(case, "rule");
    *Rule::ALL
        .iter()
        .find(|rule| rule.name() == name)
        .expect(name)
}

#[test]
fn each_case_is_decided_by_the_rule_that_it_names() {
    let vectors = file("auth/rules.json");
    let given = object(&vectors, "given");
    let mut failures = Vec::new();
    for case in cases(&vectors) {
        let rule = rule(case);
        let expected = match text(case, "expect") {
            "allow" => Outcome::Allow,
            "reject" => Outcome::Reject,
            other => panic!("{other}"),
        };
        for rules in versions(case) {
            let rules = with_readings(case, rules);
            let name = format!("{} (version {})", text(case, "name"), rules.id);
            let number = rule.number(rules.auth.numbering);
            assert!(number.is_some(), "{name}: the version has no such rule");
            let decision = decide(case, given, &rules);
            if (decision.rule, decision.rule.outcome()) != (rule, expected) {
                failures.push(format!(
                    "{name}: {rule}, but is {}: {decision}",
                    decision.rule
                ));
                continue;
            }
            assert_eq!(Some(decision.number), number, "{name}");
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

fn decide(case: &Object, given: &Object, rules: &RoomVersionRules) -> Decision {
    let event = symbolic::event(object(case, "event"), rules);
    if case.contains_key("room") {
        return replayed(case, event, rules);
    }
    if !case.contains_key("auth_events") {
        let state = events(case, "state", given, rules);
        return auth::check(&event.as_ref(), &State(&state), rules);
    }
    let cited = events(case, "auth_events", given, rules);
    let rejected: Vec<String> = texts(case, "rejected")
        .into_iter()
        .map(|name| format!("${name}"))
        .collect();
    let judged = |event| -> AuthEvent<'_> {
        let event = Event::as_ref(event);
        AuthEvent {
            event,
            rejected: rejected.iter().any(|id| event.id.as_str() == id),
        }
    };
    // Where the room id implies the create event, nobody cites it, but everybody rests on it.
    let implied = format!(
        "${}",
        event.as_ref().room_id.as_str().trim_start_matches('!')
    );
    let known = events(case, "state", given, rules);
    let create = known
        .iter()
        .find(|event| *event.id() == implied.as_str())
        .map(judged);
    let forbidden = roomdag::version::CreateReference::Forbidden;
    let cited: Vec<AuthEvent<'_>> = cited
        .iter()
        .filter(|event| {
            rules.auth.create_reference != forbidden || event.as_ref().event_type != "m.room.create"
        })
        .map(judged)
        .collect();
    auth::check_by_auth_events(&event.as_ref(), &cited, create, rules)
}

/// The decision on an event of a whole room.
fn replayed(case: &Object, event: Event, rules: &RoomVersionRules) -> Decision {
    let id = event.id().clone();
    let mut room: Vec<Event> = list(case, "room")
        .map(|event| symbolic::event(event.as_object().unwrap(), rules))
        .collect();
    room.push(event);
    let replay = Replay::run(room, rules, ReplayOptions::of(rules), |_| {});
    let node = replay.dag().node(&id).unwrap();
    let others = replay.order().iter().filter(|other| **other != node);
    for other in others {
        assert_eq!(replay.verdict(*other).unwrap().objection(), None);
    }
    replay.verdict(node).unwrap().objection().unwrap().clone()
}

/// Events that are given by name or in full.
fn events(case: &Object, field: &str, given: &Object, rules: &RoomVersionRules) -> Vec<Event> {
    list(case, field)
        .map(|entry| match entry {
            Value::String(name) => symbolic::event(object(given, name), rules),
            entry => symbolic::event(entry.as_object().unwrap(), rules),
        })
        .collect()
}

fn with_readings(case: &Object, rules: &RoomVersionRules) -> RoomVersionRules {
    let mut rules = *rules;
    let Some(readings) = case.get("readings").and_then(Value::as_object) else {
        return rules;
    };
    for (reading, value) in readings {
        match (reading, value.as_str().unwrap()) {
            ("absent_level", "default") => rules.readings.absent_level = AbsentLevel::Default,
            ("level_string", "specification") => {
                rules.readings.level_string = LevelString::Specification;
            }
            ("federation", "senders_and_targets") => {
                rules.readings.federation = Federation::SendersAndTargets;
            }
            ("authoriser_signature", "all_member_events") => {
                rules.readings.authoriser_signature = AuthoriserSignature::AllMemberEvents;
            }
            other => panic!("no such reading: {other:?}"),
        }
    }
    rules
}

/// A rule nobody has seen decide is a rule nobody knows to be there.
#[test]
fn every_rule_of_every_printing_decides_some_case() {
    let mut seen: BTreeSet<(Rule, Numbering)> = BTreeSet::new();
    let vectors = file("auth/rules.json");
    for case in cases(&vectors) {
        for rules in versions(case) {
            seen.insert((rule(case), rules.auth.numbering));
        }
    }
    for printing in Numbering::ALL {
        for rule in Rule::ALL
            .iter()
            .filter(|rule| rule.number(printing).is_some())
        {
            assert!(
                seen.contains(&(*rule, printing)),
                "{rule} in printing {printing:?}"
            );
        }
    }
}

#[test]
fn shared_events_are_named_by_their_ids_or_stand_for_another() {
    let vectors = file("auth/rules.json");
    for (name, event) in object(&vectors, "given") {
        let id = EventId::from_trusted(text(event.as_object().unwrap(), "id"));
        let own = id.as_str().strip_prefix('$') == Some(name);
        assert!(own || id == "$create", "{name} has the id {id}");
    }
}
