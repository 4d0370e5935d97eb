//! Holding an answer against the one that is right.

use crate::json::{Object, Value};
use crate::lab::conformance::question::OPTIONAL_PARTS;
use crate::lab::conformance::{Case, Compared};

/// What came of comparing an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// How many members are as expected.
    pub equal: usize,
    /// The members that were left out, which they may be.
    pub unanswered: Vec<String>,
    /// The members that are not as expected.
    pub different: Vec<Difference>,
    /// Whether the answer is another one than the expected, and also allowed.
    pub is_other: bool,
}

/// A member of an answer that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where it is in the answer.
    pub member: String,
    /// What was expected; `None` if nothing was.
    pub expected: Option<Value>,
    /// What was answered; `None` if nothing was.
    pub got: Option<Value>,
}

impl Comparison {
    /// Whether nothing is different.
    #[must_use]
    pub fn is_pass(&self) -> bool {
        self.different.is_empty()
    }
}

impl Case {
    /// Holds an answer against the expected one, and if it is another, against those that are also
    /// allowed. What differs is told by the expected one.
    #[must_use]
    pub fn compare(&self, answer: &Object) -> Comparison {
        let found = self.compare_with(&self.expect, answer);
        if found.is_pass() {
            return found;
        }
        let mut others = self.also_allowed.iter();
        let other = others.find_map(|other| {
            let other = self.compare_with(other, answer);
            other.is_pass().then_some(other)
        });
        match other {
            Some(other) => Comparison {
                is_other: true,
                ..other
            },
            None => found,
        }
    }

    fn compare_with(&self, expect: &Object, answer: &Object) -> Comparison {
        let mut found = Comparison::default();
        for (member, expected) in expect {
            let got = answer.get(member);
            match self.question.compared(member) {
                Some(Compared::Optional) if got.is_none() => {
                    found.unanswered.push(member.to_owned());
                }
                Some(Compared::Parts) => found.parts(member, expected, got),
                _ => found.whole(member.to_owned(), expected, got),
            }
        }
        found
    }
}

impl Comparison {
    fn whole(&mut self, member: String, expected: &Value, got: Option<&Value>) {
        if got == Some(expected) {
            self.equal = self.equal.saturating_add(1);
        } else {
            self.different.push(Difference {
                member,
                expected: Some(expected.clone()),
                got: got.cloned(),
            });
        }
    }

    /// Compares what is expected, part by part. On a stack: answers may be deep.
    fn parts(&mut self, member: &str, expected: &Value, got: Option<&Value>) {
        let mut todo = vec![(member.to_owned(), expected, got)];
        while let Some((path, expected, got)) = todo.pop() {
            match (expected, got) {
                (Value::Object(parts), Some(Value::Object(found))) => {
                    // The stack is worked off from its end.
                    for (part, expected) in parts.iter().rev() {
                        let path = format!("{path}.{part}");
                        match found.get(part) {
                            None if OPTIONAL_PARTS.contains(&part) => self.unanswered.push(path),
                            got => todo.push((path, expected, got)),
                        }
                    }
                }
                (Value::Array(items), Some(Value::Array(found))) if items.len() == found.len() => {
                    let pairs = items.iter().zip(found).enumerate();
                    let pairs = pairs.collect::<Vec<_>>();
                    for (index, (expected, got)) in pairs.into_iter().rev() {
                        todo.push((format!("{path}[{index}]"), expected, Some(got)));
                    }
                }
                _ => self.whole(path, expected, got),
            }
        }
    }
}
