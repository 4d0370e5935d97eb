//! Receipt checks 4 to 7 of an event that has all that it needs, and its place in the room.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;

use crate::crypto;
use crate::dag::InsertError;
use crate::event::{Event, HashCheck};
use crate::id::EventId;
use crate::pdu::Pdu;
use crate::pdu::content::Content;
use crate::room::receive::{Door, Verified};
use crate::room::{Admitted, Fault, Notice, Receipt, Rejection, Room, SoftFailure, Standing};
use crate::state::TypeIx;
use crate::timeline::{Asked, Judged, Quality, StateIx, Status, Timeline, Withheld};
use crate::version::EventIdFormat;

impl Room {
    /// Judges an event and gives it its place. What it cites is known, and so are the states after
    /// its `prev_events`, unless a state is claimed for it or its `auth_events` reject it.
    ///
    /// The node is that of the event, unless it was dropped.
    pub(super) fn admit(
        &mut self,
        verified: Verified,
        claim: Option<StateIx>,
    ) -> (Receipt, Option<NodeIndex>) {
        self.admit_citing(verified, claim, None)
    }

    /// As [`admit`](Self::admit); `other_room` is an event of another room among the
    /// `auth_events`, which the rules reject.
    pub(super) fn admit_citing(
        &mut self,
        verified: Verified,
        claim: Option<StateIx>,
        other_room: Option<&EventId>,
    ) -> (Receipt, Option<NodeIndex>) {
        let (pdu, door) = (verified.pdu.clone(), verified.door);
        let (event, admitted) = verified.into_parts(&self.timeline.rules);
        let node = match self.timeline.dag.insert(event) {
            Ok(node) => node,
            Err(error) => {
                let fault = match error {
                    InsertError::Cycle { id } => Fault::Cycle { id },
                    InsertError::Full | InsertError::Known { .. } => Fault::Full,
                };
                return (Receipt::Dropped(fault), None);
            }
        };
        self.index(node, &pdu);
        if let Some(claim) = claim.filter(|_| !self.has_states_behind(node)) {
            self.timeline.claims.insert(node, claim);
        }
        if let Some(cited) = other_room {
            self.timeline.note_other_room(node, cited);
        }
        let (mut judged, asked) = self.timeline.judge(node);
        let is_past = self.is_of_the_past(node);
        if is_past {
            self.past.insert(node);
        }
        match door {
            // What follows an event does not vouch for it: a ban is not to be evaded by an
            // accomplice who cites what was sent in its spite.
            Door::Live => self.judge_by_present(node, Some(&pdu), &mut judged, &asked),
            Door::Backfill if is_past => {}
            Door::Backfill => {
                self.aside.insert(node);
            }
        }
        self.keep(node, judged);
        self.dismiss_copies(node);
        (self.receipt_for(node, admitted), Some(node))
    }

    /// Checks 6 and 7, and whether there is a place among the extremities, unless it needs none.
    /// Check 7 needs the PDU.
    pub(super) fn judge_by_present(
        &mut self,
        node: NodeIndex,
        pdu: Option<&Pdu>,
        judged: &mut Judged,
        asked: &Asked,
    ) {
        if judged.verdict.status() != Status::Accepted {
            return;
        }
        // 6. The room's first event meets no current state.
        let current = if self.extremities.is_empty() {
            judged.before
        } else {
            self.current
        };
        let check = self
            .timeline
            .check_by_current_state(node, judged, asked, current);
        judged.verdict.by_current_state = Some(check);
        if judged.verdict.status() != Status::Accepted {
            return;
        }
        // 7
        judged.verdict.withheld = pdu
            .and_then(|pdu| self.withheld_by_policy(pdu))
            .or_else(|| {
                let after = judged.after.filter(|_| !self.past.contains(&node))?;
                // Where there are too many already, those that take the place of others still may.
                let (events, states) = self.extremities.with(&self.timeline, node, after);
                let most_events = self.limits.extremities.max(self.extremities.len());
                let most_states = self
                    .limits
                    .extremity_states
                    .max(self.extremities.states_len());
                let too_many = events > most_events || states > most_states;
                too_many.then_some(Withheld::Extremities)
            });
    }

    /// Keeps the verdict on an event, and lets it take the place of its ancestors.
    pub(super) fn keep(&mut self, node: NodeIndex, judged: Judged) {
        let after = judged.after;
        self.timeline.records.set(node, judged);
        self.saved.change(node);
        let is_past = self.past.contains(&node);
        let counts_now = self.counts(node);
        // What follows an event of the past counts, and so takes the place of what is before it.
        if counts_now || is_past {
            let (timeline, aside) = (&self.timeline, &self.aside);
            let before = self.extremities.len();
            self.extremities
                .remove_behind(timeline, node, |prev| counts(timeline, aside, prev));
            let place = after.filter(|_| counts_now && !is_past);
            if let Some(after) = place {
                self.extremities.insert(node, after);
            }
            if place.is_some() || self.extremities.len() < before {
                self.find_current();
            }
        }
        self.note_past(node);
    }

    /// Whether an event counts for the extremities: it is accepted, and did not only come with a
    /// claim.
    pub(super) fn counts(&self, node: NodeIndex) -> bool {
        counts(&self.timeline, &self.aside, node)
    }

    /// Takes an event that came with a claim, now that it has come by itself.
    pub(super) fn arrive(
        &mut self,
        node: NodeIndex,
        verified: Verified,
        notices: &mut Vec<Notice>,
    ) -> (Receipt, Vec<NodeIndex>) {
        let pdu = verified.pdu.clone();
        let (event, mut admitted) = verified.into_parts(&self.timeline.rules);
        if admitted.content_hash == HashCheck::Mismatch && !self.is_altered(node) {
            admitted.json = None;
        }
        // It stays aside until its state is known, so that it meets a present without itself.
        let mut settled = self.improve(node, event, &pdu, notices);
        if self.timeline.records.before(node).is_none() {
            settled.extend(self.reevaluate(&BTreeSet::from([node]), None, notices));
            notices.retain(|notice| !notice.revises(&admitted.id));
        }
        self.aside.remove(&node);
        if let Some(mut judged) = self.timeline.records.get(node) {
            if self.is_of_the_past(node) {
                self.past.insert(node);
            }
            self.judge_by_present(node, Some(&pdu), &mut judged, &Asked::new());
            self.keep(node, judged);
        }
        self.dismiss_copies(node);
        (self.receipt_for(node, admitted), settled)
    }

    /// Finds the current state: the resolution of the states after the forward extremities.
    pub(super) fn find_current(&mut self) {
        let states = self.extremities.states();
        self.current = self.timeline.resolved(states);
    }

    /// Check 4 of an event that is not in the graph: whether it rejects the event whatever the
    /// state before it.
    pub(super) fn is_rejected_already(&self, event: &Event) -> bool {
        event.auth_events().iter().all(|id| self.is_known(id))
            && self
                .timeline
                .check_unplaced(event)
                .is_some_and(|decision| !decision.is_allowed())
    }

    /// Whether another copy of an event that is known may tell more than the one that is: it is
    /// intact, or the policy server has signed it.
    ///
    /// Never in a room that was loaded in part, which does not have all that rests on the event.
    pub(super) fn may_improve(&self, node: NodeIndex, pdu: &Pdu) -> bool {
        let improves = self.is_altered(node) || self.is_endorsed(node, pdu);
        self.saved.is_whole() && improves && crypto::is_intact(pdu, &mut Vec::new())
    }

    fn is_altered(&self, node: NodeIndex) -> bool {
        let provenance = self.timeline.dag.provenance(node);
        provenance.is_some_and(|known| known.content_hash == HashCheck::Mismatch)
    }

    /// Takes a verified copy of a known event that [may tell more](Self::may_improve).
    pub(super) fn receive_again(
        &mut self,
        node: NodeIndex,
        verified: Verified,
        notices: &mut Vec<Notice>,
    ) -> Receipt {
        let pdu = verified.pdu.clone();
        let (event, admitted) = verified.into_parts(&self.timeline.rules);
        let improves = self.is_altered(node) && admitted.content_hash == HashCheck::Ok;
        let settled = self.improve(node, event, &pdu, notices);
        self.settle(settled, notices);
        if self.is_endorsed(node, &pdu) {
            self.endorse(node);
        }
        self.dismiss_copies(node);
        let receipt = self.receipt_for(node, admitted.clone());
        if improves && receipt.admitted().is_none() {
            notices.push(Notice::Outlier(admitted));
        }
        receipt
    }

    /// Puts an intact copy of an event in the place of an altered one, and judges again what rests
    /// on it. Returns the events whose states are known now.
    fn improve(
        &mut self,
        node: NodeIndex,
        event: Event,
        pdu: &Pdu,
        notices: &mut Vec<Notice>,
    ) -> Vec<NodeIndex> {
        let improves = self.is_altered(node) && event.provenance().content_hash == HashCheck::Ok;
        if !improves || !self.saved.is_whole() {
            return Vec::new();
        }
        let id = event.id().clone();
        self.timeline.dag.replace(node, event);
        // An altered redaction may not have said what it redacts.
        self.index_event(node);
        let settled = self.reevaluate(&BTreeSet::from([node]), Some((node, pdu)), notices);
        // The receipt says it.
        notices.retain(|notice| !notice.revises(&id));
        settled
    }

    /// The receipt that the verdict on an event means.
    fn receipt_for(&self, node: NodeIndex, event: Admitted) -> Receipt {
        let Some(verdict) = self.timeline.verdict(node) else {
            return Receipt::Dropped(Fault::Full);
        };
        match Standing::of(verdict) {
            Standing::Accepted => Receipt::Accepted(event),
            Standing::Provisional => Receipt::Provisional {
                event,
                members: verdict.undecided().to_vec(),
            },
            Standing::SoftFailed => Receipt::SoftFailed {
                event,
                because: SoftFailure::of(verdict).unwrap_or(SoftFailure::Stated),
            },
            Standing::Rejected => Receipt::Rejected {
                event,
                because: Rejection::of(verdict).unwrap_or(Rejection::Stated),
            },
            standing @ Standing::Outlier => Receipt::Known {
                event: event.id,
                standing,
            },
        }
    }

    pub(super) fn standing_of(&self, node: NodeIndex) -> Option<Standing> {
        self.timeline.verdict(node).map(Standing::of)
    }

    /// Whether ids are chosen by the servers, so that two events may have the same.
    pub(super) fn chooses_ids(&self) -> bool {
        self.timeline.rules.event_id == EventIdFormat::Field
    }

    /// Takes note of what is asked of the room's events besides the rules.
    pub(super) fn index(&mut self, node: NodeIndex, pdu: &Pdu) {
        if self.chooses_ids() {
            let hash = crypto::canonical_reference_hash(pdu.json(), &self.timeline.rules);
            self.hashes.insert(node, *hash.as_bytes());
        }
        self.saved.add(node, self.timeline.dag.id(node));
        self.index_event(node);
    }

    /// The part of [`index`](Self::index) that the graph knows.
    pub(super) fn index_event(&mut self, node: NodeIndex) {
        let dag = &self.timeline.dag;
        let Some(event) = dag.event(node) else {
            return;
        };
        if let Some(target) = event.redacts {
            let redactions = self.redactions.entry(target.clone()).or_default();
            redactions.insert(node);
        }
        let target = event
            .state_key
            .filter(|_| dag.event_type(node) == Some(TypeIx::MEMBER));
        if let (Some(user), Content::Member(_)) = (target, event.content)
            && let Some((_, server)) = user.split_once(':')
        {
            let users = self.users.entry(server.into()).or_default();
            users.insert(user.into());
        }
    }

    /// How far the states around an event can be trusted.
    pub(super) fn quality_before(&self, node: NodeIndex) -> Option<Quality> {
        let before = self.timeline.records.before(node)?;
        self.timeline.states.quality(before)
    }

    /// The event and its node, if the room has it.
    pub(super) fn node(&self, id: &EventId) -> Option<NodeIndex> {
        let node = self.timeline.dag.node(id)?;
        self.timeline.dag.is_known(node).then_some(node)
    }
}

fn counts(timeline: &Timeline, aside: &BTreeSet<NodeIndex>, node: NodeIndex) -> bool {
    timeline.status(node) == Some(Status::Accepted) && !aside.contains(&node)
}
