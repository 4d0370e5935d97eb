//! What a claim says of the past, and what becomes of that. See `src/room/claim.rs`.

use roomdag::id::EventId;
use roomdag::room::{Claim, Draft, Room, Setup, Standing};

use crate::room::built::{ALICE, BOB, Built, Sent, keys, message, state};
use crate::room::draft::NOW;

/// Has the room wait for what is before `event`, and then believe that the state there is how the
/// room began, without the last `left_out` events of that, and with `others`.
fn claim(room: &mut Room, built: &Built, event: &Sent, left_out: usize, others: &[&Sent]) {
    let _ = room.receive(&event.json, &keys(), NOW);
    let begin = built.begin.len() - left_out;
    let ids = built.begin.iter().take(begin).chain([&built.create]);
    let claim = Claim {
        events: others.iter().map(|sent| &*sent.json).collect(),
        ids: ids.map(|sent| sent.id.clone()).collect(),
        ..Claim::default()
    };
    room.claim(&event.id, &claim, &keys(), NOW).unwrap();
}

fn topic(sender: &str) -> Draft {
    state(sender, "m.room.topic", "", ("topic", "a topic"))
}

fn ids<const N: usize>(events: [&Sent; N]) -> Vec<EventId> {
    let mut ids = events.map(|sent| sent.id.clone()).to_vec();
    ids.sort_unstable();
    ids
}

/// ```text
/// … ── last ── topic ── one ── two
/// ```
///
/// `topic` comes with the state before `two`, and `one` comes later.
#[test]
fn a_claim_alone_takes_no_extremity_away() {
    let mut built = Built::new();
    let topic = built.send(topic(ALICE));
    let one = built.send(message(ALICE));
    let two = built.send(message(BOB));
    let mut room = built.begun(&Setup::default());
    let last = room.extremities();
    claim(&mut room, &built, &two, 0, &[&topic]);
    assert_eq!(room.standing(&topic.id), Some(Standing::Accepted));
    assert_eq!(room.standing(&two.id), Some(Standing::Accepted));
    let mut both = [&*last, std::slice::from_ref(&two.id)].concat();
    both.sort_unstable();
    assert_eq!(room.extremities(), both);
    let _ = room.receive(&one.json, &keys(), NOW);
    assert_eq!(room.extremities(), ids([&two]));
}

/// ```text
/// … ── zero ┬─ one ───┬─ two
///           └─ other ─┘
/// ```
///
/// `zero` is known, and only `one` comes after the claim for `two`.
#[test]
fn what_an_event_of_the_past_follows_is_followed_no_more() {
    let mut built = Built::new();
    let zero = built.send(message(ALICE));
    let (one, other) = (built.build(message(ALICE)), built.build(message(BOB)));
    for sent in [&one, &other] {
        let _ = built.room.receive(&sent.json, &keys(), NOW);
    }
    let two = built.send(message(BOB));
    let mut room = built.begun(&Setup::default());
    let _ = room.receive(&zero.json, &keys(), NOW);
    claim(&mut room, &built, &two, 0, &[]);
    assert_eq!(room.extremities(), ids([&zero, &two]));
    let _ = room.receive(&one.json, &keys(), NOW);
    assert_eq!(room.extremities(), ids([&two]));
}

/// As before, but the claim leaves out that Bob has joined, so `two` is rejected.
#[test]
fn the_past_of_an_event_that_is_rejected_can_be_followed() {
    let mut built = Built::new();
    let topic = built.send(topic(ALICE));
    let _one = built.send(message(ALICE));
    let two = built.send(message(BOB));
    let mut room = built.begun(&Setup::default());
    let last = room.extremities();
    claim(&mut room, &built, &two, 1, &[&topic]);
    assert_eq!(room.standing(&two.id), Some(Standing::Rejected));
    assert_eq!(room.extremities(), last);
    let _ = room.receive(&topic.json, &keys(), NOW);
    assert_eq!(room.extremities(), ids([&topic]));
}

/// ```text
/// … ┬─ one ── two
///   └─ topic
/// ```
///
/// It is claimed that `topic` lies before `two`, until `one` shows that it does not.
#[test]
fn what_was_only_claimed_to_lie_in_the_past_can_be_followed_in_the_end() {
    let mut built = Built::new();
    let topic = built.build(topic(ALICE));
    let one = built.send(message(ALICE));
    let two = built.send(message(BOB));
    let mut room = built.begun(&Setup::default());
    claim(&mut room, &built, &two, 0, &[&topic]);
    let _ = room.receive(&one.json, &keys(), NOW);
    assert_eq!(room.extremities(), ids([&two]));
    let _ = room.receive(&topic.json, &keys(), NOW);
    assert_eq!(room.extremities(), ids([&topic, &two]));
}

/// ```text
/// … ┬─ ban of bob
///   ├─ name, by bob
///   └─ one ── two, by bob
/// ```
///
/// The ban is known. Bob's server claims that `name`, with which he joins once more, lies before
/// `two`.
#[test]
fn an_event_is_not_spared_soft_failure_by_a_claim() {
    let mut built = Built::new();
    let joins = ("membership", "join");
    let name = built.build(state(BOB, "m.room.member", BOB, joins));
    let bans = ("membership", "ban");
    let ban = built.build(state(ALICE, "m.room.member", BOB, bans));
    let _one = built.send(message(ALICE));
    let two = built.send(message(BOB));
    let mut room = built.begun(&Setup::default());
    let _ = room.receive(&ban.json, &keys(), NOW);
    claim(&mut room, &built, &two, 1, &[&name]);
    assert_eq!(room.standing(&two.id), Some(Standing::SoftFailed));
    assert_eq!(room.extremities(), ids([&ban]));
    let _ = room.receive(&name.json, &keys(), NOW);
    assert_eq!(room.standing(&name.id), Some(Standing::SoftFailed));
    assert_eq!(room.extremities(), ids([&ban]));
}
