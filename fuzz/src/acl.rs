//! Server ACLs by their definition.
//!
//! Spec: <https://spec.matrix.org/v1.19/client-server-api/#mroomserver_acl>

use std::net::{Ipv4Addr, Ipv6Addr};

use roomdag::json::{Object, Value};
use roomdag::testing::Random;

/// Whether an ACL of this content lets a server take part: the five steps, one after the other.
pub fn is_allowed(content: &Object, server: &str) -> bool {
    let host = match server.split_once(']') {
        Some((literal, _)) if server.starts_with('[') => format!("{literal}]"),
        _ if server.starts_with('[') => server.to_owned(),
        _ => server.split(':').next().unwrap_or_default().to_owned(),
    };
    let denies_literals = content.get("allow_ip_literals").and_then(Value::as_bool) == Some(false);
    if denies_literals && is_ip_literal(server, &host) {
        return false;
    }
    let listed = |list: &str| {
        let entries = content.get(list).and_then(Value::as_array);
        let mut patterns = entries.into_iter().flatten().filter_map(Value::as_str);
        patterns.any(|pattern| matches(&letters(pattern), &letters(&host)))
    };
    !listed("deny") && listed("allow")
}

fn is_ip_literal(server: &str, host: &str) -> bool {
    // Leading zeros are no reason for an address not to be one.
    let decimal = host
        .split('.')
        .map(|part| match part.trim_start_matches('0') {
            "" if !part.is_empty() && part.len() <= 3 => "0",
            digits if part.len() <= 3 => digits,
            _ => "x",
        });
    let decimal = decimal.collect::<Vec<_>>().join(".");
    server.starts_with('[')
        || decimal.parse::<Ipv4Addr>().is_ok()
        || server.parse::<Ipv6Addr>().is_ok()
}

/// A glob by its definition: what is left of it matches what is left of the text.
fn matches(glob: &[char], text: &[char]) -> bool {
    let mut begun = vec![false; text.len() + 1];
    begun[0] = true;
    for symbol in glob {
        let before = begun.clone();
        for end in 0..begun.len() {
            begun[end] = match symbol {
                '*' => before[..=end].contains(&true),
                '?' => end > 0 && before[end - 1],
                letter => end > 0 && before[end - 1] && text[end - 1] == *letter,
            };
        }
    }
    begun[text.len()]
}

fn letters(text: &str) -> Vec<char> {
    text.chars()
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

/// A server's name, or nearly one.
pub fn server(random: &mut Random) -> String {
    const NAMES: [&str; 8] = [
        "1.2.3.4",
        "001.02.3.255",
        "256.1.1.1",
        "[::1]",
        "[::1]:8448",
        "::1",
        "a.b:80",
        "",
    ];
    if random.chance(30) {
        return (*random.pick(&NAMES).unwrap_or(&"a")).to_owned();
    }
    let len = random.below(9);
    let letters = (0..len).filter_map(|_| random.pick(&['a', 'B', 'b', '.', '1', '-', ':', 'é']));
    letters.collect()
}
