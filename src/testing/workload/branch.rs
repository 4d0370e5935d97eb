//! The room while it is being written: what each branch knows, and how it sends an event.

use petgraph::graph::NodeIndex;

use crate::auth;
use crate::crypto::{self, KeyRing, SigningKey, Validity};
use crate::dag::RoomDag;
use crate::event::{AuthoriserSigned, Event, EventRef, PrevEvents};
use crate::id::{EventId, KeyId, RoomId, ServerName, UserId};
use crate::json::{Array, Object, Value};
use crate::limits::Limits;
use crate::pdu::content::Content;
use crate::pdu::{CREATE, JOIN_RULES, MEMBER, POWER_LEVELS, Pdu};
use crate::replay::DagState;
use crate::resolve::{self, Options};
use crate::state::StateMap;
use crate::testing::Random;
use crate::testing::workload::content::{self, user};
use crate::testing::workload::{Shape, Workload};
use crate::version::{CreatorRule, EventIdFormat, EventReferences, RoomIdFormat, RoomVersionRules};

const KEY: &str = "ed25519:auto";

/// The room and its servers.
pub(super) struct World {
    pub(super) random: Random,
    rules: RoomVersionRules,
    options: Options,
    dag: RoomDag,
    room_id: Option<RoomId>,
    create: Option<NodeIndex>,
    now: i64,
    sent: usize,
    keys: Vec<SigningKey>,
    pdus: Vec<Vec<u8>>,
    events: Vec<Event>,
}

/// What one server, or some that speak to each other, know of the room.
#[derive(Clone, Debug, Default)]
pub(super) struct Branch {
    state: StateMap,
    tips: Vec<NodeIndex>,
}

/// An event as its sender wants it.
pub(super) struct Wish<'a> {
    pub(super) sender: usize,
    pub(super) event_type: &'a str,
    pub(super) state_key: Option<&'a str>,
    pub(super) content: Object,
}

impl World {
    pub(super) fn new(rules: &RoomVersionRules) -> Self {
        let key = |server: u8| {
            let name = KeyId::parse(KEY).ok()?;
            SigningKey::from_seed(name, &[server.saturating_add(1); 32]).ok()
        };
        Self {
            random: Random::new(20),
            rules: *rules,
            options: Options::of(rules),
            dag: RoomDag::new(),
            room_id: match rules.room_id {
                RoomIdFormat::WithServer => {
                    Some(RoomId::from_trusted("!workload:server0.example.org"))
                }
                RoomIdFormat::CreateHash => None,
            },
            create: None,
            now: 1_700_000_000_000,
            sent: 0,
            keys: (0..20).filter_map(key).collect(),
            pdus: Vec::new(),
            events: Vec::new(),
        }
    }

    /// A room of `members` members, while whose joining the power levels change `levels` times.
    pub(super) fn populated(&mut self, members: usize, levels: usize) -> Branch {
        let mut branch = Branch::default();
        let mut create = Object::new();
        create.insert("room_version", self.rules.id);
        if self.rules.auth.creator == CreatorRule::Content {
            create.insert("creator", user(0));
        }
        self.state(&mut branch, 0, (CREATE, ""), create);
        self.profile(&mut branch, 0, 0);
        self.levels(&mut branch, 0, None);
        self.join_rule(&mut branch, "public");
        let mut changes = 0_usize;
        for number in 1..members {
            self.profile(&mut branch, number, 0);
            while changes < levels
                && changes.saturating_mul(members) < number.saturating_mul(levels)
            {
                changes = changes.saturating_add(1);
                self.levels(&mut branch, changes, None);
            }
        }
        branch
    }

    pub(super) fn profile(&mut self, branch: &mut Branch, number: usize, edition: usize) -> bool {
        let (name, profile) = (user(number), content::profile(number, edition));
        self.state(branch, number, (MEMBER, &name), profile)
    }

    pub(super) fn levels(
        &mut self,
        branch: &mut Branch,
        edition: usize,
        demoted: Option<usize>,
    ) -> bool {
        let lists_creator = self.rules.room_id == RoomIdFormat::WithServer;
        let levels = content::power_levels(edition, demoted, lists_creator);
        self.state(branch, 0, (POWER_LEVELS, ""), levels)
    }

    pub(super) fn member(
        &mut self,
        branch: &mut Branch,
        sender: usize,
        target: usize,
        membership: &str,
    ) -> bool {
        let content = content::membership(membership);
        self.state(branch, sender, (MEMBER, &user(target)), content)
    }

    pub(super) fn join_rule(&mut self, branch: &mut Branch, rule: &str) -> bool {
        self.state(branch, 0, (JOIN_RULES, ""), content::join_rule(rule))
    }

    pub(super) fn text(&mut self, branch: &mut Branch, sender: usize, what: &str) -> bool {
        let content = content::text(what, self.sent);
        let event_type = format!("m.room.{what}");
        self.state(branch, sender, (&event_type, ""), content)
    }

    pub(super) fn message(&mut self, branch: &mut Branch, sender: usize) -> bool {
        let wish = Wish {
            sender,
            event_type: "m.room.message",
            state_key: None,
            content: content::message(self.sent),
        };
        self.send(branch, wish, None)
    }

    fn state(
        &mut self,
        branch: &mut Branch,
        sender: usize,
        (event_type, state_key): (&str, &str),
        content: Object,
    ) -> bool {
        let wish = Wish {
            sender,
            event_type,
            state_key: Some(state_key),
            content,
        };
        self.send(branch, wish, None)
    }

    /// Several branches meet: the next event on the new one has all their tips before it.
    pub(super) fn merge(&self, branches: &[Branch]) -> Branch {
        let states: Vec<StateMap> = branches.iter().map(|b| b.state.clone()).collect();
        let resolution = resolve::resolve(&self.dag, &states, &self.rules, &self.options);
        Branch {
            state: resolution.map(|r| r.state).unwrap_or_default(),
            tips: branches.iter().flat_map(|b| b.tips.clone()).collect(),
        }
    }

    /// Sends an event if the rules allow it. It cites what it must, or `cited` instead.
    pub(super) fn send(
        &mut self,
        branch: &mut Branch,
        wish: Wish<'_>,
        cited: Option<&[NodeIndex]>,
    ) -> bool {
        self.now = self.now.saturating_add(10);
        self.sent = self.sent.saturating_add(1);
        let room = self.room_id.clone();
        let unnamed = RoomId::from_trusted("!new");
        let depth = branch.tips.iter().filter_map(|tip| self.dag.event(*tip));
        let depth = depth.map(|event| event.depth).max().unwrap_or(0);
        let mut json = Object::new();
        json.insert("content", wish.content);
        let typed = Content::of(
            &json,
            wish.event_type,
            wish.state_key.is_some(),
            &self.rules,
        );
        let tips: Vec<EventId> = self.ids(&branch.tips);
        let event = EventRef {
            id: &EventId::from_trusted("$new"),
            room_id: room.as_ref().unwrap_or(&unnamed),
            event_type: wish.event_type,
            state_key: wish.state_key,
            sender: &UserId::from_trusted(user(wish.sender)),
            origin_server_ts: self.now,
            depth: depth.saturating_add(1),
            prev_events: PrevEvents::of(&tips),
            content: &typed,
            redacts: None,
            states_room_id: room.is_some(),
            authoriser_signature: AuthoriserSigned::Unchecked,
        };
        let state = DagState {
            dag: &self.dag,
            state: &branch.state,
            create: self.create,
        };
        if !auth::check(&event, &state, &self.rules).is_allowed() {
            return false;
        }
        let selection = auth::selection(&event, &self.rules);
        let keys = self.dag.keys();
        let selected = selection
            .iter()
            .filter_map(|(t, k)| branch.state.get(keys.lookup(t, k)?));
        let cited = cited.map_or_else(|| selected.collect(), <[_]>::to_vec);

        json.insert("type", wish.event_type);
        if let Some(state_key) = wish.state_key {
            json.insert("state_key", state_key);
        }
        if let Some(room) = &room {
            json.insert("room_id", room.as_str());
        }
        json.insert("sender", event.sender.as_str());
        json.insert("origin_server_ts", event.origin_server_ts);
        json.insert("depth", event.depth);
        if self.rules.event_id == EventIdFormat::Field {
            let server = event.sender.server_name();
            json.insert("event_id", format!("${}:{server}", self.sent));
        }
        json.insert("prev_events", self.references(&tips));
        json.insert("auth_events", self.references(&self.ids(&cited)));
        self.publish(branch, json, wish.sender)
    }

    /// Hashes, signs and keeps an event.
    fn publish(&mut self, branch: &mut Branch, mut json: Object, sender: usize) -> bool {
        let server = format!("server{}.example.org", sender % 20);
        let Some(key) = self.keys.get(sender % 20) else {
            return false;
        };
        crypto::hash_and_sign_event(&mut json, &self.rules, &server, key);
        let bytes = json.to_canonical();
        let Ok(pdu) = Pdu::parse(&bytes, &self.rules, &Limits::default()) else {
            return false;
        };
        let event = crypto::unverified(pdu, &self.rules);
        let Ok(node) = self.dag.insert(event.clone()) else {
            return false;
        };
        if self.create.is_none() {
            self.create = Some(node);
            self.room_id = Some(event.as_ref().room_id.clone());
        }
        if let Some(key) = self.dag.key(node) {
            branch.state.insert(key, node);
        }
        branch.tips = vec![node];
        self.events.push(event);
        self.pdus.push(bytes);
        true
    }

    /// A list of events as the room version has it. Nobody checks the hashes of pairs.
    fn references(&self, ids: &[EventId]) -> Array {
        let reference = |id: &EventId| match self.rules.references {
            EventReferences::Ids => Value::from(id.as_str()),
            EventReferences::Pairs => Value::from(vec![id.as_str().into(), Object::new().into()]),
        };
        ids.iter().map(reference).collect()
    }

    fn ids(&self, nodes: &[NodeIndex]) -> Vec<EventId> {
        let ids = nodes.iter().filter_map(|node| self.dag.id(*node));
        ids.cloned().collect()
    }

    pub(super) fn finish(mut self, shape: Shape, branches: &[Branch]) -> Workload {
        let mut keys = KeyRing::new();
        for (number, key) in self.keys.iter().enumerate() {
            let server = format!("server{number}.example.org");
            if let (Ok(server), key_id) = (ServerName::parse(&server), key.key_id().clone()) {
                // The keys differ in their servers, so none is in another's way.
                let _ = keys.insert(server, key_id, key.verify_key(), Validity::Forever);
            }
        }
        self.dag.shrink_to_fit();
        Workload {
            shape,
            rules: self.rules,
            pdus: self.pdus,
            events: self.events,
            dag: self.dag,
            tips: branches.iter().flat_map(|b| b.tips.clone()).collect(),
            states: branches.iter().map(|b| b.state.clone()).collect(),
            keys,
        }
    }

    /// The events that a branch has for keys of this type, by key.
    pub(super) fn of_type(&self, branch: &Branch, event_type: &str) -> Vec<NodeIndex> {
        let is = |key| {
            self.dag
                .keys()
                .resolve(key)
                .is_some_and(|(t, _)| t == event_type)
        };
        let entries = branch.state.iter().filter(|(key, _)| is(*key));
        entries.map(|(_, node)| node).collect()
    }
}
