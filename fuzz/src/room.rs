//! The room engine: against a replay, and in and out of rows.

use roomdag::EventId;
use roomdag::replay::{Replay, ReplayOptions, Status};
use roomdag::room::Standing;
use roomdag::room::{Checkpoint, Loading, RestoreError, Room, Rows, Setup};
use roomdag::state::StateDigest;
use roomdag::testing::Random;
use roomdag::testing::drawn::Story;

/// The room says of every event that it has what a replay of all of them says, and waits for what
/// it does not have. A replay says more: what it rejects by one check it rejects, whatever the
/// other lacks, and from there it knows the states that follow.
pub fn assert_is_replay(story: &Story, room: &Room) {
    let options = ReplayOptions::of(&story.rules);
    let replay = Replay::run(story.events(), &story.rules, options, |_| {});
    for node in replay.order() {
        let id = replay.dag().id(*node).expect("it is in order");
        let verdict = replay.verdict(*node).expect("it is in order");
        let Some(standing) = room.standing(id) else {
            assert!(room.waiting().any(|missing| missing.event == *id), "{id}");
            assert_ne!(verdict.status(), Status::Accepted, "{id}");
            continue;
        };
        let is_rejected = verdict.status() == Status::Rejected;
        assert_eq!(
            standing == Standing::Rejected,
            is_rejected,
            "{id}: {verdict:?}"
        );
        let digest = |state| replay.dag().digest(state);
        let before = room.state_before(id).and_then(|state| state.digest());
        let after = room.state_after(id).and_then(|state| state.digest());
        let is_behind_a_gap = replay.dag().prev_events(*node).any(|prev| {
            let prev = replay
                .dag()
                .id(prev)
                .expect("an event that is cited has an id");
            room.state_after(prev).is_none()
        });
        if is_behind_a_gap {
            assert!(is_rejected && before.is_none() && after.is_none(), "{id}");
            continue;
        }
        assert_eq!(before, replay.state_before(*node).and_then(digest), "{id}");
        assert_eq!(after, replay.state_after(*node).and_then(digest), "{id}");
    }
}

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
