//! The arrivals of `spec-vectors/security/V-D-*.json` and `V-X-13.json`.
//!
//! What arrives is written by the scribe, in every room version; what must come of it is written
//! here, by hand. `ROOMDAG_BLESS=1 cargo test --all-features --test suite generated_vectors` writes
//! the files; without that they have to be what would be written, byte for byte.

mod cast;
mod claims;
mod graph;
mod order;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use roomdag::json::{Object, Value};
use roomdag::version::RoomVersionRules;

use crate::room::draft::{NOW, stable};
use crate::room::support::home;
use crate::room::vectors::cast::Cast;

/// A row: what it is about, the tests that show what no arrival can, and the arrivals.
struct Row {
    name: &'static str,
    about: &'static str,
    tests: &'static [&'static str],
    play: fn(&RoomVersionRules) -> Cast,
}

const SPEC: &str =
    "https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu";

/// The file of a row.
fn file(row: &Row) -> String {
    let (mut given, mut cases) = (Vec::new(), Vec::new());
    for rules in stable() {
        let cast = (row.play)(&rules);
        given.extend(cast.parts());
        cases.extend(cast.cases());
    }
    let mut text = String::from("{\n");
    let mut member = |name: &str, value: &Value| {
        writeln!(text, "  \"{name}\": {value},").unwrap();
    };
    member("about", &row.about.into());
    member("row", &row.name.into());
    member("question", &"receive".into());
    member("generated", &"arrivals".into());
    member("spec", &SPEC.into());
    member("tests", &list(row.tests));
    member("input", &Value::from(common()));
    text += "  \"given\": {\n";
    let given: Vec<String> = given
        .iter()
        .map(|(name, json)| format!("    \"{name}\": {json}"))
        .collect();
    text += &given.join(",\n");
    text += "\n  },\n  \"cases\": [\n";
    text += &cases.join(",\n");
    text += "\n  ]\n}\n";
    text
}

/// The keys of all servers, and the time.
fn common() -> Object {
    let servers = ["ours", "theirs", "evil", "other"].map(|name| {
        let home = home(&format!("@u:{name}.example"));
        let key = home.key.verify_key().to_base64();
        let keys = Object::from_iter([(home.key.key_id().as_str(), key)]);
        (home.server.as_str().to_owned(), keys)
    });
    let mut common = Object::new();
    common.insert("now", NOW.millis());
    common.insert("server_keys", Object::from_iter(servers));
    common
}

fn list(texts: &[&str]) -> Value {
    Value::from(
        texts
            .iter()
            .map(|text| Value::from(*text))
            .collect::<Vec<_>>(),
    )
}

#[test]
fn generated_vectors_of_arrivals_are_what_the_scribe_writes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec-vectors/security");
    for row in claims::ROWS.iter().chain(graph::ROWS).chain(order::ROWS) {
        let path = folder.join(format!("{}.json", row.name));
        let text = file(row);
        if std::env::var_os("ROOMDAG_BLESS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(found == text, "{} is not what would be written", row.name);
    }
}
