//! Attacks that take a room to be shown.
//!
//! | threat  | test |
//! |---------|------|
//! | V-A-01  | `what_cites_another_room_reaches_no_state`, `what_follows_an_event_that_cites_another_room_is_judged` |
//! | V-SR-01 | `power_levels_of_depth_zero_get_into_no_claimed_state` |

use roomdag::auth::Rule;
use roomdag::crypto;
use roomdag::id::EventId;
use roomdag::limits::Limits;
use roomdag::pdu::Pdu;
use roomdag::room::{
    Claim, ClaimDefect, ClaimError, Fault, Notice, Receipt, Rejection, Room, Standing,
};
use roomdag::state::StateDigest;
use roomdag::version::{EventIdFormat, RoomVersionRules};

use crate::room::draft::{NOW, stable};
use crate::room::support::{
    ALICE, BOB, EVE, LEVELS, Scribe, TOPIC, Told, altered, changed, home, levels, observed, only,
    waits,
};

/// An event, changed and signed anew; its id and bytes.
fn resigned(
    scribe: &Scribe,
    sender: &str,
    bytes: &[u8],
    change: impl FnOnce(&mut roomdag::Object),
) -> (EventId, Vec<u8>) {
    let bytes = changed(bytes, |json| {
        json.remove("hashes");
        json.remove("signatures");
        change(json);
        let home = home(sender);
        crypto::hash_and_sign_event(json, &scribe.rules, home.server.as_str(), &home.key);
    });
    let pdu = Pdu::parse(&bytes, &scribe.rules, &Limits::default()).unwrap();
    (crypto::event_id(&pdu, &scribe.rules), bytes)
}

/// Eve has power in a room of her own, and cites its power levels for a topic in Alice's.
#[test]
fn what_cites_another_room_reaches_no_state() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let mut other = Scribe::elsewhere(&rules);
        let grant = levels(&rules, r#"{"users_default":100}"#);
        let foreign = other.put_object(ALICE, LEVELS, "", &grant);
        let tip = scribe.room.extremities();
        let told = Told::state(EVE, TOPIC, "", r#"{"topic":"mine"}"#);
        let honest = scribe.auth(&told, &tip);
        let here = scribe.holder(&tip, LEVELS, "").unwrap();
        let cited: Vec<EventId> = honest
            .iter()
            .map(|id| {
                if *id == here {
                    foreign.clone()
                } else {
                    id.clone()
                }
            })
            .collect();
        scribe
            .events
            .insert(foreign.clone(), other.events[&foreign].clone());
        let event = scribe.craft(&told, &tip, &cited);
        let bytes = event.json().as_bytes().to_vec();

        let missing = waits(scribe.give_own(&bytes));
        assert_eq!(missing.events, std::slice::from_ref(&foreign));
        let received = scribe
            .room
            .receive(other.bytes(&foreign), &scribe.keys, NOW);
        let receipt = received.receipt;
        assert!(
            matches!(receipt, Receipt::Dropped(Fault::WrongRoom { .. })),
            "{receipt:?}"
        );
        // An id that is no hash tells nothing of the room.
        let rejected = (rules.event_id != EventIdFormat::Field).then_some(Standing::Rejected);
        assert_eq!(scribe.room.standing(event.id()), rejected);
        assert_eq!(received.notices.len(), usize::from(rejected.is_some()));
        let dag = scribe.room.dag();
        assert!(!dag.node(&foreign).is_some_and(|node| dag.is_known(node)));
        let state = scribe.room.current_state().unwrap();
        assert!(state.get(TOPIC, "").is_none());

        // Nor does it get in with a claim.
        let late = scribe.say(BOB);
        let lost = scribe.say(BOB);
        let waiting = scribe.say(BOB);
        let mut room = scribe.open_known(&late);
        let _ = waits(scribe.feed(&mut room, &waiting).receipt);
        let before = observed(&room);
        let mut claim = scribe.claim_before(&lost);
        claim.events.push(&bytes);
        claim.auth_chain.push(other.bytes(&foreign));
        let refused = scribe.take(&mut room, &waiting, &claim);
        let Err(ClaimError::Invalid { defects }) = refused else {
            panic!("{refused:?}");
        };
        assert!(
            matches!(&defects[..], [ClaimDefect::WrongRoom { event, .. }] if *event == foreign),
            "{defects:?}"
        );
        assert_eq!(observed(&room), before);
        // Without it the claim is taken.
        let claim = scribe.claim_before(&waiting);
        assert!(scribe.take(&mut room, &waiting, &claim).is_ok());
    }
}

/// ```text
/// … ─ x ─ y ─ z     x and z cite an event of another room
/// ```
#[test]
fn what_follows_an_event_that_cites_another_room_is_judged() {
    let with_hashes = |rules: &RoomVersionRules| rules.event_id != EventIdFormat::Field;
    for rules in stable().into_iter().filter(with_hashes) {
        let mut scribe = Scribe::new(&rules);
        let mut other = Scribe::elsewhere(&rules);
        let foreign = other.say(ALICE);
        let bytes = other.bytes(&foreign);
        scribe
            .events
            .insert(foreign.clone(), other.events[&foreign].clone());
        let tip = scribe.room.extremities();
        let mut follow = |sender: &str, prev: &[EventId], cited: &[EventId]| {
            let told = Told::message(sender);
            let auth = [&scribe.auth(&told, &tip), cited].concat();
            let event = scribe.craft(&told, prev, &auth);
            let id = event.id().clone();
            scribe.events.insert(id.clone(), event);
            id
        };
        let x = follow(EVE, &tip, only(&foreign));
        let y = follow(BOB, only(&x), &[]);
        let z = follow(EVE, only(&y), only(&foreign));
        let room = scribe.copy();

        let is_settled = |room: &Room| {
            for (event, standing) in [
                (&x, Standing::Rejected),
                (&y, Standing::Accepted),
                (&z, Standing::Rejected),
            ] {
                assert_eq!(room.standing(event), Some(standing));
            }
            assert_eq!(room.extremities(), only(&y));
            assert_eq!(room.waiting().count(), 0);
            assert_eq!(room.current_state().unwrap().digest(), digest(&scribe.room));
            let again = Room::restore(room.checkpoint(), &scribe.setup(Limits::default()));
            assert_eq!(observed(&again.unwrap()), observed(room));
        };

        let mut one = room.clone();
        for event in [&x, &y, &z] {
            let missing = waits(scribe.feed(&mut one, event).receipt);
            assert_eq!(missing.events, only(&foreign));
        }
        let received = one.receive(bytes, &scribe.keys, NOW);
        assert!(matches!(
            received.receipt,
            Receipt::Dropped(Fault::WrongRoom { .. })
        ));
        let because = received.notices.iter().find_map(|notice| match notice {
            Notice::Settled {
                event,
                receipt: Receipt::Rejected { because, .. },
            } if *event == x => Some(because),
            _ => None,
        });
        let Some(Rejection::AuthEvents(decision)) = because else {
            panic!("{:?}", received.notices);
        };
        assert_eq!(decision.rule, Rule::AuthEventsOtherRoom);
        assert_eq!(decision.evidence.event.as_ref(), Some(&foreign));
        assert_eq!(received.notices.len(), 3);
        is_settled(&one);

        // Backwards, and what came first in an altered copy; then it is judged anew.
        let mut two = room.clone();
        for event in [&z, &y] {
            waits(scribe.feed(&mut two, event).receipt);
        }
        waits(scribe.give(&mut two, &altered(scribe.bytes(&x))));
        let _ = two.receive(bytes, &scribe.keys, NOW);
        is_settled(&two);
        let _ = scribe.feed(&mut two, &x);
        is_settled(&two);
        assert_eq!(observed(&two), observed(&one));
        assert_eq!(two.receive(bytes, &scribe.keys, NOW).notices, []);
        assert_eq!(observed(&two), observed(&one));
    }
}

fn digest(room: &Room) -> Option<StateDigest> {
    room.current_state().unwrap().digest()
}

/// State resolution v1 takes the power levels of the least depth unchecked; so they must have been
/// checked before.
#[test]
fn power_levels_of_depth_zero_get_into_no_claimed_state() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let honest = scribe
            .holder(&scribe.room.extremities(), LEVELS, "")
            .unwrap();
        let tip = scribe.room.extremities();
        let grant = levels(&rules, r#"{"users_default":100}"#);
        let grant = String::from_utf8(grant.to_canonical()).unwrap();
        let told = Told::state(EVE, LEVELS, "", &grant);
        let auth = scribe.auth(&told, &tip);
        let event = scribe.craft(&told, &tip, &auth);
        let name = "$forged:evil.example";
        let (bogus, bytes) = resigned(&scribe, EVE, event.json().as_bytes(), |json| {
            json.insert("depth", 0);
            if rules.event_id == EventIdFormat::Field {
                json.insert("event_id", name);
            }
        });
        let lost = scribe.say(BOB);
        let late = scribe.say(BOB);
        let mut room = scribe.open_known(&lost);
        let _ = waits(scribe.feed(&mut room, &late).receipt);
        let before = observed(&room);

        let good = scribe.claim_before(&late);
        let honest = scribe.bytes(&honest).to_vec();
        let mut events: Vec<&[u8]> = good.events.clone();
        events.retain(|event| *event != &honest[..]);
        events.push(&bytes);
        let claim = Claim {
            events,
            auth_chain: vec![&honest],
            ..good.clone()
        };
        let refused = room.claim(&late, &claim, &scribe.keys, NOW);
        let Err(ClaimError::Invalid { defects }) = refused else {
            panic!("{refused:?}");
        };
        assert!(
            matches!(&defects[..], [ClaimDefect::Rejected { event, because: Some(_) }] if *event == bogus),
            "{defects:?}"
        );
        assert_eq!(observed(&room), before);
        assert!(room.claim(&late, &good, &scribe.keys, NOW).is_ok());
    }
}
