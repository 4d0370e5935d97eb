//! Rows, held against each other and against the room, and given their places in it.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use crate::dag::{InsertError, RoomDag};
use crate::event::Event;
use crate::id::{EventId, IdError, UserId};
use crate::json::base64;
use crate::room::Room;
use crate::room::checkpoint::error::{Needs, RestoreError, Row};
use crate::room::checkpoint::rows::{Entry, EventRow, Key, StateRow, StatedRoomId, Tense};
use crate::room::checkpoint::verdict::VerdictRow;
use crate::state::{KeyIx, StateMap};
use crate::timeline::{Judged, Quality, StateIx, States, Status};

/// Rows that have been found to fit.
pub(super) struct Staged {
    dag: RoomDag,
    events: Vec<StagedEvent>,
    states: BTreeMap<StateIx, StagedState>,
}

struct StagedEvent {
    node: NodeIndex,
    number: u32,
    tense: Tense,
    hash: Option<[u8; 32]>,
    claimed: Option<StateIx>,
    judged: Judged,
}

struct StagedState {
    map: StateMap,
    quality: Quality,
    parent: Option<StateIx>,
}

impl Room {
    /// Reads rows of events and states that are not here, and looks whether they fit. What they
    /// cite is there, or is not needed.
    ///
    /// O(V + E) for a copy of the graph that is here, and linear in the rows.
    pub(super) fn stage(
        &self,
        mut events: Vec<EventRow>,
        mut states: Vec<StateRow>,
    ) -> Result<Staged, RestoreError> {
        events.sort_unstable_by_key(|row| row.number);
        states.sort_unstable_by_key(|row| row.state);
        let mut staged = Staged {
            dag: self.timeline.dag.clone(),
            events: Vec::with_capacity(events.len()),
            states: BTreeMap::new(),
        };
        let mut numbers: BTreeSet<u32> = self.saved.numbers().collect();
        for row in events {
            let event = self.stage_event(row, &mut numbers, &mut staged.dag)?;
            staged.events.push(event);
        }
        for row in states {
            let number = self.stated(row.state, &Row::State(row.state))?;
            let state = self.stage_state(row, &staged)?;
            staged.states.insert(number, state);
        }
        Ok(staged)
    }

    /// Gives rows their places.
    pub(super) fn commit(&mut self, staged: Staged) {
        let Staged {
            dag,
            events,
            states,
        } = staged;
        self.timeline.dag = dag;
        for event in events {
            let node = event.node;
            self.saved.load(node, event.number);
            self.index_event(node);
            match event.tense {
                Tense::Present => {}
                Tense::Past => {
                    self.past.insert(node);
                }
                Tense::Aside => {
                    self.aside.insert(node);
                }
            }
            self.hashes.extend(event.hash.map(|hash| (node, hash)));
            let claimed = event.claimed.map(|claimed| (node, claimed));
            self.timeline.claims.extend(claimed);
            let is_rejected = event.judged.verdict.status() == Status::Rejected;
            self.timeline.dag.set_rejected(node, is_rejected);
            self.timeline.records.set(node, event.judged);
        }
        for (number, state) in states {
            let StagedState {
                map,
                quality,
                parent,
            } = state;
            self.timeline.states.load(number, map, quality, parent);
        }
        self.saved.close_ranks(&mut self.timeline.states);
    }

    fn stage_event(
        &self,
        row: EventRow,
        numbers: &mut BTreeSet<u32>,
        dag: &mut RoomDag,
    ) -> Result<StagedEvent, RestoreError> {
        let id = event_id(&row.event)?;
        let name = || Row::Event(id.clone());
        if row.number >= self.saved.events() {
            return Err(RestoreError::BeyondHead { row: name() });
        }
        if !numbers.insert(row.number) {
            return Err(RestoreError::Duplicate { row: name() });
        }
        let field = |field| RestoreError::Field {
            event: id.clone(),
            field,
        };
        let overlong = row.overlong.as_deref().map(identifier_field);
        let overlong = overlong.map(|known| known.ok_or_else(|| field("overlong")));
        let overlong = overlong.transpose()?;
        let hash = row.reference_hash.as_deref().map(base64::decode_array);
        let hash = hash.transpose().map_err(|_| field("reference_hash"))?;
        if hash.is_some() != self.chooses_ids() {
            return Err(field("reference_hash"));
        }
        let stated = |number: Option<u32>| number.map(|n| self.stated(n, &name())).transpose();
        let judged = Judged {
            verdict: VerdictRow::into_verdict(row.verdict, overlong, &self.timeline.rules),
            before: stated(row.before)?,
            after: stated(row.after)?,
        };
        let claimed = stated(row.claimed)?;
        let event = Event {
            id: id.clone(),
            room_id: self.id.clone(),
            event_type: row.event_type.into(),
            state_key: row.state_key.map(Into::into),
            sender: user_id(&row.sender)?,
            origin_server_ts: row.origin_server_ts,
            depth: row.depth,
            prev_events: event_ids(&row.prev_events)?,
            auth_events: event_ids(&row.auth_events)?,
            content: row.content,
            redacts: row.redacts.as_deref().map(event_id).transpose()?,
            states_room_id: row.room_id == StatedRoomId::Stated,
            authoriser_signature: row.authoriser_signature,
            overlong,
            provenance: row.provenance,
        };
        let node = dag.insert(event).map_err(|error| match error {
            InsertError::Cycle { id } => RestoreError::Cycle { event: id },
            InsertError::Known { .. } => RestoreError::Duplicate { row: name() },
            InsertError::Full => RestoreError::Full,
        })?;
        Ok(StagedEvent {
            node,
            number: row.number,
            tense: row.tense,
            hash,
            claimed,
            judged,
        })
    }

    fn stage_state(&self, row: StateRow, staged: &Staged) -> Result<StagedState, RestoreError> {
        let state = row.state;
        if state <= States::EMPTY.number() || staged.has_state(state) {
            return Err(RestoreError::Duplicate {
                row: Row::State(state),
            });
        }
        let from = match row.parent.filter(|parent| *parent < state) {
            Some(parent) => {
                let parent = self.stated(parent, &Row::State(state))?;
                let map = staged.states.get(&parent).map(|state| &state.map);
                let map = map.or_else(|| self.timeline.states.get(parent));
                let missing = || {
                    RestoreError::Missing(Needs {
                        states: vec![parent.number()],
                        ..Needs::default()
                    })
                };
                Some((parent, map.cloned().ok_or_else(missing)?))
            }
            None => None,
        };
        let (parent, mut map) = match (from, row.parent) {
            (Some((parent, map)), _) => (Some(parent), map),
            (None, None) => (None, StateMap::new()),
            (None, Some(parent)) => return Err(RestoreError::Parent { state, parent }),
        };
        let mut entries = Vec::with_capacity(row.set.len());
        for entry in row.set {
            let Entry {
                event_type,
                state_key,
                event,
            } = entry;
            let id = event_id(&event)?;
            let node = staged.dag.node(&id);
            let Some(node) = node.filter(|node| staged.dag.is_known(*node)) else {
                return Err(RestoreError::Missing(Needs {
                    events: vec![id],
                    ..Needs::default()
                }));
            };
            let key = staged.dag.keys().lookup(&event_type, &state_key);
            let Some(key) = key.filter(|key| staged.dag.key(node) == Some(*key)) else {
                return Err(RestoreError::Entry {
                    state,
                    event_type,
                    state_key,
                });
            };
            entries.push((key, node));
        }
        if parent.is_none() {
            map = entries.into_iter().collect();
        } else {
            map.extend(entries);
        }
        for key in row.removed {
            let removed = staged.key(&key).and_then(|key| map.remove(key));
            if removed.is_none() {
                let Key {
                    event_type,
                    state_key,
                } = key;
                return Err(RestoreError::Entry {
                    state,
                    event_type,
                    state_key,
                });
            }
        }
        Ok(StagedState {
            map,
            quality: row.quality,
            parent,
        })
    }

    /// The state of a number that a row names.
    pub(super) fn stated(&self, number: u32, row: &Row) -> Result<StateIx, RestoreError> {
        let state = StateIx::new(number);
        let known = state.filter(|state| self.timeline.states.is_numbered(*state));
        known.ok_or_else(|| match row {
            Row::State(state) if *state == number => RestoreError::BeyondHead { row: row.clone() },
            _ => RestoreError::UnknownState {
                row: row.clone(),
                state: number,
            },
        })
    }
}

impl Staged {
    fn has_state(&self, state: u32) -> bool {
        StateIx::new(state).is_some_and(|state| self.states.contains_key(&state))
    }

    fn key(&self, key: &Key) -> Option<KeyIx> {
        self.dag.keys().lookup(&key.event_type, &key.state_key)
    }
}

/// The name of an identifier field.
fn identifier_field(name: &str) -> Option<&'static str> {
    let names = ["event_id", "room_id", "sender", "state_key", "type"];
    names.into_iter().find(|known| *known == name)
}

pub(super) fn event_id(text: &str) -> Result<EventId, RestoreError> {
    long(text, EventId::parse(text), EventId::from_trusted)
}

fn event_ids(texts: &[String]) -> Result<Vec<EventId>, RestoreError> {
    texts.iter().map(|text| event_id(text)).collect()
}

fn user_id(text: &str) -> Result<UserId, RestoreError> {
    long(text, UserId::parse(text), UserId::from_trusted)
}

/// An identifier that may be too long: events that were rejected for that are kept.
fn long<T>(
    text: &str,
    parsed: Result<T, IdError>,
    from_trusted: impl FnOnce(String) -> T,
) -> Result<T, RestoreError> {
    match parsed {
        Ok(id) => Ok(id),
        Err(IdError::TooLong { .. }) => Ok(from_trusted(text.to_owned())),
        Err(source) => Err(RestoreError::Id {
            text: text.to_owned(),
            source,
        }),
    }
}
