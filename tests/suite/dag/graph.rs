//! What the graph keeps of events, and of events that have not come yet.

use petgraph::algo::{is_cyclic_directed, toposort};
use petgraph::graph::NodeIndex;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::Index;
use proptest::{prop_assert, prop_assert_eq};
use roomdag::dag::chain::{ancestors, auth_chain};
use roomdag::dag::{InsertError, RoomDag};
use roomdag::event::{AuthoriserSigned, Event, EventRef, PrevEvents};
use roomdag::id::{EventId, RoomId, UserId};
use roomdag::pdu::content::Content;
use roomdag::state::{KeyIx, StateMap};

use crate::dag::{at_depth, dag_of, message, names, state, view};

#[test]
fn an_empty_graph_knows_nothing() {
    let dag = RoomDag::new();
    assert!(dag.is_empty());
    assert_eq!(dag.node("$a"), None);
    let nowhere = NodeIndex::new(3);
    assert!(dag.event(nowhere).is_none());
    assert_eq!(dag.id(nowhere), None);
    assert_eq!(dag.generation(nowhere), 0);
    assert_eq!(dag.auth_events(nowhere).count(), 0);
    assert_eq!(dag.cited_by(nowhere).count(), 0);
    assert_eq!(auth_chain(&dag, [nowhere]), []);
    assert_eq!(dag.digest(&StateMap::new()).unwrap().to_string().len(), 64);
}

#[test]
fn a_rejection_is_remembered_when_an_earlier_event_is_rejected_after_it() {
    let ids: Vec<String> = (0..200).map(|at| format!("${at}")).collect();
    let mut dag = dag_of(ids.iter().map(|id| message(id, &[], &[])));
    let [early, late] = ["$3", "$190"].map(|id| dag.node(id).unwrap());
    dag.reject(late);
    dag.reject(early);
    let rejected = ids
        .iter()
        .filter(|id| dag.is_rejected(dag.node(id.as_str()).unwrap()));
    assert_eq!(rejected.collect::<Vec<_>>(), ["$3", "$190"]);
}

#[test]
fn an_event_is_given_back_as_it_was() {
    let room = RoomId::from_trusted("!room:x");
    let (sender, id) = (
        UserId::from_trusted("@alice:x"),
        EventId::from_trusted("$e"),
    );
    let (target, prev) = (
        EventId::from_trusted("$target"),
        EventId::from_trusted("$p"),
    );
    let parts = EventRef {
        id: &id,
        room_id: &room,
        event_type: "m.room.join_rules",
        state_key: Some(""),
        sender: &sender,
        origin_server_ts: -5,
        depth: i64::MAX,
        prev_events: PrevEvents::One(&prev),
        content: &Content::JoinRules(None),
        redacts: Some(&target),
        states_room_id: false,
        authoriser_signature: AuthoriserSigned::Valid,
    };
    let event = Event::trusted(&parts, vec![prev.clone()], vec![]);
    let mut dag = RoomDag::new();
    dag.insert(message("$first", &[], &[])).unwrap();
    let node = dag.insert(event).unwrap();

    assert_eq!(
        format!("{:?}", dag.event(node).unwrap()),
        format!("{parts:?}")
    );
    assert_eq!(dag.key(node), Some(KeyIx::JOIN_RULES));
    assert_eq!(
        dag.keys().resolve_type(dag.event_type(node).unwrap()),
        Some("m.room.join_rules")
    );
    assert_eq!(dag.overlong(node), None);
    // What a redaction names is not cited: it may be anything.
    assert_eq!(dag.node(&target), None);
}

#[test]
fn an_event_of_another_room_keeps_its_room() {
    let (room, id) = (
        RoomId::from_trusted("!other:x"),
        EventId::from_trusted("$stray"),
    );
    let home = message("$home", &[], &[]);
    let stray = message("$stray", &[], &[]);
    let parts = EventRef {
        room_id: &room,
        id: &id,
        ..stray.as_ref()
    };
    let stray = Event::trusted(&parts, vec![], vec![]);
    let dag = dag_of([home, stray]);

    let room_of = |id: &str| dag.event(dag.node(id).unwrap()).unwrap().room_id.as_str();
    assert_eq!(room_of("$home"), "!room:x");
    assert_eq!(room_of("$stray"), "!other:x");
}

#[test]
fn citations_keep_the_order_of_the_event() {
    let dag = dag_of([message(
        "$e",
        &["$c", "$a", "$c", "$b"],
        &["$z", "$x", "$z", "$y"],
    )]);
    let node = dag.node("$e").unwrap();

    assert_eq!(names(&dag, dag.auth_events(node)), ["$c", "$a", "$c", "$b"]);
    assert_eq!(names(&dag, dag.prev_events(node)), ["$z", "$x", "$y"]);
    assert_eq!(dag.event(node).unwrap().prev_events, PrevEvents::Several);
    assert_eq!(
        names(&dag, dag.auth_graph().neighbors(node)),
        ["$c", "$a", "$c", "$b"]
    );
}

#[test]
fn one_previous_event_named_twice_is_one() {
    let dag = dag_of([message("$e", &[], &["$p", "$p"])]);
    let prev = EventId::from_trusted("$p");
    let event = dag.event(dag.node("$e").unwrap()).unwrap();
    assert_eq!(event.prev_events, PrevEvents::One(&prev));
}

#[test]
fn what_is_cited_but_unknown_is_missing() {
    let mut dag = dag_of([message("$e", &["$c", "$a"], &["$b", "$a"])]);
    assert_eq!(
        dag.missing().map(EventId::as_str).collect::<Vec<_>>(),
        ["$a", "$b", "$c"]
    );
    let placeholder = dag.node("$b").unwrap();
    assert!(!dag.is_known(placeholder));
    assert!(dag.event(placeholder).is_none());
    assert_eq!(dag.len(), 1);

    assert_eq!(dag.insert(state("$b", &[], &[])), Ok(placeholder));
    assert!(dag.is_known(placeholder));
    assert_eq!(
        dag.missing().map(EventId::as_str).collect::<Vec<_>>(),
        ["$a", "$c"]
    );
    assert_eq!(names(&dag, dag.events()), ["$e", "$b"]);
}

#[test]
fn an_event_that_is_there_stays_as_it_is() {
    let mut dag = dag_of([message("$e", &["$a"], &["$p"])]);
    let before = view(&dag);
    let node = dag.node("$e").unwrap();
    assert_eq!(
        dag.insert(state("$e", &["$other"], &[])),
        Err(InsertError::Known { node })
    );
    assert_eq!(view(&dag), before);
    assert_eq!(dag.node("$other"), None);
}

#[test]
fn a_rejection_is_noted_for_one_event_and_changes_nothing_else() {
    let mut dag = dag_of([
        state("$a", &["$lost"], &[]),
        message("$b", &["$a"], &["$a"]),
    ]);
    let before = view(&dag);
    let (a, lost) = (dag.node("$a").unwrap(), dag.node("$lost").unwrap());
    dag.reject(a);
    assert!(dag.is_rejected(a));
    assert!(!dag.is_rejected(lost));
    assert!(!dag.is_rejected(NodeIndex::new(1_000)));
    assert_eq!(view(&dag), before);
}

/// ```text
/// create ─ power ─┬─ topic     power is cited twice by topic,
///                 └─ hello     and by a message
/// ```
#[test]
fn only_state_events_count_as_citing() {
    let dag = dag_of([
        state("$create", &[], &[]),
        state("$power", &["$create"], &["$create"]),
        state("$topic", &["$power", "$create", "$power"], &["$power"]),
        message("$hello", &["$power", "$create"], &["$power"]),
    ]);
    let power = dag.node("$power").unwrap();
    assert_eq!(names(&dag, dag.cited_by(power)), ["$topic"]);
    assert_eq!(
        names(&dag, dag.cited_by(dag.node("$create").unwrap())),
        ["$topic", "$power"]
    );
    assert_eq!(names(&dag, dag.children(power)), ["$hello", "$topic"]);
}

/// ```text
/// auth:  create ─┬─ alice ──────┬─ topic
///                └─ power ─ bob ┘
/// ```
#[test]
fn the_generation_is_the_longest_way_down() {
    let dag = dag_of([
        state("$create", &[], &[]),
        state("$alice", &["$create"], &["$create"]),
        state("$power", &["$create"], &["$alice"]),
        state("$bob", &["$create", "$power"], &["$power"]),
        state("$topic", &["$alice", "$bob"], &["$bob"]),
    ]);
    let generation = |id| dag.generation(dag.node(id).unwrap());
    assert_eq!(
        ["$create", "$alice", "$power", "$bob", "$topic"].map(generation),
        [1, 2, 2, 3, 4]
    );
}

/// ```text
/// auth:  (a) ─ b ─ c     with a to come, and below it d ─ e
/// ```
#[test]
fn filling_a_placeholder_lifts_what_is_above() {
    let mut dag = dag_of([state("$b", &["$a"], &[]), state("$c", &["$b"], &[])]);
    let generations = |dag: &RoomDag| -> Vec<u32> {
        let ids = ["$a", "$b", "$c", "$d", "$e"];
        ids.iter()
            .filter_map(|id| dag.node(id))
            .map(|node| dag.generation(node))
            .collect()
    };
    assert_eq!(generations(&dag), [0, 1, 2]);
    dag.insert(state("$a", &["$d"], &[])).unwrap();
    assert_eq!(generations(&dag), [1, 2, 3, 0]);
    dag.insert(state("$d", &["$e"], &[])).unwrap();
    dag.insert(state("$e", &[], &[])).unwrap();
    assert_eq!(generations(&dag), [3, 4, 5, 2, 1]);
}

/// ```text
/// auth:  create ─┬─ alice ─┬─ topic     chain of topic: all but topic and bob
///                ├─ power ─┘
///                └─ bob
/// ```
#[test]
fn an_auth_chain_is_what_lies_below() {
    let dag = dag_of([
        state("$topic", &["$alice", "$power"], &["$bob"]),
        state("$bob", &["$create"], &["$power"]),
        state("$power", &["$create", "$lost"], &["$alice"]),
        state("$alice", &["$create"], &["$create"]),
        state("$create", &[], &[]),
    ]);
    let chain = |ids: &[&str]| {
        let mut chain = names(
            &dag,
            auth_chain(&dag, ids.iter().filter_map(|id| dag.node(id))),
        );
        chain.sort_unstable();
        chain
    };
    assert_eq!(chain(&["$topic"]), ["$alice", "$create", "$lost", "$power"]);
    assert_eq!(chain(&["$bob", "$bob"]), ["$create"]);
    assert_eq!(
        chain(&["$topic", "$alice"]),
        ["$alice", "$create", "$lost", "$power"]
    );
    assert_eq!(chain(&["$create"]), [""; 0]);
    assert_eq!(ancestors(&dag, dag.node("$topic")).len(), 4);
}

#[test]
fn the_graphs_are_petgraphs() {
    let dag = dag_of([
        state("$b", &["$a"], &["$a"]),
        state("$c", &["$a", "$b"], &["$b"]),
        state("$a", &[], &[]),
    ]);
    assert!(!is_cyclic_directed(dag.auth_graph()));
    assert!(!is_cyclic_directed(dag.prev_graph()));
    let newest_first = toposort(dag.auth_graph(), None).unwrap();
    assert_eq!(names(&dag, newest_first), ["$c", "$b", "$a"]);
}

#[test]
fn a_graph_can_be_sent_and_shared() {
    fn check<T: Send + Sync>() {}
    check::<RoomDag>();
}

#[test]
fn a_state_is_named_by_the_ids_of_its_events() {
    let one = dag_of([state("$a", &[], &[]), state("$b", &[], &[])]);
    let other = dag_of([state("$b", &[], &[]), state("$a", &[], &[])]);
    let state_of = |dag: &RoomDag| {
        let nodes = dag.events().filter_map(|node| Some((dag.key(node)?, node)));
        nodes.collect::<StateMap>()
    };
    assert_eq!(one.digest(&state_of(&one)), other.digest(&state_of(&other)));
    let elsewhere = StateMap::from_iter([(KeyIx::CREATE, NodeIndex::new(7))]);
    assert_eq!(one.digest(&elsewhere), None);
}

/// A depth that tells the truth now and then.
pub(super) fn any_depth() -> impl Strategy<Value = i64> {
    prop_oneof![4 => 0..24_i64, 1 => Just(i64::MIN), 1 => Just(i64::MAX)]
}

/// The edges of one event of a random room: which of the events before it, and of what never came.
#[derive(Clone, Debug)]
struct Edges {
    auth: Vec<usize>,
    prev: Vec<usize>,
    is_state: bool,
    depth: i64,
}

/// A room in which each event cites earlier ones, and an order for its events to arrive in.
fn any_room() -> impl Strategy<Value = (Vec<Edges>, Vec<usize>)> {
    let edges = (
        vec(any::<Index>(), 0..4),
        vec(any::<Index>(), 0..3),
        any::<bool>(),
        any_depth(),
    );
    vec(edges, 1..24).prop_flat_map(|drafts| {
        let room: Vec<Edges> = drafts
            .into_iter()
            .enumerate()
            .map(|(at, (auth, prev, is_state, depth))| {
                // Number 0 never comes.
                let pick = |picks: Vec<Index>| picks.iter().map(|p| p.index(at + 1)).collect();
                Edges {
                    auth: pick(auth),
                    prev: pick(prev),
                    is_state,
                    depth,
                }
            })
            .collect();
        let arrivals: Vec<usize> = (0..room.len()).collect();
        (Just(room), Just(arrivals).prop_shuffle())
    })
}

fn events_of(room: &[Edges]) -> Vec<Event> {
    let name = |at: &usize| format!("${at:02}");
    let event = |(at, edges): (usize, &Edges)| {
        let auth: Vec<String> = edges.auth.iter().map(name).collect();
        let prev: Vec<String> = edges.prev.iter().map(name).collect();
        let auth: Vec<&str> = auth.iter().map(String::as_str).collect();
        let prev: Vec<&str> = prev.iter().map(String::as_str).collect();
        let draft = if edges.is_state { state } else { message };
        at_depth(edges.depth, &draft(&name(&(at + 1)), &auth, &prev))
    };
    room.iter().enumerate().map(event).collect()
}

proptest! {
    /// Whatever order events come in, and whoever asks in between, the graph is the same.
    #[test]
    fn arrival_leaves_no_trace((room, arrivals) in any_room(), asked in vec(any::<bool>(), 24)) {
        let events = events_of(&room);
        let expected = dag_of(events.iter().cloned());
        let mut dag = RoomDag::new();
        for (at, asked) in arrivals.into_iter().zip(asked) {
            let node = dag.insert(events[at].clone()).unwrap();
            if asked {
                let below = dag.auth_events(node).map(|node| dag.generation(node)).max();
                prop_assert_eq!(dag.generation(node), below.unwrap_or(0) + 1);
            }
        }
        prop_assert_eq!(view(&dag), view(&expected));
        prop_assert!(dag.missing().eq(expected.missing()));
        dag.shrink_to_fit();
        prop_assert_eq!(view(&dag), view(&expected));
    }

    /// The generation of an event is larger than that of all in its auth chain.
    #[test]
    fn generations_rise((room, _) in any_room()) {
        let dag = dag_of(events_of(&room));
        for node in dag.events() {
            for below in auth_chain(&dag, [node]) {
                prop_assert!(dag.generation(below) < dag.generation(node));
            }
        }
    }
}
