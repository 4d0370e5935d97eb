//! The format of this project's own files.

use std::collections::BTreeSet;

use crate::json::{Object, Value};
use crate::lab::conformance::construct::expand_members;
use crate::lab::conformance::fields::{object, opt_object, opt_text, rules, text, texts};
use crate::lab::conformance::given::Given;
use crate::lab::conformance::story::{self, Names};
use crate::lab::conformance::{Case, FileError, Question, build, symbolic};
use crate::pdu::CREATE;
use crate::version::CreateReference;

/// Whether a file is of this format: it has cases, and says what is asked, or its first case does.
pub(super) fn is_uniform(file: &Object) -> bool {
    let cases = file.get("cases").and_then(Value::as_array);
    let first = cases
        .and_then(|cases| cases.get(0))
        .and_then(Value::as_object);
    let asks = |object: &Object| object.contains_key("question");
    cases.is_some() && (asks(file) || first.is_some_and(asks))
}

/// That an object has no other members than these.
fn known(object: &Object, members: &[&str]) -> Result<(), FileError> {
    match object.keys().find(|member| !members.contains(member)) {
        Some(member) => Err(FileError::Unexpected {
            member: member.into(),
        }),
        None => Ok(()),
    }
}

/// The cases of such a file, written out for each room version.
pub(super) fn cases(file: &Object, name: &str) -> Result<Vec<Case>, FileError> {
    let list = file.get("cases").and_then(Value::as_array);
    let list = list.ok_or(FileError::Field { field: "cases" })?;
    if list.is_empty() {
        return Err(FileError::Empty { field: "cases" });
    }
    known(file, &FILE)?;
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for case in list {
        let case = case
            .as_object()
            .ok_or(FileError::Field { field: "cases" })?;
        let id = text(case, "id")?;
        if !seen.insert(id) {
            return Err(FileError::SameId { id: id.into() });
        }
        known(case, &CASE).map_err(|error| error.in_case(id))?;
        let name_of = opt_text(case, "question").map_or_else(|| text(file, "question"), Ok)?;
        let question = Question::of(name_of).ok_or_else(|| FileError::Question {
            question: name_of.into(),
        })?;
        let reading = Reading {
            file,
            name,
            case,
            id,
            question,
        };
        if case.contains_key("room_versions") {
            let versions = texts(case, "room_versions").map_err(|error| error.in_case(id))?;
            if versions.is_empty() {
                let field = "room_versions";
                return Err(FileError::Empty { field }.in_case(id));
            }
            for version in versions {
                found.push(
                    reading
                        .case(Some(version))
                        .map_err(|error| error.in_case(id))?,
                );
            }
        } else {
            found.push(reading.case(None).map_err(|error| error.in_case(id))?);
        }
    }
    Ok(found)
}

struct Reading<'a> {
    file: &'a Object,
    name: &'a str,
    case: &'a Object,
    id: &'a str,
    question: Question,
}

impl Reading<'_> {
    fn case(&self, room_version: Option<&str>) -> Result<Case, FileError> {
        if room_version.is_none() && !self.question.is_unversioned() {
            return Err(FileError::Field {
                field: "room_versions",
            });
        }
        let (input, names) = self.input(room_version)?;
        let expected = |answer: &Object, field| {
            if answer.is_empty() {
                return Err(FileError::Empty { field });
            }
            names.put(&self.expected(answer, room_version)?)
        };
        let mut also_allowed = Vec::new();
        if let Some(others) = self.case.get("also_allowed") {
            for other in others
                .as_array()
                .into_iter()
                .flat_map(|others| others.iter())
            {
                let other = other.as_object();
                let other = other.ok_or(FileError::Field {
                    field: "also_allowed",
                })?;
                also_allowed.push(expected(other, "also_allowed")?);
            }
        }
        let own = |field| opt_text(self.case, field).map(str::to_owned);
        Ok(Case {
            file: self.name.to_owned(),
            id: self.id.to_owned(),
            question: self.question,
            room_version: room_version.map(str::to_owned),
            spec: own("spec").or_else(|| opt_text(self.file, "spec").map(str::to_owned)),
            ruling: own("ruling").or_else(|| opt_text(self.file, "ruling").map(str::to_owned)),
            input,
            expect: expected(object(self.case, "expect")?, "expect")?,
            also_allowed,
        })
    }

    fn expected(&self, answer: &Object, version: Option<&str>) -> Result<Object, FileError> {
        for member in answer.keys() {
            if self.question.compared(member).is_none() {
                return Err(FileError::Member {
                    member: member.into(),
                });
            }
        }
        expand_members(answer, version)
    }

    fn input(&self, room_version: Option<&str>) -> Result<(Object, Names), FileError> {
        let mut input = match opt_object(self.file, "input") {
            Some(common) => expand_members(common, room_version)?,
            None => Object::new(),
        };
        if let Some(own) = opt_object(self.case, "input") {
            for (member, value) in &expand_members(own, room_version)? {
                input.insert(member, value.clone());
            }
        }
        let given = Given {
            parts: opt_object(self.file, "given"),
            room_version,
        };
        given.place(&mut input)?;
        let mut names = Names::default();
        match self.question {
            Question::Format => build::write_text(&mut input)?,
            Question::Auth | Question::Resolve => complete(&mut input, room_version)?,
            Question::Receive | Question::RedactionApplies | Question::Room
                if input.contains_key("story") =>
            {
                let rules = rules(room_version.unwrap_or_default())?;
                names = story::tell(&mut input, self.question, rules)?;
            }
            _ => {}
        }
        Ok((input, names))
    }
}

/// Writes out the symbolic events of an input.
fn complete(input: &mut Object, room_version: Option<&str>) -> Result<(), FileError> {
    let rules = rules(room_version.unwrap_or_default())?;
    if let Some(event) = input.get_mut("event").and_then(Value::as_object_mut) {
        symbolic::complete(event, rules)?;
    }
    for member in ["events", "state", "auth_events", "room"] {
        let Some(list) = input.get(member).and_then(Value::as_array) else {
            continue;
        };
        let mut completed = Vec::with_capacity(list.len());
        for event in list {
            let mut event = event.clone();
            let inner = event
                .as_object_mut()
                .ok_or(FileError::Field { field: member })?;
            symbolic::complete(inner, rules)?;
            // Nobody cites what the room id implies.
            let implied = rules.auth.create_reference == CreateReference::Forbidden
                && opt_text(inner, "type") == Some(CREATE);
            if member != "auth_events" || !implied {
                completed.push(event);
            }
        }
        input.insert(member, completed);
    }
    Ok(())
}

/// The members of a file; some are for readers only.
const FILE: [&str; 11] = [
    "about",
    "cases",
    "generated",
    "given",
    "input",
    "question",
    "row",
    "ruling",
    "spec",
    "tests",
    "vectors",
];

/// The members of a case.
const CASE: [&str; 9] = [
    "also_allowed",
    "expect",
    "id",
    "input",
    "question",
    "room_versions",
    "ruling",
    "security",
    "spec",
];
