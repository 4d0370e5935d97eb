//! A homeserver of the simulation: a room, the JSON that it was told to keep, and the promises that
//! the room makes to its host, looked at on every call.

use std::collections::{BTreeMap, BTreeSet};

use crate::crypto::{KeyRing, SigningKey, Timestamp};
use crate::id::{EventId, KeyId, ServerName, UserId};
use crate::json::{Mode, Object};
use crate::pdu::{self, CREATE};
use crate::room::{
    Admitted, Claim, ClaimError, Fault, Missing, Notice, Receipt, Received, Room, SendError,
    Served, Setup, Signer, Standing, Visibility,
};
use crate::state::StateMap;
use crate::testing::network::disk::Disk;
use crate::testing::network::invariants::LookedAt;
use crate::testing::network::wish::Wish;
use crate::testing::network::{Plant, Step, words};
use crate::timeline::Quality;
use crate::version::RoomVersionRules;

/// Which of the two doors a PDU comes in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// `/send`, `/get_missing_events`, `/event`.
    Live,
    /// `/backfill`.
    Backfill,
}

/// A homeserver.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) name: ServerName,
    pub(super) key: SigningKey,
    pub(super) users: Vec<UserId>,
    pub(super) ring: KeyRing,
    pub(super) setup: Setup,
    pub(super) room: Option<Room>,
    /// What its receipts told it to keep.
    pub(super) kept: BTreeMap<EventId, Vec<u8>>,
    /// What it has not only from claims and backfills.
    pub(super) live: BTreeSet<EventId>,
    /// How often an earlier answer was revised.
    pub(super) revisions: usize,
    /// The events that were held to the laws.
    pub(super) looked_at: LookedAt,
    /// A fault that it has.
    pub(super) plant: Option<Plant>,
    /// What is left if it loses its memory.
    pub(super) disk: Option<Disk>,
}

/// What a call that changes nothing must leave alone.
#[derive(PartialEq)]
struct Snapshot {
    state: Option<StateMap>,
    extremities: Vec<EventId>,
    events: usize,
    waiting: Vec<Missing>,
}

impl Snapshot {
    fn of(room: &Room) -> Self {
        Self {
            state: room.current_state().ok().map(|state| state.map().clone()),
            extremities: room.extremities(),
            events: room.dag().len(),
            waiting: room.waiting().collect(),
        }
    }

    /// The same, whoever had to leave the queue.
    fn is_but_for_the_queue(&self, other: &Self) -> bool {
        self.state == other.state
            && self.extremities == other.extremities
            && self.events == other.events
    }
}

/// Whether a notice has an event to be kept.
fn is_outlier(event: &EventId, notices: &[Notice]) -> bool {
    let is_it = |notice: &Notice| matches!(notice, Notice::Outlier(kept) if kept.id == *event);
    notices.iter().any(is_it)
}

impl Server {
    /// A server without a room, with one key, made from its number, and some users.
    pub(super) fn new(name: &str, number: usize, users: usize, setup: Setup) -> Step<Self> {
        let wrong = |error: &dyn std::fmt::Display| format!("server {name}: {error}");
        let key_id = KeyId::parse("ed25519:1").map_err(|error| wrong(&error))?;
        let user = |at: usize| match at {
            0 => UserId::parse(&format!("@one:{name}")),
            1 => UserId::parse(&format!("@two:{name}")),
            at => UserId::parse(&format!("@user{}:{name}", at.saturating_add(1))),
        };
        let users: Result<Vec<UserId>, _> = (0..users).map(user).collect();
        let seed = u8::try_from(number.saturating_add(1)).unwrap_or(u8::MAX);
        Ok(Self {
            name: ServerName::parse(name).map_err(|error| wrong(&error))?,
            key: SigningKey::from_seed(key_id, &[seed; 32]).map_err(|error| wrong(&error))?,
            users: users.map_err(|error| wrong(&error))?,
            ring: KeyRing::new(),
            setup,
            room: None,
            kept: BTreeMap::new(),
            live: BTreeSet::new(),
            revisions: 0,
            looked_at: LookedAt::default(),
            plant: None,
            disk: None,
        })
    }

    pub(super) fn signer(&self) -> Signer<'_> {
        Signer {
            server: &self.name,
            key: &self.key,
        }
    }

    pub(super) fn first_user(&self) -> Step<UserId> {
        let user = self.users.first().cloned();
        user.ok_or_else(|| format!("{} has no user", self.name))
    }

    /// Takes a PDU; `None` without a room.
    pub(super) fn receive(
        &mut self,
        bytes: &[u8],
        door: Door,
        now: Timestamp,
    ) -> Step<Option<Receipt>> {
        let Some(room) = self.room.as_mut() else {
            return Ok(None);
        };
        let was = Snapshot::of(room);
        let Received { receipt, notices } = match door {
            Door::Live => room.receive(bytes, &self.ring, now),
            Door::Backfill => room.receive_backfilled(bytes, &self.ring, now),
        };
        let is = Snapshot::of(room);
        match &receipt {
            Receipt::Dropped(Fault::QueueFull) if !was.is_but_for_the_queue(&is) => {
                return Err("an event without a place in the queue changed the room".into());
            }
            // In the place of an altered copy that was rejected.
            Receipt::Known {
                event,
                standing: Standing::Outlier,
            } if is_outlier(event, &notices) => {}
            Receipt::Dropped(Fault::QueueFull) => {}
            Receipt::Known { .. } | Receipt::Dropped(_) if was != is || !notices.is_empty() => {
                let receipt = words::receipt(&receipt);
                return Err(format!("a receipt changed the room: {receipt}"));
            }
            _ => {}
        }
        if door == Door::Live {
            self.live.extend(receipt.event().cloned());
        }
        self.keep(&receipt, &notices)?;
        self.check()?;
        Ok(Some(receipt))
    }

    /// Takes a PDU that has just been taken once more: nothing may come of it.
    pub(super) fn receive_again(&mut self, bytes: &[u8], first: &Receipt, now: Timestamp) -> Step {
        let Some(room) = self.room.as_mut() else {
            return Ok(());
        };
        let was = Snapshot::of(room);
        let Received { receipt, notices } = room.receive_backfilled(bytes, &self.ring, now);
        let is_same = match (first, &receipt) {
            (Receipt::Waiting(first), Receipt::Waiting(again)) => first == again,
            (Receipt::Dropped(_), Receipt::Dropped(_))
            // An outlier arrives by the live door only: there it had no place to wait in.
            | (
                Receipt::Dropped(Fault::QueueFull),
                Receipt::Known {
                    standing: Standing::Outlier,
                    ..
                },
            ) => true,
            (first, Receipt::Known { event, standing }) => {
                first.event() == Some(event)
                    && (first.standing() == Some(*standing)
                        // By the events that it settled it may have been judged once more.
                        || first.admitted().is_some())
            }
            _ => false,
        };
        if !is_same {
            let (first, then) = (words::receipt(first), words::receipt(&receipt));
            return Err(format!("received twice: first {first}; then {then}"));
        }
        if was != Snapshot::of(room) || !notices.is_empty() {
            let receipt = words::receipt(&receipt);
            return Err(format!(
                "receiving an event twice changed the room: {receipt}"
            ));
        }
        Ok(())
    }

    /// Goes on with what waited for keys.
    pub(super) fn resume(&mut self, now: Timestamp) -> Step {
        let Some(room) = self.room.as_mut() else {
            return Ok(());
        };
        let notices = room.resume(&self.ring, now);
        self.keep_notices(&notices)?;
        self.check()
    }

    /// Builds an event and gives it to its own room, which must take it.
    ///
    /// `None` if the room does not let it be built.
    pub(super) fn send(
        &mut self,
        wish: &Wish,
        now: Timestamp,
    ) -> Step<Result<(EventId, Vec<u8>), SendError>> {
        let Some(room) = self.room.as_ref() else {
            return Ok(Err(SendError::NoExtremities));
        };
        let built = match room.build(wish.draft(), self.signer(), now) {
            Ok(built) => built.event,
            Err(error) => return Ok(Err(error)),
        };
        let state = room.current_state().ok();
        let is_partial = state.is_some_and(|state| state.quality() == Quality::Partial);
        let bytes = built.json().as_bytes().to_vec();
        match self.receive(&bytes, Door::Live, now)? {
            Some(Receipt::Accepted(_)) => {}
            Some(Receipt::Provisional { .. }) if is_partial => {}
            receipt => {
                let receipt = words::receipt_or_none(receipt.as_ref());
                return Err(format!(
                    "the room refuses what it has built, {}: {receipt}",
                    words::wish(wish)
                ));
            }
        }
        Ok(Ok((built.id().clone(), bytes)))
    }

    /// Gives its room a claim, and keeps the events that the room has taken up with it.
    pub(super) fn claim(
        &mut self,
        event: &EventId,
        claim: &Claim<'_>,
        now: Timestamp,
    ) -> Step<Result<(), ClaimError>> {
        let Some(room) = self.room.as_mut() else {
            return Ok(Ok(()));
        };
        let was = Snapshot::of(room);
        match room.claim(event, claim, &self.ring, now) {
            Err(error) if was == Snapshot::of(room) => Ok(Err(error)),
            Err(error) => Err(format!("a failed claim changed the room: {error}")),
            Ok(notices) => {
                self.keep_notices(&notices)?;
                self.check()?;
                Ok(Ok(()))
            }
        }
    }

    /// Keeps what a receipt and its notices say.
    fn keep(&mut self, receipt: &Receipt, notices: &[Notice]) -> Step {
        if let Some(admitted) = receipt.admitted() {
            self.keep_event(admitted);
        }
        self.keep_notices(notices)
    }

    fn keep_event(&mut self, event: &Admitted) {
        if let Some(json) = &event.json {
            self.kept.insert(event.id.clone(), json.as_bytes().to_vec());
        }
    }

    pub(super) fn keep_notices(&mut self, notices: &[Notice]) -> Step {
        for notice in notices {
            match notice {
                Notice::Settled { event, receipt } => {
                    if matches!(receipt, Receipt::Waiting(_)) {
                        return Err(format!("a settled event waits: {event}"));
                    }
                    let admitted = receipt.admitted();
                    let admitted = admitted.filter(|_| self.plant != Some(Plant::Notices));
                    if let Some(admitted) = admitted {
                        self.keep_event(admitted);
                    }
                }
                Notice::Revised { event, was, is } => {
                    self.revisions = self.revisions.saturating_add(1);
                    if was == is {
                        return Err(format!("a revision of {event} from {was} to {is}"));
                    }
                }
                Notice::Outlier(event) => self.keep_event(event),
                Notice::Evicted { event } => {
                    self.live.remove(event);
                }
            }
        }
        Ok(())
    }

    /// What holds of a room at any time.
    fn check(&self) -> Step {
        let Some(room) = self.room.as_ref() else {
            return Ok(());
        };
        if room.extremities().is_empty() {
            // Where the join by which the server came in is found to be none, there are none.
            let is_accepted = |id: &&EventId| room.standing(id) == Some(Standing::Accepted);
            return match self.live.iter().find(is_accepted) {
                Some(id) => Err(format!("{id} is accepted, and there are no extremities")),
                None => Ok(()),
            };
        }
        if let Err(error) = room.current_state() {
            return Err(format!("the room has no current state: {error}"));
        }
        let waiting = room.waiting().count();
        if waiting > self.setup.limits.waiting_events {
            return Err(format!("{waiting} events wait, more than the limit"));
        }
        Ok(())
    }

    /// Whether the room has an event, whatever became of it.
    pub(super) fn has(&self, event: &EventId) -> bool {
        let room = self.room.as_ref();
        room.is_some_and(|room| room.standing(event).is_some())
    }

    /// The room's create event.
    pub(super) fn create(&self) -> Option<EventId> {
        let state = self.room.as_ref()?.current_state().ok()?;
        Some(state.get(CREATE, "")?.id.clone())
    }

    /// The type and state key of a state event.
    pub(super) fn state_key(&self, event: &EventId) -> Option<(String, String)> {
        let dag = self.room.as_ref()?.dag();
        let event = dag.event(dag.node(event)?)?;
        Some((event.event_type.to_owned(), event.state_key?.to_owned()))
    }

    /// What an event waits for; `None` if it does not wait.
    pub(super) fn missing(&self, event: &EventId) -> Option<Missing> {
        let room = self.room.as_ref()?;
        room.waiting().find(|missing| missing.event == *event)
    }

    /// The events that the room has and that were not rejected, sorted.
    pub(super) fn servable(&self) -> Vec<EventId> {
        let Some(room) = self.room.as_ref() else {
            return Vec::new();
        };
        let of_use = |id: &&EventId| {
            let standing = room.standing(id);
            standing.is_some_and(|standing| standing != Standing::Rejected)
        };
        self.kept.keys().filter(of_use).cloned().collect()
    }

    /// What another server is sent for some events.
    pub(super) fn serve_all(
        &self,
        served: &[Served],
        rules: &RoomVersionRules,
    ) -> Step<Vec<(EventId, Vec<u8>)>> {
        let serve = |served: &Served| {
            let bytes = self.serve(&served.event, served.visibility, rules)?;
            Ok((served.event.clone(), bytes))
        };
        served.iter().map(serve).collect()
    }

    /// What another server is sent for an event: redacted if it may not see it, or if a redaction
    /// applies.
    pub(super) fn serve(
        &self,
        event: &EventId,
        visibility: Visibility,
        rules: &RoomVersionRules,
    ) -> Step<Vec<u8>> {
        let Some(bytes) = self.kept.get(event) else {
            return Err(format!(
                "{} was never told to keep {event}, which it is to serve",
                self.name
            ));
        };
        let room = self.room.as_ref();
        let is_redacted = room.is_some_and(|room| room.redactions_of(event).next().is_some());
        if visibility == Visibility::Denied || is_redacted {
            let json = Object::parse(bytes, Mode::Lenient)
                .map_err(|error| format!("kept {event}, which is not JSON: {error}"))?;
            return Ok(pdu::redact(&json, rules).to_canonical());
        }
        Ok(bytes.clone())
    }
}
