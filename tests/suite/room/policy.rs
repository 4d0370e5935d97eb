//! See `src/room/policy.rs`.

use std::cell::Cell;

use roomdag::crypto::{
    self, JsonSignatureError, KeyRing, Signature, SignatureError, SigningKey, Timestamp, Validity,
    verify_policy_signature,
};
use roomdag::event::{Event, EventRef};
use roomdag::id::{KeyId, ServerName};
use roomdag::json::{Object, Value, base64};
use roomdag::pdu::content::{Content, PolicyServer};
use roomdag::pdu::{POLICY, Pdu, redact};
use roomdag::room::{PolicyCheck, PolicyUse, policy_check, policy_use, with_policy_signature};
use roomdag::version::{RoomVersionRules, V11};
use roomdag::{Limits, auth};

use crate::room::visibility::{all_rules, content, json};

const VIA: &str = "policy.example.org";
const POLICY_KEY: &str = "ed25519:policy_server";

fn key(id: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(KeyId::parse(id).unwrap(), &[seed; 32]).unwrap()
}

/// The key of the sender's server, `a`.
pub(super) fn server_key() -> SigningKey {
    key("ed25519:1", 1)
}

/// The key that the room's state names.
fn policy_key() -> SigningKey {
    key(POLICY_KEY, 2)
}

fn server(via: &str) -> PolicyServer {
    PolicyServer {
        via: ServerName::parse(via).unwrap(),
        key: Some(*policy_key().verify_key().as_bytes()),
    }
}

fn pdu(json: &Object, rules: &RoomVersionRules) -> Pdu {
    Pdu::from_json(json.clone(), rules, &Limits::default()).unwrap()
}

fn message(rules: &RoomVersionRules) -> Object {
    json("m.room.message", None, r#"{"body":"hello"}"#, rules)
}

/// Adds a signature of `server` by the policy server's key id; what is no text is put in as it is.
fn signed(json: &Object, server: &str, signature: impl Into<Value>) -> Object {
    named(json, server, POLICY_KEY, signature)
}

fn named(json: &Object, server: &str, key_id: &str, signature: impl Into<Value>) -> Object {
    let mut json = json.clone();
    let take = |object: &mut Object, name| object.remove(name).and_then(Value::into_object);
    let mut servers = take(&mut json, "signatures").unwrap_or_default();
    let mut keys = take(&mut servers, server).unwrap_or_default();
    keys.insert(key_id, signature.into());
    servers.insert(server, keys);
    json.insert("signatures", servers);
    json
}

/// What the policy server would sign: the redacted form, without signatures.
fn message_bytes(json: &Object, rules: &RoomVersionRules) -> Vec<u8> {
    let mut redacted = redact(json, rules);
    redacted.remove("signatures");
    redacted.remove("unsigned");
    redacted.to_canonical()
}

/// The event with the right signature of the policy server `via`.
fn endorsed(json: &Object, via: &str, rules: &RoomVersionRules) -> Object {
    let signature = policy_key().sign(&message_bytes(json, rules));
    signed(json, via, signature.to_base64())
}

fn check(json: &Object, rules: &RoomVersionRules) -> PolicyCheck {
    let server = server(VIA);
    policy_check(&pdu(json, rules), PolicyUse::Used(&server), rules)
}

#[test]
fn a_policy_event_is_valid_if_it_names_a_server_and_a_key() {
    let key = policy_key().verify_key();
    let text = key.to_base64();
    let with = |via: &str, keys: &str| format!(r#"{{"via":{via},"public_keys":{keys}}}"#);
    let via = format!("\"{VIA}\"");
    let keys = format!(r#"{{"ed25519":"{text}"}}"#);
    for valid in [
        with(&via, &keys),
        with(&via, &format!(r#"{{"ed25519":"{text}=","rsa":7}}"#)),
        with(
            &via,
            &format!(
                r#"{{"ed25519":"{}"}}"#,
                base64::encode_url_safe(key.as_bytes())
            ),
        ),
    ] {
        let read = content(POLICY, Some(""), &valid, &V11);
        assert_eq!(
            read,
            Content::Policy(Some(Box::new(server(VIA)))),
            "{valid}"
        );
        // State events only.
        assert_eq!(content(POLICY, None, &valid, &V11), Content::Other);
    }
    for invalid in [
        "{}".to_owned(),
        format!(r#"{{"public_keys":{keys}}}"#),
        format!(r#"{{"via":{via}}}"#),
        with("null", &keys),
        with("7", &keys),
        with(r#"["a"]"#, &keys),
        // No user can be on either.
        with(r#""""#, &keys),
        with(r#""not a server""#, &keys),
        with(&via, "null"),
        with(&via, "{}"),
        with(&via, &format!(r#"["{text}"]"#)),
        with(&via, &format!("\"{text}\"")),
        with(&via, r#"{"ed25519":null}"#),
        with(&via, r#"{"ed25519":["x"]}"#),
        with(&via, &format!(r#"{{"ed25519:1":"{text}"}}"#)),
        // The event's form before it was in the specification.
        format!(r#"{{"via":{via},"public_key":"{text}"}}"#),
    ] {
        let read = content(POLICY, Some(""), &invalid, &V11);
        assert_eq!(read, Content::Policy(None), "{invalid}");
    }
}

/// All that must be is a string; whether it is a key shows when a signature is checked by it.
#[test]
fn a_policy_event_with_an_unusable_key_is_valid_and_nobody_can_sign_by_it() {
    for unusable in ["", "?", "AAAA", &base64::encode(&[7; 33])] {
        let text = format!(r#"{{"via":"{VIA}","public_keys":{{"ed25519":"{unusable}"}}}}"#);
        let Content::Policy(Some(server)) = content(POLICY, Some(""), &text, &V11) else {
            panic!("{text} is valid");
        };
        assert_eq!(server.key, None, "{unusable}");
        for json in [message(&V11), endorsed(&message(&V11), VIA, &V11)] {
            let verdict = policy_check(&pdu(&json, &V11), PolicyUse::Used(&server), &V11);
            assert_eq!(verdict, PolicyCheck::Unverifiable);
        }
    }
}

#[test]
fn a_redacted_policy_event_is_not_valid() {
    let key = policy_key().verify_key();
    let text = format!(r#"{{"via":"{VIA}","public_keys":{{"ed25519":"{key}"}}}}"#);
    for rules in all_rules() {
        let full = json(POLICY, Some(""), &text, rules);
        let named = crypto::unverified(pdu(&full, rules), rules);
        let redacted = crypto::unverified(pdu(&redact(&full, rules), rules), rules);
        // One that is not what was hashed is redacted too.
        let mut altered = full.clone();
        altered.insert("more", 1);
        let altered = crypto::unverified(pdu(&altered, rules), rules);

        let used = |event: &Event| policy_use(Some(event.as_ref()), |_| true).server().cloned();
        assert_eq!(used(&named), Some(server(VIA)));
        for event in [&redacted, &altered] {
            assert_eq!(event.id(), named.id());
            assert_eq!(*event.as_ref().content, Content::Policy(None));
            let verdict = policy_use(Some(event.as_ref()), |_| true);
            assert_eq!(verdict, PolicyUse::Malformed);
        }
    }
}

/// The verdict on a policy event, and the servers that were asked about.
fn used<'a>(event: &'a Event, joined: &[&str]) -> (PolicyUse<'a>, Vec<String>) {
    let mut asked = Vec::new();
    let verdict = policy_use(Some(event.as_ref()), |server| {
        asked.push(server.to_string());
        joined.contains(&server.as_str())
    });
    (verdict, asked)
}

#[test]
fn a_room_uses_the_policy_server_that_it_names_if_one_of_its_users_is_joined() {
    let key = policy_key().verify_key();
    let text = format!(r#"{{"via":"{VIA}","public_keys":{{"ed25519":"{key}"}}}}"#);
    let event = |event_type, state_key, text: &str| {
        crypto::unverified(pdu(&json(event_type, state_key, text, &V11), &V11), &V11)
    };
    let server = server(VIA);
    let asked = vec![VIA.to_owned()];

    let valid = event(POLICY, Some(""), &text);
    let verdict = used(&valid, &["a", VIA]);
    assert_eq!(verdict, (PolicyUse::Used(&server), asked.clone()));
    assert_eq!(verdict.0.server(), Some(&server));
    let verdict = used(&valid, &["a", "example.org", "POLICY.example.org"]);
    assert_eq!(verdict, (PolicyUse::Absent(&server), asked));
    assert_eq!(verdict.0.server(), None);

    // What does not name one is nobody's business.
    let malformed = event(POLICY, Some(""), "{}");
    assert_eq!(used(&malformed, &[VIA]), (PolicyUse::Malformed, Vec::new()));
    for (event_type, state_key) in [
        (POLICY, Some("x")),
        (POLICY, None),
        ("m.room.policies", Some("")),
    ] {
        let other = event(event_type, state_key, &text);
        assert_eq!(used(&other, &[VIA]), (PolicyUse::Unset, Vec::new()));
    }
    let asked = Cell::new(false);
    let unset = policy_use(None, |_| {
        asked.set(true);
        true
    });
    assert_eq!((unset, asked.get()), (PolicyUse::Unset, false));
}

#[test]
fn where_no_policy_server_is_used_no_signature_is_looked_at() {
    let server = server(VIA);
    let plain = message(&V11);
    for json in [
        plain.clone(),
        endorsed(&plain, VIA, &V11),
        signed(&plain, VIA, "wrong"),
    ] {
        for policy in [
            PolicyUse::Unset,
            PolicyUse::Malformed,
            PolicyUse::Absent(&server),
        ] {
            let verdict = policy_check(&pdu(&json, &V11), policy, &V11);
            assert_eq!(verdict, PolicyCheck::NotUsed);
        }
    }
}

#[test]
fn only_the_event_that_names_the_policy_server_is_exempt() {
    for rules in all_rules() {
        for (event_type, state_key, verdict) in [
            (POLICY, Some(""), PolicyCheck::Exempt),
            (POLICY, Some("x"), PolicyCheck::Missing),
            (POLICY, None, PolicyCheck::Missing),
            ("m.room.message", None, PolicyCheck::Missing),
            ("m.room.create", Some(""), PolicyCheck::Missing),
            ("m.room.member", Some("@alice:a"), PolicyCheck::Missing),
            ("m.room.power_levels", Some(""), PolicyCheck::Missing),
            ("m.room.redaction", None, PolicyCheck::Missing),
        ] {
            let plain = json(event_type, state_key, "{}", rules);
            assert_eq!(check(&plain, rules), verdict, "{event_type} {state_key:?}");
            // Whatever is there for a signature; the others need the right one.
            let wrong = check(&signed(&plain, VIA, "wrong"), rules);
            let right = check(&endorsed(&plain, VIA, rules), rules);
            if verdict == PolicyCheck::Exempt {
                assert_eq!((wrong, right), (verdict, verdict));
            } else {
                assert_eq!((wrong, right), (PolicyCheck::Invalid, PolicyCheck::Signed));
            }
        }
    }
}

#[test]
fn a_signature_that_is_missing_is_told_from_one_that_is_wrong() {
    use JsonSignatureError as Error;
    let plain = message(&V11);
    let bytes = message_bytes(&plain, &V11);
    let right = policy_key().sign(&bytes);
    let text = right.to_base64();
    let by = |key: &SigningKey| key.sign(&bytes).to_base64();
    let mut flipped = *right.as_bytes();
    flipped[40] ^= 1;
    let mut unsigned = plain.clone();
    unsigned.remove("signatures");
    let mut odd = plain.clone();
    odd.insert("signatures", "none");

    let table = [
        (endorsed(&plain, VIA, &V11), Ok(())),
        (signed(&plain, VIA, format!("{text}==")), Ok(())),
        // There is none of the server that the state names, by the one name that the key has.
        (plain.clone(), Err(Error::Missing)),
        (unsigned, Err(Error::Missing)),
        (odd, Err(Error::Missing)),
        (signed(&plain, "a", text.as_str()), Err(Error::Missing)),
        (
            signed(&plain, "POLICY.example.org", text.as_str()),
            Err(Error::Missing),
        ),
        (
            named(&plain, VIA, "ed25519:1", text.as_str()),
            Err(Error::Missing),
        ),
        (
            named(&plain, VIA, "ed25519", text.as_str()),
            Err(Error::Missing),
        ),
        // There is, and it is none.
        (signed(&plain, VIA, 7), Err(Error::Malformed)),
        (signed(&plain, VIA, Value::Null), Err(Error::Malformed)),
        (signed(&plain, VIA, Object::new()), Err(Error::Malformed)),
        (signed(&plain, VIA, ""), Err(Error::Malformed)),
        (signed(&plain, VIA, &text[1..]), Err(Error::Malformed)),
        (
            signed(&plain, VIA, format!("{text}AA")),
            Err(Error::Malformed),
        ),
        // There is, and it is another's, or of something else.
        (signed(&plain, VIA, by(&server_key())), Err(Error::Invalid)),
        (
            signed(&plain, VIA, by(&key(POLICY_KEY, 3))),
            Err(Error::Invalid),
        ),
        (
            signed(&plain, VIA, base64::encode(&flipped)),
            Err(Error::Invalid),
        ),
        (
            signed(&plain, VIA, policy_key().sign(b"{}").to_base64()),
            Err(Error::Invalid),
        ),
        (
            signed(
                &plain,
                VIA,
                policy_key().sign(&plain.to_canonical()).to_base64(),
            ),
            Err(Error::Invalid),
        ),
    ];
    let via = ServerName::parse(VIA).unwrap();
    for (json, expected) in table {
        let pdu = pdu(&json, &V11);
        let found = verify_policy_signature(&pdu, &via, &policy_key().verify_key(), &V11);
        assert_eq!(found, expected, "{json}");
        let verdict = match expected {
            Ok(()) => PolicyCheck::Signed,
            Err(Error::Missing) => PolicyCheck::Missing,
            Err(_) => PolicyCheck::Invalid,
        };
        assert_eq!(check(&json, &V11), verdict, "{json}");
    }
}

#[test]
fn the_signature_covers_what_redaction_keeps() {
    for rules in all_rules() {
        let mut full = message(rules);
        full = endorsed(&full, VIA, rules);
        assert_eq!(check(&full, rules), PolicyCheck::Signed);
        assert_eq!(check(&redact(&full, rules), rules), PolicyCheck::Signed);
        full.insert("unsigned", Object::new());
        assert_eq!(check(&full, rules), PolicyCheck::Signed);
        full.insert("depth", 6);
        assert_eq!(check(&full, rules), PolicyCheck::Invalid);
    }
}

/// By a point of small order, the signature of zeros is right for every message to all but a strict
/// check.
#[test]
fn no_signature_counts_by_a_weak_key() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut zeros = [0; 64];
    zeros[0] = 1;
    let forged = signed(
        &message(&V11),
        VIA,
        Signature::from_bytes(zeros).to_base64(),
    );
    let weak = PolicyServer {
        key: Some(identity),
        ..server(VIA)
    };
    let verdict = policy_check(&pdu(&forged, &V11), PolicyUse::Used(&weak), &V11);
    assert_eq!(verdict, PolicyCheck::Unverifiable);
    // Nor does a weak point in the signature help.
    assert_eq!(check(&forged, &V11), PolicyCheck::Invalid);
}

/// Verifies an event where the keys of `a` are known, that of its policy server among them.
fn verify(json: &Object, rules: &RoomVersionRules) -> Result<Event, Vec<SignatureError>> {
    let mut keys = KeyRing::new();
    for server in ["a", VIA] {
        for key in [server_key(), policy_key()] {
            let server = ServerName::parse(server).unwrap();
            let (id, key) = (key.key_id().clone(), key.verify_key());
            keys.insert(server, id, key, Validity::Forever).unwrap();
        }
    }
    let now = Timestamp::from_millis(1_700_000_000_000);
    let verified = crypto::verify(pdu(json, rules), rules, &keys, now, &Limits::default());
    verified.map_err(|error| error.errors)
}

#[test]
fn the_signature_that_a_policy_server_answers_with_is_added() {
    let limits = Limits::default();
    for rules in all_rules() {
        let plain = message(rules);
        for via in [VIA, "a"] {
            let policy = PolicyServer { ..server(via) };
            let use_of = PolicyUse::Used(&policy);
            let endorsed = endorsed(&plain, via, rules);
            let servers = endorsed.get("signatures").and_then(Value::as_object);
            let add = |response: &Object| {
                let plain = pdu(&plain, rules);
                with_policy_signature(&plain, response, &policy.via, rules, &limits).unwrap()
            };
            let added = add(servers.unwrap());
            assert_eq!(policy_check(&added, use_of, rules), PolicyCheck::Signed);
            assert_eq!(added.json().to_object(), endorsed);
            // What a response holds besides is nobody's business.
            let other = signed(&plain, "elsewhere.example.org", "x");
            let other = other.get("signatures").and_then(Value::as_object).unwrap();
            for response in [&Object::new(), &plain, other] {
                assert_eq!(add(response).json().to_object(), plain);
            }
        }
    }
}

/// V-S-23.
#[test]
fn a_policy_server_s_signature_changes_nothing_about_the_event() {
    for rules in all_rules() {
        let plain = message(rules);
        let event = verify(&plain, rules).unwrap();
        let unknown = key(POLICY_KEY, 9).sign(&message_bytes(&plain, rules));
        for server in [VIA, "a", "elsewhere.example.org"] {
            for extra in [
                endorsed(&plain, server, rules),
                signed(&plain, server, unknown.to_base64()),
                signed(&plain, server, "wrong"),
                signed(&plain, server, 7),
            ] {
                assert_eq!(verify(&extra, rules).as_ref(), Ok(&event), "{extra}");
                let id = crypto::event_id(&pdu(&extra, rules), rules);
                assert_eq!(id, *event.id());
                let required = crypto::required_signers(&pdu(&extra, rules), rules);
                let usual = crypto::required_signers(&pdu(&plain, rules), rules);
                assert_eq!(required, usual);
            }
        }
    }
}

/// V-S-23: not even where the sender's server is the policy server, and where both are one key.
#[test]
fn a_policy_server_s_signature_is_never_the_sender_s() {
    for rules in all_rules() {
        let mut plain = message(rules);
        plain.remove("signatures");
        let unsigned = || SignatureError::Unsigned { server: "a".into() };
        let endorsed = endorsed(&plain, "a", rules);
        assert_eq!(verify(&endorsed, rules), Err(vec![unsigned()]));

        // And the sender's is never the policy server's.
        let own = server_key().sign(&message_bytes(&plain, rules));
        let sent = named(&plain, "a", "ed25519:1", own.to_base64());
        let same = PolicyServer {
            via: ServerName::parse("a").unwrap(),
            key: Some(*server_key().verify_key().as_bytes()),
        };
        let check = |json: &Object| policy_check(&pdu(json, rules), PolicyUse::Used(&same), rules);
        assert!(verify(&sent, rules).is_ok());
        assert_eq!(check(&sent), PolicyCheck::Missing);
        let both = signed(&sent, "a", own.to_base64());
        assert!(verify(&both, rules).is_ok());
        assert_eq!(check(&both), PolicyCheck::Signed);
    }
}

/// The authorisation rules know of no policy server.
#[test]
fn naming_a_policy_server_takes_no_more_and_no_less_than_other_state() {
    struct Nothing;
    impl auth::StateView for Nothing {
        fn get(&self, _: &str, _: &str) -> Option<EventRef<'_>> {
            None
        }
    }
    let other = json("m.room.topic", Some(""), "{}", &V11);
    let policy = json(POLICY, Some(""), "{}", &V11);
    let decide = |json| {
        let event = crypto::unverified(pdu(json, &V11), &V11);
        auth::check(&event.as_ref(), &Nothing, &V11)
    };
    assert_eq!(decide(&policy), decide(&other));
}

#[test]
fn what_is_to_be_done_follows_from_the_verdict() {
    for (verdict, recommended, wants) in [
        (PolicyCheck::NotUsed, true, false),
        (PolicyCheck::Exempt, true, false),
        (PolicyCheck::Signed, true, false),
        (PolicyCheck::Missing, false, true),
        (PolicyCheck::Invalid, false, true),
        (PolicyCheck::Unverifiable, false, false),
    ] {
        assert_eq!(verdict.is_recommended(), recommended, "{verdict}");
        assert_eq!(verdict.wants_signature(), wants, "{verdict}");
    }
}

#[test]
fn verdicts_are_sentences() {
    let server = server(VIA);
    for (policy, says) in [
        (PolicyUse::Unset, "The room names no policy server."),
        (
            PolicyUse::Malformed,
            "The room's policy event is not valid.",
        ),
        (
            PolicyUse::Absent(&server),
            "The policy server `policy.example.org` is not in the room.",
        ),
        (
            PolicyUse::Used(&server),
            "The room uses the policy server `policy.example.org`.",
        ),
    ] {
        assert_eq!(policy.to_string(), says);
    }
    assert_eq!(
        PolicyCheck::Invalid.to_string(),
        "The policy server's signature is wrong."
    );
    assert_eq!(
        PolicyCheck::Missing.to_string(),
        PolicyCheck::Missing.says()
    );
}
