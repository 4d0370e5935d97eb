//! From events in any order to an order in which each can be judged.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use petgraph::graph::NodeIndex;

use crate::dag::{Reduced, RoomDag, order};
use crate::event::{Event, HashCheck, Signatures};
use crate::id::{EventId, RoomId};
use crate::replay::{Arrival, ReplayOptions};
use crate::state::TypeIx;
use crate::version::{CreateReference, RoomVersionRules};

/// An event that was given and has no part in the replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The event.
    pub event: EventId,
    /// Why it has no part.
    pub refusal: Refusal,
}

/// Why an event has no part in a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// It was given more than once, the same each time.
    Repeated,
    /// It was given with other content too. A copy that is intact is preferred to one that was
    /// redacted or altered, a signed one to one that is not; in room versions where servers choose
    /// the ids, two intact ones are two events of one name, of which one has to give way.
    OtherCopy,
    /// It is among its own ancestors, which only ids that are not hashes allow.
    Cycle,
    /// The graph has no numbers left.
    Full,
}

/// Events, each once; in which order to judge them, what is cited before what cites it; and what
/// is left out.
#[derive(Debug, Default)]
pub(super) struct Intake {
    /// Has their ids and nothing else yet.
    pub(super) dag: RoomDag,
    pub(super) given: Vec<Given>,
    /// Positions in `given`.
    pub(super) order: Vec<usize>,
    pub(super) refused: Vec<Refused>,
    /// The create events that room ids imply.
    pub(super) implied: BTreeSet<NodeIndex>,
    /// What the events cite, one list after the other.
    cited: Vec<NodeIndex>,
    /// The position in `given` of each node's event.
    at: Vec<usize>,
}

/// An event that was given.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) event: Reduced,
    /// Where its citations are in [`Intake::cited`]: `auth_events`, then `prev_events`.
    cited: Range<usize>,
    prev: usize,
    /// The create event that its room id implies.
    pub(super) implied: Option<NodeIndex>,
}

/// The position of what was not given.
const NOWHERE: usize = usize::MAX;

/// Sorts events for judging. Which of several copies is taken, and what is refused, depends on
/// the events alone.
///
/// What an event cites comes before it, and so do the create event that its room id implies and
/// the state that is claimed for it. Where that leaves a choice, the order is by arrival if that
/// is known, and else by depth, `origin_server_ts` and id. O(V + E) where that order alone has
/// what is cited first, as in any room of honest servers; else O((V + E) · log V).
pub(super) fn sort(
    events: impl IntoIterator<Item = Event>,
    rules: &RoomVersionRules,
    options: &ReplayOptions,
) -> Intake {
    let mut intake = Intake::default();
    intake.take(events, rules);
    intake.order = intake
        .in_order_of_keys(options)
        .unwrap_or_else(|| intake.in_order_of_citations(options));
    intake
}

impl Intake {
    /// What an event lists as `auth_events`, and as `prev_events`.
    pub(super) fn cited(&self, event: &Given) -> (&[NodeIndex], &[NodeIndex]) {
        let cited = self.cited.get(event.cited.clone()).unwrap_or_default();
        cited.split_at_checked(event.prev).unwrap_or_default()
    }

    /// Takes each event once, in order of first arrival.
    fn take(&mut self, events: impl IntoIterator<Item = Event>, rules: &RoomVersionRules) {
        let mut copies: BTreeMap<usize, Vec<Event>> = BTreeMap::new();
        let mut room: Option<(RoomId, Option<NodeIndex>)> = None;
        for event in events {
            if let Some(at) = self
                .dag
                .node(event.id())
                .and_then(|node| self.position(node))
            {
                copies.entry(at).or_default().push(event);
                continue;
            }
            if room
                .as_ref()
                .is_none_or(|(known, _)| *known != event.room_id)
            {
                let id = create_of(event.room_id.as_str(), rules);
                let node = id.and_then(|id| self.dag.name(&id));
                room = Some((event.room_id.clone(), node));
            }
            let implied = room.as_ref().and_then(|(_, create)| *create);
            self.add(event, implied);
        }
        for (at, copies) in copies {
            self.choose(at, copies, rules);
        }
        self.implied = self
            .given
            .iter()
            .filter_map(|given| given.implied)
            .collect();
    }

    fn add(&mut self, event: Event, implied: Option<NodeIndex>) {
        let (start, prev) = (self.cited.len(), event.auth_events().len());
        let id = event.id().clone();
        let Some(event) = self.dag.reduce(event, &mut self.cited) else {
            self.cited.truncate(start);
            self.refused.push(Refused {
                event: id,
                refusal: Refusal::Full,
            });
            return;
        };
        let implied = implied.filter(|_| event.event_type() != TypeIx::CREATE);
        let index = event.node().index();
        if index >= self.at.len() {
            self.at.resize(index.saturating_add(1), NOWHERE);
        }
        if let Some(at) = self.at.get_mut(index) {
            *at = self.given.len();
        }
        self.given.push(Given {
            event,
            cited: start..self.cited.len(),
            prev,
            implied,
        });
    }

    /// Keeps the best of an event and its copies.
    fn choose(&mut self, at: usize, mut copies: Vec<Event>, rules: &RoomVersionRules) {
        let Some(given) = self.given.get(at) else {
            return;
        };
        let (auth, prev) = self.cited(given);
        copies.extend(self.dag.whole(&given.event, auth, prev));
        copies.sort_by_cached_key(rank);
        let mut copies = copies.into_iter();
        let Some(best) = copies.next() else {
            return;
        };
        self.refused.extend(copies.map(|copy| Refused {
            event: copy.id().clone(),
            refusal: if copy == best {
                Refusal::Repeated
            } else {
                Refusal::OtherCopy
            },
        }));
        let (start, prev) = (self.cited.len(), best.auth_events().len());
        let implied = create_of(best.room_id.as_str(), rules);
        let implied = implied.and_then(|id| self.dag.name(&id));
        let best = self.dag.reduce(best, &mut self.cited);
        if let (Some(given), Some(best)) = (self.given.get_mut(at), best) {
            given.implied = implied.filter(|_| best.event_type() != TypeIx::CREATE);
            given.event = best;
            given.cited = start..self.cited.len();
            given.prev = prev;
        }
    }

    /// Where the event of a node is in `given`.
    fn position(&self, node: NodeIndex) -> Option<usize> {
        let at = self.at.get(node.index()).copied();
        at.filter(|at| *at != NOWHERE)
    }

    /// By what events are ordered where their citations leave a choice.
    fn key(&self, at: usize, options: &ReplayOptions) -> Option<(i64, i64, &EventId)> {
        let given = self.given.get(at);
        let given = given.filter(|_| options.arrival == Arrival::Unknown)?;
        let (depth, time) = given.event.depth_and_time();
        Some((depth, time, self.dag.id(given.event.node())?))
    }

    /// Where in `given` those events are that an event cites.
    fn plainly(&self, at: usize) -> impl Iterator<Item = usize> {
        let cited = self.given.get(at).map(|given| given.cited.clone());
        let cited = cited.and_then(|cited| self.cited.get(cited));
        let cited = cited.unwrap_or_default();
        cited.iter().filter_map(|node| self.position(*node))
    }

    /// And those that it rests on without citing them.
    fn besides(&self, at: usize, options: &ReplayOptions) -> impl Iterator<Item = usize> {
        let given = self.given.get(at);
        let implied = given.and_then(|given| given.implied);
        let claim = given
            .filter(|_| !options.claimed.is_empty())
            .and_then(|given| {
                let (_, prev) = self.cited(given);
                let has_gap = prev.iter().any(|node| self.position(*node).is_none());
                let id = self.dag.id(given.event.node())?;
                options.claimed.get(id).filter(|_| has_gap)
            });
        let claim = claim
            .into_iter()
            .flatten()
            .filter_map(|id| self.dag.node(id));
        let nodes = implied.into_iter().chain(claim);
        nodes.filter_map(|node| self.position(node))
    }

    /// The order of the keys, if it has what events rest on before them. No order that has is
    /// closer to the keys, so it is the one that [`in_order_of_citations`] would find.
    ///
    /// [`in_order_of_citations`]: Self::in_order_of_citations
    fn in_order_of_keys(&self, options: &ReplayOptions) -> Option<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.given.len()).collect();
        order.sort_by(|a, b| self.key(*a, options).cmp(&self.key(*b, options)));
        let mut place = vec![NOWHERE; order.len()];
        for (index, at) in order.iter().enumerate() {
            *place.get_mut(*at)? = index;
        }
        let is_after_all = |(index, at): (usize, &usize)| {
            let mut below = self.plainly(*at).chain(self.besides(*at, options));
            below.all(|below| place.get(below).is_some_and(|below| *below < index))
        };
        order.iter().enumerate().all(is_after_all).then_some(order)
    }

    /// The order of the citations, and of the keys where that leaves a choice; what is on a cycle
    /// is refused.
    fn in_order_of_citations(&mut self, options: &ReplayOptions) -> Vec<usize> {
        let edges: Vec<Vec<usize>> = (0..self.given.len())
            .map(|at| self.plainly(at).collect())
            .collect();
        let circular = on_cycles(&edges);
        let on_circle = circular.iter().filter_map(|at| self.given.get(*at));
        let ids = on_circle.filter_map(|given| self.dag.id(given.event.node()));
        let refused: Vec<Refused> = ids
            .map(|id| Refused {
                event: id.clone(),
                refusal: Refusal::Cycle,
            })
            .collect();
        self.refused.extend(refused);

        let key = |at: usize| (self.key(at, options), at);
        let nodes = (0..self.given.len()).filter(|at| !circular.contains(at));
        let plainly = |at: usize| edges.get(at).cloned().unwrap_or_default();
        let all = |at: usize| self.plainly(at).chain(self.besides(at, options));
        let order::TopologicalOrder {
            mut sorted,
            left_over,
        } = order::topological_order(nodes, all, key);
        // A claim, or a forged create event, that rests on the event itself explains nothing.
        // Citations alone leave nothing over.
        sorted.extend(order::topological_order(left_over, plainly, key).sorted);
        sorted
    }
}

/// The id of the create event that a room id implies, in room versions where it does.
fn create_of(room_id: &str, rules: &RoomVersionRules) -> Option<EventId> {
    let implied = rules.auth.create_reference == CreateReference::Forbidden;
    let rest = room_id.get(1..).filter(|_| implied)?;
    Some(EventId::from_trusted(format!("${rest}")))
}

/// By what one copy of an event is preferred to another: the smaller, the better.
fn rank(event: &Event) -> (bool, bool, String) {
    let provenance = event.provenance();
    (
        provenance.content_hash == HashCheck::Mismatch,
        provenance.signatures == Signatures::Unchecked,
        format!("{event:?}"),
    )
}

/// The events on circles of citations, and those between two circles.
fn on_cycles(edges: &[Vec<usize>]) -> BTreeSet<usize> {
    let cited = |node: usize| edges.get(node).cloned().unwrap_or_default();
    let above = order::topological_order(0..edges.len(), cited, |node| node).left_over;
    if above.is_empty() {
        return BTreeSet::new();
    }
    let mut citing: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (node, cited) in edges.iter().enumerate() {
        for cited in cited {
            citing.entry(*cited).or_default().push(node);
        }
    }
    let citing = |node: usize| citing.get(&node).cloned().unwrap_or_default();
    order::topological_order(above, citing, |node| node)
        .left_over
        .into_iter()
        .collect()
}
