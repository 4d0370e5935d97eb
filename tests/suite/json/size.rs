//! Deep and wide documents.

use roomdag::json::{Array, Mode, Select, Value};

use crate::json::{object, value};

/// Runs on a stack of 64 KiB, which any recursion on the input would overflow.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .stack_size(64 * 1024)
        .spawn(test);
    thread.expect("a thread").join().expect("the test");
}

#[test]
fn every_depth_that_fits_is_handled_on_a_small_stack() {
    on_a_small_stack(|| {
        for depth in [100, 127, 128, 500, 1_000, 10_000, 32_000, 32_536, 32_768] {
            for (open, inner, close) in [
                ("[", "", "]"),
                ("[0,", "0", "]"),
                ("[", "0", ",0]"),
                (r#"{"a":"#, "{}", "}"),
                (r#"{"b":[],"a":"#, "1", r#","c":{}}"#),
            ] {
                let text = [&open.repeat(depth), inner, &close.repeat(depth)].concat();
                for mode in [Mode::Strict, Mode::Lenient] {
                    let deep = Value::parse(text.as_bytes(), mode).expect("well-formed");
                    let copy = deep.clone();
                    assert!(copy == deep && copy.check(mode).is_ok());
                    let printed = format!("{copy:?}");
                    assert_eq!(printed.len(), text.len());
                    let again = Value::parse(printed.as_bytes(), mode).expect("canonical");
                    assert!(again == deep);
                    assert!(serde_json::Value::try_from(&deep).is_err() || depth <= 128);
                    let Value::Object(object) = &deep else {
                        continue;
                    };
                    assert_eq!(object.selected(&Select::All).canonical_len(), text.len());
                }
                // What is never closed is taken apart too.
                assert!(Value::parse(open.repeat(depth).as_bytes(), Mode::Lenient).is_err());
            }
        }
    });
}

#[test]
fn a_deep_event_is_selected_and_changed_on_a_small_stack() {
    on_a_small_stack(|| {
        let inner = [&r#"{"a":["#.repeat(8_000)[..], &"]}".repeat(8_000)].concat();
        let mut event = object(&format!(r#"{{"content":{inner},"x":{inner},"y":1}}"#));
        let kept = event.selected(&Select::Without(&["x"]));
        let only = [("content", Select::Only(&[("a", Select::All)]))];
        assert_eq!(kept.canonical_len(), inner.len() + 18);
        assert_eq!(
            event.selected(&Select::Only(&only)).canonical_len(),
            inner.len() + 12
        );
        assert!(event.insert("x", 1).is_some_and(|old| old == value(&inner)));
        assert!(event.remove("content").is_some());
    });
}

/// The bound on memory rests on it: two bytes of input, as in `0,`, become one value.
#[test]
fn a_value_takes_three_words() {
    assert_eq!(size_of::<Value>(), 3 * size_of::<usize>());
}

#[test]
fn wide_documents_are_read() {
    for (unit, count) in [
        ("0,", 32_000),
        ("[],", 20_000),
        ("[0,[]],", 9_000),
        ("\"\",", 20_000),
    ] {
        let text = format!("[{}0]", unit.repeat(count));
        let wide = Value::parse(text.as_bytes(), Mode::Strict).expect("well-formed");
        assert_eq!(wide.as_array().map(Array::len), Some(count + 1));
        assert_eq!(wide.to_string(), text);
    }
}

/// The members are found by bisection, whoever chose their names and in whatever order they came.
#[test]
fn an_object_of_as_many_keys_as_fit_in_an_event_is_sorted_and_searched() {
    // Names of up to three characters: `"abc":0,` is seven bytes of 65,536.
    let names: Vec<String> = (0..9_214)
        .map(|n: u32| {
            let letters = [n / 676, n / 26 % 26, n % 26]
                .map(|digit| char::from(b'A' + u8::try_from(digit).unwrap()));
            letters.iter().collect()
        })
        .collect();
    let members = |names: &mut dyn Iterator<Item = &String>| {
        let members: Vec<String> = names.map(|name| format!(r#""{name}":0"#)).collect();
        format!("{{{}}}", members.join(","))
    };
    let backwards = members(&mut names.iter().rev());
    for mode in [Mode::Strict, Mode::Lenient] {
        let wide = Value::parse(backwards.as_bytes(), mode).expect("well-formed");
        let wide = wide.as_object().expect("an object");
        assert_eq!(wide.len(), names.len());
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert!(wide.keys().eq(sorted.iter().map(String::as_str)));
        assert!(names.iter().all(|name| wide.get(name).is_some()));
        assert!(!wide.contains_key("none"));
    }
    // One name twice among so many is found, at either end.
    for (name, other) in [(0, 1), (9_213, 9_212)] {
        let [name, other] = [name, other].map(|at| format!(r#""{}""#, names[at]));
        let repeated = backwards.replacen(&name, &other, 1);
        assert!(Value::parse(repeated.as_bytes(), Mode::Strict).is_err());
    }
}
