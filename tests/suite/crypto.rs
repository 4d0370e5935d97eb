//! Signatures and keys against the specification's examples and the edge cases in
//! `spec-vectors/signatures`.

mod documents;
mod edge_cases;
mod keys;
mod ring;
mod signing;

use proptest::prelude::*;
use roomdag::crypto::{
    self, JsonSignatureError, KeyConflict, KeyDocumentError, KeyRing, Signature, SignatureError,
    SignerRole, SigningKey, Timestamp, Validity, VerifyKey, content_hash,
};
use roomdag::event::AuthoriserSigned;
use roomdag::id::{EventId, KeyId, ServerName};
use roomdag::json::{Mode, Object, Value};
use roomdag::limits::Limits;
use roomdag::pdu::Pdu;
use roomdag::pdu::content::{Content, NamedLevel, Power};
use roomdag::version::{EventIdFormat, V1, V3, V6, V10, V12};

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
        "`a` has other keys of the names `ed25519:1`"
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

/// What was altered on the way is not what the rules read.
#[test]
fn an_event_with_another_content_hash_is_read_in_its_redacted_form() {
    for rules in [&V3, &V6, &V10] {
        let mut json = object(
            r#"{"type":"m.room.power_levels","state_key":"","sender":"@a:x","room_id":"!r:x",
            "content":{"ban":60,"invite":70},"depth":1,"origin_server_ts":1,"prev_events":[],
            "auth_events":[],"signatures":{}}"#,
        );
        let hash = Object::from_iter([("sha256", content_hash(&json).to_base64())]);
        json.insert("hashes", hash);
        let levels = |json: &Object| {
            let pdu = Pdu::from_json(json.clone(), rules, &Limits::default()).unwrap();
            let event = crypto::unverified(pdu, rules);
            match event.as_ref().content {
                Content::PowerLevels(levels) => {
                    [NamedLevel::Ban, NamedLevel::Invite].map(|name| levels.named(name))
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(levels(&json), [60, 70].map(Power::from));
        let mut content = object(r#"{"ban":60,"invite":90}"#);
        json.insert("content", content.clone());
        assert_eq!(
            levels(&json),
            [60, 0].map(Power::from),
            "redaction takes `invite`"
        );
        content.insert("invite", 70);
        json.insert("content", content);
        assert_eq!(levels(&json), [60, 70].map(Power::from));
    }
}

/// It may have to sign as the sender's server and as that of the event id.
#[test]
fn a_server_that_has_not_signed_is_named_once() {
    for (rules, unsigned) in [(&V1, "{}"), (&V1, "7"), (&V6, "{}"), (&V6, "7")] {
        let mut json = object(
            r#"{"type":"m.room.message","sender":"@a:x","room_id":"!r:x","event_id":"$e:x",
            "content":{},"depth":1,"origin_server_ts":1,"prev_events":[],"auth_events":[]}"#,
        );
        let hash = Object::from_iter([("sha256", content_hash(&json).to_base64())]);
        json.insert("hashes", hash);
        if rules.event_id != EventIdFormat::Field {
            json.remove("event_id");
        }
        let signatures = Value::parse(unsigned.as_bytes(), Mode::Strict).unwrap();
        json.insert("signatures", signatures);
        let pdu = Pdu::from_json(json, rules, &Limits::default()).unwrap();
        let refused = crypto::verify(pdu, rules, &KeyRing::new(), NOW, &Limits::default());
        let once = SignatureError::Unsigned { server: "x".into() };
        assert_eq!(
            refused.unwrap_err().errors,
            [once],
            "{} {unsigned}",
            rules.id
        );
    }
}

/// What is left of it is a fact about the event, which the rules of a restricted join ask for.
#[test]
fn an_event_says_whether_an_authoriser_s_server_has_signed_it() {
    let mut keys = KeyRing::new();
    let key = key("ed25519:1", 1);
    for name in ["a", "b"] {
        keys.insert(
            server(name),
            key.key_id().clone(),
            key.verify_key(),
            Validity::Forever,
        )
        .unwrap();
    }
    for (content, signers, signed) in [
        (
            r#"{"membership":"join"}"#,
            &["a"][..],
            AuthoriserSigned::Unchecked,
        ),
        (
            r#"{"membership":"join"}"#,
            &["a", "b"],
            AuthoriserSigned::Unchecked,
        ),
        (
            r#"{"join_authorised_via_users_server":"@u:b","membership":"join"}"#,
            &["a", "b"],
            AuthoriserSigned::Valid,
        ),
    ] {
        let mut json = object(&format!(
            r#"{{"type":"m.room.member","state_key":"@u:a","sender":"@u:a","room_id":"!r:a",
            "content":{content},"depth":1,"origin_server_ts":1,"prev_events":[],"auth_events":[]}}"#
        ));
        for signer in signers {
            crypto::hash_and_sign_event(&mut json, &V10, signer, &key);
        }
        let pdu = Pdu::from_json(json, &V10, &Limits::default()).unwrap();
        let event = crypto::verify(pdu, &V10, &keys, NOW, &Limits::default()).unwrap();
        assert_eq!(event.as_ref().authoriser_signature, signed, "{content}");
    }
}

/// A create event that states no room id makes one of its name; others keep theirs.
#[test]
fn an_event_by_another_name_is_of_the_room_that_it_states() {
    for (room_id, expected) in [(Some("!r:a"), "!r:a"), (None, "!name")] {
        let mut json = object(
            r#"{"type":"m.room.create","state_key":"","sender":"@u:a","content":{},"depth":1,
            "origin_server_ts":1,"prev_events":[],"auth_events":[]}"#,
        );
        if let Some(room_id) = room_id {
            json.insert("room_id", room_id);
        }
        let rules = if room_id.is_some() { &V10 } else { &V12 };
        crypto::hash_and_sign_event(&mut json, rules, "a", &key("ed25519:1", 1));
        let pdu = Pdu::from_json(json, rules, &Limits::default()).unwrap();
        let named = crypto::unverified_named(pdu, EventId::from_trusted("$name"), rules);
        assert_eq!(named.as_ref().room_id.as_str(), expected);
        assert_eq!(named.id().as_str(), "$name");
    }
}

#[test]
fn only_a_redaction_redacts() {
    for event_type in ["m.room.redaction", "m.room.message"] {
        let mut json = object(&format!(
            r#"{{"type":"{event_type}","sender":"@u:a","room_id":"!r:a","redacts":"$e",
            "content":{{}},"depth":1,"origin_server_ts":1,"prev_events":[],"auth_events":[]}}"#
        ));
        crypto::hash_and_sign_event(&mut json, &V10, "a", &key("ed25519:1", 1));
        let pdu = Pdu::from_json(json, &V10, &Limits::default()).unwrap();
        let event = crypto::unverified(pdu, &V10);
        assert_eq!(
            event.as_ref().redacts.is_some(),
            event_type == "m.room.redaction"
        );
    }
}

#[test]
fn keys_and_signatures_print_as_their_base64() {
    let key = key("ed25519:1", 1);
    let public = key.verify_key().to_base64();
    assert_eq!(key.verify_key().to_string(), public);
    assert_eq!(
        format!("{:?}", key.verify_key()),
        format!("VerifyKey({public})")
    );
    let signature = key.sign(b"");
    let text = signature.to_base64();
    assert_eq!(signature.to_string(), text);
    assert_eq!(format!("{signature:?}"), format!("Signature({text})"));
    let roles = [
        SignerRole::Sender,
        SignerRole::EventId,
        SignerRole::Authoriser,
    ];
    assert_eq!(
        roles.map(|role| role.to_string()),
        ["sender", "event id", "authoriser"]
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
