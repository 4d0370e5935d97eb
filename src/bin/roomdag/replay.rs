//! Replaying a room, and naming what comes of it.

use std::collections::{BTreeMap, VecDeque};

use petgraph::graph::NodeIndex;
use roomdag::id::EventId;
use roomdag::replay::{Arrival, Refusal, Replay, ReplayOptions};
use roomdag::resolve::Options;
use roomdag::state::{StateDigest, StateMap};
use serde::Serialize;

use crate::console::Console;
use crate::dropped::Dropped;
use crate::room::Room;

/// Replays the events of a room, which it takes out of `room`; those that the graph refuses are
/// among the dropped ones then.
pub(crate) fn replay(
    room: &mut Room,
    resolve: Options,
    arrival: Arrival,
    console: &Console,
) -> Replay {
    let mut options = ReplayOptions::of(&room.rules);
    options.resolve = resolve;
    options.arrival = arrival;
    options.claimed = claims(room);
    let events = std::mem::take(&mut room.events);
    let mut progress = console.progress("replaying", events.len());
    let replay = Replay::run(events, &room.rules, options, |done| progress.done(done));
    for refused in replay.refused() {
        let reason = match refused.refusal {
            Refusal::Cycle => "the event is among its own ancestors",
            Refusal::Full => "the room has too many events",
            // Of several copies the one that is there was chosen before.
            Refusal::Repeated | Refusal::OtherCopy => continue,
        };
        if let Some(mut event) = room.freely_named.remove(&refused.event) {
            reason.clone_into(&mut event.reason);
            room.dropped.push(event);
        }
    }
    room.dropped.sort_by_cached_key(Dropped::rank);
    replay
}

/// What the dump says of states whose history it does not have.
fn claims(room: &Room) -> BTreeMap<EventId, Vec<EventId>> {
    let given = room
        .states_after
        .iter()
        .map(|(event, state)| (event, state));
    let joined = room.joined.iter().zip(&room.claimed_state);
    given
        .chain(joined)
        .map(|(event, state)| {
            let before = state.iter().filter(|id| *id != event).cloned();
            (event.clone(), before.collect())
        })
        .collect()
}

/// The ids of some events, sorted.
pub(crate) fn sorted_ids(
    replay: &Replay,
    events: impl Iterator<Item = NodeIndex>,
) -> Vec<&EventId> {
    let mut ids: Vec<_> = events.filter_map(|event| replay.dag().id(event)).collect();
    ids.sort_unstable();
    ids
}

/// The room that is replayed.
pub(crate) fn room_id(replay: &Replay) -> Option<&str> {
    let event = replay
        .create()
        .or_else(|| replay.order().first().copied())?;
    Some(replay.dag().event(event)?.room_id.as_str())
}

/// An entry of a state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Entry<'a> {
    #[serde(rename = "type")]
    pub(crate) event_type: &'a str,
    pub(crate) state_key: &'a str,
    pub(crate) event_id: &'a str,
}

/// The entries of a state, sorted by type, then by state key.
pub(crate) fn entries<'a>(replay: &'a Replay, state: &StateMap) -> Vec<Entry<'a>> {
    let dag = replay.dag();
    let entry = |(key, event)| {
        let (event_type, state_key) = dag.keys().resolve(key)?;
        Some(Entry {
            event_type,
            state_key,
            event_id: dag.id(event)?.as_str(),
        })
    };
    let mut entries: Vec<_> = state.iter().filter_map(entry).collect();
    entries.sort_unstable();
    entries
}

/// The digests of states, of which most were asked for a moment ago.
#[derive(Default)]
pub(crate) struct Digests {
    recent: VecDeque<(StateMap, StateDigest)>,
}

impl Digests {
    pub(crate) fn of(&mut self, replay: &Replay, state: &StateMap) -> Option<StateDigest> {
        if let Some((_, digest)) = self
            .recent
            .iter()
            .rev()
            .find(|(known, _)| known.same(state))
        {
            return Some(*digest);
        }
        let digest = replay.dag().digest(state)?;
        if self.recent.len() >= REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back((state.clone(), digest));
        Some(digest)
    }
}

/// How many digests are remembered.
const REMEMBERED: usize = 64;
