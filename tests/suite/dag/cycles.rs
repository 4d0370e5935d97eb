//! Events that would be their own ancestors are refused, and leave nothing behind.

use petgraph::algo::is_cyclic_directed;
use petgraph::graph::DiGraph;
use proptest::collection::vec;
use proptest::prelude::{any, proptest};
use proptest::prop_assert_eq;
use roomdag::dag::{InsertError, RoomDag};
use roomdag::event::Event;
use roomdag::id::EventId;

use crate::dag::graph::any_depth;
use crate::dag::{at_depth, dag_of, message, state, view};

/// All but the last of `events` enter; the last is refused without a trace.
#[track_caller]
fn refused_at_the_end<const N: usize>(mut events: [Event; N]) {
    let last = events.last().unwrap().clone();
    let mut dag = dag_of(events[..N - 1].iter().cloned());
    let before = view(&dag);
    let missing: Vec<EventId> = dag.missing().cloned().collect();
    let keys = dag.keys().len();

    let refused = Err(InsertError::Cycle {
        id: last.id().clone(),
    });
    assert_eq!(dag.insert(last), refused);
    assert_eq!(view(&dag), before);
    assert!(dag.missing().eq(missing.iter()));
    assert_eq!(dag.len(), N - 1);
    assert_eq!(dag.keys().len(), keys);

    // Nor does it help to come in another order.
    events.reverse();
    let mut dag = RoomDag::new();
    let refusals = events
        .into_iter()
        .filter(|event| dag.insert(event.clone()).is_err())
        .count();
    assert_eq!(refusals, 1);
}

/// ```text
/// a ─ a
/// ```
#[test]
fn an_event_cannot_cite_itself() {
    refused_at_the_end([message("$a", &["$a"], &[])]);
    refused_at_the_end([message("$a", &[], &["$a"])]);
    refused_at_the_end([state("$b", &["$a"], &[]), state("$a", &["$new", "$a"], &[])]);
}

/// ```text
/// a ─ b ─ a
/// ```
#[test]
fn two_events_cannot_cite_each_other() {
    refused_at_the_end([state("$b", &["$a"], &[]), state("$a", &["$b"], &[])]);
    refused_at_the_end([message("$b", &[], &["$a"]), message("$a", &[], &["$b"])]);
}

/// ```text
/// a ─ b ─ c ─ a
/// ```
#[test]
fn three_events_cannot_cite_each_other_in_a_ring() {
    refused_at_the_end([
        state("$b", &["$a"], &[]),
        state("$c", &["$b"], &[]),
        state("$a", &["$c"], &[]),
    ]);
    refused_at_the_end([
        message("$c", &[], &["$b"]),
        message("$a", &[], &["$c"]),
        message("$b", &[], &["$a"]),
    ]);
}

/// ```text
/// a ─(prev)─ b ─(auth)─ a
/// ```
#[test]
fn the_two_kinds_of_citation_count_together() {
    refused_at_the_end([message("$b", &[], &["$a"]), message("$a", &["$b"], &[])]);
    refused_at_the_end([
        state("$b", &["$a"], &[]),
        state("$c", &[], &["$b"]),
        state("$a", &["$x"], &["$y", "$c"]),
    ]);
}

/// ```text
/// base ─ … ─ long         a ─ b ─ top ─ a      a, filled last, is ranked below all of it
/// ```
#[test]
fn a_ring_is_found_below_a_tall_stack() {
    let mut dag = dag_of([message("$long0", &[], &[])]);
    for at in 1..50 {
        dag.insert(message(
            &format!("$long{at}"),
            &[],
            &[&format!("$long{}", at - 1)],
        ))
        .unwrap();
    }
    dag.insert(message("$b", &[], &["$a"])).unwrap();
    dag.insert(message("$top", &["$b"], &["$long49"])).unwrap();
    let before = view(&dag);
    assert!(
        dag.insert(message("$a", &[], &["$long49", "$top"]))
            .is_err()
    );
    assert_eq!(view(&dag), before);
    dag.insert(message("$a", &[], &["$long49"])).unwrap();
}

#[test]
fn the_wording_of_errors() {
    let id = EventId::from_trusted(format!("${}", "x".repeat(70_000)));
    let cycle = InsertError::Cycle { id }.to_string();
    assert!(cycle.starts_with("event `$xxx") && cycle.ends_with("` is among its own ancestors"));
    assert!(cycle.len() < 300);
    assert_eq!(InsertError::Full.to_string(), "the graph is full");
    let dag = dag_of([message("$a", &[], &[])]);
    let known = InsertError::Known {
        node: dag.node("$a").unwrap(),
    };
    assert_eq!(known.to_string(), "the event is in the graph already");
}

proptest! {
    /// An event is refused exactly if the graph with it in would have a cycle, by petgraph's
    /// account of all edges of both kinds.
    #[test]
    fn exactly_the_cycles_are_refused(
        drafts in vec((0..12_usize, any_depth(), vec((0..12_usize, any::<bool>()), 0..4)), 0..24)
    ) {
        let mut dag = RoomDag::new();
        let mut model: DiGraph<bool, ()> = DiGraph::new();
        let nodes: Vec<_> = (0..12).map(|_| model.add_node(false)).collect();
        for (id, depth, cited) in drafts {
            let name = |at: usize| format!("${at}");
            let of_kind = |kind| {
                cited.iter().filter(move |(_, auth)| *auth == kind).map(|(at, _)| name(*at))
            };
            let (auth, prev): (Vec<_>, Vec<_>) = (of_kind(true).collect(), of_kind(false).collect());
            let auth: Vec<&str> = auth.iter().map(String::as_str).collect();
            let prev: Vec<&str> = prev.iter().map(String::as_str).collect();
            let result = dag.insert(at_depth(depth, &message(&name(id), &auth, &prev)));

            if model[nodes[id]] {
                prop_assert_eq!(result, Err(InsertError::Known { node: dag.node(name(id)).unwrap() }));
                continue;
            }
            let mut with = model.clone();
            with[nodes[id]] = true;
            for (at, _) in &cited {
                with.add_edge(nodes[id], nodes[*at], ());
            }
            prop_assert_eq!(result.is_err(), is_cyclic_directed(&with));
            if result.is_ok() {
                model = with;
            }
        }
        prop_assert_eq!(dag.len(), model.node_weights().filter(|known| **known).count());
    }
}
