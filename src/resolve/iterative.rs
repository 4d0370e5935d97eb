//! Iterative auth checks.

use petgraph::graph::NodeIndex;

use crate::auth::{self, StateView};
use crate::dag::index::IndexMap;
use crate::event::EventRef;
use crate::resolve::conflict::Conflict;
use crate::resolve::scope::Scope;
use crate::resolve::{AuthCheck, Pass};
use crate::state::KeyIx;

/// A room state in the making: what has been admitted, on top of the unconflicted state map or of
/// nothing. What lies below is asked, never copied.
pub(super) struct Partial<'a> {
    base: Option<&'a Conflict<'a>>,
    admitted: IndexMap<KeyIx, NodeIndex>,
}

impl<'a> Partial<'a> {
    pub(super) fn on(base: Option<&'a Conflict<'a>>) -> Self {
        Self {
            base,
            admitted: IndexMap::default(),
        }
    }

    pub(super) fn get(&self, key: KeyIx) -> Option<NodeIndex> {
        self.admitted
            .get(&key)
            .copied()
            .or_else(|| self.base?.unconflicted(key))
    }

    /// What has been admitted.
    pub(super) fn admitted(&self) -> &IndexMap<KeyIx, NodeIndex> {
        &self.admitted
    }

    /// Holds each event of a sorted list against the state so far, and admits what is allowed.
    ///
    /// A state event that a rule asks for and that the state lacks is taken from the event's own
    /// `auth_events`, unless it was rejected.
    pub(super) fn apply(
        &mut self,
        scope: &Scope<'_>,
        events: impl IntoIterator<Item = NodeIndex>,
        pass: Pass,
        checks: &mut Vec<AuthCheck>,
    ) {
        for node in events {
            let (Some(event), Some(key)) = (scope.dag.event(node), scope.dag.key(node)) else {
                continue;
            };
            let decision = (!scope.skips(node)).then(|| {
                let view = View {
                    scope,
                    state: self,
                    event: node,
                    parts: event,
                };
                auth::check(&event, &view, scope.rules)
            });
            let admitted = decision.as_ref().is_some_and(auth::Decision::is_allowed);
            if admitted {
                self.admitted.insert(key, node);
            }
            checks.push(AuthCheck {
                event: node,
                pass,
                decision,
                admitted,
            });
        }
    }
}

/// The state that one event is held against.
struct View<'a> {
    scope: &'a Scope<'a>,
    state: &'a Partial<'a>,
    event: NodeIndex,
    parts: EventRef<'a>,
}

impl View<'_> {
    fn entry(&self, key: KeyIx) -> Option<EventRef<'_>> {
        let usable = |node: &NodeIndex| !self.scope.is_rejected(*node);
        let counts = |node: &NodeIndex| !self.scope.skips(*node);
        let node = self
            .state
            .get(key)
            .filter(counts)
            .or_else(|| self.scope.cited(self.event, key).filter(usable))?;
        self.scope.dag.event(node)
    }
}

impl StateView for View<'_> {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        self.entry(self.scope.dag.keys().lookup(event_type, state_key)?)
    }

    fn create(&self) -> Option<EventRef<'_>> {
        let implied = || {
            self.scope
                .dag
                .event(self.scope.implied_create(&self.parts)?)
        };
        self.entry(KeyIx::CREATE).or_else(implied)
    }

    fn join_rules(&self) -> Option<EventRef<'_>> {
        self.entry(KeyIx::JOIN_RULES)
    }

    fn power_levels(&self) -> Option<EventRef<'_>> {
        self.entry(KeyIx::POWER_LEVELS)
    }

    fn member(&self, user: &str) -> Option<EventRef<'_>> {
        self.entry(self.scope.dag.member_key(self.event, user)?)
    }
}
