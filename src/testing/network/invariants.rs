//! What must be so after every step, on every server.
//!
//! Every accepted event is held to the [laws](super::laws) twice: in the state that its own
//! `auth_events` make, and, once the server has worked out the state before it from the events
//! before it, in that state. What a server has only been told that a state is, is nobody's word
//! but the teller's.
//!
//! A banned user does not return without having been let back: that is true of every event, but
//! state resolution may drop a ban, where those who banned had lost their power on another branch.
//! So of states this is what holds, and what is looked at:
//!
//! - The state before an event that follows one other is the state after that one; and the state
//!   after an event is the state before it, and the event.
//! - The state before an event that follows several has every entry that the states after all of
//!   them have, and so does the current state with the forward extremities.
//!
//! So a ban that stands on all branches stands until it is lifted by somebody who may.

use std::collections::BTreeSet;
use std::rc::Rc;

use petgraph::graph::NodeIndex;

use crate::id::EventId;
use crate::pdu::{CREATE, MEMBER, POWER_LEVELS};
use crate::room::{Room, RoomState, Standing};
use crate::state::StateMap;
use crate::testing::network::laws::{Before, Fact, broken};
use crate::testing::network::server::Server;
use crate::testing::network::{Check, Flaw, Simulation};
use crate::timeline::Quality;

/// What was looked at for good.
#[derive(Debug, Default)]
pub(super) struct LookedAt {
    /// In the state of its `auth_events`.
    cited: BTreeSet<NodeIndex>,
    /// In the state before it, too.
    all: BTreeSet<NodeIndex>,
}

impl Simulation {
    /// Holds to the laws what servers have accepted since the last time.
    pub(super) fn hold_to_the_laws(&mut self) -> Result<(), Flaw> {
        for at in 0..self.servers.len() {
            let Some(server) = self.servers.get_mut(at) else {
                continue;
            };
            let mut looked_at = std::mem::take(&mut server.looked_at);
            let held = match self.servers.get(at) {
                Some(server) => self.hold(server, &mut looked_at),
                None => Ok(0),
            };
            if let Some(server) = self.servers.get_mut(at) {
                server.looked_at = looked_at;
            }
            self.outcome.checked = self.outcome.checked.saturating_add(held?);
        }
        Ok(())
    }

    fn hold(&self, server: &Server, looked_at: &mut LookedAt) -> Result<usize, Flaw> {
        let Some(room) = server.room.as_ref() else {
            return Ok(0);
        };
        let named = |(check, what): Flaw| (check, format!("{}: {what}", server.name));
        let dag = room.dag();
        let mut held = 0_usize;
        for node in dag.events() {
            if looked_at.all.contains(&node) {
                continue;
            }
            let Some(id) = dag.id(node) else { continue };
            let quality = room.state_before(id).map(|state| state.quality());
            let is_final = quality == Some(Quality::Computed);
            let standing = room.standing(id);
            if standing.is_some_and(|standing| standing != Standing::Rejected) {
                if looked_at.cited.insert(node) {
                    self.by_auth_events(server, id).map_err(named)?;
                }
                if is_final {
                    held = held.saturating_add(1);
                    self.by_state(server, room, id).map_err(named)?;
                }
            }
            if is_final {
                follows(room, node, id).map_err(|what| named((Check::States, what)))?;
                looked_at.all.insert(node);
            }
        }
        self.current(room).map_err(named)?;
        Ok(held)
    }

    /// An event in the state that its `auth_events` make.
    fn by_auth_events(&self, server: &Server, id: &EventId) -> Result<(), Flaw> {
        let Some(event) = self.fact(server, id) else {
            return Ok(());
        };
        if event.event_type == CREATE && !self.is_create(id) {
            return Err((Check::Create, format!("{id} is another create event")));
        }
        let cited: Vec<Rc<Fact>> = event
            .auth_events
            .iter()
            .filter_map(|id| self.fact(server, id))
            .collect();
        let at = |event_type: &str, key: &str| {
            let mut cited = cited.iter();
            let is_it = |fact: &&Rc<Fact>| {
                fact.event_type == event_type && fact.state_key.as_deref() == Some(key)
            };
            cited.find(is_it).cloned()
        };
        self.lawful(&event, at)
            .map_err(|(check, what)| (check, format!("{id} by its auth events: {what}")))
    }

    /// An event in the state before it.
    fn by_state(&self, server: &Server, room: &Room, id: &EventId) -> Result<(), Flaw> {
        let (Some(event), Some(state)) = (self.fact(server, id), room.state_before(id)) else {
            return Ok(());
        };
        let at = |event_type: &str, key: &str| self.fact(server, state.get(event_type, key)?.id);
        self.lawful(&event, at)
            .map_err(|(check, what)| (check, format!("{id} by the state before it: {what}")))
    }

    fn lawful(
        &self,
        event: &Fact,
        at: impl Fn(&str, &str) -> Option<Rc<Fact>>,
    ) -> Result<(), Flaw> {
        let membership = |user: &str| {
            let member = at(MEMBER, user);
            let membership = member.as_ref().and_then(|member| member.membership());
            membership.unwrap_or("leave").to_owned()
        };
        let create = self.order.first().and_then(|(id, ..)| self.facts.get(id));
        let before = Before {
            creators: create
                .map(|create| create.creators(&self.rules))
                .unwrap_or_default(),
            levels: at(POWER_LEVELS, "").map(|levels| levels.content.clone()),
            sender: membership(event.sender.as_str()),
            target: membership(event.state_key.as_deref().unwrap_or_default()),
        };
        broken(event, &before, &self.rules).map_or(Ok(()), Err)
    }

    /// What an event says in the form in which a server has it.
    fn fact(&self, server: &Server, id: &EventId) -> Option<Rc<Fact>> {
        let kept = server.kept.get(id)?;
        if self.made.get(id) == Some(kept) {
            return self.facts.get(id).cloned();
        }
        Fact::parse(kept).map(Rc::new)
    }

    fn is_create(&self, id: &EventId) -> bool {
        self.order.first().is_some_and(|(create, ..)| create == id)
    }

    /// The current state: made of accepted events, with the create event, and with everything that
    /// the states after the forward extremities have in common.
    fn current(&self, room: &Room) -> Result<(), Flaw> {
        let states = |what: String| (Check::States, what);
        let extremities = room.extremities();
        if extremities.is_empty() {
            return Ok(());
        }
        let state = room
            .current_state()
            .map_err(|error| states(error.to_string()))?;
        if !state
            .get(CREATE, "")
            .is_some_and(|create| self.is_create(create.id))
        {
            return Err((
                Check::Create,
                "the create event is not in the current state".into(),
            ));
        }
        let dag = room.dag();
        let mut entries = state.map().iter();
        if let Some((_, node)) = entries.find(|(_, node)| dag.is_rejected(*node)) {
            let id = dag.id(node).map(ToString::to_string).unwrap_or_default();
            return Err(states(format!(
                "{id} is rejected, and in the current state"
            )));
        }
        let after = extremities.iter().map(|id| room.state_after(id));
        let after: Option<Vec<RoomState<'_>>> = after.collect();
        let after: Vec<&StateMap> = after.iter().flatten().map(RoomState::map).collect();
        if after.len() == extremities.len() && !keeps_the_undisputed(&after, state.map()) {
            return Err(states(
                "the current state lacks what nobody disputes".into(),
            ));
        }
        Ok(())
    }
}

/// Whether the states before and after an event follow from those after the events before it.
fn follows(room: &Room, node: NodeIndex, id: &EventId) -> Result<(), String> {
    let dag = room.dag();
    let (Some(before), Some(after)) = (room.state_before(id), room.state_after(id)) else {
        return Ok(());
    };
    let is_rejected = room.standing(id) == Some(Standing::Rejected);
    let own = dag.key(node).filter(|_| !is_rejected);
    let is_own = |(key, _, is): (_, _, Option<NodeIndex>)| Some(key) == own && is == Some(node);
    let has_own = own.is_none_or(|key| after.map().get(key) == Some(node));
    if !has_own || !before.map().diff(after.map()).all(is_own) {
        return Err(format!(
            "the state after {id} is not that before it and the event"
        ));
    }
    let prev = dag
        .prev_events(node)
        .map(|prev| room.state_after(dag.id(prev)?));
    let Some(prev) = prev.collect::<Option<Vec<RoomState<'_>>>>() else {
        return Ok(());
    };
    let prev: Vec<&StateMap> = prev.iter().map(RoomState::map).collect();
    let is_so = match prev.as_slice() {
        [] => before.is_empty(),
        [one] => one.diff(before.map()).next().is_none(),
        several => keeps_the_undisputed(several, before.map()),
    };
    if is_so {
        return Ok(());
    }
    Err(format!(
        "the state before {id} is not what the events before it make"
    ))
}

/// Whether a state has every entry that several states have in common.
fn keeps_the_undisputed(states: &[&StateMap], resolved: &StateMap) -> bool {
    let Some((first, others)) = states.split_first() else {
        return true;
    };
    first.iter().all(|(key, event)| {
        let is_disputed = others.iter().any(|state| state.get(key) != Some(event));
        is_disputed || resolved.get(key) == Some(event)
    })
}

#[cfg(test)]
mod tests {
    use petgraph::graph::NodeIndex;

    use super::keeps_the_undisputed;
    use crate::state::{StateKeys, StateMap};

    #[test]
    fn a_state_that_lost_what_nobody_disputes_is_found() {
        let mut keys = StateKeys::new();
        let (ban, topic) = (
            keys.intern("m.room.member", "@c:x"),
            keys.intern("m.room.topic", ""),
        );
        let state = |entries: &[(_, u32)]| {
            let mut state = StateMap::new();
            for (key, event) in entries {
                state.insert(*key, NodeIndex::from(*event));
            }
            state
        };
        let (one, two) = (
            state(&[(ban, 1), (topic, 2)]),
            state(&[(ban, 1), (topic, 3)]),
        );
        let both = [&one, &two];
        assert!(keeps_the_undisputed(&both, &state(&[(ban, 1), (topic, 2)])));
        assert!(!keeps_the_undisputed(
            &both,
            &state(&[(ban, 4), (topic, 2)])
        ));
        assert!(!keeps_the_undisputed(&both, &state(&[(topic, 2)])));
    }
}
