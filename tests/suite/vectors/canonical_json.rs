//! `canonical-json/rulings.json`: what is accepted, and how it is written.

use roomdag::json::{Mode, Value};
use sha2::{Digest, Sha256};

use crate::vectors::fields::{cases, expand, file, object, opt_text, text};

#[test]
fn json_comes_out_canonical_or_not_at_all() {
    for case in cases(&file("canonical-json/rulings.json")) {
        let input = match opt_text(case, "input_hex") {
            Some(hex) => unhex(hex),
            None => expand(case.get("input").unwrap()).as_str().unwrap().into(),
        };
        for (mode, field) in [(Mode::Strict, "strict"), (Mode::Lenient, "lenient")] {
            let name = format!("{} ({field})", text(case, "name"));
            let answer = object(case, field);
            let found = Value::parse(&input, mode);
            let accepted = answer.get("ok").and_then(Value::as_bool).unwrap();
            assert_eq!(found.is_ok(), accepted, "{name}: {:?}", found.err());
            let Ok(found) = found else { continue };
            let output = expand(answer.get("output").unwrap());
            let found = found.to_canonical();
            assert!(found == output.as_str().unwrap().as_bytes(), "{name}");
            assert_eq!(
                hex(&Sha256::digest(&found)),
                text(answer, "sha256"),
                "{name}"
            );
        }
    }
}

fn unhex(hex: &str) -> Vec<u8> {
    let pairs = hex
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
