//! Laws of the whole library, over what `roomdag::testing::drawn` makes of a fuzzer's bytes. The
//! laws of one module are with its tests.
//!
//! | promise | law |
//! |---------|-----|
//! | G5 | `levels_and_sort_keys_are_totally_ordered` |
//! | G6 | `the_order_of_delivery_does_not_change_the_room` |
//! | G7 | `what_a_decision_did_not_look_at_does_not_matter` |
//! | G8 | `a_state_that_was_resolved_is_resolved` |
//! | G9 | `redaction_changes_neither_the_id_nor_who_has_signed` |
//! | G10 | `a_state_that_lacks_events_is_an_error_that_names_them` |
//! | G11 | `a_pdu_that_comes_again_changes_nothing` |
//! | G12 | `bad_pdus_between_good_ones_are_no_matter_to_them` |

use std::cell::RefCell;
use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;
use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::*;
use roomdag::auth::{self, StateView};
use roomdag::event::{Event, EventRef};
use roomdag::json::{Mode, Object, Value};
use roomdag::pdu::content::Level;
use roomdag::pdu::{Pdu, redact};
use roomdag::resolve::{
    MainlineKey, Options, Position, PowerKey, ResolveError, SenderPower, resolve,
};
use roomdag::room::{Receipt, Standing};
use roomdag::testing::Random;
use roomdag::testing::drawn::{self, Observed, Scene, Story};
use roomdag::testing::oracle::Oracle;
use roomdag::testing::rooms::Disagreement;
use roomdag::version::{RoomIdFormat, RoomVersionRules, StateResolution, V1};
use roomdag::{EventId, Limits, RoomId, crypto};

/// Bytes that choices are read from.
fn choices() -> impl Strategy<Value = Random> {
    vec(any::<u8>(), 0..500).prop_map(|bytes| Random::of_bytes(&bytes))
}

fn story(random: &mut Random) -> Story {
    let rules = drawn::rules(random);
    Story::drawn(random, 14, rules).expect("a room begins")
}

/// The PDU with a signature by nobody in place of those that it has.
fn forged(pdu: &Object) -> Vec<u8> {
    let mut pdu = pdu.clone();
    let server = drawn::server(&pdu).to_owned();
    let signature = Object::from_iter([("ed25519:1", "A".repeat(86))]);
    pdu.insert("signatures", Object::from_iter([(server, signature)]));
    pdu.to_canonical()
}

/// The PDU as its sender's server would have signed it for another room.
fn foreign(pdu: &Object, rules: &RoomVersionRules) -> Vec<u8> {
    let mut pdu = pdu.clone();
    let room_id = match rules.room_id {
        RoomIdFormat::WithServer => "!other:a",
        RoomIdFormat::CreateHash => "!47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
    };
    pdu.insert("room_id", room_id);
    drawn::signed(&pdu, &[drawn::server(&pdu)], rules).to_canonical()
}

/// Whether a PDU is no event of the room, or not signed by who must sign it. What is damaged where
/// nothing covers it is no worse for it, and what lacks keys may turn out good.
fn is_refused(pdu: &[u8], story: &Story, room_id: &RoomId) -> bool {
    let limits = Limits::default();
    let Ok(pdu) = Pdu::parse(pdu, &story.rules, &limits) else {
        return true;
    };
    let is_foreign = pdu.stated_room_id() != Some(room_id);
    let verified = crypto::verify(pdu, &story.rules, &story.keys, drawn::now(), &limits);
    is_foreign || verified.is_err_and(|error| error.missing_keys().is_empty())
}

/// An event that others cite and no state names.
fn lost(random: &mut Random, room: &Disagreement) -> Option<EventId> {
    let cited: BTreeSet<_> = room.events.values().flat_map(Event::auth_events).collect();
    let named: BTreeSet<_> = room
        .states
        .iter()
        .flat_map(|state| state.values())
        .collect();
    let lost: Vec<&EventId> = cited.difference(&named).copied().collect();
    random.pick(&lost).map(|id| (*id).clone())
}

/// Whether states cannot be resolved without this event: what they disagree about cites it, or
/// what only some of them rest on. Algorithm 1 reads nothing but the states themselves.
fn is_needed(room: &Disagreement, id: &EventId, rules: &RoomVersionRules) -> bool {
    let oracle = Oracle {
        events: &room.events,
        rules,
        options: Options::of(rules),
    };
    let found = oracle.resolve(&room.states);
    let mut disputed = found.conflicted.union(&found.auth_difference);
    rules.state_resolution != StateResolution::V1
        && disputed.any(|citing| room.events[citing].auth_events().contains(id))
}

/// A state that remembers what it was asked for.
struct Watched<'a>(&'a Scene, RefCell<BTreeSet<(String, String)>>);

impl StateView for Watched<'_> {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        let key = (event_type.to_owned(), state_key.to_owned());
        self.1.borrow_mut().insert(key);
        self.0.get(event_type, state_key)
    }
}

#[track_caller]
fn assert_totally_ordered<T: Ord + Debug>(a: &T, b: &T, c: &T) {
    assert_eq!(a.cmp(b), b.cmp(a).reverse(), "{a:?}, {b:?}");
    assert_eq!(a.cmp(b) == Ordering::Equal, a == b, "{a:?}, {b:?}");
    assert!(!(a <= b && b <= c) || a <= c, "{a:?}, {b:?}, {c:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// What was not looked at may be gone; nothing is looked at but what auth events selection
    /// names and the create event; and what a decision names is among what it looked at.
    #[test]
    fn what_a_decision_did_not_look_at_does_not_matter(mut random in choices()) {
        let rules = drawn::rules(&mut random);
        let scene = Scene::drawn(&mut random, rules);
        let event = scene.event.as_ref();
        let watched = Watched(&scene, RefCell::default());
        let decision = auth::check(&event, &watched, rules);
        let asked = watched.1.into_inner();
        let seen = scene.with_state(|t, key| asked.contains(&(t.to_owned(), key.to_owned())));
        prop_assert_eq!(&auth::check(&event, &seen, rules), &decision);

        let selection = auth::selection(&event, rules);
        let selected = scene.with_state(|t, key| selection.contains(t, key) || t == "m.room.create");
        if event.event_type != "m.room.create" {
            prop_assert_eq!(&auth::check(&event, &selected, rules), &decision);
        }
        if let Some(named) = &decision.evidence.event {
            prop_assert!(seen.state.values().any(|event| event.id() == named));
        }
    }

    #[test]
    fn the_order_of_delivery_does_not_change_the_room(mut random in choices()) {
        let story = story(&mut random);
        let observed = Observed::of(&story.told().unwrap());
        for _ in 0..2 {
            let other = story.shuffled(&mut random).told().unwrap();
            let other = Observed::of(&other);
            prop_assert!(other.agrees_with(&observed), "{:?}, {:?}", other, observed);
        }
    }

    /// One by one or all at once: the verdicts on what has come with all that it needs are the same.
    #[test]
    fn the_room_is_the_one_of_a_replay(mut random in choices()) {
        let story = story(&mut random);
        let room = story.told().unwrap();
        prop_assert_eq!(story.difference_from_replay(&room), None);
    }

    #[test]
    fn a_pdu_that_comes_again_changes_nothing(mut random in choices()) {
        let story = story(&mut random);
        let mut room = story.open().unwrap();
        for pdu in &story.pdus {
            let _ = room.receive(pdu, &story.keys, drawn::now());
            let before = format!("{room:?}");
            let again = room.receive(pdu, &story.keys, drawn::now());
            prop_assert_eq!(again.notices, vec![]);
            prop_assert_eq!(format!("{room:?}"), before);
        }
    }

    #[test]
    fn bad_pdus_between_good_ones_are_no_matter_to_them(mut random in choices()) {
        let story = story(&mut random);
        let alone = Observed::of(&story.told().unwrap());
        let mut room = story.open().unwrap();
        for pdu in &story.pdus {
            let mut bad = vec![drawn::tampered(&mut random, pdu)];
            if let Ok(json) = Object::parse(pdu, Mode::Lenient) {
                bad.extend([forged(&json), foreign(&json, &story.rules)]);
            }
            bad.retain(|pdu| is_refused(pdu, &story, room.id()));
            for pdu in bad {
                let receipt = room.receive(&pdu, &story.keys, drawn::now()).receipt;
                let is_no_matter = matches!(receipt, Receipt::Dropped(_) | Receipt::Known { .. });
                prop_assert!(is_no_matter, "{receipt:?}");
            }
            let _ = room.receive(pdu, &story.keys, drawn::now());
        }
        prop_assert_eq!(Observed::of(&room), alone);
    }

    /// Round-trip closure, V-F-03.
    #[test]
    fn what_is_accepted_is_accepted_again(random in choices()) {
        let (rules, bytes) = drawn::wire(random);
        let limits = Limits::default();
        if let Ok(pdu) = Pdu::parse(&bytes, rules, &limits) {
            let again = Pdu::parse(pdu.json().as_bytes(), rules, &limits);
            prop_assert_eq!(again.as_ref(), Ok(&pdu));
        }
    }

    #[test]
    fn redaction_changes_neither_the_id_nor_who_has_signed(mut random in choices()) {
        let rules = drawn::rules(&mut random);
        let event = drawn::event(&mut random, rules);
        let server = drawn::server(&event);
        let event = drawn::signed(&event, &[server], rules);
        let redacted = redact(&event, rules);
        prop_assert_eq!(&redact(&redacted, rules), &redacted);
        let hash = crypto::reference_hash(&event, rules);
        prop_assert_eq!(crypto::reference_hash(&redacted, rules), hash);
        let key = drawn::signing_key(server).unwrap();
        let verified = crypto::verify_json(&redacted, server, key.key_id(), &key.verify_key());
        prop_assert_eq!(verified, Ok(()));
    }

    #[test]
    fn drawn_values_are_canonical_once_and_for_all(mut random in choices(), lenient: bool) {
        let mode = if lenient { Mode::Lenient } else { Mode::Strict };
        let value = drawn::value(&mut random, mode);
        let text = value.to_canonical();
        let again = Value::parse(&text, mode);
        prop_assert_eq!(again.as_ref(), Ok(&value));
        prop_assert_eq!(again.unwrap().to_canonical(), text);
    }

    /// What states resolve to resolves to itself, alone, repeated, and when all is done once more.
    #[test]
    fn a_state_that_was_resolved_is_resolved(mut random in choices()) {
        let rules = drawn::rules(&mut random);
        let room = Disagreement::drawn(&mut random, 40, rules);
        let (dag, maps) = room.to_dag();
        let options = Options::of(rules);
        let once = resolve(&dag, &maps, rules, &options).unwrap();
        prop_assert_eq!(&resolve(&dag, &maps, rules, &options).unwrap(), &once);
        for copies in 1..4 {
            let resolved = vec![once.state.clone(); copies];
            let again = resolve(&dag, &resolved, rules, &options).unwrap();
            prop_assert_eq!(&again.state, &once.state);
        }
    }

    #[test]
    fn a_state_that_lacks_events_is_an_error_that_names_them(mut random in choices()) {
        let rules = drawn::rules(&mut random);
        let mut room = Disagreement::drawn(&mut random, 40, rules);
        let Some(lost) = lost(&mut random, &room) else { return Ok(()) };
        let is_needed = is_needed(&room, &lost, rules);
        room.events.remove(&lost);
        let (dag, maps) = room.to_dag();
        match resolve(&dag, &maps, rules, &Options::of(rules)) {
            Ok(_) => prop_assert!(!is_needed, "{lost}"),
            Err(ResolveError::Missing { events }) => prop_assert_eq!(events, vec![lost]),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn levels_and_sort_keys_are_totally_ordered(mut random in choices()) {
        let mut level = || {
            let text = drawn::tokens(&mut random);
            let value = Value::from(i64::try_from(random.below(5)).unwrap());
            Level::of(&Value::from(text), &V1).or_else(|| Level::of(&value, &V1)).unwrap()
        };
        let levels = [level(), level(), level()];
        assert_totally_ordered(&levels[0], &levels[1], &levels[2]);
        let mut key = |level: &Level| {
            let power = if random.chance(20) {
                SenderPower::Infinite
            } else {
                SenderPower::Level(level.clone())
            };
            let power = PowerKey {
                power: Reverse(power),
                origin_server_ts: i64::try_from(random.below(3)).unwrap(),
                rank: random.below(3),
                is_unreadable: false,
            };
            let position = if random.chance(20) {
                Position::Infinite
            } else {
                Position::At(u32::try_from(random.below(3)).unwrap())
            };
            let mainline = MainlineKey { position: Reverse(position), ..mainline(&power) };
            (power, mainline)
        };
        let keys = [key(&levels[0]), key(&levels[1]), key(&levels[2])];
        assert_totally_ordered(&keys[0].0, &keys[1].0, &keys[2].0);
        assert_totally_ordered(&keys[0].1, &keys[1].1, &keys[2].1);
    }
}

fn mainline(key: &PowerKey) -> MainlineKey {
    MainlineKey {
        position: Reverse(Position::Infinite),
        origin_server_ts: key.origin_server_ts,
        rank: key.rank,
    }
}

/// What is drawn must be worth the laws that are held over it.
#[test]
fn what_is_drawn_is_of_every_kind() {
    let mut random = Random::new(1);
    let mut bytes = |len| -> Vec<u8> {
        (0..len)
            .map(|_| u8::try_from(random.below(256)).unwrap())
            .collect()
    };
    let (mut allowed, mut rejected, mut pdus, mut accepted) = (0, 0, 0, 0);
    let (mut soft_failed, mut waiting, mut refused, mut needed) = (0, 0, 0, 0);
    for _ in 0..300 {
        let mut random = Random::of_bytes(&bytes(500));
        let rules = drawn::rules(&mut random);
        let scene = Scene::drawn(&mut random, rules);
        let decision = auth::check(&scene.event.as_ref(), &scene, rules);
        *(if decision.is_allowed() {
            &mut allowed
        } else {
            &mut rejected
        }) += 1;
        let (rules, wire) = drawn::wire(Random::of_bytes(&bytes(500)));
        pdus += usize::from(Pdu::parse(&wire, rules, &Limits::default()).is_ok());
        let story = story(&mut Random::of_bytes(&bytes(500)));
        let room = story.told().unwrap();
        let standings = room
            .dag()
            .events()
            .map(|node| room.standing(room.dag().id(node).unwrap()));
        for standing in standings {
            accepted += usize::from(standing == Some(Standing::Accepted));
            soft_failed += usize::from(standing == Some(Standing::SoftFailed));
            refused += usize::from(standing == Some(Standing::Rejected));
        }
        waiting += room.waiting().count();
    }
    for _ in 0..300 {
        let mut random = Random::of_bytes(&bytes(500));
        let rules = drawn::rules(&mut random);
        let room = Disagreement::drawn(&mut random, 40, rules);
        let lost = lost(&mut random, &room);
        needed += usize::from(lost.is_some_and(|lost| is_needed(&room, &lost, rules)));
    }
    for (what, least, found) in [
        ("events allowed by a state", 20, allowed),
        ("events rejected by a state", 30, rejected),
        ("well-formed events", 50, pdus),
        ("events accepted by a room", 1_500, accepted),
        ("soft-failed events", 1, soft_failed),
        ("events rejected by a room", 100, refused),
        ("events that wait", 5, waiting),
        ("lost events that are needed", 20, needed),
    ] {
        assert!(found >= least, "only {found} {what}");
    }
}
