//! What a library says, in a form in which answers can be compared.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Pairs of strings, each with what holds it: for a room state the event type and state key, with
/// the id of the event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer(BTreeMap<(String, String), String>);

impl Answer {
    /// Adds what is not an entry of a state but has to agree as well.
    pub fn with(mut self, what: &str, which: impl ToString, value: impl ToString) -> Self {
        let key = (what.to_owned(), which.to_string());
        self.0.insert(key, value.to_string());
        self
    }

    /// Where another answer differs from this one.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let keys: BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        let difference = |key: &(String, String)| Difference {
            key: key.clone(),
            expected: self.0.get(key).cloned(),
            found: other.0.get(key).cloned(),
        };
        let differences = keys.into_iter().map(difference);
        let differs = |difference: &Difference| difference.expected != difference.found;
        differences.filter(differs).collect()
    }
}

/// A pair that two answers do not give to the same.
#[derive(Serialize, Deserialize)]
pub struct Difference {
    pub key: (String, String),
    /// What roomdag gives it to.
    pub expected: Option<String>,
    pub found: Option<String>,
}

impl<T: ToString, K: ToString, V: ToString> FromIterator<(T, K, V)> for Answer {
    fn from_iter<I: IntoIterator<Item = (T, K, V)>>(entries: I) -> Self {
        let entry = |(t, k, v): (T, K, V)| ((t.to_string(), k.to_string()), v.to_string());
        Self(entries.into_iter().map(entry).collect())
    }
}
