//! Replay by rezzy's streaming state computation. It checks no event by the state before it.

use std::rc::Rc;

use ::rezzy::{SharedState, StateResVersion, compute_state_at_streaming};
use roomdag::testing::workload::Workload;

use crate::measure::Contender;
use crate::rezzy::{Event, Events, version};
use crate::room::{Room, Stored};

/// From stored PDUs to the state after each event, and the final one.
pub fn unchecked(room: &Rc<Room>) -> Contender {
    let (stored, version, tips) = (room.stored(), version(&room.workload), tips(&room.workload));
    let run = move |()| replay(&stored, &tips, version);
    Contender::new(
        "rezzy",
        || (),
        run,
        |(events, state): &(Events, _)| events.answer(state),
    )
}

/// The places of the events that no other event follows.
fn tips(workload: &Workload) -> Vec<usize> {
    workload.tips.iter().map(|tip| tip.index()).collect()
}

fn replay(
    stored: &[Stored],
    tips: &[usize],
    version: StateResVersion,
) -> (Events, SharedState<u32>) {
    let mut events = Events::of(stored);
    // The final state is the one at an event that follows all others.
    let end = u32::try_from(stored.len()).expect("rooms are smaller");
    let last = Event {
        event_id: end,
        prev_events: tips.iter().map(|tip| events.ranks[*tip]).collect(),
        ..Event::default()
    };
    events.by_rank.insert(end, last);
    let mut state = SharedState::new();
    compute_state_at_streaming(&[&end], &events.by_rank, version, |_, after| state = after);
    (events, state)
}
