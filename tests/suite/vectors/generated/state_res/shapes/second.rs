//! What there is to see of algorithms 2 and 2.1.

use std::collections::BTreeSet;

use roomdag::id::EventId;
use roomdag::resolve::{AuthDifference, Position};
use roomdag::version::StateResolution;

use super::{Also, Shape};

pub(super) fn shapes() -> Vec<Shape> {
    vec![
        Shape::new(
            "one-key",
            "two events of one key, and nothing else",
            &[("v2", 80085, 8), ("v2.1", 80006, 8)],
            |seen| seen.found.conflicted.len() == 2 && seen.full().len() == 2,
        ),
        Shape::new(
            "power-events-alone",
            "power events alone, whose order is all that matters",
            &[("v2", 80470, 8), ("v2.1", 81073, 8)],
            |seen| seen.found.power_order.len() > 3 && seen.found.mainline_order.is_empty(),
        ),
        Shape::new(
            "no-power-events",
            "no power events, so that all are in mainline order",
            &[("v2", 80196, 8), ("v2.1", 80998, 8)],
            |seen| seen.found.power_order.is_empty() && seen.found.mainline_order.len() > 3,
        ),
        Shape::new(
            "both-orders",
            "both orders have something to do",
            &[("v2", 181_487, 18), ("v2.1", 82458, 8)],
            |seen| seen.found.power_order.len() > 3 && seen.found.mainline_order.len() > 3,
        ),
        Shape::new(
            "no-place-on-the-mainline",
            "events that rest on no power levels of the mainline come before all others",
            &[("v2", 80269, 8)],
            |seen| {
                let order = &seen.found.mainline_order;
                let infinite = order.iter().filter(|(_, at)| *at == Position::Infinite);
                let infinite = infinite.count();
                infinite > 0 && infinite < order.len()
            },
        )
        .ruling("SR-03"),
        Shape::new(
            "down-the-mainline",
            "events at three places of the mainline",
            &[("v2", 81738, 8), ("v2.1", 91313, 9)],
            |seen| {
                let order = seen.found.mainline_order.iter();
                order.map(|(_, at)| at).collect::<BTreeSet<_>>().len() > 2
            },
        ),
        Shape::new(
            "more-than-the-conflict",
            "the auth difference has more than the conflicted events",
            &[("v2", 110_265, 11), ("v2.1", 172_089, 17)],
            |seen| {
                let difference = &seen.found.auth_difference;
                difference.difference(&seen.found.conflicted).count() > 1
            },
        ),
        Shape::new(
            "power-event-refused",
            "a power event that is refused",
            &[("v2", 80407, 8), ("v2.1", 80083, 8)],
            |seen| seen.refused(false) > 0 && seen.refused(true) == 0,
        ),
        Shape::new(
            "others-refused",
            "events of the second pass that are refused",
            &[("v2", 80131, 8), ("v2.1", 100_278, 10)],
            |seen| seen.refused(false) == 0 && seen.refused(true) > 1,
        ),
        Shape::new(
            "key-without-event",
            "a conflicted key for which no event is left",
            &[("v2", 80848, 8), ("v2.1", 80065, 8)],
            |seen| {
                let left = &seen.found.state;
                seen.keys().iter().any(|(key, _)| !left.contains_key(key))
            },
        ),
        Shape::new(
            "drawn-in",
            "a join is among the power events, as one of them rests on it",
            &[("v2", 80124, 8), ("v2.1", 80046, 8)],
            |seen| {
                let order = seen.found.power_order.iter();
                let joins = |id: &&EventId| seen.room.contents[*id].contains("join\"}");
                order
                    .filter(|id| seen.is_of(id, "m.room.member"))
                    .filter(joins)
                    .count()
                    > 0
            },
        ),
        Shape::new(
            "five-states",
            "five states, each different",
            &[("v2", 201_084, 20), ("v2.1", 231_335, 23)],
            |seen| {
                let states: BTreeSet<_> = seen.room.states.iter().collect();
                states.len() == 5
            },
        ),
        Shape::new(
            "three-power-levels",
            "three power levels in conflict",
            &[("v2", 130_955, 13), ("v2.1", 81312, 8)],
            |seen| seen.conflicted("m.room.power_levels").len() > 2,
        ),
        Shape::new(
            "join-rules",
            "join rules in conflict, and a join that rests on some",
            &[("v2", 80139, 8), ("v2.1", 80318, 8)],
            |seen| {
                let rules = seen.conflicted("m.room.join_rules");
                let members = seen.conflicted("m.room.member");
                let rests = |id: &&EventId| rules.iter().any(|rule| seen.cites(id, rule));
                rules.len() > 1 && members.iter().any(rests)
            },
        ),
        Shape::new(
            "ban",
            "a ban, and what the banned user did meanwhile",
            &[("v2", 90544, 9), ("v2.1", 101_403, 10)],
            |seen| {
                let banned = |id: &EventId| {
                    let event = seen.event(id);
                    let bans = seen.room.contents[id].contains("\"ban\"}");
                    event.state_key.filter(|_| bans)
                };
                let first = seen.checks(false).iter().filter(|(_, admitted)| *admitted);
                let banned: Vec<&str> = first.filter_map(|(id, _)| banned(id)).collect();
                let mut second = seen.checks(true).iter();
                second.any(|(id, admitted)| {
                    let event = seen.event(id);
                    !admitted
                        && event.event_type != "m.room.member"
                        && banned.contains(&event.sender.as_str())
                })
            },
        ),
        Shape::new(
            "power-events-at-one-time",
            "power events of one sender at one time, ordered by their ids",
            &[("v2", 81732, 8), ("v2.1", 82069, 8)],
            |seen| {
                seen.found.power_order.windows(2).any(|pair| {
                    let (one, next) = (seen.event(&pair[0]), seen.event(&pair[1]));
                    let same =
                        one.sender == next.sender && one.origin_server_ts == next.origin_server_ts;
                    same && !seen.cites(&pair[1], &pair[0])
                })
            },
        )
        .ruling("SR-26"),
        Shape::new(
            "others-at-one-time",
            "events of one place on the mainline at one time, ordered by their ids",
            &[("v2", 80274, 8), ("v2.1", 80717, 8)],
            |seen| {
                seen.found.mainline_order.windows(2).any(|pair| {
                    let ((one, at), (next, next_at)) = (&pair[0], &pair[1]);
                    at == next_at
                        && seen.event(one).origin_server_ts == seen.event(next).origin_server_ts
                })
            },
        )
        .ruling("SR-26"),
        Shape::new(
            "no-state-of-them",
            "the result is none of the states",
            &[("v2", 80149, 8), ("v2.1", 80185, 8)],
            |seen| {
                let states = &seen.room.states;
                states.len() == 2 && !states.contains(&seen.found.state)
            },
        ),
        Shape::new(
            "states-in-their-own-chains",
            "whether state events are in the auth chain of their state decides",
            &[("v2", 111_752, 11), ("v2.1", 80355, 8)],
            |seen| seen.differs(|options| options.auth_difference = AuthDifference::Exclusive),
        )
        .ruling("SR-01")
        .also(Also::Exclusive),
        Shape::new(
            "through-a-stranger",
            "an event that a power event reaches only through one that is not in conflict",
            &[("v2", 81146, 8)],
            |seen| {
                let power = &seen.found.power_order;
                let reached = power.iter().flat_map(|id| seen.chain(id));
                let full = seen.full();
                reached
                    .into_iter()
                    .any(|id| full.contains(id) && !power.contains(id))
            },
        )
        .ruling("SR-17"),
        Shape::new(
            "algorithms-differ",
            "algorithm 2.1 would find another state",
            &[("v2", 80826, 8)],
            |seen| seen.differs(|options| options.algorithm = StateResolution::V2_1),
        )
        .ruling("SR-23")
        .also(Also::V21),
        Shape::new(
            "algorithms-differ",
            "algorithm 2 would find another state",
            &[("v2.1", 80885, 8)],
            |seen| seen.differs(|options| options.algorithm = StateResolution::V2),
        )
        .ruling("SR-23")
        .also(Also::V2),
        Shape::new(
            "subgraph",
            "the subgraph has events that are in no conflict and no auth difference",
            &[("v2.1", 80095, 8)],
            |seen| {
                let found = seen.found;
                let known = |id: &&EventId| {
                    found.conflicted.contains(*id) || found.auth_difference.contains(*id)
                };
                found.subgraph.iter().any(|id| !known(&id))
            },
        )
        .ruling("SR-20"),
        Shape::new(
            "replaced-at-the-end",
            "an admitted event gives way to the unconflicted one of its key",
            &[("v2.1", 101_554, 10)],
            |seen| {
                let checks = seen.found.checks.iter().filter(|(_, admitted)| *admitted);
                let conflicts = seen.keys();
                let mut keys = checks.map(|(id, _)| seen.key(id));
                keys.any(|key| {
                    let conflicted = conflicts.iter().any(|(other, _)| *other == key);
                    let kept = seen.found.state.get(&key);
                    let checks = &seen.found.checks;
                    !conflicted && kept.is_some_and(|kept| checks.iter().all(|(id, _)| id != kept))
                })
            },
        )
        .ruling("SR-21"),
    ]
}
