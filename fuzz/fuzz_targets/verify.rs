//! An event verifies exactly if of each server that must sign it, every signature by a key that was
//! usable is right over the redacted form, and there is one. Its redacted form verifies too unless
//! redaction takes away who must sign. A policy server's signature changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomdag::json::Value;
use roomdag::pdu::{Pdu, redact};
use roomdag::testing::{Random, drawn};
use roomdag::{Limits, crypto};
use roomdag_fuzz::signatures::{is_signed, ring, with_mischief};

fuzz_target!(|bytes: &[u8]| {
    let mut random = Random::of_bytes(bytes);
    let rules = drawn::rules(&mut random);
    let event = drawn::event(&mut random, rules);
    let servers = ["a", "b", "c"].into_iter().filter(|_| random.chance(60));
    let servers: Vec<&str> = servers.collect();
    let mut event = drawn::signed(&event, &servers, rules);
    with_mischief(&mut random, &mut event);
    let (keys, limits, now) = (ring(&mut random), Limits::default(), drawn::now());
    let Ok(pdu) = Pdu::from_json(event.clone(), rules, &limits) else {
        return;
    };
    let expected = is_signed(&pdu, rules, &keys, now);
    let verified = crypto::verify(pdu.clone(), rules, &keys, now, &limits);
    assert_eq!(verified.is_ok(), expected, "{verified:?}");

    let redacted = Pdu::from_json(redact(&event, rules), rules, &limits).unwrap();
    if crypto::required_signers(&redacted, rules) == crypto::required_signers(&pdu, rules) {
        let redacted = crypto::verify(redacted, rules, &keys, now, &limits);
        assert_eq!(redacted.is_ok(), expected);
    }
    let signatures = event.get_mut("signatures").and_then(Value::as_object_mut);
    let of_sender = signatures.and_then(|servers| servers.get_mut(pdu.sender().server_name()));
    if let Some(of_sender) = of_sender.and_then(Value::as_object_mut) {
        of_sender.insert(crypto::POLICY_SERVER_KEY, "AAAA");
        let pdu = Pdu::from_json(event, rules, &limits).unwrap();
        assert_eq!(
            crypto::verify(pdu, rules, &keys, now, &limits).is_ok(),
            expected
        );
    }
});
