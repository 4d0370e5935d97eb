//! Where the rulings of this project decide otherwise than the known answers, which are those of
//! another implementation: the one list of them.
//!
//! | ruling | what the answers have; what is right here                                           |
//! |--------|-------------------------------------------------------------------------------------|
//! | CJ-08  | the last of two equal keys counts; the document is refused                          |
//! | EF-01  | `unsigned` is counted even if absent; up to 65,536 bytes are accepted               |
//! | EF-04  | `depth` ends at 2⁵³ − 1 everywhere; in versions with lenient JSON at 2⁶³ − 1        |
//! | EF-12  | `hashes` without a usable `sha256` is a mismatch; the event is dropped              |
//! | RD-07  | some top-level keys are left out of the content hash; they are part of it           |
//! | AU-25  | an unfederated room keeps out foreign targets; it keeps out foreign senders only    |
//! | AU-32  | one wrong signature spoils a third-party invite; any right one will do              |
//! | AU-34  | a redaction without a target shares its domain; it does not                         |

use crate::auth::{Outcome, Rule};
use crate::json::{Object, ParseError, ParseErrorKind, Value};
use crate::limits::Limits;
use crate::pdu::{FormatError, MEMBER, Pdu};
use crate::version::RoomVersionRules;

/// The ruling by which a document is refused.
pub(super) fn canonical_json(error: &ParseError) -> Option<&'static str> {
    matches!(error.kind(), ParseErrorKind::DuplicateKey(_)).then_some("CJ-08")
}

/// The ruling by which the content hash of a case may differ: the case says so itself.
pub(super) fn content_hash(case: &Object) -> Option<&'static str> {
    case.contains_key("spec_content_hash").then_some("RD-07")
}

/// The ruling by which a case of the event format may differ, and its verdict.
pub(super) fn format(
    pdu: &Result<Pdu, FormatError>,
    rules: &RoomVersionRules,
    expect: &Object,
) -> Option<(&'static str, &'static str)> {
    let says = |object: &Object, text| {
        object
            .get("error")
            .and_then(Value::as_str)
            .is_some_and(|error| error.contains(text))
    };
    let limits = expect.get("limits").and_then(Value::as_object);
    match pdu {
        Err(FormatError::Missing { field } | FormatError::WrongType { field, .. })
            if *field == "hashes.sha256" =>
        {
            Some(("EF-12", "drop"))
        }
        Ok(pdu) if pdu.depth() > SAFE && rules.max_depth > SAFE => Some(("EF-04", "accept")),
        Ok(pdu)
            if limits.is_some_and(|limits| says(limits, "event too large"))
                && pdu.json().as_bytes().len() <= Limits::default().pdu_bytes =>
        {
            Some(("EF-01", "accept"))
        }
        _ => None,
    }
}

/// The ruling by which a disputed verdict of the authorisation rules may differ, and its verdict;
/// `rule` is the one that decides by the rulings.
pub(super) fn auth(event: &Object, rule: &str, slug: &str) -> Option<(&'static str, &'static str)> {
    let is = |known: Rule| known.name() == rule;
    let has = |field, value| event.get(field).and_then(Value::as_str) == Some(value);
    if is(Rule::ThirdPartyValid) {
        return Some(("AU-32", "allow"));
    }
    let targets = event.get("redacts").and_then(Value::as_str);
    if is(Rule::RedactionNotPermitted) && targets.is_none() {
        return Some(("AU-34", "reject"));
    }
    let mut allowing = Rule::ALL.iter();
    let allows = allowing.any(|known| is(*known) && known.outcome() == Outcome::Allow);
    (slug == "federate" && has("type", MEMBER) && allows).then_some(("AU-25", "allow"))
}

/// The largest integer of strict canonical JSON.
const SAFE: i64 = (1 << 53) - 1;
