//! Vectors that others have published, in the formats in which they did.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::json::{Mode, Object, Value};
use crate::lab::conformance::fields::{list, object, opt_integer, opt_text, text};
use crate::lab::conformance::{Case, FileError, Question};

/// A case of this file that asks this.
fn asking(file: &str, id: impl Into<String>, question: Question) -> Case {
    Case {
        file: file.to_owned(),
        id: id.into(),
        question,
        room_version: None,
        spec: None,
        ruling: None,
        input: Object::new(),
        expect: Object::new(),
        also_allowed: Vec::new(),
    }
}

/// The case of a file of MSC4458: comments, an input, `---`, and the outputs that are right;
/// `None` if it is no such file.
pub(super) fn msc4458(bytes: &[u8], name: &str) -> Option<Case> {
    let mut lines = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.starts_with(b"#"));
    let mut input: Vec<&[u8]> = Vec::new();
    loop {
        match lines.next()? {
            b"---" => break,
            line => input.push(line),
        }
    }
    let input = input.join(&b'\n');
    let mut case = asking(name, "canonical form", Question::CanonicalJson);
    case.spec = Some(MSC4458.to_owned());
    case.input.insert("mode", "strict");
    match std::str::from_utf8(&input) {
        Ok(text) => case.input.insert("text", text),
        Err(_) => case.input.insert("hex", hex(&input)),
    };
    let mut outputs = lines.filter(|line| !line.is_empty()).map(|line| {
        let mut answer = Object::from_iter([("ok", line != b"REJECT")]);
        if line != b"REJECT" {
            answer.insert("output", String::from_utf8_lossy(line).into_owned());
        }
        answer
    });
    case.expect = outputs.next()?;
    case.also_allowed = outputs.collect();
    Some(case)
}

const MSC4458: &str = "https://github.com/matrix-org/matrix-spec-proposals/pull/4458";

/// The edge cases of ed25519 that CCTV has, and the numbers of those that verify, and of those that
/// do in libraries that are less strict, which is allowed.
pub(super) fn ed25519(
    cases: &Value,
    accepted: &[u8],
    accepted_elsewhere: &[u8],
    name: &str,
) -> Result<Vec<Case>, FileError> {
    let (accepted, elsewhere) = (numbers(accepted)?, numbers(accepted_elsewhere)?);
    let cases = cases.as_array().ok_or(FileError::Unknown)?.iter();
    cases
        .map(|entry| {
            let entry = entry.as_object().ok_or(FileError::Unknown)?;
            let number = opt_integer(entry, "number");
            let number = number.ok_or(FileError::Field { field: "number" })?;
            let mut case = asking(name, number.to_string(), Question::Ed25519);
            case.ruling = Some("SG-08".to_owned());
            case.spec = Some("https://github.com/C2SP/CCTV/tree/main/ed25519".to_owned());
            case.input.insert("key", text(entry, "key")?);
            case.input.insert("signature", text(entry, "sig")?);
            case.input
                .insert("message", hex(text(entry, "msg")?.as_bytes()));
            let is_valid = accepted.contains(&number);
            case.expect.insert("valid", is_valid);
            if elsewhere.contains(&number) != is_valid {
                let other = Object::from_iter([("valid", !is_valid)]);
                case.also_allowed.push(other);
            }
            Ok(case)
        })
        .collect()
}

fn numbers(list: &[u8]) -> Result<BTreeSet<i64>, FileError> {
    let list = Value::parse(list, Mode::Lenient)?;
    let list = list.as_array().into_iter();
    let numbers = list.flat_map(|numbers| numbers.iter());
    Ok(numbers.filter_map(Value::as_i64).collect())
}

/// The specification's examples of signing.
pub(super) fn spec_examples(file: &Object, name: &str) -> Result<Vec<Case>, FileError> {
    let mut found = Vec::new();
    for (kind, member) in [("json", "object"), ("events", "event")] {
        for entry in list(file, kind)? {
            let entry = entry.as_object().ok_or(FileError::Field { field: kind })?;
            let mut case = asking(name, text(entry, "name")?, Question::Sign);
            case.room_version = opt_text(entry, "room_version").map(str::to_owned);
            case.spec = opt_text(file, "spec").map(str::to_owned);
            case.input.insert("seed", text(file, "seed")?);
            case.input.insert("key_id", text(file, "key_id")?);
            case.input.insert("server", text(file, "server_name")?);
            case.input.insert(member, object(entry, "input")?.clone());
            case.expect
                .insert("signed", object(entry, "signed")?.clone());
            found.push(case);
        }
    }
    Ok(found)
}

fn hex(bytes: &[u8]) -> String {
    let mut hex = String::new();
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
