//! Judging again what was judged before.
//!
//! An answer that was given changes only where what it rested on turns out to be something else:
//! a claimed state is replaced by a better one or by what follows from the room's history, members
//! that were left out arrive, or an event arrives intact that was known in an altered form. Then
//! everything that rests on it is judged again, in order, and what comes out differently is
//! reported.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::Direction;
use petgraph::graph::NodeIndex;

use crate::dag::order;
use crate::pdu::Pdu;
use crate::room::{Notice, Room, Standing};
use crate::state::{KeyIx, StateMap};
use crate::timeline::{Asked, Extremities, Judged, StateIx, Status, Verdict};

impl Room {
    /// Judges `seeds` again and everything that rests on them, and then what is accepted now and was
    /// not before by the current state that comes of it. Returns the events of which the
    /// state after them was not known before.
    ///
    /// `arriving` is the one of them that comes just now, which has check 7 before it.
    ///
    /// O(n · log n) and the cost of judging for the n events that descend from `seeds` by either
    /// kind of citation; where one of them counts for the forward extremities, or did, and is
    /// something else now, also O(V · log V + E) for finding them; all of it once more for each claim
    /// that is [refuted](Self::refuted_claims) by what comes out.
    pub(super) fn reevaluate(
        &mut self,
        seeds: &BTreeSet<NodeIndex>,
        arriving: Option<(NodeIndex, &Pdu)>,
        notices: &mut Vec<Notice>,
    ) -> Vec<NodeIndex> {
        let mut settled = self.judge_again(seeds, arriving, notices);
        loop {
            let refuted = self.refuted_claims();
            if refuted.is_empty() {
                return settled;
            }
            let seeds = refuted.keys().copied().collect();
            self.timeline.claims.extend(refuted);
            settled.extend(self.judge_again(&seeds, None, notices));
        }
    }

    /// Claims that hold an event which proved to be rejected only after the event that they were
    /// made for was judged by them: two claims may each rest on what the other one bears. Such a
    /// claim goes on without that event, so that there is an end to it.
    fn refuted_claims(&mut self) -> BTreeMap<NodeIndex, StateIx> {
        let timeline = &self.timeline;
        let mut refuted = Vec::new();
        for (node, claim) in &timeline.claims {
            let before = timeline.records.before(*node);
            let (Some(before), Some(claimed)) = (
                before.and_then(|before| timeline.states.get(before)),
                timeline.states.get(*claim),
            ) else {
                continue;
            };
            let is_refuted = |(key, entry): &(KeyIx, NodeIndex)| {
                timeline.dag.is_rejected(*entry) && before.get(*key) == Some(*entry)
            };
            let keys: Vec<KeyIx> = claimed
                .iter()
                .filter(is_refuted)
                .map(|(key, _)| key)
                .collect();
            if !keys.is_empty() {
                let mut state = claimed.clone();
                for key in keys {
                    state.remove(key);
                }
                refuted.push((*node, *claim, state));
            }
        }
        let states = &mut self.timeline.states;
        let shrunk = |(node, claim, state): (NodeIndex, StateIx, StateMap)| {
            let quality = states.quality(claim)?;
            Some((node, states.add(state, quality, Some(claim))?))
        };
        refuted.into_iter().filter_map(shrunk).collect()
    }

    /// [`reevaluate`](Self::reevaluate), by the claims as they are.
    fn judge_again(
        &mut self,
        seeds: &BTreeSet<NodeIndex>,
        arriving: Option<(NodeIndex, &Pdu)>,
        notices: &mut Vec<Notice>,
    ) -> Vec<NodeIndex> {
        self.timeline.forget();
        let mut settled = Vec::new();
        let mut changes = Vec::new();
        let mut arrivals = Vec::new();
        let mut extremities_change = false;
        for node in self.resting_on(seeds) {
            let counted = self.counts(node);
            if self.has_states_behind(node) {
                self.timeline.claims.remove(&node);
            }
            let was = self.timeline.records.get(node);
            let before = self.timeline.before(node);
            let (mut verdict, asked) = self.timeline.verdict_in(node, before);
            let old = was.as_ref().map(|was| &was.verdict);
            let met_present = old.is_some_and(has_met_the_present);
            if let Some(old) = old.filter(|_| met_present) {
                verdict.by_current_state.clone_from(&old.by_current_state);
                verdict.withheld = old.withheld;
            }
            let is_as_it_was = was.as_ref().is_some_and(|was| {
                was.before == before && was.verdict.status() == verdict.status()
            });
            let judged = match &was {
                Some(was) if is_as_it_was => Judged {
                    verdict,
                    before,
                    after: was.after,
                },
                _ => self.timeline.record_with(node, verdict, before),
            };
            let accepted = judged.verdict.status() == Status::Accepted;
            let has_place = self.past.contains(&node) || self.aside.contains(&node);
            if accepted && !met_present && !has_place {
                if self.is_of_the_past(node) {
                    self.past.insert(node);
                } else {
                    self.aside.insert(node);
                }
                arrivals.push((node, asked));
            }
            let old = old.map(Standing::of);
            let after_changes = was.as_ref().is_none_or(|was| was.after != judged.after);
            if was.as_ref().is_none_or(|was| was.after.is_none()) && judged.after.is_some() {
                settled.push(node);
            }
            self.timeline.records.set(node, judged);
            let counts = self.counts(node);
            extremities_change |= counts != counted || (counts && after_changes);
            self.saved.change(node);
            changes.extend(old.map(|old| (node, old)));
            self.note_past(node);
        }
        if extremities_change {
            self.find_extremities();
        } else {
            // What the events say may have changed, and with it what their states resolve to.
            self.find_current();
        }
        for (node, asked) in arrivals {
            let pdu = arriving.filter(|(arriving, _)| *arriving == node);
            self.arrive_late(node, pdu.map(|(_, pdu)| pdu), &asked);
        }
        for (node, was) in changes {
            let event = self.timeline.dag.id(node).cloned();
            let is = self.standing_of(node).filter(|is| *is != was);
            notices.extend(
                event
                    .zip(is)
                    .map(|(event, is)| Notice::Revised { event, was, is }),
            );
        }
        settled
    }

    /// Holds an event against the current state that is accepted now and was not before.
    fn arrive_late(&mut self, node: NodeIndex, pdu: Option<&Pdu>, asked: &Asked) {
        self.aside.remove(&node);
        self.dismiss_copies(node);
        if let Some(mut judged) = self.timeline.records.get(node) {
            // One that came live while it was of the past has met what was present then.
            if judged.verdict.by_current_state.is_none() {
                self.judge_by_present(node, pdu, &mut judged, asked);
            }
            self.keep(node, judged);
        }
    }

    /// Whether the states after all `prev_events` of an event are known.
    pub(super) fn has_states_behind(&self, node: NodeIndex) -> bool {
        let timeline = &self.timeline;
        let mut prev = timeline.dag.prev_events(node);
        prev.all(|prev| timeline.records.after(prev).is_some())
    }

    /// `seeds` and all events that descend from them, by `prev_events`, by `auth_events` or by a
    /// claimed state; in an order that has first what others rest on.
    fn resting_on(&self, seeds: &BTreeSet<NodeIndex>) -> Vec<NodeIndex> {
        let dag = &self.timeline.dag;
        let claims = &self.timeline.claims;
        let mut found: BTreeSet<NodeIndex> = BTreeSet::new();
        let mut stack: Vec<NodeIndex> = seeds.iter().copied().collect();
        loop {
            while let Some(node) = stack.pop() {
                if dag.is_known(node) && found.insert(node) {
                    stack.extend(dag.children(node));
                    stack.extend(
                        dag.auth_graph()
                            .neighbors_directed(node, Direction::Incoming),
                    );
                }
            }
            let rests = |claim: &StateIx| {
                let mut entries = self.claimed(*claim);
                entries.any(|entry| found.contains(&entry))
            };
            let claiming = claims.iter().filter(|(node, _)| !found.contains(node));
            stack.extend(
                claiming
                    .filter(|(_, claim)| rests(claim))
                    .map(|(node, _)| *node),
            );
            if stack.is_empty() {
                break;
            }
        }
        let cited = |node: NodeIndex| {
            let claim = claims.get(&node).into_iter();
            let claimed = claim.flat_map(|claim| self.claimed(*claim));
            let cited = dag.prev_events(node).chain(dag.auth_events(node));
            cited.chain(claimed).collect::<Vec<_>>()
        };
        let key = |node: NodeIndex| (dag.rank(node), node);
        let order::TopologicalOrder {
            mut sorted,
            left_over,
        } = order::topological_order(found.iter().copied(), cited, key);
        // A claimed state may hold what descends from the event that it was claimed for; then
        // ranks decide.
        let mut left_over = left_over;
        left_over.sort_unstable_by_key(|node| key(*node));
        sorted.extend(left_over);
        sorted
    }

    /// The events of a claimed state.
    fn claimed(&self, claim: StateIx) -> impl Iterator<Item = NodeIndex> + '_ {
        let state = self.timeline.states.get(claim).into_iter();
        state.flat_map(|state| state.iter().map(|(_, entry)| entry))
    }

    /// Finds the forward extremities anew. O(V · log V + E).
    pub(super) fn find_extremities(&mut self) {
        let dag = &self.timeline.dag;
        let mut order: Vec<NodeIndex> = dag.events().collect();
        order.sort_unstable_by_key(|node| dag.rank(*node));
        let found = self
            .timeline
            .extremities_of(&order, |node| self.counts(node));
        self.extremities = Extremities::default();
        self.is_unsettled = false;
        let (past, present): (Vec<NodeIndex>, Vec<NodeIndex>) =
            found.into_iter().partition(|node| self.past.contains(node));
        for node in present {
            if let Some(after) = self.timeline.records.after(node) {
                self.extremities.insert(node, after);
            }
        }
        self.find_current();
        for node in past {
            if self.is_waited_upon(node) {
                continue;
            }
            // What it was the past of proved not to be accepted.
            self.past.remove(&node);
            self.aside.insert(node);
            self.arrive_late(node, None, &Asked::new());
        }
    }
}

/// Whether an event was accepted before, and so has had checks 6 and 7.
fn has_met_the_present(verdict: &Verdict) -> bool {
    matches!(verdict.status(), Status::Accepted | Status::SoftFailed)
}
