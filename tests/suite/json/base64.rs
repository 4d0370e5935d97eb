//! Base64.

use roomdag::json::base64;

#[test]
fn base64_is_written_in_one_way_and_read_in_many() {
    for (bytes, text) in [
        ("", ""),
        ("f", "Zg"),
        ("fo", "Zm8"),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg"),
        ("fooba", "Zm9vYmE"),
    ] {
        assert_eq!(base64::encode(bytes.as_bytes()), text);
        assert_eq!(base64::decode(text).as_deref(), Ok(bytes.as_bytes()));
    }
    let bytes = [0xfb, 0xff, 0xfe, 0x01];
    assert_eq!(base64::encode(&bytes), "+//+AQ");
    assert_eq!(base64::encode_url_safe(&bytes), "-__-AQ");
    for text in [
        "+//+AQ", "-__-AQ", "+//+AQ==", "-__-AQ==", "+//+AQ=", "+_/-AQ", "+//+AR", "+//+AS==",
    ] {
        assert_eq!(base64::decode(text).as_deref(), Ok(&bytes[..]), "{text}");
        assert_eq!(base64::decode_array(text), Ok(bytes), "{text}");
    }
}

#[test]
fn base64_that_is_none_is_refused() {
    use base64::Base64Error::{Character, Length, Size};
    for (text, error) in [
        (" Zg", Character { offset: 0 }),
        ("Zg\n", Character { offset: 2 }),
        ("Z g", Character { offset: 1 }),
        ("Zm9v!", Character { offset: 4 }),
        ("=", Character { offset: 0 }),
        ("Zg==Zg", Character { offset: 2 }),
        ("Zg===", Character { offset: 2 }),
        ("é", Character { offset: 0 }),
        ("Z", Length),
        ("Zm9vY", Length),
    ] {
        assert_eq!(base64::decode(text), Err(error), "{text:?}");
    }
    assert_eq!(
        base64::decode_array::<3>("Zg"),
        Err(Size {
            expected: 3,
            found: 1
        })
    );
}
