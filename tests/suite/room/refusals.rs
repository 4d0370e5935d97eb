//! Refusals that need a room, and what errors of a room repeat.

use roomdag::crypto::{self, SigningKey};
use roomdag::id::KeyId;
use roomdag::json::Object;
use roomdag::pdu::FormatError;
use roomdag::room::{
    ClaimError, Fault, Loading, OpenError, Receipt, Rejection, Room, SendError, Setup,
};
use roomdag::version::{V6, V11};

use crate::room::draft::{NOW, object, stable};
use crate::room::support::{ALICE, BOB, Scribe, Told, all_keys, altered, home, waits};

#[test]
fn bytes_that_are_no_event_open_no_room_and_are_dropped() {
    let scribe = Scribe::new(&V11);
    let keys = all_keys();
    let error = Room::open(b"{", &Setup::default(), &keys, NOW).unwrap_err();
    assert!(
        matches!(error, OpenError::Format(FormatError::Json(_))),
        "{error:?}"
    );
    let mut room = scribe.open();
    let receipt = scribe.give(&mut room, b"{");
    assert!(
        matches!(
            receipt,
            Receipt::Dropped(Fault::Format(FormatError::Json(_)))
        ),
        "{receipt:?}"
    );
}

/// Redaction takes the version out of a create event up to version 10.
#[test]
fn a_create_event_that_was_altered_does_not_say_its_version() {
    let scribe = Scribe::founded(&V6, "{}");
    let copy = altered(scribe.bytes(scribe.create()));
    let error = Room::open(&copy, &Setup::default(), &scribe.keys, NOW).unwrap_err();
    assert_eq!(error, OpenError::VersionLost);
    let setup = scribe.setup(roomdag::Limits::default());
    let (room, _) = Room::open(&copy, &setup, &scribe.keys, NOW).unwrap();
    assert_eq!(room.id(), scribe.room.id());
}

/// A signed create event with an id of its own, as versions 1 and 2 have it.
fn create_of(room_id: &str, version: &str) -> Vec<u8> {
    let mut create: Object = object(&format!(
        r#"{{"auth_events":[],"content":{{"creator":"{ALICE}"{version}}},"depth":1,
            "event_id":"$create:ours.example","origin_server_ts":1,"prev_events":[],
            "room_id":"{room_id}","sender":"{ALICE}","state_key":"","type":"m.room.create"}}"#
    ));
    crypto::hash_and_sign_event(&mut create, &V6, "ours.example", &home(ALICE).key);
    create.to_canonical()
}

#[test]
fn a_room_whose_create_event_names_no_version_is_of_the_first() {
    let create = create_of("!r:ours.example", "");
    let (room, receipt) = Room::open(&create, &Setup::default(), &all_keys(), NOW).unwrap();
    assert!(matches!(receipt, Receipt::Accepted(_)), "{receipt:?}");
    assert_eq!(room.rules().id, "1");
}

#[test]
fn what_is_no_create_event_or_names_no_known_version_opens_no_room() {
    let open = |bytes: &[u8]| Room::open(bytes, &Setup::default(), &all_keys(), NOW).unwrap_err();
    for version in ["5", "null", "[\"5\"]", "{}"] {
        let create = create_of("!r:ours.example", &format!(r#","room_version":{version}"#));
        assert_eq!(open(&create), OpenError::RoomVersionNotText);
    }
    let create = create_of("!r:ours.example", r#","room_version":"05""#);
    let id = "05".to_owned();
    assert_eq!(open(&create), OpenError::UnknownVersion { id });
    let scribe = Scribe::new(&V6);
    let member = scribe.bytes(&scribe.order[1]);
    assert_eq!(open(member), OpenError::NotCreate);
}

#[test]
fn a_create_event_that_the_rules_reject_opens_no_room() {
    let bytes = create_of("!r:theirs.example", "");
    let error = Room::open(&bytes, &Setup::default(), &all_keys(), NOW).unwrap_err();
    assert!(
        matches!(error, OpenError::Rejected(Rejection::AuthEvents(_))),
        "{error:?}"
    );
}

#[test]
fn nothing_is_built_where_there_is_nothing_to_build_on() {
    for rules in stable() {
        let scribe = Scribe::new(&rules);
        let mut checkpoint = scribe.room.checkpoint();
        checkpoint.head.extremities.clear();
        let id = checkpoint.head.room_id.clone();
        checkpoint.head.seal(&id);
        let room = Room::restore(checkpoint, &scribe.setup(roomdag::Limits::default())).unwrap();
        let draft = Told::message(BOB).draft();
        let error = room.build(draft, home(BOB).signer(), NOW).unwrap_err();
        assert_eq!(error, SendError::NoExtremities);
    }
}

#[test]
fn what_has_its_place_is_not_judged_again_in_a_room_that_was_loaded_in_part() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let mut room = scribe.copy();
        scribe.say(BOB);
        let late = scribe.say(ALICE);
        let _ = waits(scribe.feed(&mut room, &late).receipt);
        let claim = scribe.claim_before(&late);
        scribe.take(&mut room, &late, &claim).unwrap();

        let mut checkpoint = room.checkpoint();
        let id = checkpoint.head.room_id.clone();
        // There is an event more, as far as the head knows.
        checkpoint.head.events += 1;
        checkpoint.head.seal(&id);
        let setup = scribe.setup(roomdag::Limits::default());
        let mut loading = Loading::new(checkpoint.head, &setup).unwrap();
        loading.add(checkpoint.rows).unwrap();
        let mut part = loading.finish().unwrap();
        let error = scribe.take(&mut part, &late, &claim).unwrap_err();
        let event = late.clone();
        assert_eq!(error, ClaimError::LoadedInPart { event });
        assert!(scribe.take(&mut room, &late, &claim).is_ok());
    }
}

/// Names as long as they may be: more than 255 bytes of a name are never repeated.
#[test]
fn what_a_room_says_of_a_fault_is_short() {
    for rules in stable() {
        let scribe = Scribe::new(&rules);
        let mut room = scribe.copy();
        let bytes = scribe.bytes(scribe.order.last().unwrap()).to_vec();
        for (member, text) in [
            ("room_id", format!("!{}:x", "r".repeat(250))),
            ("room_id", "!".to_owned() + &"r".repeat(60_000)),
            ("sender", format!("@{}:x", "s".repeat(60_000))),
            ("type", "t".repeat(60_000)),
        ] {
            let copy = crate::room::support::changed(&bytes, |json| {
                json.insert(member, text.as_str());
            });
            let Receipt::Dropped(fault) = scribe.give(&mut room, &copy) else {
                panic!("{member}");
            };
            assert!(fault.to_string().len() < 1_000, "{fault:.400}");
        }
    }
    let key = SigningKey::from_seed(KeyId::parse("ed25519:1").unwrap(), &[9; 32]).unwrap();
    assert!(format!("{key:?}").len() < 100);
}
