//! Which cases are asked.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use roomdag::lab::conformance::{Case, Question};

use super::files::Work;
use super::rulings::Rulings;

/// A choice among the cases; what is given more than once adds to the choice.
#[derive(clap::Args)]
pub(super) struct Selection {
    /// Only cases whose address, `file#id@room_version`, contains this, in which `*` stands for any
    /// characters; or, if this is the whole address of a case, only that one
    #[arg(long = "select", value_name = "PATTERN")]
    addresses: Vec<String>,
    /// Only cases that ask this
    #[arg(long = "question", value_name = "QUESTION", value_parser = question)]
    questions: Vec<Question>,
    /// Only cases of this room version
    #[arg(long = "room-version", value_name = "VERSION")]
    room_versions: Vec<String>,
    /// Only cases that rest on this ruling, or that `rulings.json` names as those that show it
    #[arg(long = "ruling", value_name = "ID")]
    rulings: Vec<String>,
}

fn question(name: &str) -> Result<Question, String> {
    Question::of(name).ok_or_else(|| {
        let all = Question::ALL.map(Question::name).join(", ");
        format!("the questions are {all}")
    })
}

impl Selection {
    /// Leaves only the chosen cases.
    pub(super) fn choose(&self, work: &mut Vec<Work>, rulings: &Rulings) {
        let whole: Vec<bool> = self
            .addresses
            .iter()
            .map(|pattern| work.iter().any(|work| work.case().address() == *pattern))
            .collect();
        let shown: Vec<Shown> = self
            .rulings
            .iter()
            .map(|ruling| Shown::by(ruling, work, rulings))
            .collect();
        work.retain(|work| self.has(work.case(), &whole, &shown));
    }

    fn has(&self, case: &Case, whole: &[bool], shown: &[Shown]) -> bool {
        let among = |all: &[String], one: Option<&String>| {
            all.is_empty() || one.is_some_and(|one| all.contains(one))
        };
        let question = self.questions.is_empty() || self.questions.contains(&case.question);
        question
            && among(&self.room_versions, case.room_version.as_ref())
            && (among(&self.rulings, case.ruling.as_ref())
                || shown.iter().any(|shown| shown.has(case)))
            && self.has_address(case, whole)
    }

    /// `whole` says which of the patterns are addresses.
    fn has_address(&self, case: &Case, whole: &[bool]) -> bool {
        if self.addresses.is_empty() {
            return true;
        }
        let address = case.address();
        let mut patterns = self.addresses.iter().zip(whole);
        patterns.any(|(pattern, is_whole)| {
            if *is_whole {
                address == *pattern
            } else {
                contains(&address, pattern)
            }
        })
    }
}

/// What shows a ruling without resting on it.
struct Shown {
    /// Cases: the file and the id.
    cases: Vec<(PathBuf, String)>,
    /// Files that have no case that rests on it.
    files: BTreeSet<PathBuf>,
}

impl Shown {
    fn by(ruling: &str, work: &[Work], rulings: &Rulings) -> Self {
        let rests = |case: &&Case| case.ruling.as_deref() == Some(ruling);
        let resting = work.iter().map(Work::case).filter(rests);
        // By name, for there are many of one file.
        let resting: BTreeSet<&str> = resting.map(|case| case.file.as_str()).collect();
        let resting: BTreeSet<PathBuf> = resting.into_iter().filter_map(whole_path).collect();
        let (mut cases, mut files) = (Vec::new(), BTreeSet::new());
        for (file, case) in rulings
            .get(ruling)
            .into_iter()
            .flat_map(|ruling| &ruling.vectors)
        {
            match case {
                Some(case) => cases.push((file.clone(), case.clone())),
                None if resting.contains(file) => {}
                None => {
                    files.insert(file.clone());
                }
            }
        }
        Self { cases, files }
    }

    fn has(&self, case: &Case) -> bool {
        let named = self.cases.iter().filter(|(_, id)| *id == case.id);
        let mut named = named.map(|(file, _)| file).chain(&self.files).peekable();
        // Nothing is looked up on the disk for a case that no ruling can name.
        let whole = named.peek().and_then(|_| whole_path(&case.file));
        whole.is_some_and(|whole| named.any(|file| *file == whole))
    }
}

fn whole_path(file: &str) -> Option<PathBuf> {
    fs::canonicalize(file).ok()
}

/// Whether a text has the parts of a pattern in it, one after the other.
fn contains(text: &str, pattern: &str) -> bool {
    let mut rest = text;
    for part in pattern.split('*') {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn a_star_is_any_characters_and_the_rest_is_itself() {
        for (pattern, text) in [
            ("a*", "ba"),
            ("*", ""),
            ("", "a"),
            ("a*c", "zabcd"),
            ("a*b*c", "a/b#bc"),
            ("state-res/*@12", "spec-vectors/state-res/v2.1/a.json#x@12"),
        ] {
            assert!(contains(text, pattern), "{pattern} {text}");
        }
        for (pattern, text) in [("a*a", "ba"), ("ab*ba", "aba"), ("b*a", "ab"), ("A", "a")] {
            assert!(!contains(text, pattern), "{pattern} {text}");
        }
    }
}
