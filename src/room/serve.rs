//! What a server is asked for by others, and what it has to ask them for.
//!
//! | endpoint                | here                                                     |
//! |-------------------------|----------------------------------------------------------|
//! | `/event_auth`           | [`Room::auth_chain`] of the event                        |
//! | `/state_ids`, `/state`  | [`Room::state_before`] and the [`Room::auth_chain`] of it |
//! | `/send_join`            | the same, of the join                                    |
//! | `/get_missing_events`   | [`Room::missing_events`]                                 |
//! | `/backfill`             | [`Room::backfill`]                                       |
//! | what to ask for next    | [`Room::waiting`], [`Room::gap`], [`Room::backward_extremities`] |
//!
//! Events that the asking server may not see are sent redacted. Whether it may ask at all is the
//! host's to check: that a user of it [has joined](Room::has_joined), and that the
//! [server ACL](Room::federates_with) lets it in.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::graph::NodeIndex;

use crate::dag::chain;
use crate::id::{EventId, ServerName};
use crate::pdu::MEMBER;
use crate::pdu::content::{Content, Membership};
use crate::room::{
    JoinedLater, Room, RoomState, Standing, UserView, Viewer, Visibility, server_visibility,
    visibility,
};
use crate::state::{KeyIx, TypeIx};
use crate::timeline::Status;

/// An event to be sent to another server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The event.
    pub event: EventId,
    /// Whether the server may see it: if it may not, it is sent the [redacted](crate::pdu::redact())
    /// form.
    pub visibility: Visibility,
}

/// A request for `/get_missing_events`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// `latest_events`: the events behind which something is missing.
    pub latest: Vec<EventId>,
    /// `earliest_events`: what the room has already, its forward extremities.
    pub earliest: Vec<EventId>,
    /// `min_depth`: what is less deep is the past that a claimed state has jumped over.
    pub min_depth: i64,
}

impl Room {
    /// The auth chain of some events: their auth events, the auth events of these, and so on.
    /// Sorted by id; an event is in it only if another one rests on it. In room versions where the
    /// room id implies the create event, it is part of every chain.
    ///
    /// O(c · log c + e + V / 64) for a chain of c events with e citations.
    ///
    /// Spec: [`GET /event_auth`][event_auth].
    ///
    /// [event_auth]: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1event_authroomideventid
    #[must_use]
    pub fn auth_chain<'a>(&self, events: impl IntoIterator<Item = &'a EventId>) -> Vec<EventId> {
        let dag = &self.timeline.dag;
        let roots: Vec<NodeIndex> = events.into_iter().filter_map(|id| self.node(id)).collect();
        let implied = roots
            .iter()
            .filter_map(|root| self.timeline.implied_create(&dag.event(*root)?));
        let mut found: BTreeSet<NodeIndex> = implied.collect();
        found.extend(chain::auth_chain(dag, roots));
        found.retain(|node| dag.is_known(*node));
        let mut ids = self.ids(&found.into_iter().collect::<Vec<_>>());
        ids.sort_unstable();
        ids
    }

    /// The answer to `/get_missing_events`: the events before `latest`, breadth first, without
    /// those of `earliest` and what is behind them only, and without what is less deep than
    /// `min_depth`; at most `limit` of them. What is cited comes first.
    ///
    /// Rejected events are passed, not returned; soft-failed ones are returned, since somebody
    /// asks for what cites them.
    ///
    /// O(w · log w) for w events that are passed, and what [visibility](Self::is_visible_to_server)
    /// costs for each that is returned.
    ///
    /// Spec: [`POST /get_missing_events`][missing].
    ///
    /// [missing]: https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1get_missing_eventsroomid
    #[must_use]
    pub fn missing_events(
        &self,
        latest: &[EventId],
        earliest: &[EventId],
        min_depth: i64,
        limit: usize,
        server: &ServerName,
    ) -> Vec<Served> {
        let dag = &self.timeline.dag;
        let nodes = |ids: &[EventId]| -> Vec<NodeIndex> {
            ids.iter().filter_map(|id| self.node(id)).collect()
        };
        let mut seen: BTreeSet<NodeIndex> = nodes(earliest).into_iter().collect();
        let mut latest = nodes(latest);
        latest.retain(|node| seen.insert(*node));
        let mut queue: VecDeque<NodeIndex> = latest.into_iter().collect();
        let mut found = Vec::new();
        while let Some(node) = queue.pop_front() {
            for prev in dag.prev_events(node) {
                let depth = dag.event(prev).map(|event| event.depth);
                if depth.is_none_or(|depth| depth < min_depth) || !seen.insert(prev) {
                    continue;
                }
                if found.len() >= limit {
                    queue.clear();
                    break;
                }
                queue.push_back(prev);
                if self.is_servable(prev) {
                    found.push(prev);
                }
            }
        }
        found.sort_unstable_by_key(|node| (dag.rank(*node), *node));
        self.serve(&found, server)
    }

    /// The answer to `/backfill`: the events `from` and what is before them, the latest first, at
    /// most `limit` of them; and from where to go on, which is empty only at the end of what the
    /// room has.
    ///
    /// Rejected events are passed, not returned, so an answer may be empty and not the last.
    ///
    /// O(w · log w) for w events that are passed, and what [visibility](Self::is_visible_to_server)
    /// costs for each that is returned.
    ///
    /// Spec: [`GET /backfill`][backfill].
    ///
    /// [backfill]: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1backfillroomid
    #[must_use]
    pub fn backfill(
        &self,
        from: &[EventId],
        limit: usize,
        server: &ServerName,
    ) -> (Vec<Served>, Vec<EventId>) {
        let dag = &self.timeline.dag;
        let mut queue: BTreeSet<(i64, NodeIndex)> = BTreeSet::new();
        let known = from.iter().filter_map(|id| self.node(id));
        queue.extend(known.map(|node| (dag.rank(node), node)));
        let mut found = Vec::new();
        while found.len() < limit {
            // What is cited has a lower rank, so no event comes twice.
            let Some((_, node)) = queue.pop_last() else {
                break;
            };
            let prev = dag.prev_events(node).filter(|prev| dag.is_known(*prev));
            queue.extend(prev.map(|prev| (dag.rank(prev), prev)));
            if self.is_servable(node) {
                found.push(node);
            }
        }
        let next: Vec<NodeIndex> = queue.into_iter().rev().map(|(_, node)| node).collect();
        (self.serve(&found, server), self.ids(&next))
    }

    /// What to ask `/get_missing_events` for so that an event need not wait any longer.
    #[must_use]
    pub fn gap(&self, event: &EventId) -> Gap {
        let claimed = self.timeline.claims.keys();
        let depths = claimed.filter_map(|node| Some(self.timeline.dag.event(*node)?.depth));
        Gap {
            latest: vec![event.clone()],
            earliest: self.extremities(),
            min_depth: depths.min().unwrap_or(0),
        }
    }

    /// The events that the room does not have and that events which it has cite as `prev_events`:
    /// from where to ask for `/backfill`. Sorted.
    #[must_use]
    pub fn backward_extremities(&self) -> Vec<EventId> {
        let unknown = |id: &&EventId| !self.is_known(id) && self.queue.get(id).is_none();
        self.history.iter().filter(unknown).cloned().collect()
    }

    /// Whether a user may see an event, by the states around it; `None` for an event that the room
    /// does not have, or around which the state is not known.
    ///
    /// O(log n); for an event of `shared` history, if the user is not joined now, O(V + E) to find
    /// out whether they joined after it.
    ///
    /// Spec: [room history visibility](https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility).
    #[must_use]
    pub fn is_visible_to_user(&self, event: &EventId, user: &str) -> Option<Visibility> {
        let node = self.node(event)?;
        let joined_later = || self.late_joins(node, &[user].into()).contains(user);
        let viewer = self.viewer(node, user, joined_later)?;
        Some(visibility(&self.timeline.dag.event(node)?, viewer))
    }

    /// Whether a server may see an event: whether one of its users may. `None` as for
    /// [`is_visible_to_user`](Self::is_visible_to_user).
    ///
    /// O(u · log n) in the users of the server who ever were anything to the room, and what is
    /// said there of `shared` history.
    #[must_use]
    pub fn is_visible_to_server(&self, event: &EventId, server: &ServerName) -> Option<Visibility> {
        let node = self.node(event)?;
        // World-readable events are anybody's, also of a server that has no user here.
        let stranger = format!("@:{server}");
        let users: BTreeSet<&str> = self.users_of(server.as_str()).chain([&*stranger]).collect();
        let late = OnceCell::new();
        let late = || late.get_or_init(|| self.late_joins(node, &users));
        let viewers: Option<Vec<_>> = users
            .iter()
            .map(|user| self.viewer(node, user, || late().contains(user)))
            .collect();
        Some(server_visibility(&self.timeline.dag.event(node)?, viewers?))
    }

    /// Whether a server may take part in the room at all: `m.federate` of the create event.
    ///
    /// Spec: [`m.room.create`](https://spec.matrix.org/v1.19/client-server-api/#mroomcreate).
    #[must_use]
    pub fn federates_with(&self, server: &ServerName) -> bool {
        let create = self.timeline.create.as_ref();
        let create = create.and_then(|id| self.timeline.dag.event(self.node(id)?));
        create.is_some_and(|create| match create.content {
            Content::Create(content) => {
                content.federates || create.sender.server_name() == server.as_str()
            }
            _ => false,
        })
    }

    fn viewer<'a>(
        &self,
        node: NodeIndex,
        user: &'a str,
        joined_later: impl Fn() -> bool,
    ) -> Option<Viewer<'a, impl FnOnce() -> JoinedLater>> {
        let state = |ix| self.state(ix).map(|state| UserView::of(&state, user));
        let is_joined = |state: RoomState<'_>| state.membership(user) == Membership::Join;
        let before = state(self.timeline.records.before(node)?)?;
        let after = state(self.timeline.records.after(node)?)?;
        // Who is joined now and was not then has joined since.
        let is_joined_now = self.current_state().is_ok_and(is_joined);
        Some(Viewer {
            user,
            before,
            after,
            joined_later: move || {
                if is_joined_now || joined_later() {
                    JoinedLater::Yes
                } else {
                    JoinedLater::No
                }
            },
        })
    }

    /// Which of these users joined at some point that is not before an event.
    fn late_joins<'a>(&self, node: NodeIndex, users: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
        let dag = &self.timeline.dag;
        if !users
            .iter()
            .any(|user| dag.keys().lookup(MEMBER, user).is_some())
        {
            // Nobody was ever anything to the room.
            return BTreeSet::new();
        }
        let user_of = |key: KeyIx| {
            let (_, user) = dag.keys().resolve(key)?;
            users.get(user).copied()
        };
        let join = |event: NodeIndex| {
            let is_member = dag.event_type(event) == Some(TypeIx::MEMBER);
            let key = dag.key(event).filter(|_| is_member)?;
            let is_accepted = self.timeline.status(event) == Some(Status::Accepted);
            let user = user_of(key).filter(|_| is_accepted)?;
            match dag.event(event)?.content {
                Content::Member(member) if member.membership == Some(Membership::Join) => {
                    Some((event, user))
                }
                _ => None,
            }
        };
        let mut joins: BTreeMap<NodeIndex, &str> = dag.events().filter_map(join).collect();
        if !joins.is_empty() {
            for before in chain::ancestors(dag, [node]) {
                joins.remove(&before);
            }
        }
        joins.into_values().collect()
    }

    /// Whether an event is for other servers: it has been judged, and was not rejected.
    fn is_servable(&self, node: NodeIndex) -> bool {
        let standing = self.standing_of(node);
        standing.is_some_and(|standing| standing != Standing::Rejected)
    }

    fn serve(&self, nodes: &[NodeIndex], server: &ServerName) -> Vec<Served> {
        let serve = |node: &NodeIndex| {
            let event = self.timeline.dag.id(*node)?.clone();
            let visibility = self.is_visible_to_server(&event, server);
            // Where the state is not known, nothing is given away.
            let visibility = visibility.unwrap_or(Visibility::Denied);
            Some(Served { event, visibility })
        };
        nodes.iter().filter_map(serve).collect()
    }
}
