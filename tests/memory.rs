//! How much memory a room takes, measured as the process sees it: with what the allocator adds to
//! each piece, and with what vectors set aside. A binary of its own, so that nothing else runs.
#![cfg(target_os = "linux")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

use std::fs;

use roomdag::dag::RoomDag;
use roomdag::event::{AuthoriserSigned, Event, EventRef, PrevEvents};
use roomdag::id::{EventId, RoomId, UserId};
use roomdag::pdu::content::Content;

/// Bytes of memory that this process holds and that are its own, in pages of 4 KiB.
fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    let mut pages = pages
        .split(' ')
        .map(|pages| pages.parse::<usize>().unwrap());
    let (resident, shared) = (pages.nth(1).unwrap(), pages.next().unwrap());
    (resident - shared) * 4096
}

/// A message with an id as long as a hash, one previous event and three auth events.
fn message(at: usize) -> Event {
    let id = |at: usize| EventId::from_trusted(format!("${at:043}"));
    let parts = EventRef {
        id: &id(at),
        room_id: &RoomId::from_trusted("!room:example.org"),
        event_type: "m.room.message",
        state_key: None,
        sender: &UserId::from_trusted(format!("@user{}:example.org", at % 500)),
        origin_server_ts: 1_700_000_000_000,
        depth: i64::try_from(at).unwrap(),
        prev_events: PrevEvents::None,
        content: &Content::Other,
        redacts: None,
        states_room_id: true,
        authoriser_signature: AuthoriserSigned::Unchecked,
    };
    let auth = [0, 1, 2 + at % 500].map(id).to_vec();
    Event::trusted(&parts, vec![id(at - 1)], auth)
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
