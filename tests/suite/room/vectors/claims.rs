//! States that another server claims, and what came only with them.

use roomdag::version::RoomVersionRules;

use crate::room::support::{ALICE, BOB, EVE, LEVELS, MEMBER, Scribe, TOPIC, Told};
use crate::room::vectors::Row;
use crate::room::vectors::cast::{BEGIN, Cast, because, told, with};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "V-D-01",
        about: "An event after one that only came with a claimed state, so that nobody knows the state after it. It waits for what is missing; no state is made up.",
        tests: &["room::receiving::what_came_only_with_a_claim_has_no_state_to_build_on"],
        play: outlier,
    },
    Row {
        name: "V-D-05",
        about: "Events rejected by a claimed state that leaves something out. Once the gap is filled they are judged again.",
        tests: &[
            "room::claims::what_a_lie_had_rejected_is_accepted_once_history_shows_it",
            "room::claims::history_corrects_a_claim_that_lies",
        ],
        play: lie,
    },
    Row {
        name: "V-D-06",
        about: "A claimed state beside one that follows from history. What rests on a claim says so; a second claim for it is taken as long as it does, and none after.",
        tests: &[
            "room::claims::what_follows_from_a_claim_says_so_until_the_gap_is_closed",
            "room::claims::an_event_of_a_member_who_was_left_out_is_provisional_until_the_state_is_complete",
        ],
        play: quality,
    },
    Row {
        name: "V-D-07",
        about: "Claimed states that cannot be right: with a rejected event, one of another room, two of one key, one that is no state event, without the create event. They are refused, and leave no trace. One that leaves out a ban can be right.",
        tests: &[
            "room::claims::a_claim_that_cannot_be_right_is_refused_and_leaves_no_trace",
            "room::claims::a_claim_that_leaves_out_a_ban_is_no_more_than_a_claim",
        ],
        play: refused,
    },
    Row {
        name: "V-D-11",
        about: "Events that only came with a claimed state. They are no extremities and take no other's place, until they come by themselves.",
        tests: &[
            "room::receiving::what_came_only_with_a_claim_has_no_state_to_build_on",
            "room::outliers::an_event_that_came_with_a_claim_meets_a_present_without_itself",
        ],
        play: aside,
    },
];

/// ```text
/// eve ─ lost ─ topic ─ unseen ─ late
///                └─ child
/// ```
fn hole(rules: &RoomVersionRules) -> Cast {
    let mut cast = Cast::new(rules);
    cast.say("lost", BOB, &["eve"]);
    let topic = Told::state(BOB, TOPIC, "", r#"{"topic":"late"}"#);
    cast.write("topic", &topic, &["lost"]);
    cast.say("unseen", BOB, &["topic"]);
    cast.say("late", ALICE, &["unseen"]);
    cast.say("child", BOB, &["topic"]);
    cast
}

/// The state before `late`.
fn entries() -> Vec<&'static str> {
    BEGIN.into_iter().chain(["topic"]).collect()
}

fn outlier(rules: &RoomVersionRules) -> Cast {
    let mut cast = hole(rules);
    let mut play = cast.play("what follows it waits");
    play.waits("late", &["unseen"]);
    play.claim("late", &entries(), &[], told("claimed"));
    play.waits("child", &["lost"]);
    play.verdicts(&[
        ("topic", "outlier"),
        ("late", "accepted"),
        ("child", "waiting"),
    ]);
    let waits = play.case();
    let mut play = cast.play("what follows it is accepted once the state is known");
    play.waits("late", &["unseen"]);
    play.claim("late", &entries(), &[], told("claimed"));
    play.waits("child", &["lost"]);
    play.accept(&["lost"]);
    play.verdicts(&[
        ("topic", "accepted"),
        ("child", "accepted"),
        ("late", "accepted"),
    ]);
    let known = play.case();
    cast.add(waits);
    cast.add(known);
    cast
}

fn lie(rules: &RoomVersionRules) -> Cast {
    let mut cast = hole(rules);
    let dora = "@dora:other.example";
    let join = Told::state(dora, MEMBER, dora, r#"{"membership":"join"}"#);
    cast.write("join", &join, &["late"]);
    cast.say("words", dora, &["join"]);
    // Without the join rules nobody could join.
    let lie: Vec<&str> = entries()
        .into_iter()
        .filter(|name| *name != "rules")
        .collect();
    let mut play = cast.play("what a lie has rejected is accepted once history shows it");
    play.waits("late", &["unseen"]);
    play.claim("late", &lie, &[], told("claimed"));
    play.receive("join", told("rejected"));
    play.receive("words", told("rejected"));
    play.accept(&["lost"]);
    play.receive("topic", told("accepted"));
    play.receive("unseen", told("accepted"));
    play.verdicts(&[("join", "accepted"), ("words", "accepted")]);
    play.ends(&["words"], &["topic", "join"]);
    let corrected = play.case();
    let mut play = cast.play("until then it stays rejected");
    play.waits("late", &["unseen"]);
    play.claim("late", &lie, &[], told("claimed"));
    play.receive("join", told("rejected"));
    play.accept(&["lost"]);
    play.verdicts(&[("join", "rejected")]);
    let stays = play.case();
    let mut play = cast.play("a true claim has it accepted at once");
    play.waits("late", &["unseen"]);
    play.claim("late", &entries(), &[], told("claimed"));
    play.accept(&["join", "words"]);
    play.verdicts(&[("join", "accepted"), ("words", "accepted")]);
    let at_once = play.case();
    for case in [corrected, stays, at_once] {
        cast.add(case);
    }
    cast
}

fn quality(rules: &RoomVersionRules) -> Cast {
    let mut cast = hole(rules);
    let few: Vec<&str> = entries()
        .into_iter()
        .filter(|name| *name != "topic")
        .collect();
    let mut play = cast.play("a claim is replaced by another one");
    play.waits("late", &["unseen"]);
    play.claim("late", &few, &[], told("claimed"));
    play.claim("late", &entries(), &[], told("claimed"));
    play.verdicts(&[("topic", "outlier"), ("late", "accepted")]);
    let replaced = play.case();
    let mut play = cast.play("no claim is taken where the state follows from history");
    play.waits("late", &["unseen"]);
    play.claim("late", &few, &[], told("claimed"));
    play.accept(&["lost", "topic", "unseen"]);
    play.claim("late", &few, &[], because("refused", "NotNeeded"));
    play.ends(&["late"], &["topic"]);
    let history = play.case();
    cast.add(replaced);
    cast.add(history);
    cast
}

fn refused(rules: &RoomVersionRules) -> Cast {
    let mut cast = hole(rules);
    let other = Scribe::elsewhere(rules);
    cast.part("foreign", other.bytes(&other.order[1]));
    let raise = r#"{"users":{"@eve:evil.example":100}}"#;
    cast.write("raise", &Told::state(EVE, LEVELS, "", raise), &["eve"]);
    let twin = Told::state(BOB, TOPIC, "", r#"{"topic":"twin"}"#);
    cast.write("twin", &twin, &["lost"]);
    let ban = Told::state(ALICE, MEMBER, EVE, r#"{"membership":"ban"}"#);
    cast.write("ban", &ban, &["eve"]);
    let with_one =
        |name: &'static str| -> Vec<&str> { entries().into_iter().chain([name]).collect() };
    let without = |names: &[&str], more: &'static str| -> Vec<&str> {
        let rest = entries().into_iter().filter(|name| !names.contains(name));
        rest.chain([more]).collect()
    };
    let mut play = cast.play("each is refused, and then one that can be right is taken");
    play.waits("late", &["unseen"]);
    for (events, error) in [
        (without(&["levels"], "raise"), "Rejected"),
        (with_one("foreign"), "WrongRoom"),
        (with_one("twin"), "SameKey"),
        (with_one("child"), "NotState"),
        (without(&["create", "eve"], "ban"), "NoCreate"),
    ] {
        play.claim("late", &events, &[], because("refused", error));
    }
    play.verdicts(&[("late", "waiting")]);
    play.ends(&["eve"], &[]);
    let refused = play.case();
    let mut play = cast.play("one that can be right is taken, though it leaves out what it likes");
    play.waits("late", &["unseen"]);
    play.claim("late", &without(&["eve"], "ban"), &[], told("claimed"));
    play.verdicts(&[("late", "accepted")]);
    let taken = play.case();
    let mut play = cast.play("one whose auth chain is not there is not taken yet");
    play.waits("late", &["unseen"]);
    let missing = vec![roomdag::Value::from(cast.id("ban").as_str())];
    let id = cast.id("ban").as_str().to_owned();
    let claim = roomdag::Object::from_iter([
        ("event", roomdag::Value::from(cast.id("late").as_str())),
        ("events", vec![roomdag::Value::from(id)].into()),
    ]);
    let step = roomdag::Object::from_iter([("claim", claim)]);
    play.step(step, with(because("refused", "Missing"), "events", missing));
    play.verdicts(&[("late", "waiting")]);
    let waiting = play.case();
    for case in [refused, taken, waiting] {
        cast.add(case);
    }
    cast
}

fn aside(rules: &RoomVersionRules) -> Cast {
    let mut cast = hole(rules);
    let mut play = cast.play("it is no extremity, and hides none");
    play.waits("late", &["unseen"]);
    play.claim("late", &entries(), &[], told("claimed"));
    play.verdicts(&[
        ("topic", "outlier"),
        ("late", "accepted"),
        ("eve", "accepted"),
    ]);
    // Nobody knows yet that the last event known before lies behind the gap.
    play.ends(&["eve", "late"], &["topic"]);
    let outlier = play.case();
    let mut play = cast.play("it has its place once it comes and its state is known");
    play.waits("late", &["unseen"]);
    play.claim("late", &entries(), &[], told("claimed"));
    play.accept(&["lost", "topic", "unseen"]);
    play.verdicts(&[("topic", "accepted"), ("late", "accepted")]);
    play.ends(&["late"], &["topic"]);
    let placed = play.case();
    cast.add(outlier);
    cast.add(placed);
    cast
}
