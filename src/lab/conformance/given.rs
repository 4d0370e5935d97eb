//! Parts that cases name: `given`, and where its names may stand.

use crate::json::{Object, Value};
use crate::lab::conformance::FileError;
use crate::lab::conformance::construct::expand;

/// The parts of a file, for one room version.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) parts: Option<&'a Object>,
    pub(super) room_version: Option<&'a str>,
}

impl Given<'_> {
    /// Puts the parts where an input names them: what stands in the place of a part and is a
    /// string, but no event id.
    pub(super) fn place(self, input: &mut Object) -> Result<(), FileError> {
        self.place_in(input)?;
        let Some(steps) = input.remove("steps") else {
            return Ok(());
        };
        let mut placed = Vec::new();
        for step in steps.as_array().into_iter().flat_map(|steps| steps.iter()) {
            let mut step = step.clone();
            if let Some(step) = step.as_object_mut() {
                self.place_in(step)?;
                if let Some(claim) = step.get_mut("claim").and_then(Value::as_object_mut) {
                    self.place_in(claim)?;
                }
            }
            placed.push(step);
        }
        input.insert("steps", placed);
        Ok(())
    }

    fn place_in(self, object: &mut Object) -> Result<(), FileError> {
        for member in PARTS {
            let Some(name) = object.get(member).and_then(Value::as_str) else {
                continue;
            };
            if let Some(part) = self.part(name)? {
                object.insert(member, part);
            }
        }
        for member in LISTS {
            let Some(list) = object.get(member).and_then(Value::as_array) else {
                continue;
            };
            let mut placed = Vec::with_capacity(list.len());
            for entry in list {
                let part = match entry.as_str() {
                    Some(name) => self.part(name)?,
                    None => None,
                };
                placed.push(part.unwrap_or_else(|| entry.clone()));
            }
            object.insert(member, placed);
        }
        self.place_rejected(object)
    }

    /// Rejected events are given by their ids, which symbolic events have.
    fn place_rejected(self, object: &mut Object) -> Result<(), FileError> {
        let Some(list) = object.get("rejected").and_then(Value::as_array) else {
            return Ok(());
        };
        let mut placed = Vec::with_capacity(list.len());
        for entry in list {
            let part = match entry.as_str() {
                Some(name) => self.part(name)?,
                None => None,
            };
            let id = part
                .as_ref()
                .and_then(Value::as_object)
                .and_then(|part| part.get("id"));
            placed.push(id.unwrap_or(entry).clone());
        }
        object.insert("rejected", placed);
        Ok(())
    }

    /// The part of this name; `None` for an event id.
    fn part(self, name: &str) -> Result<Option<Value>, FileError> {
        if name.starts_with('$') {
            return Ok(None);
        }
        let part = self.parts.and_then(|parts| parts.get(name));
        let part = part.ok_or_else(|| FileError::Name { name: name.into() })?;
        expand(part, self.room_version).map(Some)
    }
}

/// The members of an input, of a step or of a claim that are parts.
const PARTS: [&str; 7] = [
    "backfill",
    "base",
    "create",
    "event",
    "keys",
    "receive",
    "server_keys",
];

/// Those that are lists of parts.
const LISTS: [&str; 6] = [
    "auth_chain",
    "auth_events",
    "events",
    "room",
    "state",
    "story",
];
