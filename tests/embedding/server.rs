//! A miniature homeserver: one room, one database, and the answers that other servers ask for.

use std::path::{Path, PathBuf};

use roomdag::crypto::Timestamp;
use roomdag::json::{Mode, Object};
use roomdag::pdu::redact;
use roomdag::room::{
    Admitted, Claim, Draft, Expected, Founding, Gap, Handshake, Members, Missing, Notice, Receipt,
    Received, Room, Served, Setup, Signer, Submission, Template, create_event,
};
use roomdag::timeline::Quality;
use roomdag::version::{RoomIdFormat, RoomVersionRules};
use roomdag::{EventId, KeyRing, Limits, RoomId, ServerName, SigningKey, UserId};

use crate::store::{Killed, Store};

/// A server that has, or will have, the room.
pub(crate) struct Server {
    pub(crate) name: ServerName,
    key: SigningKey,
    keys: KeyRing,
    folder: PathBuf,
    starts: usize,
    pub(crate) store: Store,
    pub(crate) room: Option<Room>,
    /// The other servers, by number.
    others: Vec<usize>,
}

/// A server's answer to `/state`, or to `/send_join`.
pub(crate) struct State {
    pub(crate) events: Vec<String>,
    pub(crate) auth_chain: Vec<String>,
}

impl Server {
    pub(crate) fn new(
        name: &ServerName,
        key: SigningKey,
        keys: KeyRing,
        folder: &Path,
        others: Vec<usize>,
    ) -> Self {
        let store = Store::open(&folder.join(format!("{name}-0.db")));
        Self {
            name: name.clone(),
            key,
            keys,
            folder: folder.to_owned(),
            starts: 0,
            store,
            room: None,
            others,
        }
    }

    /// The process is gone, and another one starts from what it left on disk.
    pub(crate) fn restart(&mut self) {
        self.starts += 1;
        let path = self
            .folder
            .join(format!("{}-{}.db", self.name, self.starts));
        self.store.left_behind(&path);
        self.store = Store::open(&path);
        self.room = self.store.room();
    }

    pub(crate) fn room(&self) -> &Room {
        self.room.as_ref().unwrap()
    }

    fn signer(&self) -> Signer<'_> {
        Signer {
            server: &self.name,
            key: &self.key,
        }
    }

    /// Makes the room.
    pub(crate) fn found(
        &mut self,
        creator: &UserId,
        rules: &RoomVersionRules,
        now: Timestamp,
    ) -> Result<(), Killed> {
        let chosen = RoomId::parse(&format!("!room:{}", self.name)).unwrap();
        let founding = Founding {
            creator: creator.clone(),
            room_id: (rules.room_id == RoomIdFormat::WithServer).then_some(chosen),
            content: Object::new(),
            event_id: None,
            origin_server_ts: now,
        };
        let create = create_event(founding, self.signer(), rules, &Limits::default()).unwrap();
        let bytes = create.json().as_bytes();
        let (room, receipt) = Room::open(bytes, &Setup::default(), &self.keys, now).unwrap();
        self.room = Some(room);
        self.keep(receipt.admitted(), &[], &[])
    }

    /// Says something; whether the rules allow it is theirs to say.
    pub(crate) fn say(&mut self, draft: Draft, now: Timestamp) -> Result<bool, Killed> {
        let Ok(built) = self.room().build(draft, self.signer(), now) else {
            return Ok(false);
        };
        let received = self.receive(built.event.json().as_bytes(), now);
        assert!(
            matches!(
                received.receipt,
                Receipt::Accepted(_) | Receipt::Provisional { .. }
            ),
            "what a room builds it accepts, but: {:?}",
            received.receipt
        );
        let others = self.others.clone();
        self.act(&received, &others)?;
        Ok(true)
    }

    /// Says something by another copy of the room.
    pub(crate) fn speak_through(&self, mut part: Room, draft: Draft, now: Timestamp) -> String {
        let built = part.build(draft, self.signer(), now).unwrap();
        let received = part.receive(built.event.json().as_bytes(), &self.keys, now);
        assert!(matches!(received.receipt, Receipt::Accepted(_)));
        built.event.json().as_text().to_owned()
    }

    /// Takes a PDU of another server, and what it answered with.
    pub(crate) fn take(&mut self, pdu: &str, now: Timestamp) -> Result<Receipt, Killed> {
        let received = self.receive(pdu.as_bytes(), now);
        self.act(&received, &[])?;
        Ok(received.receipt)
    }

    fn receive(&mut self, pdu: &[u8], now: Timestamp) -> Received {
        let room = self.room.as_mut().unwrap();
        room.receive(pdu, &self.keys, now)
    }

    /// Keeps what came of a PDU, which goes out to `recipients`.
    fn act(&mut self, received: &Received, recipients: &[usize]) -> Result<(), Killed> {
        let own = received.receipt.admitted();
        self.keep(own, &settled(&received.notices), recipients)
    }

    /// One transaction: whatever a process is killed in the middle of, has not happened.
    fn keep(
        &mut self,
        own: Option<&Admitted>,
        others: &[Admitted],
        recipients: &[usize],
    ) -> Result<(), Killed> {
        let room = self.room.as_mut().unwrap();
        self.store.keep(own, others, recipients, &room.changes())?;
        room.persisted();
        Ok(())
    }

    /// What the server lacks.
    pub(crate) fn wanted(&self) -> Vec<(Missing, Gap)> {
        let room = self.room();
        room.waiting()
            .map(|missing| {
                let gap = room.gap(&missing.event);
                (missing, gap)
            })
            .collect()
    }

    /// `/get_missing_events`.
    pub(crate) fn missing_events(&self, gap: &Gap, asker: &ServerName) -> Vec<String> {
        let room = self.room();
        self.serve(&room.missing_events(&gap.latest, &gap.earliest, gap.min_depth, 5, asker))
    }

    /// `/backfill`.
    pub(crate) fn backfill(&self, from: &[EventId], asker: &ServerName) -> Vec<String> {
        self.serve(&self.room().backfill(from, 5, asker).0)
    }

    /// Events as another server may see them.
    fn serve(&self, served: &[Served]) -> Vec<String> {
        let json = served.iter().filter_map(|served| {
            let json = self.store.pdu(&served.event)?;
            if served.visibility.is_visible() {
                return Some(json);
            }
            let json = Object::parse(json.as_bytes(), Mode::Lenient).unwrap();
            let redacted = redact(&json, self.room().rules()).to_canonical();
            Some(String::from_utf8(redacted).unwrap())
        });
        json.collect()
    }

    /// `/event`.
    pub(crate) fn event(&self, id: &EventId) -> Option<String> {
        self.store.pdu(id)
    }

    /// `/state`: what is before an event.
    pub(crate) fn state(&self, event: &EventId) -> Option<State> {
        let room = self.room();
        let state = room.state_before(event)?;
        let ids: Vec<EventId> = state.iter().map(|(_, event)| event.id.clone()).collect();
        let chain = room.auth_chain(ids.iter().chain([event]));
        let json = |ids: &[EventId]| ids.iter().filter_map(|id| self.store.pdu(id)).collect();
        Some(State {
            events: json(&ids),
            auth_chain: json(&chain),
        })
    }

    /// Takes another server's word for the state before an event that waits.
    pub(crate) fn believe(
        &mut self,
        event: &EventId,
        state: &State,
        now: Timestamp,
    ) -> Result<bool, Killed> {
        let claim = claim(state, Members::Complete);
        let room = self.room.as_mut().unwrap();
        let Ok(notices) = room.claim(event, &claim, &self.keys, now) else {
            return Ok(false);
        };
        self.keep(None, &settled(&notices), &[])?;
        Ok(true)
    }

    /// `/make_join` and `/send_join`, at the server in the room. The join goes out to all others.
    pub(crate) fn let_in(
        &mut self,
        joining: &mut Self,
        user: &UserId,
        members: Members,
        now: Timestamp,
    ) -> Result<(), Killed> {
        let room = self.room();
        let template = room
            .make_template(Handshake::Join, user, None, &self.name, now)
            .unwrap();
        let expected = Expected {
            handshake: Handshake::Join,
            room_id: room.id(),
            user,
            resident: &self.name,
        };
        let (setup, limits) = (Setup::default(), Limits::default());
        let template = template.to_canonical();
        let template = Template::parse(&template, &expected, &setup.versions, &limits).unwrap();
        let join = template
            .build(Object::new(), joining.signer(), now, &limits)
            .unwrap();
        let submission = Submission {
            room_id: room.id(),
            event_id: Some(join.id()),
            origin: &joining.name,
        };
        submission
            .check(join.pdu(), Handshake::Join, room.rules())
            .unwrap();

        let received = self.receive(join.json().as_bytes(), now);
        assert!(matches!(received.receipt, Receipt::Accepted(_)));
        let others = self.others.clone();
        self.act(&received, &others)?;
        let mut state = self.state(join.id()).unwrap();
        let full = state.events.clone();
        if members == Members::Omitted {
            state
                .events
                .retain(|json| !json.contains("\"m.room.member\""));
        }
        let claim = claim(&state, members);
        let bytes = join.json().as_bytes();
        let (room, notices) = Room::join(bytes, &claim, &setup, &joining.keys, now).unwrap();
        joining.room = Some(room);
        joining.keep(None, &settled(&notices), &[])?;
        // A room that is so young that all of it came along needs nobody's word.
        let before = joining.room().state_before(join.id()).unwrap();
        if before.quality() == Quality::Partial {
            state.events = full;
            assert!(joining.believe(join.id(), &state, now)?);
        }
        Ok(())
    }
}

fn settled(notices: &[Notice]) -> Vec<Admitted> {
    let admitted = notices.iter().filter_map(|notice| match notice {
        Notice::Settled { receipt, .. } => receipt.admitted().cloned(),
        Notice::Outlier(event) => Some(event.clone()),
        Notice::Revised { .. } | Notice::Evicted { .. } => None,
    });
    admitted.collect()
}

fn claim(state: &State, members: Members) -> Claim<'_> {
    Claim {
        events: state.events.iter().map(String::as_bytes).collect(),
        ids: Vec::new(),
        auth_chain: state.auth_chain.iter().map(String::as_bytes).collect(),
        members,
    }
}
