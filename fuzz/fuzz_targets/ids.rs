//! An identifier that is read is its text, is within 255 bytes, and reads back from JSON. A user id
//! is a localpart without colon or NUL and a server name, and every such pair is a user id. Base64
//! that is read says the same when it is written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomdag::json::base64;
use roomdag::{EventId, KeyId, RoomId, ServerName, UserId};

macro_rules! assert_is_its_text {
    ($($id:ident),*) => {$(
        |text: &str| if let Ok(id) = $id::parse(text) {
            assert_eq!(id.as_str(), text);
            assert!(text.len() <= 255);
            let json = serde_json::to_string(&id).unwrap();
            assert_eq!(serde_json::from_str::<$id>(&json).unwrap(), id);
        }
    ),*};
}

fuzz_target!(|bytes: &[u8]| {
    let text = &*String::from_utf8_lossy(bytes);
    for read in [
        assert_is_its_text!(EventId),
        assert_is_its_text!(RoomId),
        assert_is_its_text!(UserId),
        assert_is_its_text!(ServerName),
        assert_is_its_text!(KeyId),
    ] {
        read(text);
    }
    assert_eq!(ServerName::is_valid(text), ServerName::parse(text).is_ok());
    let parts = text.strip_prefix('@').and_then(|rest| rest.split_once(':'));
    let is_user = parts.is_some_and(|(localpart, server)| {
        text.len() <= 255 && !localpart.contains('\0') && ServerName::is_valid(server)
    });
    let user = UserId::parse(text).ok();
    assert_eq!(user.is_some(), is_user);
    assert_eq!(
        user.as_ref().map(|id| (id.localpart(), id.server_name())),
        parts.filter(|_| is_user)
    );
    if let Ok(decoded) = base64::decode(text) {
        let again = base64::encode(&decoded);
        assert_eq!(base64::decode(&again), Ok(decoded.clone()));
        assert_eq!(again.len(), text.trim_end_matches('=').len());
        assert_eq!(
            base64::decode_array::<32>(text).is_ok(),
            decoded.len() == 32
        );
    }
});
