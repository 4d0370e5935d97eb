//! Replay: against the oracle, and the laws of verdicts, gaps, extremities and arrival.

mod bans;
mod create;
mod memo;
mod order;
mod stated;

use proptest::prelude::*;
use roomdag::event::{Event, EventRef};
use roomdag::id::EventId;
use roomdag::replay::{Arrival, Check, Quality, Refusal, Replay, ReplayOptions, Status};
use roomdag::resolve::Options;
use roomdag::state::StateMap;
use roomdag::testing::Random;
use roomdag::testing::oracle::Oracle;
use roomdag::testing::rooms::{Disagreement, Draft, named};
use roomdag::version::{RoomVersionRules, V1, V2, V11, V12};

const VERSIONS: [&RoomVersionRules; 4] = [&V1, &V2, &V11, &V12];

fn shuffled<T>(mut list: Vec<T>, random: &mut Random) -> Vec<T> {
    for end in (1..list.len()).rev() {
        list.swap(end, random.below(end + 1));
    }
    list
}

fn replay(events: Vec<Event>, rules: &RoomVersionRules) -> Replay {
    Replay::run(events, rules, ReplayOptions::of(rules), |_| {})
}

/// Everything that a replay says, by event id.
fn answers(replay: &Replay) -> Vec<String> {
    let dag = replay.dag();
    let digest = |state: Option<&StateMap>| state.and_then(|state| dag.digest(state));
    let mut lines: Vec<String> = replay
        .order()
        .iter()
        .map(|node| {
            let verdict = replay.verdict(*node).unwrap();
            let before = digest(replay.state_before(*node));
            let after = digest(replay.state_after(*node));
            // Which of several offending citations is named follows their order in the event.
            let rule = verdict.objection().map(|decision| decision.rule);
            format!(
                "{:?} {:?} {rule:?} {before:?} {after:?}",
                dag.id(*node),
                verdict.status()
            )
        })
        .collect();
    let tips: Vec<_> = replay
        .extremities()
        .iter()
        .map(|node| dag.id(*node))
        .collect();
    let current = replay.current_state().map(|found| dag.digest(&found.state));
    lines.push(format!(
        "{tips:?} {current:?} {:?}",
        replay.missing().collect::<Vec<_>>()
    ));
    lines
}

#[test]
fn replay_equals_the_oracle_on_random_rooms() {
    let mut rejected = 0;
    let mut merges = 0;
    for seed in 0..200 {
        for rules in VERSIONS {
            let room = Disagreement::random(seed, 60, rules);
            let found = replay(room.events.values().cloned().collect(), rules);
            let options = Options::of(rules);
            let defined = Oracle {
                events: &room.events,
                rules,
                options,
            }
            .replay();
            assert_eq!(found.order().len(), defined.len());
            for (id, judged) in defined {
                let node = found.dag().node(&id).unwrap();
                let accepted = found.verdict(node).unwrap().status() == Status::Accepted;
                assert_eq!(
                    accepted, judged.accepted,
                    "{id}, seed {seed}, version {}",
                    rules.id
                );
                let state = |state: Option<&StateMap>| named(found.dag(), state.unwrap());
                assert_eq!(
                    state(found.state_before(node)),
                    judged.before,
                    "{id}, seed {seed}"
                );
                assert_eq!(
                    state(found.state_after(node)),
                    judged.after,
                    "{id}, seed {seed}"
                );
                rejected += usize::from(!accepted);
                merges += usize::from(found.dag().prev_events(node).count() > 1);
            }
        }
    }
    assert!(
        rejected > 1_000 && merges > 500,
        "{rejected} rejected, {merges} merges"
    );
}

proptest! {
    /// What a room makes of its events depends on which there are, not on how they are given.
    #[test]
    fn neither_the_order_of_events_nor_that_of_their_edges_matters(
        seed in any::<u64>(), version in 0..VERSIONS.len()
    ) {
        let rules = VERSIONS[version];
        let room = Disagreement::random(seed, 50, rules);
        let events: Vec<Event> = room.events.values().cloned().collect();
        let mut random = Random::new(seed);
        let turned = shuffled(events.clone(), &mut random);
        let turned: Vec<Event> = turned
            .into_iter()
            .map(|event| {
                let prev = shuffled(event.prev_events().to_vec(), &mut random);
                let auth = shuffled(event.auth_events().to_vec(), &mut random);
                Event::trusted(&event.as_ref(), prev, auth)
            })
            .collect();
        prop_assert_eq!(answers(&replay(events, rules)), answers(&replay(turned, rules)));
    }

    /// Without some of its events a room's others get the same verdict, or none.
    #[test]
    fn a_gap_makes_events_wait_and_changes_no_verdict(
        seed in any::<u64>(), version in 0..VERSIONS.len(), gap in 1_usize..40
    ) {
        let rules = VERSIONS[version];
        let room = Disagreement::random(seed, 50, rules);
        let all: Vec<Event> = room.events.values().cloned().collect();
        let left_out = all[gap % all.len()].id().clone();
        prop_assume!(left_out != "$create");
        let some: Vec<Event> =
            all.iter().filter(|event| *event.id() != left_out).cloned().collect();
        let (whole, part) = (replay(all, rules), replay(some, rules));
        for node in part.order() {
            let verdict = part.verdict(*node).unwrap();
            let id = part.dag().id(*node).unwrap();
            let known = whole.dag().node(id).unwrap();
            if verdict.status() == Status::Accepted {
                prop_assert_eq!(verdict, whole.verdict(known).unwrap(), "{}", id);
                let (a, b) = (part.state_after(*node), whole.state_after(known));
                prop_assert_eq!(named(part.dag(), a.unwrap()), named(whole.dag(), b.unwrap()));
            }
        }
    }
}

/// A room by hand: every event sees all that came before it on its branch.
struct Story {
    rules: RoomVersionRules,
    events: Vec<Event>,
}

const JOIN: &str = r#"{"membership":"join"}"#;
const BAN: &str = r#"{"membership":"ban"}"#;

impl Story {
    /// `$create`, `$alice` joins, `$levels`, `$rules` public, `$bob` joins: one after the other.
    fn begin(rules: &RoomVersionRules) -> Self {
        let mut story = Self {
            rules: *rules,
            events: Vec::new(),
        };
        let create = r#"{"room_version":"11","creator":"@alice:a"}"#;
        story.say(
            "create",
            ("m.room.create", Some(""), "@alice:a"),
            create,
            &[],
            &[],
        );
        let alice = ("m.room.member", Some("@alice:a"), "@alice:a");
        story.say("alice", alice, JOIN, &["create"], &["create"]);
        let levels = r#"{"users":{"@alice:a":100}}"#;
        let cite = ["create", "alice"];
        story.say(
            "levels",
            ("m.room.power_levels", Some(""), "@alice:a"),
            levels,
            &["alice"],
            &cite,
        );
        let cite = ["create", "alice", "levels"];
        let public = r#"{"join_rule":"public"}"#;
        story.say(
            "rules",
            ("m.room.join_rules", Some(""), "@alice:a"),
            public,
            &["levels"],
            &cite,
        );
        let bob = ("m.room.member", Some("@bob:b"), "@bob:b");
        story.say("bob", bob, JOIN, &["rules"], &["create", "levels", "rules"]);
        story
    }

    fn say(
        &mut self,
        id: &str,
        (event_type, state_key, sender): (&str, Option<&str>, &str),
        content: &str,
        prev: &[&str],
        auth: &[&str],
    ) {
        let ids = |names: &[&str]| -> Vec<EventId> {
            names
                .iter()
                .map(|name| EventId::from_trusted(format!("${name}")))
                .collect()
        };
        let position = i64::try_from(self.events.len()).unwrap();
        let draft = Draft {
            id,
            event_type,
            state_key,
            sender,
            content,
            origin_server_ts: position,
            depth: position,
            prev_events: ids(prev),
            auth_events: ids(auth),
        };
        self.events.push(draft.event(&self.rules));
    }

    fn message(&mut self, id: &str, sender: &str, prev: &[&str], auth: &[&str]) {
        self.say(id, ("m.room.message", None, sender), "{}", prev, auth);
    }

    fn replay(&self, change: impl FnOnce(&mut ReplayOptions)) -> Replay {
        let mut options = ReplayOptions::of(&self.rules);
        change(&mut options);
        Replay::run(self.events.clone(), &self.rules, options, |_| {})
    }
}

fn status(replay: &Replay, id: &str) -> Status {
    replay
        .verdict(replay.dag().node(format!("${id}")).unwrap())
        .unwrap()
        .status()
}

fn tips(replay: &Replay) -> Vec<&str> {
    replay
        .extremities()
        .iter()
        .map(|node| replay.dag().id(*node).unwrap().as_str())
        .collect()
}

const BY_BOB: [&str; 3] = ["create", "levels", "bob"];
const BY_ALICE: [&str; 3] = ["create", "levels", "alice"];

#[test]
fn a_rejected_event_changes_no_state_and_hides_nothing() {
    // bob ← topic (rejected: bob lacks the power)   bob ← topic ← late (accepted)
    let mut story = Story::begin(&V11);
    story.say(
        "topic",
        ("m.room.topic", Some(""), "@bob:b"),
        "{}",
        &["bob"],
        &BY_BOB,
    );
    let before = story.replay(|_| {});
    assert_eq!(status(&before, "topic"), Status::Rejected);
    assert_eq!(tips(&before), ["$bob"]);
    let topic = before.dag().node("$topic").unwrap();
    assert_eq!(before.state_before(topic), before.state_after(topic));

    story.message("late", "@bob:b", &["topic"], &BY_BOB);
    let after = story.replay(|_| {});
    assert_eq!(status(&after, "late"), Status::Accepted);
    assert_eq!(tips(&after), ["$late"]);
    assert_eq!(after.current_state().unwrap().state.len(), 5);
}

#[test]
fn an_event_that_cites_a_rejected_one_is_rejected() {
    let mut story = Story::begin(&V11);
    let carol = ("m.room.member", Some("@carol:c"), "@bob:b");
    story.say("carol", carol, BAN, &["bob"], &BY_BOB);
    story.message(
        "hello",
        "@carol:c",
        &["carol"],
        &["create", "levels", "carol"],
    );
    let replay = story.replay(|_| {});
    assert_eq!(status(&replay, "carol"), Status::Rejected);
    let hello = replay
        .verdict(replay.dag().node("$hello").unwrap())
        .unwrap();
    assert_eq!(hello.objection().unwrap().rule.name(), "AuthEventsRejected");
}

#[test]
fn an_unknown_auth_event_is_missing_and_not_a_reason_to_reject() {
    let mut story = Story::begin(&V11);
    story.message(
        "hello",
        "@bob:b",
        &["bob"],
        &["create", "levels", "nowhere"],
    );
    let replay = story.replay(|_| {});
    let hello = replay
        .verdict(replay.dag().node("$hello").unwrap())
        .unwrap();
    assert_eq!(hello.by_auth_events, Check::Missing);
    assert_eq!(hello.status(), Status::Waiting);
    assert_eq!(
        replay.missing().map(EventId::as_str).collect::<Vec<_>>(),
        ["$nowhere"]
    );
}

#[test]
fn what_follows_a_gap_waits_until_a_state_is_claimed_for_it() {
    let mut story = Story::begin(&V11);
    story.message("after", "@bob:b", &["gap"], &BY_BOB);
    story.message("later", "@bob:b", &["after"], &BY_BOB);
    let waiting = story.replay(|_| {});
    assert_eq!(status(&waiting, "after"), Status::Waiting);
    assert_eq!(status(&waiting, "later"), Status::Waiting);
    assert_eq!(tips(&waiting), ["$bob"]);

    let claim = |ids: &[&str]| {
        let id = |id: &&str| EventId::from_trusted(format!("${id}"));
        [(
            EventId::from_trusted("$after"),
            ids.iter().map(id).collect(),
        )]
        .into()
    };
    let state = ["create", "alice", "levels", "rules", "bob"];
    let bridged = story.replay(|options| options.claimed = claim(&state));
    assert_eq!(status(&bridged, "later"), Status::Accepted);
    assert_eq!(tips(&bridged), ["$bob", "$later"]);
    let quality = |id: &str| bridged.quality(bridged.dag().node(format!("${id}")).unwrap());
    assert_eq!(quality("later"), Some(Quality::Claimed));
    assert_eq!(quality("bob"), Some(Quality::Computed));

    // A claim with an unknown event, or with two events for one key, is none.
    for bad in [
        &["create", "unseen"][..],
        &["create", "alice", "create"][..],
    ] {
        let unbridged = story.replay(|options| options.claimed = claim(bad));
        assert_eq!(status(&unbridged, "after"), Status::Waiting);
    }
}

#[test]
fn a_second_create_event_is_no_create_event() {
    let mut story = Story::begin(&V11);
    let create = ("m.room.create", Some(""), "@alice:a");
    story.say("other", create, r#"{"room_version":"11"}"#, &[], &[]);
    story.say(
        "mallory",
        ("m.room.member", Some("@alice:a"), "@alice:a"),
        JOIN,
        &["other"],
        &["other"],
    );
    let replay = story.replay(|_| {});
    let other = replay
        .verdict(replay.dag().node("$other").unwrap())
        .unwrap();
    assert_eq!(other.objection().unwrap().rule.name(), "CreateSecond");
    assert_eq!(status(&replay, "mallory"), Status::Rejected);
    // The caller may know better which of them the room's is.
    let replay = story.replay(|options| options.create = Some(EventId::from_trusted("$other")));
    assert_eq!(status(&replay, "mallory"), Status::Accepted);
    assert_eq!(status(&replay, "bob"), Status::Rejected);
}

#[test]
fn soft_failure_depends_on_arrival_and_the_state_does_not() {
    //        ┌ ban of bob
    //   bob ─┤
    //        └ hello, which bob sent from before the ban
    let mut story = Story::begin(&V11);
    let ban = ("m.room.member", Some("@bob:b"), "@alice:a");
    story.say(
        "ban",
        ban,
        BAN,
        &["bob"],
        &["create", "levels", "alice", "bob"],
    );
    story.message("hello", "@bob:b", &["bob"], &BY_BOB);
    let in_order = |story: &Story| story.replay(|options| options.arrival = Arrival::InOrder);

    let late = in_order(&story);
    assert_eq!(status(&late, "hello"), Status::SoftFailed);
    assert_eq!(tips(&late), ["$ban"]);

    story.events.swap(5, 6);
    let early = in_order(&story);
    assert_eq!(status(&early, "hello"), Status::Accepted);
    assert_eq!(tips(&early), ["$ban", "$hello"]);
    let current = |replay: &Replay| {
        let state = replay.current_state().unwrap().state;
        replay.dag().digest(&state).unwrap()
    };
    assert_eq!(current(&late), current(&early));

    // Whoever builds on the soft-failed event takes the place of what came before it.
    story.events.swap(5, 6);
    story.message("reply", "@alice:a", &["ban", "hello"], &BY_ALICE);
    assert_eq!(tips(&in_order(&story)), ["$reply"]);
}

#[test]
fn events_on_a_cycle_are_refused_in_whatever_order_they_come() {
    let mut story = Story::begin(&V1);
    story.message("a", "@bob:b", &["bob", "b"], &BY_BOB);
    story.message("b", "@bob:b", &["a"], &BY_BOB);
    story.message("self", "@bob:b", &["self"], &BY_BOB);
    story.message("after", "@bob:b", &["b"], &BY_BOB);
    let mut random = Random::new(1);
    for _ in 0..50 {
        story.events = shuffled(story.events, &mut random);
        let replay = story.replay(|_| {});
        let refused: Vec<_> = replay
            .refused()
            .iter()
            .map(|r| (r.event.as_str(), r.refusal))
            .collect();
        let cycle = Refusal::Cycle;
        assert_eq!(refused, [("$a", cycle), ("$b", cycle), ("$self", cycle)]);
        assert_eq!(status(&replay, "after"), Status::Waiting);
        assert_eq!(tips(&replay), ["$bob"]);
    }
}

#[test]
fn of_two_events_of_one_name_the_same_one_is_taken_in_whatever_order_they_come() {
    let mut story = Story::begin(&V1);
    story.say(
        "name",
        ("m.room.name", Some(""), "@alice:a"),
        "{}",
        &["bob"],
        &BY_ALICE,
    );
    story.say(
        "name",
        ("m.room.topic", Some(""), "@alice:a"),
        "{}",
        &["rules"],
        &BY_ALICE,
    );
    story.message("after", "@bob:b", &["name"], &BY_BOB);
    let expected = answers(&story.replay(|_| {}));
    let mut random = Random::new(2);
    for _ in 0..50 {
        story.events = shuffled(story.events, &mut random);
        let replay = story.replay(|_| {});
        assert_eq!(replay.refused().len(), 1);
        assert_eq!(replay.refused()[0].refusal, Refusal::OtherCopy);
        assert_eq!(answers(&replay), expected);
    }
}

#[test]
fn an_event_given_twice_counts_once() {
    let mut story = Story::begin(&V11);
    let expected = answers(&story.replay(|_| {}));
    story.events.extend(story.events.clone());
    let replay = story.replay(|_| {});
    assert_eq!(answers(&replay), expected);
    assert!(
        replay
            .refused()
            .iter()
            .all(|refused| refused.refusal == Refusal::Repeated)
    );
    assert_eq!(replay.refused().len(), 5);
}

#[test]
fn progress_counts_every_event_once() {
    let story = Story::begin(&V11);
    let mut seen = Vec::new();
    let options = ReplayOptions::of(&V11);
    let _ = Replay::run(story.events.clone(), &V11, options, |done| seen.push(done));
    assert_eq!(seen, [1, 2, 3, 4, 5]);
}

#[test]
fn a_forged_create_event_does_not_take_over_the_room() {
    let mut story = Story::begin(&V11);
    let create = ("m.room.create", Some(""), "@mallory:evil");
    story.say("evil", create, r#"{"room_version":"11"}"#, &[], &[]);
    for number in 0..20 {
        let id = format!("junk{number}");
        story.message(&id, "@mallory:evil", &["evil"], &["evil", "evil"]);
    }
    let replay = story.replay(|_| {});
    assert_eq!(status(&replay, "bob"), Status::Accepted);
    assert_eq!(status(&replay, "evil"), Status::Rejected);
    assert_eq!(tips(&replay), ["$bob"]);
}

#[test]
fn a_claim_that_explains_nothing_changes_nothing() {
    let mut story = Story::begin(&V11);
    story.message("after", "@bob:b", &["gap"], &BY_BOB);
    story.message("later", "@bob:b", &["after"], &BY_BOB);
    let id = |name: &str| EventId::from_trusted(format!("${name}"));
    let expected = answers(&story.replay(|_| {}));
    // One rests on the event that it is for; the others are for events without a gap.
    let claims = [("after", "later"), ("alice", "bob"), ("later", "bob")];
    for (event, state) in claims {
        let claimed = [(id(event), vec![id(state)])].into();
        let replay = story.replay(|options| options.claimed = claimed);
        assert_eq!(
            answers(&replay),
            expected,
            "{event} claimed to follow {state}"
        );
    }
}

#[test]
fn the_order_of_arrival_survives_copies_and_cycles() {
    let mut story = Story::begin(&V11);
    let ban = ("m.room.member", Some("@bob:b"), "@alice:a");
    story.say(
        "zban",
        ban,
        BAN,
        &["bob"],
        &["create", "levels", "alice", "bob"],
    );
    story.message("ahello", "@bob:b", &["bob"], &BY_BOB);
    story.message("m", "@alice:a", &["zban"], &BY_ALICE);
    story.say(
        "m",
        ("m.room.topic", Some(""), "@alice:a"),
        "{}",
        &["zban"],
        &BY_ALICE,
    );
    story.message("self", "@alice:a", &["self"], &BY_ALICE);
    let replay = story.replay(|options| options.arrival = Arrival::InOrder);
    assert_eq!(status(&replay, "ahello"), Status::SoftFailed);
}

#[test]
fn what_implies_an_unknown_create_event_waits_for_it() {
    let mut story = Story::begin(&V12);
    let levels = story
        .events
        .iter_mut()
        .find(|event| *event.id() == "$levels")
        .unwrap();
    let parts = levels.as_ref();
    let content = roomdag::pdu::content::Content::Other;
    let topic = EventRef {
        event_type: "m.room.topic",
        content: &content,
        ..parts
    };
    let topic = Event::trusted(&topic, vec![EventId::from_trusted("$alice")], Vec::new());
    story.events = vec![topic];
    let replay = story.replay(|_| {});
    assert_eq!(status(&replay, "levels"), Status::Waiting);
    let missing: Vec<_> = replay.missing().map(EventId::as_str).collect();
    assert_eq!(missing, ["$alice", "$create"]);
}

#[test]
fn an_event_that_waits_hides_what_came_before_it_from_the_accepted() {
    let mut story = Story::begin(&V11);
    story.message("waits", "@bob:b", &["bob", "gap"], &BY_BOB);
    story.message("claims", "@bob:b", &["waits", "other-gap"], &BY_BOB);
    let state = ["create", "alice", "levels", "rules", "bob"];
    let id = |name: &str| EventId::from_trusted(format!("${name}"));
    for arrival in [Arrival::Unknown, Arrival::InOrder] {
        let replay = story.replay(|options| {
            options.arrival = arrival;
            options.claimed = [(id("claims"), state.map(id).to_vec())].into();
        });
        assert_eq!(status(&replay, "waits"), Status::Waiting);
        assert_eq!(tips(&replay), ["$claims"]);
    }
}
