//! `auth/rules.json`: that every rule is there, and is named by its number.

use std::collections::BTreeSet;

use roomdag::auth::{Outcome, Rule};
use roomdag::id::EventId;
use roomdag::json::Value;
use roomdag::lab::conformance::{Case, answer};
use roomdag::version::{Numbering, RoomVersionRules, RoomVersions};

use crate::vectors::fields::{file, object, text};
use crate::vectors::own::own;

fn rule(case: &Case) -> Rule {
    let name = text(&case.expect, "rule");
    *Rule::ALL
        .iter()
        .find(|rule| rule.name() == name)
        .expect(name)
}

fn rules(case: &Case) -> &'static RoomVersionRules {
    RoomVersions::stable_rules(case.room_version.as_deref().unwrap()).unwrap()
}

#[test]
fn each_case_is_decided_by_a_rule_of_its_version() {
    for case in own("auth/rules.json") {
        let (rule, rules) = (rule(&case), rules(&case));
        let expected = match text(&case.expect, "verdict") {
            "allow" => Outcome::Allow,
            "reject" => Outcome::Reject,
            other => panic!("{other}"),
        };
        assert_eq!(rule.outcome(), expected, "{}", case.address());
        let number = rule.number(rules.auth.numbering);
        assert!(number.is_some(), "{}: no such rule", case.address());
        let found = answer(case.question, Some(rules.id), &case.input).unwrap();
        let found = found.get("number").and_then(Value::as_str);
        assert_eq!(found, number, "{}", case.address());
    }
}

/// A rule nobody has seen decide is a rule nobody knows to be there.
#[test]
fn every_rule_of_every_printing_decides_some_case() {
    let mut seen: BTreeSet<(Rule, Numbering)> = BTreeSet::new();
    for case in own("auth/rules.json") {
        seen.insert((rule(&case), rules(&case).auth.numbering));
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
