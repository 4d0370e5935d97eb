//! Strict JSON is lenient JSON with fewer numbers. What is read in place is what the tree reads,
//! within every bound of depth. Where `serde_json` refuses, so does the library, and the other way
//! round; where both accept, the values are equal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomdag::Limits;
use roomdag::json::{CanonicalObject, Mode, Object, Value};
use roomdag_fuzz::json::assert_serde_agrees;

fuzz_target!(|bytes: &[u8]| {
    let lenient = Value::parse(bytes, Mode::Lenient);
    match (Value::parse(bytes, Mode::Strict), &lenient) {
        (Ok(strict), lenient) => {
            assert_eq!(strict.check(Mode::Strict), Ok(()));
            assert_eq!(Ok(&strict), lenient.as_ref());
        }
        (Err(_), Ok(lenient)) => assert!(lenient.check(Mode::Strict).is_err()),
        (Err(_), Err(_)) => {}
    }
    assert_serde_agrees(bytes, &lenient);
    for (mode, json_depth) in [(Mode::Strict, usize::MAX), (Mode::Lenient, bytes.len() % 5)] {
        let limits = Limits {
            json_depth,
            ..Limits::default()
        };
        let in_place = CanonicalObject::parse_within(bytes, mode, &limits);
        let tree = Object::parse_within(bytes, mode, &limits);
        assert_eq!(in_place.map(|object| object.to_object()), tree);
    }
});
