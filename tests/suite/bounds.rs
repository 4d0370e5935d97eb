//! The bounds that the library promises: on stack, work and time, and on what its errors repeat.
//!
//! Sizes are such that the tests take seconds. With `ROOMDAG_LONG=1` in the environment they are
//! those of `spec-vectors/security`: chains of a million events, a hundred thousand siblings.

#[cfg(feature = "counting")]
mod costs;
mod deep;
mod errors;
mod hashing;
mod promises;
mod variants;
mod wide;

use roomdag::SigningKey;
use roomdag::crypto::{KeyRing, Validity, hash_and_sign_event};
use roomdag::id::{KeyId, ServerName};
use roomdag::json::Object;
use roomdag::version::RoomVersionRules;

/// The event of this text, hashed and signed by `example.org`, and the keys that say so.
pub(crate) fn signed(text: &str, rules: &RoomVersionRules) -> (Object, KeyRing) {
    let key = SigningKey::from_seed(KeyId::parse("ed25519:1").unwrap(), &[1; 32]).unwrap();
    let mut event = Object::parse(text.as_bytes(), rules.canonical_json).unwrap();
    hash_and_sign_event(&mut event, rules, "example.org", &key);
    let mut keys = KeyRing::new();
    let (server, key_id) = (ServerName::parse("example.org").unwrap(), key.key_id());
    keys.insert(server, key_id.clone(), key.verify_key(), Validity::Forever)
        .unwrap();
    (event, keys)
}

/// The size of something: `usual`, or `full` where the tests may take minutes.
pub(crate) fn size(usual: usize, full: usize) -> usize {
    match std::env::var_os("ROOMDAG_LONG") {
        Some(_) => full,
        None => usual,
    }
}

/// Runs `test` on a stack of 64 KiB, which any recursion on the input would overflow.
pub(crate) fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .stack_size(64 * 1024)
        .spawn(test);
    thread.expect("a thread").join().expect("the test");
}
