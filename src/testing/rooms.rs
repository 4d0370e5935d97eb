//! Rooms made up for tests: single events, and random rooms with states in conflict.

use std::collections::{BTreeMap, BTreeSet};

use crate::auth;
use crate::dag::RoomDag;
use crate::event::{AuthoriserSigned, Event, EventRef, PrevEvents};
use crate::id::{EventId, RoomId, UserId};
use crate::json::{Mode, Object};
use crate::pdu::content::Content;
use crate::resolve::{self, FullConflicted, Resolution};
use crate::state::StateMap;
use crate::testing::Random;
use crate::testing::oracle::{Found, State, View};
use crate::version::{RoomIdFormat, RoomVersionRules};

/// The parts of an event that a test cares about.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// The event's id, without the sigil.
    pub id: &'a str,
    /// `type`.
    pub event_type: &'a str,
    /// `state_key`.
    pub state_key: Option<&'a str>,
    /// `sender`.
    pub sender: &'a str,
    /// `content`, as JSON; what is not JSON reads as an empty object.
    pub content: &'a str,
    /// `origin_server_ts`.
    pub origin_server_ts: i64,
    /// `depth`.
    pub depth: i64,
    /// `prev_events`.
    pub prev_events: Vec<EventId>,
    /// `auth_events`.
    pub auth_events: Vec<EventId>,
}

impl Draft<'_> {
    /// The event, trusted, in the room of [`room_id`].
    #[must_use]
    pub fn event(&self, rules: &RoomVersionRules) -> Event {
        let content = Object::parse(self.content.as_bytes(), Mode::Lenient).unwrap_or_default();
        let mut json = Object::new();
        json.insert("content", content);
        let content = Content::of(&json, self.event_type, self.state_key.is_some(), rules);
        let id = EventId::from_trusted(format!("${}", self.id));
        let parts = EventRef {
            id: &id,
            room_id: &room_id(rules),
            event_type: self.event_type,
            state_key: self.state_key,
            sender: &UserId::from_trusted(self.sender),
            origin_server_ts: self.origin_server_ts,
            depth: self.depth,
            prev_events: PrevEvents::of(&self.prev_events),
            content: &content,
            redacts: None,
            states_room_id: self.event_type != "m.room.create"
                || rules.room_id == RoomIdFormat::WithServer,
            authoriser_signature: AuthoriserSigned::Unchecked,
        };
        Event::trusted(&parts, self.prev_events.clone(), self.auth_events.clone())
    }
}

/// The room of all made-up events; its create event is `$create`.
#[must_use]
pub fn room_id(rules: &RoomVersionRules) -> RoomId {
    RoomId::from_trusted(match rules.room_id {
        RoomIdFormat::WithServer => "!create:a",
        RoomIdFormat::CreateHash => "!create",
    })
}

/// The engine's state map in the oracle's terms. Entries of another room's map are left out.
#[must_use]
pub fn named(dag: &RoomDag, map: &StateMap) -> State {
    let entry = |(key, node)| {
        let (event_type, state_key) = dag.keys().resolve(key)?;
        Some((
            (event_type.to_owned(), state_key.to_owned()),
            dag.id(node)?.clone(),
        ))
    };
    map.iter().filter_map(entry).collect()
}

/// A random room: events, and states that disagree.
#[derive(Clone, Debug)]
pub struct Disagreement {
    /// The events by id.
    pub events: BTreeMap<EventId, Event>,
    /// Their contents, as JSON.
    pub contents: BTreeMap<EventId, String>,
    /// The states.
    pub states: Vec<State>,
}

const CREATOR: &str = "@alice:a";
const USERS: [&str; 6] = [
    CREATOR, "@bob:a", "@carol:b", "@dave:b", "@erin:c", "@frank:c",
];
const ALPHABET: &[u8] = b"ABCXYZabcxyz0189-_";

impl Disagreement {
    /// The room of a seed: what it begins with, at most `size` events more on up to eight branches,
    /// and one to five states.
    ///
    /// Most events are allowed by the state of their branch; some are not, and some branches are
    /// patched together from others, as the state that a faulty server claims might be.
    /// Timestamps, depths and levels come from small ranges, so that ties are frequent.
    #[must_use]
    pub fn random(seed: u64, size: usize, rules: &RoomVersionRules) -> Self {
        Self::drawn(&mut Random::new(seed), size, rules)
    }

    /// The room of other choices.
    #[must_use]
    pub fn drawn(random: &mut Random, size: usize, rules: &RoomVersionRules) -> Self {
        let mut room = Builder {
            random: random.clone(),
            rules: *rules,
            events: BTreeMap::new(),
            contents: BTreeMap::new(),
            branches: vec![Branch::default()],
        };
        room.begin();
        for _ in 0..size {
            room.step();
        }
        let count = 1_usize.saturating_add(room.random.below(5));
        let states = (0..count)
            .filter_map(|_| Some(room.random.pick(&room.branches)?.state.clone()))
            .collect();
        *random = room.random;
        Self {
            events: room.events,
            contents: room.contents,
            states,
        }
    }

    /// The same room for the engine. The state maps share structure with their neighbours.
    #[must_use]
    pub fn to_dag(&self) -> (RoomDag, Vec<StateMap>) {
        let mut dag = RoomDag::new();
        for event in self.events.values() {
            // Ids are unique and citations lead back, so no event is refused.
            let _ = dag.insert(event.clone());
        }
        let mut maps: Vec<StateMap> = Vec::new();
        for state in &self.states {
            let mut map = maps.last().cloned().unwrap_or_default();
            let entries: BTreeMap<_, _> = state
                .iter()
                .filter_map(|((event_type, state_key), id)| {
                    let key = dag.keys_mut().intern(event_type, state_key);
                    Some((key, dag.node(id)?))
                })
                .collect();
            let old: Vec<_> = map.iter().map(|(key, _)| key).collect();
            for key in old.into_iter().filter(|key| !entries.contains_key(key)) {
                map.remove(key);
            }
            for (key, node) in entries {
                map.insert(key, node);
            }
            maps.push(map);
        }
        (dag, maps)
    }
}

/// What the engine found, in the oracle's terms.
#[must_use]
pub fn found(dag: &RoomDag, resolution: &Resolution) -> Found {
    let id = |node| dag.id(node).cloned();
    let trace = &resolution.trace;
    let full = |has: fn(&FullConflicted) -> bool| -> BTreeSet<EventId> {
        let members = trace.full_conflicted.iter().filter(|member| has(member));
        members.filter_map(|member| id(member.event)).collect()
    };
    let mainline = trace.mainline.into_iter();
    let checks = trace.checks.iter();
    let rest = trace.mainline_order.iter();
    Found {
        state: named(dag, &resolution.state),
        conflicted: trace
            .conflicted
            .iter()
            .flat_map(|entry| &entry.events)
            .filter_map(|node| id(*node))
            .collect(),
        auth_difference: full(|member| member.auth_difference),
        subgraph: full(|member| member.subgraph),
        power_order: trace
            .power_order
            .iter()
            .filter_map(|(node, _)| id(*node))
            .collect(),
        mainline: mainline
            .flat_map(|levels| resolve::mainline(dag, levels))
            .filter_map(id)
            .collect(),
        mainline_order: rest
            .filter_map(|(node, key)| Some((id(*node)?, key.position.0)))
            .collect(),
        // In algorithm 1 the order of the keys is anybody's.
        checks: checks
            .filter(|_| !trace.full_conflicted.is_empty())
            .filter_map(|check| Some((id(check.event)?, check.admitted)))
            .collect(),
    }
}

struct Builder {
    random: Random,
    rules: RoomVersionRules,
    events: BTreeMap<EventId, Event>,
    contents: BTreeMap<EventId, String>,
    branches: Vec<Branch>,
}

/// A server's view of the room: a state, and the events to build on.
#[derive(Clone, Default)]
struct Branch {
    state: State,
    tips: Vec<EventId>,
}

impl Builder {
    fn begin(&mut self) {
        let version = self.rules.id;
        let creator = CREATOR;
        let create = format!(r#"{{"room_version":"{version}","creator":"{creator}"}}"#);
        self.add(0, Some("create"), ("m.room.create", "", creator), &create);
        let join = r#"{"membership":"join"}"#;
        self.add(0, None, ("m.room.member", creator, creator), join);
        let levels = self.levels();
        self.add(0, None, ("m.room.power_levels", "", creator), &levels);
        let rule = r#"{"join_rule":"public"}"#;
        self.add(0, None, ("m.room.join_rules", "", creator), rule);
        for user in USERS.into_iter().skip(1) {
            if self.random.chance(70) {
                self.add(0, None, ("m.room.member", user, user), join);
            }
        }
    }

    /// Power levels of random users; never of creators who cannot be listed.
    fn levels(&mut self) -> String {
        let infinite = self.rules.room_id == RoomIdFormat::CreateHash;
        let mut users = Vec::new();
        for user in USERS.into_iter().skip(usize::from(infinite)) {
            let level = self
                .random
                .pick(&[0, 25, 50, 50, 75, 100])
                .copied()
                .unwrap_or_default();
            let level = if user == CREATOR { 100 } else { level };
            if self.random.chance(70) {
                users.push(format!(r#""{user}":{level}"#));
            }
        }
        let default = self
            .random
            .pick(&[0, 0, 0, 25])
            .copied()
            .unwrap_or_default();
        let topic = self.random.pick(&[0, 50, 75]).copied().unwrap_or_default();
        format!(
            r#"{{"users":{{{}}},"users_default":{default},"events":{{"m.room.topic":{topic}}}}}"#,
            users.join(",")
        )
    }

    fn step(&mut self) {
        let branch = self.random.below(self.branches.len());
        match self.random.below(100) {
            // A fork.
            0..15 if self.branches.len() < 8 => {
                let fork = self.branches.get(branch).cloned().unwrap_or_default();
                self.branches.push(fork);
                return;
            }
            // A state patched together from two.
            15..20 => {
                let other = self.random.below(self.branches.len());
                let other = self.branches.get(other).cloned().unwrap_or_default();
                let random = &mut self.random;
                if let Some(branch) = self.branches.get_mut(branch) {
                    branch
                        .state
                        .extend(other.state.into_iter().filter(|_| random.chance(50)));
                    let tips = other
                        .tips
                        .into_iter()
                        .filter(|tip| !branch.tips.contains(tip));
                    let tips: Vec<EventId> = tips.collect();
                    branch.tips.extend(tips);
                    branch.tips.truncate(4);
                }
                return;
            }
            _ => {}
        }
        let sender = self.random.pick(&USERS).copied().unwrap_or_default();
        let other = self.random.pick(&USERS).copied().unwrap_or_default();
        let member = |membership: &str| format!(r#"{{"membership":"{membership}"}}"#);
        let levels = self.levels();
        let (event_type, state_key, content) = match self.random.below(12) {
            0 => ("m.room.member", sender, member("join")),
            1 => ("m.room.member", sender, member("leave")),
            2 => ("m.room.member", other, member("leave")),
            3 | 4 => ("m.room.member", other, member("ban")),
            5 => ("m.room.member", other, member("invite")),
            6 | 7 => ("m.room.power_levels", "", levels),
            8 => {
                let rules = ["public", "invite", "knock"];
                let rule = self.random.pick(&rules).copied().unwrap_or_default();
                (
                    "m.room.join_rules",
                    "",
                    format!(r#"{{"join_rule":"{rule}"}}"#),
                )
            }
            9 => ("m.room.name", "", "{}".to_owned()),
            10 => {
                let key = self.random.pick(&["x", "y"]).copied().unwrap_or_default();
                ("org.example", key, "{}".to_owned())
            }
            _ => ("m.room.topic", "", "{}".to_owned()),
        };
        self.add(branch, None, (event_type, state_key, sender), &content);
    }

    /// Adds a state event to a branch if the branch's state allows it, and sometimes if not.
    fn add(
        &mut self,
        branch: usize,
        id: Option<&str>,
        (event_type, state_key, sender): (&str, &str, &str),
        content: &str,
    ) {
        let id = id.map_or_else(|| self.fresh_id(), str::to_owned);
        let Branch { state, tips } = self.branches.get(branch).cloned().unwrap_or_default();
        let mut draft = Draft {
            id: &id,
            event_type,
            state_key: Some(state_key),
            sender,
            content,
            origin_server_ts: i64::try_from(self.random.below(6)).unwrap_or_default(),
            depth: i64::try_from(self.random.below(8)).unwrap_or_default(),
            prev_events: tips,
            auth_events: Vec::new(),
        };
        let event = draft.event(&self.rules);
        let selection = auth::selection(&event.as_ref(), &self.rules);
        let cited: BTreeSet<EventId> = selection
            .iter()
            .filter_map(|(t, k)| state.get(&(t.to_owned(), k.to_owned())).cloned())
            .collect();
        draft.auth_events = cited.into_iter().collect();
        let event = draft.event(&self.rules);
        let view = View {
            events: &self.events,
            state: &state,
        };
        if auth::check(&event.as_ref(), &view, &self.rules).is_allowed() || self.random.chance(8) {
            if let Some(branch) = self.branches.get_mut(branch) {
                branch
                    .state
                    .insert((event_type.into(), state_key.into()), event.id().clone());
                branch.tips = vec![event.id().clone()];
            }
            self.contents.insert(event.id().clone(), content.to_owned());
            self.events.insert(event.id().clone(), event);
        }
    }

    fn fresh_id(&mut self) -> String {
        loop {
            let id: String = (0..4)
                .filter_map(|_| self.random.pick(ALPHABET).copied())
                .map(char::from)
                .collect();
            if !self
                .events
                .contains_key(&EventId::from_trusted(format!("${id}")))
            {
                return id;
            }
        }
    }
}
