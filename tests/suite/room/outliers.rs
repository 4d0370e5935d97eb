//! Events that come with a claim, and by themselves as well. See `src/room/claim.rs`.

use std::collections::BTreeMap;

use roomdag::event::HashCheck;
use roomdag::id::EventId;
use roomdag::limits::Limits;
use roomdag::room::{Notice, Receipt, Room, Standing};
use roomdag::version::RoomVersionRules;

use crate::room::draft::{NOW, stable};
use crate::room::support::{
    ALICE, BOB, EVE, MEMBER, Scribe, TOPIC, Told, accepted, altered, only, waits,
};

/// ```text
/// … ─ base ─ lost ─ topic ─ missing ─ tip
/// ```
///
/// A room that other servers hold, with `lost`, `topic` and `tip`.
fn gaps(rules: &RoomVersionRules) -> (Scribe, [EventId; 3]) {
    let mut scribe = Scribe::new(rules);
    let lost = scribe.say(BOB);
    let topic = scribe.put(BOB, TOPIC, "", r#"{"topic":"a topic"}"#);
    let missing = scribe.say(ALICE);
    let tip = scribe.say_at(BOB, &[missing]);
    (scribe, [lost, topic, tip])
}

/// What became of an event that waited.
fn settled<'a>(notices: &'a [Notice], id: &EventId) -> Option<&'a Receipt> {
    notices.iter().find_map(|notice| match notice {
        Notice::Settled { event, receipt } if event == id => Some(receipt),
        _ => None,
    })
}

/// ```text
/// … ─ base ─ first ─ leave ─ lost ─ late
/// ```
///
/// `leave` waits for `first`. The claim for `late`, which Eve sends, says that she had left; so
/// `late` is rejected, and `leave` is on no branch yet when `first` comes.
#[test]
fn an_event_that_came_with_a_claim_meets_a_present_without_itself() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let base = scribe.room.extremities();
        let joined = scribe.holder(&base, MEMBER, EVE).unwrap();
        let first = scribe.say_at(ALICE, &base);
        let leave = Told::state(EVE, MEMBER, EVE, r#"{"membership":"leave"}"#);
        let leave = scribe.write(&leave, only(&first));
        let lost = scribe.say_at(BOB, only(&leave));
        let mut auth = scribe.auth(&Told::message(EVE), &base);
        auth.retain(|id| *id != joined);
        auth.push(joined);
        let late = scribe.write_citing(&Told::message(EVE), &[lost], &auth);
        let mut room = scribe.open_known(&first);
        waits(scribe.feed(&mut room, &leave).receipt);
        waits(scribe.feed(&mut room, &late).receipt);
        let claim = scribe.claim_before(&late);
        scribe.take(&mut room, &late, &claim).unwrap();
        assert_eq!(room.standing(&late), Some(Standing::Rejected));
        assert_eq!(room.extremities(), base);

        let received = scribe.feed(&mut room, &first);
        accepted(&received.receipt);
        let settled = settled(&received.notices, &leave);
        accepted(settled.expect("a receipt"));
        assert_eq!(room.extremities(), [leave]);
    }
}

/// `topic` of [`gaps`] waits for `lost`; it comes with the claim for `tip` too.
#[test]
fn a_claim_ends_the_wait_of_an_event_that_another_claim_has_brought() {
    for rules in stable() {
        let (scribe, [lost, topic, tip]) = gaps(&rules);
        let mut room = scribe.open_known(&lost);
        waits(scribe.feed(&mut room, &topic).receipt);
        waits(scribe.feed(&mut room, &tip).receipt);
        let claim = scribe.claim_before(&tip);
        scribe.take(&mut room, &tip, &claim).unwrap();
        assert_eq!(room.standing(&topic), Some(Standing::Outlier));

        let claim = scribe.claim_before(&topic);
        let notices = scribe.take(&mut room, &topic, &claim).unwrap();
        let settled = settled(&notices, &topic);
        accepted(settled.expect("a receipt"));
        assert!(
            !notices
                .iter()
                .any(|notice| matches!(notice, Notice::Revised { .. }))
        );
        assert!(room.waiting().all(|waiting| waiting.event != topic));
        assert!(matches!(
            scribe.feed(&mut room, &topic).receipt,
            Receipt::Known {
                standing: Standing::Accepted,
                ..
            }
        ));
    }
}

/// What a host that goes by the notices believes of each event is what the room says.
#[test]
fn the_notices_of_a_join_say_what_each_event_is() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let _ = scribe.say(BOB);
        let _ = scribe.put(BOB, TOPIC, "", "{}");
        let join = scribe.put(EVE, MEMBER, EVE, r#"{"membership":"join"}"#);
        let claim = scribe.claim_before(&join);
        let setup = scribe.setup(Limits::default());
        let (room, notices) =
            Room::join(scribe.bytes(&join), &claim, &setup, &scribe.keys, NOW).unwrap();
        let mut believed = BTreeMap::new();
        for notice in notices {
            let (event, standing) = match notice {
                Notice::Settled { event, receipt } => (event, receipt.standing()),
                Notice::Outlier(event) => (event.id, Some(Standing::Outlier)),
                Notice::Revised { event, is, .. } => (event, Some(is)),
                Notice::Evicted { event } => (event, None),
            };
            believed.insert(event, standing);
        }
        assert!(believed.values().any(|is| *is == Some(Standing::Outlier)));
        assert!(believed.len() > 4);
        for (event, standing) in believed {
            assert_eq!(room.standing(&event), standing, "{event}");
        }
    }
}

/// `topic` of [`gaps`] comes intact with the claim for `tip`, then altered by itself.
#[test]
fn an_altered_copy_of_what_came_with_a_claim_is_taken_up_and_not_kept() {
    for rules in stable() {
        for waits_already in [false, true] {
            let (scribe, [lost, topic, tip]) = gaps(&rules);
            let mut room = scribe.open_known(&lost);
            let bad = altered(scribe.bytes(&topic));
            if waits_already {
                waits(scribe.give(&mut room, &bad));
            }
            waits(scribe.feed(&mut room, &tip).receipt);
            let claim = scribe.claim_before(&tip);
            let notices = scribe.take(&mut room, &tip, &claim).unwrap();
            let outlier = notices.iter().find_map(|notice| match notice {
                Notice::Outlier(event) if event.id == topic => event.json.as_ref(),
                _ => None,
            });
            assert_eq!(outlier.unwrap().as_bytes(), scribe.bytes(&topic));

            let received = scribe.feed(&mut room, &lost);
            accepted(&received.receipt);
            let settled = settled(&received.notices, &topic);
            let receipt = match settled {
                Some(receipt) => receipt.clone(),
                None => scribe.give(&mut room, &bad),
            };
            assert_eq!(settled.is_some(), waits_already);
            let Receipt::Accepted(event) = receipt else {
                panic!("{receipt:?}");
            };
            assert_eq!(event.content_hash, HashCheck::Mismatch);
            assert_eq!(event.json, None);
            let node = room.dag().node(&topic).unwrap();
            let known = room.dag().provenance(node).unwrap();
            assert_eq!(known.content_hash, HashCheck::Ok);
        }
    }
}
