//! What the host has to say about soft failure.

use petgraph::graph::NodeIndex;

use crate::id::EventId;
use crate::room::{Room, Standing};
use crate::timeline::{Judged, Status, Withheld};

impl Room {
    /// Soft-fails an accepted event because the host wants it: a spam checker, say, or a server
    /// that says what another one did.
    ///
    /// Soft failure is a matter of each server; the room's state at any event stays what it is.
    /// Returns what the event is now; `None` if the room does not have it, or was loaded in part.
    /// An event that is not accepted stays what it is, and so does one without which the room would
    /// have no forward extremity. O(V · log V + E).
    ///
    /// Spec: [soft failure](https://spec.matrix.org/v1.19/server-server-api/#soft-failure).
    pub fn soft_fail(&mut self, event: &EventId) -> Option<Standing> {
        self.overrule(event, Status::Accepted, Some(Withheld::Host))
    }

    /// Takes a soft-failed event for accepted, whatever it was soft-failed for.
    ///
    /// Returns what the event is now; `None` if the room does not have it, or was loaded in part.
    /// An event that is not soft-failed stays what it is. O(V · log V + E).
    pub fn readmit(&mut self, event: &EventId) -> Option<Standing> {
        self.overrule(event, Status::SoftFailed, None)
    }

    fn overrule(
        &mut self,
        event: &EventId,
        status: Status,
        withheld: Option<Withheld>,
    ) -> Option<Standing> {
        let node = self.node(event).filter(|_| self.saved.is_whole())?;
        let mut judged = self.timeline.records.get(node)?;
        if judged.verdict.status() == status {
            judged.verdict.withheld = withheld;
            if withheld.is_none() {
                judged.verdict.by_current_state = None;
            }
            let was = self.timeline.records.get(node);
            self.keep_revised(node, judged);
            if let Some(was) = was.filter(|_| self.extremities.is_empty()) {
                self.keep_revised(node, was);
            }
        }
        self.standing_of(node)
    }

    /// Keeps another verdict on an event, and finds the forward extremities anew.
    pub(super) fn keep_revised(&mut self, node: NodeIndex, judged: Judged) {
        self.timeline.records.set(node, judged);
        self.saved.change(node);
        self.find_extremities();
    }
}
