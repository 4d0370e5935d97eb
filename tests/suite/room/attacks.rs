//! Attacks that take a room to be shown.
//!
//! | threat  | test |
//! |---------|------|
//! | V-A-01  | `what_cites_another_room_reaches_no_state` |
//! | V-SR-01 | `power_levels_of_depth_zero_get_into_no_claimed_state` |

use roomdag::crypto;
use roomdag::id::EventId;
use roomdag::limits::Limits;
use roomdag::pdu::Pdu;
use roomdag::room::{Claim, ClaimDefect, ClaimError, Fault, Receipt};
use roomdag::version::EventIdFormat;

use crate::room::draft::{NOW, stable};
use crate::room::support::{
    BOB, EVE, LEVELS, Scribe, TOPIC, Told, changed, home, levels, observed, waits,
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
        let foreign = other.put_object(crate::room::support::ALICE, LEVELS, "", &grant);
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
        let receipt = scribe.give_own(other.bytes(&foreign));
        assert!(
            matches!(receipt, Receipt::Dropped(Fault::WrongRoom { .. })),
            "{receipt:?}"
        );
        assert_eq!(scribe.room.standing(event.id()), None);
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
