//! V-SR-28: a conflict of the size that real rooms had when the conflicted state subgraph was
//! proposed: 17 conflicted events, 263 in the auth difference, 271 in the subgraph.

use std::collections::BTreeMap;

use roomdag::id::EventId;
use roomdag::testing::oracle::State;
use roomdag::testing::rooms::{Disagreement, Draft};
use roomdag::version::{CreateReference, CreatorRule, RoomVersionRules, V2, V11, V12};

use crate::resolve::{engine, options, oracle};
use roomdag::resolve::AuthDifference;

/// How many power levels events follow the one to which one state goes back.
const CHANGES: usize = 248;

struct Builder {
    rules: &'static RoomVersionRules,
    room: Disagreement,
}

impl Builder {
    fn add(&mut self, id: &str, key: (&str, &str), sender: &str, content: &str, auth: &[&str]) {
        let cites_create = self.rules.auth.create_reference == CreateReference::Required;
        let create = (cites_create && id != "create").then_some("create");
        let auth = create.iter().chain(auth);
        let position = i64::try_from(self.room.events.len()).unwrap();
        let event = Draft {
            id,
            event_type: key.0,
            state_key: Some(key.1),
            sender,
            content,
            origin_server_ts: position,
            depth: position,
            prev_events: Vec::new(),
            auth_events: auth
                .map(|id| EventId::from_trusted(format!("${id}")))
                .collect(),
        };
        let event = event.event(self.rules);
        self.room.events.insert(event.id().clone(), event);
    }

    fn levels(&self, change: usize) -> String {
        let alice = match self.rules.auth.creator {
            CreatorRule::SenderAndAdditional => "",
            _ => r#""@alice:a":100,"#,
        };
        let level = change % 2;
        format!(r#"{{"users":{{{alice}"@zoe:a":{level}}},"state_default":0}}"#)
    }

    fn state(&self, ids: &[String]) -> State {
        let entry = |id: &String| {
            let id = EventId::from_trusted(format!("${id}"));
            let event = self.room.events[&id].as_ref();
            (
                (
                    event.event_type.to_owned(),
                    event.state_key.unwrap().to_owned(),
                ),
                id.clone(),
            )
        };
        ids.iter().map(entry).collect()
    }
}

/// ```text
/// L0 ← L1 ← … ← L248        every L is Alice's; one state has L0, the other L248
/// L0 ← m0 … m6              seven members who joined early, in both states
/// m0 … m6 ← 15 events       of which the states hold different ones
/// ```
fn realistic(rules: &'static RoomVersionRules) -> Disagreement {
    let mut builder = Builder {
        rules,
        room: Disagreement {
            events: BTreeMap::new(),
            contents: BTreeMap::new(),
            states: Vec::new(),
        },
    };
    const JOIN: &str = r#"{"membership":"join"}"#;
    let alice = "@alice:a";
    builder.add(
        "create",
        ("m.room.create", ""),
        alice,
        r#"{"creator":"@alice:a"}"#,
        &[],
    );
    builder.add("alice", ("m.room.member", alice), alice, JOIN, &[]);
    let public = r#"{"join_rule":"public"}"#;
    builder.add(
        "rules",
        ("m.room.join_rules", ""),
        alice,
        public,
        &["alice"],
    );
    for change in 0..=CHANGES {
        let before = format!("L{}", change.wrapping_sub(1));
        let auth = if change == 0 {
            vec!["alice"]
        } else {
            vec!["alice", &before]
        };
        let levels = builder.levels(change);
        builder.add(
            &format!("L{change}"),
            ("m.room.power_levels", ""),
            alice,
            &levels,
            &auth,
        );
    }
    let mut both: Vec<String> = ["create", "alice", "rules"].map(str::to_owned).into();
    for number in 0..7 {
        let (id, user) = (format!("m{number}"), format!("@m{number}:a"));
        builder.add(&id, ("m.room.member", &user), &user, JOIN, &["L0", "rules"]);
        both.push(id);
    }
    let mut states = [both.clone(), both];
    states[0].push("L0".to_owned());
    states[1].push(format!("L{CHANGES}"));
    for number in 0..15 {
        let member = format!("m{}", number % 7);
        let (id, key) = (format!("x{number}"), format!("{}", number / 2));
        let sender = format!("@{member}:a");
        builder.add(&id, ("org.example", &key), &sender, "{}", &["L0", &member]);
        states[number % 2].push(id);
    }
    builder.room.states = states.iter().map(|ids| builder.state(ids)).collect();
    builder.room
}

#[test]
fn a_conflict_of_realistic_size_resolves_as_the_definitions_say() {
    for rules in [&V2, &V11, &V12] {
        let room = realistic(rules);
        let options = options(rules, AuthDifference::Inclusive);
        let found = engine(&room, rules, options);
        assert_eq!(found.conflicted.len(), 17);
        assert_eq!(found.auth_difference.len(), 263);
        let subgraph = if rules.id == V12.id { 271 } else { 0 };
        assert_eq!(found.subgraph.len(), subgraph);
        assert_eq!(found, oracle(&room, rules, options), "version {}", rules.id);
        // The newest power levels stay, for everything between takes part.
        let levels = &found.state[&("m.room.power_levels".to_owned(), String::new())];
        assert_eq!(*levels, format!("$L{CHANGES}").as_str());
    }
}
