//! What a room's state is, at any point of it.

use petgraph::graph::NodeIndex;

use crate::auth::StateView;
use crate::dag::RoomDag;
use crate::event::EventRef;
use crate::id::{EventId, RoomId};
use crate::pdu::MEMBER;
use crate::pdu::content::{Content, Membership};
use crate::resolve::{self, Resolution, ResolveError};
use crate::room::{Missing, Room, Standing};
use crate::state::{StateDigest, StateMap};
use crate::timeline::{DagState, Quality, StateIx, Verdict};
use crate::version::RoomVersionRules;

/// A state of a room, to be read.
///
/// It borrows the room, and costs nothing to make.
#[derive(Clone, Copy, Debug)]
pub struct RoomState<'a> {
    pub(super) dag: &'a RoomDag,
    pub(super) map: &'a StateMap,
    pub(super) quality: Quality,
    pub(super) create: Option<NodeIndex>,
}

impl<'a> RoomState<'a> {
    /// The event that holds a key. O(log n).
    #[must_use]
    pub fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'a>> {
        let key = self.dag.keys().lookup(event_type, state_key)?;
        self.dag.event(self.map.get(key)?)
    }

    /// A user's membership; [`Membership::Leave`] if there is no member event. O(log n).
    #[must_use]
    pub fn membership(&self, user: &str) -> Membership {
        match self.get(MEMBER, user).map(|event| event.content) {
            Some(Content::Member(member)) => member.membership.unwrap_or(Membership::Unknown),
            _ => Membership::Leave,
        }
    }

    /// Every key and the event that holds it, in no meaningful order. O(n).
    pub fn iter(&self) -> impl Iterator<Item = ((&'a str, &'a str), EventRef<'a>)> + use<'a> {
        let dag = self.dag;
        self.map
            .iter()
            .filter_map(move |(key, node)| Some((dag.keys().resolve(key)?, dag.event(node)?)))
    }

    /// How many keys are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether no key is held, as before the create event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// How far the state can be trusted.
    #[must_use]
    pub fn quality(&self) -> Quality {
        self.quality
    }

    /// The name of the state, equal wherever the state is. O(n log n).
    #[must_use]
    pub fn digest(&self) -> Option<StateDigest> {
        self.dag.digest(self.map)
    }

    /// The state as a map of numbers, for [`resolve`](crate::resolve) and for
    /// [differences](StateMap::diff).
    #[must_use]
    pub fn map(&self) -> &'a StateMap {
        self.map
    }

    /// The keys in which the state differs from a later one of the same room, with the event that
    /// holds each there. O(d · log n) for d keys where the two share structure.
    pub fn changes_to(
        &self,
        later: &Self,
    ) -> impl Iterator<Item = ((&'a str, &'a str), Option<EventRef<'a>>)> + use<'a> {
        let dag = self.dag;
        let changes = self.map.diff(later.map);
        changes.filter_map(move |(key, _, event)| {
            let event = event.and_then(|event| dag.event(event));
            Some((dag.keys().resolve(key)?, event))
        })
    }
}

impl RoomState<'_> {
    /// The number of the event at a key; the create event that the room id implies is in every
    /// state.
    pub(super) fn node(&self, event_type: &str, state_key: &str) -> Option<NodeIndex> {
        let state = DagState {
            dag: self.dag,
            state: self.map,
            create: self.create,
        };
        state.node(self.dag.keys().lookup(event_type, state_key)?)
    }
}

impl StateView for RoomState<'_> {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        self.dag.event(self.node(event_type, state_key)?)
    }
}

impl Room {
    /// The room's id.
    #[must_use]
    pub fn id(&self) -> &RoomId {
        &self.id
    }

    /// The rules of the room's version.
    #[must_use]
    pub fn rules(&self) -> &RoomVersionRules {
        &self.timeline.rules
    }

    /// How states are resolved.
    #[must_use]
    pub fn resolve_options(&self) -> &resolve::Options {
        &self.timeline.options
    }

    /// The room's events and what they cite, those that wait left out.
    #[must_use]
    pub fn dag(&self) -> &RoomDag {
        &self.timeline.dag
    }

    /// What became of an event; `None` for one that waits or that the room does not have.
    #[must_use]
    pub fn standing(&self, event: &EventId) -> Option<Standing> {
        self.standing_of(self.node(event)?)
    }

    /// Every check that was made of an event.
    #[must_use]
    pub fn verdict(&self, event: &EventId) -> Option<&Verdict> {
        self.timeline.verdict(self.node(event)?)
    }

    /// The state before an event; `None` where it is not known.
    #[must_use]
    pub fn state_before(&self, event: &EventId) -> Option<RoomState<'_>> {
        self.state(self.timeline.records.before(self.node(event)?)?)
    }

    /// The state after an event; `None` where it is not known. Of an event that was rejected it is
    /// the state before it.
    #[must_use]
    pub fn state_after(&self, event: &EventId) -> Option<RoomState<'_>> {
        self.state(self.timeline.records.after(self.node(event)?)?)
    }

    /// The current state: the resolution of the states after the forward extremities. It is kept
    /// until they change.
    ///
    /// # Errors
    ///
    /// As [`resolve`](crate::resolve::resolve); never for a room that has its auth chains, as
    /// every room does that was not restored in part.
    pub fn current_state(&self) -> Result<RoomState<'_>, ResolveError> {
        if let Some(state) = self.current.and_then(|current| self.state(current)) {
            return Ok(state);
        }
        let events = match self.state_at(&self.extremities()) {
            Err(ResolveError::Missing { events }) => events,
            Err(other) => return Err(other),
            Ok(_) => Vec::new(),
        };
        Err(ResolveError::Missing { events })
    }

    /// The resolution of the states after some events, with its trace: that of the room's current
    /// state if they are its extremities. Events after which the state is not known are left out.
    ///
    /// # Errors
    ///
    /// As [`resolve`](crate::resolve::resolve).
    pub fn state_at(&self, events: &[EventId]) -> Result<Resolution, ResolveError> {
        let after = events
            .iter()
            .filter_map(|event| self.timeline.state_after(self.node(event)?));
        let states: Vec<StateMap> = after.cloned().collect();
        let timeline = &self.timeline;
        resolve::resolve(&timeline.dag, &states, &timeline.rules, &timeline.options)
    }

    /// The forward extremities, sorted by id: the events that a new event of this server builds
    /// on. Soft-failed and rejected events are none, and do not hide what came before them.
    ///
    /// Spec: [soft failure](https://spec.matrix.org/v1.19/server-server-api/#soft-failure).
    #[must_use]
    pub fn extremities(&self) -> Vec<EventId> {
        let dag = &self.timeline.dag;
        let sorted = self.extremities.sorted(dag);
        sorted
            .iter()
            .filter_map(|node| dag.id(*node).cloned())
            .collect()
    }

    /// Whether some user of a server is joined, by the current state. O(u · log n) in the users of
    /// that server who ever were anything to the room.
    #[must_use]
    pub fn has_joined(&self, server: &str) -> bool {
        let Ok(state) = self.current_state() else {
            return false;
        };
        self.users_of(server)
            .any(|user| state.membership(user) == Membership::Join)
    }

    /// The servers of which some user is joined, by the current state, sorted: to whom an event of
    /// the room is sent, and `servers_in_room` of a response of `/send_join`. As
    /// [`has_joined`](Self::has_joined) of each server that ever was anything to the room.
    pub fn joined_servers(&self) -> impl Iterator<Item = &str> {
        let servers = self.users.keys().map(|server| &**server);
        servers.filter(|server| self.has_joined(server))
    }

    /// The users of a server who ever were anything to the room.
    pub(super) fn users_of(&self, server: &str) -> impl Iterator<Item = &str> {
        let users = self.users.get(server).into_iter().flatten();
        users.map(|user| &**user)
    }

    /// The events that wait, in order of arrival, and what each of them needs.
    ///
    /// Each costs what lies between it and what is missing.
    pub fn waiting(&self) -> impl Iterator<Item = Missing> + '_ {
        let verified = self.queue.verified().map(|waiting| Missing {
            event: waiting.verified.event.id().clone(),
            events: self.missing_behind(&waiting.lacking),
            keys: Vec::new(),
        });
        let unverified = self.queue.unverified().map(|waiting| Missing {
            event: waiting.id.clone(),
            events: self.missing_behind(&self.unknown_to(&waiting.pdu)),
            keys: waiting.keys.clone(),
        });
        verified.chain(unverified)
    }

    pub(super) fn state(&self, state: StateIx) -> Option<RoomState<'_>> {
        let create = self.timeline.create.as_ref();
        Some(RoomState {
            dag: &self.timeline.dag,
            map: self.timeline.states.get(state)?,
            quality: self.timeline.states.quality(state)?,
            create: create.and_then(|create| self.timeline.dag.node(create)),
        })
    }
}
