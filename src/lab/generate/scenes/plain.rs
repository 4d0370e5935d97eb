//! What happens in rooms where everybody means well, more or less.

use crate::json::{Object, Value};
use crate::lab::generate::compose::{Wish, json};
use crate::lab::generate::scenes::words;
use crate::lab::generate::world::{Branch, World};
use crate::pdu::content::Membership;
use crate::pdu::{ALIASES, HISTORY_VISIBILITY, JOIN_RULES, MEMBER, POWER_LEVELS, SERVER_ACL};
use crate::version::{AliasRule, CreatorRule, JoinRule};

/// The first power levels of a room: an administrator, and moderators.
pub(in crate::lab::generate) fn first_levels(world: &World) -> Object {
    let mut users = Object::new();
    if world.rules().auth.creator != CreatorRule::SenderAndAdditional {
        users.insert(world.cast.user(0).as_str(), 100);
    }
    for moderator in 1..=world.moderators() {
        let level = if moderator == 1 { 75 } else { 50 };
        users.insert(world.cast.user(moderator).as_str(), level);
    }
    let mut content = json(
        r#"{"ban":50,"events":{"m.room.avatar":50,"m.room.canonical_alias":50,
        "m.room.encryption":100,"m.room.history_visibility":75,"m.room.name":50,
        "m.room.power_levels":50,"m.room.server_acl":75,"m.room.tombstone":100,"m.space.child":0},
        "events_default":0,"invite":0,"kick":50,"notifications":{"room":50},"redact":50,
        "state_default":50,"users_default":0}"#,
    );
    content.insert("users", users);
    content
}

impl World {
    pub(super) fn talk(&mut self, branch: &mut Branch) {
        let sender = self.joined(branch);
        let about = self.earlier();
        let about = about.and_then(|node| self.dag.id(node).cloned());
        let about = about.as_ref().map(crate::id::EventId::as_str);
        let (event_type, content) = words::utterance(self, about);
        self.send(branch, &Wish::message(sender, event_type, content));
    }

    pub(super) fn set_state(&mut self, branch: &mut Branch) {
        let sender = if self.random.chance(70) {
            self.moderator(branch)
        } else {
            self.joined(branch)
        };
        let has_aliases = self.rules().auth.aliases == AliasRule::OwnServer;
        if has_aliases && self.random.chance(15) {
            let server = self.cast.user(sender).server_name().to_owned();
            let content = json(&format!(r##"{{"aliases":["#lounge:{server}"]}}"##));
            self.send(branch, &Wish::state(sender, ALIASES, &server, content));
            return;
        }
        let (event_type, key, content) = words::some_state(self);
        self.send(branch, &Wish::state(sender, event_type, &key, content));
    }

    pub(super) fn change_profile(&mut self, branch: &mut Branch) {
        let user = self.joined(branch);
        if self.membership(branch, user) == Membership::Join {
            let (name, content) = (self.cast.user(user), words::profile(self, user));
            self.send(branch, &Wish::state(user, MEMBER, name.as_str(), content));
        }
    }

    pub(super) fn change_membership(&mut self, branch: &mut Branch) {
        let user = if self.random.chance(25) {
            self.newcomer()
        } else {
            let users = self.next_user.saturating_sub(1);
            self.random.below(users).saturating_add(1)
        };
        let moderator = self.moderator(branch);
        let mut wish = match (self.membership(branch, user), self.random.below(10)) {
            (Membership::Join, 0..3) | (Membership::Ban, _) => {
                self.member(moderator, user, "leave")
            }
            (Membership::Join | Membership::Leave, 3 | 4) => self.member(moderator, user, "ban"),
            (Membership::Join, _) | (Membership::Invite, 0) => self.member(user, user, "leave"),
            (Membership::Leave, 5..7) => {
                let host = self.joined(branch);
                self.member(host, user, "invite")
            }
            (Membership::Knock, _) => self.member(moderator, user, "invite"),
            _ => self.member(user, user, "join"),
        };
        if wish.sender != user && self.random.chance(40) {
            wish.content.insert("reason", words::sentence(self));
        }
        self.send(branch, &wish);
    }

    pub(super) fn change_levels(&mut self, branch: &mut Branch) {
        let sender = self.moderator(branch);
        let level = self
            .random
            .pick(&[0, 0, 25, 50, 50, 75])
            .copied()
            .unwrap_or_default();
        let content = if self.random.chance(70) {
            let users = self.next_user.saturating_sub(1);
            let user = self.random.below(users).saturating_add(1);
            self.levels_with(branch, user, level)
        } else {
            let mut content = self.content(branch, POWER_LEVELS, "").unwrap_or_default();
            let names = ["ban", "invite", "kick", "redact", "state_default"];
            match self.random.pick(&names) {
                Some(name) => content.insert(*name, level.min(50)),
                None => None,
            };
            content
        };
        self.send(branch, &Wish::state(sender, POWER_LEVELS, "", content));
    }

    pub(super) fn change_join_rules(&mut self, branch: &mut Branch) {
        let sender = self.moderator(branch);
        let known: Vec<JoinRule> = [JoinRule::Public, JoinRule::Public]
            .into_iter()
            .chain(JoinRule::ALL)
            .filter(|rule| self.rules().auth.knows(*rule))
            .collect();
        let rule = self
            .random
            .pick(&known)
            .map_or("public", |rule| rule.as_str());
        let allow = r#"[{"room_id":"!other:example.org","type":"m.room_membership"}]"#;
        let content = json(&format!(r#"{{"allow":{allow},"join_rule":"{rule}"}}"#));
        self.send(branch, &Wish::state(sender, JOIN_RULES, "", content));
    }

    pub(super) fn change_visibility(&mut self, branch: &mut Branch) {
        let all = ["world_readable", "shared", "invited", "joined"];
        let visibility = self.random.pick(&all).copied().unwrap_or_default();
        let content = Object::from_iter([("history_visibility", visibility)]);
        self.send(branch, &Wish::state(0, HISTORY_VISIBILITY, "", content));
    }

    pub(super) fn change_acl(&mut self, branch: &mut Branch) {
        let mut content = json(r#"{"allow":["*"],"allow_ip_literals":true}"#);
        let mut denied: Vec<Value> = vec!["evil.example".into(), "*.evil.example".into()];
        match self.random.below(4) {
            0 => {
                content.insert("allow_ip_literals", false);
            }
            1 => {
                let user = self.random.below(self.recipe.servers).saturating_add(1);
                denied.push(self.cast.user(user).server_name().into());
            }
            2 => denied.clear(),
            _ => {}
        }
        content.insert("deny", denied);
        self.send(branch, &Wish::state(0, SERVER_ACL, "", content));
    }

    pub(super) fn redact(&mut self, branch: &mut Branch) {
        let Some(target) = self.earlier().and_then(|node| self.dag.id(node).cloned()) else {
            return;
        };
        let sender = if self.random.chance(60) {
            self.moderator(branch)
        } else {
            self.joined(branch)
        };
        let reason = Object::from_iter([("reason", words::sentence(self))]);
        self.send(branch, &Wish::redaction(sender, target, reason));
    }
}
