//! Which power levels follow from which.
//!
//! Every power levels event but the first cites the one that it follows, so they form trees, and
//! the mainline of state resolution is a way from one of them to its root. A room that lives long
//! enough has thousands, and what is asked is always where two ways meet; so each keeps, beside
//! the step to its parent, a jump to an ancestor further down. The jumps are those of a skew-binary
//! number system: from any depth, the way to any ancestor takes a logarithmic number of jumps and
//! steps.
//!
//! As with generations, an event that takes the place of a placeholder may change what others
//! follow from; then all is worked out again when somebody asks.

use std::sync::OnceLock;

use petgraph::graph::NodeIndex;

use crate::dag::RoomDag;
use crate::dag::index::{IndexMap, map_for};
use crate::effort::{self, Step};

/// How far each power levels event is from its root, and the ways down.
#[derive(Clone, Debug, Default)]
pub(super) struct Descent {
    /// Of all power levels events; right for all of them unless `is_stale`.
    links: IndexMap<NodeIndex, Link>,
    /// Whether power levels have taken the place of a placeholder that something cites.
    is_stale: bool,
    /// Right for every event, once somebody has asked.
    current: OnceLock<IndexMap<NodeIndex, Link>>,
}

/// Of one event. A root is its own parent.
#[derive(Clone, Copy, Debug)]
struct Link {
    parent: NodeIndex,
    jump: NodeIndex,
    depth: u32,
}

impl Descent {
    /// Takes note of power levels that cite `parent`, and that other events cite already or do not.
    pub(super) fn push(&mut self, node: NodeIndex, parent: Option<NodeIndex>, is_cited: bool) {
        if let Some(current) = self.current.take() {
            self.links = current;
            self.is_stale = false;
        }
        self.is_stale |= is_cited;
        let link = link(&self.links, node, parent);
        self.links.insert(node, link);
    }

    pub(super) fn common(
        &self,
        dag: &RoomDag,
        newer: NodeIndex,
        other: NodeIndex,
    ) -> Option<(NodeIndex, u32)> {
        let links = if self.is_stale {
            self.current.get_or_init(|| self.settle(dag))
        } else {
            &self.links
        };
        let of = |node: NodeIndex| links.get(&node);
        let depth = of(newer)?.depth;
        let lowest = depth.min(of(other)?.depth);
        // Jumps from one depth are of one length, so the two ways stay level.
        let (mut a, mut b) = (
            down_to(links, newer, lowest)?,
            down_to(links, other, lowest)?,
        );
        while a != b {
            effort::step(Step::Jump);
            let (from_a, from_b) = (of(a)?, of(b)?);
            if from_a.parent == a {
                return None;
            }
            (a, b) = if from_a.jump == from_b.jump {
                (from_a.parent, from_b.parent)
            } else {
                (from_a.jump, from_b.jump)
            };
        }
        Some((a, depth.saturating_sub(of(a)?.depth)))
    }

    /// The links of all power levels, each after those that it cites.
    fn settle(&self, dag: &RoomDag) -> IndexMap<NodeIndex, Link> {
        let mut nodes: Vec<NodeIndex> = self.links.keys().copied().collect();
        nodes.sort_unstable_by_key(|node| dag.generation(*node));
        let mut links = map_for(nodes.len());
        for node in nodes {
            let link = link(&links, node, dag.power_levels_of(node));
            links.insert(node, link);
        }
        links
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.links.shrink_to_fit();
    }
}

/// The link of a new event; `links` has its parent's.
fn link(links: &IndexMap<NodeIndex, Link>, node: NodeIndex, parent: Option<NodeIndex>) -> Link {
    let root = Link {
        parent: node,
        jump: node,
        depth: 0,
    };
    let of = |node: NodeIndex| Some((node, links.get(&node)?));
    let Some((parent, from)) = parent.and_then(of) else {
        return root;
    };
    // Two jumps of one length make one of more than twice that length.
    let twice = of(from.jump).and_then(|(_, once)| {
        let twice = links.get(&once.jump)?;
        let lengths = [
            from.depth.saturating_sub(once.depth),
            once.depth.saturating_sub(twice.depth),
        ];
        (lengths.first() == lengths.last()).then_some(once.jump)
    });
    Link {
        parent,
        jump: twice.unwrap_or(parent),
        depth: from.depth.saturating_add(1),
    }
}

/// The ancestor of `node` at `depth`, which is not below its own.
fn down_to(
    links: &IndexMap<NodeIndex, Link>,
    mut node: NodeIndex,
    depth: u32,
) -> Option<NodeIndex> {
    loop {
        effort::step(Step::Jump);
        let link = links.get(&node)?;
        if link.depth <= depth {
            return Some(node);
        }
        node = if links.get(&link.jump)?.depth < depth {
            link.parent
        } else {
            link.jump
        };
    }
}
