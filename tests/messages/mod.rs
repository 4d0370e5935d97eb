//! Messages, as most events of most rooms are.

use roomdag::event::{AuthoriserSigned, Event, EventRef, PrevEvents};
use roomdag::id::{EventId, RoomId, UserId};
use roomdag::pdu::content::Content;

/// A message with an id as long as a hash, one previous event and three auth events.
pub(crate) fn message(at: usize) -> Event {
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
