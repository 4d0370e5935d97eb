//! Extremities, soft failure, rejected events and other rooms.

use roomdag::id::EventId;
use roomdag::version::RoomVersionRules;

use crate::room::support::{ALICE, BOB, EVE, LEVELS, MEMBER, Scribe, TOPIC, Told, levels};
use crate::room::vectors::Row;
use crate::room::vectors::cast::{Cast, because, by_rule, known, told};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "V-D-02",
        about: "Soft-failed events among the forward extremities. They are none and take no other's place; what follows one follows what it followed; and there is always something to build on.",
        tests: &[
            "room::extremities::a_soft_failed_event_is_no_extremity_and_hides_none",
            "room::extremities::there_is_always_an_extremity",
        ],
        play: soft_failed,
    },
    Row {
        name: "V-D-03",
        about: "A rejected state event. It is no extremity, the state after it is that before it, and what follows it may be accepted; what rests on it by auth_events may not.",
        tests: &["room::receiving::a_rejected_state_event_changes_nothing_and_hides_nothing"],
        play: rejected,
    },
    Row {
        name: "V-D-04",
        about: "Events that follow a soft-failed one are judged like any others.",
        tests: &["room::extremities::what_follows_a_soft_failed_event_is_judged_as_usual"],
        play: children,
    },
    Row {
        name: "V-D-08",
        about: "Branches on which members come and go and the power levels change, merged again and again. No membership is lost, also where the power levels name no creator.",
        tests: &[
            "room::convergence::replicas_converge_in_versions_10_to_12",
            "room::receiving::every_order_of_arrival_ends_in_the_same_room",
        ],
        play: merges,
    },
    Row {
        name: "V-D-12",
        about: "Events of another room, and one that claims to follow one of them. They are dropped, it waits, and the graphs never join.",
        tests: &["room::receiving::an_event_of_another_room_is_dropped_and_never_joins_the_graphs"],
        play: foreign,
    },
    Row {
        name: "V-D-19",
        about: "A banned user's event that claims to stand before the ban. It passes the checks by its auth events and by the state before it, and is soft-failed by the current state.",
        tests: &[
            "room::extremities::an_event_of_a_banned_user_is_soft_failed_wherever_it_claims_to_stand",
            "room::extremities::what_follows_an_event_does_not_vouch_for_it_against_a_ban",
        ],
        play: banned,
    },
];

const BAN: &str = r#"{"membership":"ban"}"#;

/// A message of Bob's, a ban of Eve beside it, and what Eve says after the message.
fn evasion(rules: &RoomVersionRules) -> Cast {
    let mut cast = Cast::new(rules);
    cast.say("message", BOB, &["eve"]);
    cast.write("ban", &Told::state(ALICE, MEMBER, EVE, BAN), &["eve"]);
    cast.say("late", EVE, &["message"]);
    cast
}

fn soft_failed_by_ban() -> roomdag::Object {
    by_rule("soft_failed", "CurrentState", "SenderNotJoined")
}

fn soft_failed(rules: &RoomVersionRules) -> Cast {
    let mut cast = evasion(rules);
    cast.say("child", BOB, &["late"]);
    let mut play = cast.play("a soft-failed event takes no extremity's place");
    play.accept(&["message", "ban"]);
    play.receive("late", soft_failed_by_ban());
    play.ends(&["message", "ban"], &["ban"]);
    let soft = play.case();
    let mut play =
        cast.play("what follows a soft-failed event takes the place of what that followed");
    play.accept(&["message", "ban"]);
    play.receive("late", soft_failed_by_ban());
    play.accept(&["child"]);
    play.ends(&["child", "ban"], &["ban"]);
    let child = play.case();
    let mut play = cast.play("an accepted event takes the place of what it follows");
    play.accept(&["message", "late"]);
    play.ends(&["late"], &[]);
    let accepted = play.case();
    let mut play = cast.play("there is something to build on, whatever is soft-failed");
    play.accept(&["message"]);
    for name in ["message", "eve", "bob", "rules", "levels", "alice"] {
        play.overrule("soft_fail", name, "soft_failed");
    }
    play.overrule("soft_fail", "create", "accepted");
    play.overrule("readmit", "bob", "accepted");
    let none = play.case();
    for case in [soft, child, accepted, none] {
        cast.add(case);
    }
    cast
}

fn rejected(rules: &RoomVersionRules) -> Cast {
    let mut cast = Cast::new(rules);
    let topic = |text: &str| format!(r#"{{"topic":"{text}"}}"#);
    let (good, bad) = (topic("good"), topic("bad"));
    cast.write("good", &Told::state(BOB, TOPIC, "", &good), &["eve"]);
    cast.write("bad", &Told::state(EVE, TOPIC, "", &bad), &["good"]);
    cast.say("child", EVE, &["bad"]);
    let raise = r#"{"users":{"@eve:evil.example":100}}"#;
    cast.write("raise", &Told::state(EVE, LEVELS, "", raise), &["good"]);
    let prev = cast.ids(&["good"]);
    let mut auth = cast.scribe.auth(&Told::message(EVE), &prev);
    auth.retain(|id| id != cast.id("levels"));
    auth.push(cast.id("raise").clone());
    let resting = cast.scribe.write_citing(&Told::message(EVE), &prev, &auth);
    cast.name("resting", &resting);

    let by_state = || by_rule("rejected", "AuthEvents", "BelowRequiredLevel");
    let mut play = cast.play("a rejected event changes no state and hides nothing");
    play.accept(&["good"]);
    play.receive("bad", by_state());
    play.ends(&["good"], &["good"]);
    let hides = play.case();
    let mut play = cast.play("what follows a rejected event follows what that followed");
    play.accept(&["good"]);
    play.receive("bad", by_state());
    play.accept(&["child"]);
    play.ends(&["child"], &["good"]);
    let child = play.case();
    let mut play = cast.play("what rests on a rejected event is rejected");
    play.accept(&["good"]);
    play.receive("raise", told("rejected"));
    play.receive(
        "resting",
        by_rule("rejected", "AuthEvents", "AuthEventsRejected"),
    );
    play.ends(&["good"], &["good"]);
    let resting = play.case();
    let mut play = cast.play("an allowed state event changes the state");
    play.accept(&["good"]);
    play.ends(&["good"], &["good"]);
    let allowed = play.case();
    for case in [hides, child, resting, allowed] {
        cast.add(case);
    }
    cast
}

fn children(rules: &RoomVersionRules) -> Cast {
    let mut cast = evasion(rules);
    cast.say("again", EVE, &["late"]);
    cast.say("honest", BOB, &["late"]);
    let topic = Told::state(EVE, TOPIC, "", r#"{"topic":"mine"}"#);
    cast.write("topic", &topic, &["late"]);
    let mut play = cast.play("one may be accepted, one soft-failed and one rejected");
    play.accept(&["message", "ban"]);
    play.receive("late", soft_failed_by_ban());
    play.receive("again", soft_failed_by_ban());
    play.receive("topic", told("rejected"));
    play.accept(&["honest"]);
    play.ends(&["honest", "ban"], &["ban"]);
    let judged = play.case();
    let mut play = cast.play("without the ban all that is allowed is accepted");
    play.accept(&["message", "late", "again"]);
    play.receive("topic", told("rejected"));
    play.accept(&["honest"]);
    play.ends(&["again", "honest"], &[]);
    let accepted = play.case();
    cast.add(judged);
    cast.add(accepted);
    cast
}

/// ```text
/// eve ─┬─ dora ─┬─ merge ─┬─ leave ──┬─ last
///      └─ carl ─┘         └─ levels2 ┘
/// ```
fn merges(rules: &RoomVersionRules) -> Cast {
    let mut cast = Cast::new(rules);
    let (carl, dora) = ("@carl:other.example", "@dora:other.example");
    let join = r#"{"membership":"join"}"#;
    cast.write("carl", &Told::state(carl, MEMBER, carl, join), &["eve"]);
    cast.write("dora", &Told::state(dora, MEMBER, dora, join), &["eve"]);
    cast.say("merge", BOB, &["carl", "dora"]);
    let leave = r#"{"membership":"leave"}"#;
    cast.write("leave", &Told::state(EVE, MEMBER, EVE, leave), &["merge"]);
    let content = levels(rules, r#"{"ban":40}"#).to_canonical();
    let content = String::from_utf8(content).unwrap();
    cast.write(
        "levels2",
        &Told::state(ALICE, LEVELS, "", &content),
        &["merge"],
    );
    cast.say("last", dora, &["leave", "levels2"]);
    let changes = ["carl", "dora", "leave", "levels2"];
    let mut play = cast.play("every change of every branch is in the state after the merges");
    play.accept(&["carl", "dora", "merge", "leave", "levels2", "last"]);
    play.ends(&["last"], &changes);
    let merged = play.case();
    let mut play = cast.play("so it is in another order");
    play.accept(&["dora", "carl", "merge", "levels2", "leave", "last"]);
    play.ends(&["last"], &changes);
    let other = play.case();
    let mut play = cast.play("so it is between the merges");
    play.accept(&["carl", "dora", "merge", "leave", "levels2"]);
    play.ends(&["leave", "levels2"], &changes);
    let between = play.case();
    for case in [merged, other, between] {
        cast.add(case);
    }
    cast
}

fn foreign(rules: &RoomVersionRules) -> Cast {
    let mut cast = Cast::new(rules);
    let other = Scribe::elsewhere(rules);
    for (name, id) in ["other create", "other alice"].iter().zip(&other.order) {
        cast.part(name, other.bytes(id));
    }
    let tip: Vec<EventId> = cast.ids(&["eve"]);
    let foreign = other.order[1].clone();
    let auth = cast.scribe.auth(&Told::message(EVE), &tip);
    let both = [tip[0].clone(), foreign.clone()];
    let event = cast.scribe.craft(&Told::message(EVE), &both, &auth);
    cast.part("joining", event.json().as_bytes());
    cast.say("own", EVE, &["eve"]);

    let wrong = || because("dropped", "WrongRoom");
    let mut play = cast.play("events of another room are dropped, and what follows one waits");
    play.receive("other create", wrong());
    play.receive("other alice", wrong());
    let missing = super::cast::texts([foreign.as_str()]);
    play.receive(
        "joining",
        super::cast::with(told("waiting"), "events", missing),
    );
    play.receive("other alice", wrong());
    play.ends(&["eve"], &[]);
    let foreign = play.case();
    let mut play = cast.play("an event of this room is taken");
    play.receive("other alice", wrong());
    play.accept(&["own"]);
    play.receive("own", known("accepted"));
    play.ends(&["own"], &[]);
    let own = play.case();
    cast.add(foreign);
    cast.add(own);
    cast
}

fn banned(rules: &RoomVersionRules) -> Cast {
    let mut cast = evasion(rules);
    let mut play = cast.play("what comes after the ban is soft-failed");
    play.accept(&["message", "ban"]);
    play.receive("late", soft_failed_by_ban());
    play.ends(&["message", "ban"], &["ban"]);
    let after = play.case();
    let mut play = cast.play("what comes before the ban is accepted and stays so");
    play.accept(&["message", "late", "ban"]);
    play.ends(&["late", "ban"], &["ban"]);
    let before = play.case();
    cast.add(after);
    cast.add(before);
    cast
}
