//! The room engine, in and out of rows.

use roomdag::EventId;
use roomdag::room::{Checkpoint, Loading, RestoreError, Room, Rows, Setup};
use roomdag::state::StateDigest;
use roomdag::testing::Random;

/// The extremities, and the current state.
pub type Present = (Vec<EventId>, Option<StateDigest>);

/// What a room goes on from.
pub fn present(room: &Room) -> Present {
    let state = room.current_state().ok().and_then(|state| state.digest());
    (room.extremities(), state)
}

/// The room of a checkpoint, loaded as far as it takes to go on, with rows that nobody asked for.
pub fn loaded_in_parts(random: &mut Random, rows: &Checkpoint) -> Result<Room, RestoreError> {
    let mut loading = Loading::new(rows.head.clone(), &Setup::default())?;
    loop {
        let needs = loading.needs()?;
        if needs.is_empty() {
            return loading.finish();
        }
        let mut more = Rows {
            waiting: rows.rows.waiting.clone(),
            ..Rows::default()
        };
        for row in &rows.rows.events {
            if needs.events.iter().any(|id| id.as_str() == row.event) || random.chance(10) {
                more.events.push(row.clone());
            }
        }
        for row in &rows.rows.states {
            if needs.states.contains(&row.state) || random.chance(10) {
                more.states.push(row.clone());
            }
        }
        loading.add(more)?;
        if loading.needs()? == needs {
            return loading.finish();
        }
    }
}
