//! `rules.json`: the clauses of the authorisation rules by the names that vectors give them, with
//! the number of each in every room version. It explains names, and expects nothing.

use roomdag::auth::{Outcome, Rule};
use roomdag::version::RoomVersions;

use crate::vectors::generated::VERSIONS;
use crate::vectors::generated::writer::{Json, object};

pub(super) fn file() -> String {
    let lines = Rule::ALL.iter().map(|rule| {
        let line = described(*rule).line();
        format!("  {}: {line}", Json::from(rule.name()).line())
    });
    let lines: Vec<String> = lines.collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

fn described(rule: Rule) -> Json {
    let verdict = match rule.outcome() {
        Outcome::Allow => "allow",
        Outcome::Reject => "reject",
    };
    let numbers = VERSIONS.filter_map(|version| {
        let version = version.to_string();
        let numbering = RoomVersions::stable_rules(&version)?.auth.numbering;
        Some((version, rule.number(numbering)?.into()))
    });
    object! {
        "says" => rule.says(),
        "verdict" => verdict,
        "numbers" => Json::Object(numbers.collect()),
    }
}
