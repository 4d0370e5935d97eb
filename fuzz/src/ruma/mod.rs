//! The libraries of ruma, as their callers drive them.

mod event;
pub mod json;
pub mod resolve;

use roomdag::json::{Object, ParseErrorKind, Value};
use roomdag::pdu::Pdu;
use roomdag::pdu::content::{Content, Membership};
use roomdag::testing::rooms::Disagreement;
use roomdag::version::RoomVersionRules;
use roomdag::{Limits, crypto};
use ruma_common::RoomVersionId;

/// A way in which ruma is known to answer otherwise. Each names the ruling by which this library
/// answers as it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownDifference {
    /// CJ-01: the integer `-0` is `0`; ruma refuses it.
    NegativeZero,
    /// CJ-08: a document with a key that is there twice is refused; ruma takes the last value.
    DuplicateKey,
    /// CJ-16: JSON may be nested as deep as it fits; ruma refuses more than 127 levels.
    Depth,
    /// EF-01: an event may have 65,536 bytes; ruma hashes 65,535.
    Size,
    /// EF-06 to EF-16, EF-23: what is not well-formed is no event, and is not hashed or verified;
    /// ruma leaves that to another of its functions.
    Format,
    /// EF-16: an event without signatures is well-formed and has an id; ruma makes none.
    Unsigned,
    /// AU-53: whatever the content of a member event, the signatures decide about the
    /// signatures; ruma does not verify one whose `membership` is no text.
    MemberContent,
    /// RD-03: a `third_party_invite` that is no object is redacted; ruma keeps it.
    OddInvite,
    /// SG-02: whoever authorised a join must have signed it; ruma asks for it of every other event,
    /// too, whose content names such a user.
    Authoriser,
    /// SG-04, V-S-18: the sender's server need not sign a third-party invite, but must if a wrong
    /// content hash and redaction leave a plain invite of it; ruma takes that from anybody.
    RedactedInvite,
    /// AU-22: without join rules a room is one to be invited to; for ruma nobody can join it.
    NoJoinRules,
}

/// What two answers were about that differ.
#[derive(Clone, Copy, Debug)]
pub enum Difference<'a> {
    /// Bytes, and why either did not read them.
    Reading {
        /// The bytes.
        bytes: &'a [u8],
        /// Why this library did not.
        ours: Option<&'a ParseErrorKind>,
        /// Why ruma did not.
        theirs: Option<&'a str>,
    },
    /// Hashes of an event.
    Hashing(&'a Object, &'a RoomVersionRules),
    /// The signatures of an event.
    Verifying(&'a Object, &'a RoomVersionRules),
    /// States that were resolved.
    Resolving(&'a Disagreement),
}

/// The known difference that explains why two answers differ. This is all of them: what none
/// explains is a find.
pub fn known_difference(between: Difference<'_>) -> Option<KnownDifference> {
    match between {
        Difference::Reading {
            bytes,
            ours,
            theirs,
        } => match ours {
            Some(ParseErrorKind::DuplicateKey(_)) => Some(KnownDifference::DuplicateKey),
            None if theirs.is_some_and(|error| error.contains("recursion limit")) => {
                Some(KnownDifference::Depth)
            }
            None if has_negative_zero(bytes) => Some(KnownDifference::NegativeZero),
            _ => None,
        },
        Difference::Hashing(event, rules) => {
            if Pdu::from_json(event.clone(), rules, &Limits::default()).is_err() {
                Some(KnownDifference::Format)
            } else if has_odd_invite(event) {
                Some(KnownDifference::OddInvite)
            } else if event.canonical_len() > 65_535 {
                Some(KnownDifference::Size)
            } else if event.get("signatures").and_then(Value::as_object).is_none() {
                Some(KnownDifference::Unsigned)
            } else {
                None
            }
        }
        Difference::Verifying(event, rules) => {
            let hashing = known_difference(Difference::Hashing(event, rules));
            let is_member = event.get("type").and_then(Value::as_str) == Some("m.room.member");
            let content = event.get("content").and_then(Value::as_object);
            let of = |key| content.and_then(|content| content.get(key));
            let membership = of("membership").and_then(Value::as_str);
            let is = |wanted| is_member && membership == Some(wanted);
            if hashing.is_some() {
                hashing
            } else if is_member && membership.is_none() {
                Some(KnownDifference::MemberContent)
            } else if of(AUTHORISER).is_some() && !is("join") {
                Some(KnownDifference::Authoriser)
            } else if is("invite") && of(INVITE).is_some() && loses_invite(event, rules) {
                Some(KnownDifference::RedactedInvite)
            } else {
                None
            }
        }
        Difference::Resolving(room) => {
            let has_bare_join = room
                .events
                .values()
                .any(|event| joins_by_no_rules(room, event));
            has_bare_join.then_some(KnownDifference::NoJoinRules)
        }
    }
}

/// Whether what should be a third-party invite is no object.
fn has_odd_invite(event: &Object) -> bool {
    let content = event.get("content").and_then(Value::as_object);
    let invite = content.and_then(|content| content.get(INVITE));
    invite.is_some_and(|invite| invite.as_object().is_none())
}

/// Whether an event is a join that cites no join rules and needs some.
fn joins_by_no_rules(room: &Disagreement, event: &roomdag::Event) -> bool {
    let joins = match event.as_ref().content {
        Content::Member(member) => member.membership == Some(Membership::Join),
        _ => false,
    };
    let is_first = event.prev_events().iter().all(|id| *id == "$create");
    let cites_rules = event.auth_events().iter().any(|id| {
        let cited = room.events.get(id).map(roomdag::Event::as_ref);
        cited.is_some_and(|cited| cited.event_type == "m.room.join_rules")
    });
    joins && !is_first && !cites_rules
}

/// Whether an event goes on redacted, in a room version where that makes a third-party invite a
/// plain one.
fn loses_invite(event: &Object, version: &RoomVersionRules) -> bool {
    let redaction = rules(version).redaction;
    let hash = crypto::content_hash(event).to_base64();
    let hashes = event.get("hashes").and_then(Value::as_object);
    let stated = hashes.and_then(|hashes| hashes.get("sha256")?.as_str());
    !redaction.keep_room_member_third_party_invite_signed && stated != Some(hash.as_str())
}

/// Whether the number `-0` stands in JSON.
fn has_negative_zero(json: &[u8]) -> bool {
    let (mut is_text, mut is_escaped) = (false, false);
    json.iter().enumerate().any(|(at, byte)| {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            b'-' if !is_text => {
                let goes_on = |byte: &u8| byte.is_ascii_digit() || b".eE".contains(byte);
                return json.get(at + 1) == Some(&b'0') && !json.get(at + 2).is_some_and(goes_on);
            }
            _ => {}
        }
        false
    })
}

const INVITE: &str = "third_party_invite";

const AUTHORISER: &str = "join_authorised_via_users_server";

/// ruma's rules of a room version.
pub fn rules(rules: &RoomVersionRules) -> ruma_common::room_version_rules::RoomVersionRules {
    let version = RoomVersionId::try_from(rules.id).expect("ruma knows the version");
    version.rules().expect("ruma knows its rules")
}
