//! State resolution as the specification defines it, written out over plain sets.
//!
//! Quadratic and obvious on purpose: every function is one definition, and nothing is shared with
//! the engine but the rules and the types. Properties hold the two equal.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use sha1::{Digest, Sha1};

use crate::auth::{self, AuthEvent, StateView};
use crate::event::{Event, EventRef};
use crate::id::EventId;
use crate::pdu::content::{Content, Membership};
use crate::pdu::{CREATE, JOIN_RULES, MEMBER, POWER_LEVELS};
use crate::resolve::{AuthDifference, Options, Position, SenderPower};
use crate::version::{
    ConflictedSubgraph, CreateReference, FirstPass, RoomVersionRules, StateResolution,
};

/// A room state: type and state key to event id.
pub type State = BTreeMap<(String, String), EventId>;

type Events = BTreeSet<EventId>;

/// A room: its events by id, and its rules.
#[derive(Debug)]
pub struct Oracle<'a> {
    /// All events that can be cited.
    pub events: &'a BTreeMap<EventId, Event>,
    /// The room version.
    pub rules: &'a RoomVersionRules,
    /// The algorithm and its readings. Rejected and missing events do not occur here.
    pub options: Options,
}

/// What the oracle found on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The resolved state.
    pub state: State,
    /// The conflicted state set.
    pub conflicted: Events,
    /// The auth difference.
    pub auth_difference: Events,
    /// The conflicted state subgraph, where the algorithm has it.
    pub subgraph: Events,
    /// The power events in order.
    pub power_order: Vec<EventId>,
    /// The mainline by which the rest is ordered, newest first.
    pub mainline: Vec<EventId>,
    /// The rest in order, with mainline positions.
    pub mainline_order: Vec<(EventId, Position)>,
    /// The iterative auth checks in order, and whether each admits its event. Not of algorithm 1.
    pub checks: Vec<(EventId, bool)>,
}

/// What a room makes of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Whether it is part of the room.
    pub accepted: bool,
    /// The state before it.
    pub before: State,
    /// The state after it.
    pub after: State,
}

impl Oracle<'_> {
    /// The verdict on every event and the states around it: receipt checks 4 and 5, and S(E).
    #[must_use]
    pub fn replay(&self) -> BTreeMap<EventId, Judged> {
        let mut judged: BTreeMap<EventId, Judged> = BTreeMap::new();
        loop {
            let next = self.events.values().find(|event| {
                let mut cited = event.prev_events().iter().chain(event.auth_events());
                !judged.contains_key(event.id()) && cited.all(|id| judged.contains_key(id))
            });
            let Some(event) = next else { return judged };
            let verdict = self.judge(event, &judged);
            judged.insert(event.id().clone(), verdict);
        }
    }

    fn judge(&self, event: &Event, judged: &BTreeMap<EventId, Judged>) -> Judged {
        let after = |id| judged.get(id).map(|judged| judged.after.clone());
        let prev: BTreeSet<&EventId> = event.prev_events().iter().collect();
        let states: Vec<State> = prev.into_iter().filter_map(after).collect();
        let before = if states.is_empty() {
            State::new()
        } else {
            self.resolve(&states).state
        };
        let cited = |event: EventRef<'_>| {
            let event = self.events.get(event.id)?;
            let rejected = judged.get(event.id()).is_none_or(|judged| !judged.accepted);
            Some(AuthEvent {
                event: event.as_ref(),
                rejected,
            })
        };
        let auth_events: Vec<AuthEvent<'_>> = event
            .auth_events()
            .iter()
            .filter_map(|id| cited(self.events.get(id)?.as_ref()))
            .collect();
        let parts = event.as_ref();
        let create = self.create_of(&parts).and_then(cited);
        let mut view = before.clone();
        if let Some(create) = create {
            let implied = self.rules.auth.create_reference == CreateReference::Forbidden;
            let key = (CREATE.to_owned(), String::new());
            if implied {
                view.entry(key).or_insert_with(|| create.event.id.clone());
            }
        }
        let view = View {
            events: self.events,
            state: &view,
        };
        let accepted = auth::check_by_auth_events(&parts, &auth_events, create, self.rules)
            .is_allowed()
            && auth::check(&parts, &view, self.rules).is_allowed();
        let mut after = before.clone();
        if let (true, Some(state_key)) = (accepted, parts.state_key) {
            after.insert(
                (parts.event_type.into(), state_key.into()),
                event.id().clone(),
            );
        }
        Judged {
            accepted,
            before,
            after,
        }
    }

    /// The resolution of any number of states.
    #[must_use]
    pub fn resolve(&self, states: &[State]) -> Found {
        match self.options.algorithm {
            StateResolution::V1 => self.v1(states),
            StateResolution::V2 {
                first_pass,
                subgraph,
            } => self.v2(states, first_pass, subgraph),
        }
    }

    fn v2(&self, states: &[State], first: FirstPass, subgraph: ConflictedSubgraph) -> Found {
        let keys: BTreeSet<_> = states.iter().flat_map(State::keys).cloned().collect();
        let values = |key| {
            states
                .iter()
                .map(|state| state.get(key))
                .collect::<BTreeSet<_>>()
        };
        let unconflicted: State = keys
            .iter()
            .filter(|key| values(key).len() == 1)
            .filter_map(|key| Some((key.clone(), states.first()?.get(key)?.clone())))
            .collect();
        let mut found = Found::default();
        for key in keys.iter().filter(|key| values(key).len() > 1) {
            found
                .conflicted
                .extend(values(key).into_iter().flatten().cloned());
        }
        if found.conflicted.is_empty() {
            found.state = unconflicted;
            return found;
        }
        found.auth_difference = self.auth_difference(states);
        if subgraph == ConflictedSubgraph::Included {
            found.subgraph = self.subgraph(&found.conflicted);
        }
        let full: Events = [&found.conflicted, &found.auth_difference, &found.subgraph]
            .into_iter()
            .flatten()
            .cloned()
            .collect();

        let power: Events = full
            .iter()
            .filter(|e| self.is_power_event(e))
            .cloned()
            .collect();
        let power = self.with_auth_chains_within(&power, &full);
        found.power_order = self.power_order(&power);
        let start = if first == FirstPass::Unconflicted {
            unconflicted.clone()
        } else {
            State::new()
        };
        let partial = self.iterative(start, &found.power_order, &mut found.checks);
        let levels = partial.get(&(POWER_LEVELS.into(), String::new()));
        found.mainline = self.mainline(levels);
        found.mainline_order = self.mainline_order(full.difference(&power), &found.mainline);
        let rest: Vec<_> = found
            .mainline_order
            .iter()
            .map(|(id, _)| id.clone())
            .collect();
        found.state = self.iterative(partial, &rest, &mut found.checks);
        found.state.extend(unconflicted);
        found
    }

    /// Everything that `ids` cite, directly or not.
    fn auth_chain<'b>(&self, ids: impl IntoIterator<Item = &'b EventId>) -> Events {
        let mut chain = Events::new();
        let mut todo: Vec<EventId> = ids.into_iter().flat_map(|id| self.cited(id)).collect();
        while let Some(id) = todo.pop() {
            todo.extend(
                self.cited(&id)
                    .into_iter()
                    .filter(|cited| !chain.contains(cited)),
            );
            chain.insert(id);
        }
        chain
    }

    fn cited(&self, id: &EventId) -> Vec<EventId> {
        self.events
            .get(id)
            .map(|event| event.auth_events().to_vec())
            .unwrap_or_default()
    }

    fn auth_difference(&self, states: &[State]) -> Events {
        let chain = |state: &State| {
            let mut chain = self.auth_chain(state.values());
            if self.options.auth_difference == AuthDifference::Inclusive {
                chain.extend(state.values().cloned());
            }
            chain
        };
        let chains: Vec<Events> = states.iter().map(chain).collect();
        let union: Events = chains.iter().flatten().cloned().collect();
        union
            .into_iter()
            .filter(|e| !chains.iter().all(|chain| chain.contains(e)))
            .collect()
    }

    fn subgraph(&self, conflicted: &Events) -> Events {
        let below = self.auth_chain(conflicted);
        let between = below.into_iter().filter(|e| {
            self.auth_chain([e])
                .iter()
                .any(|cited| conflicted.contains(cited))
        });
        between.chain(conflicted.iter().cloned()).collect()
    }

    fn is_power_event(&self, id: &EventId) -> bool {
        let Some(event) = self.events.get(id).map(Event::as_ref) else {
            return false;
        };
        match (event.event_type, event.state_key, event.content) {
            (POWER_LEVELS | JOIN_RULES, Some(""), _) => true,
            (MEMBER, Some(target), Content::Member(member)) => {
                event.sender.as_str() != target
                    && matches!(member.membership, Some(Membership::Leave | Membership::Ban))
            }
            _ => false,
        }
    }

    /// `events` and what they cite, directly or through others, as long as it is within `full`.
    fn with_auth_chains_within(&self, events: &Events, full: &Events) -> Events {
        let cited: Events = events.iter().flat_map(|e| self.cited(e)).collect();
        let more: Events = cited
            .into_iter()
            .filter(|e| full.contains(e))
            .chain(events.iter().cloned())
            .collect();
        if more.len() == events.len() {
            more
        } else {
            self.with_auth_chains_within(&more, full)
        }
    }

    fn levels_cited_by(&self, id: &EventId) -> Option<EventId> {
        self.cited(id).into_iter().find(|cited| {
            let event = self.events.get(cited).map(Event::as_ref);
            event.is_some_and(|e| e.event_type == POWER_LEVELS && e.state_key == Some(""))
        })
    }

    fn power_order(&self, events: &Events) -> Vec<EventId> {
        let key = |id: &EventId| {
            let event = self.events.get(id).map(Event::as_ref)?;
            let levels = self.levels_cited_by(id);
            let levels = levels
                .as_ref()
                .and_then(|id| self.events.get(id))
                .map(Event::as_ref);
            let power = auth::power(
                event.sender.as_str(),
                levels,
                self.create_of(&event),
                self.rules,
            );
            Some((
                Reverse(SenderPower::from(power)),
                event.origin_server_ts,
                id.clone(),
            ))
        };
        let mut order: Vec<EventId> = Vec::new();
        loop {
            let left = events.iter().filter(|e| !order.contains(e));
            let ready = left.filter(|e| {
                self.cited(e)
                    .iter()
                    .all(|cited| !events.contains(cited) || order.contains(cited))
            });
            match ready.min_by_key(|e| key(e)) {
                Some(next) => order.push(next.clone()),
                None => return order,
            }
        }
    }

    fn create_of<'e>(&'e self, event: &EventRef<'_>) -> Option<EventRef<'e>> {
        let implied = format!("${}", event.room_id.as_str().get(1..)?);
        let cited = match self.rules.auth.create_reference {
            CreateReference::Required => self.cited(event.id),
            CreateReference::Forbidden => vec![EventId::from_trusted(implied)],
        };
        cited
            .iter()
            .filter_map(|id| self.events.get(id))
            .map(Event::as_ref)
            .find(|event| event.event_type == CREATE && event.state_key == Some(""))
    }

    fn mainline(&self, levels: Option<&EventId>) -> Vec<EventId> {
        std::iter::successors(levels.cloned(), |id| self.levels_cited_by(id)).collect()
    }

    fn mainline_order<'b>(
        &self,
        events: impl Iterator<Item = &'b EventId>,
        mainline: &[EventId],
    ) -> Vec<(EventId, Position)> {
        let position = |id: &EventId| {
            let steps =
                std::iter::successors(self.levels_cited_by(id), |id| self.levels_cited_by(id))
                    .find_map(|id| mainline.iter().position(|on_mainline| *on_mainline == id));
            steps.map_or(Position::Infinite, |i| {
                Position::At(u32::try_from(i).unwrap_or(u32::MAX))
            })
        };
        let ts = |id: &EventId| {
            self.events
                .get(id)
                .map(|event| event.as_ref().origin_server_ts)
        };
        let mut order: Vec<_> = events.map(|id| (id.clone(), position(id))).collect();
        order.sort_by_key(|(id, position)| (Reverse(*position), ts(id), id.clone()));
        order
    }

    fn iterative(
        &self,
        mut state: State,
        events: &[EventId],
        checks: &mut Vec<(EventId, bool)>,
    ) -> State {
        for id in events {
            let Some(event) = self.events.get(id).map(Event::as_ref) else {
                continue;
            };
            let Some(state_key) = event.state_key else {
                continue;
            };
            // The state has the last word, then the event's own auth events, the first of a key.
            let mut view = State::new();
            for cited in self.cited(id).iter().rev().chain(state.values()) {
                let Some(cited) = self.events.get(cited).map(Event::as_ref) else {
                    continue;
                };
                let key = (
                    cited.event_type.into(),
                    cited.state_key.unwrap_or_default().into(),
                );
                view.insert(key, cited.id.clone());
            }
            if let Some(create) = self.create_of(&event) {
                view.insert((CREATE.into(), String::new()), create.id.clone());
            }
            let view = View {
                events: self.events,
                state: &view,
            };
            let admitted = auth::check(&event, &view, self.rules).is_allowed();
            if admitted {
                state.insert((event.event_type.into(), state_key.into()), id.clone());
            }
            checks.push((id.clone(), admitted));
        }
        state
    }

    fn v1(&self, states: &[State]) -> Found {
        let mut values: BTreeMap<(String, String), Events> = BTreeMap::new();
        for (key, id) in states.iter().flatten() {
            values.entry(key.clone()).or_default().insert(id.clone());
        }
        let mut resolved: State = values
            .iter()
            .filter(|(_, ids)| ids.len() == 1)
            .filter_map(|(key, ids)| Some((key.clone(), ids.first()?.clone())))
            .collect();
        let pass = |key: &(String, String)| match (key.0.as_str(), key.1.as_str()) {
            (POWER_LEVELS, "") => 0,
            (JOIN_RULES, _) => 1,
            (MEMBER, _) => 2,
            _ => 3,
        };
        let allowed = |id: &EventId, state: &State| {
            self.events.get(id).is_some_and(|event| {
                let view = View {
                    events: self.events,
                    state,
                };
                auth::check(&event.as_ref(), &view, self.rules).is_allowed()
            })
        };
        for current in 0..4 {
            let mut results = State::new();
            for (key, ids) in values
                .iter()
                .filter(|(k, ids)| pass(k) == current && ids.len() > 1)
            {
                let mut list: Vec<&EventId> = ids.iter().collect();
                list.sort_by_key(|id| {
                    let depth = self.events.get(*id).map(|event| event.as_ref().depth);
                    (depth, Reverse(<[u8; 20]>::from(Sha1::digest(id.as_str()))))
                });
                let Some(mut chosen) = list.first().copied() else {
                    continue;
                };
                if current == 3 {
                    let newest = list.iter().rev().find(|id| allowed(id, &resolved));
                    chosen = newest.copied().unwrap_or(chosen);
                } else {
                    for id in list.into_iter().skip(1) {
                        let mut state = resolved.clone();
                        state.insert(key.clone(), chosen.clone());
                        if !allowed(id, &state) {
                            break;
                        }
                        chosen = id;
                    }
                }
                results.insert(key.clone(), chosen.clone());
            }
            resolved.extend(results);
        }
        let conflicts = values.into_values().filter(|ids| ids.len() > 1);
        Found {
            state: resolved,
            conflicted: conflicts.flatten().collect(),
            ..Found::default()
        }
    }
}

/// A state over these events, for the rules to read.
pub(super) struct View<'a> {
    pub(super) events: &'a BTreeMap<EventId, Event>,
    pub(super) state: &'a State,
}

impl StateView for View<'_> {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        let id = self
            .state
            .get(&(event_type.to_owned(), state_key.to_owned()))?;
        self.events.get(id).map(Event::as_ref)
    }
}
