//! A federation to be simulated: servers that hold one room over a bad network.
//!
//! Servers, each with a [`Room`](crate::room::Room) and nothing else, send what their users want, lose, repeat, delay
//! and mix up what they send each other, are cut off from one another, join late and with half a
//! state, ask each other for what they miss, lose their memory and go on from their disks, and have
//! some among them that lie. In the end everything has come to everybody. Then all of them must hold
//! the same room: the same verdict on each event, the same state before and after it and, once each
//! has readmitted what it soft-failed, which depends on what came first, the same extremities and
//! the same current state; and it must be the room that [`Replay`](crate::replay::Replay) makes of
//! the same events. On the way, every call is held to what the room promises its host, and every
//! accepted event is held against the rules once more, by hand.
//!
//! | file         | what it does                                                       |
//! |--------------|--------------------------------------------------------------------|
//! | `conditions` | what a story is like                                               |
//! | `founding`   | the servers and the room                                           |
//! | `server`     | a homeserver, and the promises of every call                       |
//! | `disk`       | crashes                                                            |
//! | `wish`       | what users want                                                    |
//! | `wire`       | what becomes of a PDU on its way                                   |
//! | `joins`      | `/make_join`, `/send_join`, with full and with partial state       |
//! | `gaps`       | `/get_missing_events`, `/event`, `/state_ids`                      |
//! | `hostile`    | forged places, forks, old events                                   |
//! | `lies`       | altered copies, bad signatures, other rooms, answers that are lies |
//! | `laws`       | the rules that need no more than a page, written out again         |
//! | `invariants` | every accepted event of every server, held to them                 |
//! | `agreement`  | the end: healing, and the comparison                               |
//! | `minimise`   | the shortest story that still fails the same check                 |
//! | `facts`      | what a replica says of an event, and another otherwise             |
//! | `notes`      | what is written down of a story                                    |
//! | `words`      | all that in words                                                  |
//! | `picture`    | a room as a drawing                                                |
//!
//! The same seed is the same story on every machine. Each step has random numbers of its own, so
//! that a story can be told without some of them.

mod agreement;
mod conditions;
mod disk;
mod facts;
mod founding;
mod gaps;
mod hostile;
mod invariants;
mod joins;
mod laws;
mod lies;
mod minimise;
mod notes;
mod outcome;
mod picture;
mod server;
mod wire;
mod wish;
mod words;

pub use self::conditions::{Conditions, Plant};
pub use self::minimise::Minimised;
pub use self::outcome::{Check, Chronicle, Divergence, Outcome, Told};
pub use self::picture::{dot, svg};

pub(in crate::testing) use self::hostile::permission;
pub(in crate::testing) use self::wish::Wish;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::crypto::Timestamp;
use crate::id::{EventId, RoomId, UserId};
use crate::room::{Receipt, SendError};
use crate::testing::Random;
use crate::testing::network::conditions::Weather;
use crate::testing::network::laws::Fact;
use crate::testing::network::server::{Door, Server};
use crate::testing::network::wire::Wire;
use crate::version::RoomVersionRules;

/// What a part of the simulation comes to; what went wrong, if something did.
type Step<T = ()> = Result<T, String>;

/// What went wrong, and what that breaks.
type Flaw = (Check, String);

/// The story of a seed: a simulated room.
#[derive(Clone, Debug)]
pub struct Story {
    seed: u64,
    rules: RoomVersionRules,
    conditions: Conditions,
    without: BTreeSet<usize>,
}

impl Story {
    /// The story of a seed, in a room version.
    #[must_use]
    pub fn new(seed: u64, rules: &RoomVersionRules) -> Self {
        Self {
            seed,
            rules: *rules,
            conditions: Conditions::default(),
            without: BTreeSet::new(),
        }
    }

    /// The same with some things given.
    #[must_use]
    pub fn under(self, conditions: Conditions) -> Self {
        Self { conditions, ..self }
    }

    /// The same without some of its steps, by number: the time passes, and nothing is done.
    #[must_use]
    pub fn without(self, steps: BTreeSet<usize>) -> Self {
        let without = steps;
        Self { without, ..self }
    }

    /// How many steps there are, left out or not; the first is 1.
    #[must_use]
    pub fn steps(&self) -> usize {
        let mut random = stream(self.seed, stream::WEATHER);
        Weather::of(&mut random, &self.conditions).all_steps()
    }

    /// Simulates the room.
    ///
    /// # Errors
    ///
    /// [`Divergence`]: two servers hold different rooms, or a room broke a promise or a law.
    pub fn tell(&self) -> Result<Outcome, Box<Divergence>> {
        let failed = match Simulation::run(self, None) {
            (simulation, Ok(())) => return Ok(simulation.outcome),
            (_, Err((_, what))) => what,
        };
        // Once more, and this time somebody takes notes.
        let (room, (check, what)) = match Simulation::run(self, Some(Vec::new())) {
            (room, Ok(())) => (room, (Check::Agreement, format!("only once: {failed}"))),
            (room, Err(flaw)) => (room, flaw),
        };
        Err(Box::new(Divergence {
            seed: self.seed,
            version: self.rules.id,
            without: self.without.clone(),
            step: room.steps,
            check,
            what,
            // A room that panicked may do so again when it is asked.
            chronicle: unwound(|| room.chronicle()).unwrap_or_default(),
            story: room.story.unwrap_or_default(),
        }))
    }
}

/// Simulates a room: the story of a seed, in a room version.
///
/// # Errors
///
/// As [`Story::tell`].
pub fn simulate(seed: u64, rules: &RoomVersionRules) -> Result<Outcome, Box<Divergence>> {
    Story::new(seed, rules).tell()
}

/// What some work comes to, or the message with which it panics.
fn unwound<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let done = catch_unwind(AssertUnwindSafe(work));
    done.map_err(|payload| match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => match payload.downcast::<&'static str>() {
            Ok(message) => (*message).to_owned(),
            Err(_) => "it does not say why".to_owned(),
        },
    })
}

/// A simulated room.
struct Simulation {
    seed: u64,
    random: Random,
    rules: RoomVersionRules,
    plant: Option<Plant>,
    weather: Weather,
    servers: Vec<Server>,
    wire: Wire,
    /// Every event that was made, as its server made it.
    made: BTreeMap<EventId, Vec<u8>>,
    /// What they say.
    facts: BTreeMap<EventId, Rc<Fact>>,
    /// Their ids in order, each with the server and the step.
    order: Vec<(EventId, usize, usize)>,
    /// Events that hostile servers do not tell when asked.
    withheld: BTreeSet<EventId>,
    create: Vec<u8>,
    room_id: RoomId,
    steps: usize,
    /// The number of the last step.
    last: usize,
    outcome: Outcome,
    /// What happened, if somebody wants to know.
    story: Option<Vec<String>>,
}

/// The random numbers of what is no step.
mod stream {
    pub(super) const WEATHER: u64 = u64::MAX;
    pub(super) const FOUNDING: u64 = 0;
    pub(super) const HEALING: u64 = u64::MAX - 1;
}

/// The random numbers of one step of the story of a seed.
fn stream(seed: u64, number: u64) -> Random {
    let (mut of_seed, mut of_step) = (Random::new(seed), Random::new(!number));
    Random::new(of_seed.bits() ^ of_step.bits().rotate_left(32))
}

impl Simulation {
    /// Tells a story, to its end or to where it goes wrong.
    fn run(story: &Story, notes: Option<Vec<String>>) -> (Box<Self>, Result<(), Flaw>) {
        let seed = story.seed;
        let mut random = stream(seed, stream::WEATHER);
        let weather = Weather::of(&mut random, &story.conditions);
        let mut simulation = Box::new(Self {
            seed,
            random: stream(seed, stream::FOUNDING),
            rules: founding::planted(story.rules, story.conditions.plant),
            plant: story.conditions.plant,
            weather,
            servers: Vec::new(),
            wire: Wire::new(weather.population()),
            made: BTreeMap::new(),
            facts: BTreeMap::new(),
            order: Vec::new(),
            withheld: BTreeSet::new(),
            create: Vec::new(),
            room_id: RoomId::from_trusted(""),
            steps: 0,
            last: 0,
            outcome: Outcome::default(),
            story: notes,
        });
        let played = unwound(|| simulation.play(&story.without));
        let played = played
            .unwrap_or_else(|message| Err((Check::Panic, format!("the engine panics: {message}"))));
        (simulation, played)
    }

    fn play(&mut self, without: &BTreeSet<usize>) -> Result<(), Flaw> {
        let promise = |what| (Check::Promise, what);
        let weather = self.weather;
        self.say(|| words::weather(&weather));
        self.found().map_err(promise)?;
        let mut early: Vec<usize> = (1..weather.population()).collect();
        self.shuffle(&mut early);
        early.truncate(weather.early_joins());
        self.last = weather.all_steps();
        for step in 1..=self.last {
            self.steps = step;
            self.random = stream(self.seed, u64::try_from(step).unwrap_or(u64::MAX));
            if !without.contains(&step) {
                match early.get(step.saturating_sub(1)) {
                    Some(at) => self.join(*at, 0).map_err(promise)?,
                    None => self.step()?,
                }
            }
            self.deliver().map_err(promise)?;
            self.hold_to_the_laws()?;
        }
        self.random = stream(self.seed, stream::HEALING);
        self.heal().map_err(promise)?;
        self.hold_to_the_laws()?;
        self.put_away()?;
        self.agree().map_err(|what| (Check::Agreement, what))
    }

    /// One step of the story.
    fn step(&mut self) -> Result<(), Flaw> {
        let promise = |what| (Check::Promise, what);
        let weather = self.weather;
        if self.random.chance(weather.partitions) {
            self.part();
        }
        if self.random.chance(weather.crashes) {
            let at = self.random.below(weather.population());
            self.crash(at)?;
        }
        if weather.crashes > 0 {
            self.save_some()?;
        }
        if weather.hostile > 0 && self.random.chance(weather.malice) {
            self.attack().map_err(promise)?;
        }
        let at = self.random.below(weather.population());
        if self.server(at).map_err(promise)?.room.is_none() {
            let resident = self.random.below(weather.population());
            return self.join(at, resident).map_err(promise);
        }
        let done = match self.random.below(12) {
            0 => self.complete(at),
            1 => self.learn(at),
            _ => self.wish(at),
        };
        done.map_err(promise)
    }

    /// A user of a server does something.
    fn wish(&mut self, at: usize) -> Step {
        let everybody: Vec<UserId> = self
            .servers
            .iter()
            .flat_map(|server| server.users.iter().cloned())
            .collect();
        let number = self.made.len();
        let mut random = self.random.clone();
        let Some(rules) = self.server(at)?.room.as_ref().map(|room| *room.rules()) else {
            return Ok(());
        };
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
        let (id, bytes) = match self.server(at)?.send(wish, now)? {
            Ok(sent) => sent,
            Err(error) => return Ok(Some(error)),
        };
        self.say(|| format!("{} sends {id}: {}", wish.sender, words::wish(wish)));
        self.record(id, bytes.clone(), at);
        for to in 0..self.weather.population() {
            self.post(at, to, &bytes);
        }
        Ok(None)
    }

    /// A server learns the keys that it does not have.
    fn learn(&mut self, at: usize) -> Step {
        for of in 0..self.weather.population() {
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
        self.say(|| format!("{at} takes from {from}: {}", words::receipt(&receipt)));
        if self.plant == Some(Plant::Panic)
            && at == 1
            && matches!(receipt, Receipt::Rejected { .. })
        {
            planted_panic();
        }
        if let Receipt::Waiting(missing) = receipt
            && !self.random.chance(self.weather.lazy)
            && self.wire.reaches(at, from)
        {
            self.fill(at, from, &missing.event)?;
        }
        Ok(())
    }

    /// Notes an event that a server has made.
    fn record(&mut self, id: EventId, bytes: Vec<u8>, by: usize) {
        if let Some(fact) = Fact::parse(&bytes) {
            self.facts.insert(id.clone(), Rc::new(fact));
        }
        if self.made.insert(id.clone(), bytes).is_none() {
            self.order.push((id, by, self.steps));
        }
    }

    /// Whether a server lies.
    fn is_hostile(&self, at: usize) -> bool {
        (self.weather.servers..self.weather.population()).contains(&at)
    }

    /// One of the servers that lie.
    fn liar(&mut self) -> usize {
        let liar = self.random.below(self.weather.hostile);
        liar.saturating_add(self.weather.servers)
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

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.random.below(at.saturating_add(1)));
        }
    }
}

#[expect(clippy::panic, reason = "the fault that is planted")]
fn planted_panic() {
    panic!("a planted fault");
}

/// When it all begins.
const START: i64 = 1_700_000_000_000;
