//! Where in a file the events are.

use crate::id::EventId;
use crate::json::{Mode, Object, Value};
use crate::lab::formats::scenario::Scenario;
use crate::lab::formats::span::{self, Cutter, Expected, Span};
use crate::lab::formats::{Position, ReadError, Shape};

/// A file, as far as it can be understood without the room version.
pub(super) enum Layout<'a> {
    /// Pieces of it are events.
    Parts(Parts<'a>),
    /// It is a scenario.
    Scenario(Scenario),
}

/// The events of a file, unread, and what else it says.
pub(super) struct Parts<'a> {
    pub(super) shape: Shape,
    pub(super) sources: Vec<Source<'a>>,
    /// Whether it says what a state of the room is.
    pub(super) claims_state: bool,
    pub(super) room_version: Option<String>,
    pub(super) heads: Vec<EventId>,
}

/// The bytes of an event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) position: Position,
    pub(super) bytes: &'a [u8],
    pub(super) part: Part,
}

/// What an event is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It is part of the room.
    Room,
    /// It is part of a state that a server claims.
    State,
    /// It is the event before which that state is.
    Joined,
}

impl<'a> Layout<'a> {
    /// With `bare_events` an object that tells nothing else is an event.
    pub(super) fn find(bytes: &'a [u8], bare_events: bool) -> Result<Self, ReadError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut cutter = Cutter::new(bytes);
        match cutter.peek() {
            None => return Err(ReadError::Empty),
            Some(b'[') => return array(bytes, &mut cutter),
            Some(_) => {}
        }
        let first = cutter.value();
        if let (Ok(first), None) = (first, cutter.peek())
            && first.bytes.starts_with(b"{")
        {
            return match object(bytes, first) {
                Err(ReadError::UnknownObject) if bare_events => Ok(one_event(bytes, first)),
                layout => layout,
            };
        }
        // More than one value, or something that is no JSON: lines, or a scenario.
        let parts = lines(bytes);
        one_room(parts.sources.iter().map(|source| source.bytes))?;
        if !mentions_tardis(bytes) {
            return Ok(Self::Parts(parts));
        }
        let reads = |source: &Source<'_>| Object::parse(source.bytes, Mode::Lenient).is_ok();
        match Scenario::parse(bytes) {
            Err(_) if parts.sources.iter().any(reads) => Ok(Self::Parts(parts)),
            scenario => scenario.map(Self::Scenario),
        }
    }
}

/// One PDU a line. A line ends at a line feed and nowhere else; other characters that some
/// libraries end lines at occur in strings.
fn lines(bytes: &[u8]) -> Parts<'_> {
    let sources = bytes
        .split(|byte| *byte == b'\n')
        .enumerate()
        .map(|(index, line)| (index.saturating_add(1), line.trim_ascii()))
        .filter(|(_, line)| !line.is_empty())
        .map(|(line, bytes)| Source {
            position: Position::Line(line),
            bytes,
            part: Part::Room,
        })
        .collect();
    Parts::of(Shape::Lines, sources)
}

fn array<'a>(bytes: &'a [u8], cutter: &mut Cutter<'a>) -> Result<Layout<'a>, ReadError> {
    let broken = |expected| broken(bytes, expected);
    let whole = cutter.value().map_err(broken)?;
    let elements = span::elements(bytes, whole.start).map_err(broken)?;
    // The first version of `/send_join` answers with a status and an object.
    if let [status, body] = *elements
        && status.bytes == b"200"
        && body.bytes.starts_with(b"{")
    {
        return object(bytes, body);
    }
    one_room(elements.iter().map(|element| element.bytes))?;
    Ok(Layout::Parts(Parts::of(
        Shape::Array,
        sources(bytes, "", &elements, Part::Room),
    )))
}

/// Refuses rooms where events are expected.
fn one_room<'a>(mut values: impl ExactSizeIterator<Item = &'a [u8]>) -> Result<(), ReadError> {
    let rooms = values.len();
    let is_room = |value: &[u8]| {
        let members = span::members(value, 0).unwrap_or_default();
        let is = |name: &[u8]| members.iter().any(|(written, _)| written.bytes == name);
        is(br#""events""#) && !is(br#""type""#)
    };
    if values.next().is_some_and(is_room) {
        return Err(ReadError::SeveralRooms { rooms });
    }
    Ok(())
}

fn one_event<'a>(bytes: &[u8], whole: Span<'a>) -> Layout<'a> {
    let line = span::line_of(bytes, whole.start);
    let source = Source {
        position: Position::Line(line),
        bytes: whole.bytes,
        part: Part::Room,
    };
    Layout::Parts(Parts::of(Shape::Lines, vec![source]))
}

fn object<'a>(bytes: &'a [u8], whole: Span<'a>) -> Result<Layout<'a>, ReadError> {
    let members = match span::members(bytes, whole.start) {
        Ok(members) => members,
        // What is no JSON may be JSON5.
        Err(_) if mentions_tardis(whole.bytes) => {
            return Scenario::parse(bytes).map(Layout::Scenario);
        }
        Err(expected) => return Err(broken(bytes, expected)),
    };
    let member = |name: &str| {
        let written = |span: &Span<'_>| {
            Value::parse(span.bytes, Mode::Lenient).is_ok_and(|value| value.as_str() == Some(name))
        };
        members
            .iter()
            .find(|(key, _)| written(key))
            .map(|(_, value)| *value)
    };
    let list = |value: Option<Span<'a>>| -> Result<Vec<Span<'a>>, ReadError> {
        let Some(value) = value else {
            return Ok(Vec::new());
        };
        span::elements(bytes, value.start).map_err(|expected| broken(bytes, expected))
    };
    if members
        .iter()
        .any(|(name, _)| is_tardis_version(name.bytes))
    {
        return Scenario::parse(bytes).map(Layout::Scenario);
    }
    if member("type").is_some() {
        return Ok(one_event(bytes, whole));
    }
    if let Some(events) = member("events") {
        let events = list(Some(events))?;
        let mut parts = Parts::of(Shape::Events, sources(bytes, "events", &events, Part::Room));
        parts.room_version = member("room_version").map(room_version).transpose()?;
        parts.heads = member("heads").map(heads).transpose()?.unwrap_or_default();
        return Ok(Layout::Parts(parts));
    }
    let [pdus, states] = ["pdus", "state"].map(|name| Some((name, member(name)?)));
    let state = pdus.or(states);
    let auth_chain = member("auth_chain");
    if state.is_none() && auth_chain.is_none() {
        return Err(ReadError::UnknownObject);
    }
    // `pdus` alone are a transaction or a backfill, which claim no state.
    let claims_state = state.is_some() && (auth_chain.is_some() || states.is_some());
    let part = if claims_state {
        Part::State
    } else {
        Part::Room
    };
    let (name, state) = state.unzip();
    let mut found = sources(bytes, name.unwrap_or_default(), &list(state)?, part);
    let auth_chain = list(auth_chain)?;
    found.extend(sources(bytes, "auth_chain", &auth_chain, Part::Room));
    let joined = member("event").filter(|event| event.bytes.starts_with(b"{"));
    found.extend(joined.map(|event| Source {
        position: Position::Line(span::line_of(bytes, event.start)),
        bytes: event.bytes,
        part: Part::Joined,
    }));
    let mut parts = Parts::of(Shape::Response, found);
    parts.claims_state = claims_state;
    Ok(Layout::Parts(parts))
}

/// Whether a file may be a scenario.
fn mentions_tardis(bytes: &[u8]) -> bool {
    bytes
        .windows(TARDIS_VERSION.len())
        .any(|window| window == TARDIS_VERSION)
}

/// Whether this is the name of the member that every scenario has, in quotes or not.
fn is_tardis_version(name: &[u8]) -> bool {
    let quote = |byte: &u8| b"\"'".contains(byte);
    let start = name.iter().take_while(|byte| quote(byte)).count();
    name.get(start..).is_some_and(|name| {
        name.strip_prefix(TARDIS_VERSION)
            .is_some_and(|rest| rest.iter().all(quote))
    })
}

fn room_version(value: Span<'_>) -> Result<String, ReadError> {
    let wrong = ReadError::WrongType {
        member: "room_version",
        expected: "a string",
    };
    let value = Value::parse(value.bytes, Mode::Lenient).ok();
    value
        .as_ref()
        .and_then(Value::as_str)
        .map(ToOwned::to_owned)
        .ok_or(wrong)
}

fn heads(value: Span<'_>) -> Result<Vec<EventId>, ReadError> {
    let wrong = ReadError::WrongType {
        member: "heads",
        expected: "an array of event ids",
    };
    let value = Value::parse(value.bytes, Mode::Lenient).ok();
    let ids = value.as_ref().and_then(Value::as_array).map(|ids| {
        ids.iter()
            .map(|id| Some(EventId::from_trusted(id.as_str()?)))
            .collect::<Option<Vec<_>>>()
    });
    ids.flatten().ok_or(wrong)
}

/// The events of a list with the lines on which they start. `spans` ascend.
fn sources<'a>(
    document: &[u8],
    list: &'static str,
    spans: &[Span<'a>],
    part: Part,
) -> Vec<Source<'a>> {
    let (mut line, mut counted) = (1_usize, 0_usize);
    spans
        .iter()
        .enumerate()
        .map(|(index, span)| {
            let between = document.get(counted..span.start).unwrap_or_default();
            line = line
                .saturating_add(span::line_of(between, between.len()))
                .saturating_sub(1);
            counted = span.start;
            Source {
                position: Position::Element { line, list, index },
                bytes: span.bytes,
                part,
            }
        })
        .collect()
}

fn broken(document: &[u8], expected: Expected) -> ReadError {
    ReadError::Broken {
        line: span::line_of(document, expected.offset),
        expected: expected.what,
    }
}

impl<'a> Parts<'a> {
    fn of(shape: Shape, sources: Vec<Source<'a>>) -> Self {
        Self {
            shape,
            sources,
            claims_state: false,
            room_version: None,
            heads: Vec::new(),
        }
    }
}

/// The member that every scenario has.
const TARDIS_VERSION: &[u8] = b"tardis_version";
