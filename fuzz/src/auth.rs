//! What holds of every decision of the authorisation rules.

use std::cell::RefCell;
use std::collections::BTreeSet;

use roomdag::auth::{Decision, Rule, StateView};
use roomdag::event::EventRef;
use roomdag::pdu::content::{Content, Membership};
use roomdag::testing::drawn::Scene;

/// A state that remembers what it was asked for.
pub struct Watched<'a> {
    scene: &'a Scene,
    asked: RefCell<BTreeSet<(String, String)>>,
}

impl<'a> Watched<'a> {
    /// Nobody has asked yet.
    pub fn new(scene: &'a Scene) -> Self {
        Self {
            scene,
            asked: RefCell::default(),
        }
    }

    /// The types and state keys that were asked for.
    pub fn asked(&self) -> BTreeSet<(String, String)> {
        self.asked.borrow().clone()
    }
}

impl StateView for Watched<'_> {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        let key = (event_type.to_owned(), state_key.to_owned());
        self.asked.borrow_mut().insert(key);
        self.scene.get(event_type, state_key)
    }
}

/// Who is banned does not join but as the first to do so (AU-23: that needs nothing else), and who
/// has not joined does nothing but what is about membership, or what old room versions let anybody
/// do to their server's aliases.
pub fn assert_sound(scene: &Scene, decision: &Decision) {
    let event = scene.event.as_ref();
    let is_first = decision.rule == Rule::JoinFirstMember;
    if !decision.is_allowed() || is_first || event.event_type == "m.room.create" {
        return;
    }
    let of = |user: &str| match scene.get("m.room.member", user).map(|event| event.content) {
        Some(Content::Member(member)) => member.membership,
        _ => None,
    };
    let sender = of(event.sender.as_str());
    match event.content {
        Content::Member(member) if event.event_type == "m.room.member" => {
            let target = event
                .state_key
                .expect("a member event without a target is rejected");
            if member.membership == Some(Membership::Join) {
                assert_eq!(event.sender.as_str(), target);
                assert_ne!(of(target), Some(Membership::Ban));
            }
            if event.sender.as_str() != target && member.third_party_invite().is_none() {
                assert_eq!(sender, Some(Membership::Join));
            }
        }
        _ if event.event_type == "m.room.aliases" => {}
        _ => assert_eq!(sender, Some(Membership::Join)),
    }
}
