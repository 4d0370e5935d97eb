//! Canonical text reads back as the same value and is written alike again, is as long as was
//! counted, and is what `serde_json` writes of sorted members. What is left out of it while it is
//! written is what a copy would not have. Base64 reads back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomdag::json::{CanonicalObject, Mode, Object, Select, Value, base64};
use roomdag::testing::{Random, drawn};

fuzz_target!(|bytes: &[u8]| {
    let mut random = Random::of_bytes(bytes);
    let mode = *random.pick(&[Mode::Strict, Mode::Lenient]).unwrap();
    let value = if random.chance(50) {
        drawn::value(&mut random, mode)
    } else {
        let Ok(value) = Value::parse(&random.clone().into_bytes(), mode) else {
            return;
        };
        value
    };
    let text = value.to_canonical();
    let again = Value::parse(&text, mode).expect("canonical text is JSON");
    assert_eq!(again, value);
    assert_eq!(again.to_canonical(), text);
    if let (Mode::Strict, Ok(theirs)) = (mode, serde_json::Value::try_from(&value)) {
        assert_eq!(serde_json::to_vec(&theirs).unwrap(), text);
    }
    let object = value
        .into_object()
        .unwrap_or_else(|| Object::from_iter([("a", again)]));
    assert_eq!(object.canonical_len(), object.to_canonical().len());
    let in_place = CanonicalObject::from(&object);
    let keys: Vec<&str> = object.keys().step_by(2).collect();
    let within = Select::Without(&keys);
    let nested: Vec<_> = keys
        .iter()
        .map(|key| (*key, Select::Without(&keys)))
        .collect();
    for select in [Select::All, within, Select::Only(&nested)] {
        let mut streamed = Vec::new();
        object.write_selected(&select, &mut streamed);
        assert_eq!(streamed, object.selected(&select).to_canonical());
        assert_eq!(streamed, in_place.selected(&select).as_bytes());
    }
    assert_eq!(base64::decode(&base64::encode(bytes)).as_deref(), Ok(bytes));
    assert_eq!(
        base64::decode(&base64::encode_url_safe(bytes)).as_deref(),
        Ok(bytes)
    );
});
