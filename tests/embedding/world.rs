//! Three servers, and the network between them.

use std::fs;
use std::path::PathBuf;

use roomdag::crypto::{Timestamp, Validity};
use roomdag::json::Object;
use roomdag::room::{Draft, Receipt, Room};
use roomdag::testing::Random;
use roomdag::version::RoomVersionRules;
use roomdag::{KeyId, KeyRing, ServerName, SigningKey, UserId};

use crate::server::Server;
use crate::store::Killed;

pub(crate) const SERVERS: [&str; 3] = ["one.example", "two.example", "three.example"];

/// The servers and what is between them.
pub(crate) struct World {
    pub(crate) servers: Vec<Server>,
    pub(crate) random: Random,
    /// Whether each server is running.
    up: [bool; 3],
    /// Whether two servers reach each other.
    linked: [[bool; 3]; 3],
    /// How many times a process was killed.
    pub(crate) kills: usize,
    now: i64,
    folder: PathBuf,
}

impl World {
    pub(crate) fn new(rules: &RoomVersionRules, seed: u64) -> Self {
        let name = format!(
            "roomdag-embedding-{}-{}-{seed}",
            std::process::id(),
            rules.id
        );
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let names = SERVERS.map(|name| ServerName::parse(name).unwrap());
        let key = |number: u8| {
            let id = KeyId::parse("ed25519:1").unwrap();
            SigningKey::from_seed(id, &[number + 1; 32]).unwrap()
        };
        let mut ring = KeyRing::new();
        for (number, name) in names.iter().enumerate() {
            let key = key(number as u8);
            let id = key.key_id().clone();
            ring.insert(name.clone(), id, key.verify_key(), Validity::Forever)
                .unwrap();
        }
        let server = |(number, name): (usize, &ServerName)| {
            let others = (0..3).filter(|other| *other != number).collect();
            Server::new(name, key(number as u8), ring.clone(), &folder, others)
        };
        Self {
            servers: names.iter().enumerate().map(server).collect(),
            random: Random::new(seed),
            up: [true; 3],
            linked: [[true; 3]; 3],
            kills: 0,
            now: 1_800_000_000_000,
            folder,
        }
    }

    pub(crate) fn now(&mut self) -> Timestamp {
        self.now += 1;
        Timestamp::from_millis(self.now)
    }

    /// Does something on a server, whose process may be killed on the way; then it starts again
    /// from its file, and tries again.
    pub(crate) fn on<T>(
        &mut self,
        server: usize,
        mut act: impl FnMut(&mut Server) -> Result<T, Killed>,
    ) -> T {
        loop {
            let fuse = self.random.chance(20).then(|| self.random.below(12) as u32);
            self.servers[server].store.arm(fuse);
            let done = act(&mut self.servers[server]);
            self.servers[server].store.arm(None);
            if let Ok(answer) = done {
                return answer;
            }
            self.kills += 1;
            self.servers[server].restart();
        }
    }

    /// A user says something, if the rules let them; and it is sent as far as it gets.
    pub(crate) fn say(&mut self, server: usize, draft: &Draft) -> bool {
        let now = self.now();
        let said = self.on(server, |server| server.say(draft.clone(), now));
        if self.random.chance(60) {
            self.deliver();
        }
        said
    }

    pub(crate) fn message(&mut self, server: usize, sender: &UserId) -> bool {
        let text = format!("{}", self.random.below(1_000_000));
        let content = Object::from_iter([("body", text.as_str()), ("msgtype", "m.text")]);
        self.say(
            server,
            &Draft::message(sender.clone(), "m.room.message", content),
        )
    }

    /// A user says something in a room that was loaded in part, which is forgotten again.
    pub(crate) fn speak_through(&mut self, server: usize, part: Room, sender: &UserId) -> String {
        let now = self.now();
        let content = Object::from_iter([("body", "still here"), ("msgtype", "m.text")]);
        let draft = Draft::message(sender.clone(), "m.room.message", content);
        self.servers[server].speak_through(part, draft, now)
    }

    pub(crate) fn stop(&mut self, server: usize) {
        self.up[server] = false;
    }

    /// Starts a server from what it left on disk.
    pub(crate) fn start(&mut self, server: usize) {
        self.servers[server].restart();
        self.up[server] = true;
    }

    pub(crate) fn part(&mut self, one: usize, other: usize) {
        self.linked[one][other] = false;
        self.linked[other][one] = false;
    }

    pub(crate) fn heal(&mut self) {
        self.linked = [[true; 3]; 3];
    }

    fn reaches(&self, from: usize, to: usize) -> bool {
        from != to && self.up[from] && self.up[to] && self.linked[from][to]
    }

    /// Sends what is to be sent, and fetches what is missing, until nothing moves.
    pub(crate) fn deliver(&mut self) {
        for from in 0..3 {
            for to in (0..3)
                .filter(|to| self.reaches(from, *to))
                .collect::<Vec<_>>()
            {
                if self.servers[to].room.is_none() {
                    continue;
                }
                for (number, pdu) in self.servers[from].store.outbox(to) {
                    let _ = self.hand_over(to, &pdu);
                    self.on(from, |server| server.store.sent(number));
                }
            }
        }
        for server in (0..3).filter(|server| self.up[*server]).collect::<Vec<_>>() {
            self.catch_up(server);
        }
    }

    /// A server takes a PDU. What is acknowledged has been kept; what is not comes again.
    pub(crate) fn hand_over(&mut self, to: usize, pdu: &str) -> Receipt {
        let now = self.now();
        self.on(to, |server| server.take(pdu, now))
    }

    /// A server asks those that it reaches for what it lacks.
    fn catch_up(&mut self, server: usize) {
        if self.servers[server].room.is_none() {
            return;
        }
        loop {
            let wanted = self.servers[server].wanted();
            let Some((missing, gap)) = wanted.first().cloned() else {
                return;
            };
            let asker = self.servers[server].name.clone();
            let has_room = |other: &usize| self.servers[*other].room.is_some();
            let others = (0..3).filter(|other| self.reaches(server, *other));
            let others: Vec<usize> = others.filter(has_room).collect();
            let mut moved = false;
            for other in others {
                for pdu in self.servers[other].missing_events(&gap, &asker) {
                    let receipt = self.hand_over(server, &pdu);
                    moved |= !matches!(receipt, Receipt::Known { .. });
                }
                for id in &missing.events {
                    if let Some(pdu) = self.servers[other].event(id) {
                        let _ = self.hand_over(server, &pdu);
                        moved = true;
                    }
                }
            }
            if self.servers[server].wanted() == wanted || !moved {
                return;
            }
        }
    }

    /// A server fetches the history from before it came.
    pub(crate) fn backfill(&mut self, server: usize, other: usize) {
        loop {
            let from = self.servers[server].room().backward_extremities();
            if from.is_empty() {
                return;
            }
            let asker = self.servers[server].name.clone();
            for pdu in self.servers[other].backfill(&from, &asker) {
                let _ = self.hand_over(server, &pdu);
            }
            let left = self.servers[server].room().backward_extremities();
            assert_ne!(left, from, "nothing moves");
        }
    }

    /// A server takes another's word for the state before what it waits for longest.
    pub(crate) fn believe(&mut self, server: usize, other: usize) -> bool {
        let wanted = self.servers[server].wanted();
        let mut believed = false;
        for (missing, _) in wanted {
            let Some(state) = self.servers[other].state(&missing.event) else {
                continue;
            };
            let now = self.now();
            believed |= self.on(server, |server| server.believe(&missing.event, &state, now));
        }
        believed
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
