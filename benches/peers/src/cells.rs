//! What is measured: which stages on which rooms.

use std::fmt;
use std::rc::Rc;

use roomdag::testing::workload::{Shape, Workload};
use roomdag::version::{self, RoomVersionRules};

use crate::data::Measured;
use crate::measure::{Contender, Effort, measure};
use crate::room::Room;
use crate::{floors, ours, rezzy, ruma};

/// A task.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// States that are held as each library likes to hold them, to one.
    Resolve,
    /// The same from lists of numbers.
    Lists,
    /// The same from lists of strings.
    ListsOfText,
    /// Stored PDUs to the state after each event and the final one.
    Replay,
    /// The same with auth checks.
    ReplayChecked,
    /// Bytes to verdicts on format and content hash, and the event id.
    Intake,
    /// The same with a signature check.
    IntakeSigned,
}

impl Stage {
    pub const ALL: [Self; 7] = [
        Self::Resolve,
        Self::Lists,
        Self::ListsOfText,
        Self::Replay,
        Self::ReplayChecked,
        Self::Intake,
        Self::IntakeSigned,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Lists => "lists",
            Self::ListsOfText => "lists-of-text",
            Self::Replay => "replay",
            Self::ReplayChecked => "replay-checked",
            Self::Intake => "intake",
            Self::IntakeSigned => "intake-signed",
        }
    }

    /// What is done, and to what the time is for.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Resolve => "states that each library holds in its own form, to one: a resolution",
            Self::Lists => {
                "states that come as lists of interned pairs: an entry of the lists. \
                 The peer is given its own maps"
            }
            Self::ListsOfText => {
                "states that come as lists of type, state key and event id: an entry of the lists. \
                 The peer is given its own maps"
            }
            Self::Replay => {
                "stored PDUs to the state after each event and the final one, no event checked: \
                 an event"
            }
            Self::ReplayChecked => {
                "the same with each event checked by its auth events and by the state before it: \
                 an event"
            }
            Self::Intake => "bytes to verdicts on format and content hash, and event id: a PDU",
            Self::IntakeSigned => "the same with the signature of the sender's server: a PDU",
        }
    }

    fn contenders(self, room: &Rc<Room>) -> Vec<Contender> {
        match self {
            Self::Resolve => {
                let ruma = ruma::resolve::Prepared::of(room);
                let rezzy = rezzy::resolve::Prepared::of(room);
                vec![
                    ours::resolve(room),
                    ruma.bare(),
                    ruma.total(),
                    rezzy.bare(),
                    rezzy.total(),
                    rezzy.maps(),
                ]
            }
            Self::Lists => {
                let ruma = ruma::resolve::Prepared::of(room);
                vec![ours::lists(room), ruma.bare()]
            }
            Self::ListsOfText => {
                let ruma = ruma::resolve::Prepared::of(room);
                vec![ours::lists_of_text(room), ruma.bare()]
            }
            Self::Replay => vec![
                ours::replay(room),
                ruma::replay::unchecked(room),
                rezzy::replay::unchecked(room),
            ],
            Self::ReplayChecked => vec![ours::replay_checked(room), ruma::replay::checked(room)],
            Self::Intake => vec![
                ours::intake(room),
                ruma::intake::unsigned(room),
                floors::hashes(room),
            ],
            Self::IntakeSigned => vec![
                ours::intake_signed(room),
                ruma::intake::signed(room),
                floors::hashes_and_signature(room),
            ],
        }
    }

    /// Whether there is something to do. Branches may have met before the room ended.
    fn applies_to(self, room: &Room) -> bool {
        !room.conflicted.is_empty() || !matches!(self, Self::Resolve)
    }

    /// Of how many items a run consists.
    fn items(self, room: &Room) -> usize {
        match self {
            Self::Resolve => 1,
            Self::Lists | Self::ListsOfText => room.entries(),
            _ => room.workload.pdus.len(),
        }
    }

    fn input(self, room: &Room) -> String {
        match self {
            Self::Resolve | Self::Lists | Self::ListsOfText => {
                let (maps, conflicted) = (room.states.len(), room.conflicted.len());
                format!("{maps} × {}, {conflicted}", largest(room))
            }
            _ => room.workload.pdus.len().to_string(),
        }
    }
}

fn largest(room: &Room) -> usize {
    room.states.iter().map(Vec::len).max().unwrap_or_default()
}

/// A room and what is measured on it.
struct Plan {
    shape: Shape,
    stages: &'static [Stage],
    /// Whether it is small enough for a first impression.
    is_quick: bool,
}

const fn plan(shape: Shape, stages: &'static [Stage], is_quick: bool) -> Plan {
    Plan {
        shape,
        stages,
        is_quick,
    }
}

const RESOLVE: &[Stage] = &[Stage::Resolve];
const STATES: &[Stage] = &[Stage::Resolve, Stage::Lists, Stage::ListsOfText];
const REPLAY: &[Stage] = &[Stage::Replay, Stage::ReplayChecked];
const STORM: &[Stage] = &[Stage::Resolve, Stage::Replay, Stage::ReplayChecked];
const INTAKE: &[Stage] = &[Stage::Intake, Stage::IntakeSigned];

const PLANS: &[Plan] = &[
    plan(Shape::Tip(100), STATES, true),
    plan(Shape::Tip(1_000), STATES, true),
    plan(Shape::Tip(10_000), STATES, true),
    plan(Shape::Tip(50_000), STATES, false),
    plan(Shape::Ways(2), RESOLVE, false),
    plan(Shape::Ways(8), RESOLVE, false),
    plan(Shape::Ways(32), STATES, true),
    plan(Shape::Forks(100), RESOLVE, false),
    plan(Shape::Forks(1_000), STATES, true),
    plan(Shape::Forks(5_000), RESOLVE, false),
    plan(Shape::Duel(10), RESOLVE, true),
    plan(Shape::Duel(50), RESOLVE, true),
    plan(Shape::Duel(200), RESOLVE, false),
    plan(Shape::Mainline(10), RESOLVE, false),
    plan(Shape::Mainline(100), RESOLVE, false),
    plan(Shape::Mainline(1_000), RESOLVE, true),
    plan(Shape::Ladder(40), RESOLVE, true),
    plan(Shape::Storm(1_000), STORM, true),
    plan(Shape::Storm(10_000), STORM, false),
    plan(Shape::Calm(10_000), REPLAY, true),
    plan(Shape::Calm(100_000), REPLAY, false),
    plan(Shape::Calm(1_000), INTAKE, true),
];

const VERSIONS: [&RoomVersionRules; 2] = [&version::V11, &version::V12];

/// What is wanted of it.
#[derive(Default)]
pub struct Selection {
    /// Part of the names of all cells that are measured.
    pub filter: String,
    /// Small rooms only.
    pub is_quick: bool,
}

/// Measures what is selected. `done` is called with each cell.
pub fn run(
    selection: &Selection,
    effort: Effort,
    mut done: impl FnMut(&Measured),
) -> Vec<Measured> {
    let mut cells = Vec::new();
    for (plan, rules) in PLANS
        .iter()
        .flat_map(|plan| VERSIONS.map(|rules| (plan, rules)))
    {
        if selection.is_quick && !plan.is_quick {
            continue;
        }
        let name = |stage: &Stage| Name(*stage, plan.shape, rules).to_string();
        let wanted = |stage: &&Stage| name(stage).contains(&selection.filter);
        let mut stages = plan.stages.iter().filter(wanted).peekable();
        if stages.peek().is_none() {
            continue;
        }
        let room = Rc::new(Room::new(Workload::new(plan.shape, rules)));
        for stage in stages.filter(|stage| stage.applies_to(&room)) {
            let cell = Measured {
                stage: stage.name().into(),
                shape: plan.shape.to_string(),
                room_version: rules.id.into(),
                input: stage.input(&room),
                entries: largest(&room),
                figures: measure(stage.contenders(&room), stage.items(&room), effort),
            };
            done(&cell);
            cells.push(cell);
        }
    }
    cells
}

/// The names of all cells.
pub fn names() -> impl Iterator<Item = String> {
    let of_plan = |plan: &'static Plan| {
        let stages = plan.stages.iter();
        stages.flat_map(move |stage| VERSIONS.map(|rules| Name(*stage, plan.shape, rules)))
    };
    PLANS.iter().flat_map(of_plan).map(|name| name.to_string())
}

/// `stage/shape/size-vN`.
struct Name(Stage, Shape, &'static RoomVersionRules);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(stage, shape, rules) = self;
        write!(f, "{}/{shape}-v{}", stage.name(), rules.id)
    }
}
