//! The timeline: what each event of a room is worth, and the room's state before and after it.
//!
//! An event is judged once what it cites has been: by its own `auth_events` (receipt check 4) and
//! by the state before it (check 5), which is the resolution of the states after its
//! `prev_events`. This is the part that [`replay`](crate::replay), which has all events at once,
//! and [`room`](crate::room), which gets them one by one, have in common.
//!
//! | the spec says                        | here                                        |
//! |--------------------------------------|---------------------------------------------|
//! | *S(E)*, *S′(E)*                      | the states before and after, each with its [`Quality`] |
//! | rejected, soft failed                | [`Verdict`], [`Status`]                     |
//! | a rule's look at a state             | [`DagState`]                                |
//!
//! Reads [`auth`](crate::auth), [`dag`](crate::dag), [`resolve`]. Spec:
//! <https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu>

mod extremities;
mod judge;
mod records;
mod states;
mod verdict;
mod view;

pub use self::states::Quality;
pub use self::verdict::{Check, Status, Verdict, Withheld};
pub use self::view::DagState;

pub(crate) use self::extremities::{Extremities, sorted_by_id};
pub(crate) use self::judge::Asked;
pub(crate) use self::records::{Judged, Records};
pub(crate) use self::states::{StateIx, States};

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;

use crate::dag::RoomDag;
use crate::id::EventId;
use crate::resolve;
use crate::state::StateMap;
use crate::version::RoomVersionRules;

/// The events of a room that have been judged.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    pub(crate) dag: RoomDag,
    pub(crate) rules: RoomVersionRules,
    pub(crate) options: resolve::Options,
    /// The room's create event.
    pub(crate) create: Option<EventId>,
    pub(crate) records: Records,
    pub(crate) states: States,
    /// What somebody says the state before an event to be; used as long as the states after its
    /// `prev_events` are not all known.
    pub(crate) claims: BTreeMap<NodeIndex, StateIx>,
}

impl Timeline {
    pub(crate) fn new(
        rules: &RoomVersionRules,
        options: resolve::Options,
        create: Option<EventId>,
        remembered_resolutions: usize,
    ) -> Self {
        Self {
            dag: RoomDag::new(),
            rules: *rules,
            options,
            create,
            records: Records::default(),
            states: States::new(remembered_resolutions),
            claims: BTreeMap::new(),
        }
    }

    pub(crate) fn verdict(&self, event: NodeIndex) -> Option<&Verdict> {
        self.records.verdict(event)
    }

    pub(crate) fn status(&self, event: NodeIndex) -> Option<Status> {
        self.verdict(event).map(Verdict::status)
    }

    pub(crate) fn state_before(&self, event: NodeIndex) -> Option<&StateMap> {
        self.states.get(self.records.before(event)?)
    }

    pub(crate) fn state_after(&self, event: NodeIndex) -> Option<&StateMap> {
        self.states.get(self.records.after(event)?)
    }
}
