//! The server's own keys and those of others.

use roomdag::crypto::{KeyError, SigningKey, VerifyKey};
use roomdag::json::base64;

use crate::crypto::{SEED, key, key_id, spec_key};

#[test]
fn a_signing_key_reads_and_writes_the_file_of_a_homeserver() {
    let key = spec_key();
    assert_eq!(key.key_id(), &key_id("ed25519:1"));
    // The last character of the spec's seed has bits that belong to no byte.
    let canonical = SEED.replace("XA1", "XA0");
    assert_eq!(key.to_file(), format!("ed25519 1 {canonical}\n"));
    let again = SigningKey::from_file(&format!("\n  ed25519\t1  {SEED} \r\n\n"));
    assert_eq!(again.map(|key| key.to_file()), Ok(key.to_file()));
}

#[test]
fn other_files_are_refused() {
    for text in [
        "",
        "ed25519 1",
        "rsa 1 AAAA",
        "ed25519 a:b AAAA",
        "ed25519 1 AAAA x",
        "ed25519 1 AAAA\ned25519 2 AAAA",
    ] {
        assert_eq!(
            SigningKey::from_file(text).map(|_| ()),
            Err(KeyError::File),
            "{text:?}"
        );
    }
    let short = SigningKey::from_file("ed25519 1 AAAA").map(|_| ());
    let size = base64::Base64Error::Size {
        expected: 32,
        found: 3,
    };
    assert_eq!(short, Err(KeyError::Base64(size)));
    let rsa = SigningKey::from_seed(key_id("rsa:1"), &[0; 32]).map(|_| ());
    assert_eq!(
        rsa,
        Err(KeyError::Algorithm {
            key_id: key_id("rsa:1")
        })
    );
}

#[test]
fn a_signing_key_does_not_print_its_seed() {
    let printed = format!("{:?}", key("ed25519:a", 7));
    assert_eq!(printed, r#"SigningKey { key_id: "ed25519:a", .. }"#);
}

#[test]
fn a_public_key_is_a_point_that_is_not_weak_in_its_one_encoding() {
    let good = spec_key().verify_key();
    assert_eq!(VerifyKey::from_base64(&good.to_base64()), Ok(good));
    assert_eq!(VerifyKey::from_bytes(good.as_bytes()), Ok(good));

    let mut two = [0; 32];
    two[0] = 2;
    assert_eq!(VerifyKey::from_bytes(&two), Err(KeyError::NotAPoint));
    let mut one = [0; 32];
    one[0] = 1;
    assert_eq!(VerifyKey::from_bytes(&one), Err(KeyError::Weak));
    assert_eq!(VerifyKey::from_bytes(&[0; 32]), Err(KeyError::Weak));
    // The field's order plus three: a second encoding of the point at three.
    let mut three = [0xff; 32];
    (three[0], three[31]) = (0xf0, 0x7f);
    assert_eq!(VerifyKey::from_bytes(&three), Err(KeyError::NotAPoint));
    three = [0; 32];
    three[0] = 3;
    assert!(VerifyKey::from_bytes(&three).is_ok());
    assert!(matches!(
        VerifyKey::from_base64("AAAA"),
        Err(KeyError::Base64(_))
    ));
}
