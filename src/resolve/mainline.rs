//! Mainline ordering.

use std::cmp::Reverse;

use petgraph::graph::NodeIndex;

use crate::id::EventId;
use crate::resolve::index::IndexMap;
use crate::resolve::scope::Scope;
use crate::state::KeyIx;

/// Where on the mainline an event stands. What rests on nothing of the mainline is further away
/// than anything that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Position {
    /// It rests on the power levels that are this many steps down the mainline.
    At(u32),
    /// It rests on none of them.
    Infinite,
}

/// By what the mainline ordering sorts: the greater position first, then the earlier
/// `origin_server_ts`, then the smaller event id by bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MainlineKey {
    /// The mainline position.
    pub position: Reverse<Position>,
    /// `origin_server_ts`.
    pub origin_server_ts: i64,
    /// The event id.
    pub id: EventId,
}

/// Sorts `events` into the mainline ordering based on `power_levels`; also the mainline itself, as
/// far down as it was needed.
///
/// O(n · log n), and one visit to each power levels event below.
pub(super) fn sort(
    scope: &Scope<'_>,
    events: impl IntoIterator<Item = NodeIndex>,
    power_levels: Option<NodeIndex>,
) -> (Vec<(NodeIndex, MainlineKey)>, Vec<NodeIndex>) {
    let mut mainline = Mainline::new(scope, power_levels);
    let mut keyed: Vec<_> = events
        .into_iter()
        .filter_map(|node| {
            let event = scope.dag.event(node)?;
            let key = MainlineKey {
                position: Reverse(mainline.position(node)),
                origin_server_ts: event.origin_server_ts,
                id: event.id.clone(),
            };
            Some((node, key))
        })
        .collect();
    keyed.sort_unstable_by(|(_, a), (_, b)| a.cmp(b));
    (keyed, mainline.events)
}

/// The mainline of a power levels event: it, the power levels that it cites, the power levels
/// that those cite, and so on. It is followed only as far down as somebody asks.
struct Mainline<'a> {
    scope: &'a Scope<'a>,
    /// Newest first, and thus by falling generation.
    events: Vec<NodeIndex>,
    /// The next one, not yet in `events`.
    next: Option<NodeIndex>,
    /// The positions of power levels events.
    positions: IndexMap<NodeIndex, Position>,
}

impl<'a> Mainline<'a> {
    fn new(scope: &'a Scope<'a>, power_levels: Option<NodeIndex>) -> Self {
        Self {
            scope,
            events: Vec::new(),
            next: power_levels,
            positions: IndexMap::default(),
        }
    }

    fn parent(&self, event: NodeIndex) -> Option<NodeIndex> {
        self.scope.cited(event, KeyIx::POWER_LEVELS)
    }

    /// Follows the mainline down to the generation of `event`.
    fn extend_to(&mut self, event: NodeIndex) {
        let generation = self.scope.dag.generation(event);
        while let Some(next) = self.next {
            if self.scope.dag.generation(next) < generation {
                break;
            }
            let steps = u32::try_from(self.events.len()).unwrap_or(u32::MAX);
            self.positions.insert(next, Position::At(steps));
            self.events.push(next);
            self.next = self.parent(next);
        }
    }

    /// The mainline position of an event: that of the nearest mainline event among the power
    /// levels that it cites, those that these cite, and so on; the event itself does not count.
    fn position(&mut self, event: NodeIndex) -> Position {
        let mut passed = Vec::new();
        let mut next = self.parent(event);
        let position = loop {
            let Some(levels) = next else {
                break Position::Infinite;
            };
            self.extend_to(levels);
            if let Some(position) = self.positions.get(&levels) {
                break *position;
            }
            passed.push(levels);
            next = self.parent(levels);
        };
        self.positions
            .extend(passed.into_iter().map(|levels| (levels, position)));
        position
    }
}
