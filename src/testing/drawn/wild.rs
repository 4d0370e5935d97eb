//! Graphs that no room of honest servers has: events cite whatever there is, messages among it and
//! one key twice, and states hold any of them.

use std::collections::BTreeMap;

use crate::event::Event;
use crate::id::EventId;
use crate::testing::Random;
use crate::testing::drawn::one;
use crate::testing::oracle::State;
use crate::testing::rooms::{Disagreement, Draft};
use crate::version::RoomVersionRules;

/// A disagreement of at most `size` events after those with which it begins, with as many again on
/// top that cite at random, and `count` states that hold any of them for their keys.
#[must_use]
pub fn wild(
    random: &mut Random,
    size: usize,
    count: usize,
    rules: &RoomVersionRules,
) -> Disagreement {
    let honest = random.below(size);
    let mut room = Disagreement::drawn(random, honest, rules);
    for number in 0..random.below(size) {
        let (event, content) = citing(random, number, &room.events, rules);
        room.contents.insert(event.id().clone(), content);
        room.events.insert(event.id().clone(), event);
    }
    room.states = states(random, &room.events, count);
    room
}

fn citing(
    random: &mut Random,
    number: usize,
    events: &BTreeMap<EventId, Event>,
    rules: &RoomVersionRules,
) -> (Event, String) {
    let users = ["@alice:a", "@bob:a", "@carol:b"];
    let (sender, target) = (one(random, &users), one(random, &users));
    let levels = format!(r#"{{"users":{{"@bob:a":{}}}}}"#, random.below(100));
    let (event_type, state_key, content) = match random.below(8) {
        0 | 1 => ("m.room.power_levels", Some(""), levels.as_str()),
        2 => ("m.room.member", Some(target), r#"{"membership":"ban"}"#),
        3 => ("m.room.member", Some(sender), r#"{"membership":"join"}"#),
        4 => ("m.room.join_rules", Some(""), r#"{"join_rule":"public"}"#),
        5 => ("org.example", Some("x"), "{}"),
        _ => ("m.room.message", None, "{}"),
    };
    let ids: Vec<&EventId> = events.keys().collect();
    let cited = (0..random.below(5)).filter_map(|_| random.pick(&ids).map(|id| (*id).clone()));
    let auth_events: Vec<EventId> = cited.collect();
    let id = format!("{:02}w{number:02}", random.below(90));
    let event = Draft {
        id: &id,
        event_type,
        state_key,
        sender,
        content,
        origin_server_ts: i64::try_from(random.below(6)).unwrap_or_default(),
        depth: i64::try_from(random.below(8)).unwrap_or_default(),
        prev_events: Vec::new(),
        auth_events,
    };
    (event.event(rules), content.to_owned())
}

/// States that hold up to three of the events each where they differ, or nothing for their keys.
fn states(random: &mut Random, events: &BTreeMap<EventId, Event>, count: usize) -> Vec<State> {
    let keyed = events.values().filter_map(|event| {
        let parts = event.as_ref();
        let key = (parts.event_type.to_owned(), parts.state_key?.to_owned());
        Some((key, event.id().clone()))
    });
    let keyed: Vec<_> = keyed.collect();
    let base: State = keyed.iter().take(8).cloned().collect();
    let state = |_| {
        let mut state = base.clone();
        for _ in 0..random.below(4) {
            let Some((key, id)) = random.pick(&keyed).cloned() else {
                continue;
            };
            if random.chance(15) {
                state.remove(&key);
            } else {
                state.insert(key, id);
            }
        }
        state
    };
    (0..count).map(state).collect()
}
