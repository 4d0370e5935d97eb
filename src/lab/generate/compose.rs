//! Events as JSON: what their senders want, where they stand, hashes and signatures.

use petgraph::graph::NodeIndex;

use crate::auth;
use crate::crypto::{self, ReferenceHash};
use crate::event::{AuthoriserSigned, EventRef, PrevEvents};
use crate::id::{EventId, RoomId};
use crate::json::{Array, Mode, Object, Value, base64};
use crate::lab::generate::world::{Branch, World};
use crate::pdu::content::Content;
use crate::pdu::{CREATE, MEMBER, REDACTION};
use crate::room::next_depth;
use crate::version::{EventIdFormat, EventReferences, RedactsIn, RoomIdFormat, RoomVersionRules};

/// An event as its sender wants it.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) sender: usize,
    pub(super) event_type: String,
    pub(super) state_key: Option<String>,
    pub(super) content: Object,
    pub(super) redacts: Option<EventId>,
}

/// In what an event's header differs from what an honest server would write.
#[derive(Clone, Debug, Default)]
pub(super) struct Twist {
    pub(super) depth: Option<i64>,
    pub(super) time: Option<i64>,
    /// What it cites as `auth_events`.
    pub(super) auth_events: Option<Vec<EventId>>,
    /// The server that signs besides.
    pub(super) cosigner: Option<String>,
}

impl Wish {
    pub(super) fn message(sender: usize, event_type: &str, content: Object) -> Self {
        Self {
            sender,
            event_type: event_type.to_owned(),
            state_key: None,
            content,
            redacts: None,
        }
    }

    pub(super) fn state(sender: usize, event_type: &str, key: &str, content: Object) -> Self {
        Self {
            state_key: Some(key.to_owned()),
            ..Self::message(sender, event_type, content)
        }
    }

    pub(super) fn redaction(sender: usize, target: EventId, content: Object) -> Self {
        Self {
            redacts: Some(target),
            ..Self::message(sender, REDACTION, content)
        }
    }
}

/// JSON that this module's neighbours write.
pub(super) fn json(text: &str) -> Object {
    Object::parse(text.as_bytes(), Mode::Lenient).unwrap_or_default()
}

impl World {
    /// A member event.
    pub(super) fn member(&self, sender: usize, target: usize, membership: &str) -> Wish {
        let content = Object::from_iter([("membership", membership)]);
        Wish::state(sender, MEMBER, self.cast.user(target).as_str(), content)
    }

    /// An event at the end of a branch as the rules would see it.
    pub(super) fn described<R>(
        &self,
        branch: &Branch,
        wish: &Wish,
        look: impl FnOnce(&EventRef<'_>) -> R,
    ) -> R {
        let unnamed = RoomId::from_trusted("!new");
        let mut json = Object::new();
        json.insert("content", wish.content.clone());
        let is_state = wish.state_key.is_some();
        let content = Content::of(&json, &wish.event_type, is_state, self.rules());
        let tips = self.ids(&branch.tips);
        look(&EventRef {
            id: &EventId::from_trusted("$new"),
            room_id: self.room_id.as_ref().unwrap_or(&unnamed),
            event_type: &wish.event_type,
            state_key: wish.state_key.as_deref(),
            sender: &self.cast.user(wish.sender),
            origin_server_ts: self.now,
            depth: 0,
            prev_events: PrevEvents::of(&tips),
            content: &content,
            redacts: wish.redacts.as_ref(),
            states_room_id: self.room_id.is_some(),
            authoriser_signature: AuthoriserSigned::Unchecked,
        })
    }

    /// What an event has to cite at the end of a branch.
    pub(super) fn selected(&self, branch: &Branch, wish: &Wish) -> Vec<EventId> {
        let nodes: Vec<NodeIndex> = self.described(branch, wish, |event| {
            let selection = auth::selection(event, self.rules());
            let entries = selection.iter();
            entries
                .filter_map(|(t, k)| self.entry(branch, t, k))
                .collect()
        });
        self.ids(&nodes)
    }

    /// A whole event at the end of a branch, hashed and signed.
    pub(super) fn event(&mut self, branch: &Branch, wish: &Wish, twist: &Twist) -> Option<Object> {
        let json = self.unsigned(branch, wish, twist);
        self.signed(json, wish.sender, twist.cosigner.as_deref())
    }

    /// The same without hash and signature.
    pub(super) fn unsigned(&mut self, branch: &Branch, wish: &Wish, twist: &Twist) -> Object {
        let pause = self.random.below(90_000).saturating_add(20);
        self.now = self
            .now
            .saturating_add(i64::try_from(pause).unwrap_or_default());
        let depths = branch.tips.iter().filter_map(|tip| self.dag.event(*tip));
        let depth = next_depth(depths.map(|event| event.depth), self.rules());
        let auth_events = twist.auth_events.clone();
        let auth_events = auth_events.unwrap_or_else(|| self.selected(branch, wish));
        let sender = self.cast.user(wish.sender);

        let mut json = Object::new();
        json.insert("type", wish.event_type.as_str());
        if let Some(state_key) = &wish.state_key {
            json.insert("state_key", state_key.as_str());
        }
        let states_room = self.rules().room_id == RoomIdFormat::WithServer || self.create.is_some();
        if let Some(room) = self.room_id.as_ref().filter(|_| states_room) {
            json.insert("room_id", room.as_str());
        }
        json.insert("sender", sender.as_str());
        json.insert("origin_server_ts", twist.time.unwrap_or(self.now));
        json.insert("depth", twist.depth.unwrap_or(depth));
        if self.rules().event_id == EventIdFormat::Field {
            let opaque = self.letters(18);
            json.insert("event_id", format!("${opaque}:{}", sender.server_name()));
        }
        let prev_events = self.references(&self.ids(&branch.tips));
        json.insert("prev_events", prev_events);
        json.insert("auth_events", self.references(&auth_events));
        let mut content = wish.content.clone();
        match (&wish.redacts, self.rules().redacts) {
            (Some(target), RedactsIn::Event) => json.insert("redacts", target.as_str()),
            (Some(target), RedactsIn::Content) => content.insert("redacts", target.as_str()),
            (None, _) => None,
        };
        json.insert("content", content);
        json
    }

    /// Hashes an event, and signs it as the server of `sender`, and as `cosigner`.
    pub(super) fn signed(
        &self,
        mut json: Object,
        sender: usize,
        cosigner: Option<&str>,
    ) -> Option<Object> {
        let own = self.cast.server_of(sender)?;
        let other = cosigner.and_then(|name| self.cast.server(name));
        for server in [Some(own), other].into_iter().flatten() {
            let name = server.name.as_str();
            crypto::hash_and_sign_event(&mut json, self.rules(), name, &server.key);
        }
        Some(json)
    }

    /// The hash by which events that cite pairs cite this one.
    pub(super) fn pair_hash(&self, json: &Object) -> Option<[u8; 32]> {
        let is_pair = self.rules().references == EventReferences::Pairs;
        is_pair.then(|| *crypto::reference_hash(json, self.rules()).as_bytes())
    }

    pub(super) fn references(&self, ids: &[EventId]) -> Array {
        ids.iter().map(|id| self.reference(id)).collect()
    }

    pub(super) fn ids(&self, nodes: &[NodeIndex]) -> Vec<EventId> {
        let ids = nodes.iter().filter_map(|node| self.dag.id(*node));
        ids.cloned().collect()
    }

    /// An id that looks like an event's and is none.
    pub(super) fn unknown_id(&mut self) -> EventId {
        let rules = *self.rules();
        EventId::from_trusted(if rules.event_id == EventIdFormat::Field {
            format!("${}:gone.example.org", self.letters(18))
        } else {
            format!("${}", self.letters(43))
        })
    }

    /// The create event of another room, by the creator.
    pub(super) fn foreign_create(&mut self) -> Option<NodeIndex> {
        if self.foreign.is_some() {
            return self.foreign;
        }
        let content = super::founding::create_content(&self.cast.user(0), self.rules());
        let wish = Wish::state(0, CREATE, "", content);
        let mut json = self.unsigned(&Branch::default(), &wish, &Twist::default());
        match self.rules().room_id {
            RoomIdFormat::WithServer => {
                let server = self.cast.user(0).server_name().to_owned();
                let opaque = self.letters(18);
                json.insert("room_id", format!("!{opaque}:{server}"));
            }
            RoomIdFormat::CreateHash => {
                json.remove("room_id");
            }
        }
        let json = self.signed(json, 0, None)?;
        self.foreign = self.publish(&Branch::default(), &json);
        self.foreign
    }
}

/// A cited event in the form of the room version.
pub(super) fn reference(id: &EventId, hash: Option<[u8; 32]>, rules: &RoomVersionRules) -> Value {
    match rules.references {
        EventReferences::Ids => id.as_str().into(),
        EventReferences::Pairs => {
            let hash = ReferenceHash::from_bytes(hash.unwrap_or_default());
            let hash = Object::from_iter([("sha256", base64::encode(hash.as_bytes()))]);
            vec![id.as_str().into(), hash.into()].into()
        }
    }
}
