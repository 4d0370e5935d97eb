//! Claimed states: what another server says the state before an event is.
//!
//! A server that joins a room, or that has lost touch with it, does not have the history from
//! which the state before an event follows. It asks another server, and has to believe the answer
//! until it knows better. A claim is checked for what can be checked: that each of its events is
//! signed, is of this room and allowed by its own `auth_events`, all of which are there, and that
//! there is one event for each key. Whether the state is the right one, nobody can tell; so all
//! that follows from it is [`Quality::Claimed`], until history closes the gap.
//!
//! With partial state (`members_omitted` of `/send_join`) most members are left out of the claim.
//! What follows is [`Quality::Partial`], and a rule that asks for a member who is not there leaves
//! the event [provisional](crate::room::Standing::Provisional). A full claim for the same event
//! ends that.
//!
//! Spec: [`PUT /send_join`][join], [`GET /state_ids`][state_ids].
//!
//! [join]: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2send_joinroomideventid
//! [state_ids]: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1state_idsroomid

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;

use crate::auth::Decision;
use crate::crypto::{KeyRing, Timestamp, VerifyError};
use crate::id::{EventId, KeyId, RoomId, ServerName};
use crate::pdu::FormatError;
use crate::room::reading::Reading;
use crate::room::receive::Verified;
use crate::room::{Admitted, Notice, Room, Standing};
use crate::state::StateMap;
use crate::timeline::Quality;

/// What another server says the state before an event is.
///
/// For `/state` and `/send_join` the state comes as `events` with their `auth_chain`; for
/// `/state_ids` as `ids`, and the host adds those events that the room does not have to either
/// list. An event that is not to be had can be left out of a state, but no event can be without
/// its auth chain.
#[derive(Clone, Debug, Default)]
pub struct Claim<'a> {
    /// Events of the state.
    pub events: Vec<&'a [u8]>,
    /// Ids of events of the state, besides.
    pub ids: Vec<EventId>,
    /// Events that may be needed besides: those of the auth chains.
    pub auth_chain: Vec<&'a [u8]>,
    /// Whether all members are there.
    pub members: Members,
}

/// Whether a claimed state has all its members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Members {
    /// It has.
    #[default]
    Complete,
    /// Some or all were left out.
    Omitted,
}

/// Why a claim was not taken. The room is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// The room does not have the event that the claim is for, nor does it wait.
    #[error("event `{event:.255}` is not known")]
    UnknownEvent {
        /// The event.
        event: EventId,
    },
    /// The state before the event follows from the room's history, so no claim is needed.
    #[error("the state before event `{event:.255}` is known")]
    NotNeeded {
        /// The event.
        event: EventId,
    },
    /// The event has its place already, and the room was loaded in part: load all of it first.
    #[error("event `{event:.255}` is to be judged again in a room that was loaded in part")]
    LoadedInPart {
        /// The event.
        event: EventId,
    },
    /// Events or keys are missing: fetch them, and claim again.
    #[error("{} of its events and {} of its keys are missing", events.len(), keys.len())]
    Missing {
        /// The events: of the state, and of its auth chains as far as they are known; sorted.
        events: Vec<EventId>,
        /// The keys; sorted.
        keys: Vec<(ServerName, KeyId)>,
    },
    /// By the claim the room would have no forward extremity any more, as when it rejects the join
    /// by which this server came in: this claim lies, or the one before it did.
    #[error("by the state claimed before event `{event:.255}` the room has no forward extremity")]
    NoExtremity {
        /// The event.
        event: EventId,
    },
    /// The claim cannot be right. Every defect that was found is listed, in the order of the
    /// claim.
    #[error("the claimed state cannot be right: {}", listed(defects))]
    Invalid {
        /// What is wrong.
        defects: Vec<ClaimDefect>,
    },
}

/// The first defects in words, and how many there are besides.
fn listed(defects: &[ClaimDefect]) -> String {
    let shown: Vec<String> = defects.iter().take(3).map(ToString::to_string).collect();
    match defects.len().saturating_sub(shown.len()) {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}

/// What is wrong with a claimed state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimDefect {
    /// Something among `events` or `auth_chain` is not an event of the room version.
    #[error("number {position} is not an event: {fault}")]
    Format {
        /// Its position, `auth_chain` counted after `events`.
        position: usize,
        /// Why not.
        fault: FormatError,
    },
    /// An event is not signed as it must be.
    #[error("event `{event:.255}`: {error}")]
    Signatures {
        /// The event.
        event: EventId,
        /// What is wrong.
        error: VerifyError,
    },
    /// An event is of another room.
    #[error("event `{event:.255}` is of room `{room_id:.255}`")]
    WrongRoom {
        /// The event.
        event: EventId,
        /// That room.
        room_id: RoomId,
    },
    /// An event of the state is rejected.
    #[error("event `{event:.255}` is rejected")]
    Rejected {
        /// The event.
        event: EventId,
        /// The rule of check 4 by which it is, unless the room had rejected it before.
        because: Option<Box<Decision>>,
    },
    /// An event of the state is not a state event.
    #[error("event `{event:.255}` is not a state event")]
    NotState {
        /// The event.
        event: EventId,
    },
    /// Two events of the state have the same type and state key.
    #[error("event `{event:.255}` and event `{other:.255}` have the same key")]
    SameKey {
        /// The one.
        event: EventId,
        /// The other.
        other: EventId,
    },
    /// The room's create event is not part of the state.
    #[error("the create event is not there")]
    NoCreate,
    /// An event is among its own ancestors.
    #[error("event `{event:.255}` is among its own ancestors")]
    Cycle {
        /// The event.
        event: EventId,
    },
}

impl Room {
    /// Takes another server's word for the state before an event: one that waits, because some
    /// events before it cannot be had, or one before which the state is a claim already.
    ///
    /// Returns which events the room has taken up with the claim, and what that has settled. A claim
    /// that is taken is used until the states after the event's `prev_events` are all known; then
    /// the event, and all that rests on it, is judged again, and what comes out differently is
    /// reported.
    ///
    /// Of a room that was loaded in part, the host first [loads](Room::load) those events of the
    /// claim that are in its store.
    ///
    /// # Errors
    ///
    /// [`ClaimError`]; the room is as it was.
    ///
    /// # Complexity
    ///
    /// A signature, and a look by the rules, for each event that the room does not have; linear in
    /// the claim. Where the event had its place already, also the cost of judging again what
    /// descends from it; and in a room that began with a claim, that of a copy of the room.
    pub fn claim(
        &mut self,
        event: &EventId,
        claim: &Claim<'_>,
        keys: &KeyRing,
        now: Timestamp,
    ) -> Result<Vec<Notice>, ClaimError> {
        let node = self.node(event);
        let waiting = self
            .queue
            .get(event)
            .map(|waiting| waiting.verified.event.clone());
        match (node, &waiting) {
            (None, None) => {
                return Err(ClaimError::UnknownEvent {
                    event: event.clone(),
                });
            }
            (Some(node), _) if self.quality_before(node) == Some(Quality::Computed) => {
                return Err(ClaimError::NotNeeded {
                    event: event.clone(),
                });
            }
            (Some(_), _) if !self.saved.is_whole() => {
                return Err(ClaimError::LoadedInPart {
                    event: event.clone(),
                });
            }
            _ => {}
        }
        let mut reading = self.read(claim, keys, now);
        self.read_waiting(&mut reading);
        let needed = self.needed(&reading, waiting.as_ref())?;
        let rejected = self.judge_bodies(&needed, &reading.bodies);
        let entries = self.entries(&reading, &rejected)?;

        let may_fall = !self.extremities.is_empty() && !self.rests_on_its_create_event();
        let was = may_fall.then(|| self.clone());
        let notices = self.take(event, &reading, &needed, &entries, claim.members);
        match was {
            Some(was) if self.extremities.is_empty() => {
                *self = was;
                Err(ClaimError::NoExtremity {
                    event: event.clone(),
                })
            }
            _ => Ok(notices),
        }
    }

    /// Whether the create event has its place, and with it there is a forward extremity always.
    fn rests_on_its_create_event(&self) -> bool {
        let create = self.timeline.create.as_ref().and_then(|id| self.node(id));
        create.is_some_and(|create| self.counts(create) && !self.past.contains(&create))
    }

    /// Takes a claim that is found to be one.
    fn take(
        &mut self,
        event: &EventId,
        reading: &Reading,
        needed: &[EventId],
        entries: &[EventId],
        members: Members,
    ) -> Vec<Notice> {
        let bodies = needed.iter().filter_map(|id| reading.bodies.get(id));
        let outliers = self.set_aside(bodies);
        let mut notices: Vec<Notice> = outliers.into_iter().map(Notice::Outlier).collect();
        let quality = match members {
            Members::Complete => Quality::Claimed,
            Members::Omitted => Quality::Partial,
        };
        let state = entries.iter().filter_map(|id| {
            let node = self.timeline.dag.node(id)?;
            Some((self.timeline.dag.key(node)?, node))
        });
        let state = state.collect::<StateMap>();
        let Some(claim) = self.timeline.states.add(state, quality, None) else {
            return Vec::new();
        };
        // What waited for an event of the claim goes on too.
        let mut settled: Vec<NodeIndex> = needed
            .iter()
            .filter_map(|id| self.timeline.dag.node(id))
            .collect();
        match self.node(event) {
            Some(node) => {
                self.timeline.claims.insert(node, claim);
                let seeds = BTreeSet::from([node]);
                settled.extend(self.reevaluate(&seeds, None, &mut notices));
                if let Some(entry) = self.queue.take(event) {
                    // It came by itself, too, and waited for what the claim stands in for.
                    notices.retain(|notice| !notice.revises(event));
                    let (receipt, nodes) = self.arrive(node, entry.verified, &mut notices);
                    notices.push(Notice::Settled {
                        event: event.clone(),
                        receipt,
                    });
                    settled.extend(nodes);
                }
            }
            None => {
                if let Some(entry) = self.queue.take(event) {
                    let (receipt, node) = self.admit(entry.verified, Some(claim));
                    notices.push(Notice::Settled {
                        event: event.clone(),
                        receipt,
                    });
                    settled.extend(node);
                }
            }
        }
        self.settle(settled, &mut notices);
        self.revise_outliers(&mut notices);
        notices
    }

    /// Says what became of outliers of which no notice says it: what came with a claim is judged
    /// at once where the states before it are known.
    pub(super) fn revise_outliers(&self, notices: &mut Vec<Notice>) {
        let told: BTreeSet<&EventId> = notices
            .iter()
            .filter_map(|notice| match notice {
                Notice::Settled { event, .. } | Notice::Revised { event, .. } => Some(event),
                Notice::Outlier(_) | Notice::Evicted { .. } => None,
            })
            .collect();
        let was = Standing::Outlier;
        let revised = notices.iter().filter_map(|notice| match notice {
            Notice::Outlier(Admitted { id, .. }) if !told.contains(id) => {
                let event = id.clone();
                let is = self.standing(id).filter(|is| *is != was)?;
                Some(Notice::Revised { event, was, is })
            }
            _ => None,
        });
        let revised: Vec<Notice> = revised.collect();
        notices.extend(revised);
    }

    /// Takes up events that came with a claim, in an order that has first what is cited.
    fn set_aside<'a>(&mut self, bodies: impl Iterator<Item = &'a Verified>) -> Vec<Admitted> {
        let mut outliers = Vec::new();
        let mut nodes = BTreeSet::new();
        for body in bodies {
            let (event, admitted) = body.clone().into_parts(&self.timeline.rules);
            // The claim was checked for circles.
            let Ok(node) = self.timeline.dag.insert(event) else {
                continue;
            };
            self.index(node, &body.pdu);
            let (judged, _) = self.timeline.judge(node);
            self.timeline.records.set(node, judged);
            self.aside.insert(node);
            nodes.insert(node);
            outliers.push(admitted);
        }
        for node in self.those_of_the_past(&nodes) {
            self.aside.remove(&node);
            self.past.insert(node);
        }
        for node in nodes {
            self.dismiss_copies(node);
            self.note_past(node);
        }
        outliers
    }
}
