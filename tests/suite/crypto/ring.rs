//! What a key ring answers.

use roomdag::crypto::{KeyConflict, KeyRing, KeyStatus, Validity};
use roomdag::version::KeyValidity;

use crate::crypto::{NOW, WEEK, key, key_id, server, spec_key};

/// What a ring says of a key with some validity: (validity enforced, ignored).
fn usable(validity: Validity, ts: i64) -> (bool, bool) {
    let mut ring = KeyRing::new();
    let key = spec_key().verify_key();
    ring.insert(server("a"), key_id("ed25519:1"), key, validity)
        .expect("no other key");
    let status = |enforced| ring.lookup(&server("a"), &key_id("ed25519:1"), ts, NOW, enforced);
    let is_usable = |status| status == KeyStatus::Usable(&key);
    (
        is_usable(status(KeyValidity::Enforced)),
        is_usable(status(KeyValidity::Ignored)),
    )
}

#[test]
fn a_key_in_use_is_good_up_to_the_time_its_server_vouches_for_where_that_is_enforced() {
    let until = NOW.millis() - 10;
    assert_eq!(usable(Validity::Until(until), until - 1), (true, true));
    assert_eq!(usable(Validity::Until(until), until), (true, true));
    assert_eq!(usable(Validity::Until(until), until + 1), (false, true));
    assert_eq!(usable(Validity::Until(until), i64::MAX), (false, true));
}

#[test]
fn no_server_is_believed_for_more_than_seven_days_ahead() {
    let until = NOW.millis() + 10 * WEEK;
    assert_eq!(
        usable(Validity::Until(until), NOW.millis() + WEEK),
        (true, true)
    );
    assert_eq!(
        usable(Validity::Until(until), NOW.millis() + WEEK + 1),
        (false, true)
    );
    assert_eq!(usable(Validity::Forever, i64::MAX), (true, true));
}

#[test]
fn a_retired_key_is_good_up_to_its_last_day_in_every_room_version() {
    let expired = NOW.millis() - 1_000;
    assert_eq!(usable(Validity::ExpiredAt(expired), i64::MIN), (true, true));
    assert_eq!(usable(Validity::ExpiredAt(expired), expired), (true, true));
    assert_eq!(
        usable(Validity::ExpiredAt(expired), expired + 1),
        (false, false)
    );
}

#[test]
fn unknown_is_what_asking_could_change() {
    let mut ring = KeyRing::new();
    let (a, one) = (server("a"), key_id("ed25519:1"));
    let lookup = |ring: &KeyRing, ts| match ring.lookup(&a, &one, ts, NOW, KeyValidity::Enforced) {
        KeyStatus::Usable(_) => "usable",
        KeyStatus::Unknown => "unknown",
        KeyStatus::Expired => "expired",
    };
    assert_eq!(lookup(&ring, 0), "unknown");
    let key = spec_key().verify_key();
    ring.insert(a.clone(), one.clone(), key, Validity::Until(5))
        .expect("no other key");
    assert_eq!(lookup(&ring, 5), "usable");
    assert_eq!(lookup(&ring, 6), "unknown");
    assert_eq!(lookup(&ring, NOW.millis() + WEEK + 1), "expired");
    ring.insert(a.clone(), one.clone(), key, Validity::ExpiredAt(4))
        .expect("the same key");
    assert_eq!(lookup(&ring, 5), "expired");
    ring.deny(&key);
    assert_eq!(lookup(&ring, 0), "expired");
    assert_eq!(ring.remove(&a, &one), Some(key));
    assert_eq!(lookup(&ring, 0), "unknown");
}

#[test]
fn a_key_keeps_the_longest_validity_in_whatever_order_it_is_learnt() {
    use Validity::{ExpiredAt, Forever, Until};
    for (a, b, merged) in [
        (Until(5), Until(9), Until(9)),
        (ExpiredAt(5), ExpiredAt(9), ExpiredAt(9)),
        (ExpiredAt(5), Until(9), ExpiredAt(5)),
        (ExpiredAt(5), Forever, ExpiredAt(5)),
        (Forever, Until(9), Forever),
        (Forever, Forever, Forever),
    ] {
        for validities in [[a, b], [b, a]] {
            let mut ring = KeyRing::new();
            for validity in validities {
                let key = spec_key().verify_key();
                ring.insert(server("a"), key_id("ed25519:1"), key, validity)
                    .expect("one key");
            }
            let found: Vec<_> = ring.iter().map(|(.., validity)| validity).collect();
            assert_eq!(found, [merged]);
        }
    }
}

#[test]
fn a_second_key_of_one_name_is_refused() {
    let mut ring = KeyRing::new();
    let (first, second) = (
        key("ed25519:1", 1).verify_key(),
        key("ed25519:1", 2).verify_key(),
    );
    let insert = |ring: &mut KeyRing, name, key| {
        ring.insert(server(name), key_id("ed25519:1"), key, Validity::Forever)
    };
    assert_eq!(insert(&mut ring, "a", first), Ok(()));
    assert_eq!(insert(&mut ring, "b", second), Ok(()));
    let conflict = KeyConflict {
        server: server("a"),
        keys: vec![key_id("ed25519:1")],
    };
    assert_eq!(insert(&mut ring, "a", second), Err(conflict));
    let keys: Vec<_> = ring
        .iter()
        .map(|(server, _, key, _)| (server.as_str(), *key))
        .collect();
    assert_eq!(keys, [("a", first), ("b", second)]);
}

#[test]
fn a_key_that_is_denied_is_good_for_nothing_under_any_name() {
    let (stolen, other) = (
        key("ed25519:1", 1).verify_key(),
        key("ed25519:1", 2).verify_key(),
    );
    let mut ring = KeyRing::new();
    let names = [("a", "ed25519:1"), ("a", "ed25519:2"), ("b", "ed25519:1")];
    for (name, id) in names {
        ring.insert(server(name), key_id(id), stolen, Validity::Forever)
            .unwrap();
    }
    ring.insert(server("c"), key_id("ed25519:1"), other, Validity::Forever)
        .unwrap();
    let usable = |ring: &KeyRing, name, id| {
        [KeyValidity::Ignored, KeyValidity::Enforced].map(|validity| {
            let found = ring.lookup(&server(name), &key_id(id), 0, NOW, validity);
            matches!(found, KeyStatus::Usable(_))
        })
    };
    for (name, id) in names {
        assert_eq!(usable(&ring, name, id), [true, true]);
    }
    ring.deny(&stolen);
    for (name, id) in names {
        assert_eq!(usable(&ring, name, id), [false, false], "{name} {id}");
    }
    assert_eq!(usable(&ring, "c", "ed25519:1"), [true, true]);
    // It stays so when the key comes again.
    ring.insert(server("d"), key_id("ed25519:1"), stolen, Validity::Forever)
        .unwrap();
    assert_eq!(usable(&ring, "d", "ed25519:1"), [false, false]);
}
