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
            let state = room.state_before(id);
            let worked_out = state.filter(|state| state.quality() == Quality::Computed);
            let standing = room.standing(id);
            if standing.is_some_and(|standing| standing != Standing::Rejected) {
                if looked_at.cited.insert(node) {
                    self.by_auth_events(server, id).map_err(named)?;
                }
                if let Some(state) = &worked_out {
                    self.by_state(server, state, id).map_err(named)?;
                    held = held.saturating_add(1);
                }
            }
            if let Some(before) = &worked_out {
                let so = follows(room, before, node, id);
                so.map_err(|what| named((Check::States, what)))?;
                looked_at.all.insert(node);
            }
        }
        self.current(room).map_err(named)?;
        Ok(held)
    }

    /// An event in the state that its `auth_events` make.
    fn by_auth_events(&self, server: &Server, id: &EventId) -> Result<(), Flaw> {
        let event = self.fact(server, id)?;
        if event.event_type == CREATE && !self.is_create(id) {
            return Err((Check::Create, format!("{id} is another create event")));
        }
        let cited = event.auth_events.iter();
        let cited: Result<Vec<Rc<Fact>>, Flaw> = cited.map(|id| self.fact(server, id)).collect();
        let cited = cited?;
        let at = |event_type: &str, key: &str| {
            let mut cited = cited.iter();
            let is_it = |fact: &&Rc<Fact>| {
                fact.event_type == event_type && fact.state_key.as_deref() == Some(key)
            };
            Ok(cited.find(is_it).cloned())
        };
        self.lawful(&event, at)
            .map_err(|(check, what)| (check, format!("{id} by its auth events: {what}")))
    }

    /// An event in the state before it.
    fn by_state(&self, server: &Server, state: &RoomState<'_>, id: &EventId) -> Result<(), Flaw> {
        let event = self.fact(server, id)?;
        let at = |event_type: &str, key: &str| {
            let entry = state.get(event_type, key);
            entry.map(|entry| self.fact(server, entry.id)).transpose()
        };
        self.lawful(&event, at)
            .map_err(|(check, what)| (check, format!("{id} by the state before it: {what}")))
    }

    fn lawful(
        &self,
        event: &Fact,
        at: impl Fn(&str, &str) -> Result<Option<Rc<Fact>>, Flaw>,
    ) -> Result<(), Flaw> {
        let membership = |user: &str| {
            let member = at(MEMBER, user)?;
            let membership = member.as_ref().and_then(|member| member.membership());
            Ok(membership.unwrap_or("leave").to_owned())
        };
        let create = self.order.first().and_then(|(id, ..)| self.facts.get(id));
        let before = Before {
            creators: create
                .map(|create| create.creators(&self.rules))
                .unwrap_or_default(),
            levels: at(POWER_LEVELS, "")?.map(|levels| levels.content.clone()),
            sender: membership(event.sender.as_str())?,
            target: membership(event.state_key.as_deref().unwrap_or_default())?,
        };
        broken(event, &before, &self.rules).map_or(Ok(()), Err)
    }

    /// What an event of which a room makes use says, in the form in which its server has it.
    fn fact(&self, server: &Server, id: &EventId) -> Result<Rc<Fact>, Flaw> {
        let promise = |what: &str| (Check::Promise, format!("{what} {id}"));
        let kept = server.kept.get(id);
        let kept = kept.ok_or_else(|| promise("it was never told to keep"))?;
        let fact = match self.facts.get(id) {
            Some(fact) if self.made.get(id) == Some(kept) => Some(Rc::clone(fact)),
            _ => Fact::parse(kept).map(Rc::new),
        };
        fact.ok_or_else(|| promise("it was told to keep what is no event as"))
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
        let after =
            after.ok_or_else(|| states("the state after an extremity is not known".into()))?;
        let after: Vec<&StateMap> = after.iter().map(RoomState::map).collect();
        if !keeps_the_undisputed(&after, state.map()) {
            return Err(states(
                "the current state lacks what nobody disputes".into(),
            ));
        }
        Ok(())
    }
}

/// Whether the states before and after an event follow from those after the events before it.
fn follows(
    room: &Room,
    before: &RoomState<'_>,
    node: NodeIndex,
    id: &EventId,
) -> Result<(), String> {
    let dag = room.dag();
    let after = room.state_after(id);
    let after = after.ok_or_else(|| format!("the state after {id} is not known"))?;
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
    let prev = prev.collect::<Option<Vec<RoomState<'_>>>>();
    let prev = prev.ok_or_else(|| format!("the state before {id} comes from nowhere"))?;
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
    use std::rc::Rc;

    use petgraph::graph::NodeIndex;

    use super::{LookedAt, keeps_the_undisputed};
    use crate::id::{EventId, UserId};
    use crate::json::{Mode, Object};
    use crate::pdu::{CREATE, MEMBER, POWER_LEVELS};
    use crate::room::{Room, Standing};
    use crate::state::{StateKeys, StateMap};
    use crate::testing::network::laws::Fact;
    use crate::testing::network::{Check, Conditions, Plant, Simulation, Story};
    use crate::version::V11;

    /// A fault is put where this check is to find it; the check that does.
    fn found(check: Check) -> Check {
        match check {
            Check::Agreement => planted(Plant::Resolution),
            Check::Panic => planted(Plant::Panic),
            Check::Promise => planted(Plant::Notices),
            Check::Restore => planted(Plant::Disk),
            Check::Bans => with_a_ban(),
            Check::Create => with_a_last_event(|fact| fact.event_type = CREATE.to_owned()),
            Check::Grants => with_a_last_event(|fact| {
                fact.event_type = POWER_LEVELS.to_owned();
                fact.state_key = Some(String::new());
                fact.content = object(r#"{"users":{"@one:a.example":1000}}"#);
            }),
            Check::Levels => with_a_last_event(|fact| {
                fact.sender = UserId::from_trusted("@nobody:a.example");
            }),
            Check::States => with_a_state_that_lacks_its_event(),
        }
    }

    /// How the first story goes wrong that does, with a fault planted.
    fn planted(plant: Plant) -> Check {
        let conditions = Conditions {
            plant: Some(plant),
            crashes: Some(10),
            ..Conditions::default()
        };
        let mut stories = (0..200).map(|seed| Story::new(seed, &V11).under(conditions));
        let wrong = stories.find_map(|story| story.tell().err());
        wrong.expect("no story goes wrong").check
    }

    /// A room of which nothing was wrong.
    fn told(seed: u64) -> Box<Simulation> {
        let conditions = Conditions {
            servers: Some(2),
            hostile: Some(0),
            loss: Some(0),
            ..Conditions::default()
        };
        let (simulation, told) = Simulation::run(&Story::new(seed, &V11).under(conditions), None);
        told.unwrap();
        simulation
    }

    fn object(json: &str) -> Object {
        Object::parse(json.as_bytes(), Mode::Lenient).unwrap()
    }

    /// Makes an event say something else.
    fn doctor(simulation: &mut Simulation, id: &EventId, doctored: impl FnOnce(&mut Fact)) {
        let mut fact = Fact::clone(&simulation.facts[id]);
        doctored(&mut fact);
        simulation.facts.insert(id.clone(), Rc::new(fact));
    }

    /// What is found when the first server looks at an event again.
    fn again(simulation: &mut Simulation, id: &EventId) -> Check {
        let server = &mut simulation.servers[0];
        let node = server.room.as_ref().unwrap().dag().node(id).unwrap();
        server.looked_at.cited.remove(&node);
        server.looked_at.all.remove(&node);
        simulation.hold_to_the_laws().unwrap_err().0
    }

    fn with_a_last_event(doctored: impl FnOnce(&mut Fact)) -> Check {
        let mut simulation = told(1);
        let mut of_founder = simulation.order.iter().rev().filter(|(_, by, _)| *by == 0);
        let last = of_founder.next().unwrap().0.clone();
        doctor(&mut simulation, &last, doctored);
        again(&mut simulation, &last)
    }

    /// Somebody joins who had been in the room before, and had better been banned.
    fn with_a_ban() -> Check {
        let returned = |simulation: Box<Simulation>| {
            let room = simulation.servers[0].room.as_ref()?;
            let found = simulation.order.iter().find_map(|(id, ..)| {
                let fact = &simulation.facts[id];
                let is_join = fact.membership() == Some("join");
                let is_accepted = room.standing(id) == Some(Standing::Accepted);
                let state = room.state_before(id).filter(|_| is_join && is_accepted)?;
                let was = state.get(MEMBER, fact.state_key.as_deref()?)?;
                Some((id.clone(), was.id.clone()))
            });
            Some((simulation, found?))
        };
        let (mut simulation, (join, was)) = (0..50).map(told).find_map(returned).unwrap();
        doctor(&mut simulation, &was, |fact| {
            fact.content = object(r#"{"membership":"ban"}"#);
        });
        again(&mut simulation, &join)
    }

    /// A room comes back from a disk on which somebody has taken an entry out of a state.
    fn with_a_state_that_lacks_its_event() -> Check {
        let mut simulation = told(1);
        let room_id = simulation.room_id.clone();
        let server = &mut simulation.servers[0];
        let mut checkpoint = server.room.as_mut().unwrap().checkpoint();
        let mut states = checkpoint.rows.states.iter_mut();
        let row = states.rfind(|row| row.parent.is_some() && !row.set.is_empty());
        let row = row.unwrap();
        row.set.clear();
        row.seal(&room_id);
        server.room = Some(Room::restore(checkpoint, &server.setup).unwrap());
        server.looked_at = LookedAt::default();
        simulation.hold_to_the_laws().unwrap_err().0
    }

    #[test]
    fn every_check_finds_the_fault_that_is_put_before_it() {
        for check in [
            Check::Panic,
            Check::Promise,
            Check::Restore,
            Check::Create,
            Check::Levels,
            Check::Grants,
            Check::Bans,
            Check::States,
            Check::Agreement,
        ] {
            assert_eq!(found(check), check);
        }
    }

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
