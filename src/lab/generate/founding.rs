//! How a room begins.

use crate::id::UserId;
use crate::json::{Object, Value};
use crate::lab::generate::compose::{Twist, Wish, json};
use crate::lab::generate::scenes::{first_levels, profile};
use crate::lab::generate::world::{Branch, World};
use crate::pdu::{CREATE, HISTORY_VISIBILITY, JOIN_RULES, MEMBER, POWER_LEVELS};
use crate::version::{CreatorRule, RoomVersionRules, RoomVersions};

/// What a create event has to say.
pub(super) fn create_content(creator: &UserId, rules: &RoomVersionRules) -> Object {
    let mut content = Object::from_iter([("room_version", rules.id)]);
    if rules.auth.creator == CreatorRule::Content {
        content.insert("creator", creator.as_str());
    }
    content
}

impl World {
    /// The room is created, set up, and its first members join.
    pub(super) fn found(&mut self) {
        let mut branch = Branch::default();
        let (sender, content) = self.creation();
        let wish = Wish::state(sender, CREATE, "", content);
        self.force(&mut branch, &wish, &Twist::default());
        self.arrive(&mut branch, 0);
        let levels = first_levels(self);
        self.send(&mut branch, &Wish::state(0, POWER_LEVELS, "", levels));
        for (event_type, content) in [
            (JOIN_RULES, r#"{"join_rule":"public"}"#),
            (HISTORY_VISIBILITY, r#"{"history_visibility":"shared"}"#),
            ("m.room.guest_access", r#"{"guest_access":"can_join"}"#),
            ("m.room.name", r#"{"name":"The Lounge"}"#),
        ] {
            self.send(&mut branch, &Wish::state(0, event_type, "", json(content)));
        }
        let half = self.recipe.events / 2;
        let members = self.recipe.members.min(half).max(4);
        self.next_user = members;
        for user in 1..members {
            self.arrive(&mut branch, user);
        }
        self.branches = vec![branch];
    }

    fn arrive(&mut self, branch: &mut Branch, user: usize) {
        let content = profile(self, user);
        let name = self.cast.user(user);
        self.send(branch, &Wish::state(user, MEMBER, name.as_str(), content));
    }

    /// Who sends the create event, and its content.
    fn creation(&mut self) -> (usize, Object) {
        let mut content = create_content(&self.cast.user(0), self.rules());
        if !self.recipe.odd_create {
            return (0, content);
        }
        let rules = *self.rules();
        let mut sender = 0;
        for _ in 0..3 {
            match self.random.below(7) {
                0 if rules.id == RoomVersions::unnamed().id => {
                    content.remove("room_version");
                }
                // The room is said to be the creation of another user of that server.
                1 if rules.auth.creator == CreatorRule::Content => sender = self.recipe.servers,
                1 | 2 if rules.auth.creator == CreatorRule::SenderAndAdditional => {
                    let first = self.moderators().saturating_add(1);
                    let more = (first..first.saturating_add(2))
                        .map(|user| Value::from(self.cast.user(user).as_str()));
                    content.insert("additional_creators", Value::Array(more.collect()));
                }
                2 => {
                    content.insert("additional_creators", "nobody asks");
                }
                3 => {
                    content.insert("type", "m.space");
                }
                4 => {
                    let room = r#"{"event_id":17,"room_id":"not a room"}"#;
                    content.insert("predecessor", json(room));
                }
                5 => {
                    content.insert("m.federate", true);
                }
                _ => {
                    content.insert("org.example.é\u{1f980}", json(r#"{"":[null,true,{}]}"#));
                }
            }
        }
        (sender, content)
    }
}
