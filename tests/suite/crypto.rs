//! Signatures and keys against the specification's examples and the edge cases in
//! `spec-vectors/signatures`.

mod documents;
mod edge_cases;
mod keys;
mod ring;
mod signing;

use proptest::prelude::*;
use roomdag::crypto::{
    JsonSignatureError, KeyConflict, KeyDocumentError, Signature, SigningKey, Timestamp, VerifyKey,
};
use roomdag::id::{KeyId, ServerName};
use roomdag::json::{Mode, Object};

/// The seed of the specification's examples.
const SEED: &str = "YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1";

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const WEEK: i64 = 7 * 24 * 3600 * 1000;

fn spec_key() -> SigningKey {
    SigningKey::from_file(&format!("ed25519 1 {SEED}")).expect("the spec's key")
}

/// Some other key.
fn key(id: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(key_id(id), &[seed; 32]).expect("an ed25519 key")
}

fn key_id(id: &str) -> KeyId {
    KeyId::parse(id).expect(id)
}

fn server(name: &str) -> ServerName {
    ServerName::parse(name).expect(name)
}

fn object(text: &str) -> Object {
    Object::parse(text.as_bytes(), Mode::Strict).expect(text)
}

#[test]
fn the_wording_of_errors() {
    let weak = VerifyKey::from_bytes(&[0; 32]).unwrap_err();
    assert_eq!(weak.to_string(), "the key is weak");
    let text = VerifyKey::from_base64("AAAA").unwrap_err().to_string();
    assert_eq!(
        text,
        "a key must be 32 bytes in base64: 3 bytes where 32 belong"
    );
    let conflict = KeyConflict {
        server: server("a"),
        keys: vec![key_id("ed25519:1")],
    };
    assert_eq!(
        conflict.to_string(),
        r#"`a` has other keys of the names ["ed25519:1"]"#
    );
    let error = KeyDocumentError::Signature {
        server: server("a"),
        key_id: key_id("ed25519:1"),
        error: JsonSignatureError::Invalid,
    };
    assert_eq!(
        error.to_string(),
        "`a` with `ed25519:1`: the signature is wrong"
    );
}

proptest! {
    #[test]
    fn what_is_signed_verifies_and_a_flipped_bit_does_not(
        seed in any::<[u8; 32]>(),
        message in prop::collection::vec(any::<u8>(), 0..100),
        bit in 0..512_usize,
    ) {
        let key = SigningKey::from_seed(key_id("ed25519:1"), &seed).expect("an ed25519 key");
        let signature = key.sign(&message);
        prop_assert!(key.verify_key().verify(&message, &signature));
        let mut bytes = *signature.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!key.verify_key().verify(&message, &Signature::from_bytes(bytes)));
        prop_assert_eq!(SigningKey::from_file(&key.to_file()).expect("its file").to_file(), key.to_file());
    }

    #[test]
    fn no_bytes_are_too_odd_to_be_a_key_or_not(bytes in any::<[u8; 32]>(), text in any::<String>()) {
        let _ = VerifyKey::from_bytes(&bytes);
        let _ = VerifyKey::from_base64(&text);
        let _ = SigningKey::from_file(&text);
    }
}
