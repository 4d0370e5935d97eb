//! From a room to its rows.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;

use crate::id::EventId;
use crate::json::base64;
use crate::pdu::POLICY;
use crate::room::Room;
use crate::room::checkpoint::rows::{
    Entry, EventRow, FORMAT, Head, Key, StateRow, StatedRoomId, Tense, WaitingRow, WaitsFor,
};
use crate::room::checkpoint::seal::fingerprint;
use crate::room::checkpoint::verdict::VerdictRow;
use crate::room::checkpoint::{Changes, Checkpoint, Rows};
use crate::room::queue::{self, Arrival};
use crate::state::{KeyIx, StateMap};
use crate::timeline::{StateIx, States};

impl Room {
    /// Everything that a host has to keep so that the room can be [restored](Self::restore), rows
    /// in the order of their numbers. Of a room that was loaded in part, what is here of it.
    ///
    /// O(V · log V + E) and what the differences of the states amount to.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        let rows = Rows {
            events: self.event_rows(self.timeline.dag.events()),
            states: self.state_rows(States::EMPTY),
            waiting: self.waiting_rows(self.queue.entries()),
        };
        let head = self.head();
        Checkpoint { head, rows }
    }

    /// What has changed since the host last [kept](Self::persisted) everything.
    ///
    /// O(c · log n) for c rows that are new or have changed, the differences of new states, and
    /// what the head lists.
    #[must_use]
    pub fn changes(&self) -> Changes {
        let rows = Rows {
            events: self.event_rows(self.saved.unsaved()),
            states: self.state_rows(self.saved.state()),
            waiting: self.waiting_rows(self.queue.unsaved()),
        };
        Changes {
            head: self.head(),
            rows,
            settled: self.queue.gone().map(|Arrival(number)| number).collect(),
        }
    }

    /// Notes that the host has kept everything: call it once what [`changes`](Self::changes) or
    /// [`checkpoint`](Self::checkpoint) returned is committed, and nothing has happened since.
    pub fn persisted(&mut self) {
        self.saved.set_saved(self.timeline.states.last());
        self.queue.set_saved();
    }

    fn head(&self) -> Head {
        let timeline = &self.timeline;
        let create = timeline.create.clone();
        let (history, backward) = self
            .history
            .iter()
            .cloned()
            .partition(|id| self.is_known(id));
        let mut claims = self.ids(&timeline.claims.keys().copied().collect::<Vec<_>>());
        claims.sort_unstable();
        let mut head = Head {
            format: FORMAT,
            room_version: timeline.rules.id.to_owned(),
            fingerprint: self
                .saved
                .fingerprint(|| fingerprint(&timeline.rules, timeline.options)),
            room_id: self.id.clone(),
            create: create.unwrap_or_else(|| EventId::from_trusted("")),
            events: self.saved.events(),
            last_state: timeline.states.last().number(),
            waiting: u32::try_from(self.queue.len()).unwrap_or(u32::MAX),
            next_waiting: self.queue.next(),
            extremities: self.extremities(),
            current: self.current.map(StateIx::number),
            claims,
            history,
            backward,
            policy_redactions: self.policy_redactions(),
            credit: timeline.states.credit(),
            pending: self.saved.pending(),
            seal: String::new(),
        };
        head.seal(&self.id);
        head
    }

    /// The redactions of what could be in force as the policy server.
    fn policy_redactions(&self) -> Vec<EventId> {
        let dag = &self.timeline.dag;
        let Some(key) = dag.keys().lookup(POLICY, "") else {
            return Vec::new();
        };
        let states = self.extremities.states().into_iter().chain(self.current);
        let policies = states.filter_map(|state| self.timeline.states.get(state)?.get(key));
        let policies: BTreeSet<&EventId> = policies.filter_map(|policy| dag.id(policy)).collect();
        let redactions = policies
            .into_iter()
            .filter_map(|id| self.redactions.get(id))
            .flatten();
        let ids: BTreeSet<&EventId> = redactions.filter_map(|node| dag.id(*node)).collect();
        ids.into_iter().cloned().collect()
    }

    fn event_rows(&self, nodes: impl Iterator<Item = NodeIndex>) -> Vec<EventRow> {
        let rows = nodes.filter_map(|node| self.event_row(node));
        let mut rows: Vec<EventRow> = rows.collect();
        rows.sort_unstable_by_key(|row| row.number);
        rows
    }

    fn event_row(&self, node: NodeIndex) -> Option<EventRow> {
        let timeline = &self.timeline;
        let dag = &timeline.dag;
        let event = dag.event(node)?;
        let ids = |nodes: &mut dyn Iterator<Item = NodeIndex>| {
            nodes
                .filter_map(|node| Some(dag.id(node)?.as_str().to_owned()))
                .collect()
        };
        let hash = self.hashes.get(&node);
        let mut row = EventRow {
            event: event.id.as_str().to_owned(),
            number: self.saved.number(node)?,
            event_type: event.event_type.to_owned(),
            state_key: event.state_key.map(str::to_owned),
            sender: event.sender.as_str().to_owned(),
            origin_server_ts: event.origin_server_ts,
            depth: event.depth,
            prev_events: ids(&mut dag.prev_events(node)),
            auth_events: ids(&mut dag.auth_events(node)),
            content: event.content.clone(),
            redacts: event.redacts.map(|redacts| redacts.as_str().to_owned()),
            room_id: if event.states_room_id {
                StatedRoomId::Stated
            } else {
                StatedRoomId::Implied
            },
            provenance: dag.provenance(node)?,
            authoriser_signature: event.authoriser_signature,
            overlong: dag.overlong(node).map(str::to_owned),
            verdict: VerdictRow::of(timeline.verdict(node)?),
            before: timeline.records.before(node).map(StateIx::number),
            after: timeline.records.after(node).map(StateIx::number),
            claimed: timeline.claims.get(&node).copied().map(StateIx::number),
            tense: if self.past.contains(&node) {
                Tense::Past
            } else if self.aside.contains(&node) {
                Tense::Aside
            } else {
                Tense::Present
            },
            reference_hash: hash.map(|hash| base64::encode(hash)),
            seal: String::new(),
        };
        row.seal(&self.id);
        Some(row)
    }

    /// The rows of the states after this one.
    fn state_rows(&self, saved: StateIx) -> Vec<StateRow> {
        let numbers = self.timeline.states.numbers_after(saved);
        numbers.filter_map(|state| self.state_row(state)).collect()
    }

    fn state_row(&self, state: StateIx) -> Option<StateRow> {
        let states = &self.timeline.states;
        let parent = states.link(state)?.parent;
        let empty = StateMap::new();
        let from = match parent {
            Some(parent) => states.get(parent)?,
            None => &empty,
        };
        let (mut set, mut removed) = (Vec::new(), Vec::new());
        for (key, _, event) in from.diff(states.get(state)?) {
            match event {
                Some(event) => set.extend(self.entry(key, event)),
                None => removed.extend(self.key(key)),
            }
        }
        let mut row = StateRow {
            state: state.number(),
            parent: parent.map(StateIx::number),
            set,
            removed,
            quality: states.quality(state)?,
            seal: String::new(),
        };
        row.seal(&self.id);
        Some(row)
    }

    fn entry(&self, key: KeyIx, event: NodeIndex) -> Option<Entry> {
        let event = self.timeline.dag.id(event)?.as_str().to_owned();
        let Key {
            event_type,
            state_key,
        } = self.key(key)?;
        Some(Entry {
            event_type,
            state_key,
            event,
        })
    }

    fn key(&self, key: KeyIx) -> Option<Key> {
        let (event_type, state_key) = self.timeline.dag.keys().resolve(key)?;
        Some(Key {
            event_type: event_type.to_owned(),
            state_key: state_key.to_owned(),
        })
    }

    fn waiting_rows<'a>(
        &self,
        entries: impl Iterator<Item = (Arrival, queue::Entry<'a>)>,
    ) -> Vec<WaitingRow> {
        let row = |(Arrival(number), entry): (Arrival, queue::Entry<'a>)| {
            let (event, pdu, door, needs) = match entry {
                queue::Entry::Verified(waiting) => {
                    let event = &waiting.verified.event;
                    let needs = WaitsFor::Events {
                        events: waiting.lacking.iter().cloned().collect(),
                        signatures: event.provenance().signatures,
                        authoriser_signature: event.as_ref().authoriser_signature,
                    };
                    let verified = &waiting.verified;
                    (event.id(), &verified.pdu, verified.door, needs)
                }
                queue::Entry::Unverified(waiting) => {
                    let needs = WaitsFor::Keys(waiting.keys.clone());
                    (&waiting.id, &waiting.pdu, waiting.door, needs)
                }
            };
            let mut row = WaitingRow {
                number,
                event: event.as_str().to_owned(),
                json: pdu.json().as_text().to_owned(),
                door,
                needs,
                seal: String::new(),
            };
            row.seal(&self.id);
            row
        };
        entries.map(row).collect()
    }
}
