//! Rooms as they come over federation: signed events on branches, some of them not allowed, some
//! altered, some never delivered; and what a host does with them.

use roomdag::auth;
use roomdag::crypto::{self, KeyRing};
use roomdag::event::{EventRef, HashCheck, PrevEvents};
use roomdag::id::{EventId, ServerName, UserId};
use roomdag::json::{Mode, Object, Value};
use roomdag::limits::Limits;
use roomdag::pdu::Pdu;
use roomdag::room::{Assembled, Cited, Claim, Draft, Founding, Members, Place, Room, Setup};
use roomdag::room::{assemble, create_event, next_depth};
use roomdag::testing::Random;
use roomdag::version::{EventIdFormat, RoomIdFormat, RoomVersionRules};

use crate::room::draft::{Home, NOW, object, ring, room_id, stable, user};

const USERS: [&str; 5] = [
    "@alice:ours.example",
    "@bob:theirs.example",
    "@carol:third.example",
    "@dave:theirs.example",
    "@erin:third.example",
];

/// Something that happens to a room.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Receive(Vec<u8>),
    /// The same with the numbers of citations unlimited.
    Backfilled(Vec<u8>),
    /// The keys of all servers are known from now on.
    Resume,
    SoftFail(EventId),
    Readmit(EventId),
    /// The state before an event that waits: its events, and their auth chains.
    Claim(EventId, Vec<Vec<u8>>, Vec<Vec<u8>>, Members),
}

/// A room's create event, and what happens after it.
pub(super) struct Scenario {
    pub(super) create: Vec<u8>,
    pub(super) steps: Vec<Step>,
    pub(super) keys: KeyRing,
    /// Without those of one server.
    pub(super) few_keys: KeyRing,
    pub(super) setup: Setup,
}

fn homes() -> [Home; 3] {
    [
        Home::new("ours.example", 1),
        Home::new("theirs.example", 2),
        Home::new("third.example", 3),
    ]
}

/// Writes events; has all of them.
struct Author {
    rules: RoomVersionRules,
    random: Random,
    homes: [Home; 3],
    room: Room,
    keys: KeyRing,
    events: Vec<(EventId, Vec<u8>)>,
    clock: i64,
}

impl Author {
    fn new(seed: u64, rules: &RoomVersionRules) -> Self {
        let homes = homes();
        let keys = ring(&homes.iter().collect::<Vec<_>>());
        let founding = Founding {
            creator: user(USERS[0]),
            room_id: (rules.room_id == RoomIdFormat::WithServer).then(|| room_id(rules)),
            content: Object::new(),
            event_id: (rules.event_id == EventIdFormat::Field)
                .then(|| EventId::parse("$create:ours.example").unwrap()),
            origin_server_ts: NOW,
        };
        let create = create_event(founding, homes[0].signer(), rules, &Limits::default()).unwrap();
        let bytes = create.json().as_bytes().to_vec();
        let (room, _) = Room::open(&bytes, &Setup::default(), &keys, NOW).unwrap();
        Self {
            rules: *rules,
            random: Random::new(seed),
            homes,
            room,
            keys,
            events: vec![(create.id().clone(), bytes)],
            clock: 1,
        }
    }

    fn bytes(&self, id: &EventId) -> Vec<u8> {
        let mut events = self.events.iter();
        events.find(|(known, _)| known == id).unwrap().1.clone()
    }

    fn cite(&self, id: &EventId) -> Cited {
        let json = Object::parse(&self.bytes(id), Mode::Lenient).unwrap();
        Cited::with_hash(id.clone(), &crypto::reference_hash(&json, &self.rules))
    }

    fn send(&mut self, draft: Draft, sender: &UserId, prev: &[EventId]) -> Option<EventId> {
        let state = self.room.state_at(prev).ok()?.state;
        let dag = self.room.dag();
        let depths = prev
            .iter()
            .filter_map(|id| Some(dag.event(dag.node(id)?)?.depth));
        let depth = next_depth(depths, &self.rules);
        let id = (self.rules.event_id == EventIdFormat::Field).then(|| {
            let name = format!("${}:{}", self.events.len(), sender.server_name());
            EventId::parse(&name).unwrap()
        });
        let draft = match id {
            Some(id) => draft.with_event_id(id),
            None => draft,
        };
        self.clock += 1;
        let place = |auth_events| Place {
            room_id: self.room.id().clone(),
            prev_events: prev.iter().map(|id| self.cite(id)).collect(),
            auth_events,
            depth,
            origin_server_ts: crypto::Timestamp::from_millis(NOW.millis() + self.clock),
        };
        let mut homes = self.homes.iter();
        let home = homes.find(|home| home.server.as_str() == sender.server_name())?;
        let make = |auth_events| -> Assembled {
            let (limits, rules) = (Limits::default(), &self.rules);
            assemble(
                draft.clone(),
                &place(auth_events),
                home.signer(),
                rules,
                &limits,
            )
            .unwrap()
        };
        let trial = make(Vec::new());
        let event = crypto::unverified(trial.pdu().clone(), &self.rules);
        let parts: EventRef<'_> = event.as_ref();
        assert_ne!(parts.prev_events, PrevEvents::None);
        let selection = auth::selection(&parts, &self.rules);
        let cited = selection.iter().filter_map(|(event_type, state_key)| {
            let key = dag.keys().lookup(event_type, state_key)?;
            dag.id(state.get(key)?)
        });
        let event = make(cited.map(|id| self.cite(id)).collect());
        let bytes = event.json().as_bytes().to_vec();
        let receipt = self.room.receive(&bytes, &self.keys, NOW).receipt;
        let id = receipt.event()?.clone();
        self.events.push((id.clone(), bytes));
        Some(id)
    }

    /// An event of some kind by somebody, after some events.
    fn step(&mut self) {
        let accepted: Vec<EventId> = self.room.extremities();
        let prev = match self.random.below(10) {
            0..=6 => accepted.into_iter().take(4).collect(),
            7 => {
                let (at, other) = (self.recent(12), self.recent(12));
                let mut prev = vec![at];
                if !prev.contains(&other) {
                    prev.push(other);
                }
                prev
            }
            _ => vec![self.recent(6)],
        };
        let sender = user(USERS[self.random.below(USERS.len())]);
        let other = USERS[self.random.below(USERS.len())];
        let member = |of: &str, membership: &str| {
            let content = object(&format!(r#"{{"membership":"{membership}"}}"#));
            Draft::state(sender.clone(), "m.room.member", of, content)
        };
        let draft = match self.random.below(24) {
            0..=4 => member(sender.as_str(), "join"),
            5 => member(sender.as_str(), "leave"),
            6 => member(other, "ban"),
            7 => member(other, "leave"),
            8 => member(other, "invite"),
            9 | 10 => {
                let levels = self.levels();
                Draft::state(sender.clone(), "m.room.power_levels", "", object(&levels))
            }
            11 => {
                let rule = ["public", "invite", "knock", "public"][self.random.below(4)];
                let content = object(&format!(r#"{{"join_rule":"{rule}"}}"#));
                Draft::state(sender.clone(), "m.room.join_rules", "", content)
            }
            12 => {
                let seen = ["shared", "invited", "joined"][self.random.below(3)];
                let content = object(&format!(r#"{{"history_visibility":"{seen}"}}"#));
                Draft::state(sender.clone(), "m.room.history_visibility", "", content)
            }
            13 | 14 => Draft::redaction(sender.clone(), self.recent(8), Object::new()),
            15..=17 => {
                let topic = object(&format!(r#"{{"topic":"{}"}}"#, self.clock));
                Draft::state(sender.clone(), "m.room.topic", "", topic)
            }
            18 if self.random.chance(15) => {
                let key = self.homes[2].key.verify_key().to_base64();
                let via = r#""via":"third.example""#;
                let content = format!(r#"{{{via},"public_keys":{{"ed25519":"{key}"}}}}"#);
                Draft::state(sender.clone(), "m.room.policy", "", object(&content))
            }
            _ => {
                let body = object(&format!(r#"{{"body":"{}"}}"#, self.clock));
                Draft::message(sender.clone(), "m.room.message", body)
            }
        };
        self.send(draft, &sender, &prev);
    }

    fn recent(&mut self, many: usize) -> EventId {
        let from = self.events.len().saturating_sub(many);
        let at = from + self.random.below(self.events.len() - from);
        self.events[at].0.clone()
    }

    fn levels(&mut self) -> String {
        let skip = usize::from(self.rules.room_id == RoomIdFormat::CreateHash);
        let users: Vec<String> = USERS
            .iter()
            .skip(skip)
            .map(|user| {
                let level = if *user == USERS[0] {
                    100
                } else {
                    [0, 50, 50, 75][self.random.below(4)]
                };
                format!(r#""{user}":{level}"#)
            })
            .collect();
        format!(r#"{{"users":{{{}}},"state_default":25}}"#, users.join(","))
    }
}

impl Scenario {
    pub(super) fn random(seed: u64, size: usize, rules: &RoomVersionRules) -> Self {
        let mut author = Author::new(seed, rules);
        let alice = user(USERS[0]);
        let join = object(r#"{"membership":"join"}"#);
        let join = Draft::state(alice.clone(), "m.room.member", alice.as_str(), join);
        let create = author.events[0].0.clone();
        let mut tip = author.send(join, &alice, &[create]).unwrap();
        let levels = author.levels();
        for (event_type, content) in [
            ("m.room.power_levels", levels.as_str()),
            ("m.room.join_rules", r#"{"join_rule":"public"}"#),
        ] {
            let draft = Draft::state(alice.clone(), event_type, "", object(content));
            tip = author.send(draft, &alice, &[tip]).unwrap();
        }
        for name in USERS.iter().skip(1) {
            let (draft, sender) = (object(r#"{"membership":"join"}"#), user(name));
            let draft = Draft::state(sender.clone(), "m.room.member", *name, draft);
            tip = author.send(draft, &sender, &[tip]).unwrap();
        }
        for _ in 0..size {
            author.step();
        }
        let steps = delivered(&mut author);
        let all = homes();
        Self {
            create: author.events[0].1.clone(),
            steps,
            keys: author.keys,
            few_keys: ring(&[&all[0], &all[1]]),
            setup: Setup::default(),
        }
    }

    pub(super) fn open(&self) -> Room {
        Room::open(&self.create, &self.setup, &self.keys, NOW)
            .unwrap()
            .0
    }

    /// Lets something happen, and says what came of it.
    pub(super) fn happen(&self, room: &mut Room, step: &Step, keys: &mut KeyRing) -> String {
        match step {
            Step::Receive(bytes) => format!("{:?}", room.receive(bytes, keys, NOW)),
            Step::Backfilled(bytes) => format!("{:?}", room.receive_backfilled(bytes, keys, NOW)),
            Step::Resume => {
                keys.clone_from(&self.keys);
                format!("{:?}", room.resume(keys, NOW))
            }
            Step::SoftFail(event) => format!("{:?}", room.soft_fail(event)),
            Step::Readmit(event) => format!("{:?}", room.readmit(event)),
            Step::Claim(event, state, chain, members) => {
                let claim = Claim {
                    events: state.iter().map(Vec::as_slice).collect(),
                    ids: Vec::new(),
                    auth_chain: chain.iter().map(Vec::as_slice).collect(),
                    members: *members,
                };
                format!("{:?}", room.claim(event, &claim, keys, NOW))
            }
        }
    }
}

/// The events as they reach a server: near enough in order, with gaps that close late or never,
/// with altered copies, and with what a host does about it.
fn delivered(author: &mut Author) -> Vec<Step> {
    let mut steps = Vec::new();
    let events = author.events.clone();
    let mut late = Vec::new();
    let resumes = author.random.below(events.len());
    for (at, (id, bytes)) in events.iter().enumerate().skip(1) {
        if at == resumes {
            steps.push(Step::Resume);
        }
        match author.random.below(40) {
            0 if at > 4 => continue,
            1..=4 if at > 4 => late.push(Step::Receive(bytes.clone())),
            5 | 6 => {
                steps.push(Step::Receive(altered(bytes)));
                late.push(Step::Receive(bytes.clone()));
            }
            7 => steps.push(Step::Backfilled(bytes.clone())),
            _ => steps.push(Step::Receive(bytes.clone())),
        }
        if author.random.chance(6) {
            steps.extend(claim(author, id));
        }
        match author.random.below(60) {
            0 => steps.push(Step::SoftFail(id.clone())),
            1 => steps.push(Step::Readmit(author.recent(events.len()))),
            2 => steps.push(Step::Receive(bytes.clone())),
            _ => {}
        }
        if author.random.chance(15) && !late.is_empty() {
            let which = author.random.below(late.len());
            steps.push(late.swap_remove(which));
        }
    }
    steps.extend(late);
    steps.push(Step::Resume);
    steps
}

fn claim(author: &mut Author, id: &EventId) -> Option<Step> {
    let before = author.room.state_before(id)?;
    let members = if author.random.chance(30) {
        Members::Omitted
    } else {
        Members::Complete
    };
    let is_claimed =
        |event_type: &str| members == Members::Complete || event_type != "m.room.member";
    let entries = before.iter().filter(|((t, _), _)| is_claimed(t));
    let state: Vec<EventId> = entries.map(|(_, event)| event.id.clone()).collect();
    let mut roots = state.clone();
    roots.push(id.clone());
    let chain = author.room.auth_chain(&roots);
    let bytes = |ids: &[EventId]| ids.iter().map(|id| author.bytes(id)).collect();
    Some(Step::Claim(
        id.clone(),
        bytes(&state),
        bytes(&chain),
        members,
    ))
}

/// A copy with other content of no consequence, so that its hash is wrong and its signatures hold.
fn altered(bytes: &[u8]) -> Vec<u8> {
    let mut json = Object::parse(bytes, Mode::Lenient).unwrap();
    let mut content = match json.get("content") {
        Some(Value::Object(content)) => content.clone(),
        _ => Object::new(),
    };
    content.insert("altered", "yes");
    json.insert("content", content);
    json.to_canonical()
}

/// What a room says when it is asked everything.
pub(super) fn answers(room: &Room) -> Vec<String> {
    let dag = room.dag();
    let mut ids: Vec<EventId> = dag
        .events()
        .filter_map(|node| dag.id(node).cloned())
        .collect();
    let arrivals = format!("{ids:?}");
    ids.sort();
    let server = ServerName::parse("third.example").unwrap();
    let mut lines: Vec<String> = ids
        .iter()
        .map(|id| {
            let digest = |state: Option<roomdag::room::RoomState<'_>>| {
                state.map(|state| (state.digest(), state.quality(), state.len()))
            };
            format!(
                "{id} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
                room.standing(id),
                room.verdict(id),
                digest(room.state_before(id)),
                digest(room.state_after(id)),
                room.redaction(id),
                room.redactions_of(id).collect::<Vec<_>>(),
                room.is_visible_to_server(id, &server),
                dag.provenance(dag.node(id).unwrap()),
                room.gap(id),
            )
        })
        .collect();
    let extremities = room.extremities();
    lines.push(arrivals);
    lines.push(format!(
        "{:?}",
        room.current_state().map(|state| state.digest())
    ));
    lines.push(format!("{extremities:?} {:?}", room.backward_extremities()));
    lines.push(format!("{:?}", room.waiting().collect::<Vec<_>>()));
    lines.push(format!("{:?}", room.auth_chain(&ids)));
    lines.push(format!(
        "{:?}",
        room.missing_events(&extremities, &[], 0, 50, &server)
    ));
    lines.push(format!("{:?}", room.backfill(&extremities, 50, &server)));
    lines.push(format!(
        "{:?} {}",
        room.policy_server(),
        room.has_joined("third.example")
    ));
    lines
}

pub(super) fn versions() -> Vec<RoomVersionRules> {
    stable()
}

/// The id of a PDU.
pub(super) fn id_of(bytes: &[u8], rules: &RoomVersionRules) -> EventId {
    let pdu = Pdu::parse(bytes, rules, &Limits::default()).unwrap();
    crypto::event_id(&pdu, rules)
}

/// Whether a PDU is what its sender wrote.
pub(super) fn is_intact(bytes: &[u8], rules: &RoomVersionRules) -> bool {
    let pdu = Pdu::parse(bytes, rules, &Limits::default()).unwrap();
    crypto::unverified(pdu, rules).provenance().content_hash == HashCheck::Ok
}

/// The steps to a room in which a redaction came altered and then intact; and its target.
pub(super) fn altered_redaction(rules: &RoomVersionRules) -> (Scenario, EventId) {
    let mut author = Author::new(0, rules);
    let alice = user(USERS[0]);
    let join = object(r#"{"membership":"join"}"#);
    let join = Draft::state(alice.clone(), "m.room.member", alice.as_str(), join);
    let create = author.events[0].0.clone();
    let join = author.send(join, &alice, &[create]).unwrap();
    let message = Draft::message(alice.clone(), "m.room.message", Object::new());
    let target = author.send(message, &alice, &[join]).unwrap();
    let redaction = Draft::redaction(alice.clone(), target.clone(), Object::new());
    let redaction = author
        .send(redaction, &alice, std::slice::from_ref(&target))
        .unwrap();
    let bytes: Vec<Vec<u8>> = author
        .events
        .iter()
        .map(|(_, bytes)| bytes.clone())
        .collect();
    let last = author.bytes(&redaction);
    let mut steps: Vec<Step> = bytes[1..3].iter().cloned().map(Step::Receive).collect();
    steps.extend([Step::Receive(altered(&last)), Step::Receive(last)]);
    let scenario = Scenario {
        create: bytes[0].clone(),
        steps,
        few_keys: author.keys.clone(),
        keys: author.keys,
        setup: Setup::default(),
    };
    (scenario, target)
}
