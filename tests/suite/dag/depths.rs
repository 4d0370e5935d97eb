//! Long chains and wide ladders: constant stack, and no event visited twice.

use std::cell::Cell;
use std::thread;

use petgraph::graph::NodeIndex;
use roomdag::dag::RoomDag;
use roomdag::dag::chain::{ancestors, auth_chain};
use roomdag::dag::order::topological_order;

use crate::dag::{at_depth, dag_of, message, state};

const LONG: usize = 1_000_000;

/// Runs `test` in 64 KiB of stack.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new()
        .stack_size(64 * 1024)
        .spawn(test)
        .unwrap();
    thread.join().unwrap();
}

/// A chain by both kinds of edges, its events arriving in the order of `numbers`.
fn chain(numbers: impl Iterator<Item = usize>) -> RoomDag {
    let mut dag = RoomDag::new();
    for at in numbers {
        let below = at.checked_sub(1).map(|below| format!("${below}"));
        let cited: Vec<&str> = below.iter().map(String::as_str).collect();
        dag.insert(state(&format!("${at}"), &cited, &cited))
            .unwrap();
    }
    dag
}

/// Every walk over a chain of a million events.
fn walk(dag: &RoomDag) {
    let top = dag.node(format!("${}", LONG - 1)).unwrap();
    assert_eq!(dag.generation(top), u32::try_from(LONG).unwrap());
    assert_eq!(auth_chain(dag, [top]).len(), LONG - 1);
    assert_eq!(ancestors(dag, [top]).len(), LONG - 1);
    let order = topological_order(dag.events(), |node| dag.prev_events(node), |_| ());
    assert_eq!(order.sorted.len(), LONG);
    assert_eq!(order.sorted.last(), Some(&top));
}

/// ```text
/// 0 ─ 1 ─ 2 ─ … ─ 999999      from the left
/// ```
#[test]
fn a_long_chain_takes_no_stack() {
    on_a_small_stack(|| walk(&chain(0..LONG)));
}

/// ```text
/// 0 ─ 1 ─ 2 ─ … ─ 999999      from the right: each fills the placeholder of the one before
/// ```
#[test]
fn a_long_chain_loaded_backwards_takes_no_stack_and_no_square() {
    on_a_small_stack(|| walk(&chain((0..LONG).rev())));
}

/// ```text
///  0 ─ 1 ─ … ─ 10 ─ … ─ 20 ─ … ─ 30 ─ …      each tenth is a state event, which the next ten cite
/// ```
///
/// A host that asks for what is missing, loads that, and asks again, gets the state events first
/// and fills the gaps between them all at once, from their right ends.
#[test]
fn a_room_loaded_by_what_is_missing_is_the_room_loaded_in_order() {
    const LEN: usize = 20_000;
    let event = |at: usize| {
        let name = |at: usize| format!("${at}");
        let prev = at.checked_sub(1).map(name);
        let auth = at.checked_sub(1).map(|prev| name(prev / 10 * 10));
        let draft = if at.is_multiple_of(10) {
            state
        } else {
            message
        };
        let (auth, prev): (Vec<_>, Vec<_>) =
            (auth.into_iter().collect(), prev.into_iter().collect());
        let auth: Vec<&str> = auth.iter().map(String::as_str).collect();
        let prev: Vec<&str> = prev.iter().map(String::as_str).collect();
        at_depth(i64::try_from(at).unwrap(), &draft(&name(at), &auth, &prev))
    };
    let expected = dag_of((0..LEN).map(event));
    let mut dag = dag_of([event(LEN - 1)]);
    while dag.missing().len() > 0 {
        let missing: Vec<usize> = dag
            .missing()
            .map(|id| id.as_str().trim_start_matches('$').parse().unwrap())
            .collect();
        for at in missing {
            dag.insert(event(at)).unwrap();
        }
    }
    assert_eq!(dag.len(), LEN);
    for node in expected.events() {
        let same = dag.node(expected.id(node).unwrap()).unwrap();
        assert_eq!(dag.generation(same), expected.generation(node));
    }
}

/// ```text
/// 0 ─ 1 ─ … ─ 9999 ─ (10000) ─ 10001 ─ … ─ 20000      the middle comes last
/// ```
#[test]
fn a_chain_whose_middle_comes_last_takes_no_stack() {
    on_a_small_stack(|| {
        let mut dag = chain((0..10_000).chain(10_001..20_001));
        let top = dag.node("$20000").unwrap();
        assert_eq!(dag.generation(top), 10_000);
        dag.insert(message("$10000", &["$9999"], &["$9999"]))
            .unwrap();
        assert_eq!(dag.generation(top), 20_001);
        assert!(
            dag.insert(message("$other", &["$20000"], &["$other"]))
                .is_err()
        );
    });
}

/// ```text
/// a0 ─ a1 ─ … ─ a39      and each a and b cites both of the level before:
///    ╳    ╳   ╳          2⁴⁰ ways down, 80 events
/// b0 ─ b1 ─ … ─ b39
/// ```
#[test]
fn a_diamond_ladder_is_visited_once() {
    let mut dag = RoomDag::new();
    for level in 0..40_usize {
        let below: Vec<String> = level
            .checked_sub(1)
            .map(|below| vec![format!("$a{below}"), format!("$b{below}")])
            .unwrap_or_default();
        let cited: Vec<&str> = below.iter().map(String::as_str).collect();
        dag.insert(state(&format!("$a{level}"), &cited, &cited))
            .unwrap();
        dag.insert(state(&format!("$b{level}"), &cited, &cited))
            .unwrap();
    }
    let top = dag.node("$a39").unwrap();
    assert_eq!(dag.generation(top), 40);
    assert_eq!(auth_chain(&dag, [top]).len(), 78);
    assert_eq!(ancestors(&dag, [top]).len(), 78);

    let asked = Cell::new(0);
    let cited = |node: NodeIndex| {
        asked.set(asked.get() + 1);
        dag.auth_events(node)
    };
    let order = topological_order(dag.events(), cited, |node| dag.id(node).cloned());
    assert_eq!(order.sorted.len(), 80);
    assert_eq!(asked.get(), 80);
}
