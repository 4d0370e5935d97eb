//! Lists of patterns, and whether a host matches one.
//!
//! Spec: <https://spec.matrix.org/v1.19/appendices/#glob-style-matching>

use std::cmp::Ordering;
use std::sync::Arc;

use crate::effort::{self, Step};
use crate::json::Value;

/// The strings of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Patterns {
    /// Those without wildcards, in caseless order, each once.
    exact: Box<[Arc<str>]>,
    /// The others, in the order of the list.
    globs: Box<[Arc<str>]>,
}

impl Patterns {
    pub(super) fn of(list: Option<&Value>) -> Self {
        let entries = list.and_then(Value::as_array).into_iter().flatten();
        let (globs, mut exact): (Vec<_>, Vec<_>) = entries
            .filter_map(Value::as_str)
            .map(Arc::from)
            .partition(|pattern: &Arc<str>| pattern.contains(['*', '?']));
        // Stable, so that of two spellings the first is kept.
        exact.sort_by(|a, b| caseless(a, b));
        exact.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
        Self {
            exact: exact.into(),
            globs: globs.into(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.globs.is_empty()
    }

    pub(super) fn matching(&self, host: &str) -> Option<Arc<str>> {
        let found = self.exact.binary_search_by(|pattern| {
            effort::step(Step::Glob);
            caseless(pattern, host)
        });
        let exact = found.ok().and_then(|at| self.exact.get(at));
        let pattern = exact.or_else(|| self.globs.iter().find(|glob| matches(glob, host)))?;
        Some(Arc::clone(pattern))
    }
}

/// The order of texts whose letters A to Z are taken for a to z.
fn caseless(a: &str, b: &str) -> Ordering {
    let folded = |byte: u8| byte.to_ascii_lowercase();
    a.bytes().map(folded).cmp(b.bytes().map(folded))
}

/// Whether the whole of `text` matches `glob`.
///
/// A `*` first stands for nothing. Where the text does not go on as the glob does, the last `*`
/// takes one character more, and earlier ones are never tried again: a shorter match before it
/// leaves it all the choices that a longer one would. So each `*` goes through the text once.
fn matches(glob: &str, text: &str) -> bool {
    let (mut glob, mut text) = (glob.chars(), text.chars());
    let mut star = None;
    loop {
        effort::step(Step::Glob);
        let (mut glob_after, mut text_after) = (glob.clone(), text.clone());
        match (glob_after.next(), text_after.next()) {
            (None, None) => return true,
            (Some('*'), _) if glob_after.as_str().is_empty() => return true,
            (Some('*'), _) => {
                star = Some((glob_after.clone(), text.clone()));
                glob = glob_after;
            }
            (Some(wanted), Some(found)) if wanted == '?' || wanted.eq_ignore_ascii_case(&found) => {
                (glob, text) = (glob_after, text_after);
            }
            // What is left of the glob needs a character, and to start later leaves it fewer.
            (Some(_), None) => return false,
            (_, Some(_)) => {
                let Some((after_star, taken)) = &mut star else {
                    return false;
                };
                taken.next();
                (glob, text) = (after_star.clone(), taken.clone());
            }
        }
    }
}
