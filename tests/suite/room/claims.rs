//! See `src/room/claim.rs`, `src/room/open.rs` and `src/room/reevaluate.rs`.
//!
//! | threat | tests |
//! |--------|-------|
//! | V-D-05 | `history_corrects_a_claim_that_lies`, `what_a_lie_had_rejected_is_accepted_once_history_shows_it` |
//! | V-D-06 | `what_follows_from_a_claim_says_so_until_the_gap_is_closed` |
//! | V-D-07 | `a_claim_that_cannot_be_right_is_refused_and_leaves_no_trace`, `a_claim_that_leaves_out_a_ban_is_no_more_than_a_claim` |
//! | V-D-02 | `a_claim_that_would_leave_nothing_to_stand_on_is_refused` |
//! | V-D-15 | `a_claim_that_cannot_be_right_is_refused_and_leaves_no_trace`, and `a_join_that_fails_makes_no_room` |

use roomdag::crypto::KeyRing;
use roomdag::id::{EventId, KeyId};
use roomdag::json::Object;
use roomdag::limits::Limits;
use roomdag::room::{
    Claim, ClaimDefect, ClaimError, Members, Notice, OpenError, Receipt, Room, Standing,
};
use roomdag::timeline::Quality;
use roomdag::version::{EventIdFormat, RoomVersionRules};

use crate::room::draft::{NOW, ring, stable};
use crate::room::support::{
    ALICE, BOB, EVE, JOIN_RULES, LEVELS, MEMBER, Scribe, TOPIC, Told, accepted, altered, changed,
    home, observed, only, waits,
};

const BAN: &str = r#"{"membership":"ban"}"#;

fn quality_before(room: &Room, event: &EventId) -> Option<Quality> {
    room.state_before(event).map(|state| state.quality())
}

/// A room that lacks what lies between its last event and `late`: two messages, a topic between
/// them, and Bob's ban of Eve.
struct Hole {
    scribe: Scribe,
    lost: Vec<EventId>,
    late: EventId,
}

impl Hole {
    fn new(rules: &RoomVersionRules) -> Self {
        let mut scribe = Scribe::new(rules);
        let mut lost = vec![scribe.say(BOB)];
        lost.push(scribe.put(BOB, TOPIC, "", r#"{"topic":"late"}"#));
        lost.push(scribe.put(ALICE, MEMBER, EVE, BAN));
        lost.push(scribe.say(BOB));
        let late = scribe.say(BOB);
        Self { scribe, lost, late }
    }

    /// The room before the hole, in which `late` waits.
    fn room(&self) -> Room {
        let mut room = self.scribe.open();
        let known = self.scribe.order[1..].iter();
        let known = known.take_while(|id| **id != self.lost[0]);
        self.scribe.feed_all(&mut room, known);
        let _ = waits(self.scribe.feed(&mut room, &self.late).receipt);
        room
    }

    /// The state before `late` without some events.
    fn claim_without(&self, left_out: &[&EventId]) -> Claim<'_> {
        let state = self.scribe.room.state_before(&self.late).unwrap();
        let entries = state.iter().map(|(_, event)| event.id.clone());
        let entries: Vec<EventId> = entries.filter(|id| !left_out.contains(&id)).collect();
        self.scribe.claim_of(&entries)
    }
}

fn revised(notices: &[Notice], event: &EventId) -> Option<(Standing, Standing)> {
    notices.iter().find_map(|notice| match notice {
        Notice::Revised { event: of, was, is } if of == event => Some((*was, *is)),
        _ => None,
    })
}

#[test]
fn what_follows_from_a_claim_says_so_until_the_gap_is_closed() {
    for rules in stable() {
        let mut hole = Hole::new(&rules);
        let child = hole.scribe.say(ALICE);
        let mut room = hole.room();
        let claim = hole.scribe.claim_before(&hole.late);
        let notices = hole.scribe.take(&mut room, &hole.late, &claim).unwrap();
        assert!(matches!(
            notices.last(),
            Some(Notice::Settled { event, receipt: Receipt::Accepted(_) }) if *event == hole.late
        ));
        accepted(&hole.scribe.feed(&mut room, &child).receipt);
        for event in [&hole.late, &child] {
            assert_eq!(quality_before(&room, event), Some(Quality::Claimed));
        }
        // A fork of both kinds is no better than the worse of them.
        assert_eq!(room.extremities().len(), 2);
        assert_eq!(room.current_state().unwrap().quality(), Quality::Claimed);

        hole.scribe.feed_all(&mut room, hole.lost.iter().rev());
        for event in [&hole.late, &child] {
            assert_eq!(quality_before(&room, event), Some(Quality::Computed));
        }
        assert_eq!(room.current_state().unwrap().quality(), Quality::Computed);
        assert_eq!(room.extremities(), [child]);
        assert!(room.backward_extremities().is_empty());
        let again = hole.scribe.take(&mut room, &hole.late, &claim);
        let event = hole.late.clone();
        assert_eq!(again, Err(ClaimError::NotNeeded { event }));
        let (room, complete) = (observed(&room), observed(&hole.scribe.copy()));
        assert_eq!(room.states(), complete.states());
    }
}

#[test]
fn a_claim_that_leaves_out_a_ban_is_no_more_than_a_claim() {
    for rules in stable() {
        let mut hole = Hole::new(&rules);
        let late = hole.late.clone();
        // Eve speaks after her ban, by permission of her old membership.
        let auth = {
            let mut auth = hole.scribe.auth(&Told::message(BOB), only(&late));
            auth.pop();
            auth.push(hole.scribe.order[5].clone());
            auth
        };
        let forged = hole
            .scribe
            .write_citing(&Told::message(EVE), only(&late), &auth);
        let join = hole.scribe.order[5].clone();
        assert_eq!(hole.scribe.pdu(&join).state_key(), Some(EVE));
        assert_eq!(hole.scribe.room.standing(&forged), Some(Standing::Rejected));
        let child = hole.scribe.say_at(BOB, only(&forged));

        // With the true state it is rejected.
        let mut room = hole.room();
        let claim = hole.scribe.claim_before(&late);
        hole.scribe.take(&mut room, &late, &claim).unwrap();
        let receipt = hole.scribe.feed(&mut room, &forged).receipt;
        assert!(matches!(receipt, Receipt::Rejected { .. }), "{receipt:?}");

        // A server that lies has it accepted, but nobody takes that for more than a claim.
        let ban = &hole.lost[2];
        let state = hole.scribe.room.state_before(&late).unwrap();
        let mut entries: Vec<EventId> = state.iter().map(|(_, event)| event.id.clone()).collect();
        entries.retain(|id| id != ban);
        entries.push(join);
        let lie = hole.scribe.claim_of(&entries);
        let mut room = hole.room();
        hole.scribe.take(&mut room, &late, &lie).unwrap();
        accepted(&hole.scribe.feed(&mut room, &forged).receipt);
        accepted(&hole.scribe.feed(&mut room, &child).receipt);
        assert_eq!(quality_before(&room, &forged), Some(Quality::Claimed));
        // History corrects it, and says so.
        let notices = hole.scribe.feed_all(&mut room, &hole.lost);
        let change = (Standing::Accepted, Standing::Rejected);
        assert_eq!(revised(&notices, &forged), Some(change));
        assert_eq!(revised(&notices, &child), None);
        assert_eq!(room.extremities(), only(&child));
        let current = room.current_state().unwrap();
        assert_eq!(current.get(MEMBER, EVE).unwrap().id, ban);
    }
}

/// The first event after a claim proves to be rejected: what stood before it comes back.
#[test]
fn history_corrects_a_claim_that_lies() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let lost = vec![scribe.say(BOB), scribe.put(ALICE, MEMBER, EVE, BAN)];
        let join = scribe.order[5].clone();
        let tip = scribe.room.extremities();
        let mut auth = scribe.auth(&Told::message(EVE), &tip);
        auth.retain(|id| *id != lost[1]);
        auth.push(join.clone());
        let late = scribe.write_citing(&Told::message(EVE), &tip, &auth);
        let mut room = scribe.open();
        let known = scribe.order[1..].iter().take_while(|id| **id != lost[0]);
        scribe.feed_all(&mut room, known);
        let _ = waits(scribe.feed(&mut room, &late).receipt);
        let state = scribe.room.state_before(&late).unwrap();
        let mut entries: Vec<EventId> = state.iter().map(|(_, event)| event.id.clone()).collect();
        entries.retain(|id| *id != lost[1]);
        entries.push(join);
        let lie = scribe.claim_of(&entries);
        scribe.take(&mut room, &late, &lie).unwrap();
        assert!(room.extremities().contains(&late));
        let notices = scribe.feed_all(&mut room, &lost);
        let change = (Standing::Accepted, Standing::Rejected);
        assert_eq!(revised(&notices, &late), Some(change));
        // There is something to build on, and a current state.
        assert_eq!(room.extremities(), only(&lost[1]), "{}", rules.id);
        assert_eq!(
            room.current_state().unwrap().get(MEMBER, EVE).unwrap().id,
            &lost[1]
        );
    }
}

#[test]
fn what_a_lie_had_rejected_is_accepted_once_history_shows_it() {
    for rules in stable() {
        let mut hole = Hole::new(&rules);
        let late = hole.late.clone();
        let dora = "@dora:theirs.example";
        let join = Told::state(dora, MEMBER, dora, r#"{"membership":"join"}"#);
        let tip = hole.scribe.room.extremities();
        let join = hole.scribe.write(&join, &tip);
        let words = hole.scribe.say_at(dora, only(&join));
        // The claim says that the join rules are not there, so that nobody could join.
        let rule = hole.scribe.holder(&tip, "m.room.join_rules", "").unwrap();
        let lie = hole.claim_without(&[&rule]);
        let mut room = hole.room();
        hole.scribe.take(&mut room, &late, &lie).unwrap();
        for event in [&join, &words] {
            let receipt = hole.scribe.feed(&mut room, event).receipt;
            assert!(matches!(receipt, Receipt::Rejected { .. }), "{receipt:?}");
        }
        let notices = hole.scribe.feed_all(&mut room, &hole.lost);
        let change = (Standing::Rejected, Standing::Accepted);
        assert_eq!(revised(&notices, &join), Some(change));
        assert_eq!(revised(&notices, &words), Some(change), "{}", rules.id);
        assert_eq!(room.extremities(), [words]);
    }
}

#[test]
fn a_claim_is_replaced_by_a_better_one() {
    for rules in stable() {
        let hole = Hole::new(&rules);
        let mut room = hole.room();
        let topic = &hole.lost[1];
        let poor = hole.claim_without(&[topic]);
        hole.scribe.take(&mut room, &hole.late, &poor).unwrap();
        assert!(room.current_state().unwrap().get(TOPIC, "").is_none());
        let full = hole.scribe.claim_before(&hole.late);
        let notices = hole.scribe.take(&mut room, &hole.late, &full).unwrap();
        // The topic has come with it, and nothing else is news.
        let [Notice::Outlier(event)] = &notices[..] else {
            panic!("{notices:?}");
        };
        assert_eq!(event.id, *topic);
        let state = room.state_before(&hole.late).unwrap();
        assert_eq!(state.get(TOPIC, "").unwrap().id, topic);
        assert_eq!(
            state.digest(),
            hole.scribe.room.state_before(&hole.late).unwrap().digest()
        );
        assert_eq!(state.quality(), Quality::Claimed);
    }
}

/// Members were left out: what asks for one of them is provisional.
#[test]
fn an_event_of_a_member_who_was_left_out_is_provisional_until_the_state_is_complete() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        scribe.say(BOB);
        let dora = "@dora:theirs.example";
        let entry = scribe.put(dora, MEMBER, dora, r#"{"membership":"join"}"#);
        scribe.say(BOB);
        let join = scribe.put(
            "@me:other.example",
            MEMBER,
            "@me:other.example",
            r#"{"membership":"join"}"#,
        );
        let words = scribe.say(dora);
        let mine = scribe.say("@me:other.example");

        let state = scribe.room.state_before(&join).unwrap();
        let few = state.iter().filter(|((kind, _), _)| *kind != MEMBER);
        let few: Vec<EventId> = few.map(|(_, event)| event.id.clone()).collect();
        let mut partial = scribe.claim_of(&few);
        partial.members = Members::Omitted;
        let setup = scribe.setup(Limits::default());
        let (mut room, notices) =
            Room::join(scribe.bytes(&join), &partial, &setup, &scribe.keys, NOW).unwrap();
        // Whether I may join depends on whether I am banned.
        let undecided = notices.iter().find_map(|notice| match notice {
            Notice::Settled {
                receipt: Receipt::Provisional { members, .. },
                ..
            } => Some(members),
            _ => None,
        });
        let members = undecided.expect("a join that is provisional");
        assert_eq!(**members, [Box::from("@me:other.example")]);
        assert_eq!(room.current_state().unwrap().quality(), Quality::Partial);

        // What cites the member's event brings it along, so that it is known what it is.
        let missing = waits(scribe.feed(&mut room, &words).receipt);
        assert!(missing.events.contains(&entry), "{missing:?}");
        let _ = waits(scribe.feed(&mut room, &mine).receipt);
        let _ = scribe.feed(&mut room, &entry);

        let full = scribe.claim_before(&join);
        let notices = scribe.take(&mut room, &join, &full).unwrap();
        let change = (Standing::Provisional, Standing::Accepted);
        assert_eq!(revised(&notices, &join), Some(change), "{notices:?}");
        assert_eq!(room.standing(&words), Some(Standing::Accepted));
        assert_eq!(room.standing(&mine), Some(Standing::Accepted));
        assert_eq!(room.current_state().unwrap().quality(), Quality::Claimed);
        let digest = |room: &Room| room.current_state().unwrap().digest();
        assert_eq!(digest(&room), digest(&scribe.room));
    }
}

/// The state that was left out in part shows that a member was banned.
#[test]
fn a_provisional_event_is_rejected_if_the_complete_state_says_so() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let join = scribe.order[5].clone();
        assert_eq!(scribe.pdu(&join).state_key(), Some(EVE));
        let ban = scribe.put(ALICE, MEMBER, EVE, BAN);
        let me = "@me:other.example";
        let mine = scribe.put(me, MEMBER, me, r#"{"membership":"join"}"#);
        let tip = scribe.room.extremities();
        let mut auth = scribe.auth(&Told::message(EVE), &tip);
        auth.retain(|id| *id != ban);
        auth.push(join.clone());
        let forged = scribe.write_citing(&Told::message(EVE), &tip, &auth);

        let state = scribe.room.state_before(&mine).unwrap();
        let few = state.iter().filter(|((kind, _), _)| *kind != MEMBER);
        let few: Vec<EventId> = few.map(|(_, event)| event.id.clone()).collect();
        let mut partial = scribe.claim_of(&few);
        partial.members = Members::Omitted;
        partial.auth_chain.push(scribe.bytes(&join));
        let setup = scribe.setup(Limits::default());
        let (mut room, _) =
            Room::join(scribe.bytes(&mine), &partial, &setup, &scribe.keys, NOW).unwrap();
        let receipt = {
            let received = scribe.feed(&mut room, &forged);
            let mut receipt = received.receipt;
            if let Receipt::Waiting(missing) = &receipt {
                assert_eq!(missing.events, only(&join));
                let claim = Claim {
                    auth_chain: vec![scribe.bytes(&join)],
                    ..partial.clone()
                };
                let notices = scribe.take(&mut room, &mine, &claim).unwrap();
                for notice in notices {
                    if let Notice::Settled { event, receipt: of } = notice
                        && event == forged
                    {
                        receipt = of;
                    }
                }
            }
            receipt
        };
        if let Receipt::Provisional { members, .. } = &receipt {
            assert_eq!(**members, [Box::from(EVE)]);
        }
        let full = scribe.claim_before(&mine);
        let notices = scribe.take(&mut room, &mine, &full).unwrap();
        if matches!(receipt, Receipt::Provisional { .. }) {
            let change = (Standing::Provisional, Standing::Rejected);
            assert_eq!(revised(&notices, &forged), Some(change), "{notices:?}");
        }
        assert_ne!(room.standing(&forged), Some(Standing::Accepted));
    }
}

fn invalid(defects: Vec<ClaimDefect>) -> Result<Vec<Notice>, ClaimError> {
    Err(ClaimError::Invalid { defects })
}

#[test]
fn a_claim_that_cannot_be_right_is_refused_and_leaves_no_trace() {
    for rules in stable() {
        let mut hole = Hole::new(&rules);
        let late = hole.late.clone();
        let tip = hole.scribe.room.extremities();
        let other = Scribe::elsewhere(&rules);
        let bad = hole
            .scribe
            .write(&Told::state(EVE, "x", "", "{}"), &hole.lost[..1]);
        assert_eq!(hole.scribe.room.standing(&bad), Some(Standing::Rejected));
        let message = hole.lost[0].clone();
        let twin = hole
            .scribe
            .write(&Told::state(BOB, TOPIC, "", r#"{"topic":"x"}"#), &tip);
        let topic = hole.lost[1].clone();
        let scribe = &hole.scribe;
        let mut room = hole.room();
        let before = format!("{room:?}");
        let good = scribe.claim_before(&late);
        let with = |bytes: &[u8]| -> Vec<Vec<u8>> {
            let mut events: Vec<Vec<u8>> = good.events.iter().map(|e| e.to_vec()).collect();
            events.push(bytes.to_vec());
            events
        };
        let mut claim = |events: &[Vec<u8>], keys: &KeyRing| {
            let claim = Claim {
                events: events.iter().map(Vec::as_slice).collect(),
                ..good.clone()
            };
            let taken = room.claim(&late, &claim, keys, NOW);
            assert_eq!(format!("{room:?}"), before);
            taken
        };
        let position = good.events.len();
        // Not an event.
        let Err(ClaimError::Invalid { defects }) = claim(&with(b"{}"), &scribe.keys) else {
            panic!("not refused");
        };
        assert!(
            matches!(&defects[..], [ClaimDefect::Format { position: at, .. }] if *at == position)
        );
        // Not signed.
        let unsigned = changed(scribe.bytes(&twin), |json| {
            json.insert("signatures", Object::new());
        });
        let Err(ClaimError::Invalid { defects }) = claim(&with(&unsigned), &scribe.keys) else {
            panic!("not refused");
        };
        assert!(
            matches!(&defects[..], [ClaimDefect::Signatures { .. }]),
            "{defects:?}"
        );
        // Of another room.
        let foreign = other.order.last().unwrap();
        let defect = ClaimDefect::WrongRoom {
            event: foreign.clone(),
            room_id: other.room.id().clone(),
        };
        assert_eq!(
            claim(&with(other.bytes(foreign)), &scribe.keys),
            invalid(vec![defect])
        );
        // Rejected by its own auth events.
        let Err(ClaimError::Invalid { defects }) = claim(&with(scribe.bytes(&bad)), &scribe.keys)
        else {
            panic!("not refused");
        };
        assert!(
            matches!(&defects[..], [ClaimDefect::Rejected { event, because: Some(_) }] if *event == bad),
            "{defects:?}"
        );
        // No state event.
        let defect = ClaimDefect::NotState {
            event: message.clone(),
        };
        assert_eq!(
            claim(&with(scribe.bytes(&message)), &scribe.keys),
            invalid(vec![defect])
        );
        // Two events for one key.
        let defect = ClaimDefect::SameKey {
            event: twin.clone(),
            other: topic.clone(),
        };
        assert_eq!(
            claim(&with(scribe.bytes(&twin)), &scribe.keys),
            invalid(vec![defect])
        );
        // No create event.
        let create = scribe.bytes(scribe.create()).to_vec();
        let mut events = with(b"");
        events.pop();
        events.retain(|bytes| *bytes != create);
        let refused = claim(&events, &scribe.keys);
        assert_eq!(refused, invalid(vec![ClaimDefect::NoCreate]));
        // All at once.
        let mut many = with(scribe.bytes(&message));
        many.push(scribe.bytes(&twin).to_vec());
        let Err(ClaimError::Invalid { defects }) = claim(&many, &scribe.keys) else {
            panic!("not refused");
        };
        assert_eq!(defects.len(), 2);
        // Keys are missing.
        let few = ring(&[&home(BOB), &home(EVE)]);
        let Err(ClaimError::Missing { events, keys }) = claim(&with(scribe.bytes(&topic)), &few)
        else {
            panic!("not refused");
        };
        assert!(events.is_empty());
        let key = KeyId::parse("ed25519:1").unwrap();
        assert_eq!(keys, [(home(ALICE).server, key)]);
        // Events are.
        let unknown = EventId::parse("$unknown:evil.example").unwrap();
        let by_id = Claim {
            ids: vec![unknown.clone()],
            ..good.clone()
        };
        let missing = ClaimError::Missing {
            events: vec![unknown.clone()],
            keys: vec![],
        };
        assert_eq!(room.claim(&late, &by_id, &scribe.keys, NOW), Err(missing));
        // For nothing that is known, and for what needs none.
        let event = unknown;
        let refused = room.claim(&event, &good, &scribe.keys, NOW);
        assert_eq!(refused, Err(ClaimError::UnknownEvent { event }));
        let event = scribe.order[4].clone();
        let refused = room.claim(&event, &good, &scribe.keys, NOW);
        assert_eq!(refused, Err(ClaimError::NotNeeded { event }));
        assert_eq!(format!("{room:?}"), before);
        // The good one is taken after all that.
        assert!(room.claim(&late, &good, &scribe.keys, NOW).is_ok());
        assert_eq!(room.standing(&late), Some(Standing::Accepted));
    }
}

/// An event is no part of the state before it, and nothing that rests on it is either.
#[test]
fn a_claim_that_rests_on_the_event_it_is_for_is_refused() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let lost = scribe.say(BOB);
        let levels = crate::room::support::levels(&rules, r#"{"ban":40}"#);
        let late = scribe.put_object(ALICE, LEVELS, "", &levels);
        let topic = scribe.put(BOB, TOPIC, "", r#"{"topic":"later"}"#);
        let mut room = scribe.open();
        let known = scribe.order[1..].iter().take_while(|id| **id != lost);
        scribe.feed_all(&mut room, known);
        let _ = waits(scribe.feed(&mut room, &late).receipt);
        let before = format!("{room:?}");
        for after in [&late, &topic] {
            let claim = if *after == late {
                let state = scribe.room.state_after(&late).unwrap();
                let ids = state.iter().map(|(_, event)| event.id.clone());
                scribe.claim_of(&ids.collect::<Vec<_>>())
            } else {
                let mut claim = scribe.claim_before(&late);
                claim.events.push(scribe.bytes(&topic));
                claim.auth_chain.push(scribe.bytes(&late));
                claim
            };
            let event = late.clone();
            let refused = scribe.take(&mut room, &late, &claim);
            assert_eq!(refused, invalid(vec![ClaimDefect::Cycle { event }]));
            assert_eq!(format!("{room:?}"), before);
        }
        let claim = scribe.claim_before(&late);
        scribe.take(&mut room, &late, &claim).unwrap();
        assert_eq!(room.standing(&late), Some(Standing::Accepted));
    }
}

/// What follows an event is no part of the state before it, even if somebody says so whose
/// claim cites nothing that gives it away.
#[test]
fn what_descends_from_the_event_of_a_claim_is_no_part_of_it() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let lost = scribe.say(BOB);
        let late = scribe.say(ALICE);
        let between = scribe.say(ALICE);
        let topic = scribe.put(BOB, TOPIC, "", r#"{"topic":"later"}"#);
        let mut room = scribe.open();
        let known = scribe.order[1..].iter().take_while(|id| **id != lost);
        scribe.feed_all(&mut room, known);
        let _ = waits(scribe.feed(&mut room, &late).receipt);
        let mut claim = scribe.claim_before(&late);
        claim.events.push(scribe.bytes(&topic));
        scribe.take(&mut room, &late, &claim).unwrap();
        scribe.feed_all(&mut room, [&between, &topic]);
        for event in [&late, &between, &topic] {
            assert_eq!(room.standing(event), Some(Standing::Accepted));
            let before = room.state_before(event).unwrap();
            assert!(
                before.get(TOPIC, "").is_none_or(|held| *held.id != topic),
                "{event}"
            );
        }
        let after = room.state_after(&topic).unwrap();
        assert_eq!(*after.get(TOPIC, "").unwrap().id, topic);
    }
}

/// Events of a claim that are among their own ancestors.
#[test]
fn a_claim_of_a_circle_is_refused() {
    let mut tried = 0;
    for rules in stable() {
        if rules.event_id != EventIdFormat::Field {
            continue;
        }
        let mut hole = Hole::new(&rules);
        let late = hole.late.clone();
        let id = |name: &str| EventId::parse(&format!("${name}:theirs.example")).unwrap();
        let tip = hole.scribe.room.extremities();
        let mut craft = |name: &str, cites: &str| {
            let told = Told {
                event_id: Some(id(name)),
                ..Told::state(BOB, "x", name, "{}")
            };
            let mut auth = hole.scribe.auth(&told, &tip);
            auth.push(id(cites));
            hole.scribe.craft(&told, &tip, &auth)
        };
        let (one, two) = (craft("one", "two"), craft("two", "one"));
        let mut claim = hole.scribe.claim_before(&late);
        claim
            .events
            .extend([one.json().as_bytes(), two.json().as_bytes()]);
        let mut room = hole.room();
        let before = format!("{room:?}");
        let refused = hole.scribe.take(&mut room, &late, &claim);
        let Err(ClaimError::Invalid { defects }) = refused else {
            panic!("{refused:?}");
        };
        assert!(
            matches!(&defects[..], [ClaimDefect::Cycle { .. }]),
            "{defects:?}"
        );
        assert_eq!(format!("{room:?}"), before);
        tried += 1;
    }
    assert_eq!(tried, 2);
}

/// What waits is had: a claim may name it by its id.
#[test]
fn a_claim_may_name_what_waits() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let lost = scribe.say(BOB);
        let topic = scribe.put(BOB, TOPIC, "", r#"{"topic":"late"}"#);
        let unseen = scribe.say(BOB);
        let late = scribe.say(ALICE);
        let mut room = scribe.open();
        let known = scribe.order[1..].iter().take_while(|id| **id != lost);
        scribe.feed_all(&mut room, known);
        let _ = waits(scribe.feed(&mut room, &topic).receipt);
        let _ = waits(scribe.feed(&mut room, &late).receipt);
        let state = scribe.room.state_before(&late).unwrap();
        let claim = Claim {
            ids: state.iter().map(|(_, event)| event.id.clone()).collect(),
            ..Claim::default()
        };
        scribe.take(&mut room, &late, &claim).unwrap();
        assert_eq!(room.standing(&late), Some(Standing::Accepted));
        assert_eq!(room.standing(&topic), Some(Standing::Outlier));
        let notices = scribe.feed_all(&mut room, [&lost, &unseen]);
        let accepts = |notice: &Notice| match notice {
            Notice::Settled { event, receipt } => {
                *event == topic && receipt.standing() == Some(Standing::Accepted)
            }
            Notice::Revised { event, is, .. } => *event == topic && *is == Standing::Accepted,
            Notice::Outlier(_) | Notice::Evicted { .. } => false,
        };
        assert!(notices.iter().any(accepts), "{notices:?}");
        assert_eq!(room.waiting().count(), 0);
        assert_eq!(observed(&room).states(), observed(&scribe.copy()).states());
    }
}

/// An event that comes with a claim in an altered form, and by itself intact.
#[test]
fn a_claim_does_not_make_an_altered_event_stay() {
    for rules in stable() {
        let hole = Hole::new(&rules);
        let topic = hole.lost[1].clone();
        let bad = altered(hole.scribe.bytes(&topic));
        let mut claim = hole.claim_without(&[&topic]);
        claim.events.push(&bad);
        let mut room = hole.room();
        hole.scribe.take(&mut room, &hole.late, &claim).unwrap();
        hole.scribe.feed_all(&mut room, &hole.lost);
        let provenance = |room: &Room| room.dag().provenance(room.dag().node(&topic).unwrap());
        assert_eq!(
            provenance(&room),
            provenance(&hole.scribe.room),
            "{}",
            rules.id
        );
        assert_eq!(room.standing(&topic), Some(Standing::Accepted));
    }
}

#[test]
fn a_join_that_fails_makes_no_room() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let _ = scribe.say(BOB);
        let me = "@me:other.example";
        let join = scribe.put(me, MEMBER, me, r#"{"membership":"join"}"#);
        let good = scribe.claim_before(&join);
        let setup = scribe.setup(Limits::default());
        let bytes = scribe.bytes(&join);
        let attempt = |bytes: &[u8], claim: &Claim<'_>, keys: &KeyRing| {
            Room::join(bytes, claim, &setup, keys, NOW).map(|_| ())
        };
        assert_eq!(attempt(bytes, &good, &scribe.keys), Ok(()));
        // Without the create event there is nothing to begin with.
        let create = scribe.bytes(scribe.create());
        let mut claim = good.clone();
        claim.events.retain(|bytes| *bytes != create);
        claim.auth_chain.retain(|bytes| *bytes != create);
        assert_eq!(
            attempt(bytes, &claim, &scribe.keys),
            Err(OpenError::NoCreate)
        );
        // Of another room's create event, the rest is of another room.
        let other = Scribe::elsewhere(&rules);
        claim.events.push(other.bytes(other.create()));
        let refused = attempt(bytes, &claim, &scribe.keys);
        assert!(
            matches!(refused, Err(OpenError::NotJoined(_))),
            "{refused:?}"
        );
        // A state without the levels, and a join that the rules refuse.
        let mut claim = good.clone();
        claim.events.clear();
        let refused = attempt(bytes, &claim, &scribe.keys);
        assert!(
            matches!(refused, Err(OpenError::NoCreate | OpenError::Claim(_))),
            "{refused:?}"
        );
        let refused = attempt(b"{}", &good, &scribe.keys);
        assert!(
            matches!(refused, Err(OpenError::NotJoined(_))),
            "{refused:?}"
        );
        // Keys: of the join, and of the state.
        let few = ring(&[&home(ALICE), &home(BOB), &home(EVE)]);
        let refused = attempt(bytes, &good, &few);
        assert!(
            matches!(&refused, Err(OpenError::Claim(ClaimError::Missing { keys, .. })) if keys.len() == 1),
            "{refused:?}"
        );
        let few = ring(&[&home(ALICE), &home(me)]);
        let refused = attempt(bytes, &good, &few);
        assert!(
            matches!(&refused, Err(OpenError::Claim(ClaimError::Missing { keys, .. })) if keys.len() == 2),
            "{refused:?}"
        );
        let refused = attempt(bytes, &good, &KeyRing::new());
        assert!(
            matches!(refused, Err(OpenError::Signatures(_))),
            "{refused:?}"
        );
        // What is no create event, a version that is not known.
        let tip = scribe.bytes(&join);
        let opened = Room::open(tip, &setup, &scribe.keys, NOW).map(|_| ());
        assert_eq!(opened, Err(OpenError::NotCreate));
        let mut unknown = setup.clone();
        unknown.room_version = Some("99".to_owned());
        let refused = Room::join(bytes, &good, &unknown, &scribe.keys, NOW).map(|_| ());
        assert!(
            matches!(refused, Err(OpenError::UnknownVersion { .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn a_join_that_the_state_forbids_makes_no_room() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let me = "@me:other.example";
        let ban = scribe.put(ALICE, MEMBER, me, BAN);
        let _ = scribe.say(BOB);
        let tip = scribe.room.extremities();
        let told = Told::state(me, MEMBER, me, r#"{"membership":"join"}"#);
        let mut auth = scribe.auth(&told, &tip);
        auth.retain(|id| *id != ban);
        let join = scribe.write_citing(&told, &tip, &auth);
        let claim = scribe.claim_before(&join);
        let setup = scribe.setup(Limits::default());
        let refused = Room::join(scribe.bytes(&join), &claim, &setup, &scribe.keys, NOW);
        let Err(OpenError::NotJoined(receipt)) = refused.map(|_| ()) else {
            panic!("it got in");
        };
        assert!(matches!(*receipt, Receipt::Rejected { .. }), "{receipt:?}");
    }
}

/// A joined room has nothing but its join to stand on.
#[test]
fn a_claim_that_would_leave_nothing_to_stand_on_is_refused() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let me = "@me:other.example";
        let _ = scribe.say(BOB);
        let join = scribe.put(me, MEMBER, me, r#"{"membership":"join"}"#);
        let mut partial = scribe.claim_before(&join);
        partial.members = Members::Omitted;
        let setup = scribe.setup(Limits::default());
        let keys = &scribe.keys;
        let (mut room, _) = Room::join(scribe.bytes(&join), &partial, &setup, keys, NOW).unwrap();
        let told = format!("{room:?}");

        // Without join rules, nobody may join.
        let state = scribe.room.state_before(&join).unwrap();
        let entries = state.iter().filter(|((kind, _), _)| *kind != JOIN_RULES);
        let entries: Vec<EventId> = entries.map(|(_, event)| event.id.clone()).collect();
        let lie = scribe.claim_of(&entries);
        let event = join.clone();
        let refused = Err(ClaimError::NoExtremity { event });
        assert_eq!(scribe.take(&mut room, &join, &lie), refused);
        assert_eq!(format!("{room:?}"), told);

        let truth = scribe.claim_before(&join);
        scribe.take(&mut room, &join, &truth).unwrap();
        assert_eq!(room.standing(&join), Some(Standing::Accepted));
        assert_eq!(room.extremities(), [join]);
    }
}
