//! The steps of each resolution of a real room.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;

use crate::id::EventId;
use crate::json::{Array, Value};
use crate::lab::conformance::fields::{indices, parse, text};
use crate::lab::conformance::rooms::lines;
use crate::lab::conformance::{FileError, Report};
use crate::replay::Replay;
use crate::resolve::{FullConflicted, Options, resolve};
use crate::state::StateMap;
use crate::version::StateResolution;

/// Compares the conflicted set, the auth difference, the subgraph, the full conflicted set, and
/// both orders of each resolution.
pub(super) fn compare(replay: &Replay, ids: &[EventId], trace: &[u8]) -> Result<Report, FileError> {
    let mut report = Report::default();
    for line in lines(trace) {
        let answer = parse(line)?;
        let name = text(&answer, "event_id")?;
        let Some(node) = replay.dag().node(name) else {
            continue;
        };
        let states: Vec<StateMap> = replay
            .dag()
            .prev_events(node)
            .filter_map(|prev| replay.state_after(prev))
            .cloned()
            .collect();
        let options = Options::of(replay.rules());
        let Ok(resolution) = resolve(replay.dag(), &states, replay.rules(), &options) else {
            report.compare(name, "resolution", &"a state", &"missing events");
            continue;
        };
        let digest = replay
            .dag()
            .digest(&resolution.state)
            .map(|digest| digest.to_string());
        report.compare(
            name,
            "resolved",
            &Some(text(&answer, "resolved")?.to_owned()),
            &digest,
        );
        let found = &resolution.trace;
        let full = |has: fn(&FullConflicted) -> bool| {
            let members = found.full_conflicted.iter().filter(|member| has(member));
            members
                .filter_map(|member| id(replay, member.event))
                .collect::<BTreeSet<_>>()
        };
        let mut sets = vec![
            ("conflicted", full(|member| member.conflicted)),
            ("auth_difference", full(|member| member.auth_difference)),
            ("full_conflicted", full(|_| true)),
        ];
        if options.algorithm == StateResolution::V2_1 {
            sets.push(("conflicted_subgraph", full(|member| member.subgraph)));
        }
        for (field, set) in sets {
            let expected = indices(&answer, field)?;
            let expected: BTreeSet<&str> = expected
                .iter()
                .filter_map(|index| ids.get(*index))
                .map(EventId::as_str)
                .collect();
            report.compare(name, field, &expected, &set);
        }
        let power: Vec<_> = found
            .power_order
            .iter()
            .filter_map(|(e, _)| id(replay, *e))
            .collect();
        let mainline: Vec<_> = found
            .mainline_order
            .iter()
            .filter_map(|(e, _)| id(replay, *e))
            .collect();
        for (field, order) in [("power_order", power), ("mainline_order", mainline)] {
            let expected = indices(&answer, field)?;
            let expected: Vec<&str> = expected
                .iter()
                .filter_map(|index| ids.get(*index))
                .map(EventId::as_str)
                .collect();
            report.compare(name, field, &expected, &order);
        }
        let inputs = answer
            .get("inputs")
            .and_then(Value::as_array)
            .map_or(0, Array::len);
        report.cases = report.cases.saturating_add(usize::from(inputs > 0));
    }
    Ok(report)
}

fn id(replay: &Replay, node: NodeIndex) -> Option<&str> {
    replay.dag().id(node).map(EventId::as_str)
}
