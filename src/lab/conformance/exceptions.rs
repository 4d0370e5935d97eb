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
//!
//! Which of them decides is read off the recorded case, never asked of the engine: what it answers
//! would then be right because it does.

use crate::json::{Mode, Object, Value};
use crate::pdu::{MEMBER, REDACTION};
use crate::version::RoomVersionRules;

/// The ruling by which a document is refused that was read as `output`: where that has fewer
/// members, some key was there twice.
pub(super) fn canonical_json(input: &str, output: &str) -> Option<&'static str> {
    (members(input) > members(output)).then_some("CJ-08")
}

/// How many members the objects of a document have: each has a colon outside of strings.
fn members(json: &str) -> usize {
    let (mut colons, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            b':' if !is_text => colons = colons.saturating_add(1),
            _ => {}
        }
    }
    colons
}

/// The ruling by which the content hash of a case may differ: the case says so itself.
pub(super) fn content_hash(case: &Object) -> Option<&'static str> {
    case.contains_key("spec_content_hash").then_some("RD-07")
}

/// The ruling by which a case of the event format may differ, and its verdict; `expect` is what was
/// recorded, with the error if there was one.
pub(super) fn format(
    event: &Object,
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
    let hashes = event.get("hashes").and_then(Value::as_object);
    let hash = hashes.and_then(|hashes| hashes.get("sha256"));
    if !hash.and_then(Value::as_str).is_some_and(is_hash) {
        Some(("EF-12", "drop"))
    } else if says(expect, "Depth too large")
        && rules.canonical_json == Mode::Lenient
        && event.get("depth").and_then(Value::as_i64).is_some()
    {
        Some(("EF-04", "accept"))
    } else if limits.is_some_and(|limits| says(limits, "event too large"))
        && event.to_string().len() <= MAX_PDU
    {
        Some(("EF-01", "accept"))
    } else {
        None
    }
}

/// Whether a text is 32 bytes in Base64 of either alphabet.
fn is_hash(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    digits.len() == 43 && digits.bytes().all(is_digit)
}

/// The ruling by which a disputed verdict of the authorisation rules may differ, and its verdict;
/// `founder` is the server of the room's creator.
///
/// Each of these rulings is what the specification says to the letter, and what it says of a case
/// is recorded with it.
pub(super) fn auth(
    recorded: &Object,
    founder: Option<&str>,
) -> Option<(&'static str, &'static str)> {
    let event = recorded.get("event").and_then(Value::as_object)?;
    let text = |field| event.get(field).and_then(Value::as_str);
    let slug = recorded.get("slug").and_then(Value::as_str);
    let ruling = match (slug?, text("type")?) {
        ("member.invite.third_party", MEMBER) => "AU-32",
        ("redaction", REDACTION) if text("redacts").is_none() => "AU-34",
        ("federate", MEMBER)
            if text("sender").and_then(server) == founder
                && text("state_key").and_then(server) != founder =>
        {
            "AU-25"
        }
        _ => return None,
    };
    let allows = recorded.get("spec_allow").and_then(Value::as_bool)?;
    Some((ruling, if allows { "allow" } else { "reject" }))
}

/// The server of a user.
pub(super) fn server(user: &str) -> Option<&str> {
    user.split_once(':').map(|(_, server)| server)
}

/// The largest event, in bytes.
const MAX_PDU: usize = 65_536;
