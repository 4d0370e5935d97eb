//! JSON.

use crate::json::{MAX_INTEGER, Mode, Number, Object, Value};
use crate::testing::Random;
use crate::testing::drawn::one;

/// A value of at most a few levels, which the mode can express.
pub fn value(random: &mut Random, mode: Mode) -> Value {
    nested(random, mode, 4)
}

fn nested(random: &mut Random, mode: Mode, levels: usize) -> Value {
    let kinds = if levels == 0 { 6 } else { 8 };
    match random.below(kinds) {
        0 => Value::Null,
        1 => Value::from(random.chance(50)),
        2 | 3 => number(random, mode),
        4 | 5 => Value::from(text(random)),
        6 => {
            let len = random.below(4);
            let items = (0..len).map(|_| nested(random, mode, levels.saturating_sub(1)));
            Value::from(items.collect::<Vec<Value>>())
        }
        _ => {
            let len = random.below(4);
            let members = (0..len).map(|_| {
                let key = text(random);
                (key, nested(random, mode, levels.saturating_sub(1)))
            });
            Value::from(members.collect::<Object>())
        }
    }
}

fn number(random: &mut Random, mode: Mode) -> Value {
    if mode == Mode::Lenient && random.chance(30) {
        let float = f64::from_bits(random.bits());
        return match (random.below(3), Number::try_from(float)) {
            (0, Ok(float)) => float.into(),
            (1, _) => parsed("123456789012345678901234567890"),
            _ => i64::from_ne_bytes(random.bits().to_ne_bytes()).into(),
        };
    }
    let small = i64::try_from(random.below(300)).unwrap_or_default();
    one(
        random,
        &[small, small.saturating_neg(), 0, MAX_INTEGER, -MAX_INTEGER],
    )
    .into()
}

fn parsed(text: &str) -> Value {
    Value::parse(text.as_bytes(), Mode::Lenient).unwrap_or(Value::Null)
}

/// A few characters, among them those that have to be escaped and those that sort oddly.
pub fn text(random: &mut Random) -> String {
    let len = random.below(6);
    (0..len).map(|_| character(random)).collect()
}

fn character(random: &mut Random) -> char {
    const ODD: [char; 20] = [
        '"',
        '\\',
        '/',
        '\0',
        '\u{8}',
        '\t',
        '\n',
        '\u{c}',
        '\r',
        '\u{1f}',
        '\u{7f}',
        'é',
        '\u{301}',
        '\u{2028}',
        '\u{fb33}',
        '\u{fffe}',
        '\u{1f600}',
        '\u{10ffff}',
        ':',
        '.',
    ];
    match random.below(4) {
        0 => one(random, &ODD),
        1 => u32::try_from(random.below(0x11_0000))
            .ok()
            .and_then(char::from_u32)
            .unwrap_or('\u{fffd}'),
        _ => one(random, &['a', 'b', 'c', '0', '9', '_', '-', 'Z']),
    }
}

/// Text that is nearly JSON.
pub fn tokens(random: &mut Random) -> String {
    const TOKENS: [&str; 32] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"b\":",
        "\\",
        "\\u00",
        "\\ud83d",
        "\\ude00",
        "1",
        "-",
        "0",
        ".5",
        "e9",
        "E-400",
        "null",
        "true",
        "fals",
        "NaN",
        " ",
        "\u{1}",
        "é",
        "\u{feff}",
        "[1,2]",
        "{\"a\":1}",
        ",\"c\":",
        "\"k\":[",
        "9007199254740992",
    ];
    let len = random.below(24);
    (0..len).map(|_| one(random, &TOKENS)).collect()
}
