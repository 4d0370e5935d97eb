//! See `Room::receive`: an event that comes altered, and intact before or after.
//!
//! | threat | tests |
//! |--------|-------|
//! | V-H-01 | `the_redacted_form_of_an_altered_event_goes_on` |
//! | V-D-13, V-D-14 | `the_intact_copy_counts_in_whatever_order_they_come` |
//! | V-H-02 | `another_event_of_a_known_id_is_dropped`, `another_event_of_a_waiting_id_is_dropped` |

use roomdag::crypto::{self, SigningKey};
use roomdag::event::HashCheck;
use roomdag::id::{EventId, KeyId};
use roomdag::limits::Limits;
use roomdag::room::{Fault, Receipt, Room, Standing, countersign_join};
use roomdag::version::{EventIdFormat, JoinRule, RoomVersionRules};

use crate::room::draft::{object, stable};
use crate::room::support::{
    ALICE, BOB, EVE, JOIN_RULES, LEVELS, MEMBER, Observed, Scribe, TOPIC, Told, accepted, altered,
    home, levels, observed, only, waits,
};

/// What is known of the events themselves.
fn contents(room: &Room) -> Vec<(String, String)> {
    let dag = room.dag();
    let mut contents: Vec<_> = dag
        .events()
        .map(|node| {
            let event = dag.event(node).unwrap();
            let known = (event.content, event.redacts, event.authoriser_signature);
            let redactions: Vec<_> = room.redactions_of(event.id).collect();
            let text = format!("{known:?} {:?} {redactions:?}", dag.provenance(node));
            (event.id.as_str().to_owned(), text)
        })
        .collect();
    contents.sort();
    contents
}

fn seen(room: &Room) -> (Observed, Vec<(String, String)>) {
    (observed(room), contents(room))
}

#[test]
fn the_redacted_form_of_an_altered_event_goes_on() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let mut room = scribe.copy();
        let topic = scribe.put(BOB, TOPIC, "", r#"{"topic":"hello"}"#);
        let receipt = scribe.give(&mut room, &altered(scribe.bytes(&topic)));
        let Receipt::Accepted(event) = receipt else {
            panic!("{receipt:?}");
        };
        assert_eq!(event.content_hash, HashCheck::Mismatch);
        let redacted = roomdag::pdu::redact(&scribe.pdu(&topic).json().to_object(), &rules);
        assert_eq!(event.json.unwrap().to_object(), redacted);
        // The intact copy is worth keeping, and is the end of it.
        let receipt = scribe.feed(&mut room, &topic).receipt;
        let Receipt::Accepted(event) = receipt else {
            panic!("{receipt:?}");
        };
        assert_eq!(event.content_hash, HashCheck::Ok);
        assert_eq!(event.json.unwrap().as_bytes(), scribe.bytes(&topic));
        for copy in [scribe.bytes(&topic).to_vec(), altered(scribe.bytes(&topic))] {
            let receipt = scribe.give(&mut room, &copy);
            assert!(matches!(receipt, Receipt::Known { .. }), "{receipt:?}");
        }
    }
}

/// A member of Bob's server who has been invited by a token.
fn third_party(scribe: &mut Scribe) -> EventId {
    let key_id = KeyId::parse("ed25519:0").unwrap();
    let key = SigningKey::from_seed(key_id, &[9; 32]).unwrap();
    let text = key.verify_key().to_base64();
    let offer = format!(
        r#"{{"display_name":"x","key_validity_url":"https://x","public_key":"{text}",
            "public_keys":[{{"public_key":"{text}"}}]}}"#
    );
    scribe.put(ALICE, "m.room.third_party_invite", "token", &offer);
    let carl = "@carl:theirs.example";
    let mut signed = object(&format!(r#"{{"mxid":"{carl}","token":"token"}}"#));
    crypto::sign_json(&mut signed, "id.example", &key);
    let signed = String::from_utf8(signed.to_canonical()).unwrap();
    let content = format!(
        r#"{{"membership":"invite","third_party_invite":{{"display_name":"x","signed":{signed}}}}}"#
    );
    let told = Told::state(ALICE, MEMBER, carl, &content);
    let tip = scribe.room.extremities();
    let mut auth = scribe.auth(&told, &tip);
    auth.extend(scribe.holder(&tip, "m.room.third_party_invite", "token"));
    scribe.write_citing(&told, &tip, &auth)
}

/// A join that Alice vouches for, in room versions that have them.
fn restricted(scribe: &mut Scribe) -> Option<EventId> {
    if !scribe.rules.auth.knows(JoinRule::Restricted) {
        return None;
    }
    let rule = r#"{"allow":[],"join_rule":"restricted"}"#;
    scribe.put(ALICE, JOIN_RULES, "", rule);
    let dora = "@dora:theirs.example";
    let content =
        format!(r#"{{"join_authorised_via_users_server":"{ALICE}","membership":"join"}}"#);
    let told = Told::state(dora, MEMBER, dora, &content);
    let tip = scribe.room.extremities();
    let auth = scribe.auth(&told, &tip);
    let join = scribe.craft(&told, &tip, &auth);
    let limits = Limits::default();
    let signer = home(ALICE);
    let whole = countersign_join(join.pdu(), signer.signer(), &scribe.rules, &limits).unwrap();
    let id = join.id().clone();
    let bytes = whole.json().as_bytes().to_vec();
    accepted(&scribe.give_own(&bytes));
    scribe.signed.insert(id.clone(), bytes);
    scribe.order.push(id.clone());
    Some(id)
}

/// Rooms that end in an event whose redacted form says less, and one that rests on it.
fn stories(rules: &RoomVersionRules) -> Vec<(&'static str, Scribe, EventId)> {
    let mut stories = Vec::new();
    let mut story = |word, write: &dyn Fn(&mut Scribe) -> Option<EventId>| {
        let mut scribe = Scribe::new(rules);
        if let Some(event) = write(&mut scribe) {
            assert_eq!(
                scribe.room.standing(&event),
                Some(Standing::Accepted),
                "{word}"
            );
            scribe.say(BOB);
            stories.push((word, scribe, event));
        }
    };
    story("message", &|scribe| Some(scribe.say(BOB)));
    story("topic", &|scribe| {
        Some(scribe.put(BOB, TOPIC, "", r#"{"topic":"x"}"#))
    });
    story("levels", &|scribe| {
        let levels = levels(rules, r#"{"invite":40,"notifications":{"room":30}}"#);
        Some(scribe.put_object(ALICE, LEVELS, "", &levels))
    });
    story("redaction", &|scribe| {
        let target = scribe.say(BOB);
        let tip = scribe.room.extremities();
        Some(scribe.write(&Told::redaction(BOB, &target), &tip))
    });
    story("third-party invite", &|scribe| Some(third_party(scribe)));
    story("restricted join", &restricted);
    stories
}

#[test]
fn the_intact_copy_counts_in_whatever_order_they_come() {
    for rules in stable() {
        for (word, scribe, event) in stories(&rules) {
            let at = scribe.order.iter().position(|id| *id == event).unwrap();
            let (before, after) = (&scribe.order[1..at], &scribe.order[at + 1..]);
            let expected = seen(&scribe.copy());
            let bad = altered(scribe.bytes(&event));
            if scribe.is_signed(&bad) {
                // Next to each other.
                let mut room = scribe.open();
                scribe.feed_all(&mut room, before);
                let _ = scribe.give(&mut room, &bad);
                let receipt = scribe.feed(&mut room, &event).receipt;
                accepted(&receipt);
                scribe.feed_all(&mut room, after);
                assert_eq!(seen(&room), expected, "{word}, {}", rules.id);

                // With what follows in between.
                let mut room = scribe.open();
                scribe.feed_all(&mut room, before);
                let _ = scribe.give(&mut room, &bad);
                scribe.feed_all(&mut room, after);
                accepted(&scribe.feed(&mut room, &event).receipt);
                assert_eq!(room.extremities(), scribe.room.extremities(), "{word}");
                let mut ended = seen(&room);
                let mut wanted = expected.clone();
                // Checks 6 may have been made, and not be repeated; what they said is the same.
                assert_eq!(
                    standings(&room),
                    standings(&scribe.copy()),
                    "{word}, {}",
                    rules.id
                );
                for id in &scribe.order {
                    ended.0.forget_verdict(id);
                    wanted.0.forget_verdict(id);
                }
                assert_eq!(ended, wanted, "{word}, {}", rules.id);

                // The intact one first.
                let mut room = scribe.open();
                scribe.feed_all(&mut room, before);
                accepted(&scribe.feed(&mut room, &event).receipt);
                let receipt = scribe.give(&mut room, &bad);
                assert!(
                    matches!(receipt, Receipt::Known { .. }),
                    "{word}: {receipt:?}"
                );
                scribe.feed_all(&mut room, after);
                assert_eq!(seen(&room), expected, "{word}, {}", rules.id);

                // Both before what they wait for, in either order.
                for intact_first in [true, false] {
                    let mut room = scribe.open();
                    let (last, before) = before.split_last().unwrap();
                    scribe.feed_all(&mut room, before);
                    let give = |room: &mut Room, bytes: &[u8]| {
                        let missing = waits(scribe.give(room, bytes));
                        assert_eq!(missing.events, only(last), "{word}, {}", rules.id);
                    };
                    if intact_first {
                        give(&mut room, scribe.bytes(&event));
                    }
                    give(&mut room, &bad);
                    if !intact_first {
                        give(&mut room, scribe.bytes(&event));
                    }
                    assert_eq!(room.waiting().count(), 1);
                    scribe.feed_all(&mut room, [last]);
                    scribe.feed_all(&mut room, after);
                    assert_eq!(seen(&room), expected, "{word}, {}", rules.id);
                }
            }
        }
    }
}

/// Before room version 3 a redaction is allowed by what it redacts, which its redacted form does not
/// say.
#[test]
fn an_altered_copy_is_not_rejected_before_what_it_follows_is_known() {
    let mut tried = 0;
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        if rules.event_id != EventIdFormat::Field {
            continue;
        }
        let target = scribe.say(EVE);
        let last = scribe.say(BOB);
        let redaction = scribe.write(&Told::redaction(EVE, &target), only(&last));
        let bad = altered(scribe.bytes(&redaction));
        let before = &scribe.order[1..scribe.order.len() - 2];
        for comes_intact in [false, true] {
            let mut room = scribe.open();
            scribe.feed_all(&mut room, before);
            assert_eq!(waits(scribe.give(&mut room, &bad)).events, only(&last));
            if comes_intact {
                let receipt = scribe.feed(&mut room, &redaction).receipt;
                assert_eq!(waits(receipt).events, only(&last));
            }
            assert_eq!(room.standing(&redaction), None);
            accepted(&scribe.feed(&mut room, &last).receipt);
            let standing = if comes_intact {
                Standing::Accepted
            } else {
                Standing::Rejected
            };
            assert_eq!(room.standing(&redaction), Some(standing));
            tried += 1;
        }
    }
    assert_eq!(tried, 4);
}

fn standings(room: &Room) -> Vec<(EventId, Standing)> {
    let dag = room.dag();
    let ids = dag.events().map(|node| dag.id(node).unwrap().clone());
    let mut standings: Vec<_> = ids
        .map(|id| (id.clone(), room.standing(&id).unwrap()))
        .collect();
    standings.sort();
    standings
}

/// Levels that say less when they are redacted decide whether an invite beside them stands; when
/// the intact copy comes, the current state says so.
#[test]
fn the_current_state_follows_the_intact_copy() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let tip = scribe.room.extremities();
        let carl = "@carl:other.example";
        let invite = Told::state(EVE, MEMBER, carl, r#"{"membership":"invite"}"#);
        let invite = scribe.write(&invite, &tip);
        let raised = levels(&rules, r#"{"invite":40}"#);
        let raised = String::from_utf8(raised.to_canonical()).unwrap();
        let raised = scribe.write(&Told::state(ALICE, LEVELS, "", &raised), &tip);
        let before: Vec<EventId> = scribe.order[1..].to_vec();
        let mut room = scribe.open();
        for id in &before {
            let bytes = if *id == raised {
                altered(scribe.bytes(id))
            } else {
                scribe.bytes(id).to_vec()
            };
            let _ = scribe.give(&mut room, &bytes);
        }
        assert_eq!(room.extremities().len(), 2);
        accepted(&scribe.feed(&mut room, &raised).receipt);
        let state = room.current_state().unwrap();
        let resolved = room.state_at(&[raised, invite]).unwrap().state;
        assert!(
            state.map().same(&resolved) || *state.map() == resolved,
            "{}",
            rules.id
        );
    }
}

/// Two events of one id, where servers choose the ids.
fn twins(scribe: &mut Scribe) -> Option<[EventId; 2]> {
    if scribe.rules.event_id != EventIdFormat::Field {
        return None;
    }
    let id = EventId::parse("$chosen:theirs.example").unwrap();
    let tip = scribe.room.extremities();
    let told = |content: &'static str| Told {
        content,
        event_id: Some(id.clone()),
        ..Told::message(BOB)
    };
    let auth = scribe.auth(&told("{}"), &tip);
    let mut twins = [r#"{"body":"one"}"#, r#"{"body":"two"}"#]
        .map(|content| scribe.craft(&told(content), &tip, &auth));
    // The scribe finds the second under a name of the test's own.
    let other = EventId::parse("$twin").unwrap();
    let [one, two] = &mut twins;
    scribe
        .signed
        .insert(id.clone(), one.json().as_bytes().to_vec());
    scribe
        .signed
        .insert(other.clone(), two.json().as_bytes().to_vec());
    Some([id, other])
}

#[test]
fn another_event_of_a_known_id_is_dropped() {
    let mut tried = 0;
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let Some([one, two]) = twins(&mut scribe) else {
            continue;
        };
        for [first, second] in [[&one, &two], [&two, &one]] {
            let mut room = scribe.copy();
            accepted(&scribe.feed(&mut room, first).receipt);
            let before = format!("{room:?}");
            let other = Fault::OtherEvent { id: one.clone() };
            let bytes = scribe.bytes(second).to_vec();
            for copy in [altered(&bytes), bytes] {
                assert_eq!(
                    scribe.give(&mut room, &copy),
                    Receipt::Dropped(other.clone())
                );
                assert_eq!(format!("{room:?}"), before);
            }
            // Another copy of the first is no other event.
            let receipt = scribe.give(&mut room, &altered(scribe.bytes(first)));
            assert!(matches!(receipt, Receipt::Known { .. }), "{receipt:?}");
            tried += 1;
        }
    }
    assert_eq!(tried, 4);
}

#[test]
fn another_event_of_a_waiting_id_is_dropped() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let last = scribe.say(BOB);
        let Some([one, two]) = twins(&mut scribe) else {
            continue;
        };
        for [first, second] in [[&one, &two], [&two, &one]] {
            for first in [scribe.bytes(first).to_vec(), altered(scribe.bytes(first))] {
                let mut room = scribe.open();
                scribe.feed_all(&mut room, &scribe.order[1..scribe.order.len() - 1]);
                let _ = waits(scribe.give(&mut room, &first));
                let before = format!("{room:?}");
                let other = Fault::OtherEvent { id: one.clone() };
                let bytes = scribe.bytes(second).to_vec();
                for copy in [altered(&bytes), bytes] {
                    assert_eq!(
                        scribe.give(&mut room, &copy),
                        Receipt::Dropped(other.clone())
                    );
                    assert_eq!(format!("{room:?}"), before);
                }
                accepted(&scribe.feed(&mut room, &last).receipt);
                assert_eq!(room.standing(&one), Some(Standing::Accepted));
                let node = room.dag().node(&one).unwrap();
                let altered = room.dag().provenance(node).unwrap().content_hash;
                assert_eq!(
                    altered == HashCheck::Ok,
                    first == scribe.bytes(&one) || first == scribe.bytes(&two)
                );
            }
        }
    }
}
