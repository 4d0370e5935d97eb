//! How much memory a room takes, measured as the process sees it: with what the allocator adds to
//! each piece, and with what vectors set aside. A binary of its own, so that nothing else runs.
#![cfg(target_os = "linux")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

mod messages;

use std::fs;

use messages::message;
use roomdag::dag::RoomDag;

/// Bytes of memory that this process holds and that are its own, in pages of 4 KiB.
fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    let mut pages = pages
        .split(' ')
        .map(|pages| pages.parse::<usize>().unwrap());
    let (resident, shared) = (pages.nth(1).unwrap(), pages.next().unwrap());
    (resident - shared) * 4096
}

#[test]
fn a_message_takes_at_most_three_hundred_bytes() {
    const MESSAGES: usize = 300_000;
    let mut dag = RoomDag::new();
    let before = resident();
    for at in 1_000..1_000 + MESSAGES {
        dag.insert(message(at)).unwrap();
    }
    let each = (resident() - before) / MESSAGES;
    println!("{each} bytes of memory for each of {} messages", dag.len());
    assert!(each <= 300, "{each} bytes");
}
