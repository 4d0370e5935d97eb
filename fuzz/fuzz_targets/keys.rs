//! A key document that is read names its server, and each key in use that signed it has signed it
//! rightly. A ring has the same keys in whatever order documents come, and twice is once; a key of
//! a name that is taken is refused and changes nothing. A key is good when its server says so.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomdag::crypto::{KeyDocument, KeyRing, verify_json};
use roomdag::json::{Mode, Object};
use roomdag::testing::{Random, drawn};
use roomdag::{Limits, crypto::Validity};
use roomdag_fuzz::signatures::{assert_lookups, document, listed};

fuzz_target!(|bytes: &[u8]| {
    let mut random = Random::of_bytes(bytes);
    let limits = Limits::default();
    let is_raw = random.chance(25);
    let texts: Vec<Vec<u8>> = match is_raw {
        true => vec![random.clone().into_bytes()],
        false => (0..3)
            .map(|_| document(&mut random).to_canonical())
            .collect(),
    };
    let mut documents = Vec::new();
    for text in &texts {
        let Ok(document) = KeyDocument::parse(text, &limits) else {
            continue;
        };
        let json = Object::parse(text, Mode::Strict).unwrap();
        let server = document.server_name().as_str();
        assert_eq!(
            json.get("server_name").and_then(|name| name.as_str()),
            Some(server)
        );
        for (id, key, validity) in document.keys() {
            if matches!(validity, Validity::Until(_))
                && json_has_signature(&json, server, id.as_str())
            {
                assert_eq!(verify_json(&json, server, id, key), Ok(()));
            }
        }
        documents.push(document);
    }
    let mut ring = KeyRing::new();
    let taken: Vec<bool> = documents
        .iter()
        .map(|one| ring.add_document(one).is_ok())
        .collect();
    let before = listed(&ring);
    for (document, taken) in documents.iter().zip(&taken) {
        assert_eq!(ring.add_document(document).is_ok(), *taken);
    }
    assert_eq!(listed(&ring), before);
    if taken.iter().all(|taken| *taken) {
        let mut other = KeyRing::new();
        for document in documents.iter().rev() {
            other.add_document(document).unwrap();
        }
        assert_eq!(listed(&other), before);
    }
    assert_lookups(&mut random, &ring, drawn::now());
});

fn json_has_signature(json: &Object, server: &str, key_id: &str) -> bool {
    let servers = json
        .get("signatures")
        .and_then(|signatures| signatures.as_object());
    let keys = servers.and_then(|servers| servers.get(server)?.as_object());
    keys.is_some_and(|keys| keys.contains_key(key_id))
}
