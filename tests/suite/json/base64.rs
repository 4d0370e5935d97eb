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

/// What is read quickly, because it has the length that its bytes mostly have, is what is read.
#[test]
fn as_many_bytes_as_expected_are_read_like_any() {
    fn assert_alike<const N: usize>(text: &str) {
        let expected = base64::decode(text).map(|bytes| <[u8; N]>::try_from(bytes).ok());
        match base64::decode_array::<N>(text) {
            Err(base64::Base64Error::Size { .. }) => assert_eq!(expected, Ok(None), "{text}"),
            found => assert_eq!(found.map(Some), expected, "{text}"),
        }
    }
    for len in (0..8).chain(40..48).chain(84..90) {
        for place in 0..len {
            for other in (0..0x80).map(char::from).chain(['\u{80}', 'é', '\u{7ff}']) {
                let mut text: String = "Zm9v+b/Y_-09azAZ".chars().cycle().take(len).collect();
                text.replace_range(place..=place, other.encode_utf8(&mut [0; 4]));
                assert_alike::<3>(&text);
                assert_alike::<4>(&text);
                assert_alike::<5>(&text);
                assert_alike::<32>(&text);
                assert_alike::<64>(&text);
            }
        }
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
