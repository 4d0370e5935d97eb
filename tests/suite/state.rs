//! The state map against a plain map, and the laws of differences and digests.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use proptest::test_runner::TestCaseResult;
use proptest::{prop_assert, prop_assert_eq};
use roomdag::id::EventId;
use roomdag::state::{KeyIx, StateDigest, StateKeys, StateMap, TypeIx, digest};

type Model = BTreeMap<KeyIx, NodeIndex>;

fn key(index: u32) -> KeyIx {
    KeyIx::new(index)
}

fn event(index: u32) -> NodeIndex {
    NodeIndex::from(index)
}

/// A map of the first `len` keys.
fn dense(len: u32) -> StateMap {
    (0..len).map(|index| (key(index), event(index))).collect()
}

fn entries(map: &StateMap) -> Vec<(KeyIx, NodeIndex)> {
    map.iter().collect()
}

/// Keys near each other, on both sides of where a trie grows, and anywhere.
fn any_key() -> impl Strategy<Value = KeyIx> {
    prop_oneof![
        4 => 0..40_u32,
        2 => 120..140_u32,
        1 => 1_000..1_040_u32,
        1 => any::<u32>(),
        1 => (0..32_u32).prop_map(|bit| 1 << bit),
        1 => (0..32_u32).prop_map(|bit| u32::MAX >> bit),
        1 => u32::MAX - 20..=u32::MAX,
    ]
    .prop_map(KeyIx::new)
}

fn any_event() -> impl Strategy<Value = NodeIndex> {
    prop_oneof![
        0..6_u32,
        any::<u32>().prop_filter("is no event", |e| *e != u32::MAX)
    ]
    .prop_map(NodeIndex::from)
}

/// What is done to one of a few maps.
#[derive(Clone, Debug)]
enum Step {
    Insert(usize, KeyIx, NodeIndex),
    Remove(usize, KeyIx),
    RemoveNth(usize, usize),
    Copy(usize, usize),
    Apply(usize, usize),
}

const MAPS: usize = 4;

fn any_step() -> impl Strategy<Value = Step> {
    let map = 0..MAPS;
    prop_oneof![
        6 => (map.clone(), any_key(), any_event()).prop_map(|(m, k, e)| Step::Insert(m, k, e)),
        1 => (map.clone(), any_key()).prop_map(|(m, k)| Step::Remove(m, k)),
        4 => (map.clone(), any::<usize>()).prop_map(|(m, n)| Step::RemoveNth(m, n)),
        1 => (map.clone(), map.clone()).prop_map(|(from, to)| Step::Copy(from, to)),
        1 => (map.clone(), map).prop_map(|(from, to)| Step::Apply(from, to)),
    ]
}

fn agrees(map: &StateMap, model: &Model) -> TestCaseResult {
    prop_assert_eq!(map.len(), model.len());
    prop_assert_eq!(map.is_empty(), model.is_empty());
    prop_assert_eq!(
        entries(map),
        model.iter().map(|(k, e)| (*k, *e)).collect::<Vec<_>>()
    );
    Ok(())
}

/// The difference of two plain maps, by looking at every key.
fn plain_diff(old: &Model, new: &Model) -> Vec<(KeyIx, Option<NodeIndex>, Option<NodeIndex>)> {
    let mut keys: Vec<_> = old.keys().chain(new.keys()).copied().collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
        .map(|key| (key, old.get(&key).copied(), new.get(&key).copied()))
        .filter(|(_, old, new)| old != new)
        .collect()
}

proptest! {
    /// Laying entries out and inserting them one by one make the same map, whatever the order,
    /// with repetitions and with what is no event.
    #[test]
    fn collected_entries_are_inserted_entries(
        dense in vec((0..300_u32, 0..8_u32), 0..400),
        sparse in vec((any_key(), any_event()), 0..40),
        is_sparse in any::<bool>(),
    ) {
        let event = |e| if e == 7 { NodeIndex::end() } else { event(e) };
        let dense = dense.into_iter().map(|(k, e)| (key(k), event(e)));
        let entries: Vec<_> = if is_sparse { sparse } else { dense.collect() };
        let mut inserted = StateMap::new();
        for (key, event) in &entries {
            inserted.insert(*key, *event);
        }
        let collected: StateMap = entries.into_iter().collect();
        prop_assert_eq!(collected.len(), inserted.len());
        prop_assert_eq!(collected.is_empty(), inserted.is_empty());
        prop_assert_eq!(collected.iter().collect::<Vec<_>>(), inserted.iter().collect::<Vec<_>>());
        prop_assert!(collected.diff(&inserted).next().is_none());
        // The shape follows from the content, so both change alike.
        let (mut one, mut other) = (collected, inserted);
        one.insert(key(1_000), event(3));
        other.insert(key(1_000), event(3));
        prop_assert_eq!(one, other);
    }

    /// Whatever is inserted, removed and cloned, a state map answers as a plain map does.
    #[test]
    fn a_state_map_is_a_map(steps in vec(any_step(), 0..120), probe in vec(any_key(), 8)) {
        let mut maps: [StateMap; MAPS] = Default::default();
        let mut models: [Model; MAPS] = Default::default();
        for step in steps {
            match step {
                Step::Insert(at, key, event) => {
                    prop_assert_eq!(maps[at].insert(key, event), models[at].insert(key, event));
                }
                Step::Remove(at, key) => {
                    prop_assert_eq!(maps[at].remove(key), models[at].remove(&key));
                }
                Step::RemoveNth(at, nth) => {
                    let nth = nth.checked_rem(models[at].len()).unwrap_or(0);
                    if let Some(key) = models[at].keys().nth(nth).copied() {
                        prop_assert_eq!(maps[at].remove(key), models[at].remove(&key));
                    }
                }
                Step::Copy(from, to) => {
                    maps[to] = maps[from].clone();
                    models[to] = models[from].clone();
                    prop_assert!(maps[to].same(&maps[from]));
                }
                Step::Apply(from, to) => {
                    let source = maps[from].clone();
                    let target = maps[to].clone();
                    maps[to].apply(target.diff(&source));
                    models[to] = models[from].clone();
                }
            }
            for (map, model) in maps.iter().zip(&models) {
                agrees(map, model)?;
            }
        }
        for (map, model) in maps.iter().zip(&models) {
            for key in &probe {
                prop_assert_eq!(map.get(*key), model.get(key).copied());
            }
            for (other, other_model) in maps.iter().zip(&models) {
                prop_assert_eq!(map == other, model == other_model);
                prop_assert!(!map.same(other) || map == other);
                prop_assert_eq!(
                    map.diff(other).collect::<Vec<_>>(),
                    plain_diff(model, other_model)
                );
            }
        }
    }

    /// Applying the difference from a to b to a gives b, and the way back is the mirror image.
    #[test]
    fn a_difference_leads_from_one_map_to_the_other(
        a in vec((any_key(), any_event()), 0..60),
        b in vec((any_key(), any_event()), 0..60),
        shared in vec((any_key(), any_event()), 0..60),
    ) {
        let base: StateMap = shared.into_iter().collect();
        let (mut one, mut other) = (base.clone(), base);
        one.extend(a);
        other.extend(b);
        let there: Vec<_> = one.diff(&other).collect();
        let back: Vec<_> = other.diff(&one).collect();

        let mirrored: Vec<_> = there.iter().map(|(key, old, new)| (*key, *new, *old)).collect();
        prop_assert_eq!(&mirrored, &back);
        one.apply(there);
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(entries(&one), entries(&other));
    }

    /// A chain of differences, removals among them, ends where the changes themselves end.
    #[test]
    fn a_chain_of_deltas_is_the_state_recomputed(steps in vec((any_key(), any_event(), any::<bool>()), 0..80)) {
        let mut state = StateMap::new();
        let mut deltas = Vec::new();
        for (key, event, removed) in steps {
            let before = state.clone();
            if removed { state.remove(key) } else { state.insert(key, event) };
            deltas.push(before.diff(&state).collect::<Vec<_>>());
        }
        let mut rebuilt = StateMap::new();
        for delta in deltas {
            prop_assert!(delta.len() <= 1);
            rebuilt.apply(delta);
        }
        prop_assert_eq!(rebuilt, state);
    }
}

#[test]
fn a_state_map_can_be_sent_and_shared() {
    fn check<T: Send + Sync>() {}
    check::<StateMap>();
    check::<StateKeys>();
}

#[test]
fn the_handle_of_a_state_map_is_sixteen_bytes() {
    assert_eq!(size_of::<StateMap>(), 16);
}

#[test]
fn an_empty_map_holds_nothing_and_is_the_same_as_any_other() {
    let mut emptied = dense(300);
    for index in 0..300 {
        emptied.remove(key(index));
    }
    assert!(emptied.is_empty());
    assert_eq!(emptied, StateMap::new());
    assert!(emptied.same(&StateMap::new()));
    assert_eq!(emptied.diff(&dense(3)).count(), 3);
}

#[test]
fn inserting_what_is_there_leaves_the_map_the_same() {
    let map = dense(300);
    let mut again = map.clone();
    assert_eq!(again.insert(key(17), event(17)), Some(event(17)));
    assert!(again.same(&map));
    assert_eq!(again.remove(key(300)), None);
    assert!(again.same(&map));
}

#[test]
fn a_clone_does_not_see_later_changes() {
    let before = dense(300);
    let mut after = before.clone();
    after.insert(key(5), event(1_000));
    after.remove(key(6));
    assert_eq!(before, dense(300));
    assert_eq!(
        before.diff(&after).collect::<Vec<_>>(),
        [
            (key(5), Some(event(5)), Some(event(1_000))),
            (key(6), Some(event(6)), None)
        ],
    );
}

#[test]
fn inserting_no_event_removes_the_key() {
    let mut map = dense(2);
    assert_eq!(map.insert(key(1), NodeIndex::end()), Some(event(1)));
    assert_eq!(map, dense(1));
}

#[test]
fn a_low_map_and_a_high_one_differ_where_they_differ() {
    let low = dense(3);
    let mut high = low.clone();
    high.insert(key(u32::MAX), event(9));
    assert_eq!(
        low.diff(&high).collect::<Vec<_>>(),
        [(key(u32::MAX), None, Some(event(9)))]
    );
    assert_eq!(
        high.diff(&low).collect::<Vec<_>>(),
        [(key(u32::MAX), Some(event(9)), None)]
    );

    high.remove(key(u32::MAX));
    assert_eq!(high, low);
}

#[test]
fn well_known_keys_have_their_numbers_in_every_room() {
    let mut keys = StateKeys::new();
    let known = keys.len();
    assert_eq!(keys.intern("m.room.create", ""), KeyIx::CREATE);
    assert_eq!(keys.intern("m.room.power_levels", ""), KeyIx::POWER_LEVELS);
    assert_eq!(keys.intern("m.room.join_rules", ""), KeyIx::JOIN_RULES);
    assert_eq!(keys.intern_type("m.room.create"), TypeIx::CREATE);
    assert_eq!(
        keys.intern_type("m.room.power_levels"),
        TypeIx::POWER_LEVELS
    );
    assert_eq!(keys.intern_type("m.room.join_rules"), TypeIx::JOIN_RULES);
    assert_eq!(keys.intern_type("m.room.member"), TypeIx::MEMBER);
    assert_eq!(
        keys.intern_type("m.room.third_party_invite"),
        TypeIx::THIRD_PARTY_INVITE
    );
    assert_eq!(keys.len(), known);
}

#[test]
fn a_pair_keeps_its_number_and_gives_its_strings_back() {
    let mut keys = StateKeys::new();
    assert_eq!(keys.lookup("m.room.member", "@a:x"), None);
    let alice = keys.intern("m.room.member", "@a:x");
    let bob = keys.intern("m.room.member", "@b:x");
    let other = keys.intern("org.example", "@a:x");

    assert_eq!(keys.intern("m.room.member", "@a:x"), alice);
    assert_eq!(keys.lookup("m.room.member", "@b:x"), Some(bob));
    assert_eq!(keys.resolve(other), Some(("org.example", "@a:x")));
    assert_eq!(keys.type_of(alice), Some(TypeIx::MEMBER));
    assert_eq!(keys.lookup("org.example", "@b:x"), None);
    assert_eq!(keys.resolve(KeyIx::new(999)), None);
    assert_eq!(keys.resolve_type(TypeIx::new(999)), None);
}

#[test]
fn where_the_type_ends_and_the_state_key_begins_matters() {
    let mut keys = StateKeys::new();
    assert_ne!(keys.intern("a", "bc"), keys.intern("ab", "c"));
}

/// `sha256sum </dev/null`
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// `printf 'm.room.create\0\0$c\nm.room.member\0@a:x\0$a\nm.room.member\0@b:x\0$b\nm.room.topic\0\0$t\n' | sha256sum`
const OF_FOUR: &str = "29c14c989fdfd3fa5e8abf1c24fb7c3e0b72f31d010c941258c702413f2c641a";

const FOUR: [(&str, &str, &str); 4] = [
    ("m.room.topic", "", "$t"),
    ("m.room.member", "@b:x", "$b"),
    ("m.room.create", "", "$c"),
    ("m.room.member", "@a:x", "$a"),
];

#[test]
fn the_digest_of_the_empty_state_is_the_hash_of_nothing() {
    let digest = digest(&StateMap::new(), &StateKeys::new(), |_| None);
    assert_eq!(digest.map(|d| d.to_string()).as_deref(), Some(OF_NOTHING));
}

#[test]
fn the_digest_does_not_depend_on_the_order_of_arrival() {
    let ids = FOUR.map(|(_, _, id)| EventId::from_trusted(id));
    for rotation in 0..FOUR.len() {
        let mut keys = StateKeys::new();
        let mut state = StateMap::new();
        let mut order = [0, 1, 2, 3];
        order.rotate_left(rotation);
        for at in order {
            let (event_type, state_key, _) = FOUR[at];
            state.insert(keys.intern(event_type, state_key), NodeIndex::new(at));
        }
        let digest = digest(&state, &keys, |event| ids.get(event.index())).unwrap();
        assert_eq!(digest.to_string(), OF_FOUR);
        assert_eq!(digest, StateDigest::of(FOUR));
        assert_eq!(serde_json::to_value(digest).unwrap(), OF_FOUR);
    }
}

#[test]
fn a_state_of_another_room_has_no_digest() {
    let mut keys = StateKeys::new();
    let state = dense(1);
    assert_eq!(digest(&state, &keys, |_| None), None);
    keys.intern("m.room.topic", "");
    let id = EventId::from_trusted("$e");
    assert!(digest(&dense(4), &keys, |_| Some(&id)).is_some());
    assert_eq!(digest(&dense(5), &keys, |_| Some(&id)), None);
}

#[test]
fn lines_are_ordered_by_type_before_state_key() {
    // As whole lines the two would stand the other way round.
    let digest = StateDigest::of([("a\0", "b", "$2"), ("a", "z", "$1")]);
    assert_eq!(
        digest.to_string(),
        "b6b9f89fc856cd9b115f4645701c328c3132dd637f839f58ea3502007d00a873"
    );
}
