//! A case: one question with the answer that is right.

use crate::json::Object;
use crate::lab::conformance::Question;

/// One question, asked for one room version, and the answer that is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The file that it is from, as the reader was told.
    pub file: String,
    /// Its id, which no other case of the file has for the same room version.
    pub id: String,
    /// What is asked.
    pub question: Question,
    /// The room version, unless the answer is the same for all.
    pub room_version: Option<String>,
    /// The section of the specification, or the issue, that it is about.
    pub spec: Option<String>,
    /// The ruling that it rests on.
    pub ruling: Option<String>,
    /// The input, written out in full.
    pub input: Object,
    /// The answer that is right.
    pub expect: Object,
    /// Other answers that the specification allows.
    pub also_allowed: Vec<Object>,
}

impl Case {
    /// `file#id@room_version`, which names the case among all others.
    #[must_use]
    pub fn address(&self) -> String {
        let Self { file, id, .. } = self;
        match &self.room_version {
            Some(version) => format!("{file}#{id}@{version}"),
            None => format!("{file}#{id}"),
        }
    }

    /// The request that asks for the answer, under its address as id.
    #[must_use]
    pub fn request(&self) -> Object {
        let mut request = Object::new();
        request.insert("id", self.address());
        request.insert("question", self.question.name());
        if let Some(version) = &self.room_version {
            request.insert("room_version", version.as_str());
        }
        request.insert("input", self.input.clone());
        request
    }
}
