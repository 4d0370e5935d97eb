//! See `src/room/restricted.rs`.

use roomdag::crypto::{self, hash_and_sign_event};
use roomdag::event::AuthoriserSigned;
use roomdag::json::Value;
use roomdag::limits::Limits;
use roomdag::pdu::{FormatError, Pdu};
use roomdag::room::{
    Condition, CountersignError, Draft, Handshake, JoinRefusal, allow_conditions, assemble,
    countersign_invite, countersign_join, restricted_join,
};
use roomdag::version::{JoinRule, RoomVersionRules, V7, V8, V11};

use super::{honest, signed, theirs};
use crate::room::draft::{NOW, object, ours, place, ring, stable, user};

fn with_restricted_joins() -> Vec<RoomVersionRules> {
    let mut versions = stable();
    versions.retain(|rules| rules.auth.knows(JoinRule::Restricted));
    versions
}

/// A join that awaits their signature.
fn join(rules: &RoomVersionRules) -> Pdu {
    signed(&honest(Handshake::Join, rules), Handshake::Join, rules).into_pdu()
}

/// A member event of ours.
fn member(state_key: &str, content: &str, rules: &RoomVersionRules) -> Pdu {
    let alice = user("@alice:ours.example");
    let draft = Draft::state(alice, "m.room.member", state_key, object(content));
    let limits = Limits::default();
    let event = assemble(draft, &place(rules), ours().signer(), rules, &limits);
    event.unwrap().into_pdu()
}

fn countersigned(pdu: &Pdu, rules: &RoomVersionRules) -> Result<Pdu, CountersignError> {
    countersign_join(pdu, theirs().signer(), rules, &Limits::default())
}

#[test]
fn a_countersigned_join_verifies_and_is_the_same_event() {
    let (keys, limits) = (ring(&[&ours(), &theirs()]), Limits::default());
    for rules in with_restricted_joins() {
        let before = join(&rules);
        assert!(crypto::verify(before.clone(), &rules, &keys, NOW, &limits).is_err());
        let after = countersigned(&before, &rules).unwrap();
        let id = crypto::event_id(&before, &rules);
        assert_eq!(crypto::event_id(&after, &rules), id);
        let event = crypto::verify(after, &rules, &keys, NOW, &limits).unwrap();
        let signed = event.as_ref().authoriser_signature;
        assert_eq!(signed, AuthoriserSigned::Valid);
    }
}

#[test]
fn only_one_signature_is_added_and_nothing_else_is_touched() {
    for rules in with_restricted_joins() {
        let mut json = join(&rules).into_json().to_object();
        let unsigned = object(r#"{"age":4}"#);
        json.insert("unsigned", unsigned);
        let hashes = json.get_mut("hashes").and_then(Value::as_object_mut);
        hashes.unwrap().insert("sha512", "more");
        let signatures = json.get_mut("signatures").and_then(Value::as_object_mut);
        let signatures = signatures.unwrap();
        signatures.insert("third.example", object(r#"{"ed25519:x":"AAAA"}"#));
        signatures.insert("theirs.example", object(r#"{"ed25519:old":"AAAA"}"#));
        let before = Pdu::from_json(json.clone(), &rules, &Limits::default()).unwrap();

        let mut after = countersigned(&before, &rules)
            .unwrap()
            .into_json()
            .to_object();
        let signatures = after.get_mut("signatures").and_then(Value::as_object_mut);
        let ours = signatures.unwrap().get_mut("theirs.example").unwrap();
        let added = ours.as_object_mut().unwrap().remove("ed25519:1");
        assert!(added.is_some());
        assert_eq!(after, json);
    }
}

#[test]
fn nothing_but_a_user_s_own_join_is_signed() {
    let vouched = r#""join_authorised_via_users_server":"@bob:theirs.example""#;
    for rules in stable() {
        let alice = "@alice:ours.example";
        for (state_key, membership) in [
            (alice, r#""leave""#),
            (alice, r#""invite""#),
            (alice, r#""ban""#),
            (alice, r#""knock""#),
            (alice, r#"["join"]"#),
            ("@bob:ours.example", r#""join""#),
            ("@bob:theirs.example", r#""join""#),
            ("", r#""join""#),
        ] {
            let content = format!(r#"{{"membership":{membership},{vouched}}}"#);
            let pdu = member(state_key, &content, &rules);
            let error = countersigned(&pdu, &rules).unwrap_err();
            assert_eq!(
                error,
                CountersignError::NotAJoin,
                "{state_key} {membership}"
            );
        }
        let content = object(&format!(r#"{{"membership":"join",{vouched}}}"#));
        let sender = user(alice);
        for draft in [
            Draft::state(
                sender.clone(),
                "m.room.power_levels",
                alice,
                content.clone(),
            ),
            Draft::message(sender, "m.room.member", content),
        ] {
            let limits = Limits::default();
            let event = assemble(draft, &place(&rules), ours().signer(), &rules, &limits);
            let error = countersigned(event.unwrap().pdu(), &rules).unwrap_err();
            assert_eq!(error, CountersignError::NotAJoin);
        }
    }
}

#[test]
fn a_server_vouches_only_if_it_is_named() {
    let server = theirs().server;
    let alice = "@alice:ours.example";
    for rules in with_restricted_joins() {
        for vouches in [
            r#""@bob:third.example""#,
            r#""@alice:ours.example""#,
            r#""@bob:theirs.example:1""#,
            r#""bob:theirs.example""#,
            r#"["@bob:theirs.example"]"#,
            "null",
        ] {
            let content =
                format!(r#"{{"membership":"join","join_authorised_via_users_server":{vouches}}}"#);
            let error = countersigned(&member(alice, &content, &rules), &rules).unwrap_err();
            let server = server.clone();
            assert_eq!(error, CountersignError::ForeignAuthoriser { server });
        }
        let plain = member(alice, r#"{"membership":"join"}"#, &rules);
        let error = countersigned(&plain, &rules).unwrap_err();
        let server = server.clone();
        assert_eq!(error, CountersignError::ForeignAuthoriser { server });
    }
}

#[test]
fn nobody_vouches_in_a_version_without_restricted_joins() {
    let content =
        r#"{"membership":"join","join_authorised_via_users_server":"@bob:theirs.example"}"#;
    for rules in stable() {
        let signed = countersigned(&member("@alice:ours.example", content, &rules), &rules);
        let restricted = rules.auth.knows(JoinRule::Restricted);
        assert_eq!(signed.is_ok(), restricted, "version {}", rules.id);
    }
    let pdu = member("@alice:ours.example", content, &V7);
    assert_eq!(countersigned(&pdu, &V7), Err(CountersignError::NotAJoin));
}

/// Everybody else would read the redacted form, which in one version does not say who vouches.
#[test]
fn an_event_whose_content_hash_is_wrong_is_not_signed() {
    for rules in with_restricted_joins() {
        let mut json = join(&rules).into_json().to_object();
        let content = json.get_mut("content").and_then(Value::as_object_mut);
        content.unwrap().insert("displayname", "Mallory");
        let pdu = Pdu::from_json(json, &rules, &Limits::default()).unwrap();
        let error = countersigned(&pdu, &rules).unwrap_err();
        assert_eq!(error, CountersignError::ContentHash);
    }
}

#[test]
fn a_signature_that_makes_the_event_too_large_is_not_added() {
    let pdu = join(&V11);
    let bytes = pdu.json().as_bytes().len();
    let limits = Limits {
        pdu_bytes: bytes,
        ..Limits::default()
    };
    let error = countersign_join(&pdu, theirs().signer(), &V11, &limits).unwrap_err();
    assert!(matches!(
        error,
        CountersignError::Format(FormatError::TooLarge { .. })
    ));
}

#[test]
fn an_invite_is_signed_for_a_user_of_the_server_and_nothing_else_is() {
    let limits = Limits::default();
    let sign = |pdu: &Pdu, rules: &RoomVersionRules| {
        countersign_invite(pdu, theirs().signer(), rules, &limits)
    };
    for rules in stable() {
        let invite = r#"{"membership":"invite"}"#;
        let before = member("@bob:theirs.example", invite, &rules);
        let after = sign(&before, &rules).unwrap();

        let mut by_hand = before.json().to_object();
        let theirs = theirs();
        hash_and_sign_event(&mut by_hand, &rules, "theirs.example", &theirs.key);
        assert_eq!(after.json().to_object(), by_hand);

        let error = sign(&member("@bob:third.example", invite, &rules), &rules).unwrap_err();
        let server = theirs.server;
        assert_eq!(error, CountersignError::ForeignTarget { server });
        for content in ["{}", r#"{"membership":"join"}"#, r#"{"membership":"ban"}"#] {
            let pdu = member("@bob:theirs.example", content, &rules);
            assert_eq!(sign(&pdu, &rules), Err(CountersignError::NotAnInvite));
        }
    }
}

#[test]
fn a_condition_is_a_membership_in_a_room_that_is_named() {
    let content = object(
        r#"{"join_rule":"restricted","allow":[
            {"type":"m.room_membership","room_id":"!b:x"},
            {"type":"m.room_membership","room_id":"!a:x","via":["x"]},
            {"type":"m.room_membership","room_id":"!b:x"},
            {"type":"m.room_membership","room_id":"!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM"},
            {"type":"m.room_membership","room_id":"?alias:x"},
            {"type":"m.room_membership","room_id":["!c:x"]},
            {"type":"m.room_membership"},
            {"type":"org.example.other","room_id":"!d:x"},
            {"room_id":"!e:x"},
            "!f:x", null, ["!g:x"]]}"#,
    );
    let rooms = allow_conditions(&content);
    let new_style = "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM";
    assert_eq!(rooms, ["!b:x", "!a:x", new_style]);
    for none in [
        "{}",
        r#"{"allow":{}}"#,
        r#"{"allow":"!a:x"}"#,
        r#"{"allow":[]}"#,
    ] {
        assert!(allow_conditions(&object(none)).is_empty());
    }
}

#[test]
fn one_satisfied_condition_lets_in_and_one_unknown_leaves_it_to_others() {
    use Condition::{Failed, Satisfied, Unknown};

    let bob = user("@bob:theirs.example");
    let judge =
        |conditions: &[Condition]| restricted_join(conditions.iter().copied(), Some(bob.clone()));
    assert_eq!(judge(&[Failed, Unknown, Satisfied]), Ok(bob.clone()));
    assert_eq!(
        judge(&[Failed, Unknown]),
        Err(JoinRefusal::UnableToAuthorise)
    );
    assert_eq!(judge(&[Failed, Failed]), Err(JoinRefusal::Forbidden));
    assert_eq!(judge(&[]), Err(JoinRefusal::Forbidden));
    assert_eq!(
        restricted_join([Failed, Satisfied], None),
        Err(JoinRefusal::UnableToGrant)
    );
    assert_eq!(restricted_join([Failed], None), Err(JoinRefusal::Forbidden));
}

#[test]
fn a_refusal_has_the_code_that_the_api_names() {
    assert_eq!(JoinRefusal::Forbidden.errcode(), "M_FORBIDDEN");
    let code = JoinRefusal::UnableToAuthorise.errcode();
    assert_eq!(code, "M_UNABLE_TO_AUTHORISE_JOIN");
    let code = JoinRefusal::UnableToGrant.errcode();
    assert_eq!(code, "M_UNABLE_TO_GRANT_JOIN");
}

#[test]
fn what_is_not_an_object_of_signatures_is_replaced() {
    let mut json = join(&V8).into_json().to_object();
    let signatures = json.get_mut("signatures").and_then(Value::as_object_mut);
    signatures.unwrap().insert("theirs.example", 7);
    let pdu = Pdu::from_json(json, &V8, &Limits::default()).unwrap();
    let keys = ring(&[&ours(), &theirs()]);
    let signed = countersigned(&pdu, &V8).unwrap();
    assert!(crypto::verify(signed, &V8, &keys, NOW, &Limits::default()).is_ok());
}
