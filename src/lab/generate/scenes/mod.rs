//! What happens in a room, a scene for each deed.

mod auth;
mod conflict;
mod copies;
mod invalid;
mod joins;
mod odd;
mod past;
mod plain;
mod third_party;
mod words;

pub(super) use self::plain::first_levels;
pub(super) use self::words::profile;

use crate::lab::generate::Deed;
use crate::lab::generate::compose::{Wish, json};
use crate::lab::generate::world::{Branch, World};
use crate::pdu::content::Membership;
use crate::pdu::{JOIN_RULES, POWER_LEVELS};
use crate::version::JoinRule;

impl World {
    /// Plays a scene at the end of a branch. Returns whether anything has come of it.
    pub(super) fn play(&mut self, deed: Deed, branch: &mut Branch) -> bool {
        let before = self.lines.len();
        match deed {
            Deed::Message => self.talk(branch),
            Deed::State => self.set_state(branch),
            Deed::Profile => self.change_profile(branch),
            Deed::Membership => self.change_membership(branch),
            Deed::Levels => self.change_levels(branch),
            Deed::JoinRules => self.change_join_rules(branch),
            Deed::Visibility => self.change_visibility(branch),
            Deed::Acl => self.change_acl(branch),
            Deed::Redaction => self.redact(branch),
            Deed::Duel => self.duel(branch),
            Deed::Backdating => self.backdate(branch),
            Deed::BanEvasion => self.evade(branch),
            Deed::SoftFail => self.lose_power(branch),
            Deed::OddLevels => self.odd_levels(branch),
            Deed::OddText => self.odd_text(branch),
            Deed::Restricted => self.join_restricted(branch),
            Deed::Knock => self.knock(branch),
            Deed::ThirdParty => self.invite_by_address(branch),
            Deed::Gap => self.gap(branch),
            Deed::WrongAuth => self.wrong_auth(branch),
            Deed::Unauthorised => self.overstep(branch),
            Deed::Invalid => self.fail_a_check(branch),
            Deed::Copies => self.copy(),
        }
        self.lines.len() > before
    }

    /// Sees to it that a user is joined.
    fn bring(&mut self, branch: &mut Branch, user: usize) -> bool {
        match self.membership(branch, user) {
            Membership::Join => return true,
            Membership::Ban => {
                let pardon = self.member(0, user, "leave");
                self.send(branch, &pardon);
            }
            _ => {}
        }
        if self.join_rule(branch) != Some(JoinRule::Public) {
            let invite = self.member(0, user, "invite");
            self.send(branch, &invite);
        }
        let join = self.member(user, user, "join");
        self.send(branch, &join)
    }

    /// Sees to it that a user has a level, where the creator can.
    fn empower(&mut self, branch: &mut Branch, user: usize, level: i64) -> bool {
        let levels = self.levels_with(branch, user, level);
        self.bring(branch, user) && self.send(branch, &Wish::state(0, POWER_LEVELS, "", levels))
    }

    /// The power levels of now, with the level of one user changed.
    fn levels_with(&self, branch: &Branch, user: usize, level: i64) -> crate::json::Object {
        let mut content = self.content(branch, POWER_LEVELS, "").unwrap_or_default();
        let mut users = content
            .remove("users")
            .and_then(crate::json::Value::into_object)
            .unwrap_or_default();
        users.insert(self.cast.user(user).as_str(), level);
        content.insert("users", users);
        content
    }

    /// The creator sets a join rule, unless it is that.
    fn set_join_rule(&mut self, branch: &mut Branch, rule: JoinRule) -> bool {
        if self.join_rule(branch) == Some(rule) {
            return true;
        }
        let allow = r#"[{"room_id":"!other:example.org","type":"m.room_membership"}]"#;
        let text = format!(r#"{{"join_rule":"{}","allow":{allow}}}"#, rule.as_str());
        self.send(branch, &Wish::state(0, JOIN_RULES, "", json(&text)))
    }

    /// All branches meet in this one, so that what happens on it is news to everybody.
    fn gather(&mut self, branch: &mut Branch) {
        let mut all = vec![branch.clone()];
        all.append(&mut self.branches);
        *branch = self.merged(&all);
        let hello = words::message(self);
        self.send(branch, &Wish::message(0, "m.room.message", hello));
    }

    /// What came of a scene lives on as a branch of its own, in so many of 100 cases.
    fn perhaps_fork(&mut self, branch: Branch, percent: usize) {
        if self.random.chance(percent) {
            self.fork(branch);
        }
    }
}
