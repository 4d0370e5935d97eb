//! Events that claim to be older than they are, and events that are not to be had.

use crate::json::Object;
use crate::lab::generate::compose::{Twist, Wish};
use crate::lab::generate::scenes::words;
use crate::lab::generate::world::{Branch, World};
use crate::pdu::content::Membership;
use crate::pdu::{JOIN_RULES, MEMBER, POWER_LEVELS};

impl World {
    /// An event that follows old ones, by somebody who could send it then.
    pub(super) fn backdate(&mut self, branch: &mut Branch) {
        if self.random.chance(40) {
            self.gather(branch);
        }
        let Some(old) = self.earlier().filter(|node| self.is_accepted(*node)) else {
            return;
        };
        let mut past = self.at(old);
        let sender = self.moderator(&past);
        let victim = self
            .random
            .below(self.next_user.saturating_sub(1))
            .saturating_add(1);
        let wish = match self.random.below(6) {
            0 => self.member(sender, victim, "ban"),
            1 => self.member(sender, victim, "leave"),
            2 => {
                let content = self.levels_with(&past, victim, 50);
                Wish::state(sender, POWER_LEVELS, "", content)
            }
            3 => {
                let rule = self.random.pick(&["invite", "public"]).copied();
                let content = Object::from_iter([("join_rule", rule.unwrap_or_default())]);
                Wish::state(sender, JOIN_RULES, "", content)
            }
            4 => Wish::state(sender, "m.room.topic", "", words::message(self)),
            _ => self.member(victim, victim, "join"),
        };
        if !self.may(&past, &wish) {
            return;
        }
        let twist = self.false_header(old);
        if self.force(&mut past, &wish, &twist).is_some() {
            self.perhaps_fork(past, 50);
        }
    }

    /// A time shortly after an old event, or none that makes sense; and a depth like that.
    fn false_header(&mut self, old: petgraph::graph::NodeIndex) -> Twist {
        let then = self.dag.origin_server_ts(old).unwrap_or_default();
        let max_depth = self.rules().max_depth;
        let time = match self.random.below(10) {
            0 => 0,
            1 => -1,
            2 => 4_102_444_800_000,
            3 => crate::json::MAX_INTEGER,
            4 => then.saturating_sub(100_000),
            _ => then.saturating_add(10),
        };
        let depth = match self.random.below(8) {
            0 => Some(0),
            1 => Some(1),
            2 => Some(max_depth),
            3 => Some(1_000_000),
            _ => None,
        };
        Twist {
            time: Some(time),
            depth,
            ..Twist::default()
        }
    }

    /// A user is banned, and goes on as if from before.
    pub(super) fn evade(&mut self, branch: &mut Branch) {
        if self.random.chance(60) {
            self.gather(branch);
        }
        let Some(user) = self.commoner(branch) else {
            return;
        };
        let mut before = branch.clone();
        let then = self.now;
        let moderator = self.moderator(branch);
        let ban = self.member(moderator, user, "ban");
        if !self.send(branch, &ban) {
            return;
        }
        for _ in 0..=self.random.below(2) {
            let name = self.cast.user(user);
            let wish = match self.random.below(5) {
                0 => Wish::state(user, MEMBER, name.as_str(), words::profile(self, user)),
                1 => self.member(user, user, "leave"),
                2 => {
                    let friend = self.newcomer();
                    self.member(user, friend, "invite")
                }
                _ => Wish::message(user, "m.room.message", words::message(self)),
            };
            let twist = Twist {
                time: Some(then.saturating_add(5)),
                ..Twist::default()
            };
            if self.may(&before, &wish) {
                self.force(&mut before, &wish, &twist);
            }
        }
        // Somebody's server has not heard of the ban.
        self.perhaps_fork(before, 25);
    }

    /// Somebody loses a power, and uses it all the same.
    pub(super) fn lose_power(&mut self, branch: &mut Branch) {
        if self.random.chance(80) {
            self.gather(branch);
        }
        let user = self.random.below(self.moderators()).saturating_add(1);
        if !self.empower(branch, user, 50) {
            return;
        }
        let mut before = branch.clone();
        let loss = match self.random.below(3) {
            0 => self.member(0, user, "leave"),
            1 => self.member(0, user, "ban"),
            _ => {
                let content = self.levels_with(branch, user, 0);
                Wish::state(0, POWER_LEVELS, "", content)
            }
        };
        if !self.send(branch, &loss) {
            return;
        }
        let topic = Object::from_iter([("topic", words::sentence(self))]);
        let victim = self.moderators().saturating_add(1);
        let wishes = [
            Wish::state(user, "m.room.topic", "", topic),
            self.member(user, victim, "leave"),
        ];
        let skipped = self.random.below(2);
        for wish in wishes.iter().take(2_usize.saturating_sub(skipped)) {
            self.send(&mut before, wish);
        }
        if self.membership(branch, user) != Membership::Join && self.random.chance(70) {
            self.bring(branch, user);
        }
    }

    /// A branch whose first event is not in the dump.
    pub(super) fn gap(&mut self, branch: &mut Branch) {
        let mut side = branch.clone();
        let user = if self.random.chance(50) {
            self.newcomer()
        } else {
            self.joined(branch)
        };
        let first = if self.membership(branch, user) == Membership::Join {
            Wish::message(user, "m.room.message", words::message(self))
        } else {
            self.member(user, user, "join")
        };
        if !self.may(&side, &first) {
            return;
        }
        let Some(node) = self.force(&mut side, &first, &Twist::default()) else {
            return;
        };
        self.leave_out(node);
        for _ in 0..=self.random.below(3) {
            let content = words::message(self);
            self.send(&mut side, &Wish::message(user, "m.room.message", content));
        }
        // What meets the branch waits with it, so that is for the end.
        let is_near_end = self.lines.len() > self.recipe.events.saturating_mul(9) / 10;
        self.perhaps_fork(side, if is_near_end { 50 } else { 0 });
    }
}
