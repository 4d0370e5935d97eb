//! Events that the rules do not allow: by what they cite, or by what they do.

use crate::id::EventId;
use crate::json::Object;
use crate::lab::generate::compose::{Twist, Wish, json};
use crate::lab::generate::scenes::words;
use crate::lab::generate::world::{Branch, World};
use crate::pdu::{CREATE, JOIN_RULES, MEMBER, POWER_LEVELS};
use crate::version::CreateReference;

impl World {
    /// A member says something that cites what it should not, or not what it should.
    pub(super) fn wrong_auth(&mut self, branch: &mut Branch) {
        let sender = self.joined(branch);
        let wish = if self.random.chance(30) {
            let (name, content) = (self.cast.user(sender), words::profile(self, sender));
            Wish::state(sender, MEMBER, name.as_str(), content)
        } else {
            Wish::message(sender, "m.room.message", words::message(self))
        };
        let right = self.selected(branch, &wish);
        let Some(cited) = self.wrongly_cited(branch, sender, right) else {
            return;
        };
        // Whatever cites what nobody knows waits for ever, and nothing should follow it.
        let is_known = cited.iter().all(|id| self.dag.node(id).is_some());
        let twist = Twist {
            auth_events: Some(cited),
            ..Twist::default()
        };
        let mut side = branch.clone();
        self.force(&mut side, &wish, &twist);
        // What is allowed all the same, as an event that does not cite the levels may be, goes on.
        if is_known && side.tips != branch.tips && self.random.chance(50) {
            *branch = side;
        }
    }

    fn wrongly_cited(
        &mut self,
        branch: &mut Branch,
        sender: usize,
        mut cited: Vec<EventId>,
    ) -> Option<Vec<EventId>> {
        let of_type = |world: &Self, id: &EventId, event_type: &str| {
            let node = world.dag.node(id);
            node.and_then(|node| world.dag.event(node))
                .is_some_and(|e| e.event_type == event_type)
        };
        match self.random.below(10) {
            0 => cited.retain(|id| !of_type(self, id, MEMBER)),
            1 => cited.retain(|id| !of_type(self, id, POWER_LEVELS)),
            2 if self.rules().auth.create_reference == CreateReference::Required => {
                cited.retain(|id| !of_type(self, id, CREATE));
            }
            2 | 3 => {
                let surplus = [
                    ("m.room.name", ""),
                    ("m.room.guest_access", ""),
                    (JOIN_RULES, ""),
                ];
                let (event_type, key) = *self.random.pick(&surplus)?;
                let node = self.entry(branch, event_type, key)?;
                cited.push(self.dag.id(node)?.clone());
            }
            4 => {
                let other = self.cast.user(sender.saturating_add(1));
                let node = self.entry(branch, MEMBER, other.as_str())?;
                cited.push(self.dag.id(node)?.clone());
            }
            5 => {
                let twice = cited.last()?.clone();
                cited.push(twice);
            }
            6 => {
                let old = self.earlier().map(|node| self.at(node))?;
                let levels = self.entry(&old, POWER_LEVELS, "")?;
                cited.retain(|id| !of_type(self, id, POWER_LEVELS));
                cited.push(self.dag.id(levels)?.clone());
            }
            7 => {
                let rejected = self.rejected_levels(branch)?;
                cited.retain(|id| !of_type(self, id, POWER_LEVELS));
                cited.push(rejected);
            }
            8 => {
                let node = self.foreign_create()?;
                cited.retain(|id| !of_type(self, id, CREATE));
                cited.push(self.dag.id(node)?.clone());
            }
            _ => cited.push(self.unknown_id()),
        }
        Some(cited)
    }

    /// Power levels by somebody who may not change them.
    fn rejected_levels(&mut self, branch: &mut Branch) -> Option<EventId> {
        let user = self.commoner(branch)?;
        let content = self.levels_with(branch, user, 100);
        let wish = Wish::state(user, POWER_LEVELS, "", content);
        let node = self.force(branch, &wish, &Twist::default())?;
        self.dag
            .id(node)
            .filter(|_| !self.is_accepted(node))
            .cloned()
    }

    /// Somebody does what the rules forbid.
    pub(super) fn overstep(&mut self, branch: &mut Branch) {
        let stranger = self.newcomer();
        let user = self.joined(branch);
        let other = self.joined(branch);
        let wish = match self.random.below(14) {
            0 => Wish::message(stranger, "m.room.message", words::message(self)),
            1 => self.member(stranger, other, "invite"),
            2 => self.member(user, 0, "ban"),
            3 => self.member(user, 1, "leave"),
            4 => {
                let content = self.levels_with(branch, user, 101);
                Wish::state(user, POWER_LEVELS, "", content)
            }
            5 => {
                let content = self.levels_with(branch, 1, 0);
                Wish::state(user, POWER_LEVELS, "", content)
            }
            6 => Wish::state(user, "m.room.history_visibility", "", json("{}")),
            7 => {
                let name = self.cast.user(0);
                Wish::state(user, "org.example.mine", name.as_str(), Object::new())
            }
            8 => self.member(user, other, "join"),
            9 => self.member(user, 0, "invite"),
            10 => self.member(user, user, "org.example.present"),
            11 => Wish::state(user, MEMBER, "nobody", Object::new()),
            12 => {
                let content =
                    super::super::founding::create_content(&self.cast.user(user), self.rules());
                Wish::state(user, "m.room.tombstone", "", content)
            }
            _ => Wish::state(user, JOIN_RULES, "", json(r#"{"join_rule":"private"}"#)),
        };
        if !self.may(branch, &wish) {
            self.force(branch, &wish, &Twist::default());
        }
    }
}
