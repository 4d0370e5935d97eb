//! How an event enters the graph: checked first, then put in, so that a refusal changes nothing.

use indexmap::IndexSet;
use petgraph::graph::NodeIndex;

use crate::dag::RoomDag;
use crate::dag::slim::{Extra, Slim};
use crate::event::Event;
use crate::id::EventId;

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
        let ids = || event.auth_events.iter().chain(&event.prev_events);
        let known: Vec<NodeIndex> = ids()
            .filter_map(|id| self.node(id))
            .filter(|node| self.is_known(*node))
            .collect();
        let graphs = [&self.auth, &self.prev];
        let closes_a_cycle = ids().any(|id| *id == event.id)
            || placeholder.is_some_and(|node| self.ranks.would_close_a_cycle(graphs, node, &known));
        if closes_a_cycle {
            return Err(InsertError::Cycle { id: event.id });
        }
        let edges = self.auth.edge_count().max(self.prev.edge_count());
        if !fits(self.ids.len(), ids().count()) || !fits(edges, ids().count()) {
            return Err(InsertError::Full);
        }

        self.make_room(&event);
        let graphs = [&self.auth, &self.prev];
        let node = if let Some(node) = placeholder {
            self.missing.remove(&event.id);
            self.ranks.place(graphs, node, &known, event.depth);
            node
        } else {
            let rank = self.ranks.of_new(&known, event.depth);
            self.push(event.id.clone(), rank)
        };
        self.connect(node, &event);
        self.generations.fill(node, &self.auth);
        self.keep(node, event);
        Ok(node)
    }

    /// Makes room for an event and what it cites, in steps of an eighth. A vector left to itself
    /// would double, and a large room would pay for two.
    fn make_room(&mut self, event: &Event) {
        let (auth, prev) = (event.auth_events.len(), event.prev_events.len());
        let nodes = auth.saturating_add(prev).saturating_add(1);
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

    /// Adds the edges of an event, and placeholders at their ends.
    fn connect(&mut self, node: NodeIndex, event: &Event) {
        let cite = |dag: &mut Self, id: &EventId| {
            let cited = dag.node(id).unwrap_or_else(|| {
                dag.missing.insert(id.clone());
                dag.push(id.clone(), i64::MAX)
            });
            if !dag.is_known(cited) {
                dag.ranks.lower(cited, node);
            }
            cited
        };
        let auth: Vec<NodeIndex> = event.auth_events.iter().map(|id| cite(self, id)).collect();
        let prev: IndexSet<NodeIndex> = event.prev_events.iter().map(|id| cite(self, id)).collect();
        // petgraph names the neighbours of a node from the last edge to the first.
        for cited in auth.iter().rev() {
            self.auth.add_edge(node, *cited, ());
        }
        for cited in prev.iter().rev() {
            self.prev.add_edge(node, *cited, ());
        }
        if event.state_key.is_some() {
            for cited in auth.into_iter().collect::<IndexSet<_>>() {
                self.cited_by.push(cited, node);
            }
        }
    }

    /// Adds a node without an event and without edges.
    fn push(&mut self, id: EventId, rank: i64) -> NodeIndex {
        self.ids.insert(id);
        self.events.push(None);
        self.prev.add_node(());
        self.ranks.push(rank);
        self.generations.push();
        self.auth.add_node(())
    }

    /// Keeps of an event what is read later.
    fn keep(&mut self, node: NodeIndex, event: Event) {
        let extra = Extra {
            key: event
                .state_key
                .map(|state_key| self.keys.intern(&event.event_type, &state_key)),
            content: event.content,
            redacts: event.redacts,
            overlong: event.overlong,
            room: self.rooms.insert_full(event.room_id).0,
        };
        let slim = Slim {
            origin_server_ts: event.origin_server_ts,
            depth: event.depth,
            sender: number(self.users.insert_full(event.sender).0),
            event_type: self.keys.intern_type(&event.event_type),
            extra: if extra.is_needed() {
                number(self.extras.len())
            } else {
                Slim::NO_EXTRA
            },
            provenance: event.provenance,
            authoriser_signature: event.authoriser_signature,
            states_room_id: event.states_room_id,
        };
        if slim.extra != Slim::NO_EXTRA {
            self.extras.push(extra);
        }
        if let Some(event) = self.events.get_mut(node.index()) {
            *event = Some(slim);
        }
        self.arrivals.push(node);
    }
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

/// The least number of entries worth reserving at once.
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
