//! The example of the tool's help.

use roomdag::crypto::{self, KeyRing, SigningKey, Timestamp, Validity};
use roomdag::event::HashCheck;
use roomdag::id::ServerName;
use roomdag::limits::Limits;
use roomdag::pdu::Pdu;
use roomdag::version::RoomVersions;

use crate::vectors::fields::bytes;

/// The event and the key that the tool's help speaks of.
#[test]
fn the_example_event_is_signed_by_the_example_key() {
    let rules = RoomVersions::stable_rules("11").unwrap();
    let line = String::from_utf8(bytes("events/example.key")).unwrap();
    let key = SigningKey::from_file(&line).unwrap();
    let limits = Limits::default();
    let pdu = Pdu::parse(&bytes("events/example.json"), rules, &limits).unwrap();
    let server = ServerName::parse(pdu.sender().server_name()).unwrap();
    let mut ring = KeyRing::new();
    ring.insert(
        server,
        key.key_id().clone(),
        key.verify_key(),
        Validity::Forever,
    )
    .unwrap();

    let event = crypto::verify(pdu, rules, &ring, Timestamp::from_millis(0), &limits).unwrap();

    assert_eq!(event.provenance().content_hash, HashCheck::Ok);
}
