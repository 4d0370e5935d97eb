//! See `src/room/serve.rs`.
//!
//! | threat | tests |
//! |--------|-------|
//! | V-D-20 | `a_page_of_rejected_events_is_not_the_end` |
//! | V-L-01 | `the_senders_server_is_asked_about_as_well_as_the_origin` |

use std::collections::BTreeSet;

use roomdag::id::{EventId, ServerName};
use roomdag::limits::Limits;
use roomdag::room::{At, Gap, Room, Served, ServerAcl, Standing, Visibility, VisibilityRule};
use roomdag::version::{CreateReference, RoomVersionRules};

use crate::room::draft::stable;
use crate::room::support::{
    ALICE, BOB, EVE, MEMBER, Scribe, TOPIC, Told, accepted, home, only, waits,
};

const NEW: &str = "@new:other.example";
const JOIN: &str = r#"{"membership":"join"}"#;
const LEAVE: &str = r#"{"membership":"leave"}"#;
const VISIBILITY: &str = "m.room.history_visibility";

fn server(user: &str) -> ServerName {
    home(user).server
}

fn ids(served: &[Served]) -> Vec<EventId> {
    served.iter().map(|served| served.event.clone()).collect()
}

/// A line of events after the room's first ones: message, rejected topic, message, message that is
/// soft-failed, message that cites it, message.
struct Line {
    scribe: Scribe,
    room: Room,
    events: Vec<EventId>,
}

impl Line {
    fn new(rules: &RoomVersionRules) -> Self {
        let mut scribe = Scribe::new(rules);
        let start = scribe.room.extremities();
        let first = scribe.say_at(BOB, &start);
        let bad = scribe.write(&Told::state(EVE, TOPIC, "", "{}"), only(&first));
        let second = scribe.say_at(BOB, only(&bad));
        let soft = scribe.say_at(EVE, only(&second));
        let third = scribe.say_at(BOB, only(&soft));
        let last = scribe.say_at(BOB, only(&third));
        let mut room = scribe.copy();
        room.soft_fail(&soft);
        assert_eq!(room.standing(&bad), Some(Standing::Rejected));
        assert_eq!(room.standing(&soft), Some(Standing::SoftFailed));
        let events = vec![first, bad, second, soft, third, last];
        Self {
            scribe,
            room,
            events,
        }
    }

    fn pick(&self, at: &[usize]) -> Vec<EventId> {
        at.iter().map(|at| self.events[*at].clone()).collect()
    }
}

#[test]
fn missing_events_are_those_between_without_the_rejected_and_with_the_soft_failed() {
    for rules in stable() {
        let line = Line::new(&rules);
        let to = server(BOB);
        let ask = |latest: &[usize], earliest: &[usize], depth: i64, limit: usize| {
            let (latest, earliest) = (line.pick(latest), line.pick(earliest));
            ids(&line
                .room
                .missing_events(&latest, &earliest, depth, limit, &to))
        };
        assert_eq!(ask(&[5], &[0], 0, 10), line.pick(&[2, 3, 4]));
        assert_eq!(ask(&[5], &[2], 0, 10), line.pick(&[3, 4]));
        // The nearest first, where there is a limit.
        assert_eq!(ask(&[5], &[0], 0, 2), line.pick(&[3, 4]));
        assert!(ask(&[5], &[0], 0, 0).is_empty());
        let depth = line.scribe.pdu(&line.events[3]).depth();
        assert_eq!(ask(&[5], &[0], depth, 10), line.pick(&[3, 4]));
        assert!(ask(&[5], &[0], depth + 2, 10).is_empty());
        assert!(ask(&[], &[], 0, 10).is_empty());
        // Neither what is asked about nor what is had already is sent.
        assert_eq!(ask(&[5, 4], &[0], 0, 10), line.pick(&[2, 3]));
        assert!(ask(&[0], &[0], 0, 10).is_empty());
        // All of it, down to the create event.
        let all = ask(&[5], &[], 0, 100);
        assert_eq!(all.len(), line.scribe.order.len() - 2);
        assert_eq!(&all[0], line.scribe.create());
        let unknown = EventId::parse("$unknown:x").unwrap();
        assert!(
            line.room
                .missing_events(&[unknown], &[], 0, 10, &to)
                .is_empty()
        );
    }
}

#[test]
fn backfill_goes_back_from_the_latest_page_by_page_until_nothing_is_left() {
    for rules in stable() {
        let line = Line::new(&rules);
        let to = server(BOB);
        for limit in [1, 2, 3, 100] {
            let mut from = line.pick(&[5]);
            let mut all = Vec::new();
            let mut pages = 0;
            while !from.is_empty() {
                let (served, next) = line.room.backfill(&from, limit, &to);
                assert!(served.len() <= limit);
                all.extend(ids(&served));
                from = next;
                pages += 1;
            }
            let mut expected: Vec<EventId> = line.scribe.order.clone();
            expected.retain(|id| *id != line.events[1]);
            expected.reverse();
            assert_eq!(all, expected);
            assert!(pages >= all.len() / limit);
        }
        let (served, next) = line.room.backfill(&[], 10, &to);
        assert!(served.is_empty() && next.is_empty());
    }
}

#[test]
fn backfill_of_a_fork_has_every_event_once() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let tip = scribe.room.extremities();
        let (one, two) = (scribe.say_at(BOB, &tip), scribe.say_at(BOB, &tip));
        let longer = scribe.say_at(BOB, only(&one));
        let merge = scribe.say_at(BOB, &[longer.clone(), two.clone()]);
        for limit in [1, 2, 5] {
            let mut from = vec![merge.clone(), one.clone()];
            let mut all = Vec::new();
            while !from.is_empty() {
                let (served, next) = scribe.room.backfill(&from, limit, &server(BOB));
                all.extend(ids(&served));
                from = next;
            }
            assert_eq!(all.len(), scribe.order.len());
            let distinct: BTreeSet<&EventId> = all.iter().collect();
            assert_eq!(distinct.len(), all.len());
            assert_eq!(all[0], merge);
        }
    }
}

#[test]
fn a_page_of_rejected_events_is_not_the_end() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let mut tip = scribe.room.extremities();
        for _ in 0..8 {
            tip = vec![scribe.write(&Told::state(EVE, TOPIC, "", "{}"), &tip)];
        }
        let last = scribe.say_at(BOB, &tip);
        let mut from = vec![last.clone()];
        let mut all = Vec::new();
        loop {
            let (served, next) = scribe.room.backfill(&from, 1, &server(BOB));
            all.extend(ids(&served));
            if next.is_empty() {
                break;
            }
            from = next;
        }
        // Everything that is not rejected comes, what lies behind the rejected events too.
        assert_eq!(all.len(), scribe.order.len() - 8);
        assert_eq!(all.last(), Some(scribe.create()));
        let served = scribe.room.missing_events(&[last], &[], 0, 2, &server(BOB));
        assert_eq!(served.len(), 2);
    }
}

#[test]
fn an_auth_chain_is_what_an_event_rests_on() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let message = scribe.say(EVE);
        let mut expected: BTreeSet<EventId> = BTreeSet::new();
        let mut stack = vec![message.clone()];
        while let Some(id) = stack.pop() {
            for cited in scribe.pdu(&id).auth_events() {
                if expected.insert(cited.clone()) {
                    stack.push(cited.clone());
                }
            }
        }
        let is_implied = rules.auth.create_reference == CreateReference::Forbidden;
        if is_implied {
            expected.insert(scribe.create().clone());
        }
        let expected: Vec<EventId> = expected.into_iter().collect();
        assert_eq!(scribe.room.auth_chain([&message]), expected);
        assert_eq!(scribe.room.auth_chain([&message, &message]), expected);
        assert!(scribe.room.auth_chain([scribe.create()]).is_empty());
        assert!(scribe.room.auth_chain([]).is_empty());
        let unknown = EventId::parse("$unknown:x").unwrap();
        assert!(scribe.room.auth_chain([&unknown]).is_empty());
    }
}

#[test]
fn a_gap_is_asked_for_from_what_is_had() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let mut room = scribe.copy();
        let lost = [scribe.say(BOB), scribe.say(BOB)];
        let late = scribe.say(BOB);
        let _ = waits(scribe.feed(&mut room, &late).receipt);
        let gap = Gap {
            latest: vec![late.clone()],
            earliest: room.extremities(),
            min_depth: 0,
        };
        assert_eq!(room.gap(&late), gap);
        // The answer closes it.
        let gap = room.gap(&late);
        let (latest, earliest) = (gap.latest, gap.earliest);
        let to = server(ALICE);
        let served = scribe
            .room
            .missing_events(&latest, &earliest, gap.min_depth, 10, &to);
        assert_eq!(ids(&served), lost);
        scribe.feed_all(&mut room, &ids(&served));
        assert_eq!(room.standing(&late), Some(Standing::Accepted));
        assert_eq!(room.waiting().count(), 0);
        // Behind a claim nothing is asked for.
        let setup = scribe.setup(Limits::default());
        let join = scribe.put(NEW, MEMBER, NEW, JOIN);
        let claim = scribe.claim_before(&join);
        let (room, _) = Room::join(
            scribe.bytes(&join),
            &claim,
            &setup,
            &scribe.keys,
            crate::room::draft::NOW,
        )
        .unwrap();
        assert_eq!(room.gap(&late).min_depth, scribe.pdu(&join).depth());
    }
}

#[test]
fn history_ends_where_nobody_has_sent_more_and_backfill_goes_on_from_there() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        for _ in 0..5 {
            scribe.say(BOB);
        }
        let before = scribe.room.extremities();
        let join = scribe.put(NEW, MEMBER, NEW, JOIN);
        let claim = scribe.claim_before(&join);
        let setup = scribe.setup(Limits::default());
        let now = crate::room::draft::NOW;
        let (mut room, _) =
            Room::join(scribe.bytes(&join), &claim, &setup, &scribe.keys, now).unwrap();
        assert_eq!(room.backward_extremities(), before);
        assert!(scribe.copy().backward_extremities().is_empty());
        let mut rounds = 0;
        loop {
            let from = room.backward_extremities();
            if from.is_empty() {
                break;
            }
            let (served, _) = scribe.room.backfill(&from, 1, &server(NEW));
            for id in ids(&served) {
                let received = room.receive_backfilled(scribe.bytes(&id), &scribe.keys, now);
                assert!(!matches!(
                    received.receipt,
                    roomdag::room::Receipt::Dropped(_)
                ));
            }
            // What lies in the past takes nobody's place.
            assert_eq!(room.extremities(), only(&join));
            rounds += 1;
        }
        assert!(rounds >= 3);
        assert_eq!(room.dag().len(), scribe.room.dag().len());
        let dag = room.dag();
        for node in dag.events() {
            let id = dag.id(node).unwrap();
            assert_eq!(room.standing(id), Some(Standing::Accepted), "{id}");
        }
        let quality = room.current_state().unwrap().quality();
        assert_eq!(quality, roomdag::timeline::Quality::Computed);
    }
}

/// A server that was in the room from time to time.
struct Visits {
    scribe: Scribe,
    before: EventId,
    join: EventId,
    during: EventId,
    leave: EventId,
    between: EventId,
    again: EventId,
    beside: EventId,
}

impl Visits {
    fn new(rules: &RoomVersionRules, visibility: &str) -> Self {
        let mut scribe = Scribe::new(rules);
        let content = format!(r#"{{"history_visibility":"{visibility}"}}"#);
        scribe.put(ALICE, VISIBILITY, "", &content);
        let before = scribe.say(BOB);
        let join = scribe.put(NEW, MEMBER, NEW, JOIN);
        let during = scribe.say(BOB);
        let leave = scribe.put(NEW, MEMBER, NEW, LEAVE);
        let between = scribe.say(BOB);
        let again = scribe.put(NEW, MEMBER, NEW, JOIN);
        let beside = scribe.say_at(BOB, only(&before));
        Self {
            scribe,
            before,
            join,
            during,
            leave,
            between,
            again,
            beside,
        }
    }

    fn end(&mut self) {
        // Whoever had joined has left.
        let prev = vec![self.again.clone()];
        let told = Told::state(NEW, MEMBER, NEW, LEAVE);
        self.scribe.write(&told, &prev);
    }
}

fn rule(visibility: Option<Visibility>) -> u8 {
    visibility.unwrap().number()
}

#[test]
fn a_server_sees_what_its_users_were_there_for() {
    for rules in stable() {
        // By rule: 1 world-readable, 2 joined, 3 shared and joined later, 4 invited, 5 none.
        for (visibility, expected) in [
            ("world_readable", [1, 1, 1, 1, 1, 1, 1]),
            ("shared", [3, 2, 2, 2, 3, 2, 3]),
            ("invited", [5, 2, 2, 2, 5, 2, 5]),
            ("joined", [5, 2, 2, 2, 5, 2, 5]),
        ] {
            let mut visits = Visits::new(&rules, visibility);
            for has_left in [false, true] {
                if has_left {
                    visits.end();
                }
                let events = [
                    &visits.before,
                    &visits.join,
                    &visits.during,
                    &visits.leave,
                    &visits.between,
                    &visits.again,
                    &visits.beside,
                ];
                let room = &visits.scribe.room;
                let to_server = events.map(|id| rule(room.is_visible_to_server(id, &server(NEW))));
                let to_user = events.map(|id| rule(room.is_visible_to_user(id, NEW)));
                assert_eq!(to_server, expected, "{visibility}, {has_left}");
                assert_eq!(to_user, expected, "{visibility}, {has_left}");
                // Somebody of the server who was never there sees less than the server.
                let other = "@else:other.example";
                let stranger = events.map(|id| rule(room.is_visible_to_user(id, other)));
                let open = if visibility == "world_readable" { 1 } else { 5 };
                assert_eq!(stranger, [open; 7]);
                let nobody = ServerName::parse("nobody.example").unwrap();
                let unheard = events.map(|id| rule(room.is_visible_to_server(id, &nobody)));
                assert_eq!(unheard, [open; 7]);
            }
            let leave = visits.scribe.room.is_visible_to_user(&visits.leave, NEW);
            let before = Visibility::Visible {
                rule: VisibilityRule::WasJoined,
                at: At::Before,
            };
            assert!(leave == Some(before) || visibility == "world_readable");
        }
    }
}

#[test]
fn who_joined_only_before_does_not_see_what_was_shared_later() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        scribe.put(NEW, MEMBER, NEW, JOIN);
        scribe.put(NEW, MEMBER, NEW, LEAVE);
        let later = scribe.say(BOB);
        assert_eq!(
            scribe.room.is_visible_to_user(&later, NEW),
            Some(Visibility::Denied)
        );
        // What is served to that server is redacted.
        let served = scribe
            .room
            .missing_events(only(&later), &[], 0, 1, &server(NEW));
        assert!(served[0].visibility.is_visible(), "its own leave");
        let (served, _) = scribe.room.backfill(only(&later), 1, &server(NEW));
        let expected = Served {
            event: later.clone(),
            visibility: Visibility::Denied,
        };
        assert_eq!(served, [expected]);
        scribe.put(NEW, MEMBER, NEW, JOIN);
        let (served, _) = scribe.room.backfill(&[later], 1, &server(NEW));
        assert!(served[0].visibility.is_visible());
    }
}

#[test]
fn of_an_event_without_a_state_nothing_is_given_away() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        scribe.say(BOB);
        let topic = scribe.put(BOB, TOPIC, "", "{}");
        scribe.say(BOB);
        let join = scribe.put(NEW, MEMBER, NEW, JOIN);
        let claim = scribe.claim_before(&join);
        let setup = scribe.setup(Limits::default());
        let now = crate::room::draft::NOW;
        let (room, _) = Room::join(scribe.bytes(&join), &claim, &setup, &scribe.keys, now).unwrap();
        assert_eq!(room.standing(&topic), Some(Standing::Outlier));
        assert_eq!(room.is_visible_to_server(&topic, &server(ALICE)), None);
        assert_eq!(room.is_visible_to_user(&topic, ALICE), None);
        let (served, _) = room.backfill(&[topic], 1, &server(ALICE));
        assert!(served.iter().all(|served| !served.visibility.is_visible()));
        assert!(room.is_visible_to_user(&join, ALICE).unwrap().is_visible());
    }
}

/// The ACL is asked about the server that sends a transaction, and about that of each event.
#[test]
fn the_senders_server_is_asked_about_as_well_as_the_origin() {
    for rules in stable() {
        let mut scribe = Scribe::new(&rules);
        let content = r#"{"allow":["*"],"deny":["evil.example"]}"#;
        let acl = scribe.put(ALICE, "m.room.server_acl", "", content);
        let event = scribe.say(EVE);
        assert_eq!(scribe.room.server_acl(), Some(&acl));
        let json = scribe.pdu(&acl).json().to_object();
        let content = json
            .get("content")
            .and_then(roomdag::Value::as_object)
            .unwrap();
        let acl = ServerAcl::of(content);
        // Bob's server relays an event of Eve's.
        assert!(acl.check("theirs.example").is_allowed());
        assert!(!acl.check_sender(scribe.pdu(&event).sender()).is_allowed());
        let own = scribe.say(BOB);
        assert!(acl.check_sender(scribe.pdu(&own).sender()).is_allowed());
        // The room itself takes what it is given: the ACL is no rule of authorisation.
        accepted(&scribe.feed(&mut scribe.open_known(&event), &event).receipt);
    }
}
