//! Arrivals in any order, again, and with gaps.

use roomdag::id::EventId;
use roomdag::json::{Object, Value};
use roomdag::version::RoomVersionRules;

use crate::room::support::{ALICE, BOB, EVE, TOPIC, Told, changed};
use crate::room::vectors::Row;
use crate::room::vectors::cast::{Cast, Play, known, texts, told, with};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "V-D-13",
        about: "Events that come again: as they were, with other unsigned data, with a signature more of a server that need not sign, after they were rejected. Nothing changes.",
        tests: &[
            "room::receiving::an_event_that_is_known_changes_nothing_however_it_comes",
            "room::copies::the_intact_copy_counts_in_whatever_order_they_come",
        ],
        play: again,
    },
    Row {
        name: "V-D-14",
        about: "A fork, its merge, a rejected event and what follows that, in any order. Verdicts and states are the same.",
        tests: &[
            "room::receiving::every_order_of_arrival_ends_in_the_same_room",
            "room::receiving::a_whole_room_may_come_backwards",
        ],
        play: orders,
    },
    Row {
        name: "V-D-15",
        about: "A failure half-way. Whatever is dropped leaves no trace; nor does a claim that is refused, an event that is not built, or a checkpoint that is not restored.",
        tests: &[
            "room::receiving::a_pdu_that_is_dropped_leaves_no_trace",
            "room::receiving::a_bad_pdu_in_a_batch_is_no_matter_to_the_good_ones",
            "room::claims::a_claim_that_cannot_be_right_is_refused_and_leaves_no_trace",
            "room::claims::a_join_that_fails_makes_no_room",
            "room::sending::an_event_that_is_not_built_changes_nothing_and_says_why",
            "room::waiting::an_event_that_finds_no_place_leaves_no_trace",
        ],
        play: failing,
    },
    Row {
        name: "V-D-17",
        about: "Previous events that are all missing, or some of them. Exactly those are named.",
        tests: &["room::receiving::an_event_waits_for_exactly_what_is_unknown"],
        play: gaps,
    },
    Row {
        name: "V-X-13",
        about: "Events that each name twenty others that nobody has. What waits is limited by number and by bytes, and the server that takes most of it loses.",
        tests: &[
            "room::waiting::whatever_events_claim_to_follow_takes_no_more_than_the_limits",
            "room::waiting::what_waits_is_limited_and_the_server_that_takes_most_loses",
            "room::waiting::what_waits_is_limited_by_bytes_and_the_server_that_takes_most_of_them_loses",
            "room::waiting::an_event_that_finds_no_place_leaves_no_trace",
        ],
        play: unknown,
    },
];

fn topic(text: &str) -> String {
    format!(r#"{{"topic":"{text}"}}"#)
}

fn again(rules: &RoomVersionRules) -> Cast {
    let mut cast = Cast::new(rules);
    let (good, bad) = (topic("good"), topic("bad"));
    cast.write("good", &Told::state(BOB, TOPIC, "", &good), &["eve"]);
    cast.write("bad", &Told::state(EVE, TOPIC, "", &bad), &["good"]);
    for name in ["good", "bad"] {
        let bytes = cast.scribe.bytes(cast.id(name)).to_vec();
        let aged = changed(&bytes, |json| {
            json.insert("unsigned", Object::from_iter([("age", 5)]));
        });
        cast.part(&format!("{name} aged"), &aged);
        let signed = changed(&bytes, |json| {
            let signatures = json.get_mut("signatures").and_then(Value::as_object_mut);
            let forged = Object::from_iter([("ed25519:1", "AAAA")]);
            signatures.unwrap().insert("other.example", forged);
        });
        cast.part(&format!("{name} signed"), &signed);
    }
    let mut play = cast.play("what was accepted or rejected stays so");
    play.accept(&["good"]);
    play.receive("bad", told("rejected"));
    for (name, standing) in [("good", "accepted"), ("bad", "rejected")] {
        for copy in ["", " aged", " signed"] {
            play.receive(&format!("{name}{copy}"), known(standing));
        }
    }
    play.ends(&["good"], &["good"]);
    let stays = play.case();
    let mut play = cast.play("each copy is as good as another");
    play.receive("good signed", told("accepted"));
    play.receive("bad aged", told("rejected"));
    play.receive("good", known("accepted"));
    play.receive("bad", known("rejected"));
    play.ends(&["good"], &["good"]);
    let copies = play.case();
    cast.add(stays);
    cast.add(copies);
    cast
}

/// ```text
/// eve ─┬─ one ─┬─ merge
///      │       ├─────── bad (rejected) ─ child
///      │       └─────── beside
///      └─ two ─┘ (of the merge)
/// ```
fn orders(rules: &RoomVersionRules) -> Cast {
    let mut cast = Cast::new(rules);
    let (one, two, bad) = (topic("one"), topic("two"), topic("bad"));
    cast.write("one", &Told::state(BOB, TOPIC, "", &one), &["eve"]);
    cast.write("two", &Told::state(ALICE, TOPIC, "", &two), &["eve"]);
    cast.say("merge", BOB, &["one", "two"]);
    cast.write("bad", &Told::state(EVE, TOPIC, "", &bad), &["one"]);
    cast.say("child", BOB, &["bad"]);
    cast.say("beside", BOB, &["one"]);
    let end = |play: &mut Play<'_>| {
        play.verdicts(&[
            ("one", "accepted"),
            ("two", "accepted"),
            ("merge", "accepted"),
            ("bad", "rejected"),
            ("child", "accepted"),
            ("beside", "accepted"),
        ]);
    };
    let mut play = cast.play("in the order in which they were written");
    play.accept(&["one", "two", "merge"]);
    play.receive("bad", told("rejected"));
    play.accept(&["child", "beside"]);
    end(&mut play);
    let forwards = play.case();
    let mut play = cast.play("the second branch first");
    play.accept(&["two", "one"]);
    play.receive("bad", told("rejected"));
    play.accept(&["beside", "child", "merge"]);
    end(&mut play);
    let second = play.case();
    let mut play = cast.play("backwards");
    play.waits("child", &["bad"]);
    // Its own auth events reject it, which nothing before it can change; who waits is right too.
    play.receive("bad", Object::new());
    play.waits("merge", &["one", "two"]);
    play.waits("beside", &["one"]);
    play.accept(&["two", "one"]);
    end(&mut play);
    let backwards = play.case();
    for case in [forwards, second, backwards] {
        cast.add(case);
    }
    cast
}

fn failing(rules: &RoomVersionRules) -> Cast {
    let mut cast = Cast::new(rules);
    let good = topic("good");
    cast.write("good", &Told::state(BOB, TOPIC, "", &good), &["eve"]);
    cast.say("next", EVE, &["good"]);
    let bytes = cast.scribe.bytes(cast.id("next")).to_vec();
    for (name, member) in [("no type", "type"), ("no signatures", "signatures")] {
        let bad = changed(&bytes, |json| {
            json.remove(member);
        });
        cast.part(name, &bad);
    }
    let other = changed(&bytes, |json| {
        json.insert("sender", BOB);
    });
    cast.part("another sender", &other);
    let mut play = cast.play("what is dropped between two good events leaves no trace");
    play.accept(&["good"]);
    for name in ["no type", "no signatures", "another sender"] {
        play.receive(name, told("dropped"));
    }
    play.accept(&["next"]);
    play.receive("good", known("accepted"));
    play.ends(&["next"], &["good"]);
    let dropped = play.case();
    let mut play = cast.play("so it is without what is dropped");
    play.accept(&["good", "next"]);
    play.ends(&["next"], &["good"]);
    let plain = play.case();
    cast.add(dropped);
    cast.add(plain);
    cast
}

fn gaps(rules: &RoomVersionRules) -> Cast {
    let mut cast = Cast::new(rules);
    for name in ["a", "b", "c"] {
        cast.say(name, BOB, &["eve"]);
    }
    cast.say("merge", EVE, &["a", "b", "c"]);
    let mut play = cast.play("all are missing");
    play.waits("merge", &["a", "b", "c"]);
    play.verdicts(&[("merge", "waiting")]);
    play.ends(&["eve"], &[]);
    let all = play.case();
    let mut play = cast.play("two are missing, and then one");
    play.accept(&["b"]);
    play.waits("merge", &["a", "c"]);
    play.accept(&["c"]);
    play.waits("merge", &["a"]);
    play.accept(&["a"]);
    play.verdicts(&[("merge", "accepted")]);
    play.ends(&["merge"], &[]);
    let some = play.case();
    let mut play = cast.play("none is missing");
    play.accept(&["a", "b", "c", "merge"]);
    play.ends(&["merge"], &[]);
    let none = play.case();
    for case in [all, some, none] {
        cast.add(case);
    }
    cast
}

fn unknown(rules: &RoomVersionRules) -> Cast {
    let mut cast = Cast::new(rules);
    let tip = cast.ids(&["eve"]);
    let auth = cast.scribe.auth(&Told::message(EVE), &tip);
    let mut named = Vec::new();
    for number in 0..3 {
        let prev: Vec<EventId> = (0..20)
            .map(|at| EventId::parse(&format!("$none{number}x{at:02}:evil.example")).unwrap())
            .collect();
        let event = cast.scribe.craft(&Told::message(EVE), &prev, &auth);
        cast.part(&format!("straggler {number}"), event.json().as_bytes());
        named.push(prev);
    }
    cast.say("own", BOB, &["eve"]);
    let mut play = cast.play("each waits for its twenty, and nothing else does");
    for (number, prev) in named.iter().enumerate() {
        let waiting = with(told("waiting"), "events", texts(prev));
        play.receive(&format!("straggler {number}"), waiting);
    }
    play.accept(&["own"]);
    play.ends(&["own"], &[]);
    let waits = play.case();
    let mut play = cast.play("without them it is the same room");
    play.accept(&["own"]);
    play.ends(&["own"], &[]);
    let plain = play.case();
    cast.add(waits);
    cast.add(plain);
    cast
}
