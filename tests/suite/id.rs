//! Identifiers against the grammars of the specification's appendices.

use roomdag::id::{EventId, IdError, KeyId, RoomId, ServerName, UserId};

#[test]
fn the_spec_s_server_names_are_valid() {
    for name in [
        "matrix.org",
        "matrix.org:8888",
        "1.2.3.4",
        "1.2.3.4:1234",
        "[1234:5678::abcd]",
        "[1234:5678::abcd]:5678",
        "[::1]:8448",
        "MATRIX.ORG",
        "localhost",
        "a:0",
        "[::]",
        "[::ffff:1.2.3.4]",
        "-",
        "a..b",
    ] {
        assert_eq!(ServerName::parse(name).expect(name), name);
    }
}

#[test]
fn strings_outside_the_grammar_are_not_server_names() {
    for name in [
        "", ":", ":80", "a:", "a:b", "a:123456", "a:1:2", "a b", "a_b", "é.org", "[]", "[:]",
        "[::1", "::1", "[::1]x", "[::1]:", "[::g]", "a\0", "a/b", "@a", "[::1]]", "a]",
    ] {
        assert_eq!(
            ServerName::parse(name),
            Err(IdError::ServerName {
                name: name.to_owned()
            }),
            "{name:?}"
        );
    }
    let long_literal = format!("[{}]", ":".repeat(46));
    assert!(!ServerName::is_valid(&long_literal));
}

#[test]
fn an_identifier_has_at_most_255_bytes() {
    let name = "a".repeat(255);
    assert!(ServerName::parse(&name).is_ok());
    let name = "a".repeat(256);
    let expected = IdError::TooLong {
        id: "a".repeat(255),
        bytes: 256,
    };
    assert_eq!(ServerName::parse(&name), Err(expected));
    assert!(!ServerName::is_valid(&name));

    let rest = "é".repeat(127);
    assert!(EventId::parse(&format!("${rest}")).is_ok());
    assert!(RoomId::parse(&format!("!{rest}")).is_ok());
    assert!(matches!(
        EventId::parse(&format!("${rest}x")),
        Err(IdError::TooLong { bytes: 256, .. })
    ));
    assert!(matches!(
        RoomId::parse(&format!("!{rest}x")),
        Err(IdError::TooLong { .. })
    ));
    assert!(UserId::parse(&format!("@{}:b", "a".repeat(252))).is_ok());
    assert!(matches!(
        UserId::parse(&format!("@{}:b", "a".repeat(253))),
        Err(IdError::TooLong { .. })
    ));
}

#[test]
fn historical_user_ids_are_accepted() {
    for (id, localpart, server) in [
        ("@a:b", "a", "b"),
        ("@:x", "", "x"),
        ("@A b\u{1}é!:matrix.org", "A b\u{1}é!", "matrix.org"),
        ("@a:b:80", "a", "b:80"),
        ("@a:[::1]:8448", "a", "[::1]:8448"),
        ("@@:b", "@", "b"),
    ] {
        let user = UserId::parse(id).expect(id);

        assert_eq!(
            (user.localpart(), user.server_name()),
            (localpart, server),
            "{id:?}"
        );
    }
}

#[test]
fn other_strings_are_not_user_ids() {
    let sigil = |id: &str| IdError::Sigil {
        id: id.to_owned(),
        sigil: '@',
    };
    let server = |name: &str| IdError::ServerName {
        name: name.to_owned(),
    };
    for (id, error) in [
        ("", sigil("")),
        ("nonsense", sigil("nonsense")),
        ("a:b", sigil("a:b")),
        (
            "@a",
            IdError::NoColon {
                id: "@a".to_owned(),
            },
        ),
        ("@a:", server("")),
        ("@a:b:c", server("b:c")),
        ("@a:b c", server("b c")),
        (
            "@\0:b",
            IdError::Nul {
                id: "@\0:b".to_owned(),
            },
        ),
    ] {
        assert_eq!(UserId::parse(id), Err(error), "{id:?}");
    }
}

#[test]
fn power_level_keys_need_only_a_sigil_and_a_colon() {
    for (id, loose) in [
        ("@a:", true),
        ("@:", true),
        ("@a\0:b:c:d", true),
        ("@a", false),
        ("a:b", false),
    ] {
        assert_eq!(UserId::is_loose(id), loose, "{id:?}");
    }
}

#[test]
fn event_and_room_ids_are_opaque_after_the_sigil() {
    assert_eq!(
        EventId::parse("$x:a.b:80").expect("valid").server_name(),
        Some("a.b:80")
    );
    assert_eq!(EventId::parse("$x:").expect("valid").server_name(), None);
    assert_eq!(
        EventId::parse("$aGFzaA").expect("valid").server_name(),
        None
    );
    assert_eq!(
        RoomId::parse("!x:a:b").expect("valid").server_name(),
        Some("a:b")
    );
    assert_eq!(RoomId::parse("!aGFzaA").expect("valid").server_name(), None);
    for id in ["", "x", "!a:b"] {
        assert!(
            matches!(EventId::parse(id), Err(IdError::Sigil { sigil: '$', .. })),
            "{id:?}"
        );
    }
    assert!(matches!(
        RoomId::parse("#a:b"),
        Err(IdError::Sigil { sigil: '!', .. })
    ));
}

#[test]
fn a_key_id_is_an_algorithm_and_a_version() {
    for id in [
        "ed25519:1",
        "ed25519:a_Bc",
        "ed25519:AAAA+/=-.",
        "rsa:1",
        "ED25519:1",
    ] {
        assert_eq!(KeyId::parse(id).expect(id), id);
    }
    for id in [
        "",
        "ed25519",
        "ed25519:",
        ":1",
        "ed25519:a:b",
        "ed25519:a b",
        "ed25519:é",
    ] {
        assert_eq!(
            KeyId::parse(id),
            Err(IdError::KeyId { id: id.to_owned() }),
            "{id:?}"
        );
    }
    let key = KeyId::parse("ed25519:auto").expect("valid");
    assert_eq!(
        (key.algorithm(), key.version(), key.is_ed25519()),
        ("ed25519", "auto", true)
    );
    assert!(!KeyId::parse("ED25519:1").expect("valid").is_ed25519());
    assert!(matches!(
        KeyId::parse(&"k".repeat(10_000)),
        Err(IdError::TooLong { .. })
    ));
}

#[test]
fn identifiers_order_by_bytes_and_print_as_text() {
    let mut ids = ["$a", "$B", "$_", "$-", "$é"].map(|id| EventId::parse(id).expect(id));
    ids.sort();

    assert_eq!(format!("{ids:?}"), r#"["$-", "$B", "$_", "$a", "$é"]"#);
    assert_eq!(ids[0].to_string(), "$-");
}

#[test]
fn identifiers_are_json_strings_and_are_checked_when_read() {
    let user: UserId = serde_json::from_str(r#""@\u0061:b""#).expect("a user ID");

    assert_eq!(user, "@a:b");
    assert_eq!(serde_json::to_string(&user).expect("a string"), r#""@a:b""#);
    assert!(serde_json::from_str::<UserId>(r#""nobody""#).is_err());
}

#[test]
fn the_wording_of_errors() {
    for (error, text) in [
        (
            EventId::parse("x").unwrap_err(),
            "`x` does not start with `$`",
        ),
        (UserId::parse("@x").unwrap_err(), "`@x` has no colon"),
        (
            UserId::parse("@\0:x").unwrap_err(),
            "the localpart of `@\0:x` holds U+0000",
        ),
        (
            UserId::parse("@a:?").unwrap_err(),
            "`?` is not a server name",
        ),
        (KeyId::parse("x").unwrap_err(), "`x` is not a key ID"),
    ] {
        assert_eq!(error.to_string(), text);
    }
    let long = RoomId::parse(&"!".repeat(300)).unwrap_err().to_string();
    assert!(
        long.ends_with("is cut from 300 bytes, over the limit of 255"),
        "{long}"
    );
}
