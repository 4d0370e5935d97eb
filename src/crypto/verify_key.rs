//! Public keys.

use ed25519_dalek::Verifier;

use crate::crypto::signature::Signature;
use crate::effort::{self, Step};
use crate::id::KeyId;
use crate::json::base64::{Base64Error, decode_array, encode};

/// A public Ed25519 key, decompressed once, so that each signature costs one verification.
///
/// Equality is that of the bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyKey(ed25519_dalek::VerifyingKey);

impl VerifyKey {
    /// The public half of a key that signs, which is a point and not weak.
    pub(super) fn of(key: &ed25519_dalek::SigningKey) -> Self {
        Self(key.verifying_key())
    }

    /// Decompresses a key.
    ///
    /// # Errors
    ///
    /// - [`KeyError::NotAPoint`]: the bytes are not the encoding of a point.
    /// - [`KeyError::Weak`]: the point is of small order; signatures could be made by anyone.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key =
            ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        // Decompression accepts a coordinate that is not reduced; a second encoding of one point
        // would be a second name for one key.
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::NotAPoint);
        }
        Ok(Self(key))
    }

    /// Reads a key in Base64, as [`decode_array`] does.
    ///
    /// # Errors
    ///
    /// [`KeyError::Base64`] if it is none or not 32 bytes, and the errors of
    /// [`from_bytes`](Self::from_bytes).
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(&decode_array(text).map_err(KeyError::Base64)?)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// In unpadded Base64.
    #[must_use]
    pub fn to_base64(&self) -> String {
        encode(self.as_bytes())
    }

    /// Whether `signature` is that of this key over `message`.
    ///
    /// Always the strict check, which agrees with libsodium on every edge case: `S` must be
    /// reduced, and `R` must not be of small order. Signatures are never checked in batches,
    /// because a batch accepts what a single check refuses.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        // Both the plain check and the strict one compute the point that `R` should be and compare
        // its encoding with the bytes of `R`. The strict one decompresses `R` beforehand, only to
        // refuse it if it is no point or of small order, and the key if it is of small order. Where
        // the bytes turn out equal, they are the one canonical encoding of a point, so of small
        // order exactly if they are listed here; and a weak key is never made.
        effort::step(Step::Signature);
        let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        !SMALL_ORDER.contains(signature.r_bytes()) && self.0.verify(message, &signature).is_ok()
    }
}

/// The canonical encodings of the eight points of small order.
#[rustfmt::skip]
const SMALL_ORDER: [[u8; 32]; 8] = [
    ends([0; 32], 0x01, 0x00),
    ends([0xff; 32], 0xec, 0x7f),
    ends([0; 32], 0x00, 0x00),
    ends([0; 32], 0x00, 0x80),
    ends(ORDER_EIGHT, 0x26, 0x05),
    ends(ORDER_EIGHT, 0x26, 0x85),
    ends(OPPOSITE_ORDER_EIGHT, 0xc7, 0x7a),
    ends(OPPOSITE_ORDER_EIGHT, 0xc7, 0xfa),
];

const ORDER_EIGHT: [u8; 32] = [
    0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
    0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
];

/// With the negative of the other's coordinate.
const OPPOSITE_ORDER_EIGHT: [u8; 32] = [
    0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
    0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
];

/// The same bytes with another first and last one. The highest bit is the sign.
const fn ends(mut bytes: [u8; 32], first: u8, last: u8) -> [u8; 32] {
    let [low, .., high] = &mut bytes;
    *low = first;
    *high = last;
    bytes
}

impl std::fmt::Display for VerifyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.to_base64())
    }
}

impl std::fmt::Debug for VerifyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerifyKey({self})")
    }
}

/// Why something is not a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key is for another algorithm than `ed25519`.
    #[error("`{key_id}` is not an ed25519 key")]
    Algorithm {
        /// What the key is called.
        key_id: KeyId,
    },
    /// The key is not 32 bytes in Base64.
    #[error("a key must be 32 bytes in base64: {0}")]
    Base64(Base64Error),
    /// The text is not of the form `ed25519 <version> <seed>`, on one line.
    #[error("a signing key must read `ed25519 <version> <seed>`")]
    File,
    /// The bytes do not encode a point of the curve in the one way there is.
    #[error("the key is not a point of the curve")]
    NotAPoint,
    /// The key is a point of small order, for which anyone can sign.
    #[error("the key is weak")]
    Weak,
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::Verifier;
    use proptest::prelude::*;

    use super::{SMALL_ORDER, VerifyKey};
    use crate::crypto::Signature;

    /// There are eight such points, so these are all.
    #[test]
    fn the_list_is_that_of_the_points_of_small_order() {
        for (at, bytes) in SMALL_ORDER.iter().enumerate() {
            let point = ed25519_dalek::VerifyingKey::from_bytes(bytes).unwrap();
            assert!(point.is_weak());
            assert_eq!(point.to_edwards().compress().as_bytes(), bytes);
            assert!(SMALL_ORDER.iter().skip(at + 1).all(|other| other != bytes));
        }
    }

    proptest! {
        /// What is quick is as strict as the strict check.
        #[test]
        fn a_signature_counts_exactly_if_it_is_strictly_right(
            seed: [u8; 32],
            message in prop::collection::vec(any::<u8>(), 0..64),
            point in prop::option::weighted(0.2, 0_usize..8),
            scalar in prop::option::weighted(0.2, any::<[u8; 32]>()),
            flip in prop::option::weighted(0.3, 0_usize..512),
        ) {
            use ed25519_dalek::Signer;

            let signing = ed25519_dalek::SigningKey::from_bytes(&seed);
            let key = VerifyKey::of(&signing);
            let mut bytes = signing.sign(&message).to_bytes();
            if let Some(point) = point {
                bytes[..32].copy_from_slice(&SMALL_ORDER[point]);
            }
            if let Some(scalar) = scalar {
                bytes[32..].copy_from_slice(&scalar);
            }
            if let Some(bit) = flip {
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            let theirs = ed25519_dalek::Signature::from_bytes(&bytes);
            let strict = key.0.verify_strict(&message, &theirs).is_ok();
            prop_assert_eq!(key.verify(&message, &Signature::from_bytes(bytes)), strict);
            prop_assert!(!strict || key.0.verify(&message, &theirs).is_ok());
        }
    }

    /// The cases on which implementations differ: some of them only the plain check takes.
    #[test]
    fn the_edge_cases_come_out_as_of_the_strict_check() {
        let cases = include_str!("../../spec-vectors/signatures/ed25519-cctv.json");
        let cases: Vec<serde_json::Value> = serde_json::from_str(cases).unwrap();
        let hex = |case: &serde_json::Value, name: &str| -> Vec<u8> {
            let text = case[name].as_str().unwrap();
            let digits = (0..text.len()).step_by(2).map(|at| &text[at..at + 2]);
            digits
                .map(|two| u8::from_str_radix(two, 16).unwrap())
                .collect()
        };
        let mut refused = 0;
        for case in &cases {
            let Ok(key) = VerifyKey::from_bytes(&hex(case, "key").try_into().unwrap()) else {
                continue;
            };
            let bytes = hex(case, "sig").try_into().unwrap();
            let message = case["msg"].as_str().unwrap().as_bytes();
            let theirs = ed25519_dalek::Signature::from_bytes(&bytes);
            let strict = key.0.verify_strict(message, &theirs).is_ok();
            assert_eq!(
                key.verify(message, &Signature::from_bytes(bytes)),
                strict,
                "{case}"
            );
            refused += usize::from(!strict && key.0.verify(message, &theirs).is_ok());
        }
        assert!(refused > 0);
    }
}
