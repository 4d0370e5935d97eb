//! History visibility: who may see an event.
//!
//! Whether a user may see an event depends on the state at that event: on what the room's history
//! visibility was and on whether the user was in the room. Later changes of either neither show
//! nor hide it, but for one: where the history was shared, it is seen by whoever joins later.
//!
//! | the spec says                     | here                                        |
//! |-----------------------------------|---------------------------------------------|
//! | rules 1 to 5                      | [`Visibility`], [`VisibilityRule`]          |
//! | the state of the room             | [`UserView`]                                |
//! | joined at any point after         | [`JoinedLater`], asked for only if needed   |
//! | before *or* after the event       | [`visibility`], [`At`]                      |
//!
//! Reads [`auth`](crate::auth), [`pdu::content`](crate::pdu::content). Spec:
//! <https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility>

use std::fmt;

use crate::auth::StateView;
use crate::event::EventRef;
use crate::pdu::content::{Content, HistoryVisibility, Membership};
use crate::pdu::{HISTORY_VISIBILITY, MEMBER};

/// A room state, as far as it says what one user may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserView {
    /// The history visibility.
    pub history_visibility: HistoryVisibility,
    /// The user's membership.
    pub membership: Membership,
}

impl UserView {
    /// Reads it from a state, in two look-ups. What is not set or not understood is
    /// [`Shared`](HistoryVisibility::Shared), and a user without a member event is as one who has
    /// left.
    pub fn of(state: &impl StateView, user: &str) -> Self {
        let visibility = state.get(HISTORY_VISIBILITY, "").map(|event| event.content);
        let history_visibility = match visibility {
            Some(Content::HistoryVisibility(visibility)) => *visibility,
            _ => HistoryVisibility::default(),
        };
        let membership = match state.member(user).map(|event| event.content) {
            Some(Content::Member(member)) => member.membership.unwrap_or(Membership::Unknown),
            Some(_) => Membership::Unknown,
            None => Membership::Leave,
        };
        Self {
            history_visibility,
            membership,
        }
    }

    /// The first of rules 1, 2 and 4 that lets the user see the event.
    fn at_once(self) -> Option<VisibilityRule> {
        match (self.history_visibility, self.membership) {
            // 1
            (HistoryVisibility::WorldReadable, _) => Some(VisibilityRule::WorldReadable),
            // 2
            (_, Membership::Join) => Some(VisibilityRule::WasJoined),
            // 4
            (HistoryVisibility::Invited, Membership::Invite) => Some(VisibilityRule::WasInvited),
            _ => None,
        }
    }
}

/// Whether a user joined the room at any point after an event was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinedLater {
    /// There is a join after it, whatever came of that.
    Yes,
    /// There is none.
    No,
}

/// A user who would see an event.
#[derive(Clone, Debug)]
pub struct Viewer<'a, J> {
    /// The user's id.
    pub user: &'a str,
    /// The state before the event.
    pub before: UserView,
    /// The state after it.
    pub after: UserView,
    /// Finds out whether the user joined later. Called only if nothing else decides, for it takes
    /// a look at what came after the event.
    pub joined_later: J,
}

/// The state by which a user may see an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum At {
    /// The one before it.
    Before,
    /// The one after it.
    After,
}

/// A rule by which a user may see an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VisibilityRule {
    /// 1: the history was world-readable.
    WorldReadable,
    /// 2: the user was in the room.
    WasJoined,
    /// 3: the history was shared, and the user joined after the event was sent.
    SharedAndJoinedLater,
    /// 4: the history was visible to the invited, and the user was.
    WasInvited,
}

/// Whether a user may see an event, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Visibility {
    /// By this rule, held against this state.
    Visible {
        /// The rule.
        rule: VisibilityRule,
        /// The state.
        at: At,
    },
    /// By no rule, which is rule 5.
    Denied,
}

impl Visibility {
    /// Whether the event may be seen.
    #[must_use]
    pub const fn is_visible(self) -> bool {
        matches!(self, Self::Visible { .. })
    }

    /// The number of the rule that decided.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Visible { rule, .. } => match rule {
                VisibilityRule::WorldReadable => 1,
                VisibilityRule::WasJoined => 2,
                VisibilityRule::SharedAndJoinedLater => 3,
                VisibilityRule::WasInvited => 4,
            },
            Self::Denied => 5,
        }
    }
}

/// The rule's sentence with its number, and which state it was held against.
impl fmt::Display for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Visible { rule, at } = self else {
            return f.write_str("No rule makes the event visible. (5)");
        };
        let at = match at {
            At::Before => "before",
            At::After => "after",
        };
        let says = match rule {
            VisibilityRule::WorldReadable => "The history was world-readable.",
            VisibilityRule::WasJoined => "The user was in the room.",
            VisibilityRule::SharedAndJoinedLater => {
                "The history was shared, and the user joined later."
            }
            VisibilityRule::WasInvited => {
                "The history was visible from invitations on, and the user was invited."
            }
        };
        write!(f, "{says} ({}, by the state {at} the event)", self.number())
    }
}

/// Says whether a user may see an event.
///
/// The state at an event is the one after it. Of two kinds of event the one before counts as well,
/// and either will do: of `m.room.history_visibility` state events with an empty state key, and of
/// the user's own `m.room.member` events, whoever sent them. The state after is tried first; rule
/// 3, which asks [`Viewer::joined_later`], comes last.
///
/// This is only about history. What else a server withholds, such as soft-failed events or those
/// of people whom the user ignores, is not asked here.
///
/// Spec: [room history visibility][rules], under "server behaviour".
///
/// [rules]: https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
pub fn visibility(
    event: &EventRef<'_>,
    viewer: Viewer<'_, impl FnOnce() -> JoinedLater>,
) -> Visibility {
    match at_once(event, &viewer) {
        Attempt::Visible(visibility) => visibility,
        Attempt::IfJoinedLater(at) => by_joining(at, viewer.joined_later),
        Attempt::Denied => Visibility::Denied,
    }
}

/// Says whether a server may be sent an event in full: it may if one of its users may see it.
///
/// Of an event that it may not see, a server that is entitled to the event at all is sent the
/// [redacted form](crate::pdu::redact()), which keeps the graph whole and verifies as the full one
/// would.
///
/// `users` are the server's users; which of them are worth asking about is up to the caller. One
/// without a member event sees what is world-readable, so a server with nobody in the room is
/// asked about through any one of its users: of no user at all, nothing is visible. Where rule 3
/// has to be asked, it is asked after all users have been tried by the other rules, one user at a
/// time.
pub fn server_visibility<'a, J: FnOnce() -> JoinedLater>(
    event: &EventRef<'_>,
    users: impl IntoIterator<Item = Viewer<'a, J>>,
) -> Visibility {
    let mut candidates = Vec::new();
    for viewer in users {
        match at_once(event, &viewer) {
            Attempt::Visible(visibility) => return visibility,
            Attempt::IfJoinedLater(at) => candidates.push((at, viewer.joined_later)),
            Attempt::Denied => {}
        }
    }
    candidates
        .into_iter()
        .map(|(at, joined_later)| by_joining(at, joined_later))
        .find(|visibility| visibility.is_visible())
        .unwrap_or(Visibility::Denied)
}

/// What can be said without knowing whether the user joined later.
enum Attempt {
    Visible(Visibility),
    /// Rule 3 decides: by this state, the history was shared.
    IfJoinedLater(At),
    Denied,
}

fn at_once<J>(event: &EventRef<'_>, viewer: &Viewer<'_, J>) -> Attempt {
    let before = counts_before(event, viewer.user).then_some((At::Before, viewer.before));
    let views = [Some((At::After, viewer.after)), before];
    let views = || views.into_iter().flatten();
    let visible = views().find_map(|(at, view)| {
        let rule = view.at_once()?;
        Some(Visibility::Visible { rule, at })
    });
    if let Some(visibility) = visible {
        return Attempt::Visible(visibility);
    }
    let shared = views().find(|(_, view)| view.history_visibility == HistoryVisibility::Shared);
    shared.map_or(Attempt::Denied, |(at, _)| Attempt::IfJoinedLater(at))
}

/// Whether the state before an event lets the user see it too.
fn counts_before(event: &EventRef<'_>, user: &str) -> bool {
    match event.event_type {
        HISTORY_VISIBILITY => event.state_key == Some(""),
        MEMBER => event.state_key == Some(user),
        _ => false,
    }
}

/// Rule 3, of a history that was shared.
fn by_joining(at: At, joined_later: impl FnOnce() -> JoinedLater) -> Visibility {
    match joined_later() {
        JoinedLater::Yes => Visibility::Visible {
            rule: VisibilityRule::SharedAndJoinedLater,
            at,
        },
        JoinedLater::No => Visibility::Denied,
    }
}
