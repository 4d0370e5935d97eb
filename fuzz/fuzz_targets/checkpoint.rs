//! Rows in which bits have flipped, or whole pieces are something else, are refused with an error
//! or are the room that they were. The rows themselves are that room, whole and loaded in parts.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use roomdag::room::{Checkpoint, Room, Setup};
use roomdag::testing::Random;
use roomdag::testing::drawn::{Observed, Story, tampered};
use roomdag::version::RoomVersions;
use roomdag_fuzz::room::{Present, loaded_in_parts, present};

/// Rooms of all versions, and their rows as JSON.
static ROOMS: LazyLock<Vec<(Observed, Present, Vec<u8>)>> = LazyLock::new(|| {
    let stable = RoomVersions::stable();
    let rooms = stable.iter().zip(0_u8..).map(|(rules, seed)| {
        let bytes: Vec<u8> = (0..200).map(|at: u8| at.wrapping_mul(31) ^ seed).collect();
        let story = Story::drawn(&mut Random::of_bytes(&bytes), 20, rules).expect("a room begins");
        let room = story.told().expect("the create event is good");
        let rows = serde_json::to_vec(&room.checkpoint()).expect("rows are JSON");
        (Observed::of(&room), present(&room), rows)
    });
    rooms.collect()
});

fuzz_target!(|bytes: &[u8]| {
    let mut random = Random::of_bytes(bytes);
    let (observed, now, rows) = random.pick(&ROOMS).expect("there are rooms");
    let kind = random.below(4);
    let rows = match kind {
        0 => rows.clone(),
        1 => random.clone().into_bytes(),
        _ => tampered(&mut random, rows),
    };
    let checkpoint = match serde_json::from_slice::<Checkpoint>(&rows) {
        Ok(checkpoint) => checkpoint,
        Err(error) => {
            assert!(kind != 0, "{error}");
            return;
        }
    };
    match loaded_in_parts(&mut random, &checkpoint) {
        Ok(room) => assert_eq!(&present(&room), now),
        Err(error) => assert!(kind != 0, "{error}"),
    }
    match Room::restore(checkpoint, &Setup::default()) {
        Ok(room) => assert_eq!(&Observed::of(&room), observed),
        Err(error) => assert!(kind != 0, "{error}"),
    }
});
