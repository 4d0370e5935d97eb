//! Signatures on which implementations are known to differ.

use roomdag::crypto::Signature;

use crate::crypto::spec_key;

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
