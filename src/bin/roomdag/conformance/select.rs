//! Which cases are asked.

use roomdag::lab::conformance::{Case, Question};

/// A choice among the cases; what is given more than once adds to the choice.
#[derive(clap::Args)]
pub(super) struct Selection {
    /// Only cases whose address, `file#id@room_version`, contains this, or matches it if it has a
    /// `*` for any characters
    #[arg(long = "select", value_name = "PATTERN")]
    addresses: Vec<String>,
    /// Only cases that ask this
    #[arg(long = "question", value_name = "QUESTION", value_parser = question)]
    questions: Vec<Question>,
    /// Only cases of this room version
    #[arg(long = "room-version", value_name = "VERSION")]
    room_versions: Vec<String>,
    /// Only cases that rest on this ruling
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
    pub(super) fn has(&self, case: &Case) -> bool {
        let among = |all: &[String], one: Option<&String>| {
            all.is_empty() || one.is_some_and(|one| all.contains(one))
        };
        let question = self.questions.is_empty() || self.questions.contains(&case.question);
        question
            && among(&self.room_versions, case.room_version.as_ref())
            && among(&self.rulings, case.ruling.as_ref())
            && self.has_address(case)
    }

    fn has_address(&self, case: &Case) -> bool {
        if self.addresses.is_empty() {
            return true;
        }
        let address = case.address();
        self.addresses.iter().any(|pattern| {
            if pattern.contains('*') {
                matches(pattern, &address)
            } else {
                address.contains(pattern)
            }
        })
    }
}

/// Whether a text is the parts of a pattern, with anything between them.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let (first, last) = (parts.next().unwrap_or_default(), parts.next_back());
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    last.is_some_and(|last| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_is_any_characters_and_the_rest_is_itself() {
        for (pattern, text) in [
            ("a*", "a"),
            ("*", ""),
            ("a*c", "abc"),
            ("a*b*c", "a/b#bc"),
            ("*#x@12", "auth/rules.json#x@12"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a*", "ba"),
            ("a*ba", "aba-"),
            ("ab*ba", "aba"),
            ("*b", "bc"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
