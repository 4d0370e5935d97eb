//! Events that fail a receipt check.

use crate::crypto::Signature;
use crate::json::{Mode, Object, Value};
use crate::lab::generate::compose::{Twist, Wish, json};
use crate::lab::generate::scenes::words;
use crate::lab::generate::world::{Branch, World};
use crate::pdu::MEMBER;
use crate::version::EventIdFormat;

impl World {
    /// An event that fails check 1, 2, 3, 4 or 5.
    pub(super) fn fail_a_check(&mut self, branch: &mut Branch) {
        match self.random.below(10) {
            0..5 => self.fail_format(branch),
            5..7 => self.fail_signature(branch),
            7 | 8 => self.fail_hash(branch),
            _ => self.overstep(branch),
        }
    }

    fn honest(&mut self, branch: &Branch) -> (usize, Wish) {
        let sender = self.joined(branch);
        if self.random.chance(30) {
            let (name, content) = (self.cast.user(sender), words::profile(self, sender));
            return (sender, Wish::state(sender, MEMBER, name.as_str(), content));
        }
        (
            sender,
            Wish::message(sender, "m.room.message", words::message(self)),
        )
    }

    /// Check 1: no event of this room version. Hashed and signed all the same.
    fn fail_format(&mut self, branch: &Branch) {
        let (sender, wish) = self.honest(branch);
        let mut event = self.unsigned(branch, &wish, &Twist::default());
        let fault = self.random.below(FAULTS.len().saturating_add(9));
        if let Some((field, value)) = FAULTS.get(fault) {
            match Value::parse(value.as_bytes(), Mode::Lenient) {
                Ok(value) => event.insert(*field, value),
                Err(_) => event.remove(field),
            };
        } else {
            self.break_format(&mut event, fault.saturating_sub(FAULTS.len()));
        }
        let Some(event) = self.signed(event, sender, None) else {
            return;
        };
        let mut bytes = event.to_canonical();
        if fault == FAULTS.len().saturating_add(8) {
            // A key that is there twice.
            bytes.pop();
            bytes.extend_from_slice(br#","depth":1}"#);
        }
        self.emit(bytes);
    }

    /// What takes more than one value to put wrong.
    fn break_format(&mut self, event: &mut Object, kind: usize) {
        let many = |world: &mut Self, count: usize| {
            let ids: Vec<_> = (0..count).map(|_| world.unknown_id()).collect();
            world.references(&ids)
        };
        match kind {
            0 => {
                let list = many(self, 21);
                event.insert("prev_events", list);
            }
            1 => {
                let list = many(self, 11);
                event.insert("auth_events", list);
            }
            2 => {
                let long = self.letters(66_000);
                event.insert("content", Object::from_iter([("body", long)]));
            }
            3 => {
                let long = self.letters(256);
                event.insert("type", long);
            }
            4 => {
                // Short enough in characters, not in bytes.
                event.insert("type", "é".repeat(200));
            }
            5 => {
                event.insert("depth", self.rules().max_depth);
                let depth = self.rules().max_depth.checked_add(1);
                match depth {
                    Some(depth) => event.insert("depth", depth),
                    None => event.insert("depth", json(r#"{"n":9223372036854775808}"#)),
                };
            }
            6 => {
                let numbers = r#"{"big":9007199254740992,"float":1.5}"#;
                event.insert("content", json(numbers));
                event.insert("depth", Value::Null);
            }
            7 if self.rules().event_id == EventIdFormat::Field => {
                event.insert("event_id", "no sigil");
            }
            7 => {
                event.insert("hashes", Value::Null);
                event.insert("auth_events", "none");
            }
            _ => {}
        }
    }

    /// Check 2: a signature is missing, wrong, or by a key that nobody knows.
    fn fail_signature(&mut self, branch: &Branch) {
        let (sender, wish) = self.honest(branch);
        let Some(mut event) = self.event(branch, &wish, &Twist::default()) else {
            return;
        };
        let server = self.cast.user(sender).server_name().to_owned();
        let key = self
            .cast
            .server_of(sender)
            .map(|server| server.key.key_id().to_string());
        let key = key.unwrap_or_default();
        let signed = |server: &str, key: &str, signature: String| {
            let keys = Object::from_iter([(key, signature)]);
            Object::from_iter([(server, keys)])
        };
        let wrong = Signature::from_bytes([7; 64]).to_base64();
        match self.random.below(6) {
            0 => {
                event.remove("signatures");
            }
            1 => {
                event.insert("signatures", Object::new());
            }
            2 => {
                event.insert("signatures", signed(&server, &key, wrong));
            }
            3 => {
                event.insert("signatures", signed(&server, "ed25519:gone", wrong));
            }
            4 => {
                let other = self.cast.user(sender.saturating_add(1));
                let unsigned = self.unsigned(branch, &wish, &Twist::default());
                let Some(by_other) = self.signed(unsigned, sender.saturating_add(1), None) else {
                    return;
                };
                // With one server there is no other.
                if other.server_name() == server {
                    return;
                }
                event = by_other;
            }
            _ => {
                event.insert("origin_server_ts", 1);
            }
        }
        self.emit(event.to_canonical());
    }

    /// Check 3: the content is not what was hashed. The event goes on redacted.
    fn fail_hash(&mut self, branch: &mut Branch) {
        let (_, wish) = self.honest(branch);
        let Some(mut event) = self.event(branch, &wish, &Twist::default()) else {
            return;
        };
        let content = event.get_mut("content").and_then(Value::as_object_mut);
        if let Some(content) = content {
            content.insert("body", "something else");
        }
        if let Some(node) = self.publish(branch, &event)
            && self.is_accepted(node)
        {
            *branch = self.at(node);
        }
    }
}

/// A field, and JSON that it must not be; what is no JSON takes the field away.
const FAULTS: [(&str, &str); 27] = [
    ("auth_events", "-"),
    ("auth_events", "{}"),
    ("auth_events", "[1]"),
    ("content", "-"),
    ("content", "[]"),
    ("content", r#""text""#),
    ("depth", "-"),
    ("depth", "-1"),
    ("depth", "1.5"),
    ("depth", r#""7""#),
    ("origin_server_ts", "-"),
    ("origin_server_ts", "1.0"),
    ("origin_server_ts", r#""now""#),
    ("prev_events", "-"),
    ("prev_events", "null"),
    ("prev_events", r#"[["$x",{},1]]"#),
    ("room_id", "-"),
    ("room_id", r#""no room""#),
    ("room_id", "7"),
    ("sender", "-"),
    ("sender", r#""alice""#),
    ("sender", r#""@alice""#),
    ("sender", r#""@alice:not a server""#),
    ("state_key", "7"),
    ("state_key", "null"),
    ("type", "-"),
    ("type", "[]"),
];
