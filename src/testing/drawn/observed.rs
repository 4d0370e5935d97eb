//! What a room makes of a story, and what must not depend on how the story was told.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;

use crate::event::HashCheck;
use crate::id::EventId;
use crate::replay::{Replay, ReplayOptions, Status};
use crate::room::{Room, Standing};
use crate::state::StateDigest;
use crate::testing::drawn::Story;

/// What a room makes of an event: whether it is rejected, its content is intact, and the states
/// before and after it.
type Facts = (
    bool,
    Option<HashCheck>,
    Option<StateDigest>,
    Option<StateDigest>,
);

/// What must not depend on how events came: the facts of each, and whether it waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The events that the room has.
    pub events: BTreeMap<EventId, Facts>,
    /// Those that wait, and for what.
    pub waiting: BTreeMap<EventId, Vec<EventId>>,
    /// The extremities and the current state, where no event is soft-failed: that depends on when
    /// events came.
    pub present: Option<(Vec<EventId>, Option<StateDigest>)>,
}

impl Observed {
    /// Whether this is the same room, to which its events may have come in another order: whether
    /// an event is soft-failed, and what the extremities are then, depends on that.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        let presents = self.present.as_ref().zip(other.present.as_ref());
        self.events == other.events
            && self.waiting == other.waiting
            && presents.is_none_or(|(one, another)| one == another)
    }

    /// What can be seen of a room.
    #[must_use]
    pub fn of(room: &Room) -> Self {
        let dag = room.dag();
        let ids: Vec<&EventId> = dag.events().filter_map(|node| dag.id(node)).collect();
        let facts = |id: &EventId| {
            let hash = dag.node(id).and_then(|node| dag.provenance(node));
            let before = room.state_before(id).and_then(|state| state.digest());
            let after = room.state_after(id).and_then(|state| state.digest());
            let is_rejected = room.standing(id) == Some(Standing::Rejected);
            (
                is_rejected,
                hash.map(|known| known.content_hash),
                before,
                after,
            )
        };
        let is_free = |id: &&EventId| room.standing(id) != Some(Standing::SoftFailed);
        let is_plain = ids.iter().all(is_free);
        let present = room.current_state().ok().filter(|_| is_plain);
        Self {
            present: present.map(|state| (room.extremities(), state.digest())),
            events: ids.into_iter().map(|id| (id.clone(), facts(id))).collect(),
            waiting: room
                .waiting()
                .map(|missing| (missing.event, missing.events))
                .collect(),
        }
    }
}

impl Story {
    /// Where a room to which all of this has come says otherwise than a replay of all of it at
    /// once; `None` if it does not.
    ///
    /// A replay says more: what it rejects by one check it rejects, whatever the other lacks, and
    /// from there it knows the states that follow. The room waits, and so does what cites that.
    #[must_use]
    pub fn difference_from_replay(&self, room: &Room) -> Option<String> {
        let options = ReplayOptions::of(&self.rules);
        let replay = Replay::run(self.events(), &self.rules, options, |_| {});
        let mut order = replay.order().iter();
        order.find_map(|node| difference(room, &replay, *node))
    }
}

/// What of an event is not as in the replay.
fn difference(room: &Room, replay: &Replay, node: NodeIndex) -> Option<String> {
    let dag = replay.dag();
    let id = dag.id(node)?;
    let status = replay.verdict(node)?.status();
    let says = |what: &str| Some(format!("{id} ({status:?} by replay) {what}"));
    let is_known = |id: &EventId| room.standing(id).is_some();
    let has_state_after = |id: &EventId| room.state_after(id).is_some();
    let is_behind_a_gap = !dag
        .prev_events(node)
        .filter_map(|prev| dag.id(prev))
        .all(has_state_after);
    let Some(standing) = room.standing(id) else {
        let mut cited = dag.auth_events(node).filter_map(|cited| dag.id(cited));
        return if !room.waiting().any(|missing| missing.event == *id) {
            says("is not there")
        } else if !is_behind_a_gap && cited.all(is_known) {
            says("waits for nothing")
        } else {
            None
        };
    };
    let is_rejected = status == Status::Rejected;
    let before = room.state_before(id).and_then(|state| state.digest());
    let after = room.state_after(id).and_then(|state| state.digest());
    let digest = |state| dag.digest(state);
    let has_same_states = if is_behind_a_gap {
        is_rejected && before.is_none() && after.is_none()
    } else {
        before == replay.state_before(node).and_then(digest)
            && after == replay.state_after(node).and_then(digest)
    };
    if (standing == Standing::Rejected) != is_rejected {
        says(&format!("is {standing}"))
    } else if has_same_states {
        None
    } else {
        says("has other states")
    }
}
