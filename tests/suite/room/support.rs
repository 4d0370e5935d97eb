//! Servers, and a scribe who writes events for them: honest ones, and whatever else is asked for.

use std::collections::BTreeMap;

use roomdag::crypto::{self, KeyRing, Timestamp};
use roomdag::id::{EventId, RoomId};
use roomdag::json::{Mode, Object, Value};
use roomdag::limits::Limits;
use roomdag::pdu::Pdu;
use roomdag::room::{
    Assembled, Cited, Claim, ClaimError, Draft, Founding, Missing, Notice, Place, Receipt,
    Received, Room, RoomState, Setup, Standing, assemble, create_event, next_depth,
};
use roomdag::version::{CreateReference, CreatorRule, RoomIdFormat, RoomVersionRules};

use crate::room::draft::{Home, NOW, object, ring, room_id, user};

pub(super) const ALICE: &str = "@alice:ours.example";
pub(super) const BOB: &str = "@bob:theirs.example";
pub(super) const EVE: &str = "@eve:evil.example";

pub(super) const CREATE: &str = "m.room.create";
pub(super) const JOIN_RULES: &str = "m.room.join_rules";
pub(super) const LEVELS: &str = "m.room.power_levels";
pub(super) const MEMBER: &str = "m.room.member";
pub(super) const TOPIC: &str = "m.room.topic";

/// The server of a user.
pub(super) fn home(of: &str) -> Home {
    let server = of.split_once(':').expect(of).1;
    let seed = match server {
        "ours.example" => 1,
        "theirs.example" => 2,
        "evil.example" => 3,
        _ => 4,
    };
    Home::new(server, seed)
}

/// The keys of all servers.
pub(super) fn all_keys() -> KeyRing {
    let homes = ["ours", "theirs", "evil", "other", "policy"]
        .map(|name| home(&format!("@u:{name}.example")));
    ring(&homes.iter().collect::<Vec<_>>())
}

/// Writes events, and knows the room that has all of them.
pub(super) struct Scribe {
    pub(super) rules: RoomVersionRules,
    pub(super) keys: KeyRing,
    pub(super) room: Room,
    pub(super) events: BTreeMap<EventId, Assembled>,
    /// In the order in which they were written.
    pub(super) order: Vec<EventId>,
    /// Events with further signatures, or under names of a test's own: their bytes.
    pub(super) signed: BTreeMap<EventId, Vec<u8>>,
    ticks: i64,
}

/// What the power levels say unless a test has others. In room versions where the creator is above
/// them, they do not name her.
pub(super) fn levels(rules: &RoomVersionRules, more: &str) -> Object {
    let users = match rules.auth.creator {
        CreatorRule::SenderAndAdditional => format!(r#"{{"{BOB}":50}}"#),
        CreatorRule::Content | CreatorRule::Sender => format!(r#"{{"{ALICE}":100,"{BOB}":50}}"#),
    };
    let mut levels = object(&format!(
        r#"{{"ban":50,"events":{{}},"events_default":0,"invite":0,"kick":50,"redact":50,
            "state_default":50,"users":{users},"users_default":0}}"#
    ));
    for (key, value) in &object(more) {
        levels.insert(key, value.clone());
    }
    levels
}

impl Scribe {
    /// A public room of Alice's, in which Bob and Eve are.
    pub(super) fn new(rules: &RoomVersionRules) -> Self {
        Self::founded(rules, "{}").populated()
    }

    fn populated(self) -> Self {
        let rules = self.rules;
        let mut scribe = self;
        scribe.put(ALICE, MEMBER, ALICE, r#"{"membership":"join"}"#);
        let levels = levels(&rules, "{}");
        scribe.put_object(ALICE, LEVELS, "", &levels);
        scribe.put(ALICE, JOIN_RULES, "", r#"{"join_rule":"public"}"#);
        scribe.put(BOB, MEMBER, BOB, r#"{"membership":"join"}"#);
        scribe.put(EVE, MEMBER, EVE, r#"{"membership":"join"}"#);
        scribe
    }

    /// A room of which there is the create event.
    pub(super) fn founded(rules: &RoomVersionRules, content: &str) -> Self {
        Self::founded_within(rules, content, Limits::default())
    }

    pub(super) fn founded_within(rules: &RoomVersionRules, content: &str, limits: Limits) -> Self {
        Self::founded_as(room_id(rules), rules, content, limits)
    }

    /// Another public room, with all that [`new`](Self::new) has.
    pub(super) fn elsewhere(rules: &RoomVersionRules) -> Self {
        let id = RoomId::parse("!elsewhere:ours.example").unwrap();
        let scribe = Self::founded_as(id, rules, r#"{"elsewhere":true}"#, Limits::default());
        scribe.populated()
    }

    fn founded_as(id: RoomId, rules: &RoomVersionRules, content: &str, limits: Limits) -> Self {
        let founding = Founding {
            creator: user(ALICE),
            room_id: (rules.room_id == RoomIdFormat::WithServer).then_some(id),
            content: object(content),
            event_id: None,
            origin_server_ts: NOW,
        };
        let create = create_event(founding, home(ALICE).signer(), rules, &Limits::default());
        let create = create.unwrap();
        let keys = all_keys();
        let setup = Setup {
            limits,
            ..Setup::default()
        };
        let (room, receipt) =
            Room::open(create.json().as_bytes(), &setup, &keys, NOW).expect("a room");
        assert!(matches!(receipt, Receipt::Accepted(_)));
        let id = create.id().clone();
        Self {
            rules: *rules,
            keys,
            room,
            events: BTreeMap::from([(id.clone(), create)]),
            order: vec![id],
            signed: BTreeMap::new(),
            ticks: 0,
        }
    }

    pub(super) fn create(&self) -> &EventId {
        &self.order[0]
    }

    /// A time at which nothing has happened yet.
    pub(super) fn tick(&mut self) -> Timestamp {
        self.ticks += 1;
        Timestamp::from_millis(NOW.millis() + self.ticks)
    }

    pub(super) fn bytes(&self, id: &EventId) -> &[u8] {
        match self.signed.get(id) {
            Some(bytes) => bytes,
            None => self.events[id].json().as_bytes(),
        }
    }

    /// Gives bytes to the scribe's own room.
    pub(super) fn give_own(&mut self, bytes: &[u8]) -> Receipt {
        self.room.receive(bytes, &self.keys, NOW).receipt
    }

    /// Whether a copy passes check 2.
    pub(super) fn is_signed(&self, bytes: &[u8]) -> bool {
        let limits = Limits::default();
        let pdu = Pdu::parse(bytes, &self.rules, &limits).unwrap();
        crypto::verify(pdu, &self.rules, &self.keys, NOW, &limits).is_ok()
    }

    pub(super) fn pdu(&self, id: &EventId) -> &Pdu {
        self.events[id].pdu()
    }

    pub(super) fn cite(&self, id: &EventId) -> Cited {
        match self.events.get(id) {
            Some(event) => {
                let hash = crypto::reference_hash(&event.json().to_object(), &self.rules);
                Cited::with_hash(id.clone(), &hash)
            }
            None => crate::room::draft::cited(id.as_str()),
        }
    }

    /// The state event that holds a key after some events, as the scribe's room sees it.
    pub(super) fn holder(&self, prev: &[EventId], event_type: &str, key: &str) -> Option<EventId> {
        let state = self.room.state_at(prev).unwrap().state;
        let key = self.room.dag().keys().lookup(event_type, key)?;
        Some(self.room.dag().id(state.get(key)?)?.clone())
    }

    /// What auth events selection names, from the state after `prev`. By hand: the tests hold the
    /// library's selection against it.
    pub(super) fn auth(&self, draft: &Told<'_>, prev: &[EventId]) -> Vec<EventId> {
        let mut keys = Vec::new();
        if self.rules.auth.create_reference == CreateReference::Required {
            keys.push((CREATE, ""));
        }
        keys.extend([(LEVELS, ""), (MEMBER, draft.sender)]);
        let content = object(draft.content);
        let text = |key: &str| content.get(key).and_then(Value::as_str);
        if draft.event_type == MEMBER {
            let target = draft.state_key.unwrap();
            if target != draft.sender {
                keys.push((MEMBER, target));
            }
            if matches!(text("membership"), Some("join" | "invite" | "knock")) {
                keys.push((JOIN_RULES, ""));
            }
            if let Some(authoriser) = text("join_authorised_via_users_server")
                && authoriser != draft.sender
            {
                keys.push((MEMBER, authoriser));
            }
        }
        let mut found = Vec::new();
        for (event_type, key) in keys {
            found.extend(self.holder(prev, event_type, key));
        }
        found
    }

    /// An event at any place, by any permission. The scribe's room does not hear of it.
    pub(super) fn craft(
        &mut self,
        told: &Told<'_>,
        prev: &[EventId],
        auth: &[EventId],
    ) -> Assembled {
        let depths = prev
            .iter()
            .filter_map(|id| Some(self.events.get(id)?.pdu().depth()));
        let place = Place {
            room_id: self.room.id().clone(),
            prev_events: prev.iter().map(|id| self.cite(id)).collect(),
            auth_events: auth.iter().map(|id| self.cite(id)).collect(),
            depth: next_depth(depths, &self.rules),
            origin_server_ts: self.tick(),
        };
        let signer = home(told.sender);
        assemble(
            told.draft(),
            &place,
            signer.signer(),
            &self.rules,
            &Limits::default(),
        )
        .unwrap()
    }

    /// Writes an event after `prev`, with the auth events that belong there, and hands it to the
    /// scribe's room, whatever that says.
    pub(super) fn write(&mut self, told: &Told<'_>, prev: &[EventId]) -> EventId {
        let auth = self.auth(told, prev);
        self.write_citing(told, prev, &auth)
    }

    pub(super) fn write_citing(
        &mut self,
        told: &Told<'_>,
        prev: &[EventId],
        auth: &[EventId],
    ) -> EventId {
        let event = self.craft(told, prev, auth);
        self.keep(event)
    }

    /// Hands an event to the scribe's room and remembers it.
    pub(super) fn keep(&mut self, event: Assembled) -> EventId {
        let id = event.id().clone();
        let received = self.room.receive(event.json().as_bytes(), &self.keys, NOW);
        assert!(received.receipt.admitted().is_some(), "{received:?}");
        self.events.insert(id.clone(), event);
        self.order.push(id.clone());
        id
    }

    /// A state event after all that there is, which is accepted.
    pub(super) fn put(
        &mut self,
        sender: &str,
        event_type: &str,
        key: &str,
        content: &str,
    ) -> EventId {
        let prev = self.room.extremities();
        let told = Told::state(sender, event_type, key, content);
        let id = self.write(&told, &prev);
        assert_eq!(
            self.room.standing(&id),
            Some(Standing::Accepted),
            "{told:?}"
        );
        id
    }

    pub(super) fn put_object(
        &mut self,
        sender: &str,
        event_type: &str,
        key: &str,
        content: &Object,
    ) -> EventId {
        let text = String::from_utf8(content.to_canonical()).unwrap();
        self.put(sender, event_type, key, &text)
    }

    /// A message after all that there is, which is accepted.
    pub(super) fn say(&mut self, sender: &str) -> EventId {
        let prev = self.room.extremities();
        let id = self.say_at(sender, &prev);
        assert_eq!(self.room.standing(&id), Some(Standing::Accepted));
        id
    }

    pub(super) fn say_at(&mut self, sender: &str, prev: &[EventId]) -> EventId {
        self.write(&Told::message(sender), prev)
    }

    /// A room that has the create event.
    pub(super) fn open(&self) -> Room {
        self.open_within(Limits::default())
    }

    pub(super) fn open_within(&self, limits: Limits) -> Room {
        let setup = self.setup(limits);
        let create = self.bytes(self.create());
        Room::open(create, &setup, &self.keys, NOW).unwrap().0
    }

    pub(super) fn setup(&self, limits: Limits) -> Setup {
        Setup {
            room_version: Some(self.rules.id.to_owned()),
            limits,
            ..Setup::default()
        }
    }

    /// A room that has all that was written, in that order.
    pub(super) fn copy(&self) -> Room {
        let mut room = self.open();
        for id in &self.order[1..] {
            let _ = self.feed(&mut room, id);
        }
        room
    }

    /// A room that has all that was written before an event.
    pub(super) fn open_known(&self, end: &EventId) -> Room {
        let mut room = self.open();
        let known = self.order[1..].iter().take_while(|id| *id != end);
        self.feed_all(&mut room, known);
        room
    }

    pub(super) fn feed(&self, room: &mut Room, id: &EventId) -> Received {
        room.receive(self.bytes(id), &self.keys, NOW)
    }

    pub(super) fn feed_all<'a>(
        &self,
        room: &mut Room,
        ids: impl IntoIterator<Item = &'a EventId>,
    ) -> Vec<Notice> {
        let received = ids.into_iter().map(|id| self.feed(room, id));
        received.flat_map(|received| received.notices).collect()
    }

    pub(super) fn give(&self, room: &mut Room, bytes: &[u8]) -> Receipt {
        room.receive(bytes, &self.keys, NOW).receipt
    }

    /// The state before an event and its auth chain, as an honest server claims them.
    pub(super) fn claim_before(&self, id: &EventId) -> Claim<'_> {
        let state = self.room.state_before(id).unwrap();
        let entries: Vec<EventId> = state.iter().map(|(_, event)| event.id.clone()).collect();
        self.claim_of(&entries)
    }

    /// A claim of these events, with the chain that they rest on.
    pub(super) fn claim_of(&self, entries: &[EventId]) -> Claim<'_> {
        let chain = self.room.auth_chain(entries.iter());
        let chain = chain.iter().filter(|id| !entries.contains(id));
        Claim {
            events: entries.iter().map(|id| self.bytes(id)).collect(),
            auth_chain: chain.map(|id| self.bytes(id)).collect(),
            ..Claim::default()
        }
    }

    pub(super) fn take(
        &self,
        room: &mut Room,
        event: &EventId,
        claim: &Claim<'_>,
    ) -> Result<Vec<Notice>, ClaimError> {
        room.claim(event, claim, &self.keys, NOW)
    }
}

/// An event to be written.
#[derive(Clone, Debug)]
pub(super) struct Told<'a> {
    pub(super) sender: &'a str,
    pub(super) event_type: &'a str,
    pub(super) state_key: Option<&'a str>,
    pub(super) content: &'a str,
    pub(super) redacts: Option<EventId>,
    pub(super) event_id: Option<EventId>,
}

impl<'a> Told<'a> {
    pub(super) fn message(sender: &'a str) -> Self {
        Self {
            sender,
            event_type: "m.room.message",
            state_key: None,
            content: r#"{"body":"hello"}"#,
            redacts: None,
            event_id: None,
        }
    }

    pub(super) fn state(
        sender: &'a str,
        event_type: &'a str,
        key: &'a str,
        content: &'a str,
    ) -> Self {
        Self {
            event_type,
            state_key: Some(key),
            content,
            ..Self::message(sender)
        }
    }

    pub(super) fn redaction(sender: &'a str, target: &EventId) -> Self {
        Self {
            event_type: "m.room.redaction",
            content: "{}",
            redacts: Some(target.clone()),
            ..Self::message(sender)
        }
    }

    pub(super) fn draft(&self) -> Draft {
        let (sender, content) = (user(self.sender), object(self.content));
        let draft = match (&self.redacts, self.state_key) {
            (Some(target), _) => Draft::redaction(sender, target.clone(), content),
            (None, Some(key)) => Draft::state(sender, self.event_type, key, content),
            (None, None) => Draft::message(sender, self.event_type, content),
        };
        match &self.event_id {
            Some(id) => draft.with_event_id(id.clone()),
            None => draft,
        }
    }
}

/// A list of one event.
pub(super) fn only(id: &EventId) -> &[EventId] {
    std::slice::from_ref(id)
}

/// The JSON of an event, changed.
pub(super) fn changed(bytes: &[u8], change: impl FnOnce(&mut Object)) -> Vec<u8> {
    let mut json = Object::parse(bytes, Mode::Lenient).unwrap();
    change(&mut json);
    json.to_canonical()
}

/// A copy whose content was altered on the way, in what redaction removes: id and signatures stay
/// right, the content hash does not.
pub(super) fn altered(bytes: &[u8]) -> Vec<u8> {
    changed(bytes, |json| {
        let content = json.get_mut("content").and_then(Value::as_object_mut);
        content.unwrap().insert("altered", true);
    })
}

/// What a state holds: type, state key and event, sorted.
pub(super) fn entries(state: &RoomState<'_>) -> Vec<(String, String, EventId)> {
    let entry = |((kind, key), event): ((&str, &str), roomdag::EventRef<'_>)| {
        (kind.to_owned(), key.to_owned(), event.id.clone())
    };
    let mut entries: Vec<_> = state.iter().map(entry).collect();
    entries.sort();
    entries
}

/// What a host can see of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Observed {
    events: BTreeMap<EventId, (String, Option<String>, Option<String>)>,
    current: String,
    extremities: Vec<EventId>,
    backward: Vec<EventId>,
    waiting: Vec<Missing>,
    missing: Vec<EventId>,
}

impl Observed {
    /// The states around each event.
    pub(super) fn states(&self) -> BTreeMap<EventId, (Option<String>, Option<String>)> {
        let states = self.events.iter();
        let states =
            states.map(|(id, (_, before, after))| (id.clone(), (before.clone(), after.clone())));
        states.collect()
    }

    /// Leaves out what the verdict on an event says.
    pub(super) fn forget_verdict(&mut self, id: &EventId) {
        if let Some((verdict, ..)) = self.events.get_mut(id) {
            verdict.clear();
        }
    }
}

/// Everything that can be seen of a room.
pub(super) fn observed(room: &Room) -> Observed {
    let state = |state: Option<RoomState<'_>>| {
        state.map(|state| format!("{:?} {:?}", state.quality(), state.digest()))
    };
    let dag = room.dag();
    let ids = dag.events().map(|node| dag.id(node).unwrap());
    let of = |id: &EventId| {
        let verdict = format!("{:?} {:?}", room.standing(id), room.verdict(id));
        (
            verdict,
            state(room.state_before(id)),
            state(room.state_after(id)),
        )
    };
    let mut missing: Vec<EventId> = dag.missing().cloned().collect();
    missing.sort();
    Observed {
        events: ids.map(|id| (id.clone(), of(id))).collect(),
        current: format!("{:?}", state(room.current_state().ok())),
        extremities: room.extremities(),
        backward: room.backward_extremities(),
        waiting: room.waiting().collect(),
        missing,
    }
}

/// The standings and states of a room's events: what does not depend on the order of arrival, so
/// long as nothing is soft-failed.
pub(super) fn settled(room: &Room) -> Observed {
    let mut observed = observed(room);
    observed.missing.clear();
    observed
}

#[track_caller]
pub(super) fn accepted(receipt: &Receipt) {
    assert!(matches!(receipt, Receipt::Accepted(_)), "{receipt:?}");
}

/// What an event waits for.
#[track_caller]
pub(super) fn waits(receipt: Receipt) -> Missing {
    match receipt {
        Receipt::Waiting(missing) => missing,
        other => panic!("{other:?}"),
    }
}
