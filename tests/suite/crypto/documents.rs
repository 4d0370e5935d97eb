//! What a server publishes about its keys, and what a notary passes on.

use roomdag::crypto::{
    JsonSignatureError, KeyConflict, KeyDocument, KeyDocumentError, KeyError, KeyRing, Validity,
    sign_json,
};
use roomdag::json::{Mode, Object, ParseErrorKind, Value, base64};
use roomdag::limits::Limits;

use crate::crypto::{NOW, key, key_id, object, server};

fn unsigned_document() -> Object {
    let keys = [("ed25519:new", 1), ("ed25519:also", 2), ("ed25519:old", 3)];
    let [new, also, old] = keys.map(|(id, seed)| key(id, seed).verify_key().to_base64());
    object(&format!(
        r#"{{"server_name":"a.org:1","valid_until_ts":2000,
            "verify_keys":{{"ed25519:new":{{"key":"{new}"}},"ed25519:also":{{"key":"{also}"}},
                "rsa:1":5,"ed25519:x:y":7}},
            "old_verify_keys":{{"ed25519:old":{{"key":"{old}","expired_ts":1000}}}}}}"#
    ))
}

fn signed_document() -> Object {
    let mut json = unsigned_document();
    sign_json(&mut json, "a.org:1", &key("ed25519:new", 1));
    json
}

fn parse(json: &Object) -> Result<KeyDocument, KeyDocumentError> {
    KeyDocument::parse(&json.to_canonical(), &Limits::default())
}

#[test]
fn a_document_lists_keys_in_use_and_retired_ones() {
    let document = parse(&signed_document()).expect("signed");

    assert_eq!(document.server_name(), "a.org:1");
    assert_eq!(document.valid_until_ts(), 2000);
    assert_eq!(document.unusable(), []);
    let keys: Vec<_> = document
        .keys()
        .map(|(id, key, validity)| (id.as_str(), *key, validity))
        .collect();
    assert_eq!(
        keys,
        [
            (
                "ed25519:also",
                key("ed25519:also", 2).verify_key(),
                Validity::Until(2000)
            ),
            (
                "ed25519:new",
                key("ed25519:new", 1).verify_key(),
                Validity::Until(2000)
            ),
            (
                "ed25519:old",
                key("ed25519:old", 3).verify_key(),
                Validity::ExpiredAt(1000)
            ),
        ]
    );
    let mut ring = KeyRing::new();
    assert_eq!(ring.add_document(&document), Ok(()));
    assert_eq!(ring.add_document(&document), Ok(()));
    assert_eq!(ring.iter().count(), 3);
}

#[test]
fn a_document_must_be_signed_with_a_key_that_it_lists_as_in_use() {
    let unsigned = Err(KeyDocumentError::Unsigned {
        server: server("a.org:1"),
    });
    assert_eq!(parse(&unsigned_document()), unsigned);
    for (name, key) in [
        ("a.org:1", key("ed25519:old", 3)),
        ("a.org:1", key("ed25519:unlisted", 9)),
        ("b.org", key("ed25519:new", 1)),
    ] {
        let mut json = unsigned_document();
        sign_json(&mut json, name, &key);
        assert_eq!(parse(&json), unsigned);
    }
}

#[test]
fn every_signature_with_a_key_in_use_must_be_right() {
    let wrong = |key: &str, error| {
        let (server, key_id) = (server("a.org:1"), key_id(key));
        Err(KeyDocumentError::Signature {
            server,
            key_id,
            error,
        })
    };
    let mut json = signed_document();
    sign_json(&mut json, "a.org:1", &key("ed25519:unlisted", 9));
    assert!(parse(&json).is_ok());
    sign_json(&mut json, "a.org:1", &key("ed25519:also", 8));
    assert_eq!(
        parse(&json),
        wrong("ed25519:also", JsonSignatureError::Invalid)
    );
    let mut json = signed_document();
    json.insert("valid_until_ts", 2001);
    assert_eq!(
        parse(&json),
        wrong("ed25519:new", JsonSignatureError::Invalid)
    );
    json.insert(
        "signatures",
        object(r#"{"a.org:1":{"ed25519:new":"AAAA"}}"#),
    );
    assert_eq!(
        parse(&json),
        wrong("ed25519:new", JsonSignatureError::Malformed)
    );
}

#[test]
fn a_document_of_the_wrong_form_is_refused() {
    use KeyDocumentError::{Missing, ServerName, WrongType};
    for field in ["server_name", "valid_until_ts", "verify_keys"] {
        let mut json = signed_document();
        json.remove(field);
        assert_eq!(parse(&json), Err(Missing { field }));
    }
    for (field, value, error) in [
        (
            "server_name",
            "5",
            WrongType {
                field: "server_name",
                expected: "a string",
            },
        ),
        (
            "server_name",
            r#""a b""#,
            ServerName {
                name: "a b".to_owned(),
            },
        ),
        (
            "valid_until_ts",
            "\"5\"",
            WrongType {
                field: "valid_until_ts",
                expected: "an integer",
            },
        ),
        (
            "verify_keys",
            "[]",
            WrongType {
                field: "verify_keys",
                expected: "an object",
            },
        ),
        (
            "verify_keys",
            r#"{"ed25519:1":5}"#,
            WrongType {
                field: "verify_keys",
                expected: "an object of objects",
            },
        ),
        (
            "verify_keys",
            r#"{"ed25519:1":{}}"#,
            Missing { field: "key" },
        ),
        (
            "verify_keys",
            r#"{"ed25519:1":{"key":5}}"#,
            WrongType {
                field: "key",
                expected: "a string",
            },
        ),
        (
            "old_verify_keys",
            "null",
            WrongType {
                field: "old_verify_keys",
                expected: "an object",
            },
        ),
        (
            "old_verify_keys",
            r#"{"ed25519:1":{"key":""}}"#,
            Missing {
                field: "expired_ts",
            },
        ),
        (
            "old_verify_keys",
            r#"{"ed25519:1":{"key":"","expired_ts":null}}"#,
            WrongType {
                field: "expired_ts",
                expected: "an integer",
            },
        ),
    ] {
        let mut json = signed_document();
        let value = Value::parse(value.as_bytes(), Mode::Strict).expect(value);
        json.insert(field, value);
        assert_eq!(parse(&json), Err(error));
    }
    let float = KeyDocument::parse(br#"{"a":1.5}"#, &Limits::default());
    let Err(KeyDocumentError::Json(error)) = float else {
        panic!("{float:?}")
    };
    assert_eq!(error.kind(), &ParseErrorKind::Fraction);
    let mut json = signed_document();
    json.remove("old_verify_keys");
    sign_json(&mut json, "a.org:1", &key("ed25519:new", 1));
    assert_eq!(parse(&json).map(|document| document.keys().count()), Ok(2));
}

#[test]
fn a_key_that_cannot_be_one_is_left_out_and_named() {
    let weak = base64::encode(&[0; 32]);
    let good = key("ed25519:good", 1);
    let mut json = object(&format!(
        r#"{{"server_name":"a","valid_until_ts":1,"verify_keys":{{"ed25519:good":{{"key":"{}"}},
            "ed25519:weak":{{"key":"{weak}"}}}}}}"#,
        good.verify_key()
    ));
    sign_json(&mut json, "a", &good);
    let document = parse(&json).expect("signed");
    assert_eq!(
        document.unusable(),
        [(key_id("ed25519:weak"), KeyError::Weak)]
    );
    assert_eq!(document.keys().count(), 1);
}

#[test]
fn a_key_in_use_that_is_listed_as_retired_is_retired() {
    let key = key("ed25519:1", 1);
    let public = key.verify_key();
    let mut json = object(&format!(
        r#"{{"server_name":"a","valid_until_ts":9,"verify_keys":{{"ed25519:1":{{"key":"{public}"}}}},
            "old_verify_keys":{{"ed25519:1":{{"key":"{public}","expired_ts":4}}}}}}"#
    ));
    sign_json(&mut json, "a", &key);
    let document = parse(&json).expect("signed");
    let keys: Vec<_> = document.keys().collect();
    assert_eq!(
        keys,
        [(&key_id("ed25519:1"), &public, Validity::ExpiredAt(4))]
    );
}

#[test]
fn not_more_signatures_are_checked_than_the_limit_says() {
    let mut json = signed_document();
    sign_json(&mut json, "a.org:1", &key("ed25519:also", 2));
    let parse = |signatures_per_server| {
        let limits = Limits {
            signatures_per_server,
            ..Limits::default()
        };
        KeyDocument::from_json(&json, &limits).map(|_| ())
    };
    assert_eq!(parse(2), Ok(()));
    let error = KeyDocumentError::TooManySignatures {
        server: server("a.org:1"),
    };
    assert_eq!(parse(1), Err(error));
}

#[test]
fn a_document_that_renames_a_key_adds_nothing() {
    let mut ring = KeyRing::new();
    let other = key("ed25519:new", 9).verify_key();
    ring.insert(
        server("a.org:1"),
        key_id("ed25519:new"),
        other,
        Validity::Forever,
    )
    .expect("an empty ring");
    let conflict = KeyConflict {
        server: server("a.org:1"),
        keys: vec![key_id("ed25519:new")],
    };
    let document = parse(&signed_document()).expect("signed");

    assert_eq!(ring.add_document(&document), Err(conflict));
    assert_eq!(ring.iter().count(), 1);
    assert_eq!(
        ring.remove(&server("a.org:1"), &key_id("ed25519:new")),
        Some(other)
    );
    assert_eq!(ring.add_document(&document), Ok(()));
}

#[test]
fn a_notary_must_have_signed_each_document_with_a_key_that_is_valid_now() {
    let notary = key("ed25519:n", 5);
    let mut good = signed_document();
    sign_json(&mut good, "notary", &notary);
    let mut forged = signed_document();
    sign_json(&mut forged, "notary", &key("ed25519:n", 6));
    let mut baseless = unsigned_document();
    sign_json(&mut baseless, "notary", &notary);
    let documents = [
        good.into(),
        signed_document().into(),
        forged.into(),
        baseless.into(),
        Value::Null,
    ];
    let answer = Object::from_iter([("server_keys", documents.to_vec())]).to_canonical();
    let read = |validity| {
        let mut ring = KeyRing::new();
        ring.insert(
            server("notary"),
            key_id("ed25519:n"),
            notary.verify_key(),
            validity,
        )
        .expect("an empty ring");
        let limits = Limits::default();
        let answer =
            KeyDocument::parse_notary_answer(&answer, &server("notary"), &ring, NOW, &limits);
        answer
            .expect("an answer")
            .into_iter()
            .map(Result::err)
            .collect::<Vec<_>>()
    };
    let unsigned = |name| {
        Some(KeyDocumentError::Unsigned {
            server: server(name),
        })
    };
    let wrong = KeyDocumentError::Signature {
        server: server("notary"),
        key_id: key_id("ed25519:n"),
        error: JsonSignatureError::Invalid,
    };
    let wrong_type = KeyDocumentError::WrongType {
        field: "server_keys",
        expected: "an array of objects",
    };
    assert_eq!(
        read(Validity::Until(NOW.millis())),
        [
            None,
            unsigned("notary"),
            Some(wrong),
            unsigned("a.org:1"),
            Some(wrong_type)
        ]
    );
    for validity in [
        Validity::Until(NOW.millis() - 1),
        Validity::ExpiredAt(NOW.millis() - 1),
    ] {
        assert_eq!(read(validity)[0], unsigned("notary"));
    }
}
