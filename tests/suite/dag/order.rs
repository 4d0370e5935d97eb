//! The one topological order.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, proptest};
use proptest::{prop_assert, prop_assert_eq};
use roomdag::dag::order::{TopologicalOrder, topological_order};

/// Orders characters whose edges are given as `citing cited` pairs, by the characters themselves.
fn order(nodes: &str, edges: &[&str]) -> TopologicalOrder<char> {
    let cited = |node| {
        let cites = move |edge: &&&str| edge.starts_with(node);
        edges
            .iter()
            .filter(cites)
            .filter_map(|edge| edge.chars().nth(1))
            .collect::<Vec<_>>()
    };
    topological_order(nodes.chars(), cited, |node| node)
}

fn sorted(nodes: &str, edges: &[&str]) -> String {
    let order = order(nodes, edges);
    assert!(order.left_over.is_empty());
    order.sorted.into_iter().collect()
}

#[test]
fn nothing_in_nothing_out() {
    assert_eq!(order("", &[]), TopologicalOrder::default());
}

/// ```text
/// d ─ a      e ─ b      c
/// ```
#[test]
fn the_smallest_that_waits_for_nothing_is_next() {
    assert_eq!(sorted("abcde", &["ad", "be"]), "cdaeb");
    assert_eq!(sorted("edcba", &["be", "ad"]), "cdaeb");
}

/// ```text
/// d ─┬─ b ─┬─ a
///    └─ c ─┘
/// ```
#[test]
fn all_that_is_cited_comes_first() {
    assert_eq!(sorted("abcd", &["ab", "ac", "bd", "cd"]), "dbca");
}

/// ```text
/// (z) ─ b     a ─ (z)      z is not asked about, so a and b have nothing to do with each other
/// ```
#[test]
fn an_edge_out_of_the_set_is_no_edge() {
    assert_eq!(sorted("ab", &["bz", "za"]), "ab");
    assert_eq!(sorted("ba", &["az"]), "ab");
}

#[test]
fn what_is_given_twice_comes_once() {
    assert_eq!(sorted("aabab", &["ab", "ab", "ab"]), "ba");
}

/// ```text
/// a     b ─ c ─ b     c ─ d     e ─ e
/// ```
#[test]
fn a_cycle_and_what_cites_it_is_left_over() {
    let order = order("abcdef", &["bc", "cb", "dc", "ee", "fa"]);
    assert_eq!(order.sorted, ['a', 'f']);
    assert_eq!(order.left_over, ['b', 'c', 'd', 'e']);
}

#[test]
fn equal_keys_are_ordered_by_the_nodes() {
    let order = topological_order([3, 1, 2], |_| [], |_| ());
    assert_eq!(order.sorted, [1, 2, 3]);
}

/// The definition: of all that waits for nothing that is still there, the smallest.
fn by_definition(keys: &[u8], edges: &[(usize, usize)]) -> (Vec<usize>, Vec<usize>) {
    let mut left: BTreeSet<usize> = (0..keys.len()).collect();
    let mut sorted = Vec::new();
    loop {
        let waits = |node: usize| edges.iter().any(|(a, b)| *a == node && left.contains(b));
        let next = left
            .iter()
            .filter(|node| !waits(**node))
            .min_by_key(|node| (keys[**node], **node));
        let Some(next) = next.copied() else {
            return (sorted, left.into_iter().collect());
        };
        left.remove(&next);
        sorted.push(next);
    }
}

proptest! {
    /// The order is the one of the definition, whatever order nodes and edges are named in.
    #[test]
    fn the_order_is_the_defined_one(
        (keys, edges, shuffled, nodes) in (1..14_usize).prop_flat_map(|len| {
            let edges = vec((0..len, 0..len), 0..20);
            (vec(0..4_u8, len), edges, Just((0..len).collect::<Vec<_>>()).prop_shuffle())
        })
        .prop_flat_map(|(keys, edges, nodes)| {
            (Just(keys), Just(edges.clone()), Just(edges).prop_shuffle(), Just(nodes))
        })
    ) {
        let cited = |node: usize| {
            let out: Vec<usize> = shuffled.iter().filter(|(a, _)| *a == node).map(|(_, b)| *b).collect();
            out
        };
        let order = topological_order(nodes, cited, |node| keys[node]);
        let (sorted, left_over) = by_definition(&keys, &edges);
        prop_assert_eq!(&order.sorted, &sorted);
        prop_assert_eq!(&order.left_over, &left_over);
        prop_assert!(order.sorted.len() + order.left_over.len() == keys.len());
    }
}
