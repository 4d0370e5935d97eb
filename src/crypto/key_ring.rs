//! Which keys are known, and until when each is believed.

use std::collections::{BTreeMap, BTreeSet};

use crate::crypto::key_document::KeyDocument;
use crate::crypto::verify_key::VerifyKey;
use crate::id::{KeyId, ServerName};
use crate::version::KeyValidity;

/// The time, in milliseconds since 1970, as the host tells it. The library reads no clock.
///
/// Its own type, so that what a host knows is never mixed up with what an event claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// So many milliseconds since the beginning of 1970, UTC.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the beginning of 1970, UTC.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }
}

/// For which events a key is good. There is no default: whoever adds a key must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Validity {
    /// The server uses the key and vouches for it up to this time: `valid_until_ts` of the
    /// document that lists it under `verify_keys`.
    Until(i64),
    /// The server used the key up to this time: `expired_ts` under `old_verify_keys`.
    ExpiredAt(i64),
    /// At all times: for synthetic rooms, and for research on rooms whose servers are gone.
    Forever,
}

/// What a [`KeyRing`] knows about a key at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStatus<'a> {
    /// The key was valid.
    Usable(&'a VerifyKey),
    /// The ring has no such key, or its server has not vouched for it up to that time. Asking the
    /// server, or a notary, may help.
    Unknown,
    /// The key was not valid, and asking again cannot change that: it had been retired before, it
    /// is denied, or the time lies further ahead than any key is believed.
    Expired,
}

/// The public keys of servers, each with its [`Validity`].
///
/// Filled by the host: from [key documents](KeyDocument), or key by key. The order in which keys
/// are added makes no difference, unless they [conflict](KeyConflict).
#[derive(Clone, Debug, Default)]
pub struct KeyRing {
    servers: BTreeMap<ServerName, BTreeMap<KeyId, Entry>>,
    denied: BTreeSet<[u8; 32]>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: VerifyKey,
    validity: Validity,
}

impl KeyRing {
    /// A ring without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether an event of `origin_server_ts` may be checked with a key.
    ///
    /// A retired key is good for events up to the time at which it was retired, in every room
    /// version. Where `validity` is enforced, a key in use is good for events up to the time that
    /// its server vouches for, or up to seven days after `now` if that is sooner; where it is
    /// not, for all. Logarithmic in the number of servers and keys.
    ///
    /// Spec: [signing key validity period][v5], [validating signatures][signatures].
    ///
    /// [v5]: https://spec.matrix.org/v1.19/rooms/v5/#signing-key-validity-period
    /// [signatures]: https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events
    #[must_use]
    pub fn lookup(
        &self,
        server: &ServerName,
        key_id: &KeyId,
        origin_server_ts: i64,
        now: Timestamp,
        validity: KeyValidity,
    ) -> KeyStatus<'_> {
        let Some(entry) = self.servers.get(server).and_then(|keys| keys.get(key_id)) else {
            return KeyStatus::Unknown;
        };
        if self.denied.contains(entry.key.as_bytes()) {
            return KeyStatus::Expired;
        }
        let usable = KeyStatus::Usable(&entry.key);
        match (entry.validity, validity) {
            (Validity::ExpiredAt(expired), _) if origin_server_ts > expired => KeyStatus::Expired,
            (Validity::Until(valid_until), KeyValidity::Enforced) => {
                if origin_server_ts > now.0.saturating_add(LONGEST_TRUST_MS) {
                    KeyStatus::Expired
                } else if origin_server_ts > valid_until {
                    KeyStatus::Unknown
                } else {
                    usable
                }
            }
            _ => usable,
        }
    }

    /// Adds a key.
    ///
    /// A key that is already known keeps the longer of two validities of one kind; that it is
    /// retired outweighs that it was once vouched for.
    ///
    /// # Errors
    ///
    /// [`KeyConflict`]: the server has another key of that name. Nothing is added.
    pub fn insert(
        &mut self,
        server: ServerName,
        key_id: KeyId,
        key: VerifyKey,
        validity: Validity,
    ) -> Result<(), KeyConflict> {
        if self.clashes(&server, &key_id, &key) {
            return Err(KeyConflict {
                server,
                keys: vec![key_id],
            });
        }
        let keys = self.servers.entry(server).or_default();
        keys.entry(key_id)
            .and_modify(|entry| entry.validity = entry.validity.merged(validity))
            .or_insert(Entry { key, validity });
        Ok(())
    }

    /// Adds every key of a document, those in use and those that are retired, as
    /// [`insert`](Self::insert) does.
    ///
    /// # Errors
    ///
    /// [`KeyConflict`]: the server has other keys of some of the names. Nothing is added.
    pub fn add_document(&mut self, document: &KeyDocument) -> Result<(), KeyConflict> {
        let server = document.server_name();
        let clashing = document
            .keys()
            .filter(|(id, key, _)| self.clashes(server, id, key));
        let keys: Vec<KeyId> = clashing.map(|(id, ..)| id.clone()).collect();
        if !keys.is_empty() {
            return Err(KeyConflict {
                server: server.clone(),
                keys,
            });
        }
        for (key_id, key, validity) in document.keys() {
            self.insert(server.clone(), key_id.clone(), *key, validity)?;
        }
        Ok(())
    }

    /// Takes a key out, if it is there: before a server may reuse its name for another one.
    pub fn remove(&mut self, server: &ServerName, key_id: &KeyId) -> Option<VerifyKey> {
        self.servers
            .get_mut(server)?
            .remove(key_id)
            .map(|entry| entry.key)
    }

    /// Never believes a key again, whichever servers list it and under whatever names: for one
    /// whose secret has become known.
    pub fn deny(&mut self, key: &VerifyKey) {
        self.denied.insert(*key.as_bytes());
    }

    /// Every key with its server, name and validity, sorted by server and name.
    pub fn iter(&self) -> impl Iterator<Item = (&ServerName, &KeyId, &VerifyKey, Validity)> {
        self.servers.iter().flat_map(|(server, keys)| {
            keys.iter()
                .map(move |(id, entry)| (server, id, &entry.key, entry.validity))
        })
    }

    fn clashes(&self, server: &ServerName, key_id: &KeyId, key: &VerifyKey) -> bool {
        let known = self.servers.get(server).and_then(|keys| keys.get(key_id));
        known.is_some_and(|entry| entry.key != *key)
    }
}

impl Validity {
    /// What holds if both are said of one key, in whatever order.
    fn merged(self, other: Self) -> Self {
        match (self, other) {
            (Self::ExpiredAt(a), Self::ExpiredAt(b)) => Self::ExpiredAt(a.max(b)),
            (Self::ExpiredAt(ts), _) | (_, Self::ExpiredAt(ts)) => Self::ExpiredAt(ts),
            (Self::Until(a), Self::Until(b)) => Self::Until(a.max(b)),
            (Self::Forever, _) | (_, Self::Forever) => Self::Forever,
        }
    }
}

/// A server has two keys of one name.
///
/// Key names are never reused by a server that is well. The key that was known first stays, and it
/// is for the host to find out which is right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{server}` has other keys of the names `{}`", .keys.iter().map(KeyId::as_str).collect::<Vec<_>>().join("`, `"))]
pub struct KeyConflict {
    /// The server.
    pub server: ServerName,
    /// The names, sorted.
    pub keys: Vec<KeyId>,
}

/// For how long ahead a key is believed at most, whatever its server says: seven days.
const LONGEST_TRUST_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
