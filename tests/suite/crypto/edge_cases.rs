//! Signatures on which implementations are known to differ.

use roomdag::crypto::{Signature, VerifyKey};

use crate::crypto::spec_key;

use std::path::Path;

#[derive(serde::Deserialize)]
struct Case {
    number: u32,
    key: String,
    sig: String,
    msg: String,
}

fn load<T: serde::de::DeserializeOwned>(file: &str) -> T {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec-vectors/signatures");
    let text = std::fs::read_to_string(folder.join(file)).expect(file);
    serde_json::from_str(&text).expect(file)
}

fn hex<const N: usize>(text: &str) -> [u8; N] {
    std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hex"))
}

/// SG-08: low-order and non-canonical points, in keys and in signatures.
#[test]
fn exactly_what_libsodium_accepts_is_accepted() {
    let cases: Vec<Case> = load("ed25519-cctv.json");
    let expected: Vec<u32> = load("ed25519-libsodium-accepts.json");
    assert_eq!((cases.len(), expected.len()), (914, 43));

    let accepted = cases.iter().filter(|case| {
        let signature = Signature::from_bytes(hex(&case.sig));
        VerifyKey::from_bytes(&hex(&case.key))
            .is_ok_and(|key| key.verify(case.msg.as_bytes(), &signature))
    });
    assert_eq!(
        accepted.map(|case| case.number).collect::<Vec<_>>(),
        expected
    );
}

/// Adding the group's order to `S` gives a second signature that is no less true, and must
/// not pass.
#[test]
fn a_signature_has_one_form() {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let key = spec_key();
    let mut bytes = *key.sign(b"x").as_bytes();
    assert!(key.verify_key().verify(b"x", &Signature::from_bytes(bytes)));

    let mut carry = 0;
    for (byte, order) in bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert!(!key.verify_key().verify(b"x", &Signature::from_bytes(bytes)));
}
