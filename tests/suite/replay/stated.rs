//! Replay by verdicts that the caller remembers.

use std::collections::BTreeSet;

use roomdag::event::Event;
use roomdag::id::EventId;
use roomdag::replay::{Arrival, Replay, ReplayOptions, Status, Verdicts};
use roomdag::state::StateMap;
use roomdag::testing::rooms::Disagreement;

use crate::replay::VERSIONS;

/// Statuses, states and extremities, by event id.
fn outcome(replay: &Replay) -> Vec<String> {
    let dag = replay.dag();
    let digest = |state: Option<&StateMap>| state.and_then(|state| dag.digest(state));
    let mut lines: Vec<String> = replay
        .order()
        .iter()
        .map(|node| {
            let status = replay.verdict(*node).unwrap().status();
            let before = digest(replay.state_before(*node));
            let after = digest(replay.state_after(*node));
            format!("{:?} {status:?} {before:?} {after:?}", dag.id(*node))
        })
        .collect();
    let tips = replay.extremities().iter().map(|node| dag.id(*node));
    lines.push(format!("{:?}", tips.collect::<Vec<_>>()));
    lines
}

fn with_status(replay: &Replay, status: Status) -> BTreeSet<EventId> {
    let order = replay.order().iter();
    let has = order.filter(|node| replay.verdict(**node).unwrap().status() == status);
    has.map(|node| replay.dag().id(*node).unwrap().clone())
        .collect()
}

#[test]
fn a_replay_by_its_own_verdicts_is_the_same_replay() {
    let mut stated = 0;
    for seed in 0..60 {
        for (rules, arrival) in VERSIONS
            .into_iter()
            .flat_map(|rules| [(rules, Arrival::Unknown), (rules, Arrival::InOrder)])
        {
            let room = Disagreement::random(seed, 60, rules);
            // A gap, behind which events wait.
            let lost = usize::try_from(seed).unwrap() % 40 + 20;
            let events = || {
                let events = room.events.values().enumerate();
                let kept = events.filter(|(at, _)| *at != lost);
                kept.map(|(_, event)| event.clone())
            };
            let mut options = ReplayOptions::of(rules);
            options.arrival = arrival;
            let judged = Replay::run(events(), rules, options.clone(), |_| {});
            let (rejected, soft_failed) = (
                with_status(&judged, Status::Rejected),
                with_status(&judged, Status::SoftFailed),
            );
            stated += rejected.len() + soft_failed.len();
            options.verdicts = Verdicts::Stated {
                rejected,
                soft_failed,
            };
            let by_word = Replay::run(events(), rules, options, |_| {});
            assert_eq!(
                outcome(&by_word),
                outcome(&judged),
                "seed {seed}, version {}, {arrival:?}",
                rules.id
            );
        }
    }
    assert!(stated > 500, "only {stated} verdicts were not `accepted`");
}

#[test]
fn a_stated_verdict_gives_no_rule() {
    let rules = VERSIONS[2];
    let room = Disagreement::random(1, 60, rules);
    let mut options = ReplayOptions::of(rules);
    let last = room.events.keys().next_back().unwrap().clone();
    options.verdicts = Verdicts::Stated {
        rejected: BTreeSet::from([last.clone()]),
        soft_failed: BTreeSet::new(),
    };
    let replay = Replay::run(room.events.values().cloned(), rules, options, |_| {});
    let node = replay.dag().node(&last).unwrap();
    let verdict = replay.verdict(node).unwrap();
    assert_eq!(verdict.status(), Status::Rejected);
    assert_eq!(verdict.objection(), None);
    assert_eq!(replay.rejected().collect::<Vec<_>>(), [node]);
}

#[test]
fn what_cites_a_missing_event_waits_whatever_was_stated() {
    for rules in VERSIONS {
        let room = Disagreement::random(3, 60, rules);
        let cites = |event: &&Event| {
            let prev = event.prev_events();
            let mut only_auth = event.auth_events().iter().filter(|id| !prev.contains(id));
            only_auth.next().is_some() && !prev.is_empty()
        };
        let events = room.events.values();
        let last = events
            .filter(cites)
            .max_by_key(|e| e.as_ref().depth)
            .unwrap();
        let gone = EventId::from_trusted("$gone");
        let auth = last.auth_events().iter().cloned().chain([gone]).collect();
        let changed = Event::trusted(&last.as_ref(), last.prev_events().to_vec(), auth);
        let events = || {
            let others = room.events.values().filter(|event| event.id() != last.id());
            others.cloned().chain([changed.clone()])
        };
        let mut options = ReplayOptions::of(rules);
        let status = |options: ReplayOptions| {
            let replay = Replay::run(events(), rules, options, |_| {});
            let node = replay.dag().node(last.id()).unwrap();
            replay.verdict(node).unwrap().status()
        };
        assert_eq!(status(options.clone()), Status::Waiting);
        options.verdicts = Verdicts::Stated {
            rejected: BTreeSet::new(),
            soft_failed: BTreeSet::new(),
        };
        assert_eq!(status(options), Status::Waiting);
    }
}
