//! Single cases with the answers of another implementation.
//!
//! Where a ruling decides otherwise, the answer that it asks for is the expected one, and the one
//! that was recorded is allowed, too.

use crate::json::{Mode, Object, Value};
use crate::lab::conformance::fields::{flag, list, object, opt_text, rules, text};
use crate::lab::conformance::{Case, FileError, Question, checks, exceptions};

/// The cases of such a file; `None` if it is of no such format.
pub(super) fn cases(file: &Object, name: &str) -> Result<Option<Vec<Case>>, FileError> {
    let first = file.get("cases").and_then(Value::as_array);
    let first = first
        .and_then(|cases| cases.get(0))
        .and_then(Value::as_object);
    let has = |field| first.is_some_and(|case| case.contains_key(field));
    let read = if has("strict") {
        canonical_json
    } else if has("redacted_canonical") {
        hashes
    } else if file.contains_key("pool") {
        checks::cases
    } else if has("expect") && file.contains_key("server_keys") {
        format
    } else {
        return Ok(None);
    };
    let mut found = Vec::new();
    for case in list(file, "cases")? {
        let case = case
            .as_object()
            .ok_or(FileError::Field { field: "cases" })?;
        let reading = Recorded { file, name, case };
        found.extend(read(&reading)?);
    }
    Ok(Some(found))
}

/// A recorded case.
pub(super) struct Recorded<'a> {
    pub(super) file: &'a Object,
    pub(super) name: &'a str,
    pub(super) case: &'a Object,
}

impl Recorded<'_> {
    /// A case that asks this, without input or expectation.
    pub(super) fn asking(&self, question: Question) -> Result<Case, FileError> {
        let id = opt_text(self.case, "id").map_or_else(|| text(self.case, "name"), Ok)?;
        Ok(Case {
            file: self.name.to_owned(),
            id: id.to_owned(),
            question,
            room_version: opt_text(self.case, "room_version").map(str::to_owned),
            spec: None,
            ruling: None,
            input: Object::new(),
            expect: Object::new(),
            also_allowed: Vec::new(),
        })
    }
}

impl Case {
    /// Takes the answer of a ruling for right, and allows the one that was recorded.
    pub(super) fn rule(&mut self, ruling: &str, answer: Object) {
        if answer != self.expect {
            self.ruling = Some(ruling.to_owned());
            self.also_allowed
                .push(std::mem::replace(&mut self.expect, answer));
        }
    }
}

fn canonical_json(recorded: &Recorded<'_>) -> Result<Vec<Case>, FileError> {
    let input = text(recorded.case, "input")?;
    let mut found = Vec::new();
    for name in ["strict", "lenient"] {
        let answer = object(recorded.case, name)?;
        let mut case = recorded.asking(Question::CanonicalJson)?;
        case.id = format!("{} ({name})", case.id);
        case.input.insert("mode", name);
        case.input.insert("text", input);
        case.expect.insert("ok", flag(answer, "ok")?);
        if flag(answer, "ok")? {
            case.expect.insert("output", text(answer, "output")?);
        }
        let output = opt_text(&case.expect, "output");
        if let Some(ruling) = output.and_then(|output| exceptions::canonical_json(input, output)) {
            case.rule(ruling, Object::from_iter([("ok", false)]));
        }
        found.push(case);
    }
    Ok(found)
}

/// Three questions: the hashes; the id of what is left when the event is redacted; and whether the
/// hash and the signatures of the event itself are right.
fn hashes(recorded: &Recorded<'_>) -> Result<Vec<Case>, FileError> {
    let (event, redacted) = (object(recorded.case, "event")?, redacted(recorded.case)?);
    let mut hashes = recorded.asking(Question::Hashes)?;
    hashes.input.insert("event", event.clone());
    for field in ["content_hash", "reference_hash", "event_id"] {
        hashes.expect.insert(field, text(recorded.case, field)?);
    }
    hashes.expect.insert("redacted", redacted.clone());

    let mut id = recorded.asking(Question::EventId)?;
    id.id = format!("{} (redacted)", id.id);
    id.input.insert("event", redacted);
    for field in ["reference_hash", "event_id"] {
        id.expect.insert(field, text(recorded.case, field)?);
    }

    let mut format = recorded.asking(Question::Format)?;
    format.id = format!("{} (received)", format.id);
    format.input.insert("text", event.to_string());
    format
        .input
        .insert("server_keys", object(recorded.file, "server_keys")?.clone());
    let signed = flag(recorded.case, "signatures_ok")?;
    let verdict = if signed { "accept" } else { "drop" };
    format.expect.insert("verdict", verdict);
    let hash_is_ok = flag(recorded.case, "content_hash_ok")?;
    if signed {
        format.expect.insert("content_hash", hash_check(hash_is_ok));
    }

    if let Some(ruling) = exceptions::content_hash(recorded.case) {
        let right = text(recorded.case, "spec_content_hash")?;
        let mut answer = hashes.expect.clone();
        answer.insert("content_hash", right);
        hashes.rule(ruling, answer);
        let stated = event.get("hashes").and_then(Value::as_object);
        let stated = stated.and_then(|hashes| opt_text(hashes, "sha256"));
        if signed {
            let mut answer = format.expect.clone();
            answer.insert("content_hash", hash_check(stated == Some(right)));
            format.rule(ruling, answer);
        }
    }
    Ok(vec![hashes, id, format])
}

/// The redacted form; `redacted_canonical` is what was hashed.
fn redacted(case: &Object) -> Result<Object, FileError> {
    let text = text(case, "redacted_canonical")?;
    Ok(Object::parse(text.as_bytes(), Mode::Lenient)?)
}

fn hash_check(is_ok: bool) -> &'static str {
    if is_ok { "ok" } else { "mismatch" }
}

/// What becomes of an event by its format and its signatures alone.
fn format(recorded: &Recorded<'_>) -> Result<Vec<Case>, FileError> {
    let rules = rules(text(recorded.case, "room_version")?)?;
    let (event, expect) = (
        object(recorded.case, "event")?,
        object(recorded.case, "expect")?,
    );
    let mut case = recorded.asking(Question::Format)?;
    case.input.insert("text", event.to_string());
    case.input
        .insert("server_keys", object(recorded.file, "server_keys")?.clone());
    let signed = flag(expect, "parsed")? && flag(expect, "signatures_ok")?;
    let limits = expect.get("limits").and_then(Value::as_object);
    let allowed = limits.is_none_or(|limits| flag(limits, "allow") != Ok(false));
    let unpersistable = limits.is_some_and(|limits| flag(limits, "unpersistable") == Ok(true));
    let verdict = match (signed, allowed, unpersistable) {
        (false, _, _) | (true, false, true) => "drop",
        (true, false, false) => "reject",
        (true, true, _) => "accept",
    };
    case.expect.insert("verdict", verdict);
    if verdict != "drop" {
        let hash = hash_check(flag(expect, "content_hash_ok")?);
        case.expect.insert("content_hash", hash);
    }
    if let Some((ruling, verdict)) = exceptions::format(event, rules, expect)
        && verdict != opt_text(&case.expect, "verdict").unwrap_or_default()
    {
        case.rule(ruling, Object::from_iter([("verdict", verdict)]));
    }
    Ok(vec![case])
}
