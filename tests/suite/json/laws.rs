//! Laws that hold for every value and every input.

use proptest::prelude::*;
use roomdag::json::{MAX_INTEGER, Mode, Number, Object, ParseErrorKind, Select, Value, base64};

use crate::json::value;

/// Documents with every kind of value. Keys repeat often enough to meet in one object.
pub(super) fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-MAX_INTEGER..=MAX_INTEGER).prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |x| Number::try_from(x).ok().map(Value::from)),
        "-?[1-9][0-9]{19,40}".prop_map(|text| value(&text)),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((any_text(), inner), 0..8)
                .prop_map(|members| Value::from(members.into_iter().collect::<Object>())),
        ]
    })
}

pub(super) fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-d]{0,2}", "\\PC{0,20}", any::<String>()]
}

/// Text that is nearly JSON.
pub(super) fn any_tokens() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"b\"",
        "\\",
        "\\u00",
        "\\ud83d",
        "1",
        "-",
        "0",
        ".5",
        "e9",
        "null",
        "true",
        " ",
        "\u{1}",
        "é",
        "[1,2]",
        "{\"a\":1}",
        ",\"c\":",
        "\"k\":[",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    /// Canonical text is a fixpoint, and says everything about the value.
    #[test]
    fn canonical_text_reads_back_as_the_same_value(x in any_value()) {
        let text = x.to_canonical();
        let again = Value::parse(&text, Mode::Lenient).expect("canonical text is JSON");
        prop_assert_eq!(&again, &x);
        prop_assert_eq!(again.to_canonical(), text);
    }

    #[test]
    fn a_clone_is_equal(x in any_value(), y in any_value()) {
        prop_assert_eq!(&x.clone(), &x);
        prop_assert_eq!(x == y, x.to_canonical() == y.to_canonical());
    }

    /// What is streamed is what a copy would have said.
    #[test]
    fn a_selection_writes_what_its_copy_would(
        members in prop::collection::vec((any_text(), any_value()), 0..8),
        names in prop::collection::vec(any_text(), 0..4),
    ) {
        let object: Object = members.into_iter().collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let inner: Vec<_> = names.iter().map(|name| (*name, Select::Without(&names))).collect();
        let only: Vec<_> = names.iter().map(|name| (*name, Select::Only(&inner))).collect();
        for select in [Select::All, Select::Without(&names), Select::Only(&inner), Select::Only(&only)] {
            let mut streamed = Vec::new();
            object.write_selected(&select, &mut streamed);
            prop_assert_eq!(streamed, object.selected(&select).to_canonical());
        }
    }

    #[test]
    fn no_bytes_are_too_odd_to_be_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Value::parse(&bytes, Mode::Strict);
        let _ = Value::parse(&bytes, Mode::Lenient);
    }

    /// Strict is lenient with fewer numbers, and where both accept they agree.
    #[test]
    fn what_strict_accepts_lenient_accepts_alike(text in any_tokens(), x in any_value()) {
        for input in [text.into_bytes(), x.to_canonical()] {
            let strict = Value::parse(&input, Mode::Strict);
            let lenient = Value::parse(&input, Mode::Lenient);
            match (strict, lenient) {
                (Ok(strict), lenient) => {
                    prop_assert_eq!(strict.check(Mode::Strict), Ok(()));
                    prop_assert_eq!(Ok(strict), lenient);
                }
                (Err(_), Ok(lenient)) => prop_assert!(lenient.check(Mode::Strict).is_err()),
                (Err(_), Err(_)) => {}
            }
        }
    }

    /// Where `serde_json` refuses, so do we; where it accepts, the values are equal. The only
    /// other difference is a repeated key.
    #[test]
    fn serde_json_agrees(text in any_tokens(), x in any_value()) {
        for input in [text.into_bytes(), x.to_canonical()] {
            let theirs = serde_json::from_slice::<serde_json::Value>(&input);
            match (Value::parse(&input, Mode::Lenient), theirs) {
                (Ok(ours), Ok(theirs)) => {
                    // It rounds floats, and integers that are too large for it become floats, as
                    // does the negative zero.
                    let negative_zero = input.windows(2).any(|pair| pair == b"-0");
                    if ours.check(Mode::Strict).is_ok() && !negative_zero {
                        prop_assert_eq!(serde_json::Value::try_from(&ours), Ok(theirs));
                    }
                }
                (Err(error), Ok(_)) => {
                    prop_assert!(matches!(error.kind(), ParseErrorKind::DuplicateKey(_)), "{}", error);
                }
                (Ok(ours), Err(error)) => {
                    // Numbers beyond `f64` are the only ones that it cannot hold.
                    prop_assert!(error.to_string().contains("number out of range"), "{} {}", ours, error);
                }
                (Err(_), Err(_)) => {}
            }
        }
    }

    #[test]
    fn base64_reads_back(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        prop_assert_eq!(base64::decode(&base64::encode(&bytes)), Ok(bytes.clone()));
        prop_assert_eq!(base64::decode(&base64::encode_url_safe(&bytes)), Ok(bytes));
    }
}
