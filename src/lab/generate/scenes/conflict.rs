//! Those who have power act against each other.

use crate::lab::generate::compose::Wish;
use crate::lab::generate::scenes::words;
use crate::lab::generate::world::{Branch, World};
use crate::pdu::POWER_LEVELS;
use crate::version::JoinRule;

impl World {
    /// The creator and the administrator, or the administrator and a moderator, act against each
    /// other on two branches, which then meet.
    pub(super) fn duel(&mut self, branch: &mut Branch) {
        let moderators = self.moderators();
        let (strong, weak) = if self.random.chance(60) {
            (0, 1)
        } else {
            (
                1,
                self.random
                    .below(moderators.saturating_sub(1))
                    .saturating_add(2),
            )
        };
        let levels = [100, 75, 50];
        for fighter in [strong, weak].into_iter().filter(|fighter| *fighter > 0) {
            let level = levels.get(fighter.min(2)).copied().unwrap_or_default();
            if !self.is_powerful(branch, fighter) && !self.empower(branch, fighter, level) {
                return;
            }
        }
        let (mut one, mut other) = (branch.clone(), branch.clone());
        let aims = self.random.below(4);
        self.strike(&mut one, strong, weak, aims);
        self.strike_back(&mut other, weak, strong, aims);
        if self.random.chance(50) {
            let (sender, content) = (self.joined(&other), words::message(self));
            self.send(
                &mut other,
                &Wish::message(sender, "m.room.message", content),
            );
        }
        let mut merged = self.merged(&[one, other]);
        let (sender, content) = (self.joined(&merged), words::message(self));
        if self.send(
            &mut merged,
            &Wish::message(sender, "m.room.message", content),
        ) {
            *branch = merged;
        }
    }

    /// Whether a user is joined and has more power than one of whom nothing is said.
    fn is_powerful(&self, branch: &Branch, user: usize) -> bool {
        let joined = crate::pdu::content::Membership::Join;
        let nobody = usize::MAX;
        self.membership(branch, user) == joined && self.outranks(branch, user, nobody)
    }

    /// What the stronger one does.
    fn strike(&mut self, branch: &mut Branch, strong: usize, weak: usize, aims: usize) {
        let wish = match aims {
            0 => self.member(strong, weak, "ban"),
            1 => self.member(strong, weak, "leave"),
            _ => {
                let content = self.levels_with(branch, weak, 0);
                Wish::state(strong, POWER_LEVELS, "", content)
            }
        };
        self.send(branch, &wish);
    }

    /// What the weaker one does meanwhile: against others, for the stronger one is out of reach.
    fn strike_back(&mut self, branch: &mut Branch, weak: usize, strong: usize, aims: usize) {
        let users = self.next_user.saturating_sub(1);
        let mut victim = self.random.below(users).saturating_add(1);
        if victim == weak || victim == strong {
            victim = self.moderators().saturating_add(1);
        }
        let levels = self.levels_with(branch, victim, 25);
        let wishes = [
            self.member(weak, victim, "ban"),
            Wish::state(weak, POWER_LEVELS, "", levels),
            Wish::state(weak, "m.room.topic", "", words::message(self)),
        ];
        let first = aims.min(1);
        for wish in wishes.iter().skip(first) {
            self.send(branch, wish);
        }
        if self.random.chance(40) {
            let rule = if self.join_rule(branch) == Some(JoinRule::Public) {
                "invite"
            } else {
                "public"
            };
            let content = crate::json::Object::from_iter([("join_rule", rule)]);
            self.send(
                branch,
                &Wish::state(weak, crate::pdu::JOIN_RULES, "", content),
            );
        }
    }
}
