//! V-A-09: what an event cites is a set, though it is written as a list.

use roomdag::auth::{self, AuthEvent, Rule};
use roomdag::event::Event;
use roomdag::id::EventId;
use roomdag::testing::Random;
use roomdag::testing::rooms::Draft;
use roomdag::version::{CreateReference, CreatorRule, RoomVersionRules, V8, V11, V12};

const JOIN: &str = r#"{"membership":"join"}"#;
const AUTHORISED: &str = r#"{"membership":"join","join_authorised_via_users_server":"@bob:a"}"#;

/// A restricted room of Alice's in which Bob is, and other events that nobody should cite.
struct Parts {
    rules: &'static RoomVersionRules,
    events: Vec<Event>,
}

impl Parts {
    fn new(rules: &'static RoomVersionRules) -> Self {
        let levels = match rules.auth.creator {
            CreatorRule::SenderAndAdditional => r#"{"users":{}}"#,
            _ => r#"{"users":{"@alice:a":100}}"#,
        };
        let restricted = r#"{"join_rule":"restricted"}"#;
        let alice = "@alice:a";
        let events = [
            (
                "create",
                "m.room.create",
                Some(""),
                alice,
                r#"{"creator":"@alice:a"}"#,
            ),
            ("levels", "m.room.power_levels", Some(""), alice, levels),
            ("rules", "m.room.join_rules", Some(""), alice, restricted),
            ("bob", "m.room.member", Some("@bob:a"), "@bob:a", JOIN),
            (
                "left",
                "m.room.member",
                Some("@guest:b"),
                "@guest:b",
                r#"{"membership":"leave"}"#,
            ),
            ("levels2", "m.room.power_levels", Some(""), alice, levels),
            ("alice", "m.room.member", Some(alice), alice, JOIN),
            ("topic", "m.room.topic", Some(""), alice, "{}"),
            ("odd", "m.room.power_levels", Some("odd"), alice, levels),
            ("said", "m.room.message", None, alice, "{}"),
            (
                "join",
                "m.room.member",
                Some("@guest:b"),
                "@guest:b",
                AUTHORISED,
            ),
        ];
        let event = |(id, event_type, state_key, sender, content): (_, _, _, _, &str)| {
            Draft {
                id,
                event_type,
                state_key,
                sender,
                content,
                origin_server_ts: 0,
                depth: 1,
                prev_events: vec![EventId::from_trusted("$latest")],
                auth_events: Vec::new(),
            }
            .event(rules)
        };
        Self {
            rules,
            events: events.map(event).into(),
        }
    }

    fn get(&self, id: &str) -> &Event {
        let mut events = self.events.iter();
        let found = events.find(|event| event.id().as_str().strip_prefix('$') == Some(id));
        found.expect(id)
    }

    /// What decides the join that cites these events in this order; `*` marks a rejected one.
    fn decide(&self, cited: &[&str]) -> Rule {
        let judged = |id: &str| AuthEvent {
            event: self.get(id.trim_start_matches('*')).as_ref(),
            rejected: id.starts_with('*'),
        };
        let cited: Vec<AuthEvent<'_>> = cited.iter().map(|id| judged(id)).collect();
        let event = self.get("join").as_ref();
        auth::check_by_auth_events(&event, &cited, Some(judged("create")), self.rules).rule
    }

    /// What a join cites that cites the create event where that is due.
    fn with_create<'a>(&self, cited: &[&'a str]) -> Vec<&'a str> {
        let create = self.rules.auth.create_reference == CreateReference::Required;
        let create = create.then_some("create");
        create.into_iter().chain(cited.iter().copied()).collect()
    }
}

/// All orders of a short list.
fn orders<'a>(list: &[&'a str]) -> Vec<Vec<&'a str>> {
    let mut orders = vec![Vec::new()];
    for item in list {
        let longer = orders.iter().flat_map(|order: &Vec<&str>| {
            (0..=order.len()).map(|at| {
                let mut order = order.clone();
                order.insert(at, *item);
                order
            })
        });
        orders = longer.collect();
    }
    orders
}

#[test]
fn every_order_of_five_auth_events_has_one_verdict() {
    for rules in [&V8, &V11, &V12] {
        let parts = Parts::new(rules);
        let cases: [(&[&str], Rule); 5] = [
            (&["levels", "rules", "bob", "left"], Rule::JoinAuthorised),
            (&["levels", "rules", "left"], Rule::JoinNoAuthoriser),
            (
                &["levels", "rules", "bob", "levels2"],
                Rule::AuthEventsDuplicate,
            ),
            (
                &["levels", "rules", "bob", "topic"],
                Rule::AuthEventsUnexpected,
            ),
            (
                &["levels", "*rules", "bob", "left"],
                Rule::AuthEventsRejected,
            ),
        ];
        for (cited, rule) in cases {
            let orders = orders(&parts.with_create(cited));
            assert!(orders.len() >= 6);
            for order in orders {
                assert_eq!(
                    parts.decide(&order),
                    rule,
                    "{order:?}, version {}",
                    rules.id
                );
            }
        }
    }
}

#[test]
fn ten_auth_events_have_one_verdict_in_whatever_order() {
    let all = [
        "levels", "rules", "bob", "left", "alice", "topic", "odd", "said", "*rules",
    ];
    let mut random = Random::new(9);
    for rules in [&V11, &V12] {
        let parts = Parts::new(rules);
        let cases: [(&[&str], Rule); 2] = [
            (
                &[&all[..], &["levels2"]].concat(),
                Rule::AuthEventsDuplicate,
            ),
            (&all[..8], Rule::AuthEventsUnexpected),
        ];
        for (cited, rule) in cases {
            let mut order = parts.with_create(cited);
            order.truncate(10);
            for _ in 0..2_000 {
                for end in (1..order.len()).rev() {
                    order.swap(end, random.below(end + 1));
                }
                assert_eq!(
                    parts.decide(&order),
                    rule,
                    "{order:?}, version {}",
                    rules.id
                );
            }
        }
    }
}
