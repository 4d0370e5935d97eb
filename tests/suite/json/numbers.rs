//! Numbers in both modes.

use roomdag::json::{MAX_INTEGER, Mode, Number, NumberError, Object, ParseErrorKind, Value};

use crate::json::{canonical, value};

#[test]
fn strict_numbers_are_integers_that_a_double_can_hold() {
    for text in ["0", "7", "-1", "9007199254740991", "-9007199254740991"] {
        assert_eq!(canonical(text, Mode::Strict).as_deref(), Ok(text));
    }
    for (text, kind) in [
        ("9007199254740992", ParseErrorKind::IntegerOutOfRange),
        ("-9007199254740992", ParseErrorKind::IntegerOutOfRange),
        ("9223372036854775808", ParseErrorKind::IntegerOutOfRange),
        ("18446744073709551616", ParseErrorKind::IntegerOutOfRange),
        ("1.0", ParseErrorKind::Fraction),
        ("-0.0", ParseErrorKind::Fraction),
        ("1e2", ParseErrorKind::Exponent),
        ("1E2", ParseErrorKind::Exponent),
        ("0e1", ParseErrorKind::Exponent),
        ("1.5e+1", ParseErrorKind::Exponent),
        ("1e400", ParseErrorKind::Exponent),
    ] {
        assert_eq!(canonical(text, Mode::Strict), Err(kind), "{text}");
        let digits = "9".repeat(400);
        assert!(canonical(digits, Mode::Strict).is_err());
    }
}

#[test]
fn lenient_integers_keep_their_digits_and_floats_print_as_in_python() {
    let digits = format!("-{}", "9".repeat(400));
    for text in [
        "9007199254740993",
        "9223372036854775808",
        "-9223372036854775809",
        &digits,
    ] {
        assert_eq!(canonical(text, Mode::Lenient).as_deref(), Ok(text));
    }
    for (input, output) in [
        ("-0", "0"),
        ("-0.0", "-0.0"),
        ("-0.5", "-0.5"),
        ("1.0", "1.0"),
        ("1e10", "10000000000.0"),
        ("1E+2", "100.0"),
        ("1e16", "1e+16"),
        ("0.00001", "1e-05"),
        ("1e-400", "0.0"),
        ("-1e-400", "-0.0"),
        ("50.00", "50.0"),
        ("5.114698E4", "51146.98"),
    ] {
        assert_eq!(
            canonical(input, Mode::Lenient).as_deref(),
            Ok(output),
            "{input}"
        );
    }
    for text in ["1e400", "-1e400", "1e99999999999"] {
        assert_eq!(
            canonical(text, Mode::Lenient),
            Err(ParseErrorKind::FloatOutOfRange),
            "{text}"
        );
    }
}

#[test]
fn numbers_know_what_they_are() {
    let number = |text| value(text).as_number().expect("a number").clone();
    assert_eq!(number("-5").as_i64(), Some(-5));
    assert_eq!(number("-5").as_f64(), None);
    assert!(number("99999999999999999999").is_integer());
    assert_eq!(number("99999999999999999999").as_i64(), None);
    assert_eq!(
        (number("2.0").as_i64(), number("2.0").as_f64()),
        (None, Some(2.0))
    );
    assert!(!number("2.0").is_integer());
    assert_ne!(number("2.0"), number("2"));
    assert_ne!(number("0.0"), number("-0.0"));
    assert_eq!(Number::try_from(f64::NAN), Err(NumberError::NotFinite));
    assert_eq!(Number::try_from(1.5), Ok(number("1.5")));
}

#[test]
fn values_put_together_by_code_can_be_checked() {
    let fine = value(r#"{"a":[1,{"b":-9007199254740991}]}"#);
    assert_eq!(fine.check(Mode::Strict), Ok(()));
    for (text, error) in [
        (r#"{"a":[1,{"b":0.5}]}"#, NumberError::Float),
        ("[9007199254740992]", NumberError::OutOfRange),
        ("[99999999999999999999]", NumberError::OutOfRange),
    ] {
        assert_eq!(value(text).check(Mode::Strict), Err(error));
        assert_eq!(value(text).check(Mode::Lenient), Ok(()));
        let object = Object::from_iter([("a", Value::from(1)), ("b", value(text))]);
        assert_eq!(object.check(Mode::Strict), Err(error));
        assert_eq!(object.check(Mode::Lenient), Ok(()));
    }
    assert_eq!(Value::from(MAX_INTEGER).check(Mode::Strict), Ok(()));
}
