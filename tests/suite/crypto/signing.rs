//! Signing objects and checking their signatures.

use roomdag::crypto::{JsonSignatureError, Signature, sign_json, verify_json};
use roomdag::json::{Object, Value, base64};

use crate::crypto::{key, key_id, object, spec_key};

#[test]
fn the_spec_s_objects_get_the_spec_s_signatures() {
    for (text, signature) in [
        (
            "{}",
            "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ",
        ),
        (
            r#"{"one": 1, "two": "Two"}"#,
            "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw",
        ),
    ] {
        let mut signed = object(text);
        sign_json(&mut signed, "domain", &spec_key());

        let mut expected = object(text);
        let signatures = format!(r#"{{"domain":{{"ed25519:1":"{signature}"}}}}"#);
        expected.insert("signatures", object(&signatures));
        assert_eq!(signed, expected);
        let key = spec_key().verify_key();
        assert_eq!(
            verify_json(&signed, "domain", &key_id("ed25519:1"), &key),
            Ok(())
        );
    }
}

#[test]
fn other_signatures_and_unsigned_data_stay_and_do_not_matter() {
    let mut signed = object(r#"{"a":1,"unsigned":{"age":5},"signatures":{"x":{"y":"z"}}}"#);
    sign_json(&mut signed, "domain", &key("ed25519:a", 1));
    sign_json(&mut signed, "domain", &key("ed25519:b", 2));
    signed.insert("unsigned", 7);

    assert_eq!(
        signed
            .get("signatures")
            .and_then(Value::as_object)
            .map(Object::len),
        Some(2)
    );
    for (id, seed) in [("ed25519:a", 1), ("ed25519:b", 2)] {
        let key = key(id, seed).verify_key();
        assert_eq!(verify_json(&signed, "domain", &key_id(id), &key), Ok(()));
    }
    signed.insert("a", 2);
    let key = key("ed25519:a", 1).verify_key();
    let verified = verify_json(&signed, "domain", &key_id("ed25519:a"), &key);
    assert_eq!(verified, Err(JsonSignatureError::Invalid));
}

#[test]
fn signatures_that_are_no_objects_are_replaced() {
    for text in [r#"{"signatures":5}"#, r#"{"signatures":{"domain":[]}}"#] {
        let mut signed = object(text);
        sign_json(&mut signed, "domain", &spec_key());
        let key = spec_key().verify_key();
        assert_eq!(
            verify_json(&signed, "domain", &key_id("ed25519:1"), &key),
            Ok(())
        );
    }
}

#[test]
fn what_stands_in_place_of_a_signature_is_told_apart() {
    use JsonSignatureError::{Invalid, Malformed, Missing};
    let key = spec_key().verify_key();
    let short = base64::encode(&[0; 63]);
    let long = base64::encode(&[0; 65]);
    let zero = base64::encode(&[0; 64]);
    for (signatures, error) in [
        ("null".to_owned(), Missing),
        ("{}".to_owned(), Missing),
        (r#"{"domain":5}"#.to_owned(), Missing),
        (r#"{"other":{"ed25519:1":""}}"#.to_owned(), Missing),
        (r#"{"domain":{"ed25519:2":""}}"#.to_owned(), Missing),
        (r#"{"domain":{"ed25519:1":5}}"#.to_owned(), Malformed),
        (r#"{"domain":{"ed25519:1":"?"}}"#.to_owned(), Malformed),
        (
            format!(r#"{{"domain":{{"ed25519:1":"{short}"}}}}"#),
            Malformed,
        ),
        (
            format!(r#"{{"domain":{{"ed25519:1":"{long}"}}}}"#),
            Malformed,
        ),
        (format!(r#"{{"domain":{{"ed25519:1":"{zero}"}}}}"#), Invalid),
    ] {
        let signed = object(&format!(r#"{{"signatures":{signatures}}}"#));
        let verified = verify_json(&signed, "domain", &key_id("ed25519:1"), &key);
        assert_eq!(verified, Err(error), "{signatures}");
    }
}

/// SG-07: what counts is the 64 bytes.
#[test]
fn every_spelling_of_a_signature_is_read_alike() {
    let signature = spec_key().sign(b"x");
    let standard = signature.to_base64();
    let padded = format!("{standard}==");
    let url_safe = base64::encode_url_safe(signature.as_bytes());
    for text in [&standard, &padded, &url_safe, &format!("{url_safe}==")] {
        assert_eq!(Signature::from_base64(text), Some(signature));
    }
    for text in [
        &format!(" {standard}"),
        &format!("{standard}\n"),
        &standard[..85].to_owned(),
    ] {
        assert_eq!(Signature::from_base64(text), None, "{text:?}");
    }
    // The last character has four bits that belong to no byte.
    let (head, last) = standard.split_at(85);
    assert!(["A", "Q", "g", "w"].contains(&last));
    for tail in "ABCDEFGHIJKLMNOP".chars() {
        let read = Signature::from_base64(&format!("{head}{tail}")).expect("64 bytes");
        assert_eq!(read == signature, last == "A", "{tail}");
    }
}
