//! Who takes part: servers with their keys, and users.

use crate::crypto::{KeyRing, SigningKey, Validity};
use crate::id::{KeyId, ServerName, UserId};
use crate::json::Object;
use crate::lab::Random;

/// The servers and the users of a room.
///
/// A server has the same key in every room, so one list of keys serves for all rooms with as many
/// servers.
#[derive(Debug)]
pub(super) struct Cast {
    servers: Vec<Server>,
    /// Who says which address is whose.
    pub(super) identity: Option<Server>,
    /// Whether some users have names as they are no longer allowed.
    historical: bool,
}

/// A server and its key.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) name: ServerName,
    pub(super) key: SigningKey,
}

impl Server {
    fn new(name: &str, key_id: &str, seed: u64) -> Option<Self> {
        let mut random = Random::new(seed);
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_exact_mut(8) {
            chunk.copy_from_slice(&random.bits().to_le_bytes());
        }
        let key_id = KeyId::parse(key_id).ok()?;
        Some(Self {
            name: ServerName::parse(name).ok()?,
            key: SigningKey::from_seed(key_id, &bytes).ok()?,
        })
    }
}

impl Cast {
    pub(super) fn new(servers: usize, historical: bool) -> Self {
        let server = |number: usize| {
            let key_id = KEY_IDS.get(number.checked_rem(KEY_IDS.len())?)?;
            let seed = u64::try_from(number).ok()?.saturating_add(1);
            match SERVERS.get(number) {
                Some(name) => Server::new(name, key_id, seed),
                None => Server::new(&format!("s{number}.example.org"), key_id, seed),
            }
        };
        Self {
            servers: (0..servers).filter_map(server).collect(),
            identity: Server::new("id.example.org", "ed25519:0", 0),
            historical,
        }
    }

    /// The server of a user.
    pub(super) fn server_of(&self, user: usize) -> Option<&Server> {
        self.servers.get(user.checked_rem(self.servers.len())?)
    }

    /// The server of this name.
    pub(super) fn server(&self, name: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.name == name)
    }

    /// The user of a number: any number is one.
    pub(super) fn user(&self, number: usize) -> UserId {
        let server = self.server_of(number).map(|server| server.name.as_str());
        let server = server.unwrap_or_default();
        let round = number.checked_div(NAMES.len()).unwrap_or_default();
        let place = number.checked_rem(NAMES.len()).unwrap_or_default();
        let name = NAMES.get(place).copied().unwrap_or_default();
        let old = HISTORICAL
            .get(place)
            .filter(|_| self.historical && round == 0);
        UserId::from_trusted(match (old, round) {
            (Some(name), _) if !name.is_empty() => format!("@{name}:{server}"),
            (_, 0) => format!("@{name}:{server}"),
            _ => format!("@{name}{round}:{server}"),
        })
    }

    /// The public keys of the servers.
    pub(super) fn keys(&self) -> KeyRing {
        let mut ring = KeyRing::new();
        for Server { name, key } in &self.servers {
            // Every server has one key, so none is in another's way.
            let (name, key_id) = (name.clone(), key.key_id().clone());
            let _ = ring.insert(name, key_id, key.verify_key(), Validity::Forever);
        }
        ring
    }

    /// The same as a file has them.
    pub(super) fn server_keys(&self) -> Object {
        let keys = self.servers.iter().map(|Server { name, key }| {
            let key = (key.key_id().as_str(), key.verify_key().to_base64());
            (name.as_str(), Object::from_iter([key]))
        });
        keys.collect()
    }
}

const KEY_IDS: [&str; 3] = ["ed25519:auto", "ed25519:a_hgXq", "ed25519:1"];

/// Names of servers in all forms that there are.
const SERVERS: [&str; 8] = [
    "example.org",
    "matrix.example.com",
    "chat.example.net:8448",
    "xn--bcher-kva.example",
    "192.0.2.41",
    "[2001:db8::17]:8448",
    "hs-7.Example.edu",
    "localhost:8008",
];

const NAMES: [&str; 24] = [
    "alice",
    "bob",
    "carol",
    "dave",
    "erin",
    "frank",
    "grace",
    "heidi",
    "ivan",
    "judy",
    "ken",
    "liam",
    "mallory",
    "niaj",
    "olivia",
    "peggy",
    "quentin",
    "rupert",
    "sybil",
    "trent",
    "uma",
    "victor",
    "wendy",
    "_bridge_xena",
];

/// Names as servers no longer give them.
const HISTORICAL: [&str; 12] = [
    "",
    "",
    "Zoë",
    "UPPER_Case",
    "with space",
    "",
    "+49 30 1234567",
    "名前",
    "e\u{301}",
    "a/b=c",
    "🦀",
    "\u{202e}evil",
];
