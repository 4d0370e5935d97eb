//! Restricted joins, and knocks.

use crate::json::Object;
use crate::lab::generate::compose::{Twist, Wish};
use crate::lab::generate::scenes::words;
use crate::lab::generate::world::{Branch, World};
use crate::pdu::content::{AUTHORISER, Membership};
use crate::version::JoinRule;

impl World {
    /// A user joins on the word of a member whose server signs the join, or does not; or whose word
    /// is worth nothing.
    pub(super) fn join_restricted(&mut self, branch: &mut Branch) {
        let both = [JoinRule::Restricted, JoinRule::KnockRestricted];
        let rule = both.get(self.random.below(2)).copied();
        let rule = rule.filter(|rule| self.rules().auth.knows(*rule));
        let is_restricted = self
            .join_rule(branch)
            .is_some_and(|rule| both.contains(&rule));
        if !is_restricted && !self.set_join_rule(branch, rule.unwrap_or(JoinRule::Restricted)) {
            return;
        }
        let user = self.newcomer();
        let mut host = self.joined(branch);
        let kind = self.random.below(10);
        if kind == 0 {
            host = self.newcomer();
        }
        let mut wish = self.member(user, user, "join");
        wish.content = words::profile(self, user);
        let vouching = self.cast.user(host);
        wish.content.insert(AUTHORISER, vouching.as_str());
        if kind == 1 {
            wish.content.remove(AUTHORISER);
        }
        let cosigner = (kind != 2).then(|| vouching.server_name().to_owned());
        let twist = Twist {
            cosigner,
            ..Twist::default()
        };
        let is_same_server = vouching.server_name() == self.cast.user(user).server_name();
        if kind == 2 && !is_same_server {
            // Without the signature it is dropped.
            if let Some(json) = self.event(branch, &wish, &twist) {
                self.emit(json.to_canonical());
            }
            return;
        }
        self.force(branch, &wish, &twist);
        if kind > 7 {
            // Some are let in by an invite as ever.
            let (guest, host) = (self.newcomer(), self.joined(branch));
            let invite = self.member(host, guest, "invite");
            let join = self.member(guest, guest, "join");
            let _ = self.send(branch, &invite) && self.send(branch, &join);
        }
    }

    /// A user knocks; or knocks where that makes no sense.
    pub(super) fn knock(&mut self, branch: &mut Branch) {
        let rules = [JoinRule::Knock, JoinRule::KnockRestricted];
        let lets_knock = self
            .join_rule(branch)
            .is_some_and(|rule| rules.contains(&rule));
        if self.random.chance(12) {
            // One who is in the room already, or where there is no knocking.
            let user = if lets_knock {
                self.joined(branch)
            } else {
                self.newcomer()
            };
            let wish = self.member(user, user, "knock");
            self.force(branch, &wish, &Twist::default());
            return;
        }
        let rule = if self.rules().auth.knows(JoinRule::KnockRestricted) && self.random.chance(30) {
            JoinRule::KnockRestricted
        } else {
            JoinRule::Knock
        };
        if !lets_knock && !self.set_join_rule(branch, rule) {
            return;
        }
        let user = self.newcomer();
        let mut wish = self.member(user, user, "knock");
        wish.content.insert("reason", words::sentence(self));
        if !self.send(branch, &wish) {
            return;
        }
        let moderator = self.moderator(branch);
        let answer = match self.random.below(5) {
            0 => self.member(moderator, user, "leave"),
            1 => self.member(user, user, "leave"),
            2 => self.member(moderator, user, "ban"),
            _ => self.member(moderator, user, "invite"),
        };
        self.send(branch, &answer);
        if self.membership(branch, user) == Membership::Invite {
            let (name, content) = (self.cast.user(user), words::profile(self, user));
            let join: Object = content;
            self.send(
                branch,
                &Wish::state(user, crate::pdu::MEMBER, name.as_str(), join),
            );
        }
    }
}
