//! A federation to be simulated: servers that hold one room over a bad network.
//!
//! Five servers, each with a [`Room`] and nothing else, send what their users
//! want, lose, repeat, delay and mix up what they send each other, are cut off from one another,
//! join late and with half a state, ask each other for what they miss, and have one among them
//! that lies. In the end everything has come to everybody. Then all of them must hold the same
//! room: the same verdict on each event, the same state before and after it, the same extremities,
//! the same current state; and it must be the room that [`Replay`](crate::replay::Replay) makes of
//! the same events. On the way, every call is held to what the room promises its host.
//!
//! | file        | what it does                                                        |
//! |-------------|---------------------------------------------------------------------|
//! | `server`    | a homeserver, and the invariants of every call                      |
//! | `wish`      | what users want                                                     |
//! | `wire`      | what becomes of a PDU on its way                                    |
//! | `joins`     | `/make_join`, `/send_join`, with full and with partial state        |
//! | `gaps`      | `/get_missing_events`, `/event`, `/state_ids`                       |
//! | `hostile`   | forged places, forks, altered copies, bad signatures, other rooms   |
//! | `agreement` | the end: healing, and the comparison                                |
//!
//! The same seed is the same story on every machine.

mod agreement;
mod gaps;
mod hostile;
mod joins;
mod server;
mod wire;
mod wish;

pub(in crate::testing) use self::hostile::permission;
pub(in crate::testing) use self::wish::Wish;

use std::collections::BTreeMap;

use crate::crypto::{Timestamp, Validity};
use crate::id::{EventId, RoomId, UserId};
use crate::json::Object;
use crate::limits::Limits;
use crate::pdu::content::Membership;
use crate::pdu::{JOIN_RULES, POWER_LEVELS};
use crate::room::{Founding, Room, SendError, Setup, create_event};
use crate::testing::Random;
use crate::testing::network::server::{Door, Server};
use crate::testing::network::wire::Wire;
use crate::version::{RoomIdFormat, RoomVersionRules};

/// What a step of the simulation comes to; what went wrong, if something did.
type Step<T = ()> = Result<T, String>;

/// A simulated room in which something went wrong, and how to see it again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "seed {seed}, room version {version}, at step {step}: {what}\nWhat happened:\n{}",
    story.join("\n")
)]
pub struct Divergence {
    /// The seed.
    pub seed: u64,
    /// The room version.
    pub version: &'static str,
    /// The number of the step.
    pub step: usize,
    /// What went wrong.
    pub what: String,
    /// What had happened in the room.
    pub story: Vec<String>,
}

/// What a simulated room was worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The events that there are.
    pub events: usize,
    /// Those that were rejected.
    pub rejected: usize,
    /// Those that were soft-failed by some server.
    pub soft_failed: usize,
    /// Those that the rules kept users from sending.
    pub forbidden: usize,
    /// The events that a hostile server made up.
    pub forged: usize,
    /// The gaps that were closed by asking another server.
    pub filled: usize,
    /// The states that were claimed and taken.
    pub claims: usize,
    /// Those of them that were lies.
    pub lies: usize,
    /// The joins over federation.
    pub joins: usize,
    /// Those of them with partial state.
    pub partial_joins: usize,
    /// The verdicts that were revised.
    pub revisions: usize,
    /// The replicas that were compared.
    pub replicas: usize,
    /// Whether one event came to be the only extremity everywhere.
    pub merged: usize,
}

impl Outcome {
    /// Adds what another room was worth.
    pub fn add(&mut self, other: &Self) {
        for (sum, more) in [
            (&mut self.events, other.events),
            (&mut self.rejected, other.rejected),
            (&mut self.soft_failed, other.soft_failed),
            (&mut self.forbidden, other.forbidden),
            (&mut self.forged, other.forged),
            (&mut self.filled, other.filled),
            (&mut self.claims, other.claims),
            (&mut self.lies, other.lies),
            (&mut self.joins, other.joins),
            (&mut self.partial_joins, other.partial_joins),
            (&mut self.revisions, other.revisions),
            (&mut self.replicas, other.replicas),
            (&mut self.merged, other.merged),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
}

/// What the network and the servers of a seed are like.
#[derive(Clone, Copy, Debug)]
struct Weather {
    /// Percent of PDUs that are lost.
    loss: usize,
    /// Percent that come twice.
    repeats: usize,
    /// The longest delay of a PDU, in steps.
    delay: usize,
    /// Percent of steps at which the network falls apart, or comes together.
    partitions: usize,
    /// Percent of gaps that are not filled at once.
    lazy: usize,
    /// Percent of steps at which the hostile server does something.
    hostile: usize,
    /// How many servers join late.
    late: usize,
}

/// A simulated room.
struct Simulation {
    random: Random,
    rules: RoomVersionRules,
    weather: Weather,
    servers: Vec<Server>,
    wire: Wire,
    /// Every event that was made, as its server made it.
    made: BTreeMap<EventId, Vec<u8>>,
    create: Vec<u8>,
    room_id: RoomId,
    steps: usize,
    outcome: Outcome,
    /// What happened, if somebody wants to know.
    story: Option<Vec<String>>,
}

/// The servers; the last one is the hostile one, if there is any.
const NAMES: [&str; 5] = [
    "a.example",
    "b.example",
    "c.example",
    "d.example",
    "evil.example",
];

/// The number of the hostile server.
const HOSTILE: usize = 4;

/// Simulates a room: the story of a seed, in a room version.
///
/// # Errors
///
/// [`Divergence`]: two servers hold different rooms, or a room broke a promise.
pub fn simulate(seed: u64, rules: &RoomVersionRules) -> Result<Outcome, Box<Divergence>> {
    let failed = match Simulation::run(seed, rules, None) {
        Ok(simulation) => return Ok(simulation.outcome),
        Err((_, what)) => what,
    };
    // Once more, and this time somebody takes notes.
    let (step, story, what) = match Simulation::run(seed, rules, Some(Vec::new())) {
        Ok(room) => (room.steps, room.story, format!("only once: {failed}")),
        Err((room, what)) => (room.steps, room.story, what),
    };
    Err(Box::new(Divergence {
        seed,
        version: rules.id,
        step,
        what,
        story: story.unwrap_or_default(),
    }))
}

impl Simulation {
    fn run(
        seed: u64,
        rules: &RoomVersionRules,
        story: Option<Vec<String>>,
    ) -> Result<Box<Self>, (Box<Self>, String)> {
        let mut random = Random::new(seed);
        let weather = Weather {
            loss: random.pick(&[0, 5, 20, 40]).copied().unwrap_or_default(),
            repeats: random.pick(&[0, 10, 30]).copied().unwrap_or_default(),
            delay: random.pick(&[1, 3, 6, 12]).copied().unwrap_or_default(),
            partitions: random.pick(&[0, 0, 10, 20]).copied().unwrap_or_default(),
            lazy: random.pick(&[0, 30, 80]).copied().unwrap_or_default(),
            hostile: random.pick(&[0, 0, 15, 40]).copied().unwrap_or_default(),
            late: random.below(4),
        };
        let mut simulation = Box::new(Self {
            random,
            rules: *rules,
            weather,
            servers: Vec::new(),
            wire: Wire::new(NAMES.len()),
            made: BTreeMap::new(),
            create: Vec::new(),
            room_id: RoomId::from_trusted(""),
            steps: 0,
            outcome: Outcome::default(),
            story,
        });
        match simulation.play() {
            Ok(()) => Ok(simulation),
            Err(what) => Err((simulation, what)),
        }
    }

    fn play(&mut self) -> Step {
        let weather = self.weather;
        self.say(|| format!("{weather:?}"));
        self.found()?;
        let steps = self.random.below(20).saturating_add(20);
        for _ in 0..steps {
            self.steps = self.steps.saturating_add(1);
            self.step()?;
            self.deliver()?;
        }
        self.heal()?;
        self.agree()
    }

    /// The servers, the room, and those who are there from the beginning.
    fn found(&mut self) -> Step {
        let limits = Limits {
            built_prev_events: self.random.pick(&[10, 10, 2]).copied().unwrap_or(10),
            waiting_events: self.random.pick(&[10_000, 10_000, 3]).copied().unwrap_or(3),
            remembered_resolutions: self.random.pick(&[1_024, 0]).copied().unwrap_or(0),
            ..Limits::default()
        };
        let setup = Setup {
            limits,
            ..Setup::default()
        };
        for (seed, name) in (1..).zip(NAMES) {
            self.servers.push(Server::new(name, seed, setup.clone())?);
        }
        // Some learn late of a key of somebody's.
        let ignorant = self.random.below(NAMES.len().saturating_mul(3));
        for at in 0..NAMES.len() {
            let other = self.random.below(NAMES.len());
            for of in 0..NAMES.len() {
                // The founder's key is what nobody can do without.
                if at != ignorant || of != other || of == 0 || of == at {
                    self.introduce(at, of)?;
                }
            }
        }
        self.create()?;
        let late = NAMES.len().saturating_sub(self.weather.late);
        for at in 1..late {
            self.join(at, 0)?;
        }
        Ok(())
    }

    /// Tells a server the key of another.
    fn introduce(&mut self, at: usize, of: usize) -> Step {
        let other = self.server(of)?;
        let (name, id, key) = (
            other.name.clone(),
            other.key.key_id().clone(),
            other.key.verify_key(),
        );
        let ring = &mut self.server(at)?.ring;
        let inserted = ring.insert(name, id, key, Validity::Forever);
        inserted.map_err(|error| error.to_string())
    }

    fn create(&mut self) -> Step {
        let (rules, now) = (self.rules, self.now());
        let is_shared = self.random.chance(50);
        let founder = self.server(0)?;
        let creator = founder.first_user()?;
        let founding = Founding {
            creator: creator.clone(),
            room_id: match rules.room_id {
                RoomIdFormat::WithServer => Some(RoomId::from_trusted("!room:a.example")),
                RoomIdFormat::CreateHash => None,
            },
            content: wish::creation(is_shared, &rules),
            event_id: None,
            origin_server_ts: now,
        };
        let created = create_event(founding, founder.signer(), &rules, &founder.setup.limits)
            .map_err(|error| error.to_string())?;
        let bytes = created.json().as_bytes().to_vec();
        let (room, receipt) = Room::open(&bytes, &founder.setup, &founder.ring, now)
            .map_err(|error| error.to_string())?;
        let admitted = receipt.admitted().ok_or("the create event is not kept")?;
        let id = admitted.id.clone();
        founder.kept.insert(id.clone(), bytes.clone());
        founder.live.insert(id.clone());
        self.room_id = room.id().clone();
        self.server(0)?.room = Some(room);
        self.create.clone_from(&bytes);
        self.made.insert(id, bytes);
        let levels = wish::first_levels(&creator, &rules);
        let public = Object::from_iter([("join_rule", "public")]);
        for wish in [
            Wish::member(&creator, &creator, Membership::Join),
            Wish::state(&creator, POWER_LEVELS, "", levels),
            Wish::state(&creator, JOIN_RULES, "", public),
        ] {
            if let Some(error) = self.send(0, &wish)? {
                return Err(format!("the room cannot be set up: {error}"));
            }
        }
        Ok(())
    }

    /// One step of the story.
    fn step(&mut self) -> Step {
        let weather = self.weather;
        if self.random.chance(weather.partitions) {
            self.part();
        }
        if self.random.chance(weather.hostile) {
            self.attack()?;
        }
        let at = self.random.below(NAMES.len());
        if self.server(at)?.room.is_none() {
            let resident = self.random.below(NAMES.len());
            return self.join(at, resident);
        }
        match self.random.below(12) {
            0 => self.complete(at),
            1 => self.learn(at),
            _ => self.wish(at),
        }
    }

    /// A user of a server does something.
    fn wish(&mut self, at: usize) -> Step {
        let everybody: Vec<UserId> = self
            .servers
            .iter()
            .flat_map(|server| server.users.iter().cloned())
            .collect();
        let number = self.made.len();
        let (rules, mut random) = (self.rules, self.random.clone());
        let wish = wish::random(&mut random, self.server(at)?, &everybody, number, &rules);
        self.random = random;
        let Some(wish) = wish else {
            return Ok(());
        };
        if let Some(error) = self.send(at, &wish)? {
            self.outcome.forbidden = self.outcome.forbidden.saturating_add(1);
            if !matches!(
                error,
                SendError::Forbidden(_) | SendError::Undecided { .. } | SendError::Build(_)
            ) {
                return Err(format!("an event was not built: {error}"));
            }
        }
        Ok(())
    }

    /// A server sends an event to all others; returns why it does not.
    fn send(&mut self, at: usize, wish: &Wish) -> Step<Option<SendError>> {
        let now = self.now();
        let (id, bytes) = match self.server(at)?.send(wish.draft(), now)? {
            Ok(sent) => sent,
            Err(error) => return Ok(Some(error)),
        };
        self.say(|| {
            let (sender, what, key) = (&wish.sender, wish.event_type, &wish.state_key);
            format!("{sender} sends {id}: {what} {key:?} {:?}", wish.content)
        });
        self.made.insert(id, bytes.clone());
        for to in 0..NAMES.len() {
            self.post(at, to, &bytes);
        }
        Ok(None)
    }

    /// A server learns the keys that it does not have.
    fn learn(&mut self, at: usize) -> Step {
        for of in 0..NAMES.len() {
            self.introduce(at, of)?;
        }
        let now = self.now();
        self.server(at)?.resume(now)
    }

    /// A server takes a PDU that another sent it, and asks that one for what it misses.
    fn take(&mut self, at: usize, from: usize, bytes: &[u8]) -> Step {
        let now = self.now();
        let again = self.random.chance(20);
        let server = self.server(at)?;
        let Some(receipt) = server.receive(bytes, Door::Live, now)? else {
            return Ok(());
        };
        if again {
            server.receive_again(bytes, &receipt, now)?;
        }
        self.say(|| format!("{at} takes from {from}: {}", brief(&receipt)));
        if let crate::room::Receipt::Waiting(missing) = receipt {
            if !self.random.chance(self.weather.lazy) && self.wire.reaches(at, from) {
                self.fill(at, from, &missing.event)?;
            }
        }
        Ok(())
    }

    fn server(&mut self, at: usize) -> Step<&mut Server> {
        let server = self.servers.get_mut(at);
        server.ok_or_else(|| format!("there is no server {at}"))
    }

    /// The time, which goes on by a second with each step and each event.
    fn now(&self) -> Timestamp {
        let passed = self.steps.saturating_add(self.made.len());
        let passed = i64::try_from(passed).unwrap_or_default();
        Timestamp::from_millis(passed.saturating_mul(1_000).saturating_add(START))
    }

    fn say(&mut self, what: impl FnOnce() -> String) {
        let step = self.steps;
        if let Some(story) = &mut self.story {
            story.push(format!("{step:3} {}", shortened(&what())));
        }
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.random.below(at.saturating_add(1)));
        }
    }
}

/// When it all begins.
const START: i64 = 1_700_000_000_000;

/// A line with the hashes in it cut to what tells them apart.
fn shortened(line: &str) -> String {
    let is_of_id = |c: char| c.is_ascii_alphanumeric() || "$-_+/".contains(c);
    let mut run = 0_usize;
    let kept = line.chars().filter(|c| {
        run = match *c {
            '$' => 1,
            c if is_of_id(c) && run > 0 => run.saturating_add(1),
            _ => 0,
        };
        run <= 7
    });
    kept.collect()
}

/// A receipt in a line.
pub(super) fn brief(receipt: &crate::room::Receipt) -> String {
    let text = format!("{receipt:?}");
    match receipt.admitted() {
        Some(admitted) => format!(
            "{} {} {:?} {}",
            text.split(['(', ' ']).next().unwrap_or_default(),
            admitted.id,
            admitted.content_hash,
            text.split("because: ").nth(1).unwrap_or_default()
        ),
        None => text,
    }
}
