//! Mainline ordering.

use std::cmp::Reverse;

use petgraph::graph::NodeIndex;

use crate::dag::RoomDag;
use crate::dag::index::IndexMap;
use crate::resolve::ranked::Ranked;
use crate::resolve::scope::Scope;

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
    /// The rank of the event id: the event's place in [`Trace::full_conflicted`].
    ///
    /// [`Trace::full_conflicted`]: crate::resolve::Trace::full_conflicted
    pub rank: usize,
}

/// The mainline of a power levels event: it, the power levels that it cites, the power levels that
/// those cite, and so on. Takes a step for each that is asked for.
///
/// Spec: [mainline ordering](https://spec.matrix.org/v1.19/rooms/v2/#definitions).
pub fn mainline(dag: &RoomDag, power_levels: NodeIndex) -> impl Iterator<Item = NodeIndex> {
    std::iter::successors(Some(power_levels), |levels| dag.power_levels_of(*levels))
}

/// Sorts the events of these ranks into the mainline ordering based on `power_levels`.
///
/// O(n · log n), and O(log P) for each of the power levels events that they cite, however far down
/// the mainline.
pub(super) fn sort(
    full: &Ranked<'_>,
    ranks: impl IntoIterator<Item = usize>,
    power_levels: Option<NodeIndex>,
) -> Vec<(NodeIndex, MainlineKey)> {
    let scope = full.scope;
    let mut positions = Positions {
        scope,
        power_levels,
        of_levels: IndexMap::default(),
    };
    let mut keyed: Vec<_> = ranks
        .into_iter()
        .filter_map(|rank| {
            let node = full.event(rank)?;
            let key = MainlineKey {
                position: Reverse(positions.of(node)),
                origin_server_ts: scope.dag.origin_server_ts(node)?,
                rank,
            };
            Some((node, key))
        })
        .collect();
    keyed.sort_unstable_by(|(_, a), (_, b)| a.cmp(b));
    keyed
}

/// Positions on the mainline of `power_levels`.
struct Positions<'a> {
    scope: &'a Scope<'a>,
    power_levels: Option<NodeIndex>,
    /// Of the power levels that were asked about.
    of_levels: IndexMap<NodeIndex, Position>,
}

impl Positions<'_> {
    /// The mainline position of an event: that of the nearest mainline event among the power
    /// levels that it cites, those that these cite, and so on; the event itself does not count.
    ///
    /// Both are ways down one tree, so it is where they meet.
    fn of(&mut self, event: NodeIndex) -> Position {
        let dag = self.scope.dag;
        let (Some(base), Some(levels)) = (self.power_levels, dag.power_levels_of(event)) else {
            return Position::Infinite;
        };
        let meet = || dag.common_power_levels(base, levels);
        *self
            .of_levels
            .entry(levels)
            .or_insert_with(|| meet().map_or(Position::Infinite, |(_, steps)| Position::At(steps)))
    }
}
