//! Replay: from a room's events, in any order, to what its state is and why.
//!
//! A replay takes every event that somebody has of a room and does what a server would have done
//! on receiving them: it judges each by its own `auth_events` (receipt check 4) and by the state
//! before it (check 5), and works out the state before and after it.
//!
//! | the spec says                          | here                                         |
//! |----------------------------------------|----------------------------------------------|
//! | *S(E)*, *S′(E)*                        | [`Replay::state_before`], [`Replay::state_after`] |
//! | rejected                               | [`Verdict`], [`Replay::rejected`]            |
//! | forward extremities                    | [`Replay::extremities`]                      |
//! | current state                          | [`Replay::current_state`]                    |
//! | soft failed                            | [`Arrival::InOrder`], [`Replay::soft_failed`] |
//! | (verdicts of a server's own store)     | [`Verdicts::Stated`]                         |
//!
//! Rejected events never change the state and are never extremities; an event that cites one in
//! `auth_events` is rejected. An event that cites what nobody has seen is *waiting*, neither
//! accepted nor rejected, and so is everything after it: a gap is reported, not guessed at. The
//! caller can bridge it with a [claimed state](ReplayOptions::claimed).
//!
//! Receipt check 7, the policy server's, is the host's to make:
//! [`crypto::verify_policy_signature`](crate::crypto::verify_policy_signature) is what it needs.
//!
//! The answers depend on the set of events alone. Only soft failure depends on the order in which
//! they arrived, as the specification has it, and only [`Arrival::InOrder`] asks for it.
//!
//! Reads [`resolve`]. Spec:
//! <https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu>

mod create;
mod intake;

pub use self::intake::{Refusal, Refused};
pub use crate::timeline::{Check, DagState, Quality, Status, Verdict};

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use crate::auth::Outcome;
use crate::dag::RoomDag;
use crate::event::Event;
use crate::id::EventId;
use crate::resolve::{self, Resolution, ResolveError};
use crate::state::StateMap;
use crate::timeline::{Asked, Extremities, Judged, Records, StateIx, Timeline, sorted_by_id};
use crate::version::RoomVersionRules;

/// How a replay is done.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// How states are resolved.
    pub resolve: resolve::Options,
    /// Whether the order of the events is that of their arrival.
    pub arrival: Arrival,
    /// Whether the events are judged, or were before.
    pub verdicts: Verdicts,
    /// The room's create event, if the caller knows it; otherwise it is the one that most events
    /// rest on.
    pub create: Option<EventId>,
    /// The states before some events as somebody else says they are: the state events of each.
    ///
    /// A claim is used only for an event of whose `prev_events` some were not given, and whatever
    /// follows from it is [`Quality::Claimed`].
    pub claimed: BTreeMap<EventId, Vec<EventId>>,
    /// How many resolutions are remembered; see
    /// [`Limits::remembered_resolutions`](crate::limits::Limits::remembered_resolutions).
    pub remembered_resolutions: usize,
}

impl ReplayOptions {
    /// The options of a room version.
    #[must_use]
    pub fn of(rules: &RoomVersionRules) -> Self {
        Self {
            resolve: resolve::Options::of(rules),
            arrival: Arrival::Unknown,
            verdicts: Verdicts::Judged,
            create: None,
            claimed: BTreeMap::new(),
            remembered_resolutions: crate::limits::Limits::default().remembered_resolutions,
        }
    }
}

/// Where the verdicts of a replay come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdicts {
    /// Every event is held against the authorisation rules.
    #[default]
    Judged,
    /// The caller judged the events before and remembers: these are not accepted, all others are,
    /// whatever they cite. No rule is applied but those that state resolution applies.
    ///
    /// What waits for a missing event waits all the same.
    Stated {
        /// The events that were rejected.
        rejected: BTreeSet<EventId>,
        /// The events that were soft-failed.
        soft_failed: BTreeSet<EventId>,
    },
}

/// Whether the order in which events are given means anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It does not.
    Unknown,
    /// It is the order in which a server received them, so soft failure can be told.
    InOrder,
}

/// A replayed room.
#[derive(Debug)]
pub struct Replay {
    timeline: Timeline,
    options: ReplayOptions,
    order: Vec<NodeIndex>,
    missing: BTreeSet<EventId>,
    extremities: Vec<NodeIndex>,
    refused: Vec<Refused>,
}

impl Replay {
    /// Replays a room from its events, in whatever order.
    ///
    /// `progress` is called with the number of events judged so far. The cost is that of the auth
    /// checks, O(log n) each, and of the resolutions; see [`resolve`](crate::resolve::resolve).
    pub fn run(
        events: impl IntoIterator<Item = Event>,
        rules: &RoomVersionRules,
        options: ReplayOptions,
        mut progress: impl FnMut(usize),
    ) -> Self {
        let mut intake = intake::sort(events, rules, &options);
        let nodes = intake.dag.auth_graph().node_count();
        let create = create::room_create(&intake, rules, options.create.as_ref());
        let mut timeline = Timeline::new(
            rules,
            options.resolve,
            create,
            options.remembered_resolutions,
        );
        timeline.dag = std::mem::take(&mut intake.dag);
        timeline.records = Records::with_nodes(nodes);
        let mut replay = Self {
            timeline,
            options,
            order: Vec::with_capacity(intake.order.len()),
            missing: BTreeSet::new(),
            extremities: Vec::new(),
            refused: std::mem::take(&mut intake.refused),
        };
        let mut arrived = Extremities::default();
        // The graph holds what has been judged and nothing else, so that no look at it depends on
        // what comes later.
        for at in &intake.order {
            let Some(given) = intake.given.get(*at) else {
                continue;
            };
            let node = given.event.node();
            let (auth, prev) = intake.cited(given);
            let dag = &mut replay.timeline.dag;
            // What is on a cycle is not in order.
            let placed = dag.insert_reduced(given.event.clone(), auth, prev);
            if placed.is_none() {
                let event = dag.id(node).cloned();
                replay.refused.extend(event.map(|event| Refused {
                    event,
                    refusal: Refusal::Full,
                }));
                continue;
            }
            let (mut judged, asked) = replay.judge(node);
            if replay.options.arrival == Arrival::InOrder {
                replay.judge_by_current_state(node, &mut judged, &asked, &mut arrived);
            }
            replay.timeline.records.set(node, judged);
            replay.order.push(node);
            progress(replay.order.len());
        }
        replay
            .refused
            .sort_by(|a, b| (&a.event, a.refusal).cmp(&(&b.event, b.refusal)));
        let dag = &replay.timeline.dag;
        let implied = intake.implied.iter().filter(|node| !dag.is_known(**node));
        let missing = implied
            .filter_map(|node| dag.id(*node))
            .chain(dag.missing());
        replay.missing = missing.cloned().collect();
        replay.extremities = match replay.options.arrival {
            Arrival::InOrder => arrived.sorted(dag),
            Arrival::Unknown => {
                let is_accepted = |node| replay.timeline.status(node) == Some(Status::Accepted);
                let found = replay.timeline.extremities_of(&replay.order, is_accepted);
                sorted_by_id(dag, found)
            }
        };
        replay
    }

    /// Checks 4 and 5, or what the caller says of them.
    fn judge(&mut self, node: NodeIndex) -> (Judged, Asked) {
        if let Some(claim) = self.claim(node) {
            self.timeline.claims.insert(node, claim);
        }
        let Verdicts::Stated {
            rejected,
            soft_failed,
        } = &self.options.verdicts
        else {
            return self.timeline.judge(node);
        };
        let outcome = |events: &BTreeSet<EventId>| {
            let id = self.timeline.dag.id(node).filter(|_| !events.is_empty());
            if id.is_some_and(|id| events.contains(id)) {
                Outcome::Reject
            } else {
                Outcome::Allow
            }
        };
        let (rejected, soft_failed) = (outcome(rejected), outcome(soft_failed));
        let judged = self.timeline.record_stated(node, rejected, soft_failed);
        (judged, Asked::new())
    }

    /// Check 6, and the server's extremities once the event has arrived.
    fn judge_by_current_state(
        &mut self,
        node: NodeIndex,
        judged: &mut Judged,
        asked: &Asked,
        arrived: &mut Extremities,
    ) {
        if judged.verdict.status() != Status::Accepted {
            return;
        }
        if judged.verdict.by_current_state.is_none() {
            let states = arrived.states();
            // The room's first event meets no current state.
            let current = if states.is_empty() {
                judged.before
            } else {
                self.timeline.resolved(states)
            };
            let timeline = &self.timeline;
            judged.verdict.by_current_state =
                Some(timeline.check_by_current_state(node, judged, asked, current));
        }
        if let (Status::Accepted, Some(after)) = (judged.verdict.status(), judged.after) {
            let timeline = &self.timeline;
            let is_accepted = |node| timeline.status(node) == Some(Status::Accepted);
            arrived.remove_behind(timeline, node, is_accepted);
            arrived.insert(node, after);
        }
    }

    /// What the caller claims the state before an event to be. A claim with an event that is
    /// unknown, no state event or not allowed by its own `auth_events`, or with two events for one
    /// key, is no claim.
    fn claim(&mut self, node: NodeIndex) -> Option<StateIx> {
        let dag = &self.timeline.dag;
        let has_gap = dag.prev_events(node).any(|prev| !dag.is_known(prev));
        let claimed = self.options.claimed.get(dag.id(node)?);
        let mut state = StateMap::default();
        for id in claimed.filter(|_| has_gap)? {
            let entry = dag.node(id)?;
            let key = dag.key(entry)?;
            let judged = self.timeline.judged(entry);
            if judged.is_none_or(|entry| entry.rejected) || state.insert(key, entry).is_some() {
                return None;
            }
        }
        self.timeline.states.add(state, Quality::Claimed, None)
    }

    /// The events and what they cite.
    #[must_use]
    pub fn dag(&self) -> &RoomDag {
        &self.timeline.dag
    }

    /// The rules by which the room was replayed.
    #[must_use]
    pub fn rules(&self) -> &RoomVersionRules {
        &self.timeline.rules
    }

    /// How the room was replayed.
    #[must_use]
    pub fn options(&self) -> &ReplayOptions {
        &self.options
    }

    /// The room's create event.
    #[must_use]
    pub fn create(&self) -> Option<NodeIndex> {
        self.timeline.dag.node(self.timeline.create.as_ref()?)
    }

    /// The events in the order in which they were judged: what is cited comes first. Where that
    /// leaves a choice it is by arrival if that is known, and else by depth, `origin_server_ts`
    /// and event id.
    #[must_use]
    pub fn order(&self) -> &[NodeIndex] {
        &self.order
    }

    /// The verdict on an event; `None` for one that is not known.
    #[must_use]
    pub fn verdict(&self, event: NodeIndex) -> Option<&Verdict> {
        self.timeline.verdict(event)
    }

    /// The state before an event; `None` where it cannot be told.
    #[must_use]
    pub fn state_before(&self, event: NodeIndex) -> Option<&StateMap> {
        self.timeline.state_before(event)
    }

    /// The state after an event; `None` where it cannot be told.
    #[must_use]
    pub fn state_after(&self, event: NodeIndex) -> Option<&StateMap> {
        self.timeline.state_after(event)
    }

    /// Whether the states around an event follow from the room's history or from somebody's word;
    /// `None` where they cannot be told.
    #[must_use]
    pub fn quality(&self, event: NodeIndex) -> Option<Quality> {
        let timeline = &self.timeline;
        timeline.states.quality(timeline.records.before(event)?)
    }

    /// The forward extremities, sorted by event id: the accepted events that no accepted event has
    /// among its ancestors by `prev_events`.
    ///
    /// A rejected event does not hide what came before it, so an event whose children were all
    /// rejected is an extremity. Where soft failure is told, soft-failed events are treated alike.
    #[must_use]
    pub fn extremities(&self) -> &[NodeIndex] {
        &self.extremities
    }

    /// The current state: the resolution of the states after the forward extremities.
    ///
    /// # Errors
    ///
    /// As [`resolve`](crate::resolve::resolve).
    pub fn current_state(&self) -> Result<Resolution, ResolveError> {
        let states: Vec<StateMap> = self
            .extremities
            .iter()
            .filter_map(|node| self.state_after(*node))
            .cloned()
            .collect();
        resolve::resolve(self.dag(), &states, self.rules(), &self.options.resolve)
    }

    /// The resolution that gave the state before an event, with its trace: of the states after its
    /// `prev_events`, as far as they are known. It is made anew, and so costs what it did.
    ///
    /// # Errors
    ///
    /// As [`resolve`](crate::resolve::resolve).
    pub fn resolution_before(&self, event: NodeIndex) -> Result<Resolution, ResolveError> {
        let prev = self.dag().prev_events(event);
        let states: Vec<StateMap> = prev
            .filter_map(|prev| self.state_after(prev))
            .cloned()
            .collect();
        resolve::resolve(self.dag(), &states, self.rules(), &self.options.resolve)
    }

    /// The events that were rejected, in the order in which they were judged.
    pub fn rejected(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        self.with_status(Status::Rejected)
    }

    /// The events that were soft-failed, in the order in which they were judged.
    pub fn soft_failed(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        self.with_status(Status::SoftFailed)
    }

    /// The events on which there is no verdict, because something before them is missing.
    pub fn waiting(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        self.with_status(Status::Waiting)
    }

    /// The ids that some event cites, or implies by its room id, and that nobody gave; sorted.
    pub fn missing(&self) -> impl Iterator<Item = &EventId> {
        self.missing.iter()
    }

    /// How many resolutions are remembered; never more than
    /// [`ReplayOptions::remembered_resolutions`].
    #[must_use]
    pub fn remembered_resolutions(&self) -> usize {
        self.timeline.states.remembered()
    }

    /// What was given and has no part in the replay, sorted by event id.
    #[must_use]
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    fn with_status(&self, status: Status) -> impl Iterator<Item = NodeIndex> + '_ {
        let has = move |node: &NodeIndex| {
            self.verdict(*node)
                .is_some_and(|verdict| verdict.status() == status)
        };
        self.order.iter().copied().filter(has)
    }
}
