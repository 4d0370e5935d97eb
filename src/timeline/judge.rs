//! Receipt checks 4, 5 and 6 on one event.

use petgraph::graph::NodeIndex;

use crate::auth::{self, AuthEvent, Decision, Outcome, Rule};
use crate::dag::chain::descendants_among;
use crate::event::{Event, EventRef};
use crate::id::EventId;
use crate::pdu::CREATE;
use crate::resolve;
use crate::state::{KeyIx, StateMap};
use crate::timeline::records::Judged;
use crate::timeline::states::{Quality, StateIx, States};
use crate::timeline::view::{Before, Cited, DagState};
use crate::timeline::{Check, Status, Timeline, Verdict};
use crate::version::CreateReference;

/// What the rules asked of a state: keys, and the events that were there. What they decide follows
/// from the event and these answers, so another state that gives the same answers gives the same
/// decision. Empty where the rules were not reached, or asked nothing.
///
/// INVARIANT: a key without a number is in no state, and no key is given one between the checks of
/// an event; so what was asked about such a key need not be kept.
pub(crate) type Asked = Vec<(KeyIx, Option<NodeIndex>)>;

impl Timeline {
    /// Checks 4 and 5, and the states around the event. What it cites has been judged.
    ///
    /// Also what check 4 asked of the `auth_events`, for check 6.
    pub(crate) fn judge(&mut self, node: NodeIndex) -> (Judged, Asked) {
        let before = self.before(node);
        let (verdict, asked) = self.verdict_in(node, before);
        (self.record_with(node, verdict, before), asked)
    }

    /// Checks 4 and 5 of an event, by a state before it; and what check 4 asked.
    pub(crate) fn verdict_in(&self, node: NodeIndex, before: Option<StateIx>) -> (Verdict, Asked) {
        let (by_auth_events, asked) = self.check_by_auth_events(node);
        let by_state = before.map_or(Check::Missing, |state| {
            self.check_by_state(node, state, &by_auth_events, &asked)
        });
        let verdict = Verdict {
            by_auth_events,
            by_state,
            by_current_state: None,
            withheld: None,
            overlong: self.dag.overlong(node),
        };
        (verdict, asked)
    }

    /// As [`judge`](Self::judge), by the caller's word: whether the event was rejected, and
    /// whether it was soft-failed.
    pub(crate) fn record_stated(
        &mut self,
        node: NodeIndex,
        rejected: Outcome,
        soft_failed: Outcome,
    ) -> Judged {
        let before = self.before(node);
        let by_auth_events = if rejected == Outcome::Reject || self.is_complete(node) {
            Check::Stated(rejected)
        } else {
            Check::Missing
        };
        let verdict = Verdict {
            by_auth_events,
            by_state: before.map_or(Check::Missing, |_| Check::Stated(rejected)),
            by_current_state: Some(Check::Stated(soft_failed)),
            withheld: None,
            overlong: self.dag.overlong(node),
        };
        self.record_with(node, verdict, before)
    }

    /// Whether there is a verdict on all that an event cites or implies.
    fn is_complete(&self, node: NodeIndex) -> bool {
        let Some(event) = self
            .dag
            .event(node)
            .filter(|event| event.event_type != CREATE)
        else {
            return true;
        };
        let create = self.implied_create(&event);
        let mut cited = self.dag.auth_events(node).chain(create);
        (create.is_some() || !self.implies_create(&event))
            && cited.all(|cited| self.has_verdict(cited))
    }

    /// The verdict on an event and the states around it.
    pub(crate) fn record_with(
        &mut self,
        node: NodeIndex,
        verdict: Verdict,
        before: Option<StateIx>,
    ) -> Judged {
        let status = verdict.status();
        let after = match (status, self.dag.key(node)) {
            (Status::Accepted | Status::SoftFailed, Some(key)) => {
                before.and_then(|before| self.with_event(before, key, node))
            }
            (Status::Waiting, _) => None,
            _ => before,
        };
        self.dag.set_rejected(node, status == Status::Rejected);
        Judged {
            verdict,
            before,
            after,
        }
    }

    /// Check 6, in a given current state. Only of events that are accepted so far.
    pub(crate) fn check_by_current_state(
        &self,
        node: NodeIndex,
        judged: &Judged,
        asked: &Asked,
        current: Option<StateIx>,
    ) -> Check {
        // Mostly the current state is the one before the event.
        if current.is_some() && current == judged.before {
            return judged.verdict.by_state.clone();
        }
        current.map_or(Check::Missing, |state| {
            self.check_by_state(node, state, &judged.verdict.by_auth_events, asked)
        })
    }

    /// Check 4.
    fn check_by_auth_events(&self, node: NodeIndex) -> (Check, Asked) {
        let missing = (Check::Missing, Asked::new());
        let Some(event) = self.dag.event(node) else {
            return missing;
        };
        if let Some(reject) = self.second_create(&event) {
            return (reject.into(), Asked::new());
        }
        if let Some(reject) = self.cites_another_room(node) {
            return (reject.clone(), Asked::new());
        }
        // The rules on create events read no others.
        let cited = self
            .dag
            .auth_events(node)
            .filter(|_| event.event_type != CREATE);
        let auth_events: Option<Vec<AuthEvent<'_>>> =
            cited.map(|cited| self.judged(cited)).collect();
        let Some(auth_events) = auth_events else {
            return missing;
        };
        let implied = self.implied_create(&event);
        let create = implied.and_then(|create| self.judged(create));
        if create.is_none() && self.implies_create(&event) {
            return missing;
        }
        if let Some(reject) = auth::auth_events_objection(&event, &auth_events, create, &self.rules)
        {
            return (reject.into(), Asked::new());
        }
        let cited = Cited::new(&self.dag, node, implied);
        let decision = auth::check(&event, &cited, &self.rules);
        (decision.into(), cited.into_asked())
    }

    /// Notes that an event which is to be judged cites one of another room. That one is not in the
    /// graph, and will not be.
    pub(crate) fn note_other_room(&mut self, node: NodeIndex, cited: &EventId) {
        let decision = Decision::of(Rule::AuthEventsOtherRoom, &self.rules);
        let verdict = Verdict {
            by_auth_events: decision.because_of(Some(cited)).into(),
            by_state: Check::Missing,
            by_current_state: None,
            withheld: None,
            overlong: self.dag.overlong(node),
        };
        let judged = self.record_with(node, verdict, None);
        self.records.set(node, judged);
    }

    /// What [was noted](Self::note_other_room) of an event. It holds whatever becomes known later.
    fn cites_another_room(&self, node: NodeIndex) -> Option<&Check> {
        let check = &self.records.verdict(node)?.by_auth_events;
        let is_noted =
            matches!(check, Check::Reject(decision) if decision.rule == Rule::AuthEventsOtherRoom);
        is_noted.then_some(check)
    }

    /// Check 4 of an event that is not in the graph; `None` if something that it cites is not there
    /// either.
    pub(crate) fn check_unplaced(&self, event: &Event) -> Option<Decision> {
        self.check_unplaced_among(event, |_| None)
    }

    /// As [`check_unplaced`](Self::check_unplaced), where `other` has events besides, and knows
    /// whether each is rejected.
    pub(crate) fn check_unplaced_among<'a>(
        &'a self,
        event: &Event,
        other: impl Fn(&EventId) -> Option<(EventRef<'a>, bool)>,
    ) -> Option<Decision> {
        let parts = event.as_ref();
        if let Some(reject) = self.second_create(&parts) {
            return Some(reject);
        }
        let judged = |id: &EventId| {
            let placed = self.dag.node(id).and_then(|node| self.judged(node));
            placed.or_else(|| {
                let (event, rejected) = other(id)?;
                Some(AuthEvent { event, rejected })
            })
        };
        // The rules on create events read no others.
        let cited = event
            .auth_events()
            .iter()
            .filter(|_| parts.event_type != CREATE);
        let auth_events: Option<Vec<AuthEvent<'_>>> = cited.map(judged).collect();
        let create = self.implied_create(&parts);
        let create = create.and_then(|create| self.judged(create));
        let decision = auth::check_by_auth_events(&parts, &auth_events?, create, &self.rules);
        Some(decision)
    }

    /// An event of which it is known whether it is rejected. One whose own `auth_events` allow it
    /// is not, as far as anybody can tell, even where the state before it is missing.
    pub(crate) fn judged(&self, node: NodeIndex) -> Option<AuthEvent<'_>> {
        let rejected = self.records.verdict(node)?.status() == Status::Rejected;
        let event = self.dag.event(node).filter(|_| self.has_verdict(node))?;
        Some(AuthEvent { event, rejected })
    }

    pub(crate) fn has_verdict(&self, node: NodeIndex) -> bool {
        self.records.verdict(node).is_some_and(|verdict| {
            verdict.status() == Status::Rejected || verdict.by_auth_events != Check::Missing
        })
    }

    /// A room has one create event; no other is let in, whatever the rules say of it alone.
    fn second_create(&self, event: &EventRef<'_>) -> Option<Decision> {
        let claims = event.event_type == CREATE && event.state_key == Some("");
        let first = self
            .create
            .as_ref()
            .filter(|create| claims && *create != event.id)?;
        Some(Decision::of(Rule::CreateSecond, &self.rules).because_of(Some(first)))
    }

    /// Check 5, and check 6. Most events meet the very state events that they cite, and then what
    /// was `decided` of those holds.
    fn check_by_state(
        &self,
        node: NodeIndex,
        state: StateIx,
        decided: &Check,
        asked: &Asked,
    ) -> Check {
        let (Some(event), Some(map)) = (self.dag.event(node), self.states.get(state)) else {
            return Check::Missing;
        };
        let state_lacks_members = self.states.quality(state) == Some(Quality::Partial);
        let state = DagState {
            dag: &self.dag,
            state: map,
            create: self.implied_create(&event),
        };
        let same = |(key, event): &(KeyIx, Option<NodeIndex>)| state.node(*key) == *event;
        if !state_lacks_members && !asked.is_empty() && asked.iter().all(same) {
            return decided.clone();
        }
        let before = Before::new(state, node);
        let decision = auth::check(&event, &before, &self.rules);
        match before.into_absent_members() {
            members if state_lacks_members && !members.is_empty() => Check::Undecided(members),
            _ => decision.into(),
        }
    }

    /// Whether the event's room id stands for a create event.
    fn implies_create(&self, event: &EventRef<'_>) -> bool {
        self.rules.auth.create_reference == CreateReference::Forbidden && event.event_type != CREATE
    }

    /// The create event that the event's room id stands for; it belongs to every state.
    pub(crate) fn implied_create(&self, event: &EventRef<'_>) -> Option<NodeIndex> {
        let rest = event
            .room_id
            .as_str()
            .get(1..)
            .filter(|_| self.implies_create(event))?;
        let room_create = self
            .create
            .as_ref()
            .filter(|id| id.as_str().get(1..) == Some(rest));
        match room_create {
            Some(create) => self.dag.node(create),
            None => self.dag.node(format!("${rest}")),
        }
    }

    /// *S(E)*: the resolution of the states after the `prev_events`, or what is claimed as long as
    /// they are not all known.
    pub(crate) fn before(&mut self, node: NodeIndex) -> Option<StateIx> {
        let after: Option<Vec<StateIx>> = self
            .dag
            .prev_events(node)
            .map(|prev| {
                let after = self.records.after(prev);
                after.filter(|after| self.states.get(*after).is_some())
            })
            .collect();
        match after {
            Some(after) => self.resolved(after),
            None => self.claimed(node),
        }
    }

    /// The resolution of some states; `None` where it needs events that are missing.
    pub(crate) fn resolved(&mut self, mut states: Vec<StateIx>) -> Option<StateIx> {
        states.sort_unstable();
        states.dedup();
        match *states {
            [] => return Some(States::EMPTY),
            [only] => return Some(only),
            _ => {}
        }
        if let Some(known) = self.states.resolved(&states) {
            return Some(known);
        }
        let maps: Vec<StateMap> = states
            .iter()
            .filter_map(|state| self.states.get(*state))
            .cloned()
            .collect();
        let quality = states
            .iter()
            .filter_map(|state| self.states.quality(*state))
            .max()?;
        let resolution = resolve::resolve(&self.dag, &maps, &self.rules, &self.options).ok()?;
        let parent = states.first().copied();
        let resolved = self.states.add(resolution.state, quality, parent)?;
        self.states.remember(states, resolved);
        Some(resolved)
    }

    /// *S′(E)* of a state event.
    fn with_event(&mut self, before: StateIx, key: KeyIx, node: NodeIndex) -> Option<StateIx> {
        let mut state = self.states.get(before)?.clone();
        let quality = self.states.quality(before)?;
        state.insert(key, node);
        self.states.add(state, quality, Some(before))
    }

    /// Forgets what earlier resolutions came to: for when events turn out to be something else.
    pub(crate) fn forget(&mut self) {
        self.states.forget_resolutions();
    }

    /// What somebody claims the state before an event to be. What was rejected since is no part
    /// of it, nor what turns out to descend from the event: that cannot have been there before.
    fn claimed(&mut self, node: NodeIndex) -> Option<StateIx> {
        let claim = *self.claims.get(&node)?;
        let (claimed, quality) = (self.states.get(claim)?, self.states.quality(claim)?);
        let entries = claimed.iter().map(|(_, entry)| entry);
        let later = descendants_among(&self.dag, node, entries);
        let mut state = claimed.clone();
        for (key, entry) in claimed {
            if self.dag.is_rejected(entry) || later.contains(&entry) {
                state.remove(key);
            }
        }
        self.states.add(state, quality, Some(claim))
    }
}
