//! The graph of one room: who cites whom, and nothing of what it means.
//!
//! Every event is a number from the moment it is first heard of, and two petgraph graphs over the
//! same numbers hold what it cites: one the `auth_events`, one the `prev_events`. Edges lead from
//! the citing event to the cited one. An id that was cited but never seen has a number too, its
//! *placeholder*; the event takes its place when it comes, in whatever order events come.
//!
//! | the spec says                      | here                                              |
//! |------------------------------------|---------------------------------------------------|
//! | event graph, `prev_events`         | [`RoomDag::prev_graph`], [`RoomDag::prev_events`] |
//! | auth events, `auth_events`         | [`RoomDag::auth_graph`], [`RoomDag::auth_events`] |
//! | auth chain                         | [`chain`]                                         |
//! | reverse topological power ordering | [`order`], with the keys that `resolve` gives it  |
//!
//! INVARIANT: both graphs together have no cycle. Hashes cannot be chosen so as to make one, but
//! the ids of room versions 1 and 2 and those of synthetic rooms can; [`RoomDag::insert`] refuses.
//!
//! Knows no Matrix rule. Reads [`event`](crate::event) and [`state`](crate::state). Read by
//! everything that walks. Spec: <https://spec.matrix.org/v1.19/server-server-api/#pdus>

pub mod chain;
mod descent;
mod generation;
pub(crate) mod index;
mod insert;
mod lists;
pub mod order;
mod rank;
mod slim;

use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;

use indexmap::IndexSet;
use petgraph::Direction;
use petgraph::graph::DiGraph;

use crate::dag::descent::Descent;
use crate::dag::generation::Generations;
use crate::dag::lists::Lists;
use crate::dag::rank::Ranks;
pub(crate) use crate::dag::slim::Reduced;
use crate::dag::slim::{Extra, Slim};
use crate::effort::{self, Step};
use crate::event::{Event, EventRef, PrevEvents, Provenance};
use crate::id::{EventId, RoomId, UserId};
use crate::pdu::MEMBER;
use crate::pdu::content::Content;
use crate::state::{KeyIx, StateDigest, StateKeys, StateMap, TypeIx, digest};

pub use crate::dag::insert::InsertError;
pub use petgraph::graph::NodeIndex;

/// The events of one room and what they cite.
///
/// Of an event it keeps what authorisation and resolution read, at less than 300 bytes a message;
/// the JSON is the host's. Events are only ever added.
///
/// Node numbers depend on the order of arrival and must not reach an output; ids may.
#[derive(Clone, Debug, Default)]
pub struct RoomDag {
    /// The id of each node, by number.
    ids: IndexSet<EventId, RandomState>,
    /// The event of each node; `None` for a placeholder.
    events: Vec<Option<Slim>>,
    /// What only some events have, as their [`Slim::extra`] says.
    extras: Vec<Extra>,
    /// The nodes of `events` that are known, in order of arrival.
    arrivals: Vec<NodeIndex>,
    /// A bit for each node: whether the host said that its event is rejected.
    rejected: Vec<u64>,
    /// The placeholders that some event cites.
    missing: BTreeSet<NodeIndex>,
    auth: DiGraph<(), (), u32>,
    prev: DiGraph<(), (), u32>,
    /// For each node, the state events that list it in `auth_events`.
    cited_by: Lists,
    /// Whether a state event lists a message event, which the rules forbid.
    cites_messages: bool,
    ranks: Ranks,
    generations: Generations,
    descent: Descent,
    keys: StateKeys,
    users: IndexSet<UserId, RandomState>,
    /// The key of each user's member event.
    member_keys: Vec<KeyIx>,
    rooms: IndexSet<RoomId, RandomState>,
}

impl RoomDag {
    /// A graph without events.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of an event or of a placeholder.
    #[must_use]
    pub fn node(&self, id: impl AsRef<str>) -> Option<NodeIndex> {
        effort::step(Step::Lookup);
        self.ids.get_index_of(id.as_ref()).map(NodeIndex::new)
    }

    /// The id of an event or of a placeholder.
    #[must_use]
    pub fn id(&self, node: NodeIndex) -> Option<&EventId> {
        self.ids.get_index(node.index())
    }

    /// The event with this number; `None` for a placeholder.
    #[must_use]
    pub fn event(&self, node: NodeIndex) -> Option<EventRef<'_>> {
        self.parts(node, self.slim(node)?)
    }

    /// An event that was reduced, before it is in the graph: without its `prev_events`, which the
    /// graph does not have yet.
    pub(crate) fn reduced<'a>(&'a self, event: &'a Reduced) -> Option<EventRef<'a>> {
        self.parts(event.node, &event.slim)
    }

    /// Puts an event together again that was [reduced](Self::reduce).
    pub(crate) fn whole(
        &self,
        event: &Reduced,
        auth: &[NodeIndex],
        prev: &[NodeIndex],
    ) -> Option<Event> {
        let ids = |nodes: &[NodeIndex]| nodes.iter().filter_map(|n| self.id(*n).cloned()).collect();
        Some(Event {
            provenance: event.slim.provenance,
            overlong: self.extra(&event.slim).and_then(|extra| extra.overlong),
            ..Event::trusted(&self.reduced(event)?, ids(prev), ids(auth))
        })
    }

    fn parts<'a>(&'a self, node: NodeIndex, slim: &'a Slim) -> Option<EventRef<'a>> {
        effort::step(Step::Event);
        let extra = self.extra(slim);
        let key = extra.and_then(|extra| extra.key);
        Some(EventRef {
            id: self.id(node)?,
            room_id: self.rooms.get_index(extra.map_or(0, |extra| extra.room))?,
            event_type: self.keys.resolve_type(slim.event_type)?,
            state_key: key
                .and_then(|key| self.keys.resolve(key))
                .map(|(_, state_key)| state_key),
            sender: self.users.get_index(usize::try_from(slim.sender).ok()?)?,
            origin_server_ts: slim.origin_server_ts,
            depth: slim.depth,
            prev_events: self.prev_ids(node),
            content: extra.map_or(&Content::Other, |extra| &extra.content),
            redacts: extra.and_then(|extra| extra.redacts.as_ref()),
            states_room_id: slim.states_room_id,
            authoriser_signature: slim.authoriser_signature,
        })
    }

    /// Whether the node has its event and is not a placeholder.
    #[must_use]
    pub fn is_known(&self, node: NodeIndex) -> bool {
        self.slim(node).is_some()
    }

    /// The state key number of a state event; `None` for message events and placeholders.
    #[must_use]
    pub fn key(&self, node: NodeIndex) -> Option<KeyIx> {
        self.extra(self.slim(node)?)?.key
    }

    /// The key of a user's member event, as an event asks for it; `None` if no event has that key.
    ///
    /// O(1) for the event's sender and its target, and the look-up of a string for others.
    #[must_use]
    pub fn member_key(&self, node: NodeIndex, user: &str) -> Option<KeyIx> {
        let slim = self.slim(node)?;
        let sender = usize::try_from(slim.sender).ok()?;
        let known = self.users.get_index(sender)?.as_str();
        if known == user {
            return self.member_keys.get(sender).copied();
        }
        self.key(node)
            .filter(|key| self.keys.resolve(*key) == Some((MEMBER, user)))
            .or_else(|| self.keys.lookup_of(TypeIx::MEMBER, user))
    }

    /// The number of an event's type; `None` for a placeholder.
    #[must_use]
    pub fn event_type(&self, node: NodeIndex) -> Option<TypeIx> {
        Some(self.slim(node)?.event_type)
    }

    /// An event's `origin_server_ts`; `None` for a placeholder.
    #[must_use]
    pub fn origin_server_ts(&self, node: NodeIndex) -> Option<i64> {
        Some(self.slim(node)?.origin_server_ts)
    }

    /// What is known of an event's signatures and content hash; `None` for a placeholder.
    #[must_use]
    pub fn provenance(&self, node: NodeIndex) -> Option<Provenance> {
        Some(self.slim(node)?.provenance)
    }

    /// Notes that an event is rejected. The graph makes nothing of it; who reads the graph does.
    pub fn reject(&mut self, node: NodeIndex) {
        self.set_rejected(node, true);
    }

    /// Notes whether an event is rejected.
    pub(crate) fn set_rejected(&mut self, node: NodeIndex, rejected: bool) {
        let (word, bit) = (node.index() / 64, node.index() % 64);
        if rejected && word >= self.rejected.len() {
            self.rejected.resize(word.saturating_add(1), 0);
        }
        if let Some(word) = self.rejected.get_mut(word) {
            if rejected {
                *word |= 1 << bit;
            } else {
                *word &= !(1 << bit);
            }
        }
    }

    /// Whether it was noted that the event is rejected.
    #[must_use]
    pub fn is_rejected(&self, node: NodeIndex) -> bool {
        let word = self.rejected.get(node.index() / 64);
        word.is_some_and(|word| word >> (node.index() % 64) & 1 == 1)
    }

    /// See [`Event::overlong`](crate::event::Event::overlong).
    #[must_use]
    pub fn overlong(&self, node: NodeIndex) -> Option<&'static str> {
        self.extra(self.slim(node)?)?.overlong
    }

    /// A number that is larger than those of all events that the event cites.
    pub(crate) fn rank(&self, node: NodeIndex) -> i64 {
        self.ranks.of(node)
    }

    /// What the event lists in `auth_events`, in its order, duplicates included.
    pub fn auth_events(&self, node: NodeIndex) -> impl Iterator<Item = NodeIndex> + Clone + '_ {
        let cited = self.auth.neighbors(node);
        cited.inspect(|_| effort::step(Step::Citation))
    }

    /// What the event lists in `prev_events`, in its order, each once.
    pub fn prev_events(&self, node: NodeIndex) -> impl Iterator<Item = NodeIndex> + Clone + '_ {
        self.prev.neighbors(node)
    }

    /// The state events that list this node in `auth_events`, each once, the latest arrival first.
    ///
    /// Message events are left out, so that a power event which a million messages cite stays
    /// cheap to look up from; [`auth_graph`](Self::auth_graph) has them.
    pub fn cited_by(&self, node: NodeIndex) -> impl Iterator<Item = NodeIndex> + '_ {
        let citing = self.cited_by.of(node);
        citing.inspect(|_| effort::step(Step::Citation))
    }

    /// What lists this node in `auth_events` and may be in an auth chain: the state events, and all
    /// events in a graph where message events are in auth chains.
    pub(crate) fn citing(&self, node: NodeIndex) -> impl Iterator<Item = NodeIndex> + '_ {
        let all = self.auth.neighbors_directed(node, Direction::Incoming);
        let all = Some(all).filter(|_| self.cites_messages);
        let state = Some(self.cited_by(node)).filter(|_| all.is_none());
        state.into_iter().flatten().chain(all.into_iter().flatten())
    }

    /// The events that list this node in `prev_events`, the latest arrival first.
    pub fn children(&self, node: NodeIndex) -> impl Iterator<Item = NodeIndex> + Clone + '_ {
        self.prev.neighbors_directed(node, Direction::Incoming)
    }

    /// How long the longest path down the `auth_events` is: 1 + the largest generation among them.
    ///
    /// 1 for an event without auth events, 0 for a placeholder. Of two events, one in the auth
    /// chain of the other, the other has the larger generation.
    ///
    /// # Complexity
    ///
    /// O(1), except for the first call after placeholders were filled. That call finds the new
    /// generations, all at once, and takes O(V) to copy the old ones and O(c · log c) for the c
    /// events whose generation changes and the edges into them.
    #[must_use]
    pub fn generation(&self, node: NodeIndex) -> u32 {
        self.generations.of(node, &self.auth, &self.ranks)
    }

    /// The power levels that an event cites, first of them if there are several; `None` if it
    /// cites none that are known.
    #[must_use]
    pub fn power_levels_of(&self, node: NodeIndex) -> Option<NodeIndex> {
        self.auth_events(node)
            .find(|cited| self.key(*cited) == Some(KeyIx::POWER_LEVELS))
    }

    /// Of two power levels events, the last one that both descend from by way of the power levels
    /// that each [cites](Self::power_levels_of); and how many steps it is away from `newer`.
    /// `None` if there is none.
    ///
    /// # Complexity
    ///
    /// O(log P) in the number of power levels events; but each first call after power levels have
    /// taken the place of a placeholder that was cited is O(P · log P).
    #[must_use]
    pub fn common_power_levels(
        &self,
        newer: NodeIndex,
        other: NodeIndex,
    ) -> Option<(NodeIndex, u32)> {
        self.descent.common(self, newer, other)
    }

    /// The ids that events cite and that never arrived, by id. O(m · log m) in their number.
    pub fn missing(&self) -> impl ExactSizeIterator<Item = &EventId> {
        let mut missing: Vec<&EventId> = self.missing.iter().filter_map(|m| self.id(*m)).collect();
        missing.sort_unstable();
        missing.into_iter()
    }

    /// The numbers of the room's state keys and event types.
    #[must_use]
    pub fn keys(&self) -> &StateKeys {
        &self.keys
    }

    /// The numbers of the room's state keys and event types, to add to.
    pub fn keys_mut(&mut self) -> &mut StateKeys {
        &mut self.keys
    }

    /// How many events there are, placeholders not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arrivals.len()
    }

    /// Whether there is no event. There may be no placeholder without one either.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    /// The events in order of arrival, placeholders left out.
    pub fn events(&self) -> impl ExactSizeIterator<Item = NodeIndex> + DoubleEndedIterator + '_ {
        self.arrivals.iter().copied()
    }

    /// The graph of `auth_events`, for the algorithms of petgraph. Placeholders are nodes without
    /// outgoing edges; an event that is listed twice has two edges.
    #[must_use]
    pub fn auth_graph(&self) -> &DiGraph<(), (), u32> {
        &self.auth
    }

    /// The graph of `prev_events`, for the algorithms of petgraph.
    #[must_use]
    pub fn prev_graph(&self) -> &DiGraph<(), (), u32> {
        &self.prev
    }

    /// The digest of a state of this room; `None` for a state that names nodes or keys of another.
    /// Takes O(n log n).
    #[must_use]
    pub fn digest(&self, state: &StateMap) -> Option<StateDigest> {
        digest(state, &self.keys, |node| self.id(node))
    }

    /// Gives back the memory that was set aside for events still to come.
    pub fn shrink_to_fit(&mut self) {
        self.ids.shrink_to_fit();
        self.events.shrink_to_fit();
        self.extras.shrink_to_fit();
        self.arrivals.shrink_to_fit();
        self.auth.shrink_to_fit();
        self.prev.shrink_to_fit();
        self.cited_by.shrink_to_fit();
        self.ranks.shrink_to_fit();
        self.generations.shrink_to_fit();
        self.descent.shrink_to_fit();
        self.users.shrink_to_fit();
        self.member_keys.shrink_to_fit();
    }

    fn slim(&self, node: NodeIndex) -> Option<&Slim> {
        self.events.get(node.index())?.as_ref()
    }

    fn extra(&self, slim: &Slim) -> Option<&Extra> {
        self.extras.get(usize::try_from(slim.extra).ok()?)
    }

    fn prev_ids(&self, node: NodeIndex) -> PrevEvents<'_> {
        let mut prev = self.prev_events(node);
        match (prev.next().and_then(|first| self.id(first)), prev.next()) {
            (None, _) => PrevEvents::None,
            (Some(only), None) => PrevEvents::One(only),
            _ => PrevEvents::Several,
        }
    }
}
