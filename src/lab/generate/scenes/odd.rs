//! Content that is easily got wrong: odd power levels, odd text.

use crate::json::{Object, Value};
use crate::lab::generate::compose::{Twist, Wish, json};
use crate::lab::generate::scenes::words;
use crate::lab::generate::world::{Branch, World};
use crate::pdu::POWER_LEVELS;
use crate::version::CreatorRule;

/// Levels in all forms, as JSON: those that some room version takes, and those that none does.
const LEVELS: [&str; 30] = [
    r#""50""#,
    r#"" 50 ""#,
    r#""+50""#,
    r#""-5""#,
    r#""050""#,
    r#""5_0""#,
    r#""٥٠""#,
    r#""0x32""#,
    r#""50.0""#,
    r#""1e2""#,
    r#""""#,
    r#""fifty""#,
    "50.0",
    "49.9",
    "-0.5",
    "1e3",
    "true",
    "false",
    "-100",
    "-9007199254740991",
    "9007199254740991",
    "9007199254740993",
    "-9223372036854775809",
    "18446744073709551616",
    "null",
    "[]",
    "[50]",
    "{}",
    "0",
    "51",
];

/// Strings with characters that are easily got wrong.
const TEXTS: [&str; 18] = [
    "",
    " leading and trailing ",
    "\u{0}",
    "\u{1}\u{1f}\u{7f}",
    "\t\r\n\u{8}\u{c}",
    "\"quoted\" and \\back\\slashed/",
    "\u{2028}\u{2029}\u{85}",
    "e\u{301} is not é",
    "\u{202e}desrever\u{202c}",
    "👩\u{200d}👩\u{200d}👧\u{200d}👦",
    "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "\u{feff}bom",
    "\u{fffd}\u{fffe}\u{ffff}",
    "\u{10ffff}",
    "日本語と한국어와العربية",
    "ﬃ ß ı İ ǆ",
    "<script>alert(1)</script>",
    "\u{d7ff}\u{e000}",
];

impl World {
    /// Somebody sends power levels of which one is odd.
    pub(super) fn odd_levels(&mut self, branch: &mut Branch) {
        let level = self.random.pick(&LEVELS).copied().unwrap_or_default();
        let mode = self.rules().canonical_json;
        let Ok(level) = Value::parse(level.as_bytes(), mode) else {
            return;
        };
        let mut content = self.content(branch, POWER_LEVELS, "").unwrap_or_default();
        self.place_level(&mut content, level);
        let sender = if self.random.chance(80) {
            0
        } else {
            self.moderator(branch)
        };
        let wish = Wish::state(sender, POWER_LEVELS, "", content);
        if self.may(branch, &wish) {
            let mut side = branch.clone();
            // A room that nobody can administer any more is left to itself.
            if self.send(&mut side, &wish) && self.is_alive(&side) {
                *branch = side;
            }
        } else {
            self.force(branch, &wish, &Twist::default());
        }
    }

    /// Puts a level somewhere in power levels.
    fn place_level(&mut self, content: &mut Object, level: Value) {
        let mut take = |key: &str| {
            let map = content.remove(key).and_then(Value::into_object);
            map.unwrap_or_default()
        };
        let user = self
            .random
            .below(self.next_user.saturating_sub(1))
            .saturating_add(1);
        let name = self.cast.user(user);
        match self.random.below(14) {
            0..4 => {
                let mut users = take("users");
                users.insert(name.as_str(), level);
                content.insert("users", users);
            }
            4 if self.rules().auth.creator != CreatorRule::SenderAndAdditional => {
                let mut users = take("users");
                users.insert(self.cast.user(0).as_str(), "100");
                content.insert("users", users);
            }
            5 => {
                let mut users = take("users");
                let odd = ["@nocolon", "bob", "", "@:", "@x:y:z"];
                let odd = self.random.pick(&odd).copied().unwrap_or_default();
                users.insert(odd, 50);
                content.insert("users", users);
            }
            6 => {
                content.insert("users_default", level);
            }
            7 | 8 => {
                let mut events = take("events");
                events.insert("m.room.topic", level);
                content.insert("events", events);
            }
            9 => {
                let mut notifications = take("notifications");
                notifications.insert("room", level);
                content.insert("notifications", notifications);
            }
            10 => {
                let map = self.random.pick(&["events", "notifications"]).copied();
                content.insert(map.unwrap_or_default(), level);
            }
            _ => {
                let names = [
                    "ban",
                    "kick",
                    "invite",
                    "redact",
                    "events_default",
                    "state_default",
                ];
                let name = self.random.pick(&names).copied().unwrap_or_default();
                content.insert(name, level);
            }
        }
    }

    /// Whether the creator can still speak and set the levels right.
    fn is_alive(&self, branch: &Branch) -> bool {
        let message = Wish::message(0, "m.room.message", Object::new());
        let levels = super::first_levels(self);
        let newcomer = self.member(0, self.next_user, "invite");
        self.may(branch, &message)
            && self.may(branch, &Wish::state(0, POWER_LEVELS, "", levels))
            && self.may(branch, &newcomer)
    }

    /// Content that is long, deep, or in characters that are easily got wrong.
    pub(super) fn odd_text(&mut self, branch: &mut Branch) {
        let text = self.random.pick(&TEXTS).copied().unwrap_or_default();
        let sender = self.joined(branch);
        let mut content = Object::from_iter([("body", text), ("msgtype", "m.text")]);
        let mut wish = Wish::message(sender, "m.room.message", Object::new());
        match self.random.below(10) {
            0 | 1 => {
                let sentence = words::sentence(self);
                let bytes = self.random.below(38_000).saturating_add(2_000);
                let times = bytes.checked_div(sentence.len()).unwrap_or_default();
                let long = sentence.repeat(times.saturating_add(1));
                content.insert("body", long);
            }
            2 => {
                let depth = self.random.below(60).saturating_add(2);
                let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
                let deep = Value::parse(deep.as_bytes(), crate::json::Mode::Strict);
                content.insert("org.example.deep", deep.unwrap_or(Value::Null));
            }
            3 => {
                content.insert(text, text);
            }
            4 => {
                let keys = ["é", "e\u{301}", "Z", "a", "\u{ff5e}", "🦀", "\u{e000}"];
                for key in keys {
                    content.insert(key, key);
                }
            }
            5 => {
                let numbers = r#"{"n":[0,-1,9007199254740991,-9007199254740991],"t":[true,null]}"#;
                content.insert("org.example.numbers", json(numbers));
            }
            6 => text.clone_into(&mut wish.event_type),
            7 => {
                wish = Wish::state(0, "org.example.odd", text, Object::new());
            }
            8 => {
                let user = sender;
                let name = self.cast.user(user);
                content = Object::from_iter([("displayname", text), ("membership", "join")]);
                wish = Wish::state(user, crate::pdu::MEMBER, name.as_str(), Object::new());
            }
            _ => {}
        }
        wish.content = content;
        self.send(branch, &wish);
    }
}
