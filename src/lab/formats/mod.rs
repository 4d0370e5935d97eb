//! Readers of room dumps, of lists of keys and of lists of states.
//!
//! What a file is follows from its content, not from its name:
//!
//! | content                                                            | read as            |
//! |--------------------------------------------------------------------|--------------------|
//! | one PDU a line                                                     | [`Shape::Lines`]   |
//! | an array of PDUs                                                   | [`Shape::Array`]   |
//! | an object with `events`, and maybe `room_version` and `heads`      | [`Shape::Events`]  |
//! | an object with `pdus` or `state` and `auth_chain`, as the federation answers `/state`, `/send_join`, `/event_auth` and `/backfill` | [`Shape::Response`] |
//! | JSON5 with `tardis_version`: a scenario of [TARDIS][tardis]         | [`Shape::Scenario`]|
//!
//! A file is one room: several such objects, one a line or in an array, are refused.
//!
//! A reader only finds out where the events are. What cannot be read is a [`Fault`] of its line and
//! spoils nothing else; whether an event has the format of its room version is for
//! [`Pdu::from_json`](crate::pdu::Pdu::from_json) to say.
//!
//! Dumps add to an event what is not part of it: in room versions where the id is a hash a
//! top-level `event_id`, which is taken off and kept as [`GivenId`], and keys that start with `__`,
//! which are taken off and forgotten.
//!
//! [tardis]: https://github.com/matrix-org/tardis

mod error;
mod json5;
mod keys;
mod layout;
mod room_version;
mod scenario;
mod span;
mod state_list;
mod synthetic;

pub use self::error::{FaultError, ReadError};
pub use self::keys::{KeysError, read_keys};
pub use self::state_list::{StateEntry, StateListError, read_state_list};

use crate::id::EventId;
use crate::json::Object;
use crate::lab::formats::layout::{Layout, Source};
use crate::lab::formats::synthetic::Completion;
use crate::limits::Limits;
use crate::version::{EventIdFormat, RoomVersionRules, RoomVersions};

/// How a dump is read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// The room version, whatever the dump says.
    pub room_version: Option<String>,
    /// Whether each event goes by the id that the dump gives it, even where that is not its hash.
    ///
    /// Such events are synthetic, so what they lack of `hashes`, `signatures`, `depth` and the like
    /// is filled in.
    pub trust_event_ids: bool,
    /// Whether an object with none of the members of a dump is an event all the same, as where
    /// single events are expected.
    pub bare_events: bool,
    /// The room versions that are known.
    pub versions: RoomVersions,
    /// What bounds the size of an event.
    pub limits: Limits,
}

/// A room, as read from a file.
#[derive(Clone, Debug)]
pub struct Dump {
    /// What the file was recognised as.
    pub shape: Shape,
    /// The rules of the room version.
    pub rules: RoomVersionRules,
    /// The events, in the order of the file.
    pub events: Vec<DumpEvent>,
    /// What could not be used, in the order of the file.
    pub faults: Vec<Fault>,
    /// What a server claims a state of the room to be, by position in `events`: the `pdus` or
    /// `state` of a federation response.
    pub claimed_state: Option<Vec<usize>>,
    /// Of a response to `/send_join`, the event before which that state is, by position in
    /// `events`.
    pub joined: Option<usize>,
    /// The forward extremities, if the file names them.
    pub heads: Vec<EventId>,
    /// The states after some events, if the file gives them: `precalculated_state_after` of a
    /// scenario.
    pub states_after: Vec<(EventId, Vec<EventId>)>,
}

/// What kinds of dump there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// One PDU a line, or a single PDU.
    Lines,
    /// An array of PDUs.
    Array,
    /// An object with `events`.
    Events,
    /// A response over federation.
    Response,
    /// A TARDIS scenario.
    Scenario,
}

/// An event of a dump, not yet checked for anything.
#[derive(Clone, Debug, PartialEq)]
pub struct DumpEvent {
    /// Where it is.
    pub position: Position,
    /// The event as it would come over federation.
    pub json: Object,
    /// The id that the dump gives it besides.
    pub given_id: GivenId,
}

/// The id that a dump gives an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GivenId {
    /// None, or it is part of the event, as in room versions 1 and 2.
    None,
    /// This one, which is to be checked against the event's hash.
    Stated(EventId),
    /// This one, by which the event goes whatever its hash is.
    Name(EventId),
}

impl GivenId {
    /// The id, however it was given.
    #[must_use]
    pub fn id(&self) -> Option<&EventId> {
        match self {
            Self::None => None,
            Self::Stated(id) | Self::Name(id) => Some(id),
        }
    }
}

/// Where something is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Position {
    /// On this line, counted from 1.
    Line(usize),
    /// It is this event of the file, counted from 1.
    Event(usize),
    /// It is an element of an array, which may be all on one line.
    Element {
        /// The line on which it starts, counted from 1.
        line: usize,
        /// The member that is the array; empty if the file is.
        list: &'static str,
        /// How many elements are before it.
        index: usize,
    },
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Event(event) => write!(f, "event {event}"),
            Self::Element { list, index, .. } => write!(f, "{list}[{index}]"),
        }
    }
}

/// Something in a dump that could not be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Where it is.
    pub position: Position,
    /// What is wrong with it.
    pub error: FaultError,
    /// The object that it is all the same, if JSON is read more leniently than the room version
    /// does; without what the dump adds to an event.
    pub json: Option<Object>,
    /// The id that the dump gives it.
    pub given_id: GivenId,
}

/// Reads a room from a file of any of the kinds above.
///
/// Linear in the size of `bytes`. No event is refused for being longer than an event may be, only
/// for being longer than [`Limits::input_bytes`].
///
/// # Errors
///
/// [`ReadError`], where it is not to be found out what the file is, or of which room version.
/// What is wrong with single events is in [`Dump::faults`].
pub fn read(bytes: &[u8], options: &ReadOptions) -> Result<Dump, ReadError> {
    let layout = Layout::find(bytes, options.bare_events)?;
    let rules = room_version::find(&layout, options)?;
    Ok(match layout {
        Layout::Parts(parts) => from_parts(parts, rules, options),
        Layout::Scenario(scenario) => scenario.into_dump(rules, options),
    })
}

fn from_parts(parts: layout::Parts<'_>, rules: RoomVersionRules, options: &ReadOptions) -> Dump {
    let mut dump = Dump::new(parts.shape, rules);
    dump.heads = parts.heads;
    dump.claimed_state = parts.claims_state.then(Vec::new);
    let mut completion = Completion::new(&rules, None);
    for source in parts.sources {
        let read = Object::parse_within(source.bytes, rules.canonical_json, &options.limits);
        match read {
            Ok(mut json) => {
                let mut given_id = take_additions(&mut json, &rules);
                if let (true, GivenId::Stated(id)) = (options.trust_event_ids, &given_id) {
                    completion.complete(&mut json, id);
                    given_id = GivenId::Name(id.clone());
                }
                dump.push(&source, json, given_id);
            }
            Err(error) => dump.faults.push(fault(&source, error.into(), &rules)),
        }
    }
    dump
}

impl Dump {
    fn new(shape: Shape, rules: RoomVersionRules) -> Self {
        Self {
            shape,
            rules,
            events: Vec::new(),
            faults: Vec::new(),
            claimed_state: None,
            joined: None,
            heads: Vec::new(),
            states_after: Vec::new(),
        }
    }

    fn push(&mut self, source: &Source<'_>, json: Object, given_id: GivenId) {
        let index = self.events.len();
        match (&mut self.claimed_state, source.part) {
            (Some(claimed), layout::Part::State) => claimed.push(index),
            (_, layout::Part::Joined) => self.joined = Some(index),
            _ => {}
        }
        self.events.push(DumpEvent {
            position: source.position,
            json,
            given_id,
        });
    }
}

fn fault(source: &Source<'_>, error: FaultError, rules: &RoomVersionRules) -> Fault {
    let mut json = Object::parse(source.bytes, crate::json::Mode::Lenient).ok();
    let given_id = json
        .as_mut()
        .map_or(GivenId::None, |json| take_additions(json, rules));
    Fault {
        position: source.position,
        error,
        json,
        given_id,
    }
}

/// Takes off what dumps add to an event: keys with two underscores in front, and the id where it is
/// no part of the event. One that is not a string stays, and makes the event malformed.
fn take_additions(json: &mut Object, rules: &RoomVersionRules) -> GivenId {
    let ignored: Vec<String> = json
        .keys()
        .filter(|key| key.starts_with("__"))
        .map(ToOwned::to_owned)
        .collect();
    for key in ignored {
        json.remove(&key);
    }
    if rules.event_id == EventIdFormat::Field {
        return GivenId::None;
    }
    let id = json
        .get("event_id")
        .and_then(|id| id.as_str())
        .map(EventId::from_trusted);
    if id.is_some() {
        json.remove("event_id");
    }
    id.map_or(GivenId::None, GivenId::Stated)
}
