//! What a story came to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{EventId, UserId};
use crate::room::Standing;

/// What simulated rooms were worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The events that there are.
    pub events: usize,
    /// Those that were rejected.
    pub rejected: usize,
    /// Those that were soft-failed by some server.
    pub soft_failed: usize,
    /// Those that the rules kept users from sending.
    pub forbidden: usize,
    /// The events that hostile servers made up.
    pub forged: usize,
    /// Forged events that have a twin: the same place, told to others.
    pub equivocations: usize,
    /// Events that hostile servers kept to themselves when asked for them.
    pub withheld: usize,
    /// PDUs that no server may take: wrong signatures, other rooms, broken events.
    pub refused: usize,
    /// The gaps that were closed by asking another server.
    pub filled: usize,
    /// The states that were claimed and taken.
    pub claims: usize,
    /// Those of them that were lies.
    pub lies: usize,
    /// The joins over federation.
    pub joins: usize,
    /// Those of them with partial state.
    pub partial_joins: usize,
    /// Servers that lost their memory.
    pub crashes: usize,
    /// Events that they had not written to their disks.
    pub forgotten: usize,
    /// The verdicts that were revised.
    pub revisions: usize,
    /// Accepted events that were held against the rules a second time, by each server.
    pub checked: usize,
    /// The replicas that were compared.
    pub replicas: usize,
    /// Whether one event came to be the only extremity everywhere.
    pub merged: usize,
}

impl Outcome {
    /// Adds what other rooms were worth.
    pub fn add(&mut self, other: &Self) {
        for (sum, more) in [
            (&mut self.events, other.events),
            (&mut self.rejected, other.rejected),
            (&mut self.soft_failed, other.soft_failed),
            (&mut self.forbidden, other.forbidden),
            (&mut self.forged, other.forged),
            (&mut self.equivocations, other.equivocations),
            (&mut self.withheld, other.withheld),
            (&mut self.refused, other.refused),
            (&mut self.filled, other.filled),
            (&mut self.claims, other.claims),
            (&mut self.lies, other.lies),
            (&mut self.joins, other.joins),
            (&mut self.partial_joins, other.partial_joins),
            (&mut self.crashes, other.crashes),
            (&mut self.forgotten, other.forgotten),
            (&mut self.revisions, other.revisions),
            (&mut self.checked, other.checked),
            (&mut self.replicas, other.replicas),
            (&mut self.merged, other.merged),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
}

/// What a story is held to, and what was not so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Nothing that comes over the network makes a room panic.
    Panic,
    /// What a room promises its host on every call.
    Promise,
    /// A server goes on from its disk as if nothing had been.
    Restore,
    /// One create event, and it is in every state.
    Create,
    /// Nobody does what their level, or their membership, does not allow.
    Levels,
    /// Nobody raises a level above their own, or takes it from an equal.
    Grants,
    /// Nobody who is banned comes back without having been let back.
    Bans,
    /// States follow from the events before them, and resolution leaves alone what nobody disputes.
    States,
    /// In the end all replicas, and a replay, hold the same room.
    Agreement,
}

/// A simulated room in which something went wrong, and how to see it again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "seed {seed}, room version {version}, at step {step}: {what}\nWhat happened:\n{}",
    story.join("\n")
)]
pub struct Divergence {
    /// The seed.
    pub seed: u64,
    /// The room version.
    pub version: &'static str,
    /// The steps that were left out of the story.
    pub without: BTreeSet<usize>,
    /// The number of the step.
    pub step: usize,
    /// What was not as it should be.
    pub check: Check,
    /// What went wrong.
    pub what: String,
    /// What had happened in the room.
    pub story: Vec<String>,
    /// What every server has of the room.
    pub chronicle: Chronicle,
}

/// The events of a room, and what each server says of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chronicle {
    /// The names of the servers.
    pub servers: Vec<String>,
    /// The events, in the order in which they were made.
    pub events: Vec<Told>,
}

/// An event, and what each server says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: EventId,
    /// The number of the server that made it.
    pub server: usize,
    /// The step at which it was made.
    pub step: usize,
    /// Its sender.
    pub sender: UserId,
    /// Its type, and its state key if it has one.
    pub title: String,
    /// The events that it follows.
    pub prev_events: Vec<EventId>,
    /// The PDU.
    pub json: Vec<u8>,
    /// What each server says of it; `None` for one that does not have it, or has it waiting.
    pub standings: Vec<Option<Standing>>,
    /// Whether servers that know what was before it disagree on whether it is rejected, or on the
    /// state before or after it.
    pub is_disputed: bool,
}
