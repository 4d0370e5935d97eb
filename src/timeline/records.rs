//! What is known of each event, kept small.

use std::num::NonZeroU32;

use petgraph::graph::NodeIndex;

use crate::timeline::Verdict;
use crate::timeline::states::StateIx;

/// What was found out about an event.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    pub(crate) before: Option<StateIx>,
    pub(crate) after: Option<StateIx>,
}

/// What is known of the events, by node. An event takes twelve bytes, for nearly all of them have
/// one of a few verdicts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    by_node: Vec<Option<Record>>,
    verdicts: Vec<Verdict>,
}

#[derive(Clone, Debug)]
struct Record {
    /// One more than the place of the verdict.
    verdict: NonZeroU32,
    before: Option<StateIx>,
    after: Option<StateIx>,
}

/// How many of the first verdicts a new one is compared with.
const USUAL: usize = 32;

impl Records {
    /// Room for that many nodes.
    pub(crate) fn with_nodes(nodes: usize) -> Self {
        let mut by_node = Vec::with_capacity(nodes);
        by_node.resize(nodes, None);
        Self {
            by_node,
            verdicts: Vec::new(),
        }
    }

    /// Keeps what is known of an event. Does nothing once there are 2³² verdicts, which there are
    /// not before there are as many events.
    pub(crate) fn set(&mut self, node: NodeIndex, judged: Judged) {
        let mut usual = self.verdicts.iter().take(USUAL);
        let known = usual.position(|verdict| *verdict == judged.verdict);
        // Who is judged again mostly gets the verdict that it had, however unusual that is.
        let known = known.or_else(|| {
            let place = self.place(node)?;
            (self.verdicts.get(place)? == &judged.verdict).then_some(place)
        });
        let place = known.unwrap_or(self.verdicts.len());
        let number = place.checked_add(1).and_then(|n| u32::try_from(n).ok());
        if node.index() >= self.by_node.len() {
            self.by_node.resize(node.index().saturating_add(1), None);
        }
        let (Some(slot), Some(verdict)) = (
            self.by_node.get_mut(node.index()),
            number.and_then(NonZeroU32::new),
        ) else {
            return;
        };
        if known.is_none() {
            self.verdicts.push(judged.verdict);
        }
        *slot = Some(Record {
            verdict,
            before: judged.before,
            after: judged.after,
        });
    }

    pub(crate) fn get(&self, node: NodeIndex) -> Option<Judged> {
        Some(Judged {
            verdict: self.verdict(node)?.clone(),
            before: self.before(node),
            after: self.after(node),
        })
    }

    pub(crate) fn verdict(&self, node: NodeIndex) -> Option<&Verdict> {
        self.verdicts.get(self.place(node)?)
    }

    /// Where the verdict on an event is.
    fn place(&self, node: NodeIndex) -> Option<usize> {
        let number = self.of(node)?.verdict.get().checked_sub(1)?;
        usize::try_from(number).ok()
    }

    pub(crate) fn before(&self, node: NodeIndex) -> Option<StateIx> {
        self.of(node)?.before
    }

    pub(crate) fn after(&self, node: NodeIndex) -> Option<StateIx> {
        self.of(node)?.after
    }

    fn of(&self, node: NodeIndex) -> Option<&Record> {
        self.by_node.get(node.index())?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use crate::timeline::records::Record;

    #[test]
    fn a_record_takes_twelve_bytes() {
        assert_eq!(size_of::<Option<Record>>(), 12);
    }
}
