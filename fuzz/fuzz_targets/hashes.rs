//! The content hash is SHA-256 of the event's canonical JSON without `hashes`, `signatures` and
//! `unsigned`; the reference hash is that of its redacted form without `signatures`; the event id
//! is the reference hash where it is not stated; and an event counts as intact exactly if it states
//! its content hash.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomdag::event::HashCheck;
use roomdag::json::{Object, base64};
use roomdag::pdu::{Pdu, redact};
use roomdag::testing::{Random, drawn};
use roomdag::version::EventIdFormat;
use roomdag::{Limits, crypto};
use sha2::{Digest, Sha256};

fuzz_target!(|bytes: &[u8]| {
    let (rules, bytes) = drawn::wire(Random::of_bytes(bytes));
    let Ok(event) = Object::parse(&bytes, rules.canonical_json) else {
        return;
    };
    let content = sha256(&event, &["hashes", "signatures", "unsigned"]);
    assert_eq!(crypto::content_hash(&event).as_bytes(), &content);
    let reference = sha256(&redact(&event, rules), &["signatures"]);
    assert_eq!(crypto::reference_hash(&event, rules).as_bytes(), &reference);

    let Ok(pdu) = Pdu::from_json(event, rules, &Limits::default()) else {
        return;
    };
    let expected = match rules.event_id {
        EventIdFormat::Field => pdu.stated_event_id().unwrap().to_string(),
        EventIdFormat::ReferenceHash => format!("${}", base64::encode(&reference)),
        EventIdFormat::ReferenceHashUrlSafe => format!("${}", base64::encode_url_safe(&reference)),
    };
    let is_intact = *pdu.stated_content_hash() == content;
    let read = crypto::unverified(pdu, rules);
    assert_eq!(read.id().as_str(), expected);
    assert_eq!(read.provenance().content_hash == HashCheck::Ok, is_intact);
});

fn sha256(event: &Object, without: &[&str]) -> [u8; 32] {
    let mut left = event.clone();
    for key in without {
        left.remove(key);
    }
    Sha256::digest(left.to_canonical()).into()
}
