//! The room while it is being written: what is known on each branch, and what each event is worth.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use crate::auth::{self, AuthEvent, StateView};
use crate::crypto;
use crate::dag::RoomDag;
use crate::event::Event;
use crate::id::{EventId, RoomId};
use crate::json::{Mode, Object, Value};
use crate::lab::Random;
use crate::lab::generate::cast::Cast;
use crate::lab::generate::compose::{Twist, Wish};
use crate::lab::generate::{Deed, Recipe};
use crate::limits::Limits;
use crate::pdu::content::{Content, Membership};
use crate::pdu::{CREATE, JOIN_RULES, MEMBER, POWER_LEVELS, Pdu};
use crate::replay::DagState;
use crate::resolve::{self, Options};
use crate::state::StateMap;
use crate::version::{CreateReference, JoinRule, RoomIdFormat, RoomVersionRules};

/// The room, its servers and users, and the dump that comes of it.
pub(super) struct World {
    pub(super) random: Random,
    pub(super) recipe: Recipe,
    pub(super) cast: Cast,
    pub(super) dag: RoomDag,
    pub(super) room_id: Option<RoomId>,
    pub(super) create: Option<NodeIndex>,
    pub(super) now: i64,
    /// The events that are known, in the order in which they were sent.
    pub(super) nodes: Vec<NodeIndex>,
    pub(super) lines: Vec<Line>,
    pub(super) branches: Vec<Branch>,
    pub(super) done: BTreeMap<Deed, usize>,
    /// The number of the next user who is new to the room.
    pub(super) next_user: usize,
    /// The create event of another room, once there is one.
    pub(super) foreign: Option<NodeIndex>,
    records: BTreeMap<NodeIndex, Record>,
    options: Options,
}

/// What one server, or some that speak to each other, know of the room.
#[derive(Clone, Debug, Default)]
pub(super) struct Branch {
    pub(super) tips: Vec<NodeIndex>,
    pub(super) state: StateMap,
}

/// A line of the dump.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) bytes: Vec<u8>,
    pub(super) is_left_out: bool,
}

/// What an event is worth.
#[derive(Clone, Debug)]
struct Record {
    is_accepted: bool,
    after: StateMap,
    /// Its place among the lines.
    line: usize,
    hash: Option<[u8; 32]>,
}

impl World {
    pub(super) fn new(recipe: &Recipe, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let has_odd_text = recipe.weights.get(&Deed::OddText).is_some_and(|w| *w > 0);
        let cast = Cast::new(recipe.servers, has_odd_text);
        let opaque = text_of(&mut random, 18);
        let server = cast.server_of(0).map(|server| server.name.as_str());
        let room_id = format!("!{opaque}:{}", server.unwrap_or_default());
        let delay = i64::try_from(random.below(1_000_000_000)).unwrap_or_default();
        Self {
            room_id: match recipe.rules.room_id {
                RoomIdFormat::WithServer => Some(RoomId::from_trusted(room_id)),
                RoomIdFormat::CreateHash => None,
            },
            random,
            recipe: recipe.clone(),
            cast,
            dag: RoomDag::new(),
            create: None,
            now: 1_700_000_000_000_i64.saturating_add(delay),
            nodes: Vec::new(),
            lines: Vec::new(),
            branches: Vec::new(),
            done: BTreeMap::new(),
            next_user: 0,
            foreign: None,
            records: BTreeMap::new(),
            options: Options::of(&recipe.rules),
        }
    }

    pub(super) fn rules(&self) -> &RoomVersionRules {
        &self.recipe.rules
    }

    /// Sends an event if the state of the branch allows it; it is then the branch's tip.
    pub(super) fn send(&mut self, branch: &mut Branch, wish: &Wish) -> bool {
        self.may(branch, wish) && self.force(branch, wish, &Twist::default()).is_some()
    }

    /// Sends an event whether it is allowed or not. It is the branch's tip if it is accepted.
    pub(super) fn force(
        &mut self,
        branch: &mut Branch,
        wish: &Wish,
        twist: &Twist,
    ) -> Option<NodeIndex> {
        let json = self.event(branch, wish, twist)?;
        let node = self.publish(branch, &json)?;
        if self.is_accepted(node) {
            *branch = self.at(node);
        }
        Some(node)
    }

    /// Whether the state of a branch allows an event.
    pub(super) fn may(&self, branch: &Branch, wish: &Wish) -> bool {
        let view = self.view(&branch.state);
        self.described(branch, wish, |event| {
            auth::check(event, &view, self.rules()).is_allowed()
        })
    }

    /// Adds an event to the room: judges it at its place, and writes it down. `None` if it would be
    /// dropped on receipt, or is known already.
    pub(super) fn publish(&mut self, at: &Branch, json: &Object) -> Option<NodeIndex> {
        let bytes = json.to_canonical();
        let pdu = Pdu::parse(&bytes, self.rules(), &Limits::default()).ok()?;
        let event = crypto::unverified(pdu, self.rules());
        if self.create.is_none() {
            self.room_id = Some(event.as_ref().room_id.clone());
        }
        let is_overlong = event.overlong().is_some();
        let node = self.dag.insert(event.clone()).ok()?;
        if self.create.is_none() {
            self.create = Some(node);
        }
        let is_accepted = !is_overlong && self.allows(&event, &at.state);
        let mut after = at.state.clone();
        if let Some(key) = self.dag.key(node).filter(|_| is_accepted) {
            after.insert(key, node);
        }
        let record = Record {
            is_accepted,
            after,
            line: self.lines.len(),
            hash: self.pair_hash(json),
        };
        self.records.insert(node, record);
        self.nodes.push(node);
        self.emit(bytes);
        Some(node)
    }

    /// Writes a line of which nobody takes notice.
    pub(super) fn emit(&mut self, bytes: Vec<u8>) {
        self.lines.push(Line {
            bytes,
            is_left_out: false,
        });
    }

    /// Leaves a published event out of the dump.
    pub(super) fn leave_out(&mut self, node: NodeIndex) {
        let line = self.records.get(&node).map(|record| record.line);
        if let Some(line) = line.and_then(|line| self.lines.get_mut(line)) {
            line.is_left_out = true;
        }
    }

    /// Checks 4 and 5.
    fn allows(&self, event: &Event, before: &StateMap) -> bool {
        let cited = |id: &EventId| {
            let node = self.dag.node(id)?;
            Some(AuthEvent {
                event: self.dag.event(node)?,
                rejected: !self.is_accepted(node),
            })
        };
        let auth_events: Vec<AuthEvent<'_>> =
            event.auth_events().iter().filter_map(cited).collect();
        let implied = self.rules().auth.create_reference == CreateReference::Forbidden;
        let create = self.create.filter(|_| implied);
        let create = create.and_then(|node| cited(self.dag.id(node)?));
        let (parts, rules) = (event.as_ref(), self.rules());
        auth::check_by_auth_events(&parts, &auth_events, create, rules).is_allowed()
            && auth::check(&parts, &self.view(before), rules).is_allowed()
    }

    pub(super) fn view<'a>(&'a self, state: &'a StateMap) -> DagState<'a> {
        DagState {
            dag: &self.dag,
            state,
            create: self.create,
        }
    }

    pub(super) fn is_accepted(&self, node: NodeIndex) -> bool {
        self.records
            .get(&node)
            .is_some_and(|record| record.is_accepted)
    }

    pub(super) fn is_left_out(&self, node: NodeIndex) -> bool {
        let line = self
            .records
            .get(&node)
            .and_then(|record| self.lines.get(record.line));
        line.is_some_and(|line| line.is_left_out)
    }

    /// The branch that an event is the tip of.
    pub(super) fn at(&self, node: NodeIndex) -> Branch {
        let after = self.records.get(&node).map(|record| record.after.clone());
        Branch {
            tips: vec![node],
            state: after.unwrap_or_default(),
        }
    }

    /// Several branches meet: the next event on the new one follows all their tips. Those that
    /// would make them too many stay away.
    pub(super) fn merged(&self, branches: &[Branch]) -> Branch {
        let most = Limits::default().prev_events;
        let mut tips: BTreeSet<NodeIndex> = BTreeSet::new();
        let mut states: Vec<StateMap> = Vec::new();
        for branch in branches {
            let all: BTreeSet<NodeIndex> = tips.iter().chain(&branch.tips).copied().collect();
            if all.len() <= most {
                tips = all;
                states.push(branch.state.clone());
            }
        }
        let resolution = resolve::resolve(&self.dag, &states, self.rules(), &self.options);
        Branch {
            state: resolution.map(|r| r.state).unwrap_or_default(),
            tips: tips.into_iter().collect(),
        }
    }

    /// Adds a branch; if there are too many by then, the first of the others has been given up.
    pub(super) fn fork(&mut self, branch: Branch) {
        self.branches.push(branch);
        if self.branches.len() > self.recipe.branches.max(2) {
            let first = self.branches.remove(0);
            if let Some(next) = self.branches.first() {
                let merged = self.merged(&[first, next.clone()]);
                if let Some(next) = self.branches.first_mut() {
                    *next = merged;
                }
            }
        }
    }

    /// The event of a line, as it was published.
    pub(super) fn json(&self, node: NodeIndex) -> Option<Object> {
        let line = self.lines.get(self.records.get(&node)?.line)?;
        Object::parse(&line.bytes, Mode::Lenient).ok()
    }

    /// The content of the state event of this key.
    pub(super) fn content(&self, branch: &Branch, event_type: &str, key: &str) -> Option<Object> {
        let node = self.entry(branch, event_type, key)?;
        self.json(node)?.remove("content")?.into_object()
    }

    /// The state event of this key.
    pub(super) fn entry(&self, branch: &Branch, event_type: &str, key: &str) -> Option<NodeIndex> {
        branch.state.get(self.dag.keys().lookup(event_type, key)?)
    }

    pub(super) fn membership(&self, branch: &Branch, user: usize) -> Membership {
        let view = self.view(&branch.state);
        let user = self.cast.user(user);
        match view.get(MEMBER, user.as_str()).map(|event| event.content) {
            Some(Content::Member(member)) => member.membership.unwrap_or(Membership::Leave),
            _ => Membership::Leave,
        }
    }

    pub(super) fn join_rule(&self, branch: &Branch) -> Option<JoinRule> {
        let view = self.view(&branch.state);
        match view.get(JOIN_RULES, "").map(|event| event.content) {
            Some(Content::JoinRules(rule)) => *rule,
            _ => Some(JoinRule::Invite),
        }
    }

    /// Whether a user has more power than another.
    pub(super) fn outranks(&self, branch: &Branch, user: usize, other: usize) -> bool {
        let view = self.view(&branch.state);
        let (levels, create) = (view.get(POWER_LEVELS, ""), view.get(CREATE, ""));
        let power = |user| auth::power(self.cast.user(user).as_str(), levels, create, self.rules());
        power(user).exceeds(&power(other))
    }

    /// A user who is joined; the creator if nobody else is found.
    pub(super) fn joined(&mut self, branch: &Branch) -> usize {
        let users = self.next_user;
        let mut tries = (0..12)
            .map(|_| self.random.below(users))
            .collect::<Vec<_>>()
            .into_iter();
        tries
            .find(|user| self.membership(branch, *user) == Membership::Join)
            .unwrap_or_default()
    }

    /// A joined user without power, if one is found.
    pub(super) fn commoner(&mut self, branch: &Branch) -> Option<usize> {
        let user = self.joined(branch);
        (user > self.moderators()).then_some(user)
    }

    /// A user who is to have power: the creator half of the time, or else a moderator.
    pub(super) fn moderator(&mut self, branch: &Branch) -> usize {
        if self.random.chance(50) {
            return 0;
        }
        let user = self.random.below(self.moderators()).saturating_add(1);
        if self.membership(branch, user) == Membership::Join {
            user
        } else {
            0
        }
    }

    /// How many users, after the creator, are given power: an administrator and moderators.
    pub(super) fn moderators(&self) -> usize {
        (self.recipe.members / 8).clamp(2, 25)
    }

    /// A user who has never been in the room.
    pub(super) fn newcomer(&mut self) -> usize {
        let user = self.next_user;
        self.next_user = user.saturating_add(1);
        user
    }

    /// A known event that is in the dump: one of the last 60 mostly, and one of the last 1,000 at
    /// any rate. What older ones have in conflict with the present grows with the room.
    pub(super) fn earlier(&mut self) -> Option<NodeIndex> {
        let most = if self.random.chance(70) { 60 } else { 1_000 };
        let recent = self.nodes.len().saturating_sub(most);
        let known = self.nodes.get(recent..)?;
        let node = *self.random.pick(known)?;
        (!self.is_left_out(node)).then_some(node)
    }

    /// Letters and digits.
    pub(super) fn letters(&mut self, len: usize) -> String {
        text_of(&mut self.random, len)
    }

    /// A reference in the form of the room version.
    pub(super) fn reference(&self, id: &EventId) -> Value {
        let hash = self
            .dag
            .node(id)
            .and_then(|node| self.records.get(&node)?.hash);
        super::compose::reference(id, hash, self.rules())
    }
}

/// Letters and digits.
fn text_of(random: &mut Random, len: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let letters = (0..len).filter_map(|_| random.pick(ALPHABET).copied());
    letters.map(char::from).collect()
}
