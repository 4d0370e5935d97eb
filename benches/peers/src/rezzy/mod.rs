//! rezzy's events, with numbers for ids.

mod content;
pub mod replay;
pub mod resolve;

use ::rezzy::{LeanEvent, SharedState, StateResVersion};
use roomdag::testing::workload::Workload;
use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::answer::Answer;
use crate::rezzy::content::Content;
use crate::room::{Stored, Wire};

/// An event as rezzy reads it.
type Event = LeanEvent<u32, Content>;

/// The events of a room. rezzy breaks ties by the order of ids, so the number by which it knows an
/// event is the rank of its id.
struct Events {
    by_rank: FxHashMap<u32, Event>,
    /// The ranks of events, in the order in which they were given.
    ranks: Vec<u32>,
    ids: Vec<String>,
}

impl Events {
    fn of(stored: &[Stored]) -> Self {
        let mut ids: Vec<&str> = stored.iter().map(|stored| stored.id.as_str()).collect();
        ids.sort_unstable();
        let ranks: FxHashMap<&str, u32> = ids.iter().copied().zip(0..).collect();
        let event = |stored: &Stored| event(&stored.id, Wire::parse(&stored.pdu), &ranks);
        let events = stored.iter().map(event);
        Self {
            by_rank: events.map(|event| (event.event_id, event)).collect(),
            ranks: stored.iter().map(|stored| ranks[&*stored.id]).collect(),
            ids: ids.into_iter().map(Into::into).collect(),
        }
    }

    fn answer(&self, state: &SharedState<u32>) -> Answer {
        let id = |rank: u32| &self.ids[rank as usize];
        let entries = state.iter().map(|((t, k), rank)| (t, k, id(*rank)));
        entries.collect()
    }
}

fn event(id: &str, wire: Wire<'_, Value>, ranks: &FxHashMap<&str, u32>) -> Event {
    let of_all = |ids: &[&str]| ids.iter().map(|id| ranks[id]).collect();
    LeanEvent {
        event_id: ranks[id],
        event_type: wire.event_type.into(),
        state_key: wire.state_key.map(Into::into),
        // Worked out by rezzy where it is needed.
        power_level: 0,
        origin_server_ts: wire.origin_server_ts,
        sender: wire.sender.into(),
        content: wire.content.into(),
        prev_events: of_all(&wire.prev_events),
        auth_events: of_all(&wire.auth_events),
        depth: wire.depth,
        rejected: false,
        soft_fail: false,
    }
}

fn version(workload: &Workload) -> StateResVersion {
    StateResVersion::from_room_version(workload.rules.id).expect("rezzy knows the version")
}
