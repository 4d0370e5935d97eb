//! What the graph keeps of an event.
//!
//! A room is mostly messages, and of a message the rules read little: so the little is in
//! [`Slim`], and what only some events have is in [`Extra`].

use petgraph::graph::NodeIndex;

use crate::event::{AuthoriserSigned, Provenance};
use crate::id::EventId;
use crate::pdu::content::Content;
use crate::state::{KeyIx, TypeIx};

/// What every event has, 32 bytes of it.
#[derive(Clone, Debug)]
pub(super) struct Slim {
    pub(super) origin_server_ts: i64,
    pub(super) depth: i64,
    /// Which of the graph's users.
    pub(super) sender: u32,
    pub(super) event_type: TypeIx,
    /// Which of the graph's extras; [`Slim::NO_EXTRA`] for an event of the graph's first room
    /// that has nothing else to say either.
    pub(super) extra: u32,
    pub(super) provenance: Provenance,
    pub(super) authoriser_signature: AuthoriserSigned,
    pub(super) states_room_id: bool,
}

impl Slim {
    pub(super) const NO_EXTRA: u32 = u32::MAX;
}

/// What state events, redactions and odd events have.
#[derive(Clone, Debug)]
pub(super) struct Extra {
    pub(super) key: Option<KeyIx>,
    pub(super) content: Content,
    pub(super) redacts: Option<EventId>,
    pub(super) overlong: Option<&'static str>,
    /// Which of the graph's rooms; all but those of events that have strayed are the first.
    pub(super) room: usize,
}

impl Extra {
    pub(super) fn is_needed(&self) -> bool {
        self.key.is_some()
            || self.content != Content::Other
            || self.redacts.is_some()
            || self.overlong.is_some()
            || self.room != 0
    }
}

/// What the graph will keep of an event that it has not got yet.
#[derive(Clone, Debug)]
pub(crate) struct Reduced {
    pub(super) node: NodeIndex,
    pub(super) slim: Slim,
}

impl Reduced {
    /// The event's number.
    pub(crate) fn node(&self) -> NodeIndex {
        self.node
    }

    /// The number of its type.
    pub(crate) fn event_type(&self) -> TypeIx {
        self.slim.event_type
    }

    /// `depth` and `origin_server_ts`.
    pub(crate) fn depth_and_time(&self) -> (i64, i64) {
        (self.slim.depth, self.slim.origin_server_ts)
    }
}

#[cfg(test)]
mod tests {
    use crate::dag::slim::Slim;

    #[test]
    fn a_message_takes_thirty_two_bytes_beside_its_edges_and_its_id() {
        assert!(size_of::<Option<Slim>>() <= 32);
    }
}
