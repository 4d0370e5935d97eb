//! Many short lists of nodes in two allocations.

use petgraph::graph::NodeIndex;

/// One list of nodes for each node, all linked through one arena: eight bytes an entry and four
/// bytes a list, where a vector for each would take 24 and an allocation.
///
/// Entries are only ever added. A list is read from the newest entry to the oldest.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists {
    /// Where in `links` the list of each node starts; [`END`] or nothing for an empty list.
    heads: Vec<u32>,
    /// An entry, and where the next one of its list is.
    links: Vec<(NodeIndex, u32)>,
}

/// The end of a list.
const END: u32 = u32::MAX;

impl Lists {
    /// Adds `entry` to the list of `owner`.
    pub(super) fn push(&mut self, owner: NodeIndex, entry: NodeIndex) {
        // INVARIANT: there are fewer entries than edges, and fewer edges than 2³².
        let link = u32::try_from(self.links.len()).unwrap_or(END);
        if self.heads.len() <= owner.index() {
            self.heads.resize(owner.index().saturating_add(1), END);
        }
        if let Some(head) = self.heads.get_mut(owner.index()) {
            self.links.push((entry, std::mem::replace(head, link)));
        }
    }

    /// The list of `owner`, newest entry first.
    pub(super) fn of(&self, owner: NodeIndex) -> impl Iterator<Item = NodeIndex> + '_ {
        let mut next = self.heads.get(owner.index()).copied();
        std::iter::from_fn(move || {
            let (entry, after) = *self.links.get(usize::try_from(next?).ok()?)?;
            next = Some(after);
            Some(entry)
        })
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.heads.shrink_to_fit();
        self.links.shrink_to_fit();
    }
}
