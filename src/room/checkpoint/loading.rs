//! Bringing a room back, whole or in part.

use std::collections::{BTreeMap, BTreeSet};

use crate::crypto;
use crate::event::Provenance;
use crate::id::{EventId, KeyId, ServerName};
use crate::limits::Limits;
use crate::pdu::{CREATE, Pdu};
use crate::resolve;
use crate::room::checkpoint::closure::{Closure, Given, Use};
use crate::room::checkpoint::error::{Needs, RestoreError, Row, RowKind};
use crate::room::checkpoint::place::event_id;
use crate::room::checkpoint::rows::{FORMAT, Head, WaitingRow, WaitsFor};
use crate::room::checkpoint::seal::fingerprint;
use crate::room::checkpoint::{Checkpoint, Rows, Saved};
use crate::room::queue::Unverified;
use crate::room::receive::Verified;
use crate::room::{Room, Setup};
use crate::timeline::{StateIx, Status};

/// A room that is being loaded from a host's store: as much of it as it takes to go on.
///
/// Ask what it [needs](Self::needs), [add](Self::add) rows, and [finish](Self::finish) once it
/// needs nothing more. A host that answers with the closures that [`Needs`] speaks of is asked at
/// most four times: for the forward extremities and the current state; for the states after the
/// extremities; for the events of these; and for the like of redactions of the policy server. One
/// that answers to the letter is asked as often as the longest chain is long. A host may add what
/// was not asked for, and is then asked for what that needs. Nothing is asked for that was added
/// before.
#[derive(Debug)]
pub struct Loading {
    /// The room, of which nothing is here yet.
    room: Room,
    head: Head,
    given: Given,
    waiting: BTreeMap<u64, WaitingRow>,
    closure: Closure,
}

impl Loading {
    /// Begins with the head.
    ///
    /// # Errors
    ///
    /// - [`RestoreError::UnknownFormat`], [`RestoreError::UnknownVersion`],
    ///   [`RestoreError::OtherConfiguration`]: this library and this setup make nothing of it.
    /// - [`RestoreError::Seal`]: it is not what was written.
    /// - [`RestoreError::UnknownState`]: it names a state that there is not.
    pub fn new(mut head: Head, setup: &Setup) -> Result<Self, RestoreError> {
        if head.format != FORMAT {
            let format = head.format;
            return Err(RestoreError::UnknownFormat { format });
        }
        let room_id = head.room_id.clone();
        if !head.take_seal(&room_id) {
            return Err(RestoreError::Seal { row: Row::Head });
        }
        let Some(rules) = setup.versions.get(&head.room_version) else {
            return Err(RestoreError::UnknownVersion {
                id: head.room_version,
            });
        };
        let options = setup.resolve.unwrap_or_else(|| resolve::Options::of(rules));
        let expected = fingerprint(rules, options);
        if head.fingerprint != expected {
            return Err(RestoreError::OtherConfiguration {
                found: head.fingerprint,
                expected,
            });
        }
        let last = StateIx::new(head.last_state).ok_or(RestoreError::UnknownState {
            row: Row::Head,
            state: head.last_state,
        })?;
        let mut room = Room::without_events(rules, setup, head.create.clone(), room_id);
        room.saved = Saved::elsewhere(head.events, last, head.pending);
        room.timeline.states.set_elsewhere(last, head.credit);
        room.current = head
            .current
            .map(|current| room.stated(current, &Row::Head))
            .transpose()?;
        room.history = head.history.iter().chain(&head.backward).cloned().collect();
        Ok(Self {
            room,
            closure: Closure::default(),
            given: Given::default(),
            waiting: BTreeMap::new(),
            head,
        }
        .wanting())
    }

    /// Wants what there is to want from the beginning.
    fn wanting(mut self) -> Self {
        let (head, closure) = (&self.head, &mut self.closure);
        closure.want(&head.create, Use::Cited);
        for id in &head.extremities {
            closure.want(id, Use::BuiltOn);
        }
        for id in head.claims.iter().chain(&head.history) {
            closure.want(id, Use::Cited);
        }
        for id in &head.policy_redactions {
            closure.want(id, Use::Judged);
        }
        if let Some(current) = head.current {
            closure.want_state(current);
        }
        self
    }

    /// What is still needed.
    ///
    /// # Errors
    ///
    /// [`RestoreError::Id`]: a row names an event by what is no id.
    pub fn needs(&mut self) -> Result<Needs, RestoreError> {
        self.closure.resume(&self.given);
        self.closure.follow(&self.room, &self.given)?;
        let given = u32::try_from(self.waiting.len()).unwrap_or(u32::MAX);
        Ok(Needs {
            waiting: self.head.waiting.saturating_sub(given),
            ..self.closure.needs()
        })
    }

    /// Takes rows. The same row may come again. What was not asked for may come too, and
    /// [needs](Self::needs) what it needs.
    ///
    /// # Errors
    ///
    /// - [`RestoreError::Seal`]: a row is not what was written, or is of another room.
    /// - [`RestoreError::Duplicate`]: there is another row of that key.
    /// - [`RestoreError::Id`]: a row names an event by what is no id.
    pub fn add(&mut self, rows: Rows) -> Result<(), RestoreError> {
        let states: Vec<u32> = rows.states.iter().map(|row| row.state).collect();
        let events = rows.events.iter().map(|row| event_id(&row.event));
        let events: Vec<EventId> = events.collect::<Result<_, _>>()?;
        self.given.add(rows.events, rows.states, &self.room)?;
        for event in &events {
            self.closure.want(event, Use::Cited);
        }
        for state in states {
            self.closure.want_state(state);
        }
        for mut row in rows.waiting {
            let name = Row::Waiting(row.number);
            if !row.take_seal(&self.head.room_id) {
                return Err(RestoreError::Seal { row: name });
            }
            if self.waiting.get(&row.number).is_some_and(|old| *old != row) {
                return Err(RestoreError::Duplicate { row: name });
            }
            self.waiting.insert(row.number, row);
        }
        Ok(())
    }

    /// Makes the room of the rows.
    ///
    /// # Errors
    ///
    /// [`RestoreError::Missing`] if something is needed still; any other if rows do not fit
    /// together, which takes more than a flipped bit.
    pub fn finish(mut self) -> Result<Room, RestoreError> {
        let needs = self.needs()?;
        if !needs.is_empty() {
            return Err(RestoreError::Missing(needs));
        }
        self.build()
    }

    fn build(self) -> Result<Room, RestoreError> {
        let Self {
            mut room,
            head,
            given,
            waiting,
            ..
        } = self;
        expect(RowKind::Waiting, waiting.len(), head.waiting)?;
        let (events, states) = given.into_rows();
        let staged = room.stage(events, states)?;
        room.commit(staged);
        let create = room.node(&head.create);
        let create = create.and_then(|node| room.timeline.dag.event(node));
        if create.is_none_or(|event| event.event_type != CREATE || event.state_key != Some("")) {
            return Err(RestoreError::NotCreate { event: head.create });
        }
        for event in head.extremities {
            let node = room.node(&event).filter(|node| {
                room.timeline.status(*node) == Some(Status::Accepted)
                    && room.timeline.state_after(*node).is_some()
            });
            let after = node.and_then(|node| Some((node, room.timeline.records.after(node)?)));
            let Some((node, after)) = after else {
                return Err(RestoreError::NotExtremity { event });
            };
            room.extremities.insert(node, after);
        }
        let is_here = |state: &StateIx| room.timeline.states.get(*state).is_some();
        if let Some(current) = room.current.filter(|current| !is_here(current)) {
            return Err(RestoreError::UnknownState {
                row: Row::Head,
                state: current.number(),
            });
        }
        let mut ids = BTreeSet::new();
        for row in waiting.into_values() {
            room.enqueue(row, &mut ids, head.next_waiting)?;
        }
        room.queue.set_next(head.next_waiting);
        room.persisted();
        Ok(room)
    }
}

impl Room {
    /// Makes a room of all its rows.
    ///
    /// `setup` is what the room was opened with; its `room_version` is not looked at. Where
    /// events were to be judged again as soon as the room would be whole,
    /// [`resume`](Self::resume) does it.
    ///
    /// # Errors
    ///
    /// Any [`RestoreError`] but [`Missing`](RestoreError::Missing), which a whole room has no use
    /// for unless its rows contradict each other.
    ///
    /// # Complexity
    ///
    /// O(V + E), one hash for each row, and O(d · log n) for d entries in the rows of states.
    pub fn restore(checkpoint: Checkpoint, setup: &Setup) -> Result<Self, RestoreError> {
        let mut loading = Loading::new(checkpoint.head, setup)?;
        loading.add(checkpoint.rows)?;
        let (head, given) = (&loading.head, &loading.given);
        expect(RowKind::Events, given.events.len(), head.events)?;
        let states = head.last_state.saturating_sub(1);
        expect(RowKind::States, given.states.len(), states)?;
        loading.build()
    }

    /// Lets an event wait that waited before.
    fn enqueue(
        &mut self,
        row: WaitingRow,
        ids: &mut BTreeSet<EventId>,
        next: u64,
    ) -> Result<(), RestoreError> {
        let (number, door) = (row.number, row.door);
        let name = Row::Waiting(number);
        if number >= next {
            return Err(RestoreError::BeyondHead { row: name });
        }
        let everything = Limits {
            input_bytes: usize::MAX,
            pdu_bytes: usize::MAX,
            json_depth: usize::MAX,
            prev_events: usize::MAX,
            auth_events: usize::MAX,
            ..self.limits
        };
        let rules = &self.timeline.rules;
        let pdu = Pdu::parse(row.json.as_bytes(), rules, &everything);
        let pdu = pdu.map_err(|fault| RestoreError::Waiting { number, fault })?;
        let id = event_id(&row.event)?;
        if crypto::event_id(&pdu, rules) != id {
            return Err(RestoreError::Field {
                event: id,
                field: "event",
            });
        }
        self.queue.set_next(number);
        match row.needs {
            WaitsFor::Keys(keys) => {
                let keys: Vec<(ServerName, KeyId)> = keys;
                let unverified = Unverified {
                    id,
                    pdu,
                    door,
                    keys,
                };
                self.queue.put_unverified(unverified);
            }
            WaitsFor::Events {
                events,
                signatures,
                authoriser_signature,
            } => {
                if !ids.insert(id) {
                    return Err(RestoreError::Duplicate { row: name });
                }
                let mut event = crypto::unverified(pdu.clone(), rules);
                event.provenance = Provenance {
                    signatures,
                    ..event.provenance
                };
                event.authoriser_signature = authoriser_signature;
                let lacking = events.into_iter().collect();
                let verified = Verified { door, event, pdu };
                self.queue.put(verified, lacking);
            }
        }
        Ok(())
    }
}

fn expect(kind: RowKind, found: usize, expected: u32) -> Result<(), RestoreError> {
    if u32::try_from(found).is_ok_and(|found| found == expected) {
        Ok(())
    } else {
        Err(RestoreError::Count {
            kind,
            found,
            expected,
        })
    }
}
