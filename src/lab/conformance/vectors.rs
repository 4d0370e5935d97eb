//! Files of single cases.

use std::collections::BTreeMap;

use crate::auth::{self, AuthEvent, StateView};
use crate::crypto::{self, content_hash, reference_hash, unverified};
use crate::event::{Event, EventRef, HashCheck};
use crate::id::EventId;
use crate::json::{Mode, Object, Value};
use crate::lab::conformance::fields::{flag, indices, list, object, parse, rules, text};
use crate::lab::conformance::keys::{self, NOW};
use crate::lab::conformance::uniform::is_uniform;
use crate::lab::conformance::{FileError, Report, exceptions, uniform};
use crate::limits::Limits;
use crate::pdu::{Pdu, redact};
use crate::version::CreateReference;

/// Holds the engine against a file of single cases, whichever kind it is: canonical JSON, hashes
/// and redaction, event format and signatures, or authorisation rules.
///
/// # Errors
///
/// [`FileError`]: the file is of none of these formats.
pub fn vectors(bytes: &[u8]) -> Result<Report, FileError> {
    let file = parse(bytes)?;
    if is_uniform(&file) {
        let mut report = Report::default();
        uniform::cases(&file, "")?
            .iter()
            .for_each(|case| report.ask(case));
        return Ok(report);
    }
    let first = list(&file, "cases")?.next().and_then(Value::as_object);
    let has = |field| first.is_some_and(|case| case.contains_key(field));
    // The vectors of this project's own formats name the section or the ruling they rest on.
    if has("spec") || has("ruling") {
        return Err(FileError::Unknown);
    }
    let compare = if has("strict") {
        canonical_json
    } else if has("redacted_canonical") {
        hashes_and_redaction
    } else if file.contains_key("pool") {
        auth_rules
    } else if has("expect") && file.contains_key("server_keys") {
        event_format
    } else {
        return Err(FileError::Unknown);
    };
    let mut report = Report::default();
    for case in list(&file, "cases")? {
        let case = case
            .as_object()
            .ok_or(FileError::Field { field: "cases" })?;
        report.cases = report.cases.saturating_add(1);
        compare(&mut report, &file, case)?;
    }
    Ok(report)
}

fn canonical_json(report: &mut Report, _: &Object, case: &Object) -> Result<(), FileError> {
    let (name, input) = (text(case, "name")?, text(case, "input")?);
    for (mode, field) in [(Mode::Strict, "strict"), (Mode::Lenient, "lenient")] {
        let answer = object(case, field)?;
        let expected = if flag(answer, "ok")? {
            Some(text(answer, "output")?.to_owned())
        } else {
            None
        };
        let parsed = Value::parse(input.as_bytes(), mode);
        let ruling = parsed.as_ref().err().and_then(exceptions::canonical_json);
        let output = |value: Value| String::from_utf8(value.to_canonical()).unwrap_or_default();
        report.compare_unless(ruling, name, field, &expected, &parsed.ok().map(output));
    }
    Ok(())
}

fn hashes_and_redaction(
    report: &mut Report,
    file: &Object,
    case: &Object,
) -> Result<(), FileError> {
    let (name, rules) = (text(case, "id")?, rules(text(case, "room_version")?)?);
    let ring = keys::key_ring(object(file, "server_keys")?)?;
    let event = object(case, "event")?;
    let ruling = exceptions::content_hash(case);
    let hash = content_hash(event).to_base64();
    report.compare_unless(
        ruling,
        name,
        "content hash",
        &text(case, "content_hash")?,
        &&*hash,
    );
    if ruling.is_some() {
        report.compare(
            name,
            "content hash",
            &text(case, "spec_content_hash")?,
            &&*hash,
        );
    }
    let redacted = redact(event, rules);
    let canonical = String::from_utf8(redacted.to_canonical()).unwrap_or_default();
    report.compare(
        name,
        "redacted form",
        &text(case, "redacted_canonical")?,
        &&*canonical,
    );
    let hash = reference_hash(event, rules).to_base64();
    report.compare(
        name,
        "reference hash",
        &text(case, "reference_hash")?,
        &&*hash,
    );
    match Pdu::from_json(event.clone(), rules, &Limits::default()) {
        Err(error) => report.compare(name, "format", &"ok", &error.to_string().as_str()),
        Ok(pdu) => {
            let verified = crypto::verify(pdu.clone(), rules, &ring, NOW, &Limits::default());
            report.compare(
                name,
                "signatures",
                &flag(case, "signatures_ok")?,
                &verified.is_ok(),
            );
            let event = unverified(pdu, rules);
            report.compare(
                name,
                "event id",
                &text(case, "event_id")?,
                &event.id().as_str(),
            );
            let ok = event.provenance().content_hash == HashCheck::Ok;
            let expected = flag(case, "content_hash_ok")?;
            report.compare_unless(ruling, name, "content hash check", &expected, &ok);
        }
    }
    Ok(())
}

/// What becomes of an event by its format and its signatures alone.
#[derive(Debug, PartialEq, Eq)]
struct Intake {
    dropped: bool,
    rejected: bool,
    redacted: bool,
}

fn event_format(report: &mut Report, file: &Object, case: &Object) -> Result<(), FileError> {
    let (name, rules) = (text(case, "id")?, rules(text(case, "room_version")?)?);
    let ring = keys::key_ring(object(file, "server_keys")?)?;
    let expect = object(case, "expect")?;
    let parsed = flag(expect, "parsed")?;
    let signed = parsed && flag(expect, "signatures_ok")?;
    let limits = expect.get("limits").and_then(Value::as_object);
    let allowed = limits.is_none_or(|limits| flag(limits, "allow") != Ok(false));
    let unpersistable = limits.is_some_and(|limits| flag(limits, "unpersistable") == Ok(true));
    let dropped = !signed || (!allowed && unpersistable);
    let expected = Intake {
        dropped,
        rejected: !dropped && !allowed,
        redacted: !dropped && !flag(expect, "content_hash_ok")?,
    };
    let pdu = Pdu::from_json(object(case, "event")?.clone(), rules, &Limits::default());
    let ruling = exceptions::format(&pdu, rules, expect);
    let got = match pdu {
        Err(_) => Intake {
            dropped: true,
            rejected: false,
            redacted: false,
        },
        Ok(pdu) => match crypto::verify(pdu, rules, &ring, NOW, &Limits::default()) {
            Err(_) => Intake {
                dropped: true,
                rejected: false,
                redacted: false,
            },
            Ok(event) => Intake {
                dropped: false,
                rejected: event.overlong().is_some(),
                redacted: event.provenance().content_hash == HashCheck::Mismatch,
            },
        },
    };
    report.compare_unless(ruling, name, "intake", &expected, &got);
    Ok(())
}

fn auth_rules(report: &mut Report, file: &Object, case: &Object) -> Result<(), FileError> {
    let name = text(case, "id")?;
    let version = text(case, "room_version")?;
    let rules = rules(version)?;
    let ring = keys::key_ring(object(file, "server_keys")?)?;
    let pool = object(file, "pool")?;
    let pool = pool.get(version).and_then(Value::as_array);
    let pool = pool.ok_or(FileError::Field { field: "pool" })?;
    let mut known: BTreeMap<usize, Event> = BTreeMap::new();
    for index in indices(case, "known")? {
        let entry = pool.get(index).and_then(Value::as_object);
        let entry = entry.ok_or(FileError::Field { field: "known" })?;
        let id = EventId::from_trusted(text(entry, "event_id")?);
        let pdu = Pdu::from_json(object(entry, "event")?.clone(), rules, &Limits::default());
        if let Ok(pdu) = pdu {
            known.insert(index, crypto::unverified_named(pdu, id, rules));
        }
    }
    let rejected = if case.contains_key("rejected") {
        indices(case, "rejected")?
    } else {
        Vec::new()
    };
    let state: Vec<EventRef<'_>> = indices(case, "state")?
        .iter()
        .filter_map(|i| known.get(i))
        .map(Event::as_ref)
        .collect();
    let expect = object(case, "expect")?;
    let expects = |check: &'static str| -> Result<bool, FileError> {
        Ok(flag(expect, "parsed")? && flag(object(expect, check)?, "allow")?)
    };
    // What cannot be parsed is denied by both checks.
    let pdu = Pdu::from_json(object(case, "event")?.clone(), rules, &Limits::default());
    let Ok(pdu) = pdu else {
        report.compare(name, "by_auth_events", &expects("by_auth_events")?, &false);
        report.compare(name, "by_state", &expects("by_state")?, &false);
        return Ok(());
    };
    let event = crypto::verify(pdu.clone(), rules, &ring, NOW, &Limits::default())
        .unwrap_or_else(|_| unverified(pdu.clone(), rules));
    let cited = |id: &str| {
        let (index, event) = known.iter().find(|(_, event)| event.id().as_str() == id)?;
        Some(AuthEvent {
            event: event.as_ref(),
            rejected: rejected.contains(index),
        })
    };
    let create = format!(
        "${}",
        event.as_ref().room_id.as_str().get(1..).unwrap_or_default()
    );
    let create = cited(&create);
    let auth_events: Option<Vec<_>> = event
        .auth_events()
        .iter()
        .map(|id| cited(id.as_str()))
        .collect();
    let auth_events = auth_events.ok_or(FileError::Field { field: "known" })?;
    let implied = create.filter(|_| rules.auth.create_reference == CreateReference::Forbidden);
    let state = CaseState {
        state: &state,
        create: implied.map(|create| create.event),
    };
    let decisions = [
        (
            "by_auth_events",
            auth::check_by_auth_events(&event.as_ref(), &auth_events, create, rules),
        ),
        ("by_state", auth::check(&event.as_ref(), &state, rules)),
    ];
    for (check, decision) in decisions {
        let ruling = exceptions::auth(&pdu, &decision, case);
        report.compare_unless(
            ruling,
            name,
            check,
            &expects(check)?,
            &decision.is_allowed(),
        );
        let number = decision.rule.number(rules.auth.numbering);
        report.compare(name, "rule number", &number, &Some(decision.number));
        report.rules.insert((decision.rule, rules.auth.numbering));
    }
    Ok(())
}

struct CaseState<'a> {
    state: &'a [EventRef<'a>],
    create: Option<EventRef<'a>>,
}

impl StateView for CaseState<'_> {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        let state = self.state.iter().copied().chain(self.create);
        state
            .into_iter()
            .find(|event| event.event_type == event_type && event.state_key == Some(state_key))
    }
}
