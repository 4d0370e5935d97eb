//! Receipt check 7 in a room: see `src/room/policy.rs` and `src/room/admit.rs`.
//!
//! | threat | tests |
//! |--------|-------|
//! | V-S-23 | `the_policy_servers_signature_decides_between_accepted_and_soft_failed` |

use roomdag::crypto::SigningKey;
use roomdag::id::{EventId, KeyId};
use roomdag::json::Value;
use roomdag::limits::Limits;
use roomdag::pdu::redact;
use roomdag::room::{PolicyUse, Receipt, Room, SoftFailure, Standing, countersign_join};
use roomdag::timeline::Withheld;
use roomdag::version::{JoinRule, RoomVersionRules};

use crate::room::draft::{NOW, stable};
use crate::room::support::{
    ALICE, BOB, EVE, JOIN_RULES, MEMBER, Scribe, TOPIC, Told, accepted, altered, changed, home,
    only, waits,
};

const POLICY: &str = "m.room.policy";
const VIA: &str = "policy.example";
const BOT: &str = "@bot:policy.example";

fn policy_key() -> SigningKey {
    SigningKey::from_seed(KeyId::parse("ed25519:policy_server").unwrap(), &[8; 32]).unwrap()
}

fn policy(key: &str) -> String {
    format!(r#"{{"public_keys":{{"ed25519":"{key}"}},"via":"{VIA}"}}"#)
}

/// The event with a signature by the policy server's key id, by this key.
fn signed_with(bytes: &[u8], key: &SigningKey, rules: &RoomVersionRules) -> Vec<u8> {
    changed(bytes, |json| {
        let mut redacted = redact(json, rules);
        redacted.remove("signatures");
        redacted.remove("unsigned");
        let signature = key.sign(&redacted.to_canonical()).to_base64();
        let signatures = json.get_mut("signatures").and_then(Value::as_object_mut);
        let signatures = signatures.unwrap();
        let own = signatures.remove(VIA).and_then(Value::into_object);
        let mut keys = own.unwrap_or_default();
        keys.insert("ed25519:policy_server", signature);
        signatures.insert(VIA, keys);
    })
}

fn signed(bytes: &[u8], rules: &RoomVersionRules) -> Vec<u8> {
    signed_with(bytes, &policy_key(), rules)
}

/// A room in which the policy server's bot is, and the event that names the server.
fn guarded(rules: &RoomVersionRules, key: &str) -> (Scribe, Room, EventId) {
    let mut scribe = Scribe::new(rules);
    scribe.put(BOT, MEMBER, BOT, r#"{"membership":"join"}"#);
    let named = scribe.put(ALICE, POLICY, "", &policy(key));
    let room = scribe.copy();
    (scribe, room, named)
}

/// A message that the scribe's own room takes for what it may.
fn message(scribe: &mut Scribe, prev: &[EventId]) -> EventId {
    scribe.say_at(BOB, prev)
}

#[track_caller]
fn withheld(receipt: &Receipt, because: Withheld) {
    match receipt {
        Receipt::SoftFailed { because: found, .. } => {
            assert_eq!(*found, SoftFailure::Withheld(because));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_policy_servers_signature_decides_between_accepted_and_soft_failed() {
    for rules in stable() {
        let (mut scribe, mut room, named) = guarded(&rules, &policy_key().verify_key().to_base64());
        assert!(
            matches!(room.policy_server(), PolicyUse::Used(server) if server.via.as_str() == VIA)
        );
        let tip = vec![named];
        let unsigned = message(&mut scribe, &tip);
        let bytes = scribe.bytes(&unsigned).to_vec();
        withheld(&scribe.give(&mut room, &bytes), Withheld::PolicyUnsigned);
        assert_eq!(room.extremities(), tip);
        // Again the same: known. With a wrong signature: no better.
        for copy in [bytes.clone(), signed_with(&bytes, &home(BOB).key, &rules)] {
            let receipt = scribe.give(&mut room, &copy);
            let event = unsigned.clone();
            let standing = Standing::SoftFailed;
            assert_eq!(receipt, Receipt::Known { event, standing });
        }
        // With the right one it becomes part of the room.
        let good = signed(&bytes, &rules);
        let receipt = scribe.give(&mut room, &good);
        accepted(&receipt);
        let kept = receipt.admitted().unwrap().json.as_ref().unwrap();
        assert_eq!(kept.as_bytes(), good);
        assert_eq!(room.extremities(), only(&unsigned));
        let receipt = scribe.give(&mut room, &good);
        assert!(matches!(
            receipt,
            Receipt::Known {
                standing: Standing::Accepted,
                ..
            }
        ));

        let wrong = message(&mut scribe, only(&unsigned));
        let bytes = scribe.bytes(&wrong).to_vec();
        let bad = signed_with(&bytes, &home(BOB).key, &rules);
        withheld(&scribe.give(&mut room, &bad), Withheld::PolicyInvalid);
        accepted(&scribe.give(&mut room, &signed(&bytes, &rules)));
        let right = message(&mut scribe, &[wrong]);
        let bytes = signed(scribe.bytes(&right), &rules);
        accepted(&scribe.give(&mut room, &bytes));
        // Rejected is rejected, whoever has signed.
        let bad = scribe.craft(
            &Told::state(EVE, TOPIC, "", "{}"),
            only(&right),
            &scribe.auth(&Told::message(EVE), &tip),
        );
        let bytes = signed(bad.json().as_bytes(), &rules);
        assert!(matches!(
            scribe.give(&mut room, &bytes),
            Receipt::Rejected { .. }
        ));
    }
}

#[test]
fn a_signed_copy_that_was_altered_does_not_take_the_place_of_the_intact_one() {
    for rules in stable() {
        let (mut scribe, mut room, named) = guarded(&rules, &policy_key().verify_key().to_base64());
        let event = message(&mut scribe, &[named]);
        let bytes = scribe.bytes(&event).to_vec();
        withheld(&scribe.give(&mut room, &bytes), Withheld::PolicyUnsigned);
        let before = format!("{room:?}");
        let receipt = scribe.give(&mut room, &altered(&signed(&bytes, &rules)));
        assert!(
            matches!(
                receipt,
                Receipt::Known {
                    standing: Standing::SoftFailed,
                    ..
                }
            ),
            "{receipt:?}"
        );
        assert_eq!(format!("{room:?}"), before);
        accepted(&scribe.give(&mut room, &signed(&bytes, &rules)));
    }
}

/// An event whose redacted form is rejected, as it comes altered first, meets check 7 when it comes
/// intact: a restricted join, in the room version that redacts who vouches for it.
#[test]
fn who_sends_an_altered_copy_first_is_asked_for_the_signature_all_the_same() {
    let mut rejected = 0;
    for rules in stable() {
        if !rules.auth.knows(JoinRule::Restricted) {
            continue;
        }
        let mut scribe = Scribe::new(&rules);
        scribe.put(BOT, MEMBER, BOT, r#"{"membership":"join"}"#);
        scribe.put(
            ALICE,
            JOIN_RULES,
            "",
            r#"{"allow":[],"join_rule":"restricted"}"#,
        );
        let key = policy_key().verify_key().to_base64();
        let tip = vec![scribe.put(ALICE, POLICY, "", &policy(&key))];
        let mut room = scribe.copy();
        let dora = "@dora:theirs.example";
        let content =
            format!(r#"{{"join_authorised_via_users_server":"{ALICE}","membership":"join"}}"#);
        let told = Told::state(dora, MEMBER, dora, &content);
        let auth = scribe.auth(&told, &tip);
        let join = scribe.craft(&told, &tip, &auth);
        let limits = Limits::default();
        let join = countersign_join(join.pdu(), home(ALICE).signer(), &rules, &limits).unwrap();
        let bytes = join.json().as_bytes();
        let receipt = scribe.give(&mut room, &altered(bytes));
        assert_ne!(receipt.standing(), Some(Standing::Accepted));
        rejected += usize::from(receipt.standing() == Some(Standing::Rejected));
        let receipt = scribe.give(&mut room, bytes);
        withheld(&receipt, Withheld::PolicyUnsigned);
        accepted(&scribe.give(&mut room, &signed(bytes, &rules)));
    }
    assert_eq!(rejected, 1);
}

#[test]
fn a_key_that_is_none_signs_nothing_until_the_room_names_another() {
    for rules in stable() {
        let (mut scribe, mut room, named) = guarded(&rules, "AAAA");
        let event = message(&mut scribe, only(&named));
        let bytes = scribe.bytes(&event).to_vec();
        withheld(
            &scribe.give(&mut room, &signed(&bytes, &rules)),
            Withheld::PolicyUnverifiable,
        );
        let key = policy(&policy_key().verify_key().to_base64());
        let better = scribe.write(&Told::state(ALICE, POLICY, "", &key), &[named]);
        // The event that names the policy server needs no signature.
        accepted(&scribe.feed(&mut room, &better).receipt);
        accepted(&scribe.give(&mut room, &signed(&bytes, &rules)));
        assert_eq!(room.extremities().len(), 2);
    }
}

#[test]
fn the_room_can_always_change_its_mind() {
    for rules in stable() {
        let key = policy_key().verify_key().to_base64();
        // By another policy event.
        let (mut scribe, mut room, named) = guarded(&rules, &key);
        let off = scribe.write(&Told::state(ALICE, POLICY, "", "{}"), only(&named));
        accepted(&scribe.feed(&mut room, &off).receipt);
        assert_eq!(room.policy_server(), PolicyUse::Malformed);
        let free = message(&mut scribe, &[off]);
        accepted(&scribe.feed(&mut room, &free).receipt);

        // Events of that type with another state key, and messages, are like any other.
        let (mut scribe, mut room, named) = guarded(&rules, &key);
        let other = scribe.write(&Told::state(ALICE, POLICY, "x", "{}"), only(&named));
        withheld(
            &scribe.feed(&mut room, &other).receipt,
            Withheld::PolicyUnsigned,
        );

        // By a redaction.
        let redaction = scribe.write(&Told::redaction(ALICE, &named), only(&named));
        let bytes = signed(scribe.bytes(&redaction), &rules);
        accepted(&scribe.give(&mut room, &bytes));
        assert_eq!(room.policy_server(), PolicyUse::Malformed);
        let free = message(&mut scribe, &[redaction]);
        accepted(&scribe.feed(&mut room, &free).receipt);

        // By the last of the server's users leaving.
        let (mut scribe, mut room, named) = guarded(&rules, &key);
        let leave = Told::state(BOT, MEMBER, BOT, r#"{"membership":"leave"}"#);
        let leave = scribe.write(&leave, &[named]);
        let bytes = signed(scribe.bytes(&leave), &rules);
        accepted(&scribe.give(&mut room, &bytes));
        assert!(matches!(room.policy_server(), PolicyUse::Absent(_)));
        let free = message(&mut scribe, &[leave]);
        accepted(&scribe.feed(&mut room, &free).receipt);
    }
}

#[test]
fn an_event_that_is_built_names_the_policy_server_to_ask() {
    for rules in stable() {
        let (_, room, _) = guarded(&rules, &policy_key().verify_key().to_base64());
        let build = |told: Told<'_>| {
            let signer = home(told.sender);
            room.build(told.draft(), signer.signer(), NOW)
                .unwrap()
                .policy_server
        };
        let via = build(Told::message(BOB)).map(|server| server.to_string());
        assert_eq!(via.as_deref(), Some(VIA));
        assert_eq!(build(Told::state(ALICE, POLICY, "", "{}")), None);
    }
}

/// Neither what lies behind a claim nor what is waited for is asked for a signature too early.
#[test]
fn check_7_is_made_when_an_event_takes_its_place() {
    for rules in stable() {
        let key = policy_key().verify_key().to_base64();
        let mut scribe = Scribe::new(&rules);
        scribe.put(BOT, MEMBER, BOT, r#"{"membership":"join"}"#);
        let early = scribe.say(BOB);
        let named = scribe.put(ALICE, POLICY, "", &policy(&key));
        let lost = message(&mut scribe, only(&named));
        let late = message(&mut scribe, only(&lost));
        let (lost_bytes, late_bytes) = (
            signed(scribe.bytes(&lost), &rules),
            scribe.bytes(&late).to_vec(),
        );
        // It waits, unsigned, and is soft-failed when it is admitted.
        let mut room = scribe.open_known(&lost);
        let _ = waits(scribe.give(&mut room, &late_bytes));
        accepted(&scribe.give(&mut room, &lost_bytes));
        assert_eq!(room.standing(&late), Some(Standing::SoftFailed));

        // History behind a claim meets no policy server, unless it comes as if it were new.
        for (is_live, of_messages) in [(false, Standing::Accepted), (true, Standing::SoftFailed)] {
            let mut room = scribe.open_known(&early);
            let claim = scribe.claim_before(&late);
            let _ = waits(scribe.give(&mut room, &signed(&late_bytes, &rules)));
            scribe.take(&mut room, &late, &claim).unwrap();
            assert_eq!(room.standing(&late), Some(Standing::Accepted));
            for id in [&lost, &named, &early] {
                if is_live {
                    let _ = scribe.feed(&mut room, id);
                } else {
                    let _ = room.receive_backfilled(scribe.bytes(id), &scribe.keys, NOW);
                }
            }
            for id in [&early, &lost] {
                assert_eq!(room.standing(id), Some(of_messages), "{id}");
            }
            for id in [&named, &late] {
                assert_eq!(room.standing(id), Some(Standing::Accepted), "{id}");
            }
            assert_eq!(room.extremities(), only(&late));
        }
    }
}
