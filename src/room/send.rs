//! Sending: where a new event stands, and whether it may.
//!
//! A new event follows the forward extremities, cites what auth events selection names in the
//! state before it, and is held against the same rules as an event that is received. Whatever is
//! built here passes the room's own [`receive`](Room::receive), which the host calls with it like
//! any other server does.
//!
//! Spec: <https://spec.matrix.org/v1.19/server-server-api/#adding-hashes-and-signatures-to-outgoing-events>,
//! [auth events selection](https://spec.matrix.org/v1.19/server-server-api/#auth-events-selection).

use std::cell::RefCell;

use petgraph::graph::NodeIndex;

use crate::auth::{self, Decision, StateView};
use crate::crypto::{ReferenceHash, Timestamp};
use crate::event::{AuthoriserSigned, EventRef, PrevEvents};
use crate::id::{EventId, RoomId, ServerName, UserId};
use crate::json::Object;
use crate::pdu::content::{AUTHORISER, Authoriser, Content, Membership, NamedLevel, Power};
use crate::pdu::{CREATE, JOIN_RULES, MEMBER, POWER_LEVELS, Pdu};
use crate::resolve::{self, ResolveError};
use crate::room::draft::{Assembled, BuildError, Draft, Signer, assemble};
use crate::room::place::{Cited, Place, next_depth};
use crate::room::policy::policy_check;
use crate::room::resident::template_response;
use crate::room::restricted::{
    Condition, CountersignError, JoinRefusal, countersign_join, restricted_join,
};
use crate::room::template::Handshake;
use crate::room::{Room, RoomState};
use crate::state::StateMap;
use crate::timeline::Quality;
use crate::version::{EventReferences, JoinRule};

/// An event that was built, and what is left to do before it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Built {
    /// The event.
    pub event: Assembled,
    /// The policy server that has to sign it first, if the room uses one and this is not the event
    /// that names it.
    ///
    /// Spec: [asking for a signature][asking].
    ///
    /// [asking]: https://spec.matrix.org/v1.19/server-server-api/#asking-for-a-policy-server-signature-on-an-event
    pub policy_server: Option<ServerName>,
}

/// Why an event was not built. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The rules do not allow it, by the state before it or by the current state.
    #[error("the event is not allowed: {0}")]
    Forbidden(Box<Decision>),
    /// Whether they allow it depends on members that were left out of a claimed state.
    #[error("whether the event is allowed depends on {} unknown members", members.len())]
    Undecided {
        /// Their user ids, sorted.
        members: Vec<Box<str>>,
    },
    /// The room has no forward extremities to build on.
    #[error("there is nothing to build on")]
    NoExtremities,
    /// The state before the event cannot be resolved.
    #[error(transparent)]
    State(#[from] ResolveError),
    /// No event can be made of what was given.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// Why a restricted join is not vouched for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthoriseError {
    /// The event is of another room, about which this one says nothing.
    #[error("the event is not of room `{room_id:.255}`")]
    OtherRoom {
        /// This room.
        room_id: RoomId,
    },
    /// The join names nobody who is to vouch for it, as that of a user who is invited or in the
    /// room: take it as it is, and let the rules judge it on receipt.
    #[error("the join names nobody who is to vouch for it")]
    NotAsked,
    /// The room does not let anybody in on somebody's word: take the join as it is.
    #[error("the join rule is not restricted")]
    NotRestricted,
    /// What is to be answered instead.
    #[error(transparent)]
    Refused(#[from] JoinRefusal),
    /// The event is not one to sign.
    #[error(transparent)]
    Countersign(#[from] CountersignError),
}

/// Where a new event stands, and the state before it.
struct Spot {
    prev: Vec<NodeIndex>,
    state: StateMap,
    quality: Quality,
}

impl Room {
    /// Builds an event: finds its place, holds it against the rules, hashes it and signs it.
    ///
    /// It follows the forward extremities. Of more than
    /// [`Limits::built_prev_events`](crate::limits::Limits::built_prev_events), half are those
    /// that arrived last and half those that have stood longest, so that no branch is left behind
    /// for ever and nobody can choose, by depth or time, which are taken. The room does not change:
    /// give what was built to [`receive`](Self::receive), after the policy server has signed it
    /// if there is one, and send it to the other servers.
    ///
    /// # Errors
    ///
    /// [`SendError`].
    ///
    /// # Complexity
    ///
    /// A look at each forward extremity, the resolution of the states after those that are
    /// followed, the rules twice, two hashes and a signature.
    pub fn build(
        &self,
        draft: Draft,
        signer: Signer<'_>,
        now: Timestamp,
    ) -> Result<Built, SendError> {
        if let Some(user) = foreign_authoriser(&draft, signer.server) {
            let server = signer.server.clone();
            return Err(BuildError::ForeignAuthoriser { user, server }.into());
        }
        let place = self.place(&draft, now)?;
        let rules = self.rules();
        let event = assemble(draft, &place, signer, rules, &self.limits)?;
        let policy = self.policy_server();
        let is_recommended = policy_check(event.pdu(), policy, rules).is_recommended();
        let policy_server = policy.server().filter(|_| !is_recommended);
        Ok(Built {
            policy_server: policy_server.map(|server| server.via.clone()),
            event,
        })
    }

    /// The body of a response of `/make_join`, `/make_knock` or `/make_leave` for a user of
    /// another server: what they would send, if they may.
    ///
    /// `authoriser` is the user of this server who vouches for a restricted join:
    /// [`authoriser_of`](Self::authoriser_of), once the conditions are found to hold.
    ///
    /// # Errors
    ///
    /// [`SendError`]: the request is to be refused.
    ///
    /// Spec: [joining rooms](https://spec.matrix.org/v1.19/server-server-api/#joining-rooms).
    pub fn make_template(
        &self,
        handshake: Handshake,
        user: &UserId,
        authoriser: Option<&UserId>,
        resident: &ServerName,
        now: Timestamp,
    ) -> Result<Object, SendError> {
        let mut content = Object::from_iter([("membership", handshake.membership().as_str())]);
        if let Some(authoriser) = authoriser {
            content.insert(AUTHORISER, authoriser.as_str());
        }
        let draft = Draft::state(user.clone(), MEMBER, user.as_str(), content);
        let place = self.place(&draft, now)?;
        let response =
            template_response(handshake, user, &place, authoriser, resident, self.rules());
        Ok(response?)
    }

    /// A user of a server who can vouch for restricted joins: one who is joined and may invite, by
    /// the current state. Of several it is the one of the most power, and of those the first by id.
    ///
    /// O(u · log n) in the users of that server.
    ///
    /// Spec: [restricted rooms](https://spec.matrix.org/v1.19/server-server-api/#restricted-rooms).
    #[must_use]
    pub fn authoriser_of(&self, server: &ServerName) -> Option<UserId> {
        let state = self.current_state().ok()?;
        let mut best: Option<(Power, &str)> = None;
        for user in self.users_of(server.as_str()) {
            let Some(power) = self.inviting_power(&state, user) else {
                continue;
            };
            if best.as_ref().is_none_or(|(most, _)| power.exceeds(most)) {
                best = Some((power, user));
            }
        }
        UserId::parse(best?.1).ok()
    }

    /// Whether a user can join only if somebody vouches for them: the join rule is restricted, and
    /// the user neither joined nor invited, by the current state. Who was left out of a claimed
    /// state counts as neither. O(log n).
    ///
    /// Spec: [restricted rooms](https://spec.matrix.org/v1.19/server-server-api/#restricted-rooms).
    #[must_use]
    pub fn needs_authoriser(&self, user: &UserId) -> bool {
        self.current_state().is_ok_and(|state| {
            let member = state.membership(user.as_str());
            is_restricted(&state) && !matches!(member, Membership::Join | Membership::Invite)
        })
    }

    /// Signs a restricted join as the server of the user who vouches for it, if that is right: the
    /// join rule, the user and their power are those of the current state, and `conditions` say
    /// what this server knows of the rooms that the join rules [allow](crate::room::allow_conditions).
    ///
    /// Give what is returned to [`receive`](Self::receive).
    ///
    /// # Errors
    ///
    /// [`AuthoriseError`]: nothing has been signed. With `NotRestricted` and `NotAsked` there is
    /// nothing to sign, and the join is received as it came; any other refuses the request.
    ///
    /// Spec: [restricted rooms](https://spec.matrix.org/v1.19/server-server-api/#restricted-rooms).
    pub fn authorise_join(
        &self,
        join: &Pdu,
        conditions: impl IntoIterator<Item = Condition>,
        signer: Signer<'_>,
    ) -> Result<Pdu, AuthoriseError> {
        if join.stated_room_id() != Some(&self.id) {
            let room_id = self.id.clone();
            return Err(AuthoriseError::OtherRoom { room_id });
        }
        let Some(state) = self.current_state().ok().filter(is_restricted) else {
            return Err(AuthoriseError::NotRestricted);
        };
        let authoriser = match join.content(self.rules()) {
            Content::Member(member) => match member.authoriser() {
                Some(Authoriser::Named(user)) => UserId::parse(user).ok(),
                Some(Authoriser::NotText) => None,
                None => return Err(AuthoriseError::NotAsked),
            },
            _ => None,
        };
        let may_invite = |user: &UserId| self.inviting_power(&state, user.as_str()).is_some();
        restricted_join(conditions, authoriser.filter(may_invite))?;
        Ok(countersign_join(join, signer, self.rules(), &self.limits)?)
    }

    /// The power of a user, if they are joined and may invite.
    fn inviting_power(&self, state: &RoomState<'_>, user: &str) -> Option<Power> {
        if state.membership(user) != Membership::Join {
            return None;
        }
        let levels = state.get(POWER_LEVELS, "");
        let power = auth::power(user, levels, state.get(CREATE, ""), self.rules());
        let invite = match levels.map(|levels| levels.content) {
            Some(Content::PowerLevels(levels)) => levels.named(NamedLevel::Invite),
            Some(_) => Power::Unreadable,
            None => NamedLevel::Invite.default_level().into(),
        };
        power.reaches(&invite).then_some(power)
    }

    /// Where an event stands if it is sent now, and whether it may be: checks 4, 5 and 6.
    fn place(&self, draft: &Draft, now: Timestamp) -> Result<Place, SendError> {
        let dag = &self.timeline.dag;
        let rules = self.rules();
        let spot = self.spot()?;
        let mut json = Object::new();
        json.insert("content", draft.content.clone());
        let content = Content::of(&json, &draft.event_type, draft.state_key.is_some(), rules);
        let prev: Vec<EventId> = self.ids(&spot.prev);
        let depths = spot
            .prev
            .iter()
            .filter_map(|node| Some(dag.event(*node)?.depth));
        let unnamed = EventId::from_trusted("$");
        let event = EventRef {
            id: &unnamed,
            room_id: &self.id,
            event_type: &draft.event_type,
            state_key: draft.state_key.as_deref(),
            sender: &draft.sender,
            origin_server_ts: now.millis(),
            depth: next_depth(depths, rules),
            prev_events: PrevEvents::of(&prev),
            content: &content,
            redacts: draft.redacts.as_ref(),
            states_room_id: true,
            authoriser_signature: AuthoriserSigned::Unchecked,
        };
        let before = RoomState {
            dag,
            map: &spot.state,
            quality: spot.quality,
            create: self.timeline.create.as_ref().and_then(|id| dag.node(id)),
        };
        self.allow(&event, before)?;
        let current = self.current_state()?;
        if !current.map.same(before.map) {
            self.allow(&event, current)?;
        }
        let selection = auth::selection(&event, rules);
        let selected = selection
            .iter()
            .filter_map(|(event_type, state_key)| before.node(event_type, state_key));
        let selected: Vec<NodeIndex> = selected.collect();
        Ok(Place {
            room_id: self.id.clone(),
            prev_events: self.cite(&spot.prev),
            auth_events: self.cite(&selected),
            depth: event.depth,
            origin_server_ts: now,
        })
    }

    fn allow(&self, event: &EventRef<'_>, state: RoomState<'_>) -> Result<(), SendError> {
        let asking = Asking {
            state,
            absent: RefCell::default(),
        };
        let decision = auth::check(event, &asking, self.rules());
        let mut members = asking.absent.into_inner();
        if state.quality == Quality::Partial && !members.is_empty() {
            members.sort_unstable();
            members.dedup();
            return Err(SendError::Undecided { members });
        }
        if decision.is_allowed() {
            Ok(())
        } else {
            Err(SendError::Forbidden(Box::new(decision)))
        }
    }

    /// The events that a new event follows, and the state after them.
    fn spot(&self) -> Result<Spot, SendError> {
        let mut prev: Vec<NodeIndex> = self.extremities.iter().collect();
        let most = self.limits.built_prev_events.max(1);
        if prev.len() > most {
            // Nodes are in order of arrival.
            let newest = prev.split_off(prev.len().saturating_sub(most.div_ceil(2)));
            prev.truncate(most.saturating_sub(newest.len()));
            prev.extend(newest);
        }
        let mut after: Vec<_> = prev
            .iter()
            .filter_map(|node| self.timeline.records.after(*node))
            .collect();
        after.sort_unstable();
        after.dedup();
        let states: Vec<StateMap> = after
            .iter()
            .filter_map(|state| self.timeline.states.get(*state).cloned())
            .collect();
        let quality = after
            .iter()
            .filter_map(|state| self.timeline.states.quality(*state))
            .max();
        let quality = quality.ok_or(SendError::NoExtremities)?;
        let timeline = &self.timeline;
        let resolution =
            resolve::resolve(&timeline.dag, &states, &timeline.rules, &timeline.options)?;
        Ok(Spot {
            prev,
            state: resolution.state,
            quality,
        })
    }

    fn cite(&self, nodes: &[NodeIndex]) -> Vec<Cited> {
        let with_pairs = self.rules().references == EventReferences::Pairs;
        let cite = |node: &NodeIndex| {
            let id = self.timeline.dag.id(*node)?.clone();
            let hash = self.hashes.get(node).filter(|_| with_pairs);
            Some(match hash {
                Some(hash) => Cited::with_hash(id, &ReferenceHash::from_bytes(*hash)),
                None => Cited::by_id(id),
            })
        };
        nodes.iter().filter_map(cite).collect()
    }

    pub(super) fn ids(&self, nodes: &[NodeIndex]) -> Vec<EventId> {
        let ids = nodes.iter().filter_map(|node| self.timeline.dag.id(*node));
        ids.cloned().collect()
    }
}

/// A state that remembers who was asked about and is not in it.
struct Asking<'a> {
    state: RoomState<'a>,
    absent: RefCell<Vec<Box<str>>>,
}

impl StateView for Asking<'_> {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        StateView::get(&self.state, event_type, state_key)
    }

    fn member(&self, user: &str) -> Option<EventRef<'_>> {
        let member = self.state.get(MEMBER, user);
        if member.is_none() {
            self.absent.borrow_mut().push(user.into());
        }
        member
    }
}

/// The user of another server who would have to vouch for a join, and whose server would have to
/// sign.
fn foreign_authoriser(draft: &Draft, server: &ServerName) -> Option<UserId> {
    let joins = draft.content.get("membership")?.as_str() == Some(Membership::Join.as_str());
    let user = draft.content.get(AUTHORISER).filter(|_| joins)?.as_str()?;
    let user = UserId::parse(user).ok()?;
    (user.server_name() != server.as_str()).then_some(user)
}

/// Whether a state lets users in on somebody's word.
fn is_restricted(state: &RoomState<'_>) -> bool {
    let rule = state.get(JOIN_RULES, "").map(|rule| rule.content);
    let restricted = [JoinRule::Restricted, JoinRule::KnockRestricted];
    matches!(rule, Some(Content::JoinRules(Some(rule))) if restricted.contains(rule))
}
