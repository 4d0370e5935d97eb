//! JSON against the specification's examples, and the laws that canonical JSON must keep.

mod base64;
mod canonical;
mod interop;
mod laws;
mod numbers;
mod raw;
mod refusals;
mod size;
mod values;

use roomdag::json::{Mode, Object, ParseErrorKind, Value};

/// The canonical text, or why there is none.
fn canonical(input: impl AsRef<[u8]>, mode: Mode) -> Result<String, ParseErrorKind> {
    match Value::parse(input.as_ref(), mode) {
        Ok(value) => Ok(value.to_string()),
        Err(error) => Err(error.kind().clone()),
    }
}

/// Asserts on both modes.
#[track_caller]
fn becomes(input: impl AsRef<[u8]>, output: &str) {
    for mode in [Mode::Strict, Mode::Lenient] {
        assert_eq!(canonical(&input, mode).as_deref(), Ok(output), "{mode:?}");
    }
}

/// Asserts on both modes.
#[track_caller]
fn refused(input: impl AsRef<[u8]>, kind: &ParseErrorKind, offset: usize) {
    for mode in [Mode::Strict, Mode::Lenient] {
        let error = Value::parse(input.as_ref(), mode).expect_err("should be refused");
        assert_eq!((error.kind(), error.offset()), (kind, offset), "{mode:?}");
    }
}

fn value(text: &str) -> Value {
    Value::parse(text.as_bytes(), Mode::Lenient).expect(text)
}

fn object(text: &str) -> Object {
    Object::parse(text.as_bytes(), Mode::Lenient).expect(text)
}
