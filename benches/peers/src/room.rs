//! A workload with what all callers need of it, made once and outside of all measurements.

use roomdag::dag::NodeIndex;
use roomdag::testing::workload::Workload;
use serde::Deserialize;

use crate::graph::{AuthGraph, Numbers, difference};

/// A workload, and its events as numbers. The number of an event is that of its node, which is its
/// place among the PDUs.
pub struct Room {
    pub workload: Workload,
    pub graph: AuthGraph,
    /// The events of each state that is to be resolved.
    pub states: Vec<Vec<Entry>>,
    /// The auth chain of each of them.
    pub chains: Vec<Numbers>,
    /// The events at keys on which the states do not agree.
    pub conflicted: Vec<u32>,
    /// The auth difference of the states.
    pub difference: Vec<u32>,
    /// The conflicted state subgraph.
    pub subgraph: Vec<u32>,
}

/// An entry of a state.
#[derive(Clone)]
pub struct Entry {
    pub event_type: String,
    pub state_key: String,
    pub event: u32,
}

impl Room {
    pub fn new(workload: Workload) -> Self {
        let dag = &workload.dag;
        let number = |node: NodeIndex| u32::try_from(node.index()).expect("nodes are 32 bits");
        let mut graph = AuthGraph::default();
        for (at, event) in workload.events.iter().enumerate() {
            let node = dag.node(event.id()).expect("the graph has all events");
            assert_eq!(node.index(), at, "events are numbered as they were written");
            graph.push(dag.auth_events(node).map(number).collect());
        }
        let states = workload.states.iter().map(|state| {
            let entries = state.iter().map(|(key, node)| {
                let (event_type, state_key) = dag.keys().resolve(key).expect("keys have names");
                Entry {
                    event_type: event_type.into(),
                    state_key: state_key.into(),
                    event: number(node),
                }
            });
            entries.collect()
        });
        let states: Vec<Vec<Entry>> = states.collect();
        let chains: Vec<Numbers> = states
            .iter()
            .map(|state| graph.chain(state.iter().map(|entry| entry.event)))
            .collect();
        let conflicted = conflicted(&workload);
        Self {
            difference: difference(&chains),
            subgraph: graph.subgraph(&conflicted).iter().collect(),
            graph,
            states,
            chains,
            conflicted,
            workload,
        }
    }

    pub fn id(&self, event: u32) -> &str {
        self.workload.events[event as usize].id().as_str()
    }

    /// The PDUs with the ids by which their host knows them.
    pub fn stored(&self) -> Vec<Stored> {
        let ids = self.workload.events.iter().map(|event| event.id().as_str());
        let stored = ids.zip(&self.workload.pdus).map(|(id, pdu)| Stored {
            id: id.into(),
            pdu: pdu.clone(),
        });
        stored.collect()
    }

    /// The entries of all states.
    pub fn entries(&self) -> usize {
        self.states.iter().map(Vec::len).sum()
    }
}

/// A PDU as a host keeps it: with the id that it had on arrival.
pub struct Stored {
    pub id: String,
    pub pdu: Vec<u8>,
}

/// What the peers read of a PDU. Nothing in a workload is escaped, so all strings can be borrowed.
#[derive(Deserialize)]
pub struct Wire<'a, C> {
    pub room_id: Option<&'a str>,
    #[serde(rename = "type")]
    pub event_type: &'a str,
    pub state_key: Option<&'a str>,
    pub sender: &'a str,
    pub origin_server_ts: u64,
    pub depth: u64,
    #[serde(borrow)]
    pub prev_events: Vec<&'a str>,
    #[serde(borrow)]
    pub auth_events: Vec<&'a str>,
    pub content: C,
}

impl<'a, C: Deserialize<'a>> Wire<'a, C> {
    pub fn parse(pdu: &'a [u8]) -> Self {
        serde_json::from_slice(pdu).expect("workloads are well-formed")
    }
}

fn conflicted(workload: &Workload) -> Vec<u32> {
    let mut events = Vec::new();
    let Some((first, rest)) = workload.states.split_first() else {
        return events;
    };
    let keys = rest.iter().flat_map(|other| first.diff(other));
    let mut keys: Vec<_> = keys.map(|(key, ..)| key).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let held = workload.states.iter().filter_map(|state| state.get(key));
        events.extend(held.filter_map(|node| u32::try_from(node.index()).ok()));
    }
    events.sort_unstable();
    events.dedup();
    events
}
