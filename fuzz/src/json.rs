//! JSON as `serde_json` reads it.

use roomdag::json::{Mode, ParseError, ParseErrorKind, Value};

/// Both read the same value, or neither reads any.
///
/// A key that is there twice is refused, and the last one counts for `serde_json`; which in turn
/// refuses numbers that no `f64` holds, and what is deep. It rounds floats and large integers, and
/// its negative zero is a float, so that values are compared where there is none of these.
pub fn assert_serde_agrees(bytes: &[u8], ours: &Result<Value, ParseError>) {
    match (ours, serde_json::from_slice::<serde_json::Value>(bytes)) {
        (Ok(ours), Ok(theirs)) => {
            let has_negative_zero = bytes.windows(2).any(|pair| pair == b"-0");
            if ours.check(Mode::Strict).is_ok() && !has_negative_zero {
                assert_eq!(serde_json::Value::try_from(ours), Ok(theirs));
            }
        }
        (Ok(_), Err(error)) => {
            let error = error.to_string();
            let is_known = ["number out of range", "recursion limit"];
            assert!(
                is_known.iter().any(|known| error.contains(known)),
                "{error}"
            );
        }
        (Err(error), Ok(_)) => {
            assert!(
                matches!(error.kind(), ParseErrorKind::DuplicateKey(_)),
                "{error}"
            );
        }
        (Err(_), Err(_)) => {}
    }
}
