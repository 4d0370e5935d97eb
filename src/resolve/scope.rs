//! What every step of a resolution reads.

use std::cell::OnceCell;

use petgraph::graph::NodeIndex;

use crate::auth::power;
use crate::dag::RoomDag;
use crate::event::EventRef;
use crate::id::EventId;
use crate::pdu::content::{Content, Membership, Power};
use crate::resolve::{Options, RejectedEvents};
use crate::state::KeyIx;
use crate::version::{CreateReference, RoomVersionRules};

/// The room, its rules and the options.
pub(super) struct Scope<'a> {
    pub(super) dag: &'a RoomDag,
    pub(super) rules: &'a RoomVersionRules,
    pub(super) options: &'a Options,
    /// The create event of the room, once an event has implied one.
    create: OnceCell<NodeIndex>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(dag: &'a RoomDag, rules: &'a RoomVersionRules, options: &'a Options) -> Self {
        Self {
            dag,
            rules,
            options,
            create: OnceCell::new(),
        }
    }

    /// The create event that the room id implies, in room versions where events do not cite it.
    pub(super) fn implied_create(&self, event: &EventRef<'_>) -> Option<NodeIndex> {
        if self.rules.auth.create_reference == CreateReference::Required {
            return None;
        }
        let rest = event.room_id.as_str().get(1..)?;
        let is_of_room = |node: &NodeIndex| {
            let id = self.dag.id(*node);
            id.is_some_and(|id| id.as_str().get(1..) == Some(rest))
        };
        let known = self.create.get().copied().filter(is_of_room);
        known.or_else(|| {
            let node = self.dag.node(format!("${rest}"))?;
            // Events of other rooms, which no rule lets in, look theirs up each time.
            self.create.get_or_init(|| node);
            Some(node)
        })
    }

    /// The id of the create event that the event's room id implies, if that is not known.
    pub(super) fn missing_create(&self, node: NodeIndex) -> Option<EventId> {
        let event = self.dag.event(node)?;
        let implies = self.rules.auth.create_reference == CreateReference::Forbidden;
        let rest = event.room_id.as_str().get(1..).filter(|_| implies)?;
        let create = self.implied_create(&event);
        (!create.is_some_and(|create| self.dag.is_known(create)))
            .then(|| EventId::from_trusted(format!("${rest}")))
    }

    /// The event at `node` that has `key`, among those that an event cites.
    pub(super) fn cited(&self, event: NodeIndex, key: KeyIx) -> Option<NodeIndex> {
        self.dag
            .auth_events(event)
            .find(|cited| self.dag.key(*cited) == Some(key))
    }

    pub(super) fn is_rejected(&self, event: NodeIndex) -> bool {
        self.dag.is_rejected(event)
    }

    /// Whether `event` is to be left out because it was rejected.
    pub(super) fn skips(&self, event: NodeIndex) -> bool {
        self.options.rejected == RejectedEvents::Skip && self.is_rejected(event)
    }

    /// Whether `event` is a *power event*: it might take somebody's abilities away.
    ///
    /// Power levels and join rules are power events with an empty state key only. The letter names
    /// the types alone; servers look at the state key, too, so this is what the network computes.
    pub(super) fn is_power_event(&self, node: NodeIndex) -> bool {
        let key = self.dag.key(node);
        if matches!(key, Some(KeyIx::POWER_LEVELS | KeyIx::JOIN_RULES)) {
            return true;
        }
        let Some(event) = self.dag.event(node) else {
            return false;
        };
        let (Content::Member(member), Some(target)) = (event.content, event.state_key) else {
            return false;
        };
        matches!(member.membership, Some(Membership::Leave | Membership::Ban))
            && event.sender.as_str() != target
    }

    /// The power of an event's sender by the event's own `auth_events`.
    pub(super) fn sender_power(&self, node: NodeIndex) -> Power {
        let Some(event) = self.dag.event(node) else {
            return Power::Unreadable;
        };
        let levels = self
            .cited(node, KeyIx::POWER_LEVELS)
            .and_then(|node| self.dag.event(node));
        let create = self
            .implied_create(&event)
            .or_else(|| self.cited(node, KeyIx::CREATE))
            .and_then(|node| self.dag.event(node));
        power(event.sender.as_str(), levels, create, self.rules)
    }
}

/// Sorts what stands for events by their ids. The first bytes of two ids nearly always tell them
/// apart, so they are looked up once and compared as a number.
pub(super) fn sort_by_id<T>(scope: &Scope<'_>, items: &mut [T], event: impl Fn(&T) -> NodeIndex) {
    items.sort_by_cached_key(|item| {
        let id = scope.dag.id(event(item))?;
        let start = id.as_str().as_bytes().first_chunk::<8>();
        // A shorter id may be equal to the start of a longer one; all of it is compared.
        Some((start.map_or(0, |start| u64::from_be_bytes(*start)), id))
    });
}

#[cfg(test)]
mod tests {
    use super::Scope;
    use crate::dag::RoomDag;
    use crate::event::{AuthoriserSigned, Event, EventRef, PrevEvents};
    use crate::id::{EventId, RoomId, UserId};
    use crate::pdu::content::Content;
    use crate::resolve::Options;
    use crate::version::V12;

    fn event(id: &str, room_id: &str, event_type: &str) -> Event {
        let parts = EventRef {
            id: &EventId::from_trusted(id),
            room_id: &RoomId::from_trusted(room_id),
            event_type,
            state_key: Some(""),
            sender: &UserId::from_trusted("@alice:a"),
            origin_server_ts: 1,
            depth: 1,
            prev_events: PrevEvents::None,
            content: &Content::Other,
            redacts: None,
            states_room_id: event_type != "m.room.create",
            authoriser_signature: AuthoriserSigned::Unchecked,
        };
        Event::trusted(&parts, Vec::new(), Vec::new())
    }

    #[test]
    fn each_event_has_the_create_event_of_its_own_room() {
        let mut dag = RoomDag::new();
        for room in ["one", "two"] {
            let (create, id) = (format!("${room}"), format!("!{room}"));
            dag.insert(event(&create, &id, "m.room.create")).unwrap();
            let topic = format!("${room}-topic");
            dag.insert(event(&topic, &id, "m.room.topic")).unwrap();
        }
        let options = Options::of(&V12);
        let scope = Scope::new(&dag, &V12, &options);
        for room in ["one", "two", "one"] {
            let topic = dag.node(format!("${room}-topic")).unwrap();
            let implied = scope.implied_create(&dag.event(topic).unwrap());
            assert_eq!(implied, dag.node(format!("${room}")));
        }
    }
}
