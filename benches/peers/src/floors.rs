//! What no intake can be faster than: the hashes and the signature alone, of the same bytes.

use std::rc::Rc;

use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use roomdag::json::base64;
use roomdag::pdu::redact;
use roomdag::testing::workload::Workload;
use roomdag::{Limits, Object, Pdu, Value, crypto};
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use crate::answer::Answer;
use crate::measure::Contender;
use crate::room::Room;

const NAME: &str = "floor";

/// Two passes of SHA-256: over what the content hash is of, and what the reference hash is of.
pub fn hashes(room: &Rc<Room>) -> Contender {
    let pdus = hashed(&room.workload);
    let run = move |()| pdus.iter().map(Hashed::digests).collect();
    Contender::new(NAME, || (), run, |taken_in: &Vec<_>| verdicts(taken_in))
}

/// As [`hashes`], and one verification with a key that is decompressed already.
pub fn hashes_and_signature(room: &Rc<Room>) -> Contender {
    let pdus = hashed(&room.workload);
    let run = move |()| {
        let digests = pdus.iter().map(|pdu| {
            let verified = pdu.key.verify(&pdu.for_reference, &pdu.signature);
            verified.expect("it is signed");
            pdu.digests()
        });
        digests.collect()
    };
    Contender::new(NAME, || (), run, |taken_in: &Vec<_>| verdicts(taken_in))
}

/// The bytes that are hashed and signed, made beforehand.
struct Hashed {
    for_content: Vec<u8>,
    /// What is signed, too.
    for_reference: Vec<u8>,
    content_hash: [u8; 32],
    signature: Signature,
    key: VerifyingKey,
}

type Digests = (bool, [u8; 32]);

impl Hashed {
    fn digests(&self) -> Digests {
        let content: [u8; 32] = Sha256::digest(&self.for_content).into();
        let reference = Sha256::digest(&self.for_reference).into();
        (content == self.content_hash, reference)
    }
}

fn hashed(workload: &Workload) -> Vec<Hashed> {
    let keys = workload.keys.iter().map(|(server, _, key, _)| {
        let key = VerifyingKey::from_bytes(key.as_bytes()).expect("it is a key");
        (server.as_str(), key)
    });
    let keys: FxHashMap<&str, VerifyingKey> = keys.collect();
    let hashed = workload.pdus.iter().map(|bytes| {
        let pdu = Pdu::parse(bytes, &workload.rules, &Limits::default()).expect("well-formed");
        let server = pdu.sender().server_name();
        let json = pdu.json().to_object();
        Hashed {
            for_content: without(&json, &["hashes", "signatures", "unsigned"]),
            for_reference: without(&redact(&json, &workload.rules), &["signatures", "unsigned"]),
            content_hash: *pdu.stated_content_hash(),
            signature: signature(&json, server).expect("it is signed"),
            key: keys[server],
        }
    });
    hashed.collect()
}

fn without(object: &Object, members: &[&str]) -> Vec<u8> {
    let mut object = object.clone();
    for member in members {
        object.remove(member);
    }
    object.to_canonical()
}

fn signature(pdu: &Object, server: &str) -> Option<Signature> {
    let servers = pdu.get("signatures")?.as_object()?;
    let (_, signature) = servers.get(server)?.as_object()?.iter().next()?;
    let signature = crypto::Signature::from_base64(Value::as_str(signature)?)?;
    Some(Signature::from_bytes(signature.as_bytes()))
}

fn verdicts(digests: &[Digests]) -> Answer {
    let verdict = |(at, (hash, reference)): (usize, &Digests)| {
        let id = base64::encode_url_safe(reference);
        (at, *hash, format!("${id}"))
    };
    digests.iter().enumerate().map(verdict).collect()
}
