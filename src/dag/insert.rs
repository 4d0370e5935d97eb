//! How an event enters the graph: checked first, then put in, so that a refusal changes nothing.

use std::borrow::Cow;

use indexmap::IndexSet;
use petgraph::graph::NodeIndex;

use crate::dag::RoomDag;
use crate::dag::slim::{Extra, Reduced, Slim};
use crate::event::Event;
use crate::id::{EventId, UserId};
use crate::state::{KeyIx, TypeIx};

/// Why an event did not enter the graph. The graph is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InsertError {
    /// The event cites itself, directly or through events that cite it.
    ///
    /// The two kinds of citation count together: no order of replay could satisfy both otherwise.
    #[error("event `{id:.255}` is among its own ancestors")]
    Cycle {
        /// The event.
        id: EventId,
    },
    /// There are no numbers left for the event, for what it cites or for its edges.
    #[error("the graph is full")]
    Full,
    /// The event is there already.
    #[error("the event is in the graph already")]
    Known {
        /// Its number.
        node: NodeIndex,
    },
}

impl RoomDag {
    /// Adds an event, and placeholders for what it cites that is not there yet.
    ///
    /// Events may come in any order. The answers to every query are the same for every order,
    /// except for the numbers of nodes and where a query says that it follows the arrivals. Only
    /// of events that would form a cycle, the order decides which is refused: the last to come.
    ///
    /// # Errors
    ///
    /// - [`InsertError::Known`]: an event with this id is there; it stays as it is.
    /// - [`InsertError::Cycle`]: the event would become its own ancestor. Only events whose ids are
    ///   not their hashes can: those of room versions 1 and 2, and synthetic ones.
    /// - [`InsertError::Full`]: 2³² nodes or edges are the limit.
    ///
    /// # Complexity
    ///
    /// O(e) for an event of e edges, wherever the `depth` of events is larger than that of all that
    /// they cite, as honest servers make it. Where it is not, and an event takes the place of a
    /// placeholder, what lies above it and was taken to be no higher than what it cites is looked
    /// at too.
    pub fn insert(&mut self, event: Event) -> Result<NodeIndex, InsertError> {
        let placeholder = self.node(&event.id);
        if let Some(node) = placeholder.filter(|node| self.is_known(*node)) {
            return Err(InsertError::Known { node });
        }
        let look = |id: &EventId| self.node(id);
        let auth: Vec<Option<NodeIndex>> = event.auth_events.iter().map(look).collect();
        let prev: Vec<Option<NodeIndex>> = event.prev_events.iter().map(look).collect();
        let cited = || auth.iter().chain(&prev).flatten().copied();
        let ids = || event.auth_events.iter().chain(&event.prev_events);
        let closes_a_cycle = placeholder.map_or_else(
            || ids().any(|id| *id == event.id),
            |node| cited().any(|cited| cited == node) || self.closes_a_cycle(node, cited()),
        );
        if closes_a_cycle {
            return Err(InsertError::Cycle { id: event.id });
        }
        let edges = auth.len().max(prev.len());
        if !fits(self.ids.len(), ids().count()) || !self.has_edges_for(edges) {
            return Err(InsertError::Full);
        }

        self.make_room(ids().count().saturating_add(1), auth.len(), prev.len());
        let node = placeholder.unwrap_or_else(|| self.push(event.id.clone()));
        let named = |dag: &mut Self, (id, node): (&EventId, Option<NodeIndex>)| {
            // An id that is new may stand in both lists.
            node.or_else(|| dag.node(id))
                .unwrap_or_else(|| dag.push(id.clone()))
        };
        let auth = event.auth_events.iter().zip(auth);
        let auth: Vec<NodeIndex> = auth.map(|entry| named(self, entry)).collect();
        let prev = event.prev_events.iter().zip(prev);
        let prev: Vec<NodeIndex> = prev.map(|entry| named(self, entry)).collect();
        let slim = self.slimmed(event);
        self.place(node, slim, &auth, &prev);
        Ok(node)
    }

    /// Puts an event in the place of another copy of it, which cites the same.
    pub(crate) fn replace(&mut self, node: NodeIndex, event: Event) {
        let slim = self.slimmed(event);
        if let Some(place) = self.events.get_mut(node.index()) {
            *place = Some(slim);
        }
    }

    /// Gives an id a number before its event comes. `None` if there are no numbers left. Nothing
    /// is missing for it.
    pub(crate) fn name(&mut self, id: &EventId) -> Option<NodeIndex> {
        if let Some(node) = self.node(id) {
            return Some(node);
        }
        self.make_room(1, 0, 0);
        fits(self.ids.len(), 0).then(|| self.push(id.clone()))
    }

    /// Takes of an event what the graph keeps, without putting it in: what it cites is added to
    /// `cited`, `auth_events` first. `None` if there are no numbers left.
    pub(crate) fn reduce(&mut self, event: Event, cited: &mut Vec<NodeIndex>) -> Option<Reduced> {
        if !fits(self.ids.len(), 0) {
            return None;
        }
        self.make_room(1, 0, 0);
        let node = self.push(event.id.clone());
        for id in event.auth_events.iter().chain(&event.prev_events) {
            cited.push(self.name(id)?);
        }
        Some(Reduced {
            node,
            slim: self.slimmed(event),
        })
    }

    /// [`insert`](Self::insert) for an event that was reduced before; `None` if 2³² edges are
    /// there. The caller sees to it that there is no event at its node yet, and that it closes no
    /// cycle.
    pub(crate) fn insert_reduced(
        &mut self,
        Reduced { node, slim }: Reduced,
        auth: &[NodeIndex],
        prev: &[NodeIndex],
    ) -> Option<()> {
        if !self.has_edges_for(auth.len().max(prev.len())) {
            return None;
        }
        self.make_room(0, auth.len(), prev.len());
        self.place(node, slim, auth, prev);
        Some(())
    }

    fn closes_a_cycle(&self, node: NodeIndex, cited: impl Iterator<Item = NodeIndex>) -> bool {
        let known = cited.filter(|cited| self.is_known(*cited));
        let graphs = [&self.auth, &self.prev];
        self.ranks.would_close_a_cycle(graphs, node, known)
    }

    fn is_message(&self, node: NodeIndex) -> bool {
        self.is_known(node) && self.key(node).is_none()
    }

    fn has_edges_for(&self, more: usize) -> bool {
        fits(self.auth.edge_count().max(self.prev.edge_count()), more)
    }

    /// Makes room for nodes and edges, in steps of an eighth. A vector left to itself would
    /// double, and a large room would pay for two.
    fn make_room(&mut self, nodes: usize, auth: usize, prev: usize) {
        if let Some(more) = growth(self.ids.len(), self.ids.capacity(), nodes) {
            self.ids.reserve_exact(more);
        }
        if let Some(more) = growth(self.events.len(), self.events.capacity(), nodes) {
            self.events.reserve_exact(more);
        }
        for (graph, edges) in [(&mut self.auth, auth), (&mut self.prev, prev)] {
            let (node_capacity, edge_capacity) = graph.capacity();
            if let Some(more) = growth(graph.node_count(), node_capacity, nodes) {
                graph.reserve_exact_nodes(more);
            }
            if let Some(more) = growth(graph.edge_count(), edge_capacity, edges) {
                graph.reserve_exact_edges(more);
            }
        }
    }

    /// Puts an event at its node, where nothing stands in its way.
    fn place(&mut self, node: NodeIndex, slim: Slim, auth: &[NodeIndex], prev: &[NodeIndex]) {
        let (events, graphs) = (&self.events, [&self.auth, &self.prev]);
        let is_known = |node: &NodeIndex| events.get(node.index()).is_some_and(Option::is_some);
        let known = auth.iter().chain(prev).copied().filter(is_known);
        self.ranks.place(graphs, node, known, slim.depth);
        self.missing.remove(&node);
        for cited in auth.iter().chain(prev) {
            if !self.is_known(*cited) && *cited != node {
                self.missing.insert(*cited);
                self.ranks.lower(*cited, node);
            }
        }
        // petgraph names the neighbours of a node from the last edge to the first.
        for cited in auth.iter().rev() {
            self.auth.add_edge(node, *cited, ());
        }
        for cited in distinct(prev).iter().rev() {
            self.prev.add_edge(node, *cited, ());
        }
        let key = self.extra(&slim).and_then(|extra| extra.key);
        if key.is_some() {
            for cited in &*distinct(auth) {
                self.cited_by.push(*cited, node);
                self.cites_messages |= self.is_message(*cited);
            }
        } else {
            self.cites_messages |= self.cited_by.of(node).next().is_some();
        }
        self.generations.fill(node, &self.auth);
        if key == Some(KeyIx::POWER_LEVELS) {
            let is_cited = self.cited_by(node).next().is_some();
            self.descent
                .push(node, self.power_levels_of(node), is_cited);
        }
        if let Some(event) = self.events.get_mut(node.index()) {
            *event = Some(slim);
        }
        self.arrivals.push(node);
    }

    /// Adds a node without an event and without edges, unless there is one of that id.
    fn push(&mut self, id: EventId) -> NodeIndex {
        let (index, is_new) = self.ids.insert_full(id);
        if is_new {
            self.events.push(None);
            self.prev.add_node(());
            self.ranks.push();
            self.generations.push();
            self.auth.add_node(());
        }
        NodeIndex::new(index)
    }

    /// What is kept of an event.
    fn slimmed(&mut self, event: Event) -> Slim {
        let event_type = self.keys.intern_type(&event.event_type);
        let intern = |state_key: Box<str>| self.keys.intern_of(event_type, &state_key);
        let extra = Extra {
            key: event.state_key.map(intern),
            content: event.content,
            redacts: event.redacts,
            overlong: event.overlong,
            // Strays aside, all events are of one room.
            room: if self.rooms.first() == Some(&event.room_id) {
                0
            } else {
                self.rooms.insert_full(event.room_id).0
            },
        };
        let place = extra.is_needed().then_some(self.extras.len());
        self.extras.extend(place.map(|_| extra));
        Slim {
            origin_server_ts: event.origin_server_ts,
            depth: event.depth,
            sender: self.sender(event.sender),
            event_type,
            extra: place.map_or(Slim::NO_EXTRA, number),
            provenance: event.provenance,
            authoriser_signature: event.authoriser_signature,
            states_room_id: event.states_room_id,
        }
    }

    /// The number of a user, whose member key has one too from now on.
    fn sender(&mut self, user: UserId) -> u32 {
        if let Some(known) = self.users.get_index_of(&user) {
            return number(known);
        }
        let key = self.keys.intern_of(TypeIx::MEMBER, user.as_str());
        self.member_keys.push(key);
        number(self.users.insert_full(user).0)
    }
}

/// Each node once, where it stands first.
fn distinct(nodes: &[NodeIndex]) -> Cow<'_, [NodeIndex]> {
    let few = nodes.len() <= FEW;
    let repeats = |(at, node): (usize, &NodeIndex)| nodes.iter().take(at).any(|n| n == node);
    if few && !nodes.iter().enumerate().any(repeats) {
        return Cow::Borrowed(nodes);
    }
    let distinct: IndexSet<NodeIndex> = nodes.iter().copied().collect();
    Cow::Owned(distinct.into_iter().collect())
}

/// Whether a table of `len` entries has room for `more` and one besides.
fn fits(len: usize, more: usize) -> bool {
    u32::try_from(len.saturating_add(more)).is_ok_and(|total| total < u32::MAX)
}

/// What to reserve in a table of `len` entries before `more` come, if there is no room for them.
fn growth(len: usize, capacity: usize, more: usize) -> Option<usize> {
    let is_full = capacity.saturating_sub(len) < more;
    is_full.then(|| more.max(len / 8).max(FEW))
}

/// The least number of entries worth reserving at once, and the most that are worth comparing each
/// with each.
const FEW: usize = 16;

/// A position in a table that has no more entries than there are nodes, as a `u32`.
fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use crate::dag::insert::fits;

    #[test]
    fn the_last_number_is_never_given_out() {
        // `NodeIndex::end` has it.
        let limit = usize::try_from(u32::MAX).unwrap();
        assert!(fits(limit - 11, 10));
        assert!(!fits(limit - 10, 10));
        assert!(!fits(usize::MAX, 1));
    }
}
