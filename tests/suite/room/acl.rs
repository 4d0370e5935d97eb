//! Server ACLs: the five steps, the spelling of names and patterns, and what a check costs.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_eq};
use roomdag::UserId;
use roomdag::json::{Array, Mode, Object, Value};
use roomdag::room::{AclDecision, EmptyAllow, ServerAcl};

fn acl(content: &str) -> ServerAcl {
    ServerAcl::of(&Object::parse(content.as_bytes(), Mode::Lenient).expect(content))
}

/// An ACL of two lists.
fn lists(allow: &[impl AsRef<str>], deny: &[impl AsRef<str>]) -> ServerAcl {
    fn list(entries: &[impl AsRef<str>]) -> Array {
        entries.iter().map(AsRef::as_ref).collect()
    }
    ServerAcl::of(&Object::from_iter([
        ("allow", list(allow)),
        ("deny", list(deny)),
    ]))
}

fn denied(pattern: &str) -> AclDecision {
    let pattern = pattern.into();
    AclDecision::Denied { pattern }
}

fn allowed(pattern: &str) -> AclDecision {
    let pattern = pattern.into();
    AclDecision::Allowed { pattern }
}

/// Whether a host matches a pattern that stands alone in `allow`.
fn matches(pattern: &str, host: &str) -> bool {
    lists(&[pattern], &[""; 0]).check(host).is_allowed()
}

/// The definition of a glob, as a table: which beginnings of the glob match which of the text.
fn matches_by_table(glob: &str, text: &str) -> bool {
    let text: Vec<char> = text.to_ascii_lowercase().chars().collect();
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for wanted in glob.to_ascii_lowercase().chars() {
        let mut next = vec![false; row.len()];
        next[0] = row[0] && wanted == '*';
        for (at, &found) in text.iter().enumerate() {
            next[at + 1] = match wanted {
                '*' => next[at] || row[at + 1],
                '?' => row[at],
                _ => row[at] && wanted == found,
            };
        }
        row = next;
    }
    row[text.len()]
}

#[test]
fn the_five_steps_are_taken_in_order() {
    let room = acl(
        r#"{"allow_ip_literals": false, "allow": ["*.org", "1.2.3.4", "[::1]"],
            "deny": ["evil.org", "1.2.3.4", "*.evil.org"]}"#,
    );
    for (server, decision, step) in [
        ("1.2.3.4", AclDecision::IpLiteral, 2),
        ("[::1]", AclDecision::IpLiteral, 2),
        ("evil.org", denied("evil.org"), 3),
        ("a.evil.org", denied("*.evil.org"), 3),
        ("good.org", allowed("*.org"), 4),
        ("good.com", AclDecision::NotListed, 5),
    ] {
        let found = room.check(server);
        assert_eq!(
            (found.step(), found.is_allowed()),
            (step, step == 4),
            "{server}"
        );
        assert_eq!(found, decision, "{server}");
        assert_eq!(AclDecision::of(Some(&room), server), decision, "{server}");
    }
}

#[test]
fn a_room_without_an_acl_is_open() {
    let decision = AclDecision::of(None, "evil.org");
    assert_eq!(decision, AclDecision::NoAcl);
    assert_eq!((decision.step(), decision.is_allowed()), (1, true));
}

#[test]
fn a_redacted_acl_shuts_everybody_out_and_says_why() {
    let room = acl("{}");
    let because = EmptyAllow::Missing;
    assert_eq!(room.empty_allow(), Some(because));
    for server in ["example.org", "1.2.3.4", "[::1]:8448", ""] {
        let decision = room.check(server);
        assert_eq!(decision, AclDecision::NobodyAllowed { because }, "{server}");
        assert!(!decision.is_allowed());
    }
}

#[test]
fn lists_that_are_none_are_empty() {
    for (content, because) in [
        (r#"{"deny": []}"#, EmptyAllow::Missing),
        (r#"{"allow": null}"#, EmptyAllow::NotAList),
        (r#"{"allow": "*"}"#, EmptyAllow::NotAList),
        (r#"{"allow": {"*": "*"}}"#, EmptyAllow::NotAList),
        (r#"{"allow": true}"#, EmptyAllow::NotAList),
        (r#"{"allow": []}"#, EmptyAllow::NoStrings),
        (
            r#"{"allow": [1, null, ["*"], {"*": "*"}]}"#,
            EmptyAllow::NoStrings,
        ),
    ] {
        let decision = acl(content).check("example.org");
        assert_eq!(
            decision,
            AclDecision::NobodyAllowed { because },
            "{content}"
        );
    }
    for deny in [r#""*""#, "null", "1", r#"{"0": "*"}"#, "[]", r#"[["*"]]"#] {
        let room = acl(&format!(r#"{{"allow": ["*"], "deny": {deny}}}"#));
        assert_eq!(room.check("example.org"), allowed("*"), "{deny}");
    }
}

#[test]
fn entries_that_are_not_strings_are_ignored() {
    let room = acl(r#"{"allow": [1, "*.org", null], "deny": [{}, "evil.org", [], "evil.*"]}"#);
    assert_eq!(room.empty_allow(), None);
    assert_eq!(room.check("good.org"), allowed("*.org"));
    assert_eq!(room.check("evil.org"), denied("evil.org"));
    assert_eq!(room.check("evil.com"), denied("evil.*"));
    assert_eq!(room.check("good.com"), AclDecision::NotListed);
}

#[test]
fn only_false_denies_ip_literals() {
    for value in ["true", "null", "0", r#""false""#, "[]", "{}", "[false]"] {
        let room = acl(&format!(
            r#"{{"allow": ["*"], "allow_ip_literals": {value}}}"#
        ));
        assert_eq!(room.check("1.2.3.4"), allowed("*"), "{value}");
        assert_eq!(room.check("[::1]"), allowed("*"), "{value}");
    }
    let room = acl(r#"{"allow": ["*"]}"#);
    assert_eq!(room.check("1.2.3.4"), allowed("*"));
    let room = acl(r#"{"allow_ip_literals": false}"#);
    assert_eq!(room.check("1.2.3.4"), AclDecision::IpLiteral);
}

#[test]
fn addresses_are_ip_literals_with_or_without_a_port() {
    let room = acl(r#"{"allow": ["*"], "allow_ip_literals": false}"#);
    for server in [
        "1.2.3.4",
        "1.2.3.4:80",
        "0.0.0.0",
        "255.255.255.255:1",
        "010.001.000.09",
        "[::1]",
        "[::1]:8448",
        "[::]",
        "[1234:5678::ABCD]:5678",
        "[::ffff:1.2.3.4]",
        // In the grammar of IPv6 literals, or close to it.
        "[dead]",
        "[::1",
        "[",
        // No server names, but addresses.
        "::1",
        "2001:DB8::1",
        "::ffff:1.2.3.4",
    ] {
        assert_eq!(room.check(server), AclDecision::IpLiteral, "{server}");
    }
    for server in [
        "999.0.0.1",
        "256.0.0.1",
        "1.2.3",
        "1.2.3.4.",
        "1.2.3.4.5",
        "1.2..4",
        "0001.2.3.4",
        "+1.2.3.4",
        "1.2.3.4.example.org",
        "1.2.3.a",
        "localhost:80",
        "dead",
        "dead:80",
        "",
        "...",
    ] {
        assert_eq!(room.check(server), allowed("*"), "{server}");
    }
}

#[test]
fn the_port_of_a_server_is_never_considered() {
    let room = lists(&["*"], &["evil.com", "[::1]", "1.2.3.4", "[::2?:*]"]);
    for (server, decision) in [
        ("evil.com", denied("evil.com")),
        ("evil.com:8448", denied("evil.com")),
        ("evil.com:1234", denied("evil.com")),
        ("[::1]", denied("[::1]")),
        ("[::1]:8448", denied("[::1]")),
        ("1.2.3.4:80", denied("1.2.3.4")),
        ("[::2a:1]:80", denied("[::2?:*]")),
        ("[::2]:80", allowed("*")),
        // No server names; what stands where a port should does not help them.
        ("evil.com:", denied("evil.com")),
        ("evil.com:x", denied("evil.com")),
        ("evil.com:80:80", denied("evil.com")),
        ("[::1]x", denied("[::1]")),
        // Another name as DNS has it, and another server.
        ("evil.com.", allowed("*")),
    ] {
        assert_eq!(room.check(server), decision, "{server}");
    }
}

#[test]
fn a_pattern_with_a_port_matches_no_server() {
    for pattern in ["evil.com:8448", "evil.com:*", "*:8448", "*.com:????"] {
        for server in ["evil.com", "evil.com:8448", "a.com:8448"] {
            assert!(!matches(pattern, server), "{pattern} {server}");
        }
    }
    // The colons of an address are its own.
    assert!(matches("*:8448]", "[::8448]:80"));
}

#[test]
fn case_does_not_matter() {
    for (pattern, server) in [
        ("evil.com", "EVIL.com"),
        ("EVIL.com", "evil.com"),
        ("eViL.*", "EvIl.CoM:8448"),
        ("*.Evil.com", "a.eVIL.com"),
        ("[::ABCD]", "[::abcd]"),
        ("E?IL.com", "evil.com"),
    ] {
        assert_eq!(
            lists(&["*"], &[pattern]).check(server),
            denied(pattern),
            "{pattern}"
        );
    }
}

#[test]
fn case_is_that_of_ascii() {
    assert!(matches("é.org", "é.org"));
    assert!(!matches("É.org", "é.org"));
    assert!(!matches("É*", "é.org"));
    // The sign for kelvin, whose lower case in Unicode is `k`.
    assert!(!matches("\u{212a}.org", "k.org"));
    assert!(!matches("\u{212a}*", "k.org"));
}

#[test]
fn a_star_stands_for_anything_and_nothing() {
    for (pattern, host, expected) in [
        ("*", "", true),
        ("*", "a", true),
        ("**", "", true),
        ("evil.*", "evil.", true),
        ("evil.*", "evil", false),
        ("*evil*", "evil", true),
        ("*.evil.com", "evil.com", false),
        ("*.evil.com", "a.b.evil.com", true),
        ("*.evil.com", "a.evil.com.example.org", false),
        ("*.evil.com", ".evil.com", true),
        ("a*b*c", "abc", true),
        ("a*b*c", "a-b-b-c-c", true),
        ("a*b*c", "acb", false),
        ("*ab", "aab", true),
        ("*aab*b", "aaabab", true),
        ("", "", true),
        ("", "a", false),
    ] {
        assert_eq!(matches(pattern, host), expected, "{pattern} {host}");
    }
}

#[test]
fn a_question_mark_stands_for_one_code_point() {
    for (pattern, host, expected) in [
        ("?", "a", true),
        ("?", "", false),
        ("?", "ab", false),
        ("?", ".", true),
        ("?", "é", true),
        ("??", "é", false),
        ("?", "e\u{301}", false),
        ("??", "e\u{301}", true),
        ("?", "😀", true),
        ("*?", "", false),
        ("*?", "é", true),
        ("*??", "é", false),
        ("evil?.com", "evil.com", false),
        ("evil?.com", "evil1.com", true),
        ("evil?com", "evil.com", true),
    ] {
        assert_eq!(matches(pattern, host), expected, "{pattern} {host}");
    }
}

#[test]
fn every_other_character_stands_for_itself() {
    for (pattern, host, expected) in [
        ("evil.com", "evilxcom", false),
        ("*.com", "evilxcom", false),
        ("*[a-z]", "a", false),
        ("[a-z]*", "[a-z]", true),
        ("{a,b}*", "a", false),
        (r"\*", r"\abc", true),
        (r"\*", "*", false),
        (r"\.?", ".a", false),
        ("!a*", "b", false),
        ("a+*", "aa", false),
        ("^a$*", "a", false),
        ("(a|b)*", "a", false),
        (" a*", "a", false),
        ("a\n*", "a\n", true),
        ("a*", "a\nb", true),
        ("a/*", "a/b", true),
        ("1.2.3.0/24", "1.2.3.4", false),
        ("é?", "éa", true),
    ] {
        assert_eq!(matches(pattern, host), expected, "{pattern} {host}");
    }
}

#[test]
fn both_servers_behind_an_event_are_asked_about() {
    let room = lists(&["*"], &["evil.com"]);
    let sender = UserId::parse("@mallory:EVIL.com:8448").expect("a user");
    assert_eq!(room.check_sender(&sender), denied("evil.com"));
    assert_eq!(room.check("good.org"), allowed("*"));
    let sender = UserId::parse("@evil.com:good.org").expect("a user");
    assert_eq!(room.check_sender(&sender), allowed("*"));
}

#[test]
fn the_decision_names_the_pattern_as_it_was_written() {
    let room = lists(
        &["?*", "*", "Good.org", "good.ORG"],
        &["*.COM", "e*", "evil.com"],
    );
    for (server, decision) in [
        ("Evil.com", denied("evil.com")),
        ("other.com", denied("*.COM")),
        ("example.org", denied("e*")),
        ("GOOD.org", allowed("Good.org")),
        ("other.org", allowed("?*")),
    ] {
        assert_eq!(room.check(server), decision, "{server}");
    }
}

#[test]
fn decisions_are_sentences() {
    for (decision, sentence) in [
        (AclDecision::NoAcl, "The room has no server ACL."),
        (
            AclDecision::IpLiteral,
            "The server ACL denies servers named by an IP address.",
        ),
        (denied("*\u{7}"), r"The server ACL denies `*\u{7}`."),
        (allowed("*"), "The server ACL allows `*`."),
        (
            AclDecision::NotListed,
            "The server ACL does not allow this server.",
        ),
        (
            AclDecision::NobodyAllowed {
                because: EmptyAllow::Missing,
            },
            "The server ACL allows no server: `allow` is missing, as it is once the event is \
             redacted.",
        ),
        (
            AclDecision::NobodyAllowed {
                because: EmptyAllow::NotAList,
            },
            "The server ACL allows no server: `allow` is not a list.",
        ),
        (
            AclDecision::NobodyAllowed {
                because: EmptyAllow::NoStrings,
            },
            "The server ACL allows no server: `allow` has no string in it.",
        ),
    ] {
        assert_eq!(decision.to_string(), sentence);
    }
    let long = denied(&"*".repeat(60_000)).to_string();
    assert!(long.len() < 300);
}

/// Globs and texts over so few characters that they often match.
fn any_glob() -> impl Strategy<Value = String> {
    "[abA.é*?*]{0,9}"
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[abB.é]{0,10}", 1 => "[ab*?]{0,5}"]
}

fn any_server() -> impl Strategy<Value = String> {
    let host = prop_oneof![
        any_text(),
        "[a-cA-C.-]{1,8}",
        "[0-9]{1,3}(\\.[0-9]{1,3}){3}",
        "\\[[0-9a-fA-F:.]{2,9}\\]",
    ];
    let port = prop_oneof![Just(String::new()), ":[0-9]{1,5}"];
    prop_oneof![
        8 => (host, port).prop_map(|(host, port)| host + &port),
        1 => "[\\[\\]:.a1*]{0,6}",
        1 => any::<String>(),
    ]
}

/// Whatever may stand where a list or a boolean should.
fn any_member() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any_glob().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 6, |inner| {
        prop_oneof![
            3 => vec(inner.clone(), 0..6).prop_map(Value::from),
            1 => vec((any_glob(), inner), 0..3)
                .prop_map(|members| Value::from(members.into_iter().collect::<Object>())),
        ]
    })
}

fn any_content() -> impl Strategy<Value = Object> {
    let key = select(vec!["allow", "deny", "allow_ip_literals", "other"]);
    vec((key, any_member()), 0..5).prop_map(|members| members.into_iter().collect())
}

proptest! {
    #[test]
    fn a_glob_matches_what_its_definition_says(glob in any_glob(), text in any_text()) {
        prop_assert_eq!(matches(&glob, &text), matches_by_table(&glob, &text));
    }

    #[test]
    fn lists_match_as_their_patterns_do(
        allow in vec(any_glob(), 0..8),
        deny in vec(any_glob(), 0..8),
        host in any_text(),
    ) {
        let any = |list: &[String]| list.iter().any(|glob| matches_by_table(glob, &host));
        let decision = lists(&allow, &deny).check(&host);
        let step = if any(&deny) { 3 } else if any(&allow) { 4 } else { 5 };
        prop_assert_eq!(decision.step(), step);
        if let AclDecision::Denied { pattern } | AclDecision::Allowed { pattern } = decision {
            prop_assert!(matches_by_table(&pattern, &host));
            let list = if step == 3 { deny } else { allow };
            prop_assert!(list.contains(&pattern.to_string()));
        }
    }

    #[test]
    fn any_content_decides_about_any_server(content in any_content(), server in any_server()) {
        let room = ServerAcl::of(&content);
        let decision = room.check(&server);
        prop_assert!(!decision.to_string().is_empty());
        let patterns = content.get("allow").and_then(Value::as_array);
        let has_patterns = patterns.into_iter().flatten().any(|entry| entry.as_str().is_some());
        prop_assert_eq!(room.empty_allow().is_none(), has_patterns);
        prop_assert!(has_patterns || !decision.is_allowed());
    }

    #[test]
    fn the_case_of_a_server_changes_nothing(content in any_content(), server in any_server()) {
        let room = ServerAcl::of(&content);
        let decision = room.check(&server);
        prop_assert_eq!(room.check(&server.to_ascii_uppercase()), decision.clone());
        prop_assert_eq!(room.check(&server.to_ascii_lowercase()), decision);
    }

    #[test]
    fn the_case_of_a_pattern_changes_no_step(
        allow in vec(any_glob(), 0..6),
        deny in vec(any_glob(), 0..6),
        server in any_server(),
    ) {
        let upper = |list: &[String]| -> Vec<String> {
            list.iter().map(|glob| glob.to_ascii_uppercase()).collect()
        };
        let shouted = lists(&upper(&allow), &upper(&deny)).check(&server);
        prop_assert_eq!(lists(&allow, &deny).check(&server).step(), shouted.step());
    }

    #[test]
    fn a_port_changes_nothing(
        content in any_content(),
        host in prop_oneof!["[a-cA-C.]{1,8}", "[0-9]{1,3}(\\.[0-9]{1,3}){3}", "\\[[a-f:]{2,9}\\]"],
        port in "[0-9]{1,5}",
    ) {
        let room = ServerAcl::of(&content);
        prop_assert_eq!(room.check(&format!("{host}:{port}")), room.check(&host));
    }
}

#[cfg(feature = "counting")]
mod costs {
    use proptest::collection::vec;
    use proptest::prelude::proptest;
    use proptest::prop_assert;
    use roomdag::effort::{Step, counted};
    use roomdag::room::{AclDecision, ServerAcl};

    use super::{allowed, any_glob, any_text, denied, lists, matches};

    fn steps(room: &ServerAcl, server: &str) -> (AclDecision, u64) {
        let (decision, effort) = counted(|| room.check(server));
        (decision, effort.of(Step::Glob))
    }

    #[test]
    fn a_glob_of_many_stars_is_linear_in_the_host() {
        for pattern in [
            "*a*a*a*a*a*b",
            "*a*a*a*a*b",
            "a*a*a*a*a*a*a*a*b",
            "*a?a*a?a*b",
        ] {
            for len in [255_u64, 60_000] {
                let host = "a".repeat(len.try_into().unwrap());
                let (matched, effort) = counted(|| matches(pattern, &host));
                assert!(!matched);
                let steps = effort.of(Step::Glob);
                assert!(steps <= 3 * len + 30, "{pattern}: {steps} for {len}");
            }
        }
    }

    #[test]
    fn a_glob_that_is_longer_than_the_host_is_given_up_at_its_end() {
        let glob = format!("*{}", "a".repeat(1_000));
        let (matched, effort) = counted(|| matches(&glob, &"a".repeat(500)));
        assert!(!matched);
        assert!(effort.of(Step::Glob) <= 510);
    }

    #[test]
    fn a_full_acl_of_names_is_searched_by_halves() {
        let names: Vec<String> = (0..6_500).map(|n| format!("s{n:04}.x")).collect();
        let room = lists(&["*"], &names);
        let bytes: usize = names.iter().map(|name| name.len() + 3).sum();
        assert!((60_000..=65_536).contains(&bytes), "{bytes} bytes");
        for (server, decision) in [
            ("s0000.x", denied("s0000.x")),
            ("S6499.X:8448", denied("s6499.x")),
            ("s6500.x", allowed("*")),
            ("example.org", allowed("*")),
        ] {
            let (found, steps) = steps(&room, server);
            assert_eq!(found, decision);
            assert!(steps <= 16, "{server}: {steps}");
        }
    }

    #[test]
    fn a_full_acl_of_globs_costs_at_most_its_length_times_the_host_s() {
        let globs: Vec<String> = (0..6_500).map(|n| format!("*a{n:04}*")).collect();
        let room = lists(&["*"], &globs);
        let bytes: u64 = globs.iter().map(|glob| glob.len() as u64).sum();
        for host in ["a".repeat(255), "a0".repeat(127), "example.org".to_owned()] {
            let (found, steps) = steps(&room, &host);
            assert_eq!(found, allowed("*"));
            assert!(steps <= bytes * host.len() as u64, "{steps}");
            // Two steps for each glob and each character of the host, and not much more.
            assert!(steps <= 4 * 6_500 * host.len() as u64, "{steps}");
        }
    }

    proptest! {
        #[test]
        fn a_check_costs_at_most_the_patterns_times_the_host(
            allow in vec(any_glob(), 0..8),
            deny in vec(any_glob(), 0..8),
            host in any_text(),
        ) {
            let (_, steps) = steps(&lists(&allow, &deny), &host);
            let len = host.chars().count() as u64 + 1;
            let patterns = allow.iter().chain(&deny);
            let most: u64 = patterns.map(|glob| (glob.chars().count() as u64 + 1) * len).sum();
            prop_assert!(steps <= most, "{} of {}", steps, most);
        }
    }
}
