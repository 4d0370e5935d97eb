//! The graph of a room: what it keeps, what it refuses, and that arrival leaves no trace in it.
//!
//! In the drawings an event stands to the right of what it cites.

mod cycles;
mod depths;
mod descent;
mod graph;
mod order;

use roomdag::dag::RoomDag;
use roomdag::event::{AuthoriserSigned, Event, EventRef, PrevEvents};
use roomdag::id::{EventId, RoomId, UserId};
use roomdag::pdu::content::Content;

/// An event that differs from others in its id, its edges and whether it is a state event.
struct Draft<'a> {
    id: &'a str,
    state_key: Option<&'a str>,
    auth: &'a [&'a str],
    prev: &'a [&'a str],
}

impl Draft<'_> {
    fn event(&self) -> Event {
        let ids = |ids: &[&str]| ids.iter().map(|id| EventId::from_trusted(*id)).collect();
        let parts = EventRef {
            id: &EventId::from_trusted(self.id),
            room_id: &RoomId::from_trusted("!room:x"),
            event_type: if self.state_key.is_some() {
                "org.example.state"
            } else {
                "m.room.message"
            },
            state_key: self.state_key,
            sender: &UserId::from_trusted("@alice:x"),
            origin_server_ts: 1_700_000_000_000,
            depth: 1,
            prev_events: PrevEvents::None,
            content: &Content::Other,
            redacts: None,
            states_room_id: true,
            authoriser_signature: AuthoriserSigned::Unchecked,
        };
        Event::trusted(&parts, ids(self.prev), ids(self.auth))
    }
}

/// A message event.
fn message(id: &str, auth: &[&str], prev: &[&str]) -> Event {
    Draft {
        id,
        state_key: None,
        auth,
        prev,
    }
    .event()
}

/// The same event at another depth. Honest servers give an event a larger depth than all that it
/// cites; here it is 1 unless this is called.
fn at_depth(depth: i64, event: &Event) -> Event {
    let parts = EventRef {
        depth,
        ..event.as_ref()
    };
    Event::trusted(
        &parts,
        event.prev_events().to_vec(),
        event.auth_events().to_vec(),
    )
}

/// A state event whose state key is its id.
fn state(id: &str, auth: &[&str], prev: &[&str]) -> Event {
    Draft {
        id,
        state_key: Some(id),
        auth,
        prev,
    }
    .event()
}

/// All that a graph says of one event or placeholder, in ids. What follows the arrivals is sorted.
#[derive(Debug, PartialEq)]
struct Seen {
    id: String,
    known: bool,
    generation: u32,
    auth: Vec<String>,
    prev: Vec<String>,
    cited_by: Vec<String>,
    children: Vec<String>,
    key: Option<(String, String)>,
}

/// All that a graph says, by id.
fn view(dag: &RoomDag) -> Vec<Seen> {
    let name = |node| dag.id(node).unwrap().to_string();
    let mut nodes: Vec<_> = dag.auth_graph().node_indices().collect();
    nodes.sort_by_key(|node| name(*node));
    let sorted = |mut names: Vec<String>| {
        names.sort_unstable();
        names
    };
    let seen = |node| Seen {
        id: name(node),
        known: dag.is_known(node),
        generation: dag.generation(node),
        auth: dag.auth_events(node).map(name).collect(),
        prev: dag.prev_events(node).map(name).collect(),
        cited_by: sorted(dag.cited_by(node).map(name).collect()),
        children: sorted(dag.children(node).map(name).collect()),
        key: dag
            .key(node)
            .and_then(|key| dag.keys().resolve(key))
            .map(|(t, k)| (t.into(), k.into())),
    };
    nodes.into_iter().map(seen).collect()
}

fn names(dag: &RoomDag, nodes: impl IntoIterator<Item = petgraph::graph::NodeIndex>) -> Vec<&str> {
    nodes
        .into_iter()
        .map(|node| dag.id(node).unwrap().as_str())
        .collect()
}

fn dag_of(events: impl IntoIterator<Item = Event>) -> RoomDag {
    let mut dag = RoomDag::new();
    for event in events {
        dag.insert(event).unwrap();
    }
    dag
}
