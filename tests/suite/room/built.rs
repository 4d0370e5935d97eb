//! A small room of two servers, to be built and to be received.

use roomdag::crypto::KeyRing;
use roomdag::id::EventId;
use roomdag::json::Object;
use roomdag::limits::Limits;
use roomdag::room::{Draft, Founding, Receipt, Room, Setup, create_event};
use roomdag::version::V11;

use crate::room::draft::{Home, NOW, ours, ring, room_id, user};

pub(super) const ALICE: &str = "@alice:ours.example";
pub(super) const BOB: &str = "@bob:theirs.example";

/// An event and its JSON.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) id: EventId,
    pub(super) json: Vec<u8>,
}

/// A room in which Alice, who made it, and Bob are joined.
///
/// ```text
/// create ── join of alice ── join rules ── join of bob
/// ```
pub(super) struct Built {
    pub(super) room: Room,
    pub(super) create: Sent,
    pub(super) begin: Vec<Sent>,
}

pub(super) fn keys() -> KeyRing {
    ring(&[&ours(), &theirs()])
}

fn theirs() -> Home {
    Home::new("theirs.example", 2)
}

impl Built {
    pub(super) fn new() -> Self {
        let founding = Founding {
            creator: user(ALICE),
            room_id: Some(room_id(&V11)),
            content: Object::new(),
            event_id: None,
            origin_server_ts: NOW,
        };
        let create = create_event(founding, ours().signer(), &V11, &Limits::default()).unwrap();
        let create = Sent {
            id: create.id().clone(),
            json: create.json().as_bytes().to_vec(),
        };
        let (room, _) = Room::open(&create.json, &Setup::default(), &keys(), NOW).unwrap();
        let mut built = Self {
            room,
            create,
            begin: Vec::new(),
        };
        let joins = ("membership", "join");
        for draft in [
            state(ALICE, "m.room.member", ALICE, joins),
            state(ALICE, "m.room.join_rules", "", ("join_rule", "public")),
            state(BOB, "m.room.member", BOB, joins),
        ] {
            let sent = built.send(draft);
            built.begin.push(sent);
        }
        built
    }

    /// Builds an event that its sender's server keeps to itself.
    pub(super) fn build(&self, draft: Draft) -> Sent {
        let home = if format!("{draft:?}").contains("sender: \"@alice") {
            ours()
        } else {
            theirs()
        };
        let event = self.room.build(draft, home.signer(), NOW).unwrap().event;
        Sent {
            id: event.id().clone(),
            json: event.json().as_bytes().to_vec(),
        }
    }

    /// Builds an event and takes it up.
    pub(super) fn send(&mut self, draft: Draft) -> Sent {
        let sent = self.build(draft);
        let received = self.room.receive(&sent.json, &keys(), NOW);
        assert!(matches!(received.receipt, Receipt::Accepted(_)));
        sent
    }

    /// Another server's room, which knows how it began.
    pub(super) fn begun(&self, setup: &Setup) -> Room {
        let (mut room, _) = Room::open(&self.create.json, setup, &keys(), NOW).unwrap();
        for sent in &self.begin {
            let received = room.receive(&sent.json, &keys(), NOW);
            assert!(matches!(received.receipt, Receipt::Accepted(_)));
        }
        room
    }
}

pub(super) fn message(sender: &str) -> Draft {
    Draft::message(user(sender), "m.room.message", Object::new())
}

pub(super) fn state(sender: &str, event_type: &str, key: &str, content: (&str, &str)) -> Draft {
    Draft::state(user(sender), event_type, key, Object::from_iter([content]))
}
