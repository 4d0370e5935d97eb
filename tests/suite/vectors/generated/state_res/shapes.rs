//! What there is to see in a random room.

mod first;
mod second;

use std::collections::BTreeSet;

use roomdag::event::EventRef;
use roomdag::id::EventId;
use roomdag::resolve::Options;
use roomdag::testing::oracle::Found;
use roomdag::testing::rooms::Disagreement;
use roomdag::version::RoomVersionRules;

use crate::vectors::generated::state_res::resolved;

/// A room, and what the oracle found in it.
pub(super) struct Seen<'a> {
    pub(super) room: &'a Disagreement,
    pub(super) found: &'a Found,
    pub(super) rules: &'a RoomVersionRules,
}

/// Another reading that is asked for besides.
#[derive(Clone, Copy)]
pub(super) enum Also {
    Exclusive,
    V2,
    V21,
}

/// Something to see, and a room for each algorithm in which it is to be seen.
pub(super) struct Shape {
    /// The file's name.
    pub(super) name: &'static str,
    /// What there is to see, in words.
    pub(super) id: &'static str,
    /// The algorithm's folder, the room's seed and its size.
    pub(super) rooms: &'static [(&'static str, u64, usize)],
    pub(super) ruling: Option<&'static str>,
    pub(super) also: Option<Also>,
    /// Whether it is there to be seen.
    pub(super) holds: fn(&Seen<'_>) -> bool,
}

impl Shape {
    fn new(
        name: &'static str,
        id: &'static str,
        rooms: &'static [(&'static str, u64, usize)],
        holds: fn(&Seen<'_>) -> bool,
    ) -> Self {
        Self {
            name,
            id,
            rooms,
            ruling: None,
            also: None,
            holds,
        }
    }

    fn ruling(self, ruling: &'static str) -> Self {
        Self {
            ruling: Some(ruling),
            ..self
        }
    }

    fn also(self, also: Also) -> Self {
        Self {
            also: Some(also),
            ..self
        }
    }
}

/// All of them. Each room is the smallest that was found.
pub(super) fn shapes() -> Vec<Shape> {
    let mut shapes = first::shapes();
    shapes.extend(second::shapes());
    shapes
}

type Key = (String, String);

impl<'a> Seen<'a> {
    fn event(&self, id: &EventId) -> EventRef<'a> {
        self.room.events[id].as_ref()
    }

    fn is_of(&self, id: &EventId, event_type: &str) -> bool {
        self.event(id).event_type == event_type
    }

    fn key(&self, id: &EventId) -> Key {
        let event = self.event(id);
        (
            event.event_type.to_owned(),
            event.state_key.unwrap().to_owned(),
        )
    }

    /// The conflicted events of a type.
    fn conflicted(&self, event_type: &str) -> Vec<&'a EventId> {
        let conflicted = self.found.conflicted.iter();
        conflicted.filter(|id| self.is_of(id, event_type)).collect()
    }

    /// The keys in conflict, each with its events.
    fn keys(&self) -> Vec<(Key, Vec<&'a EventId>)> {
        let keys: BTreeSet<Key> = self
            .found
            .conflicted
            .iter()
            .map(|id| self.key(id))
            .collect();
        let of = |key: &Key| {
            let conflicted = self.found.conflicted.iter();
            conflicted.filter(|id| self.key(id) == *key).collect()
        };
        keys.into_iter()
            .map(|key| (key.clone(), of(&key)))
            .collect()
    }

    fn full(&self) -> BTreeSet<&'a EventId> {
        let found = self.found;
        let all = [&found.conflicted, &found.auth_difference, &found.subgraph];
        all.into_iter().flatten().collect()
    }

    /// The checks of the first pass, or of the second.
    fn checks(&self, second: bool) -> &'a [(EventId, bool)] {
        let (first, rest) = self.found.checks.split_at(self.found.power_order.len());
        if second { rest } else { first }
    }

    fn refused(&self, second: bool) -> usize {
        let checks = self.checks(second).iter();
        checks.filter(|(_, admitted)| !admitted).count()
    }

    fn cites(&self, id: &EventId, other: &EventId) -> bool {
        self.room.events[id].auth_events().contains(other)
    }

    /// Everything that an event cites, directly or not.
    fn chain(&self, id: &EventId) -> BTreeSet<&'a EventId> {
        let mut chain = BTreeSet::new();
        let mut todo: Vec<&EventId> = self.room.events[id].auth_events().iter().collect();
        while let Some(id) = todo.pop() {
            if chain.insert(id) {
                todo.extend(self.room.events[id].auth_events());
            }
        }
        chain
    }

    /// The state by another reading, if that is another.
    fn differs(&self, change: impl Fn(&mut Options)) -> bool {
        let mut options = Options::of(self.rules);
        change(&mut options);
        resolved(self.room, self.rules, options).state != self.found.state
    }

    /// Algorithm 1: the events of a key in the order in which it looks at them, the deepest first,
    /// if no two are of one depth.
    fn by_depth(&self, ids: &[&'a EventId]) -> Option<Vec<&'a EventId>> {
        let mut ids = ids.to_vec();
        ids.sort_by_key(|id| std::cmp::Reverse(self.event(id).depth));
        let tie = |pair: &[&EventId]| self.event(pair[0]).depth == self.event(pair[1]).depth;
        (!ids.windows(2).any(tie)).then_some(ids)
    }

    /// Whether in some key of these types not the deepest event wins, but that one.
    fn wins(&self, is_type: fn(&str) -> bool, place: fn(usize) -> usize) -> bool {
        self.keys().iter().any(|(key, ids)| {
            let Some(order) = self.by_depth(ids).filter(|_| is_type(&key.0)) else {
                return false;
            };
            let wanted = place(order.len());
            wanted > 0 && self.found.state.get(key) == order.get(wanted).copied()
        })
    }
}

fn is_auth_type(event_type: &str) -> bool {
    ["m.room.power_levels", "m.room.join_rules", "m.room.member"].contains(&event_type)
}
